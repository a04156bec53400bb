"""Which chip gets whose anchors when anchors are shuffled between places: a control of the prior."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from training.data.triplets import Triplet
from training.errors import BadTriplet

TRIES = 1000


def donors_of(triplets: Sequence[Triplet], seed: int) -> npt.NDArray[np.int64]:
    """For each triplet with anchors the number of another of another place (or id, where places are unknown), each used
    once. One without anchors is its own donor: who has a prior stays as it was, only whose it is changes.

    Raises BadTriplet with too few places.
    """
    rng = np.random.default_rng((seed, 7))
    having = np.flatnonzero([bool(t.anchors) for t in triplets])
    places = np.array([t.place or t.id for t in triplets if t.anchors], object)
    order = rng.permutation(len(places))
    donors = np.empty(len(places), np.int64)
    donors[order] = np.roll(order, 1)
    for _ in range(TRIES):
        wrong = np.flatnonzero(places[donors] == places)
        if not len(wrong):
            found = np.arange(len(triplets))
            found[having] = having[donors]
            return found
        for i in wrong:
            j = int(rng.integers(len(donors)))
            donors[i], donors[j] = donors[j], donors[i]
    raise BadTriplet(
        "Anchors cannot be shuffled between places: there are too few places.", "Use chips of more places."
    )
