"""Folders of many files that are whole or not there: written beside their place, then moved."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fusar_core.errors import FusarError
from fusar_core.files import flush_to_disk, write_error


@contextmanager
def whole_folder(place: Path) -> Iterator[Path]:
    """An empty folder that takes the place of `place` when the block ends without an error.

    Raises DiskFull or OutputUnwritable when the block fails, and then leaves `place` as it was.
    """
    partial = place.with_name(f".{place.name}.partial")
    with explained(place, partial):
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        yield partial
        move_whole(partial, place)


@contextmanager
def explained(place: Path, partial: Path) -> Iterator[None]:
    """Whatever fails in the block is an error of writing `place`; what lies in `partial` is removed after it."""
    try:
        yield
    except FusarError:
        raise
    except Exception as cause:  # libraries raise what they like when a disk is full
        error = write_error(place, cause)
        shutil.rmtree(partial, ignore_errors=True)
        raise error from cause


def move_whole(written: Path, place: Path) -> None:
    """Moves a folder to its place once its files are on the disk."""
    for path in written.rglob("*"):
        if path.is_file():
            flush_to_disk(path)
    if place.exists():
        shutil.rmtree(place)
    os.replace(written, place)
