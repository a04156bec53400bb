"""What anchors are replaced by to find out what a model makes of them: the controls of an evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fusar_core.domain.anchors import Anchors, Floats
from fusar_core.errors import BadOption
from fusar_core.prior.aef.source import EmbeddingSource
from training.data.loading import load_anchors
from training.data.shuffling import donors_of
from training.data.triplets import OTHER_YEAR, Triplet
from training.errors import BadTriplet

CONTROLS = ("as-is", "shuffled", "zero", "mean", "wrong-year", "none", "latlon-text")
"""The chip's own; those of a chip of another place; vectors of zeros; the mean vector of the set everywhere; those of
another year; none; none, but the place and year in words before the question."""

OF_ANCHORS = ("shuffled", "zero", "mean", "wrong-year")
"""Those that say nothing about an engine that takes no anchors."""
WRONG_YEAR = "wrong-year"
IN_WORDS = "latlon-text"
SEED = 20

AnchorsOf = Callable[[int], Anchors | None]


def controlled(
    control: str,
    triplets: Sequence[Triplet],
    root: Path,
    source: EmbeddingSource | None = None,
    year: int | None = None,
) -> AnchorsOf:
    """Number of a triplet → its anchors under a control, None for a chip without.

    source, year: where `wrong-year` looks the chip's nodes up again, instead of taking the anchors of another year that
    the facts name, and which year it wants: the one before the chip's own when None, or else the one after.

    Raises BadTriplet at once where a control needs what the triplets do not have; BadOption for a source that the
    control does not use, or a year without a source.
    """
    if source is not None and control != WRONG_YEAR:
        raise BadOption(f"A source of embeddings is not used by --prior {control}.", f"Use --prior {WRONG_YEAR}.")
    if year is not None and source is None:
        raise BadOption(
            f"The year {year} cannot be looked up without a source.",
            f"Give --source with --prior {WRONG_YEAR}, or leave out --other-year.",
        )
    if control == "none":
        return lambda index: None
    if control == IN_WORDS:
        for triplet in triplets:
            place_in_words(triplet)
        return lambda index: None
    if control == "shuffled":
        donors = donors_of(triplets, SEED)
        return lambda index: load_anchors(triplets[int(donors[index])], root)
    if control == WRONG_YEAR:
        for triplet in triplets:
            _require_other_year(triplet, source)
        return lambda index: _other_year(triplets[index], root, source, year)
    if control == "zero":
        return lambda index: _with_features(load_anchors(triplets[index], root), np.zeros_like)
    if control == "mean":
        mean = mean_vector(load_anchors(t, root) for t in triplets)
        return lambda index: _with_features(load_anchors(triplets[index], root), lambda f: np.tile(mean, (len(f), 1)))
    return lambda index: load_anchors(triplets[index], root)


def _with_features(anchors: Anchors | None, change: Callable[[Floats], Any]) -> Anchors | None:
    return None if anchors is None else replace(anchors, features=change(anchors.features).astype(np.float32))


def _require_other_year(triplet: Triplet, source: EmbeddingSource | None) -> None:
    if source is None and triplet.anchors and not triplet.facts.get(OTHER_YEAR):
        raise BadTriplet(
            f"Triplet {triplet.id} names no anchors of another year.",
            f'Give --source to look its nodes up again, or name a file as "{OTHER_YEAR}" in its facts.',
        )


def _other_year(triplet: Triplet, root: Path, source: EmbeddingSource | None, year: int | None) -> Anchors | None:
    if source is None:
        named = triplet.facts.get(OTHER_YEAR)
        return load_anchors(replace(triplet, anchors=str(named)), root) if named else None
    own = load_anchors(triplet, root)
    if own is None:
        return None
    known = own.year_used or triplet.year
    if known is None or not (np.isfinite(own.lon).all() and np.isfinite(own.lat).all()):
        raise BadTriplet(
            f"Triplet {triplet.id}: its anchors do not say of which year they are, or where their nodes lie.",
            f'Sample them anew with `fusar anchors`, or name a file as "{OTHER_YEAR}" in its facts.',
        )
    wanted = (year,) if year is not None else (known - 1, known + 1)
    others = [found for y in wanted if (found := source.year_used(y)) != known]
    if not others:
        raise BadTriplet(
            f"Triplet {triplet.id}: asked for another year, {source.name} gives that of {known} again.",
            "Give a source of more years, or another year.",
        )
    features, valid = source.sample(own.lon, own.lat, others[0])
    if not valid.any():
        return None
    where = own.positions[valid], own.lon[valid], own.lat[valid]
    return Anchors(features[valid], *where, float(valid.mean()), others[0], others[0], source.name, source.attribution)


def mean_vector(all_anchors: Iterable[Anchors | None]) -> Floats:
    """(64,) float32: the mean of all vectors, stretched to unit length. Raises BadTriplet when there are none."""
    total, count = np.zeros(64), 0
    for anchors in all_anchors:
        if anchors is not None:
            total, count = total + anchors.features.sum(0), count + len(anchors)
    if not count:
        raise BadTriplet("No triplet has anchors, so they have no mean.", "Use --prior none.")
    return np.asarray(total / np.linalg.norm(total), np.float32)


def place_in_words(triplet: Triplet) -> str:
    """Place and year in words. Raises BadTriplet when they are not known."""
    if triplet.footprint is None:
        raise BadTriplet(f"Triplet {triplet.id} has no footprint.", "Without one, use another control.")
    west, south, east, north = triplet.footprint
    middle = (west + (east - west) % 360 / 2 + 180) % 360 - 180  # east < west crosses the antimeridian
    year = f", year {triplet.year}" if triplet.year else ""
    return f"Latitude {(south + north) / 2:.3f}, longitude {middle:.3f}{year}. "
