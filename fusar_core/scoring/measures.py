"""What is measured of rows of results, in a form that can be resampled and tested pairwise: sums over rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fusar_core.scoring.intervals import FloatArray, Statistic, mean_of

Row = Mapping[str, Any]
"""One case of an evaluation: what was asked, what is true, and what was answered, as JSON."""

PRESENT = "with targets"
"""Of questions about a class, the cases in which there is something: the others are answered by saying nothing."""


MEAN = mean_of(0, 1)


@dataclass(frozen=True)
class Measure:
    """A metric made from sums over rows. columns: (rows, k), what each of some rows adds. among: rows that count.
    exact: the first column is 1 where a row is right and 0 where it is wrong, so that McNemar's test applies."""

    columns: Callable[[Sequence[Row]], FloatArray]
    statistic: Statistic = MEAN
    among: Callable[[Row], bool] = lambda row: True
    exact: bool = False


def each(columns: Callable[[Row], tuple[float, ...]]) -> Callable[[Sequence[Row]], FloatArray]:
    """The columns of rows that say for themselves what they add."""
    return lambda rows: np.array([columns(row) for row in rows], float)


def right(row: Row) -> bool:
    """Whether an answer is exactly true."""
    return bool(row["answer"] == row["truth"])


RIGHT = each(lambda row: (right(row), 1))
ACCURACY = Measure(RIGHT, exact=True)
ACCURACY_PRESENT = Measure(RIGHT, among=lambda row: bool(row["present"]), exact=True)
