"""Rows by their places, which a bootstrap draws whole: chips of one place are not independent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fusar_core.scoring.intervals import FloatArray


def places_of(rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """For each row the number of its place; a chip without one is a place of its own."""
    numbers: dict[str, int] = {}
    return [numbers.setdefault(row.get("place") or row["id"], len(numbers)) for row in rows]


def sum_by_place(columns: FloatArray, places: Sequence[int]) -> FloatArray:
    """(places, k): the columns (rows, k) summed over the rows of each place."""
    table = np.zeros((max(places) + 1, columns.shape[1]))
    np.add.at(table, places, columns)
    return table
