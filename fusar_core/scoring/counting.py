"""Counting: one integer for the named category of each image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fusar_core.scoring.intervals import (
    Estimate,
    MajorityFloor,
    Proportion,
    estimate,
    majority_floor,
    mean_of,
)


@dataclass(frozen=True)
class CountingScore:
    """accuracy: exact. within_1: at most one off. mae: mean absolute error, see `absolute_error`. unparsable: answers
    that are no number; wrong in every one of them. floor: always giving the most frequent count."""

    n: int
    unparsable: int
    accuracy: Proportion
    within_1: Proportion
    mae: Estimate
    floor: MajorityFloor

    def as_dict(self) -> dict[str, Any]:
        """For JSON; each metric with its interval, beside the floor of the most frequent count."""
        return {
            "n": self.n,
            "unparsable": self.unparsable,
            "accuracy": self.accuracy.as_dict(),
            "within_1": self.within_1.as_dict(),
            "mae": self.mae.as_dict(),
            "majority_floor": self.floor.as_dict(),
        }


def absolute_error(truth: int, answer: int | None) -> int:
    """|answer − truth|. An unparsable answer (None) counts as the answer 0, yet never as free of error: max(truth, 1).

    Leaving it out instead would let an engine lower its error by rambling on crowded images.
    """
    return max(truth, 1) if answer is None else abs(answer - truth)


def score_counting(truths: Sequence[int], answers: Sequence[int | None]) -> CountingScore:
    """Scores one count a case; None is an answer that could not be parsed.

    Raises ValueError when the sequences differ in length.
    """
    cases = list(zip(truths, answers, strict=True))
    n = len(cases)
    return CountingScore(
        n=n,
        unparsable=sum(a is None for a in answers),
        accuracy=Proportion(sum(a == t for t, a in cases), n),
        within_1=Proportion(sum(a is not None and abs(a - t) <= 1 for t, a in cases), n),
        mae=estimate([(absolute_error(t, a), 1) for t, a in cases], mean_of(0, 1)),
        floor=majority_floor(truths),
    )
