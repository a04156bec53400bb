"""Writing files so that a reader finds the old one or the new one, never a broken one."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fusar_core.errors import DiskFull, FusarError, OutputUnwritable

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
MOST_NAME = 230
"""Bytes of an output's name: file systems take 255, and `.partial`, layers and temporary folders add to it."""
_FULL_WORDS = ("disk is full", "no space left", "file too large", "disk quota", "not enough space")


def write_error(path: Path, cause: BaseException) -> OutputUnwritable:
    """The error to raise when writing `path` failed with `cause` (an OSError, or a library's own exception).

    Libraries do not always say that the disk was full, so where they leave it open the disk itself is asked.
    """
    words = str(cause).lower()
    told = (isinstance(cause, OSError) and cause.errno in _FULL) or any(w in words for w in _FULL_WORDS)
    if told or (not isinstance(cause, OSError) and _no_room_beside(path)):
        return DiskFull(
            f"The disk ran full while {path} was written.",
            "Free some space or choose another place; what lay there before is as it was.",
        )
    reason = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
    return OutputUnwritable(
        f"{path} cannot be written: {reason}.", "Check that the folder exists and that you may write there."
    )


def _no_room_beside(path: Path) -> bool:
    """Whether the place where `path` was to be has no room for another 256 KiB."""
    try:
        with tempfile.TemporaryFile(dir=path.parent) as probe:
            probe.write(bytes(2**18))
            probe.flush()
    except OSError as cause:
        return cause.errno in _FULL
    return False


def check_writable(path: Path) -> None:
    """Raises OutputUnwritable when `path` could not be written: asked before hours of work, not after them."""
    check_name(path)
    try:
        if path.is_dir():
            raise OutputUnwritable(f"{path} is a folder.", "Give the name of a file.")
        if path.exists() and not path.is_file():
            raise OutputUnwritable(f"{path} is no file that can be replaced.", "Give the name of a file.")
        with tempfile.TemporaryFile(dir=path.parent or Path()):
            pass
        if path.exists() and not os.access(path, os.W_OK):
            raise OutputUnwritable(f"{path} exists and is read-only.", "Choose another name or make it writable.")
    except OSError as cause:
        raise write_error(path, cause) from cause


def check_name(path: Path) -> None:
    """Raises OutputUnwritable for a name that cannot be text, or that leaves no room for those of the files that lie
    beside it while it is written."""
    try:
        size = len(path.name.encode("utf-8"))
    except UnicodeEncodeError:
        raise OutputUnwritable(
            f"The name {str(path)!r} is no text in UTF-8.", "Give the output a name of plain characters."
        ) from None
    if size > MOST_NAME:
        raise OutputUnwritable(
            f"The name {path.name[:40]}… has {size} bytes, which is too long.", f"Give one of at most {MOST_NAME}."
        )
    if "\0" in str(path):
        raise OutputUnwritable(f"The name {str(path)!r} has a zero byte in it.", "Give the name of a file.")
    if any(character < " " for character in str(path)):  # databases cannot be made there, which is said too late
        raise OutputUnwritable(
            f"The name {str(path)!r} has a line break or the like in it.", "Give it a name of plain characters."
        )


@contextmanager
def atomic_folder(beside: Path) -> Iterator[Path]:
    """A temporary folder on the same file system as `beside`, whose files can be moved into place by `os.replace`.

    Raises OutputUnwritable or DiskFull for any OSError inside; the folder is gone afterwards, whatever happened.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{beside.name}.", dir=beside.parent))
    except OSError as cause:
        raise write_error(beside, cause) from cause
    try:
        yield folder
    except FusarError:
        raise
    except OSError as cause:
        raise write_error(beside, cause) from cause
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary path of the same name to write to; it replaces `path` when the block ends without an error.

    Raises OutputUnwritable or DiskFull for any OSError inside, and then leaves `path` as it was.
    """
    with atomic_folder(path) as folder:
        temporary = folder / path.name
        yield temporary
        flush_to_disk(temporary)
        os.replace(temporary, path)


def flush_to_disk(path: Path) -> None:
    """Forces the file's content out of the system's cache, so that the rename cannot overtake it."""
    with open(path, "rb+") as file:
        os.fsync(file.fileno())
