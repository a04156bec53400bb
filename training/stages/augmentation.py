"""The eight ways to turn and mirror a chip, with its truth and its anchors."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from training.data.triplets import Box, Triplet

TURNS = range(8)
"""Bits: 1 mirrors left and right, 2 top and bottom, 4 swaps rows and columns (last)."""


def turned_image(image: npt.NDArray[Any], turn: int) -> npt.NDArray[Any]:
    """(H, W) → the same pixels turned; (W, H) where rows and columns are swapped."""
    image = image[:, ::-1] if turn & 1 else image
    image = image[::-1] if turn & 2 else image
    return np.ascontiguousarray(image.T if turn & 4 else image)


def turned_positions(positions: npt.NDArray[np.float32], turn: int) -> npt.NDArray[np.float32]:
    """(S, 2) as (y, x) in [0, 1]."""
    y, x = positions[:, 0], positions[:, 1]
    x = 1 - x if turn & 1 else x
    y = 1 - y if turn & 2 else y
    return np.stack([x, y] if turn & 4 else [y, x], axis=1)


def turned_box(box: Box, size: tuple[int, int], turn: int) -> Box:
    """(x1, y1, x2, y2) in pixels of a chip of (width, height)."""
    (x1, y1, x2, y2), (width, height) = box, size
    x1, x2 = (width - x2, width - x1) if turn & 1 else (x1, x2)
    y1, y2 = (height - y2, height - y1) if turn & 2 else (y1, y2)
    return (y1, x1, y2, x2) if turn & 4 else (x1, y1, x2, y2)


def turned_truth(triplet: Triplet, turn: int) -> Triplet:
    """Targets and land cover by cell turned; what else the triplet says (conversations, places) no longer holds."""
    width, height = triplet.size
    targets = tuple(replace(t, bbox=turned_box(t.bbox, triplet.size, turn)) for t in triplet.targets)
    facts = dict(triplet.facts)
    if cells := facts.get("cover_by_cell"):
        facts["cover_by_cell"] = turned_image(np.array(cells, object).reshape(3, 3), turn).ravel().tolist()
    size = (height, width) if turn & 4 else (width, height)
    return replace(triplet, targets=targets, facts=facts, size=size, conversations=())
