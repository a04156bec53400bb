"""Chip windows: where a scene is cut, how far neighbours overlap, and which chip owns which pixel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

CHIP_SIZE = 504
"""Side of the chip that a model sees, in scene pixels (18 visual tokens of 28 px)."""


@dataclass(frozen=True)
class Window:
    """A rectangle of scene pixels: first row and column, height and width."""

    row: int
    col: int
    height: int
    width: int

    @property
    def bottom(self) -> int:
        """First row below the window (exclusive)."""
        return self.row + self.height

    @property
    def right(self) -> int:
        """First column to the right of the window (exclusive)."""
        return self.col + self.width

    def contains(self, x: float, y: float) -> bool:
        """Whether the scene pixel coordinate (x, y) lies inside; half-open, so that partitions have no double."""
        return self.col <= x < self.right and self.row <= y < self.bottom

    def intersection(self, other: Window) -> Window | None:
        """The pixels that both windows hold; None where they share none, even if their edges touch."""
        row, col = max(self.row, other.row), max(self.col, other.col)
        height, width = min(self.bottom, other.bottom) - row, min(self.right, other.right) - col
        return Window(row, col, height, width) if height > 0 and width > 0 else None


@dataclass(frozen=True)
class ChipWindow:
    """One chip of a tiling.

    index: running number in row-major order. window: what is read, in scene pixels; it may reach past the scene on the
    right and bottom only when the scene is smaller than a chip. keep: the part this chip owns; the keep areas of a
    tiling partition the extent, so a target belongs to exactly one chip: the one whose keep area holds its centre.
    """

    index: int
    window: Window
    keep: Window


def _starts(length: int, size: int, overlap: int) -> list[int]:
    """Offsets of the chips along one axis: evenly stepped, the last one flush with the end."""
    if length <= size:
        return [0]
    step = size - overlap
    count = -(-(length - overlap) // step)
    return [min(i * step, length - size) for i in range(count)]


def _cuts(starts: list[int], length: int, size: int) -> list[int]:
    """Borders between the keep areas along one axis: the middle of each overlap."""
    middles = [(a + size + b) // 2 for a, b in pairwise(starts)]
    return [0, *middles, length]


def tile(extent: Window, size: int = CHIP_SIZE, overlap: int = 0) -> list[ChipWindow]:
    """Cuts an extent into chips of `size` pixels that overlap by at least `overlap` pixels.

    Chips stay inside the extent: the last of a row or column is moved back and overlaps more. An extent smaller than a
    chip gives one chip of full size whose lower right part lies outside the extent (the reader pads it).

    Raises ValueError when the overlap is not in [0, size).
    """
    if not 0 <= overlap < size:
        raise ValueError(f"overlap {overlap} must be at least 0 and less than the chip size {size}")
    rows, cols = _starts(extent.height, size, overlap), _starts(extent.width, size, overlap)
    row_cuts, col_cuts = _cuts(rows, extent.height, size), _cuts(cols, extent.width, size)
    return list(_chips(extent, size, rows, cols, row_cuts, col_cuts))


def _chips(
    extent: Window, size: int, rows: list[int], cols: list[int], row_cuts: list[int], col_cuts: list[int]
) -> Iterator[ChipWindow]:
    for i, row in enumerate(rows):
        for j, col in enumerate(cols):
            top, left = row_cuts[i], col_cuts[j]
            keep = Window(extent.row + top, extent.col + left, row_cuts[i + 1] - top, col_cuts[j + 1] - left)
            yield ChipWindow(i * len(cols) + j, Window(extent.row + row, extent.col + col, size, size), keep)


def partition(extent: Window, size: int = CHIP_SIZE) -> list[ChipWindow]:
    """Cuts an extent into chips side by side: no pixel is in two, so counts of the chips add up.

    Windows are all of full size; those at the right and bottom edges may reach past the extent, their keep areas do
    not.
    """
    return list(_cells(extent, size, range(-(-extent.height // size)), range(-(-extent.width // size))))


def partition_under(window: Window, extent: Window, size: int = CHIP_SIZE) -> list[ChipWindow]:
    """The chips of `partition(extent)` that share pixels with a window."""
    shared = window.intersection(extent)
    if shared is None:
        return []
    rows = range((shared.row - extent.row) // size, (shared.bottom - 1 - extent.row) // size + 1)
    columns = range((shared.col - extent.col) // size, (shared.right - 1 - extent.col) // size + 1)
    return list(_cells(extent, size, rows, columns))


def _cells(extent: Window, size: int, rows: Iterable[int], columns: range) -> Iterator[ChipWindow]:
    across = -(-extent.width // size)
    for i in rows:
        for j in columns:
            window = Window(extent.row + i * size, extent.col + j * size, size, size)
            keep = window.intersection(extent)
            assert keep is not None
            yield ChipWindow(i * across + j, window, keep)
