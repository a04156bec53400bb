"""Pixels and anchors of a triplet. Whatever is wrong is a BadTriplet that names the triplet and the file."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from fusar_core.domain.anchors import Anchors
from fusar_core.domain.tiling import ChipWindow, Window
from fusar_core.errors import FusarError
from fusar_core.evaluation.coco import GREY_MODES
from fusar_core.prior.files import read_anchors
from fusar_core.scenes.scene import SarScene
from training.data.triplets import Triplet
from training.errors import BadTriplet


def load_image(triplet: Triplet, root: Path) -> npt.NDArray[np.uint8]:
    """(H, W) uint8 of a chip: its image, or its window of a scene with the scene's stretch.

    root: the folder that the paths of the triplet are relative to. Raises BadTriplet.
    """
    if triplet.image is not None:
        pixels = _picture(triplet.id, root / triplet.image)
    elif triplet.scene is not None and triplet.window is not None:
        pixels = _window(triplet, root)
    else:
        raise BadTriplet(f"Triplet {triplet.id} has no image, and no scene with a window.", "Give it one of the two.")
    height, width = pixels.shape
    if (width, height) != tuple(triplet.size):
        raise BadTriplet(
            f"Triplet {triplet.id}: {triplet.image or triplet.scene} gives {width} × {height} pixels where the triplet "
            f"says {triplet.size[0]} × {triplet.size[1]}.",
            "Boxes are in pixels of the chip as stored: build the triplets again.",
        )
    return pixels


def check_window(triplet: Triplet, root: Path) -> None:
    """Whether the window of a triplet shares pixels with its scene, which is opened; nothing where it has an image.

    A window may stick out over the scene's edge: chips there are padded. Raises BadTriplet, also for a scene that is
    not there or cannot be read.
    """
    if triplet.scene is None or triplet.window is None:
        return
    extent = _scene(triplet, root / triplet.scene).extent
    if Window(*triplet.window).intersection(extent) is None:
        raise BadTriplet(
            f"Triplet {triplet.id}: the window {list(triplet.window)} lies outside {triplet.scene}, which has "
            f"{extent.height} rows of {extent.width} pixels.",
            "A window is [row, column, height, width] in pixels of the scene: mend it.",
        )


def load_anchors(triplet: Triplet, root: Path) -> Anchors | None:
    """The anchors of a chip; None where it has none, or its file holds none that are valid. Raises BadTriplet."""
    if triplet.anchors is None:
        return None
    path = root / triplet.anchors
    if not path.is_file():
        raise BadTriplet(f"Triplet {triplet.id}: the anchors {path} do not exist.", "Build the triplets again.")
    try:
        anchors = read_anchors(path)
    except FusarError as cause:
        raise BadTriplet(f"Triplet {triplet.id}: {cause.message}", cause.hint) from cause
    return anchors if len(anchors) else None


def _picture(name: str, path: Path) -> npt.NDArray[np.uint8]:
    try:
        with Image.open(path) as picture:
            if picture.mode not in GREY_MODES:
                raise BadTriplet(
                    f"Triplet {name}: {path} has pixels of mode {picture.mode}.", "Images must be 8-bit grey or RGB."
                )
            return np.asarray(picture if picture.mode == "L" else picture.convert("L"))
    except FileNotFoundError as cause:
        raise BadTriplet(f"Triplet {name}: the image {path} does not exist.", "Build the triplets again.") from cause
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as cause:
        raise BadTriplet(f"Triplet {name}: {path} cannot be read: {cause}.", "Build the triplets again.") from cause


def _window(triplet: Triplet, root: Path) -> npt.NDArray[np.uint8]:
    assert triplet.scene is not None
    assert triplet.window is not None
    check_window(triplet, root)
    where = Window(*triplet.window)
    try:
        return _scene(triplet, root / triplet.scene).chip(ChipWindow(0, where, where)).image
    except FusarError as cause:
        raise BadTriplet(f"Triplet {triplet.id}: {cause.message}", cause.hint) from cause


def _scene(triplet: Triplet, path: Path) -> SarScene:
    try:
        return _open(path, os.getpid())
    except FusarError as cause:
        raise BadTriplet(f"Triplet {triplet.id}: {cause.message}", cause.hint) from cause


@lru_cache(maxsize=8)
def _open(path: Path, process: int) -> SarScene:
    """An open scene. process: GDAL's handles must not cross a fork, so every loader process opens its own."""
    return SarScene.open(path)
