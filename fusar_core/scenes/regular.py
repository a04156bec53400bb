"""Files that others made, read without trusting them: regular files only, and never more of them than wanted."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from fusar_core.errors import SceneUnreadable


def is_special(path: Path) -> bool:
    """Whether a path exists and is neither file nor folder: a pipe, a device, or a link to one."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def refuse_special(path: Path) -> None:
    """Raises SceneUnreadable when a path, or a file beside it that GDAL would read with it, is a pipe or a device."""
    for file in (path, *_companions(path)):
        if is_special(file):
            raise SceneUnreadable(f"'{file}' is no file but a pipe or a device.", "Give a file, or remove it.")


def _companions(path: Path) -> list[Path]:
    """Files beside a raster whose names begin with its own: world files, `.aux.xml`, `.ovr`, `.hdr`, `.prj`."""
    if os.path.isdir(path) or not path.stem:  # os.path says no where a Path raises, e.g. of too long a name
        return []
    try:
        with os.scandir(path.parent) as beside:
            return [Path(e.path) for e in beside if e.name.startswith(path.stem) and e.name != path.name]
    except (OSError, ValueError):
        return []


def read_bounded(path: Path, most: int) -> bytes | None:
    """The content of a regular file of at most `most` bytes; None for anything else. Never waits for a pipe."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError):
        return None
    with open(descriptor, "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode) or about.st_size > most:
            return None
        content = file.read(most + 1)
    return content if len(content) <= most else None


def head_of(path: Path, size: int = 4096) -> bytes:
    """The first bytes of a regular file; none of anything else."""
    if is_special(path) or os.path.isdir(path):
        return b""
    try:
        with open(path, "rb") as file:
            return file.read(size)
    except (OSError, ValueError):
        return b""
