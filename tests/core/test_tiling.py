"""Chips: they cover an extent, own each pixel once, and overlap as much as asked."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusar_core.domain.tiling import ChipWindow, Window, partition, partition_under, tile

extents = st.builds(Window, st.integers(-50, 500), st.integers(-50, 500), st.integers(1, 120), st.integers(1, 120))
windows = st.builds(Window, st.integers(-20, 60), st.integers(-20, 60), st.integers(1, 60), st.integers(1, 60))
sizes = st.integers(3, 70)


@st.composite
def tilings(draw: st.DrawFn) -> tuple[Window, int, int, list[ChipWindow]]:
    extent, size = draw(extents), draw(sizes)
    overlap = draw(st.integers(0, size - 1))
    return extent, size, overlap, tile(extent, size, overlap)


def owners(extent: Window, chips: list[ChipWindow]) -> np.ndarray:
    """How many chips keep each pixel of the extent; fails when a keep area sticks out of it."""
    count = np.zeros((extent.height, extent.width), int)
    for chip in chips:
        keep = chip.keep
        assert keep.intersection(extent) == keep
        count[keep.row - extent.row : keep.bottom - extent.row, keep.col - extent.col : keep.right - extent.col] += 1
    return count


@given(tilings())
def test_keep_areas_partition_the_extent(tiling: tuple[Window, int, int, list[ChipWindow]]) -> None:
    extent, _, _, chips = tiling
    assert (owners(extent, chips) == 1).all()
    assert [c.index for c in chips] == list(range(len(chips)))


@given(tilings())
def test_every_chip_has_full_size_and_holds_what_it_keeps(tiling: tuple[Window, int, int, list[ChipWindow]]) -> None:
    extent, size, _, chips = tiling
    for chip in chips:
        assert (chip.window.height, chip.window.width) == (size, size)
        assert chip.keep.intersection(chip.window) == chip.keep
        assert chip.window.row >= extent.row
        assert chip.window.col >= extent.col
        if extent.height >= size:
            assert chip.window.bottom <= extent.bottom
        if extent.width >= size:
            assert chip.window.right <= extent.right


@given(tilings())
def test_what_a_chip_keeps_lies_half_the_overlap_from_its_edges(
    tiling: tuple[Window, int, int, list[ChipWindow]],
) -> None:
    """Except at the edges of the extent, beyond which there is nothing: so a target on a seam is seen whole."""
    extent, _, overlap, chips = tiling
    for chip in chips:
        window, keep = chip.window, chip.keep
        assert keep.row == extent.row or keep.row - window.row >= overlap // 2
        assert keep.col == extent.col or keep.col - window.col >= overlap // 2
        assert keep.bottom == extent.bottom or window.bottom - keep.bottom >= overlap // 2
        assert keep.right == extent.right or window.right - keep.right >= overlap // 2


@given(tilings(), st.integers(0, 1023), st.integers(0, 1023))
def test_a_point_belongs_to_one_chip(tiling: tuple[Window, int, int, list[ChipWindow]], across: int, down: int) -> None:
    extent, _, _, chips = tiling
    x, y = extent.col + across / 1024 * extent.width, extent.row + down / 1024 * extent.height
    assert sum(c.keep.contains(x, y) for c in chips) == 1


@pytest.mark.parametrize("overlap", [-1, 504, 505])
def test_an_overlap_that_does_not_fit_is_refused(overlap: int) -> None:
    with pytest.raises(ValueError, match="overlap"):
        tile(Window(0, 0, 1000, 1000), 504, overlap)


def test_no_more_chips_than_needed() -> None:
    assert len(tile(Window(0, 0, 504, 504))) == 1
    assert len(tile(Window(0, 0, 504, 505))) == 2
    assert len(tile(Window(0, 0, 1008, 1008))) == 4
    assert [c.window.col for c in tile(Window(0, 7, 504, 600), 504, 100)] == [7, 103]


@given(extents, sizes)
def test_a_partition_has_no_double_pixel_and_no_hole(extent: Window, size: int) -> None:
    chips = partition(extent, size)
    assert (owners(extent, chips) == 1).all()
    for chip in chips:
        assert (chip.window.height, chip.window.width) == (size, size)
        assert chip.keep == chip.window.intersection(extent)
    for a, b in pairwise(chips):
        assert a.window.intersection(b.window) is None


@given(extents, sizes, windows)
def test_cells_under_a_window_are_those_that_share_pixels_with_it(extent: Window, size: int, window: Window) -> None:
    moved = Window(extent.row + window.row, extent.col + window.col, window.height, window.width)
    expected = [c for c in partition(extent, size) if c.keep.intersection(moved)]
    assert partition_under(moved, extent, size) == expected


@given(windows, windows)
def test_intersection_is_what_both_contain(a: Window, b: Window) -> None:
    both = a.intersection(b)
    assert both == b.intersection(a)
    points = [(x + 0.5, y + 0.5) for x in range(a.col, a.right) for y in range(a.row, a.bottom) if b.contains(x, y)]
    assert (both.height * both.width if both else 0) == len(points)
