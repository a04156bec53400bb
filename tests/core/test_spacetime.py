"""The box of a chip in longitudes, latitudes and years, and the grid of nodes over it (paper eq. 1–2)."""

from __future__ import annotations

import math

import numpy as np
import pyproj
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from fusar_core.domain.grid import Grid
from fusar_core.domain.tiling import Window
from fusar_core.errors import BadExtent, BadOption
from fusar_core.prior.spacetime import SpatioTemporalBox

WHOLE = Window(0, 0, 500, 500)


def grid(crs: str, transform: Affine, side: int = 500) -> Grid:
    return Grid(side, side, transform, pyproj.CRS(crs))


def bounds(box: SpatioTemporalBox) -> tuple[float, float, float, float]:
    return box.lon_min, box.lat_min, box.lon_max, box.lat_max


def test_the_grid_is_that_of_equation_2() -> None:
    lon, lat = SpatioTemporalBox(10, 50, 12, 51, 2020).nodes(5, 3)
    assert lon.reshape(3, 5)[0].tolist() == [10, 10.5, 11, 11.5, 12]
    assert lat.reshape(3, 5)[:, 0].tolist() == [51, 50.5, 50]  # as in the image, north first
    assert len(SpatioTemporalBox(10, 50, 12, 51, 2020).nodes()[0]) == 18 * 18


def test_one_node_is_the_centre_and_two_are_refused() -> None:
    box = SpatioTemporalBox(10, 50, 12, 51, 2020)
    assert [axis.tolist() for axis in box.nodes(1, 1)] == [[11], [50.5]]
    for n in (2, 0, -1, 20_000, 10**30):
        with pytest.raises(BadOption, match=str(n)):
            box.nodes(n, 18)


def test_over_the_antimeridian_longitudes_wrap_and_the_box_stays_narrow() -> None:
    box = SpatioTemporalBox(179, -18, -179, -17, 2020)
    assert box.crosses_antimeridian
    assert box.width_deg == 2
    assert box.nodes(5, 1)[0].tolist() == [179, 179.5, 180, -179.5, -179]


@pytest.mark.parametrize(
    "wrong",
    [
        (math.nan, 0, 1, 1),
        (0, math.nan, 1, 1),
        (0, 0, math.inf, 1),
        (0, 5, 1, 4),
        (0, 1, 1, 1),
        (3, 0, 3, 1),
        (0, -91, 1, 1),
        (500, 0, 510, 1),
    ],
)
def test_bounds_that_are_no_box_are_refused(wrong: tuple[float, float, float, float]) -> None:
    with pytest.raises(BadExtent):
        SpatioTemporalBox(*wrong, 2020)


def test_a_raster_with_nan_in_its_geotransform_is_refused() -> None:
    with pytest.raises(BadExtent):
        SpatioTemporalBox.of_window(grid("EPSG:4326", Affine(math.nan, 0, 10, 0, -1e-4, 50)), WHOLE, 2020)


def test_the_box_of_a_north_up_window_in_degrees_is_its_bounds() -> None:
    box = SpatioTemporalBox.of_window(
        grid("EPSG:4326", Affine(1e-4, 0, 10, 0, -2e-4, 50)), Window(100, 50, 200, 300), 2020
    )
    assert bounds(box) == pytest.approx((10.005, 49.94, 10.035, 49.98), abs=1e-12)
    assert box.year == 2020


@pytest.mark.parametrize(
    ("crs", "transform"),
    [
        ("EPSG:32631", Affine(10, 0, 300_000, 0, -10, 7_700_000)),
        ("EPSG:32733", Affine(10, 5, 300_000, 5, -10, 6_000_000)),
        ("EPSG:3031", Affine(50, 0, -1_500_000, 0, -50, 900_000)),
        ("EPSG:3395", Affine(10, 0, -13_170_000, 0, -10, 3_990_000)),
    ],
)
def test_the_box_of_a_projected_window_holds_all_of_it_and_no_more(crs: str, transform: Affine) -> None:
    box = SpatioTemporalBox.of_window(grid(crs, transform), WHOLE, 2020)
    x, y = np.meshgrid(np.linspace(0, 500, 101), np.linspace(0, 500, 101))
    lon, lat = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(*(transform @ (x, y)))
    expected = lon.min(), lat.min(), lon.max(), lat.max()
    assert bounds(box) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("crs", "transform", "west", "east"),
    [
        ("EPSG:4326", Affine(1e-4, 0, 179.98, 0, -1e-4, -17), 179.98, -179.97),
        ("EPSG:4326", Affine(1e-4, 0, -180.02, 0, -1e-4, -17), 179.98, -179.97),
        ("EPSG:4326", Affine(1e-4, 0, 359.0, 0, -1e-4, -17), -1.0, -0.95),
        ("EPSG:32701", Affine(10, 0, 178_500, 0, -10, 8_118_000), 179.981, -179.97),
        ("EPSG:3832", Affine(10, 0, 3_337_000, 0, -10, -2_000_000), 179.976, -179.978),
    ],
)
def test_windows_over_the_antimeridian_stay_narrow(crs: str, transform: Affine, west: float, east: float) -> None:
    box = SpatioTemporalBox.of_window(grid(crs, transform), WHOLE, 2020)
    assert (box.lon_min, box.lon_max) == pytest.approx((west, east), abs=0.02)
    assert box.width_deg < 0.06


def test_a_window_with_a_pole_has_every_longitude_and_its_neighbour_has_not() -> None:
    arctic = grid("EPSG:3413", Affine(100, 0, -20_000, 0, -100, 20_000))
    box = SpatioTemporalBox.of_window(arctic, WHOLE, 2020)
    assert (box.lon_min, box.lon_max, box.lat_max) == (-180, 180, 90)
    assert 89 < box.lat_min < 90
    beside = SpatioTemporalBox.of_window(arctic, Window(0, 210, 290, 290), 2020)
    assert beside.lat_max < 90
    assert beside.width_deg < 180
    antarctic = grid("EPSG:3031", Affine(100, 0, -20_000, 0, -100, 20_000))
    assert SpatioTemporalBox.of_window(antarctic, WHOLE, 2020).lat_min == -90


def test_a_window_beyond_the_projection_is_refused_and_one_at_its_edge_is_not() -> None:
    disc = Grid(1000, 1000, Affine(13_000, 0, -6_500_000, 0, -13_000, 6_500_000), pyproj.CRS("ESRI:102035"))
    with pytest.raises(BadExtent, match="no longitude"):
        SpatioTemporalBox.of_window(disc, Window(0, 0, 50, 50), 2020)
    assert SpatioTemporalBox.of_window(disc, Window(100, 100, 200, 200), 2020).lat_min > 0


@given(
    st.floats(-180, 179.9),
    st.floats(-89, 88),
    st.floats(0.01, 90),
    st.floats(0.01, 1),
    st.floats(-200, 200),
    st.floats(0.01, 90),
)
def test_boxes_intersect_if_and_only_if_they_share_a_meridian_and_a_parallel(
    west: float, south: float, width: float, height: float, shift: float, other_width: float
) -> None:
    def wrapped(lon: float) -> float:
        return (lon + 180) % 360 - 180

    one = SpatioTemporalBox(wrapped(west), south, wrapped(west + width), south + height, 2020)
    two = SpatioTemporalBox(wrapped(west + shift), south, wrapped(west + shift + other_width), south + height, 2021)
    meridians = np.arange(0, 360, 0.005)
    near = abs((shift - width + 180) % 360 - 180) < 0.02 or abs((shift + other_width + 180) % 360 - 180) < 0.02
    shared = (
        ((meridians - one.lon_min) % 360 <= one.width_deg) & ((meridians - two.lon_min) % 360 <= two.width_deg)
    ).any()
    if not near and min(one.width_deg, two.width_deg) > 0.02:
        assert one.intersects(two) == two.intersects(one) == shared
    assert not one.intersects(SpatioTemporalBox(one.lon_min, -89.9, one.lon_max, -89.5, 2020)) or south < -89.4
