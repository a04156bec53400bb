"""Intervals, floors and paired tests against values worked by hand or published."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusar_core.scoring.intervals import (
    Estimate,
    Proportion,
    estimate,
    majority_floor,
    mcnemar,
    mean_of,
    paired_bootstrap,
    wilson,
)

counts = st.integers(0, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
outcomes = st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60)


def test_the_papers_counting_accuracy_has_the_interval_that_method_md_states() -> None:
    low, high = wilson(104, 198)  # 52.53 %
    assert round(100 * 104 / 198, 2) == 52.53
    assert (round(100 * low, 1), round(100 * high, 1)) == (45.6, 59.4)


def test_wilson_of_ten_in_ten_and_of_none_is_not_certain() -> None:
    z2 = 1.959963984540054**2
    assert wilson(10, 10) == (pytest.approx(10 / (10 + z2)), 1.0)  # closed form at the end
    assert wilson(0, 10) == (0.0, pytest.approx(z2 / (10 + z2)))
    assert wilson(0, 0) == (0.0, 1.0)


@given(counts)
def test_wilson_contains_the_proportion_and_stays_in_0_1(case: tuple[int, int]) -> None:
    successes, n = case
    low, high = wilson(successes, n)
    assert 0 <= low <= high <= 1
    if n:
        assert low <= successes / n <= high


@given(counts)
def test_wilson_mirrors_when_success_and_failure_swap(case: tuple[int, int]) -> None:
    successes, n = case
    low, high = wilson(successes, n)
    assert wilson(n - successes, n) == (pytest.approx(1 - high), pytest.approx(1 - low))


@pytest.mark.parametrize(("successes", "n"), [(-1, 5), (6, 5)])
def test_wilson_refuses_impossible_counts(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match=f"{successes} successes in {n}"):
        wilson(successes, n)


def test_a_proportion_of_nothing_has_no_value_but_an_interval() -> None:
    assert Proportion(0, 0).as_dict() == {"value": None, "successes": 0, "n": 0, "interval_95": [0.0, 1.0]}


def test_majority_floor_is_the_best_constant_answer() -> None:
    floor = majority_floor([1, 1, 2, 3, 1])
    assert (floor.answer, floor.accuracy) == (1, Proportion(3, 5))
    assert floor.as_dict() == {"answer": 1, **Proportion(3, 5).as_dict()}


def test_majority_floor_of_a_tie_does_not_depend_on_the_order() -> None:
    sets = [frozenset({5}), frozenset({1, 2})]
    assert majority_floor(sets).answer == majority_floor(sets[::-1]).answer == frozenset({1, 2})
    assert majority_floor(sets).as_dict()["answer"] == [1, 2]


def test_majority_floor_of_nothing() -> None:
    assert majority_floor([]).as_dict() == {"answer": None, **Proportion(0, 0).as_dict()}


def test_mcnemar_with_hand_worked_discordant_pairs() -> None:
    # 1 against 5 of 6 discordant cases: 2 · (C(6,0) + C(6,1)) / 2⁶ = 14/64
    first = [True] + [False] * 5 + [True] * 10
    second = [False] + [True] * 5 + [True] * 10
    result = mcnemar(first, second)
    assert (result.n, result.only_first, result.only_second) == (16, 1, 5)
    assert result.p_value == pytest.approx(14 / 64)


def test_mcnemar_of_equal_engines_is_1() -> None:
    assert mcnemar([True, False], [True, False]).p_value == 1.0
    assert mcnemar([True, False], [False, True]).p_value == 1.0
    assert mcnemar([], []).p_value == 1.0


@given(outcomes)
def test_mcnemar_is_symmetric_and_exact(pairs: list[tuple[bool, bool]]) -> None:
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    there, back = mcnemar(first, second), mcnemar(second, first)
    assert there.p_value == back.p_value
    assert (there.only_first, there.only_second) == (back.only_second, back.only_first)
    b, c = there.only_first, there.only_second
    tail = sum(math.comb(b + c, k) for k in range(min(b, c) + 1)) / 2 ** (b + c)  # whole numbers, no scipy
    assert there.p_value == pytest.approx(min(1.0, 2 * tail))


def test_mcnemar_and_bootstrap_refuse_unpaired_cases() -> None:
    with pytest.raises(ValueError, match="shorter"):
        mcnemar([True, False], [True])
    with pytest.raises(ValueError, match="no pair"):
        paired_bootstrap([[1, 1]], [[1, 1], [0, 1]], mean_of(0, 1))


def test_bootstrap_interval_of_a_mean_agrees_with_all_possible_resamples() -> None:
    values = np.array([0.0, 1.0, 2.0, 7.0])
    every = np.sort([np.mean(draw) for draw in product(values, repeat=4)])  # 4⁴ equally likely resamples
    result = estimate([(v, 1) for v in values], mean_of(0, 1))
    assert result.value == 2.5
    assert result.interval == pytest.approx(np.quantile(every, [0.025, 0.975]), abs=0.26)


def test_bootstrap_is_the_same_every_time_and_none_without_cases() -> None:
    table = [(v, 1) for v in (3, 1, 4, 1, 5, 9, 2, 6)]
    assert estimate(table, mean_of(0, 1)) == estimate(table, mean_of(0, 1))
    assert estimate([], mean_of(0, 1)) == Estimate(None, 0, None)
    assert estimate([(0, 0)], mean_of(0, 1)) == Estimate(None, 1, None)


def test_paired_bootstrap_sees_a_small_difference_that_is_there_every_time() -> None:
    rng = np.random.default_rng(1)
    hard = rng.uniform(0, 10, 50)  # cases differ a lot, the engines by a constant 0.1
    result = paired_bootstrap([(h + 0.1, 1) for h in hard], [(h, 1) for h in hard], mean_of(0, 1))
    assert result.difference == pytest.approx(0.1)
    assert result.interval == pytest.approx((0.1, 0.1))
    assert result.p_value is not None
    assert result.p_value < 0.01


def test_paired_bootstrap_of_an_engine_with_itself_finds_nothing() -> None:
    table = [(v, 1) for v in range(20)]
    result = paired_bootstrap(table, table, mean_of(0, 1))
    assert (result.difference, result.interval, result.p_value) == (0.0, (0.0, 0.0), 1.0)


def test_paired_bootstrap_changes_its_sign_with_the_order() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.uniform(0, 1, (2, 30))
    ones = np.ones(30)
    there = paired_bootstrap(np.stack([a, ones], 1), np.stack([b, ones], 1), mean_of(0, 1))
    back = paired_bootstrap(np.stack([b, ones], 1), np.stack([a, ones], 1), mean_of(0, 1))
    assert there.difference == pytest.approx(-(back.difference or 0))
    assert there.p_value == back.p_value
    assert there.interval is not None
    assert back.interval is not None
    assert there.interval == pytest.approx((-back.interval[1], -back.interval[0]))
