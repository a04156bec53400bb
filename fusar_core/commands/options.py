"""What several commands share: options of a scene and of a run, and the progress bar."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from fusar_core.tasks import usual_tasks

F = TypeVar("F", bound=Callable[..., Any])

scene_argument = click.argument("scene")  # as it is: a name of GDAL's own is no path
band_option = click.option("--band", help="Band by number, name or polarisation, e.g. 1, VH or VV+VH.")
year_option = click.option("--year", type=int, help="Year of acquisition, where the file does not say.")
prior_option = click.option("--prior", help="AlphaEarth embeddings: mosaic, earth-engine:PROJECT, a raster, or none.")


extent_option = click.option(
    "--extent", help="Only here: xmin,ymin,xmax,ymax in map units of the scene, or with ,EPSG:n appended."
)


def run_options(command: F) -> F:
    """Adds the options that say how scenes are interpreted; `Run.from_parameters` takes them by these names."""
    options = [
        click.option(
            "--tasks", default=",".join(usual_tasks()), show_default=True, help="Comma-separated; also: describe."
        ),
        click.option("--classes", default="ship", show_default=True, help="Classes of targets, comma-separated."),
        band_option,
        year_option,
        click.option(
            "--chip-overlap", type=int, help="Overlap of neighbouring chips in pixels; default: the engine's."
        ),
        click.option(
            "--water-mask", type=click.Path(path_type=Path), help="Vector or raster: targets only where water is."
        ),
        prior_option,
    ]
    for option in reversed(options):
        command = option(command)
    return command


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
