"""Counting: exact, within one, mean absolute error, the floor."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusar_core.scoring.counting import score_counting
from fusar_core.scoring.intervals import Proportion

answers = st.one_of(st.none(), st.integers(0, 50))


def test_hand_worked_counts() -> None:
    score = score_counting([3, 0, 5, 2, 2], [3, 1, 9, None, 2])
    assert score.accuracy == Proportion(2, 5)
    assert score.within_1 == Proportion(3, 5)
    assert score.mae.value == (0 + 1 + 4 + 2 + 0) / 5  # unparsable: as if it had said 0
    assert (score.n, score.unparsable) == (5, 1)
    assert (score.floor.answer, score.floor.accuracy) == (2, Proportion(2, 5))


def test_an_unparsable_answer_is_never_right_not_even_where_nothing_is() -> None:
    score = score_counting([0, 1], [None, None])
    assert score.accuracy.successes == score.within_1.successes == 0
    assert score.mae.value == 1.0


def test_rambling_on_crowded_images_does_not_lower_the_error() -> None:
    honest, rambling = score_counting([2, 40], [2, 31]), score_counting([2, 40], [2, None])
    assert honest.mae.value is not None
    assert rambling.mae.value is not None
    assert rambling.mae.value > honest.mae.value


def test_no_cases() -> None:
    score = score_counting([], []).as_dict()
    assert (score["n"], score["accuracy"]["value"], score["mae"]["value"]) == (0, None, None)


def test_every_number_carries_n_and_an_interval() -> None:
    score = score_counting([1, 2, 3], [1, 2, 4]).as_dict()
    for name in ("accuracy", "within_1", "mae", "majority_floor"):
        low, high = score[name]["interval_95"]
        assert score[name]["n"] == 3
        assert low <= score[name]["value"] <= high


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="shorter"):
        score_counting([1, 2], [1])


@given(st.lists(st.tuples(st.integers(0, 50), answers), min_size=1, max_size=12), st.randoms())
def test_order_does_not_matter_and_exact_is_within_one(cases: list[tuple[int, int | None]], random) -> None:
    shuffled = random.sample(cases, len(cases))
    first, second = (score_counting([t for t, _ in c], [a for _, a in c]) for c in (cases, shuffled))
    assert (first.accuracy, first.within_1, first.floor) == (second.accuracy, second.within_1, second.floor)
    assert first.mae.value == pytest.approx(second.mae.value)
    assert first.accuracy.successes <= first.within_1.successes


@given(st.lists(st.integers(0, 50), min_size=1, max_size=12))
def test_perfect_counts(truths: list[int]) -> None:
    score = score_counting(truths, truths)
    assert score.accuracy.value == score.within_1.value == 1.0
    assert score.mae.value == 0.0
