"""The file of a journal: opened by one run at a time, never over something else, never through a link."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from fusar_core.errors import OutputForeign, OutputInUse
from fusar_core.files import write_error

MAGIC = b'{"fusar":"journal",'
"""How a journal begins."""
_OLDER = (b'{"format":1,"run":', b'{"format":2,"run":')
"""How journals began before they had a magic."""

_NO_LOCKS = frozenset({"ENOLCK", "EOPNOTSUPP", "ENOSYS", "EINVAL"})
_held: dict[str, int] = {}
"""Real path → descriptor of journals that this process holds for a whole run."""


@contextmanager
def holding(path: Path) -> Iterator[None]:
    """Keeps a journal to this process until the block ends, also while it is closed in between.

    An empty journal that was made for it goes with it. Raises what `open_journal` does.
    """
    key = os.path.realpath(path)
    descriptor = _opened(path)
    _held[key] = descriptor
    try:
        yield
    finally:
        del _held[key]
        with suppress(OSError):
            if os.fstat(descriptor).st_size == 0:
                path.unlink(missing_ok=True)
        os.close(descriptor)


def open_journal(path: Path) -> BinaryIO:
    """The file of a journal for reading and writing, at its start; made where there is none. Its lock ends with it.

    Raises OutputInUse when another run has it, OutputForeign when it is something else, OutputUnwritable.
    """
    mine = _held.get(os.path.realpath(path))
    if mine is not None and _is_at(mine, path):
        descriptor = os.dup(mine)  # shares the lock
        os.lseek(descriptor, 0, os.SEEK_SET)
    else:
        descriptor = _opened(path)
    return os.fdopen(descriptor, "r+b")


def _opened(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    flags |= getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)  # a pipe of that name must not hold us up
    while True:
        if path.is_symlink():
            raise OutputForeign(f"{path} is a link, and no journal of ours.", "Remove it, or choose another output.")
        try:
            descriptor = os.open(path, flags, 0o666)
        except OSError as cause:
            raise write_error(path, cause) from cause
        try:
            _lock(descriptor, path)
            if _is_at(descriptor, path):  # else the run that had it has just removed it
                _check_ours(descriptor, path)
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _lock(descriptor: int, path: Path) -> None:
    try:
        _lock_file(descriptor)
    except (BlockingIOError, PermissionError) as cause:
        raise OutputInUse(
            f"Another run is writing to {path.name.removesuffix('.partial')}.",
            "Wait for it, or choose another output.",
        ) from cause
    except OSError as cause:
        if errno.errorcode.get(cause.errno or 0) not in _NO_LOCKS:
            raise write_error(path, cause) from cause  # some file systems of the network have no locks: go on without


if os.name == "nt":

    def _lock_file(descriptor: int) -> None:
        import msvcrt

        os.lseek(descriptor, 2**40, os.SEEK_SET)  # beyond the content, which stays readable
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        os.lseek(descriptor, 0, os.SEEK_SET)

else:

    def _lock_file(descriptor: int) -> None:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_at(descriptor: int, path: Path) -> bool:
    with suppress(OSError):
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    return False


def _check_ours(descriptor: int, path: Path) -> None:
    """Raises OutputForeign for a file that is no journal, not even one that was cut off in its first words."""
    about = os.fstat(descriptor)
    known = stat.S_ISREG(about.st_mode)
    if known:
        start = os.read(descriptor, len(MAGIC))
        os.lseek(descriptor, 0, os.SEEK_SET)
        known = any(start.startswith(magic) or magic.startswith(start) for magic in (MAGIC, *_OLDER))
    if not known:
        raise OutputForeign(
            f"{path} is there already, and is no journal of ours.", "Move it away, or choose another output."
        )
