"""What several commands share: options of a scene, how an extent is written, and the progress bar."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from fusar_core.errors import BadExtent

band_option = click.option("--band", help="Band by number, name or polarisation, e.g. 1, VH or VV+VH.")
year_option = click.option("--year", type=int, help="Year of acquisition, where the file does not say.")
overwrite_option = click.option(
    "--overwrite", is_flag=True, help="Replace a result in which an analyst has worked, or a file that is no result."
)
prior_option = click.option("--prior", help="AlphaEarth embeddings: mosaic, earth-engine:PROJECT, a raster, or none.")


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """A text that does nothing to a terminal: control characters and what is no Unicode are spelled out."""
    whole = text.encode("utf-8", "backslashreplace").decode()
    return _CONTROL.sub(lambda found: f"\\u{ord(found.group()):04x}", whole)


def say(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Prints a text that may hold names of files, or words of a model."""
    click.echo(printable(text), err=err, nl=nl)


def parse_extent(text: str) -> tuple[tuple[float, float, float, float], str | None]:
    """`xmin,ymin,xmax,ymax` or `xmin,ymin,xmax,ymax,EPSG:n` → bounds and CRS. Raises BadExtent."""
    parts = [p.strip() for p in text.split(",")]
    crs = parts.pop() if len(parts) == 5 else None
    try:
        xmin, ymin, xmax, ymax = map(float, parts)
    except ValueError as cause:
        raise BadExtent(
            f"'{text}' is no extent.", "Write xmin,ymin,xmax,ymax as numbers, or with ,EPSG:n appended."
        ) from cause
    return (xmin, ymin, xmax, ymax), crs


def words(text: str) -> tuple[str, ...]:
    """A comma-separated list, each word once."""
    return tuple(dict.fromkeys(w.strip() for w in text.split(",") if w.strip()))


@contextmanager
def progress_bar(label: str) -> Iterator[Any]:
    """A function (done, total) that moves a bar on stderr when that is a terminal; None otherwise."""
    if not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=1, label=printable(label), file=sys.stderr, show_pos=True) as bar:

        def on_progress(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield on_progress
