"""From labels in the pixels of a scene or an image to the targets of one chip."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import shapely

from fusar_core.domain.tiling import ChipWindow, Window
from training.data.triplets import Target
from training.data.truth import clip


def targets_on(window: Window, targets: Sequence[Target], visible: float) -> dict[int, Target]:
    """The targets whose centre lies on a window and of whose box at least a share `visible` does, in its pixels.

    Returns them by their index, boxes cut to the window. Centres are half-open, so that chips side by side have no
    target twice; it is the centre of the whole box that counts, not of the part that is visible.
    """
    found = {}
    for index, target in enumerate(targets):
        x1, y1, x2, y2 = target.bbox
        if not window.contains((x1 + x2) / 2, (y1 + y2) / 2):
            continue
        shifted = (x1 - window.col, y1 - window.row, x2 - window.col, y2 - window.row)
        part = clip(shifted, (window.width, window.height))
        if part is not None and _area(part) >= visible * _area(shifted):
            found[index] = replace(target, bbox=part)
    return found


def covered(window: Window, areas: Sequence[shapely.Geometry]) -> float:
    """The share of a window that areas, in the same pixels, cover."""
    if not areas:
        return 0.0
    box = shapely.box(window.col, window.row, window.right, window.bottom)
    touching = [area for area in areas if shapely.intersects(area, box)]
    if not touching:
        return 0.0
    return float(shapely.area(shapely.intersection(shapely.union_all(np.array(touching)), box)) / shapely.area(box))


def keep_fact(where: ChipWindow) -> dict[str, Any]:
    """`keep`: the part [x1, y1, x2, y2] of a chip that no other chip of its tiling owns; nothing where it is all."""
    keep, window = where.keep, where.window
    if keep == window:
        return {}
    left, top = keep.col - window.col, keep.row - window.row
    return {"keep": [left, top, left + keep.width, top + keep.height]}


def scaled(targets: Iterable[Target], along: float, down: float) -> tuple[Target, ...]:
    """Targets after an image was resized by the factors `along` a row and `down` a column."""
    return tuple(
        replace(t, bbox=(t.bbox[0] * along, t.bbox[1] * down, t.bbox[2] * along, t.bbox[3] * down)) for t in targets
    )


def _area(box: tuple[float, float, float, float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
