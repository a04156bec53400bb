"""What is true of a chip, as its tasks ask for it: the boxes of a class, their cells, and boxes as answers say them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from fusar_core.domain.cells import cells_of
from training.data.triplets import Box, Target

Size = tuple[int, int]


def clip(box: Box, size: Size) -> Box | None:
    """The part of a box that lies on a chip of (width, height) pixels; None when it has no area there."""
    (x1, y1, x2, y2), (width, height) = box, size
    x1, x2 = min(max(x1, 0.0), width), min(max(x2, 0.0), width)
    y1, y2 = min(max(y1, 0.0), height), min(max(y2, 0.0), height)
    return (x1, y1, x2, y2) if x2 > x1 and y2 > y1 else None


def boxes_of(targets: Iterable[Target], label: str, size: Size) -> list[Box]:
    """The boxes of a class, cut to the chip as the scorers cut them; those without area there are left out."""
    return [box for t in targets if t.label == label and (box := clip(t.bbox, size)) is not None]


def cells(boxes: Sequence[Box], size: Size) -> frozenset[int]:
    """The cells 1–9 that hold the centres of boxes; half-open, row-major."""
    return cells_of([((x1 + x2) / 2, (y1 + y2) / 2) for x1, y1, x2, y2 in boxes], *size)


LINE = 28
"""Pixels. Height of a visual token: targets are said in the order in which the model sees the tokens that hold them, so
that which one comes next follows from how many were seen before."""


def written(boxes: Iterable[Box], size: Size, step: int = 1) -> list[Box]:
    """Boxes as an answer says them: on a grid of `step` pixels, in reading order, each once.

    A coordinate goes to the nearest line of the grid; a side that would vanish goes outwards instead, so that every box
    keeps an area. Lines end at the chip's edges. Reading order is by the row of LINE pixels that holds the centre, from
    left to right in a row.
    """
    width, height = size
    found = set()
    for x1, y1, x2, y2 in boxes:
        (left, right), (top, bottom) = _side(x1, x2, width, step), _side(y1, y2, height, step)
        found.add((left, top, right, bottom))
    return sorted(found, key=lambda b: ((b[1] + b[3]) // (2 * LINE), b[0] + b[2], b))


def _side(low: float, high: float, length: int, step: int) -> tuple[float, float]:
    first, last = (min(step * math.floor(v / step + 0.5), length) for v in (low, high))
    if first >= last:
        first, last = step * math.floor(low / step), min(step * math.ceil(high / step), length)
    return float(first), float(last)
