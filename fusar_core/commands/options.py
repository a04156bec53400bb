"""What several commands share: options of a scene and of a run, and the progress bar."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from fusar_core.tasks import scene_tasks, usual_tasks

F = TypeVar("F", bound=Callable[..., Any])

scene_argument = click.argument("scene")  # as it is: a name of GDAL's own is no path
band_option = click.option("--band", help="Band by number, name or polarisation, e.g. 1, VH or VV+VH.")
year_option = click.option("--year", type=int, help="Year of acquisition, where the file does not say.")
crs_option = click.option(
    "--crs", help="CRS of the scene's coordinates, e.g. EPSG:32631, where the file does not say or is wrong."
)
overwrite_option = click.option(
    "--overwrite", is_flag=True, help="Replace a result in which an analyst has worked, or a file that is no result."
)
prior_option = click.option("--prior", help="AlphaEarth embeddings: mosaic, earth-engine:PROJECT, a raster, or none.")


extent_option = click.option(
    "--extent", help="Only here: xmin,ymin,xmax,ymax in map units of the scene, or with ,EPSG:n appended."
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """A text that does nothing to a terminal: control characters and what is no Unicode are spelled out."""
    whole = text.encode("utf-8", "backslashreplace").decode()
    return _CONTROL.sub(lambda found: f"\\u{ord(found.group()):04x}", whole)


def say(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Prints a text that may hold names of files, or words of a model."""
    click.echo(printable(text), err=err, nl=nl)


def _tasks_help() -> str:
    others = [name for name in scene_tasks() if name not in usual_tasks()]
    return f"Comma-separated; also: {', '.join(others)}."


def run_options(command: F) -> F:
    """Adds the options that say how scenes are interpreted; `Run.from_parameters` takes them by these names."""
    options = [
        click.option("--tasks", default=",".join(usual_tasks()), show_default=True, help=_tasks_help()),
        click.option("--classes", default="ship", show_default=True, help="Classes of targets, comma-separated."),
        band_option,
        year_option,
        crs_option,
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
    with click.progressbar(length=1, label=printable(label), file=sys.stderr, show_pos=True) as bar:

        def on_progress(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield on_progress
