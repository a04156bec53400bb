"""Classification: accuracy, per class, confusion, with failures to parse in the same denominator."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusar_core.scoring.classification import UNPARSABLE, score_classification
from fusar_core.scoring.intervals import Proportion

names = st.sampled_from(["plane", "ship", "tank"])


def test_hand_worked_names() -> None:
    truths = ["plane", "plane", "plane", "ship", "ship"]
    score = score_classification(truths, ["plane", "ship", None, "ship", "boat"])
    assert score.accuracy == Proportion(2, 5)
    assert score.per_class == {"plane": Proportion(1, 3), "ship": Proportion(1, 2)}
    assert score.confusion == {"plane": {"plane": 1, "ship": 1, UNPARSABLE: 1}, "ship": {"ship": 1, "boat": 1}}
    assert (score.n, score.unparsable) == (5, 1)
    assert (score.floor.answer, score.floor.accuracy) == ("plane", Proportion(3, 5))


def test_naming_a_class_that_is_not_there_adds_no_row() -> None:
    assert list(score_classification(["ship"], ["plane"]).per_class) == ["ship"]


def test_no_cases_and_unequal_lengths() -> None:
    assert score_classification([], []).as_dict()["accuracy"]["n"] == 0
    with pytest.raises(ValueError, match="shorter"):
        score_classification(["ship"], [])


@given(st.lists(st.tuples(names, st.one_of(st.none(), names)), max_size=40), st.randoms())
def test_every_case_is_in_the_confusion_once_in_any_order(cases: list, random) -> None:
    score = score_classification([t for t, _ in cases], [a for _, a in cases])
    assert sum(sum(row.values()) for row in score.confusion.values()) == score.n == len(cases)
    assert sum(p.successes for p in score.per_class.values()) == score.accuracy.successes
    assert sum(p.n for p in score.per_class.values()) == score.n
    shuffled = random.sample(cases, len(cases))
    assert score_classification([t for t, _ in shuffled], [a for _, a in shuffled]).as_dict() == score.as_dict()
