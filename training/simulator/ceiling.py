"""How well a perfect reader of the image, who knows no prior, can do on average: the ceiling that a prior may pass.

Such a reader sees every body exactly and knows how often a dark surface is water, or a point at sea a ship, but not
which it is here. Per chip and class it gives the likeliest answer (Bayes).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from fusar_core.tasks.localization import cells_of
from training.data.triplets import Triplet


def ceilings(triplets: Iterable[Triplet], classes: Sequence[str] = ("plane", "ship")) -> dict[str, float]:
    """Best expected accuracy: `count` and `locate` over chips × classes, `classify` over targets."""
    sums: dict[str, list[float]] = defaultdict(list)
    for triplet in triplets:
        for label in classes:
            sums["count"].append(best_count(triplet, label))
            sums["locate"].append(best_cells(triplet, label))
        sums["classify"] += [best_class(triplet)] * len(triplet.targets)
    return {task: float(np.mean(values)) for task, values in sums.items() if values}


def best_count(triplet: Triplet, label: str) -> float:
    """Probability of the likeliest number of targets of a class, given the image."""
    if (alternatives := triplet.facts.get("hypotheses")) is not None:
        by_number: dict[int, float] = defaultdict(float)
        for one in alternatives:
            by_number[len(one.get(f"{label}s", ()))] += one["p"]
        return max(by_number.values())
    points = triplet.facts.get("independent", [])
    if label != "ship" or not points:
        return 1.0
    likely = np.ones(1)
    for point in points:
        likely = np.convolve(likely, [1 - point["p_ship"], point["p_ship"]])
    return float(likely.max())


def best_cells(triplet: Triplet, label: str) -> float:
    """Probability of the likeliest set of cells, given the image."""
    width, height = triplet.size
    if (alternatives := triplet.facts.get("hypotheses")) is not None:
        by_set: dict[frozenset[int], float] = defaultdict(float)
        for one in alternatives:
            by_set[_cells(one.get(f"{label}s", ()), width, height)] += one["p"]
        return max(by_set.values())
    points = triplet.facts.get("independent", [])
    if label != "ship" or not points:
        return 1.0
    empty: dict[int, float] = defaultdict(lambda: 1.0)  # cell → probability that none of its points is a ship
    for point in points:
        (cell,) = _cells([point["bbox"]], width, height)
        empty[cell] *= 1 - point["p_ship"]
    return math.prod(max(p, 1 - p) for p in empty.values())


def best_class(triplet: Triplet) -> float:
    """Probability of the likeliest class of a target, given the image and that it is a target."""
    alternatives = [one for one in triplet.facts.get("hypotheses") or () if one.get("ships") or one.get("planes")]
    total = sum(one["p"] for one in alternatives)
    return max(one["p"] for one in alternatives) / total if alternatives else 1.0


def _cells(boxes: Iterable[Any], width: float, height: float) -> frozenset[int]:
    return cells_of([((b[0] + b[2]) / 2, (b[1] + b[3]) / 2) for b in boxes], width, height)
