"""How sure a number is: Wilson intervals, bootstrap intervals, majority floor, and paired tests of two engines."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Statistic = Callable[[FloatArray], FloatArray]
"""Sums of a table's columns over the cases, (R, k) for R resamples → the metric, (R,); NaN where it is undefined."""

CONFIDENCE = 0.95
RESAMPLES = 2000
SEED = 42
_BLOCK_CELLS = 1_000_000


def wilson(successes: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Score interval of a proportion, inside [0, 1] and honest at 0 and n (Wilson 1927); (0, 1) when n is 0.

    Raises ValueError unless 0 ≤ successes ≤ n.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes in {n} cases")
    if n == 0:
        return 0.0, 1.0
    z2 = NormalDist().inv_cdf((1 + confidence) / 2) ** 2
    share = successes / n
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    # At the ends the bound is exactly 0 or 1; rounding must not put it a hair beside.
    return 0.0 if successes == 0 else middle - half, 1.0 if successes == n else middle + half


@dataclass(frozen=True)
class Proportion:
    """A share of cases with its 95 % Wilson interval, which takes the cases as independent."""

    successes: int
    n: int

    @property
    def value(self) -> float | None:
        """The share in [0, 1]; None of no cases."""
        return self.successes / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float]:
        """95 % Wilson interval (low, high) in [0, 1]."""
        return wilson(self.successes, self.n)

    def as_dict(self) -> dict[str, Any]:
        """For JSON; value is null, and the interval 0 to 1, where there are no cases."""
        return {"value": self.value, "successes": self.successes, "n": self.n, "interval_95": list(self.interval)}


@dataclass(frozen=True)
class Estimate:
    """A metric that is no proportion, with its 95 % bootstrap interval over n cases; None where it is undefined."""

    value: float | None
    n: int
    interval: tuple[float, float] | None

    def as_dict(self) -> dict[str, Any]:
        """For JSON; value and interval are null where the metric is undefined."""
        return {"value": self.value, "n": self.n, "interval_95": list(self.interval) if self.interval else None}


def mean_of(column: int, count: int) -> Statistic:
    """The statistic that divides one column's sum by another's, NaN when the latter is 0."""

    def mean(sums: FloatArray) -> FloatArray:
        total = sums[:, count]
        return np.asarray(np.divide(sums[:, column], total, np.full(len(sums), np.nan), where=total != 0))

    return mean


def resampled_counts(n: int) -> Iterator[FloatArray]:
    """How often each of n cases is drawn in each resample, (R, n) float64 in blocks of some resamples.

    Always the same ones for the same n; memory does not grow with the number of resamples.
    """
    rng = np.random.default_rng(SEED)
    block = max(1, _BLOCK_CELLS // n)
    for start in range(0, RESAMPLES, block):
        rows = min(block, RESAMPLES - start)
        drawn = rng.integers(0, n, (rows, n)) + n * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n).astype(float)


def _resampled(table: FloatArray, statistic: Statistic) -> FloatArray:
    """(RESAMPLES,) values of the metric; whole rows are drawn, so what lies in one image stays together."""
    return np.concatenate([statistic(counts @ table) for counts in resampled_counts(len(table))])


def _on_all(table: FloatArray, statistic: Statistic) -> float:
    return float(statistic(table.sum(0, keepdims=True))[0]) if len(table) else math.nan


def percentile_interval(values: FloatArray) -> tuple[float, float] | None:
    """The middle 95 % of bootstrap values, undefined (NaN) ones left out; None when none is left."""
    defined = values[~np.isnan(values)]
    if not len(defined):
        return None
    low, high = np.quantile(defined, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def estimate(table: npt.ArrayLike, statistic: Statistic) -> Estimate:
    """A metric made from sums over cases, with its percentile bootstrap interval.

    table: (n, k), one row a case.
    """
    rows = np.asarray(table, float)
    value = _on_all(rows, statistic)
    if math.isnan(value):
        return Estimate(None, len(rows), None)
    return Estimate(value, len(rows), percentile_interval(_resampled(rows, statistic)))


@dataclass(frozen=True)
class MajorityFloor:
    """The best accuracy of always giving the same answer: what a scorer must beat to have looked at the image."""

    answer: Any
    accuracy: Proportion

    def as_dict(self) -> dict[str, Any]:
        """For JSON; an answer that is a set of cells as a sorted list."""
        answer = sorted(self.answer) if isinstance(self.answer, frozenset) else self.answer
        return {"answer": answer, **self.accuracy.as_dict()}


def majority_floor(truths: Sequence[Hashable]) -> MajorityFloor:
    """The most frequent truth and its share; of several equally frequent ones that whose text sorts first.

    The answer of no truths is None.
    """
    if not truths:
        return MajorityFloor(None, Proportion(0, 0))
    counts = Counter(truths)
    answer = min(counts, key=lambda t: (-counts[t], str(sorted(t)) if isinstance(t, frozenset) else str(t)))
    return MajorityFloor(answer, Proportion(counts[answer], len(truths)))


@dataclass(frozen=True)
class McNemar:
    """Exact test whether two engines are right equally often on the same n cases (McNemar 1947, binomial form).

    only_first, only_second: cases that only the one got right. p_value: two-sided.
    """

    n: int
    only_first: int
    only_second: int
    p_value: float

    def as_dict(self) -> dict[str, Any]:
        """For JSON: the first engine is called `this` there, the second `baseline`."""
        return {
            "test": "McNemar, exact, two-sided",
            "n": self.n,
            "only_this": self.only_first,
            "only_baseline": self.only_second,
            "p_value": self.p_value,
        }


def mcnemar(first: Sequence[bool], second: Sequence[bool]) -> McNemar:
    """Compares two engines case by case: were they right?

    Raises ValueError when the sequences differ in length.
    """
    pairs = list(zip(first, second, strict=True))
    only_first = sum(a and not b for a, b in pairs)
    only_second = sum(b and not a for a, b in pairs)
    discordant = only_first + only_second
    p_value = 1.0
    if only_first != only_second:
        from scipy.special import bdtr

        p_value = min(1.0, 2 * float(bdtr(min(only_first, only_second), discordant, 0.5)))
    return McNemar(len(pairs), only_first, only_second, p_value)


@dataclass(frozen=True)
class PairedBootstrap:
    """Difference of a metric between two engines on the same n cases, with 95 % interval and two-sided p-value."""

    n: int
    difference: float | None
    interval: tuple[float, float] | None
    p_value: float | None

    def as_dict(self) -> dict[str, Any]:
        """For JSON, with resamples and seed named, so that the numbers can be had again."""
        return {
            "test": f"paired bootstrap, {RESAMPLES} resamples, seed {SEED}",
            "n": self.n,
            "difference": self.difference,
            "interval_95": list(self.interval) if self.interval else None,
            "p_value": self.p_value,
        }


def paired_bootstrap(first: npt.ArrayLike, second: npt.ArrayLike, statistic: Statistic) -> PairedBootstrap:
    """metric(first) − metric(second), both on the same resamples of the cases.

    first, second: (n, k), row i of both is the same case. p_value: twice the share of resamples on the rarer side of
    zero, at least 1 / (resamples + 1). Raises ValueError when the shapes differ.
    """
    a, b = np.asarray(first, float), np.asarray(second, float)
    if a.shape != b.shape:
        raise ValueError(f"tables of shape {a.shape} and {b.shape} are no pair")
    n = len(a)
    difference = _on_all(a, statistic) - _on_all(b, statistic)
    if math.isnan(difference):
        return PairedBootstrap(n, None, None, None)
    values = _resampled(a, statistic) - _resampled(b, statistic)
    values = values[~np.isnan(values)]
    rarer = min(int((values <= 0).sum()), int((values >= 0).sum()))
    p_value = min(1.0, 2 * (rarer + 1) / (len(values) + 1))
    return PairedBootstrap(n, difference, percentile_interval(values), p_value)
