"""What several commands share: options of a scene, how an extent is written, and the progress bar."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from fusar_core.errors import BadExtent

band_option = click.option("--band", help="Band by number, name or polarisation, e.g. 1, VH or VV+VH.")
year_option = click.option("--year", type=int, help="Year of acquisition, where the file does not say.")
prior_option = click.option("--prior", help="AlphaEarth embeddings: mosaic, earth-engine:PROJECT, a raster, or none.")


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
    with click.progressbar(length=1, label=label, file=sys.stderr, show_pos=True) as bar:

        def on_progress(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield on_progress
