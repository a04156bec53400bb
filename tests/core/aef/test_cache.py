"""The disk cache: bounded, checked, shared by processes, never in the way."""

from __future__ import annotations

import multiprocessing
import os
import time
from pathlib import Path

import pytest

from fusar_core.errors import BadOption
from fusar_core.prior.aef.cache import DiskCache, default_folder, default_limit_bytes


def entries(cache: DiskCache) -> list[Path]:
    return sorted(cache.folder.rglob("*.entry"))


def test_what_was_put_is_got_back_and_sources_do_not_mix(cache: DiskCache) -> None:
    cache.put("mosaic", "a", b"one")
    cache.put("raster", "a", b"")
    assert cache.get("mosaic", "a") == b"one"
    assert cache.get("raster", "a") == b""
    assert cache.get("mosaic", "b") is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1] + bytes([content[-1] ^ 1]),
        lambda content: content[: len(content) // 2],
        lambda content: b"",
        lambda content: b"something else entirely, and longer than the header",
    ],
)
def test_a_damaged_entry_is_dropped(cache: DiskCache, damage) -> None:
    cache.put("mosaic", "a", b"payload" * 100)
    path = entries(cache)[0]
    path.write_bytes(damage(path.read_bytes()))
    assert cache.get("mosaic", "a") is None
    assert not path.exists()


def test_the_entries_unused_for_longest_leave_when_the_limit_is_reached(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, 100_000)
    for i in range(8):
        cache.put("mosaic", str(i), bytes(10_000))
        past = time.time() - 1000 + i
        os.utime(max(entries(cache), key=lambda p: p.stat().st_mtime), (past, past))
    assert cache.get("mosaic", "0") is not None  # used again: now the youngest
    for i in range(8, 12):
        cache.put("mosaic", str(i), bytes(10_000))
    assert cache.use().total_bytes <= 100_000
    assert cache.get("mosaic", "0") is not None
    assert cache.get("mosaic", "11") is not None
    assert cache.get("mosaic", "1") is None


def test_an_entry_larger_than_the_whole_cache_is_not_kept(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, 1000)
    cache.put("mosaic", "a", bytes(2000))
    assert entries(cache) == []


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = DiskCache(tmp_path / "file", 1000)
    cache.put("mosaic", "a", b"x")
    assert cache.get("mosaic", "a") is None


MEGABYTE = bytes(range(256)) * 4096


def _fill(folder: Path) -> None:
    cache = DiskCache(folder, 10**8)
    for i in range(40):
        cache.put("mosaic", str(i % 2), MEGABYTE)
        # Both are there from the start: while the other process writes one anew, the old or the new one is seen.
        assert cache.get("mosaic", "0") == MEGABYTE
        assert cache.get("mosaic", "1") == MEGABYTE


def test_two_processes_fill_one_cache_and_never_see_half_an_entry(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, 10**8)
    for key in ("0", "1"):
        cache.put("mosaic", key, MEGABYTE)
    workers = [multiprocessing.get_context("spawn").Process(target=_fill, args=(tmp_path,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert len(entries(cache)) == 2
    assert not list(tmp_path.rglob("*.tmp"))


def test_clearing_removes_entries_and_nothing_else(cache: DiskCache) -> None:
    cache.put("mosaic", "a", bytes(1000))
    cache.put("raster", "b", bytes(500))
    (cache.folder / "notes.txt").write_text("mine")
    (cache.folder / "photos").mkdir()
    (cache.folder / "photos" / "a.jpg").write_text("mine")
    assert cache.use().entries == {"mosaic": 1, "raster": 1}
    assert cache.clear() == 1500 + 2 * 22
    assert cache.use().entries == {}
    assert (cache.folder / "notes.txt").exists()
    assert (cache.folder / "photos" / "a.jpg").exists()


def test_folder_and_limit_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FUSAR_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("FUSAR_CACHE_LIMIT_GB", "0.5")
    assert default_folder() == tmp_path
    assert default_limit_bytes() == 500_000_000
    monkeypatch.setenv("FUSAR_CACHE_LIMIT_GB", "plenty")
    with pytest.raises(BadOption, match="plenty"):
        default_limit_bytes()
