"""`python -m training.data build …`: folders of triplets from scenes, COCO, VOC and DOTA."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from fusar_core.domain.schema import NODES_PER_SIDE
from fusar_core.domain.tiling import CHIP_SIZE
from fusar_core.errors import BadOption
from fusar_core.evaluation.coco import CocoDataset, LabelledImage
from fusar_core.tasks import TASKS
from training.data.builders.folder import BuildReport
from training.data.builders.options import CROP, RESIZE, BuildOptions, Naming

Command = TypeVar("Command", bound=Callable[..., Any])
PATH: Any = click.Path(path_type=Path)


def words(text: str | None) -> tuple[str, ...]:
    """The comma-separated words of an option."""
    return tuple(w.strip() for w in (text or "").split(",") if w.strip())


@contextmanager
def progress(label: str, length: int) -> Iterator[Callable[[], None]]:
    """A progress bar on stderr where that is a terminal; gives what is to be called after each of `length` steps."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    with click.progressbar(length=length, label=label, file=sys.stderr, show_pos=True) as bar:
        yield lambda: bar.update(1)


_COMMON = [
    click.option("--out", required=True, type=PATH, help="Folder to make."),
    click.option("--classes", required=True, help="Classes that are labelled throughout, comma-separated."),
    click.option("--rename", help="Names of the source that are classes: a220=plane,cargo=ship."),
    click.option("--label", default="", help="Class of every name that --rename does not know."),
    click.option("--ignore", help="Names that mark ground whose targets nobody knows."),
    click.option("--ignored", default=0.0, help="Share of a chip that may be ignored ground.", show_default=True),
    click.option("--chip-size", default=CHIP_SIZE, help="Side of a chip in pixels.", show_default=True),
    click.option("--overlap", default=0, help="Of neighbouring chips, in pixels.", show_default=True),
    click.option("--visible", default=0.5, help="Share of a target that must be on its chip.", show_default=True),
    click.option("--empty", default=1.0, help="Share of chips without targets to keep.", show_default=True),
    click.option("--tasks", default=",".join(TASKS), help="Tasks to converse about.", show_default=True),
    click.option("--most", type=int, help="Conversations a chip at the most; all when left out."),
    click.option(
        "--negatives", default=1.0, help="Share of questions about absent classes to keep.", show_default=True
    ),
    click.option("--box-step", default=1, help="Pixels to which said boxes are rounded.", show_default=True),
    click.option("--fine", help="Fine classes offered when a target's class is asked."),
    click.option("--varied", is_flag=True, help="Descriptions in several phrasings."),
    click.option("--seed", default=42, show_default=True),
    click.option("--source", default="", help="Name of the source, noted in every triplet."),
    click.option("--json", "as_json", is_flag=True, help="The report as JSON on stdout."),
]
_IMAGES = [
    click.option("--images", required=True, type=PATH, help="Folder of the images (8-bit)."),
    click.option("--fit", type=click.Choice([CROP, RESIZE]), default=CROP, show_default=True,
                 help="Cut images into chips, or resize each to one."),
    click.option("--gsd", type=float, help="Metres of a pixel, where known."),
    click.option("--year", type=int, help="Of acquisition."),
    click.option("--place", help="Regular expression; its group in an image's name is its place."),
]  # fmt: skip


def with_options(options: Sequence[Callable[[Any], Any]]) -> Callable[[Command], Command]:
    """Decorates a command with click options, in the order given, which is that of the help."""

    def decorate(function: Command) -> Command:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


@click.group()
def build() -> None:
    """Make a folder of triplets: images/, anchors/ and triplets.jsonl."""


@build.command()
@click.argument("scenes", nargs=-1, required=True, type=PATH)
@click.option("--labels", required=True, type=PATH, help="Vector file: GeoPackage, shapefile, GeoJSON …")
@click.option("--layer", help="Of the vector file, where it has several.")
@click.option("--class-field", help="Field that names what each feature is.")
@click.option("--name", default="", help="What all features are, where no field says.")
@click.option("--size-field", help="Field with the metres across of points.")
@click.option("--size-m", type=float, help="Metres across of points.")
@click.option("--band", help="Of the scenes, as for fusar interpret.")
@click.option("--year", type=int, help="Of acquisition, where the scenes do not say.")
@click.option("--prior", help="Where anchors come from: mosaic, earth-engine:PROJECT, a raster, a folder.")
@click.option("--nodes", default=NODES_PER_SIDE, help="Anchors along a side.", show_default=True)
@with_options(_COMMON)
def scenes(scenes: tuple[Path, ...], out: Path, labels: Path, as_json: bool, **options: Any) -> None:
    """From SAR scenes and vector labels."""
    from training.data.builders.scenes import SceneOptions, build_from_scenes
    from training.data.builders.vector_labels import read_labels

    found = read_labels(
        labels,
        options["class_field"],
        layer=options["layer"],
        name=options["name"],
        size_field=options["size_field"],
        size_m=options["size_m"],
    )
    reading = SceneOptions(options["band"], options["year"], options["prior"], options["nodes"])
    with progress("scenes", len(scenes)) as step:
        report = build_from_scenes(scenes, found, out, _options(options), reading, lambda _: step())
    _tell(report, as_json)


@build.command()
@click.option("--dataset", required=True, type=PATH, help="COCO detection file (JSON).")
@with_options([*_IMAGES, *_COMMON])
def coco(dataset: Path, images: Path, **options: Any) -> None:
    """From a COCO data set."""
    _from_images(CocoDataset.open(dataset, images).images, options)


@build.command()
@click.option("--annotations", required=True, type=PATH, help="Folder of XML files.")
@click.option("--one-based", is_flag=True, help="Pixels count from 1, as in Pascal VOC itself.")
@with_options([*_IMAGES, *_COMMON])
def voc(annotations: Path, images: Path, one_based: bool, **options: Any) -> None:
    """From Pascal VOC annotations."""
    from training.data.builders.voc import read_voc

    _from_images(read_voc(annotations, images, one_based), options)


@build.command()
@click.option("--labels", required=True, type=PATH, help="Folder of text files.")
@with_options([*_IMAGES, *_COMMON])
def dota(labels: Path, images: Path, **options: Any) -> None:
    """From DOTA labels; oriented rectangles become the boxes around them."""
    from training.data.builders.dota import read_dota

    _from_images(read_dota(labels, images), options)


def _from_images(images: Sequence[LabelledImage], options: dict[str, Any]) -> None:
    from training.data.builders.images import build_from_images

    told = {"gsd_m": options["gsd"], "year": options["year"], "place": options["place"]}
    with progress("images", len(images)) as step:
        report = build_from_images(images, options["out"], _options(options), **told, on_progress=lambda _: step())
    _tell(report, options["as_json"])


def _options(given: dict[str, Any]) -> BuildOptions:
    pairs = [pair.partition("=") for pair in words(given["rename"])]
    if broken := [old for old, equals, new in pairs if not (old and equals and new)]:
        raise BadOption(f"--rename '{broken[0]}' names no class.", "Write old=new,other=new.")
    naming = Naming(
        words(given["classes"]),
        {old.strip(): new.strip() for old, _, new in pairs},
        given["label"],
        frozenset(words(given["ignore"])),
    )
    plain = ("chip_size", "overlap", "visible", "empty", "ignored", "most", "negatives", "box_step", "varied", "seed")
    return BuildOptions(
        naming,
        fit=given.get("fit", CROP),
        tasks=words(given["tasks"]),
        fine=words(given["fine"]),
        source=given["source"],
        **{name: given[name] for name in plain},
    )


def _tell(report: BuildReport, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(report.as_dict(), indent=2))
        return
    targets = ", ".join(f"{n} {label}" for label, n in sorted(report.targets.items())) or "no targets"
    click.echo(f"{report.path}: {report.triplets} triplets, {targets}")
    for reason, chips in report.left_out.items():
        click.echo(f"left out: {chips} chips, {reason}")
    if report.unused:
        click.echo(f"{report.unused} labels stand on no chip")
    for warning in report.warnings:
        click.echo(f"warning: {warning}", err=True)
