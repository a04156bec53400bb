"""Spatial localization: on which cells of a 3 × 3 grid do the targets lie (method: cells 1–9, row-major)."""

from __future__ import annotations

from collections.abc import Iterable

GRID_SIDE = 3
CELLS = range(1, GRID_SIDE * GRID_SIDE + 1)


def cell_of(x: float, y: float, width: float, height: float) -> int:
    """Number 1–9 of the cell that holds point (x, y) of an image of the given size.

    Cells are half-open, row-major from the top left; a point on or past the far edges belongs to the last cell.
    """
    column = min(GRID_SIDE - 1, max(0, int(GRID_SIDE * x / width)))
    row = min(GRID_SIDE - 1, max(0, int(GRID_SIDE * y / height)))
    return GRID_SIDE * row + column + 1


def cells_of(points: Iterable[tuple[float, float]], width: float, height: float) -> frozenset[int]:
    """The set of cells in which the points (box centres) lie."""
    return frozenset(cell_of(x, y, width, height) for x, y in points)
