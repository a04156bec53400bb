"""The grid value: pixel ↔ map ↔ longitude and latitude, also where that is awkward."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pyproj
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from fusar_core.domain.grid import GEOD, Grid

NORTH_UP = Affine(10, 0, 400_000, 0, -10, 5_700_000)
UTM31 = pyproj.CRS.from_epsg(32631)
DEGREES = pyproj.CRS.from_epsg(4326)


def rotated(x: float, y: float, angle: float, width: float, height: float) -> Affine:
    """Transform of a grid turned by `angle` degrees whose first pixel's outer corner lies at (x, y)."""
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return Affine(cos * width, -sin * height, x, sin * width, cos * height, y)


rotations = st.builds(
    lambda x, y, angle, width, height, mirrored: rotated(x, y, angle, width, -height if mirrored else height),
    st.floats(200_000, 800_000),
    st.floats(0, 9_000_000),
    st.floats(0, 360),
    st.floats(0.5, 200),
    st.floats(0.5, 200),
    st.booleans(),
)
pixels = st.floats(-2000, 20_000)


@given(rotations, pixels, pixels)
def test_pixel_to_map_and_back(transform: Affine, x: float, y: float) -> None:
    grid = Grid(1000, 1000, transform, UTM31)
    back_x, back_y = grid.to_pixel(*grid.to_map(x, y))
    assert (float(back_x), float(back_y)) == pytest.approx((x, y), abs=1e-3)


@given(st.integers(0, 59), st.booleans(), st.floats(0, 500), st.floats(0, 400), st.floats(0, 360))
def test_pixel_to_degrees_and_back_in_every_utm_zone(zone: int, north: bool, x: float, y: float, angle: float) -> None:
    """Also in zones 1 and 60, where a scene may lie over the antimeridian."""
    crs = pyproj.CRS.from_epsg((32601 if north else 32701) + zone)
    grid = Grid(400, 500, rotated(500_000, 4_000_000, angle, 40, -40), crs)
    back_x, back_y = grid.from_lonlat(*grid.to_lonlat(x, y))
    assert (float(back_x), float(back_y)) == pytest.approx((x, y), abs=1e-3)


@given(st.floats(-180, 540), st.floats(-80, 80), st.floats(0, 100), st.floats(0, 100))
def test_rasters_in_degrees_may_start_anywhere(west: float, north: float, x: float, y: float) -> None:
    """−180…180, 0…360 and scenes over the antimeridian: a place comes back to its pixel however it is written."""
    grid = Grid(100, 100, Affine(0.01, 0, west, 0, -0.01, north), DEGREES)
    lon, lat = grid.to_lonlat(x, y)
    for turn in (-360, 0, 360):
        back_x, back_y = grid.from_lonlat(lon + turn, lat)
        assert (float(back_x), float(back_y)) == pytest.approx((x, y), abs=1e-6)


def test_arrays_go_through_as_arrays() -> None:
    grid = Grid(100, 200, NORTH_UP, UTM31)
    x, y = grid.to_map(np.zeros((3, 4)), np.arange(12).reshape(3, 4))
    assert x.shape == y.shape == (3, 4)
    assert y[2, 3] == 5_700_000 - 110


@pytest.mark.parametrize(
    ("crs", "transform", "expected"),
    [
        # Web-like Mercator of the ellipsoid: 10 projected metres are 8.3 m on the ground in Los Angeles
        ("EPSG:3395", Affine(10, 0, -13_170_000, 0, -10, 3_980_000), (8.33, 8.31)),
        ("EPSG:32631", NORTH_UP, (10.0, 10.0)),
        # 60° north: a degree of longitude is half as long
        ("EPSG:4326", Affine(0.001, 0, 5, 0, -0.001, 60.05), (55.8, 111.4)),
        ("EPSG:4326", Affine(0.001, 0, 179.95, 0, -0.001, 0.05), (111.3, 110.6)),
        ("EPSG:2263", Affine(10, 0, 1_000_000, 0, -10, 200_000), (3.048, 3.048)),  # feet
    ],
)
def test_pixel_size_is_measured_on_the_ground(crs: str, transform: Affine, expected: tuple[float, float]) -> None:
    grid = Grid(100, 100, transform, pyproj.CRS.from_user_input(crs))
    assert grid.pixel_size_m == pytest.approx(expected, rel=0.002)


def test_pixel_size_of_a_rotated_grid_is_that_of_its_axes() -> None:
    grid = Grid(100, 100, rotated(400_000, 5_700_000, 33, 4, -25), UTM31)
    assert grid.pixel_size_m == pytest.approx((4, 25), rel=0.001)


@given(rotations.filter(lambda t: 1_000_000 < t.f < 7_500_000))
def test_footprint_is_a_closed_ring_around_the_scene(transform: Affine) -> None:
    grid = Grid(80, 120, transform, UTM31)
    ring = grid.footprint(5)
    assert len(ring) == 4 * 4 + 1
    assert ring[0] == pytest.approx(ring[-1])
    lon, lat = (float(v) for v in grid.to_lonlat(0, 0))
    assert ring[0] == pytest.approx((lon, lat))
    lons, lats = np.array(ring).T
    around = abs(GEOD.polygon_area_perimeter(lons, lats)[0])
    along_row, along_column = grid.pixel_size_m or (math.nan, math.nan)
    assert around == pytest.approx(along_row * 120 * along_column * 80, rel=0.01)


@pytest.mark.parametrize(
    ("crs", "transform"),
    [("EPSG:32601", Affine(1000, 0, 150_000, 0, -1000, 1_000_000)), ("EPSG:4326", Affine(0.02, 0, 179, 0, -0.02, 9))],
)
def test_footprint_over_the_antimeridian_runs_on(crs: str, transform: Affine) -> None:
    lons = [lon for lon, _ in Grid(100, 100, transform, pyproj.CRS.from_user_input(crs)).footprint()]
    assert max(lons) - min(lons) < 5
    assert max(abs(a - b) for a, b in pairwise(lons)) < 1


def test_without_georeference_there_are_only_pixels() -> None:
    grid = Grid(10, 20, Affine(1, 0, 0, 0, -1, 0), None)
    assert not grid.is_georeferenced
    assert grid.pixel_size_m is None
    assert grid.crs_name() == grid.crs_wkt() == ""
    with pytest.raises(ValueError, match="georeference"):
        grid.to_lonlat(0, 0)


def test_names_of_a_crs() -> None:
    assert Grid(1, 1, NORTH_UP, UTM31).crs_name() == "EPSG:32631"
    own = pyproj.CRS.from_proj4("+proj=laea +lat_0=10 +lon_0=20 +ellps=GRS80 +units=m")
    assert Grid(1, 1, NORTH_UP, own).crs_name() not in ("", "EPSG:32631")
    assert Grid(1, 1, NORTH_UP, UTM31).crs_wkt().startswith("PROJCRS")
