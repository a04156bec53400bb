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
            "Free some space or choose another place; nothing was changed.",
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
    if path.is_dir():
        raise OutputUnwritable(f"{path} is a folder.", "Give the name of a file.")
    try:
        with tempfile.TemporaryFile(dir=path.parent or Path()):
            pass
    except OSError as cause:
        raise write_error(path, cause) from cause
    if path.exists() and not os.access(path, os.W_OK):
        raise OutputUnwritable(f"{path} exists and is read-only.", "Choose another name or make it writable.")


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
