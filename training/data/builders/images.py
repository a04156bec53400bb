"""Triplets from labelled images without georeference (COCO, VOC, DOTA): cut into chips, or resized to one chip each."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import shapely
from PIL import Image

from fusar_core.domain.tiling import ChipWindow, Window, tile
from fusar_core.errors import BadOption
from fusar_core.evaluation.coco import LabelledImage
from training.data.builders.cutting import covered, keep_fact, scaled, targets_on
from training.data.builders.folder import BuildReport, Folder, unique
from training.data.builders.options import RESIZE, BuildOptions
from training.data.triplets import Triplet
from training.errors import BadLabels

Pixels = npt.NDArray[np.uint8]


def build_from_images(
    images: Sequence[LabelledImage],
    out: Path,
    options: BuildOptions,
    *,
    gsd_m: float | None = None,
    year: int | None = None,
    place: str | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> BuildReport:
    """Makes triplets of labelled images and writes them to the folder `out`.

    gsd_m, year: of all images, where known. place: regular expression whose first group, found in an image's name, is
    its place; the name itself where nothing is found, or without one. Chips of one image always share a place.

    on_progress(done) is called after each image.

    Raises BadOption, BadLabels when no label is of a wanted class, and what reading and writing raise.
    """
    where = _pattern(place)
    folder = Folder(out, options, (image.path for image in images))
    known = {name for image in images for name in image.boxes}
    wanted = {name for name in known if options.naming.target(name, (0, 0, 1, 1))}
    if known and not wanted:
        raise BadLabels(
            f"None of the names {', '.join(sorted(known))} is a {', '.join(options.naming.classes)}.",
            "Name classes by --rename or --label.",
        )

    def triplets() -> Iterator[Triplet]:
        for done, (image, name) in enumerate(zip(images, unique(Path(i.name).stem for i in images), strict=True), 1):
            match = where.search(image.name) if where else None
            ground = match[1] if match else name
            shrunk = math.sqrt(image.width * image.height) / options.chip_size if options.fit == RESIZE else 1.0
            gsd = round(gsd_m * shrunk, 4) if gsd_m else None
            for triplet, pixels in _chips(image, name, folder):
                triplet = replace(triplet, place=ground, gsd_m=gsd, year=year)
                if whole := folder.add(triplet, pixels):
                    yield whole
            if on_progress:
                on_progress(done)

    return folder.close(triplets())


def _chips(image: LabelledImage, name: str, folder: Folder) -> Iterator[tuple[Triplet, Pixels]]:
    """Each chip of an image with its targets, and its pixels."""
    options, naming = folder.options, folder.options.naming
    boxes = [(label, box) for label, found in image.boxes.items() for box in found]
    targets = [t for label, box in boxes if label not in naming.ignore and (t := naming.target(label, box))]
    ignored = [_area(box) for label, box in boxes if label in naming.ignore]
    pixels = image.pixels()
    side = options.chip_size
    whole = Window(0, 0, image.height, image.width)
    tiles = [ChipWindow(0, whole, whole)] if options.fit == RESIZE else tile(whole, side, options.overlap)
    used: set[int] = set()
    for where in tiles:
        window = where.window
        if covered(window, ignored) > options.ignored:
            folder.report.left_out["ignored ground"] += 1
            continue
        on_chip = targets_on(window, targets, options.visible)
        used |= on_chip.keys()
        if options.fit == RESIZE:
            shown = np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC))
        else:
            part = pixels[window.row : window.bottom, window.col : window.right]
            shown = np.zeros((side, side), np.uint8)
            shown[: part.shape[0], : part.shape[1]] = part
        at = f"_r{window.row}_c{window.col}" if len(tiles) > 1 else ""
        factors = (side / image.width, side / image.height) if options.fit == RESIZE else (1.0, 1.0)
        there = scaled(on_chip.values(), *factors)
        yield Triplet(name + at, (side, side), (), targets=there, facts=keep_fact(where)), shown
    folder.report.unused += len(targets) - len(used)


def _area(box: tuple[float, float, float, float]) -> shapely.Geometry:
    return shapely.box(*box)


def _pattern(place: str | None) -> re.Pattern[str] | None:
    if place is None:
        return None
    try:
        pattern = re.compile(place)
    except re.error as cause:
        raise BadOption(f"'{place}' is no regular expression: {cause}.", "E.g. '^([^_]+)_'.") from cause
    if pattern.groups < 1:
        raise BadOption(f"'{place}' has no group.", "Put the place in parentheses, e.g. '^([^_]+)_'.")
    return pattern
