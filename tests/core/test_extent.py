"""From an extent, in whatever CRS, to the pixels of the scene inside it."""

from __future__ import annotations

import math

import numpy as np
import pyproj
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from fusar_core.domain.extent import window_of_extent
from fusar_core.domain.grid import Grid
from fusar_core.domain.tiling import Window
from fusar_core.errors import BadCrs, BadExtent

UTM = Grid(600, 800, Affine(10, 0, 400_000, 0, -10, 5_700_000), pyproj.CRS.from_epsg(32631))
TURNED = Grid(600, 800, Affine(8, 6, 400_000, 6, -8, 5_700_000), pyproj.CRS.from_epsg(32631))
DEGREES = Grid(600, 800, Affine(0.001, 0, 5, 0, -0.001, 50), pyproj.CRS.from_epsg(4326))
DATE_LINE_UTM = Grid(600, 800, Affine(100, 0, 130_000, 0, -100, 1_000_000), pyproj.CRS.from_epsg(32601))
DATE_LINE_DEGREES = Grid(600, 800, Affine(0.001, 0, 179.6, 0, -0.001, 10), pyproj.CRS.from_epsg(4326))
DATE_LINE_WEST = Grid(600, 800, Affine(0.001, 0, -180.4, 0, -0.001, 10), pyproj.CRS.from_epsg(4326))
ROUND_THE_WORLD = Grid(180, 360, Affine(1, 0, 0, 0, -1, 90), pyproj.CRS.from_epsg(4326))
POLAR = Grid(600, 800, Affine(1000, 0, -400_000, 0, -1000, 300_000), pyproj.CRS.from_epsg(3995))

GRIDS = [UTM, TURNED, DEGREES, DATE_LINE_UTM, DATE_LINE_DEGREES, DATE_LINE_WEST]

inner = st.builds(
    lambda row, col, height, width: Window(row, col, min(height, 600 - row), min(width, 800 - col)),
    st.integers(0, 580), st.integers(0, 780), st.integers(5, 600), st.integers(5, 800),
)  # fmt: skip


def corners(grid: Grid, window: Window) -> tuple[np.ndarray, np.ndarray]:
    x = np.array([window.col, window.right, window.right, window.col], float)
    y = np.array([window.row, window.row, window.bottom, window.bottom], float)
    return grid.to_map(x, y)


def bounds_of(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float, float]:
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def holds(outer: Window, inside: Window) -> bool:
    return inside.intersection(outer) == inside


@given(inner, st.sampled_from([UTM, DEGREES, DATE_LINE_UTM, DATE_LINE_DEGREES]))
def test_the_bounds_of_a_window_give_the_window_back(window: Window, grid: Grid) -> None:
    assert window_of_extent(grid, bounds_of(*corners(grid, window))) == window


@given(inner)
def test_on_a_rotated_grid_the_window_holds_the_whole_extent(window: Window) -> None:
    bounds = bounds_of(*corners(TURNED, window))
    found = window_of_extent(TURNED, bounds)
    assert holds(found, window)
    x, y = TURNED.to_pixel([bounds[0], bounds[2], bounds[2], bounds[0]], [bounds[1], bounds[1], bounds[3], bounds[3]])
    assert found.col == max(0, math.floor(x.min() + 1e-6))
    assert found.bottom == min(600, math.ceil(y.max() - 1e-6))


@given(inner, st.sampled_from(GRIDS), st.sampled_from([-360, 0, 360]))
def test_an_extent_in_degrees_holds_what_it_surrounds(window: Window, grid: Grid, turn: int) -> None:
    """However its longitudes are written, over the antimeridian too, and little more."""
    x, y = np.meshgrid(np.linspace(window.col, window.right, 30), np.linspace(window.row, window.bottom, 30))
    lon, lat = grid.to_lonlat(x, y)
    lon = np.unwrap(np.unwrap(lon, period=360, axis=1), period=360, axis=0) + turn
    found = window_of_extent(grid, bounds_of(lon, lat), "EPSG:4326")
    shrunk = Window(window.row + 1, window.col + 1, window.height - 2, window.width - 2)  # coarse outline
    assert holds(found, shrunk)
    if grid is not TURNED and grid is not DATE_LINE_UTM:
        assert found.height <= window.height + 0.2 * window.width + 3


def test_a_small_extent_across_crss_is_exact() -> None:
    """Ten pixels around a place, given in Mercator."""
    lon, lat = UTM.to_lonlat(400, 300)
    x, y = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:3857", always_xy=True).transform(float(lon), float(lat))
    half = 50 / math.cos(math.radians(float(lat)))
    found = window_of_extent(UTM, (x - half, y - half, x + half, y + half), "EPSG:3857")
    assert abs(found.col - 395) <= 1
    assert abs(found.row - 295) <= 1
    assert 10 <= found.width <= 12


def test_edges_are_followed_as_curves() -> None:
    """A parallel of latitude bows by 40 pixels across a wide UTM scene; its ends alone would miss that."""
    wide = Grid(3000, 60_000, Affine(10, 0, 200_000, 0, -10, 6_700_000), pyproj.CRS.from_epsg(32631))
    lon, lat = wide.to_lonlat([0, 30_000, 60_000], [1500, 1500, 1500])
    found = window_of_extent(wide, (float(lon[0]), float(lat[0]), float(lon[2]), float(lat[0]) + 0.01), "EPSG:4326")
    _, middle_row = wide.from_lonlat(lon[1], lat[0])
    _, end_row = wide.from_lonlat(lon[0], lat[0])
    assert abs(middle_row - end_row) > 100
    assert found.row <= min(middle_row, end_row)
    assert found.bottom >= max(middle_row, end_row) - 1


def test_larger_extents_are_cut_off_at_the_scene() -> None:
    assert window_of_extent(UTM, (0, 0, 1e6, 9e6)) == Window(0, 0, 600, 800)
    assert window_of_extent(UTM, (400_100, 5_699_000, 9e6, 9e6)) == Window(0, 10, 100, 790)


@pytest.mark.parametrize("grid", [*GRIDS, POLAR])
def test_the_whole_world_is_the_whole_scene(grid: Grid) -> None:
    for world in ((-180, -90, 180, 90), (-180, -80, 180, 85), (0, -80, 360, 90)):
        found = window_of_extent(grid, world, "EPSG:4326")
        assert found == Window(0, 0, grid.height, grid.width)


def test_an_extent_around_a_pole() -> None:
    found = window_of_extent(POLAR, (-180, 89, 180, 90), "EPSG:4326")
    x, y = POLAR.from_lonlat(0, 90)
    assert holds(found, Window(int(y) - 100, int(x) - 100, 200, 200))
    assert found.width < 300


def test_rasters_from_0_to_360_take_western_longitudes() -> None:
    assert window_of_extent(ROUND_THE_WORLD, (-20, 10, -10, 20)) == Window(70, 340, 10, 10)
    assert window_of_extent(ROUND_THE_WORLD, (340, 10, 350, 20)) == Window(70, 340, 10, 10)
    assert window_of_extent(ROUND_THE_WORLD, (-20, 10, -10, 20), "OGC:CRS84") == Window(70, 340, 10, 10)


def test_an_extent_over_the_antimeridian() -> None:
    for grid in (DATE_LINE_DEGREES, DATE_LINE_WEST):
        for west in (179.9, -180.1):
            found = window_of_extent(grid, (west, 9.7, west + 0.2, 9.8), "EPSG:4326")
            assert (found.row, found.col, found.height, found.width) == (200, 300, 100, 200)


@pytest.mark.parametrize(
    "bounds",
    [
        (math.nan, 0, 1, 1), (0, 0, math.inf, 1), (5, 0, 4, 1), (0, 1, 1, 0), (3, 3, 3, 4), (179, 0, -179, 1),
        (0, 0, 1, 1),
    ],
)  # fmt: skip
def test_malformed_empty_and_distant_extents_are_refused(bounds: tuple[float, float, float, float]) -> None:
    with pytest.raises(BadExtent):
        window_of_extent(UTM, bounds)


@pytest.mark.parametrize("grid", GRIDS)
def test_an_extent_elsewhere_in_degrees_is_refused(grid: Grid) -> None:
    for bounds in ((-70, -40, -60, -30), (100, 60, 101, 61)):
        with pytest.raises(BadExtent, match="does not meet"):
            window_of_extent(grid, bounds, "EPSG:4326")


@pytest.mark.parametrize("crs", ["EPSG:999999", "nonsense", ""])
def test_an_unknown_crs_is_refused(crs: str) -> None:
    with pytest.raises(BadCrs):
        window_of_extent(UTM, (0, 0, 1, 1), crs)


def test_a_crs_for_a_scene_without_georeference_is_refused() -> None:
    with pytest.raises(BadCrs, match="georeference"):
        window_of_extent(Grid(10, 10, Affine(1, 0, 0, 0, -1, 0), None), (0, 0, 1, 1), "EPSG:4326")
