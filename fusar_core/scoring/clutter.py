"""Splits 8-bit chips into offshore-like and inshore-like ones: bright-target detectors live off the first."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

OFFSHORE = "offshore-like"
INSHORE = "inshore-like"

BRIGHT_LEVEL = 128
"""Grey value from which a pixel is bright: the upper half of the 8-bit range."""
MOST_BRIGHT = 0.04
"""An image with a smaller share of bright pixels outside its targets is offshore-like."""


def bright_fraction(image: npt.NDArray[np.uint8], boxes: Iterable[tuple[float, float, float, float]]) -> float:
    """Share of the pixels outside all target boxes whose grey value is at least `BRIGHT_LEVEL`.

    image: (H, W) uint8. boxes: (x1, y1, x2, y2) of the targets of every category; a pixel they touch is left out.
    0 when the boxes leave no pixel.
    """
    outside = np.ones(image.shape, bool)
    for x1, y1, x2, y2 in boxes:
        rows = slice(max(0, math.floor(y1)), max(0, math.ceil(y2)))
        outside[rows, max(0, math.floor(x1)) : max(0, math.ceil(x2))] = False
    pixels = int(outside.sum())
    return int((image[outside] >= BRIGHT_LEVEL).sum()) / pixels if pixels else 0.0


def clutter_group(fraction: float) -> str:
    """`offshore-like` below `MOST_BRIGHT`, else `inshore-like`.

    A property of the grey values, not of the map: a rough sea that was stretched to mid-grey counts as inshore-like,
    and a dark strip of coast as offshore-like.
    """
    return OFFSHORE if fraction < MOST_BRIGHT else INSHORE
