"""Oriented rectangles around pixels: exact for upright bars, right to a pixel for slanting ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusar_core.engines.cfar.rectangle import convex_hull, smallest_rectangle

PIXELS = st.sets(st.tuples(st.integers(0, 15), st.integers(0, 15)), min_size=1, max_size=40)


def rasterised_bar(length: float, width: float, degrees: float) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the pixels whose centres lie inside a bar around (60.3, 59.6)."""
    ys, xs = np.mgrid[0:120, 0:120] + 0.5
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    along, across = (xs - 60.3) * c + (ys - 59.6) * s, (ys - 59.6) * c - (xs - 60.3) * s
    return np.nonzero((abs(along) <= length / 2) & (abs(across) <= width / 2))


def test_an_upright_bar_is_met_exactly() -> None:
    rows, cols = np.nonzero(np.pad(np.ones((3, 11)), ((5, 4), (2, 9))))
    rectangle = smallest_rectangle(rows, cols)
    assert sorted(rectangle.sides) == [3, 11]
    assert sorted(rectangle.corners()) == [(2, 5), (2, 8), (13, 5), (13, 8)]


def test_a_single_pixel_is_a_square_of_one() -> None:
    rectangle = smallest_rectangle(np.array([4]), np.array([7]))
    assert sorted(rectangle.corners()) == [(7, 4), (7, 5), (8, 4), (8, 5)]


@given(st.floats(20, 70), st.floats(5, 12), st.floats(0, 180))
def test_a_slanting_bar_is_met_to_a_pixel(length: float, width: float, degrees: float) -> None:
    rectangle = smallest_rectangle(*rasterised_bar(length, width, degrees))
    long, short = sorted(rectangle.sides, reverse=True)
    assert long == pytest.approx(length, abs=1.3)
    assert short == pytest.approx(width, abs=1.3)
    ux, uy = rectangle.axis if rectangle.sides[0] >= rectangle.sides[1] else (-rectangle.axis[1], rectangle.axis[0])
    off = (math.degrees(math.atan2(uy, ux)) - degrees + 90) % 180 - 90
    assert abs(off) <= math.degrees(math.atan2(1.5, length))  # the far ends are out by at most a pixel or so


@given(PIXELS)
def test_it_holds_every_pixel_centre_and_is_no_larger_than_the_upright_box(pixels: set[tuple[int, int]]) -> None:
    rows, cols = (np.array(v) for v in zip(*pixels, strict=True))
    rectangle = smallest_rectangle(rows, cols)
    along = (cols + 0.5) * rectangle.axis[0] + (rows + 0.5) * rectangle.axis[1]
    across = (rows + 0.5) * rectangle.axis[0] - (cols + 0.5) * rectangle.axis[1]
    assert rectangle.along[0] <= along.min() - 0.49
    assert rectangle.across[1] >= across.max() + 0.49
    assert math.prod(rectangle.sides) <= (np.ptp(rows) + 1) * (np.ptp(cols) + 1) + 1e-9


@given(PIXELS)
def test_the_hull_has_its_corners_among_the_points_and_turns_one_way(pixels: set[tuple[int, int]]) -> None:
    points = np.array(sorted(pixels), float)
    hull = convex_hull(points)
    assert {tuple(p) for p in hull} <= {tuple(p) for p in points}
    if len(hull) > 2:
        a, b, c = hull, np.roll(hull, -1, 0), np.roll(hull, -2, 0)
        turns = (b - a)[:, 0] * (c - b)[:, 1] - (b - a)[:, 1] * (c - b)[:, 0]
        assert (turns > 0).all()


def test_shrinking_keeps_a_pixel() -> None:
    rectangle = smallest_rectangle(*rasterised_bar(30, 4, 0)).shrunk(3.0)
    assert sorted(rectangle.sides) == pytest.approx([1.0, 24.0])
