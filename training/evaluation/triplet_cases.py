"""Triplets as labelled chips of an evaluation: their plan, pixels, and anchors under a control."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fusar_core.domain.chips import Chip
from fusar_core.evaluation.cases import CaseRequest, whole_chip
from training.data.loading import load_image
from training.data.triplets import Triplet
from training.evaluation.controls import AnchorsOf
from training.evaluation.plan import Plan


@dataclass(frozen=True)
class TripletCases:
    """A `CaseSource` of triplets.

    root: the folder that their paths are relative to. plan: what is asked about each. anchors_of: number of a chip →
    its anchors. preamble: said before each question about a chip.
    """

    triplets: Sequence[Triplet]
    root: Path
    plan: Plan
    anchors_of: AnchorsOf = lambda index: None
    preamble: Callable[[Triplet], str] = lambda triplet: ""

    def __len__(self) -> int:
        return len(self.triplets)

    def requests(self, index: int) -> Sequence[CaseRequest]:
        """What the plan wants to know of a chip."""
        said = self.preamble(self.triplets[index])
        return [replace(one, preamble=said) for one in self.plan[index]]

    def chip(self, index: int) -> Chip:
        """Pixels and anchors of a triplet, its pixels as they are. Raises BadTriplet."""
        triplet = self.triplets[index]
        size = (triplet.gsd_m, triplet.gsd_m) if triplet.gsd_m else None
        return whole_chip(index, load_image(triplet, self.root), size, self.anchors_of(index))

    def facts(self, index: int) -> Mapping[str, Any]:
        """Nothing: rows of triplets are not grouped by clutter."""
        return {}
