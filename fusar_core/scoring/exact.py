"""Answers that are right or wrong and nothing between: the scorer of a task that has none of its own."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from fusar_core.scoring.intervals import MajorityFloor, Proportion, majority_floor


@dataclass(frozen=True)
class ExactScore:
    """accuracy: answers equal to the truth. floor: always giving the most frequent answer."""

    n: int
    unparsable: int
    accuracy: Proportion
    floor: MajorityFloor

    def as_dict(self) -> dict[str, Any]:
        """For JSON; accuracy beside that of the most frequent answer."""
        return {
            "n": self.n,
            "unparsable": self.unparsable,
            "accuracy": self.accuracy.as_dict(),
            "majority_floor": self.floor.as_dict(),
        }


def score_exact(truths: Sequence[Hashable], answers: Sequence[Hashable | None]) -> ExactScore:
    """Scores one answer a case; None is an answer that could not be parsed.

    Raises ValueError when the sequences differ in length.
    """
    right = sum(answer == truth for truth, answer in zip(truths, answers, strict=True))
    unparsable = sum(answer is None for answer in answers)
    return ExactScore(len(truths), unparsable, Proportion(right, len(truths)), majority_floor(truths))
