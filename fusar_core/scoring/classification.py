"""Classification: one category a target whose box is given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fusar_core.scoring.intervals import MajorityFloor, Proportion, majority_floor

UNPARSABLE = "(unparsable)"
"""Column of the confusion for answers that name no category."""


@dataclass(frozen=True)
class ClassificationScore:
    """accuracy: overall. per_class: share of the targets of each true class that were named rightly. confusion: true
    class → named class → cases, failures to parse among them. floor: always naming the most frequent class."""

    n: int
    unparsable: int
    accuracy: Proportion
    per_class: dict[str, Proportion]
    confusion: dict[str, dict[str, int]]
    floor: MajorityFloor

    def as_dict(self) -> dict[str, Any]:
        """For JSON; each proportion with value and interval."""
        return {
            "n": self.n,
            "unparsable": self.unparsable,
            "accuracy": self.accuracy.as_dict(),
            "per_class": {name: p.as_dict() for name, p in self.per_class.items()},
            "confusion": self.confusion,
            "majority_floor": self.floor.as_dict(),
        }


def score_classification(truths: Sequence[str], answers: Sequence[str | None]) -> ClassificationScore:
    """Scores one name a target, compared as written; None is an answer that could not be parsed.

    Raises ValueError when the sequences differ in length.
    """
    cases = Counter(zip(truths, answers, strict=True))
    n = len(truths)
    classes = sorted(set(truths))
    confusion: dict[str, dict[str, int]] = {name: {} for name in classes}
    for (truth, answer), count in sorted(cases.items(), key=lambda item: (item[0][0], item[0][1] or UNPARSABLE)):
        confusion[truth][UNPARSABLE if answer is None else answer] = count
    right = {name: cases[name, name] for name in classes}
    return ClassificationScore(
        n=n,
        unparsable=sum(a is None for a in answers),
        accuracy=Proportion(sum(right.values()), n),
        per_class={name: Proportion(right[name], sum(confusion[name].values())) for name in classes},
        confusion=confusion,
        floor=majority_floor(truths),
    )
