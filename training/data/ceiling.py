"""How well a perfect reader of the image who knows no prior can do: the ceiling that a prior may pass.

Such a reader sees every body exactly, and knows how often a dark surface is water and a point at sea a ship, but not
which it is here. For each chip and class it gives the likeliest answer (Bayes). It is also told which chips are
ambiguous, so no reader of images alone does better.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from training.data.triplets import Triplet
from training.data.truth import Size, cells

Boxes = Sequence[Sequence[float]]


def best_count(triplet: Triplet, label: str) -> float:
    """Probability of the likeliest number of targets of a class, given the image."""
    if possible := triplet.facts.get("hypotheses"):
        by_number: dict[int, float] = defaultdict(float)
        for one in possible:
            by_number[len(one.get(f"{label}s", ()))] += one["p"]
        return max(by_number.values())
    number = np.ones(1)
    for point in _points(triplet, label):
        number = np.convolve(number, [1 - point["p_ship"], point["p_ship"]])
    return float(number.max())


def best_cells(triplet: Triplet, label: str) -> float:
    """Probability of the likeliest set of cells, given the image."""
    if possible := triplet.facts.get("hypotheses"):
        by_set: dict[frozenset[int], float] = defaultdict(float)
        for one in possible:
            by_set[_cells(one.get(f"{label}s", ()), triplet.size)] += one["p"]
        return max(by_set.values())
    empty: dict[int, float] = defaultdict(lambda: 1.0)  # cell → probability that none of its points is a ship
    for point in _points(triplet, label):
        (cell,) = _cells([point["bbox"]], triplet.size)
        empty[cell] *= 1 - point["p_ship"]
    return math.prod(max(p, 1 - p) for p in empty.values())


def best_class(triplet: Triplet, box: Sequence[float]) -> float:
    """Probability of the likeliest class of a target, given the image and that it is a target."""
    p = {
        name: sum(one["p"] for one in triplet.facts.get("hypotheses", ()) if _holds(one.get(name, ()), box))
        for name in ("ships", "planes")
    }
    return max(p.values()) / sum(p.values()) if sum(p.values()) else 1.0


def _points(triplet: Triplet, label: str) -> Sequence[dict[str, Any]]:
    points: Sequence[dict[str, Any]] = triplet.facts.get("independent", ())
    return points if label == "ship" else ()


def _holds(boxes: Boxes, box: Sequence[float]) -> bool:
    return any(all(abs(a - b) < 0.11 for a, b in zip(one, box, strict=True)) for one in boxes)


def _cells(boxes: Boxes, size: Size) -> frozenset[int]:
    return cells([(b[0], b[1], b[2], b[3]) for b in boxes], size)
