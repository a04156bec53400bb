"""A reader finds the old file or the new one, never a broken one."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from fusar_core.errors import DiskFull, OutputUnwritable
from fusar_core.files import atomic_path, check_writable, write_error


def test_the_new_content_replaces_the_old(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with atomic_path(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("failure", [ValueError("mine"), KeyboardInterrupt()])
def test_any_failure_leaves_the_old_content_and_no_litter(tmp_path: Path, failure: BaseException) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(type(failure)), atomic_path(path) as temporary:
        temporary.write_text("half")
        raise failure
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_has_its_own_code(tmp_path: Path) -> None:
    with pytest.raises(DiskFull) as caught, atomic_path(tmp_path / "a") as temporary:
        temporary.write_text("x")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.code == "DISK_FULL"
    assert isinstance(write_error(tmp_path, RuntimeError("sqlite: database or disk is full")), DiskFull)
    assert not isinstance(write_error(tmp_path, PermissionError(errno.EACCES, "Permission denied")), DiskFull)


def test_what_cannot_be_written_is_known_beforehand(tmp_path: Path) -> None:
    check_writable(tmp_path / "fine.gpkg")
    for path in (tmp_path / "missing" / "a.gpkg", tmp_path, tmp_path / "fine.txt" / "a.gpkg"):
        (tmp_path / "fine.txt").write_text("a file, not a folder")
        with pytest.raises(OutputUnwritable):
            check_writable(path)
