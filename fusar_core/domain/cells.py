"""The 3 × 3 grid over a part of a scene: cells numbered 1 to 9, row by row from the top left."""

from __future__ import annotations

from collections.abc import Iterable

from fusar_core.domain.schema import CELLS_PER_SIDE
from fusar_core.domain.tiling import Window

CELLS = range(1, CELLS_PER_SIDE * CELLS_PER_SIDE + 1)


def cell_of(x: float, y: float, width: float, height: float) -> int:
    """Number 1–9 of the cell that holds point (x, y) of an image of the given size.

    Cells are half-open, row-major from the top left; a point on or past the far edges belongs to the last cell.
    """
    column = min(CELLS_PER_SIDE - 1, max(0, int(CELLS_PER_SIDE * x / width)))
    row = min(CELLS_PER_SIDE - 1, max(0, int(CELLS_PER_SIDE * y / height)))
    return CELLS_PER_SIDE * row + column + 1


def cells_of(points: Iterable[tuple[float, float]], width: float, height: float) -> frozenset[int]:
    """The set of cells in which the points (box centres) lie."""
    return frozenset(cell_of(x, y, width, height) for x, y in points)


def cell_bounds(where: Window, number: int) -> tuple[float, float, float, float]:
    """Bounds (x1, y1, x2, y2) of a cell of a part of the scene, in scene pixels."""
    row, col = divmod(number - 1, CELLS_PER_SIDE)
    height, width = where.height / CELLS_PER_SIDE, where.width / CELLS_PER_SIDE
    return (
        where.col + col * width,
        where.row + row * height,
        where.col + (col + 1) * width,
        where.row + (row + 1) * height,
    )
