"""Spatial localization: the set of cells 1–9 of a 3 × 3 grid that hold targets (cells: `tasks.localization`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fusar_core.domain.cells import CELLS
from fusar_core.scoring.intervals import (
    Estimate,
    MajorityFloor,
    Proportion,
    estimate,
    majority_floor,
    mean_of,
)

Cells = frozenset[int]
ALL_NINE: Cells = frozenset(CELLS)


@dataclass(frozen=True)
class GridMetrics:
    """acc_100: sets equal. acc_50: Jaccard ≥ 0.5. top_1: a cell in common. Set sizes in cells: of the answers that
    could be parsed, of the truths of the same cases, and their ratio; well above 1 it says that acc_50 and top_1 were
    bought with large answers (all nine cells give a top_1 of 100 % wherever there are targets)."""

    n: int
    unparsable: int
    acc_100: Proportion
    acc_50: Proportion
    top_1: Proportion
    mean_jaccard: Estimate
    mean_set_size: Estimate
    mean_truth_size: Estimate
    set_size_ratio: Estimate

    def as_dict(self) -> dict[str, Any]:
        """For JSON, under the names that the paper uses; sizes in cells."""
        return {
            "n": self.n,
            "unparsable": self.unparsable,
            "acc_100": self.acc_100.as_dict(),
            "acc_50": self.acc_50.as_dict(),
            "top_1": self.top_1.as_dict(),
            "mean_jaccard": self.mean_jaccard.as_dict(),
            "mean_set_size": self.mean_set_size.as_dict(),
            "mean_truth_size": self.mean_truth_size.as_dict(),
            "set_size_ratio": self.set_size_ratio.as_dict(),
        }


@dataclass(frozen=True)
class GridScore:
    """An engine's metrics, and beside them those of two answers that need no image: the most frequent set, all nine."""

    metrics: GridMetrics
    floor: MajorityFloor
    always_majority: GridMetrics
    always_all_nine: GridMetrics

    @property
    def n(self) -> int:
        """Cases, named as on every other score."""
        return self.metrics.n

    def as_dict(self) -> dict[str, Any]:
        """For JSON: the engine's metrics at the top, the two answers that need no image below their names."""
        return {
            **self.metrics.as_dict(),
            "majority_floor": self.floor.as_dict(),
            "always_majority": self.always_majority.as_dict(),
            "always_all_nine": self.always_all_nine.as_dict(),
        }


def jaccard(truth: Cells, answer: Cells | None) -> float:
    """|both| / |either|; 1 for two empty sets (rightly said: nothing there), 0 for an unparsable answer."""
    if answer is None:
        return 0.0
    return len(truth & answer) / len(truth | answer) if truth | answer else 1.0


def meets(truth: Cells, answer: Cells | None) -> bool:
    """Top1: a cell in common. Where the truth is empty only the empty answer is right."""
    return answer is not None and (bool(truth & answer) if truth else not answer)


def score_grid(truths: Sequence[Cells], answers: Sequence[Cells | None]) -> GridScore:
    """Scores one set of cells a case; None is an answer that could not be parsed.

    Raises ValueError when the sequences differ in length.
    """
    floor = majority_floor(truths)
    return GridScore(
        metrics=_metrics(truths, answers),
        floor=floor,
        always_majority=_metrics(truths, [floor.answer] * len(truths)),
        always_all_nine=_metrics(truths, [ALL_NINE] * len(truths)),
    )


def _metrics(truths: Sequence[Cells], answers: Sequence[Cells | None]) -> GridMetrics:
    cases = list(zip(truths, answers, strict=True))
    n = len(cases)
    sizes = np.array([(len(t), len(a), 1) for t, a in cases if a is not None], float).reshape(-1, 3)
    return GridMetrics(
        n=n,
        unparsable=sum(a is None for a in answers),
        acc_100=Proportion(sum(a == t for t, a in cases), n),
        acc_50=Proportion(sum(jaccard(t, a) >= 0.5 for t, a in cases), n),
        top_1=Proportion(sum(meets(t, a) for t, a in cases), n),
        mean_jaccard=estimate([(jaccard(t, a), 1) for t, a in cases], mean_of(0, 1)),
        mean_set_size=estimate(sizes, mean_of(1, 2)),
        mean_truth_size=estimate(sizes, mean_of(0, 2)),
        set_size_ratio=estimate(sizes, mean_of(1, 0)),
    )
