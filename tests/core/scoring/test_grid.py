"""Grid answers: sets of cells, with the answers that need no image beside them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusar_core.scoring.grid import ALL_NINE, jaccard, score_grid
from fusar_core.scoring.intervals import Proportion

cells = st.frozensets(st.integers(1, 9))
answers = st.one_of(st.none(), cells)


def sets(*groups: str) -> list[frozenset[int]]:
    return [frozenset(map(int, g)) for g in groups]


def test_hand_worked_sets() -> None:
    truths = sets("5", "12", "123", "9", "")
    said = [*sets("5", "123", "3", "1"), None]
    metrics = score_grid(truths, said).metrics
    assert metrics.acc_100 == Proportion(1, 5)  # {5}
    assert metrics.acc_50 == Proportion(2, 5)  # {5}, and {1, 2} ⊂ {1, 2, 3} with Jaccard 2/3
    assert metrics.top_1 == Proportion(3, 5)  # {3} meets {1, 2, 3}
    assert metrics.mean_jaccard.value == pytest.approx((1 + 2 / 3 + 1 / 3 + 0 + 0) / 5)
    assert metrics.mean_set_size.value == pytest.approx((1 + 3 + 1 + 1) / 4)  # of those that could be parsed
    assert metrics.mean_truth_size.value == pytest.approx((1 + 2 + 3 + 1) / 4)
    assert metrics.set_size_ratio.value == pytest.approx(6 / 7)
    assert (metrics.n, metrics.unparsable, metrics.mean_set_size.n) == (5, 1, 4)


def test_answering_all_nine_scores_a_top1_of_100_percent_and_its_size_gives_it_away() -> None:
    score = score_grid(sets("5", "12", "9", "456"), [ALL_NINE] * 4)
    assert score.metrics.top_1.value == 1.0
    assert score.metrics.acc_100.value == score.metrics.acc_50.value == 0.0
    assert score.metrics.mean_set_size.value == 9.0
    assert score.metrics.set_size_ratio.value == pytest.approx(36 / 7)
    assert score.always_all_nine == score.metrics


def test_exactly_half_overlap_counts_for_acc_50() -> None:
    assert score_grid(sets("12"), sets("1")).metrics.acc_50.value == 1.0
    assert score_grid(sets("123"), sets("1")).metrics.acc_50.value == 0.0


def test_empty_truth_is_met_by_the_empty_answer_only() -> None:
    right, wrong = score_grid(sets(""), sets("")).metrics, score_grid(sets(""), sets("5")).metrics
    assert (right.acc_100.value, right.acc_50.value, right.top_1.value, right.mean_jaccard.value) == (1, 1, 1, 1)
    assert (wrong.acc_100.value, wrong.acc_50.value, wrong.top_1.value, wrong.mean_jaccard.value) == (0, 0, 0, 0)
    assert right.set_size_ratio.value is None
    assert score_grid(sets("", "5"), [ALL_NINE] * 2).metrics.top_1 == Proportion(1, 2)


def test_saying_nothing_where_something_is_misses_it() -> None:
    metrics = score_grid(sets("5"), sets("")).metrics
    assert (metrics.top_1.value, metrics.mean_jaccard.value) == (0, 0)


def test_an_unparsable_answer_is_wrong_even_where_nothing_is() -> None:
    metrics = score_grid(sets("", "5"), [None, None]).metrics
    assert metrics.top_1.successes == metrics.acc_100.successes == metrics.acc_50.successes == 0
    assert metrics.mean_jaccard.value == 0.0
    assert metrics.mean_set_size.value is None


def test_the_floor_is_the_most_frequent_set_given_always() -> None:
    score = score_grid(sets("5", "5", "1"), sets("1", "1", "1"))
    assert (score.floor.answer, score.floor.accuracy) == (frozenset({5}), Proportion(2, 3))
    assert score.always_majority.acc_100 == Proportion(2, 3)
    assert score.as_dict()["majority_floor"]["answer"] == [5]


def test_no_cases() -> None:
    assert score_grid([], []).as_dict()["acc_100"]["value"] is None


@given(cells, cells)
def test_jaccard_is_symmetric_bounded_and_1_only_for_equal_sets(a: frozenset[int], b: frozenset[int]) -> None:
    assert jaccard(a, b) == jaccard(b, a)
    assert 0 <= jaccard(a, b) <= 1
    assert (jaccard(a, b) == 1) == (a == b)


@given(st.lists(st.tuples(cells, answers), min_size=1, max_size=6))
def test_equal_sets_overlap_by_half_and_half_overlap_meets(cases: list) -> None:
    metrics = score_grid([t for t, _ in cases], [a for _, a in cases]).metrics
    assert metrics.acc_100.successes <= metrics.acc_50.successes <= metrics.top_1.successes <= metrics.n
