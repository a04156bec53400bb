"""What anchors are replaced by to find out what a model makes of them: the controls of an evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fusar_core.anchors import Anchors
from training.data.loading import load_anchors
from training.data.shuffling import donors_of
from training.data.triplets import Triplet
from training.errors import BadTriplet

CONTROLS = ("as-is", "shuffled", "zero", "mean", "wrong-year", "none", "latlon-text")
"""The chip's own; those of a chip of another place; vectors of zeros; the mean vector of the set everywhere; those of
another year; none; none, but the place and year in words before the question."""

IN_WORDS = "latlon-text"
SEED = 20

AnchorsOf = Callable[[int], Any]


def controlled(control: str, triplets: Sequence[Triplet], root: Path) -> AnchorsOf:
    """Number of a triplet → its anchors under a control, None for a chip without.

    Raises BadTriplet where a control needs what the triplets do not have.
    """
    if control in ("none", IN_WORDS):
        return lambda index: None
    if control == "shuffled":
        donors = donors_of(triplets, SEED)
        return lambda index: load_anchors(triplets[int(donors[index])], root)
    if control == "wrong-year":
        return lambda index: _other_year(triplets[index], root)
    if control == "zero":
        return lambda index: _with_features(load_anchors(triplets[index], root), lambda f: np.zeros_like(f))
    if control == "mean":
        mean = mean_vector(load_anchors(t, root) for t in triplets)
        return lambda index: _with_features(load_anchors(triplets[index], root), lambda f: np.tile(mean, (len(f), 1)))
    return lambda index: load_anchors(triplets[index], root)


def _with_features(anchors: Anchors | None, change: Callable[[Any], Any]) -> Anchors | None:
    return None if anchors is None else replace(anchors, features=change(anchors.features).astype(np.float32))


def _other_year(triplet: Triplet, root: Path) -> Anchors | None:
    other = triplet.facts.get("other_year_anchors")
    if not other:
        raise BadTriplet(
            f"Triplet {triplet.id} names no anchors of another year.",
            'Sample them with `fusar anchors --year`, and name the file as "other_year_anchors" in its facts.',
        )
    return load_anchors(replace(triplet, anchors=str(other)), root)


def mean_vector(all_anchors: Iterable[Anchors | None]) -> Any:
    """(64,) float32: the mean of all vectors, stretched to unit length. Raises BadTriplet when there are none."""
    total, count = np.zeros(64), 0
    for anchors in all_anchors:
        if anchors is not None:
            total, count = total + anchors.features.sum(0), count + len(anchors)
    if not count:
        raise BadTriplet("No triplet has anchors, so they have no mean.", "Use --prior none.")
    return (total / np.linalg.norm(total)).astype(np.float32)


def said_place(triplet: Triplet) -> str:
    """Place and year in words. Raises BadTriplet when they are not known."""
    if triplet.footprint is None:
        raise BadTriplet(f"Triplet {triplet.id} has no footprint.", "Without one, use another control.")
    west, south, east, north = triplet.footprint
    year = f", year {triplet.year}" if triplet.year else ""
    return f"Latitude {(south + north) / 2:.3f}, longitude {(west + east) / 2:.3f}{year}. "
