"""The frame of a map tells the truth: ticks stand where their labels say, the bar is as long as it says."""

from __future__ import annotations

import math
import re

import numpy as np
import pyproj
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from fusar_core.domain.grid import GEOD, Grid
from fusar_core.domain.tiling import Window
from fusar_core.results.picture.frame import (
    degrees_label,
    graticule,
    ground_aspect,
    metres_label,
    nice_below,
    north_in_pixels,
    pixel_ticks,
    scale_bar,
    turned_to_north,
)


def grid(crs: str | None, transform: Affine, height: int = 600, width: int = 800) -> Grid:
    return Grid(height, width, transform, pyproj.CRS.from_user_input(crs) if crs else None)


def turned(degrees: float, mirrored: bool = False) -> Affine:
    flip = Affine.scale(10, 10 if mirrored else -10)
    return Affine.translation(500_000, 5_000_000) @ Affine.rotation(degrees) @ flip


UTM = grid("EPSG:32631", turned(0))
DEGREES = grid("EPSG:4326", Affine(0.001, 0, 179.7, 0, -0.001, 60.5))
MERCATOR = grid("EPSG:3395", Affine(10, 0, -13_170_000, 0, -10, 3_980_000))
PLAIN = grid(None, Affine.identity())
WHOLE = Window(0, 0, 600, 800)


def parsed(label: str) -> float:
    """Degrees, signed, of a label such as 118°15′30″W."""
    match = re.fullmatch(r"(\d+)°(?:(\d+)′)?(?:([\d.]+)″)?([NSEW]?)", label)
    assert match, label
    degrees, minutes, seconds, letter = match.groups()
    value = int(degrees) + int(minutes or 0) / 60 + float(seconds or 0) / 3600
    return -value if letter in ("S", "W") and letter else value


@pytest.mark.parametrize(
    ("value", "step", "letters", "label"),
    [
        (-118.25, 900, "EW", "118°15′W"),
        (33.75, 900, "NS", "33°45′N"),
        (-12.0, 3600, "NS", "12°S"),
        (0.0, 60, "EW", "0°00′"),
        (5.508333333333, 30, "EW", "5°30′30″E"),
        (-0.000125, 0.05, "NS", "0°00′00.45″S"),
        (59.99999999, 60, "NS", "60°00′N"),
        (-180.0, 60, "EW", "180°00′"),
    ],
)
def test_labels_are_written_as_on_charts(value: float, step: float, letters: str, label: str) -> None:
    assert degrees_label(value, step, letters) == label


@given(st.integers(-179, 179), st.sampled_from([0.05, 1.0, 15.0, 60.0, 600.0, 3600.0]), st.integers(0, 40))
def test_a_label_says_its_value(whole: int, step: float, multiples: int) -> None:
    value = whole + multiples * step / 3600
    if abs(value) < 180:
        assert parsed(degrees_label(value, step, "EW")) == pytest.approx(value, abs=1e-7)


@given(st.floats(0, 360), st.booleans(), st.sampled_from(["top", "bottom", "left", "right"]))
def test_ticks_stand_where_their_label_says(angle: float, mirrored: bool, edge: str) -> None:
    scene = grid("EPSG:32631", turned(angle, mirrored))
    ticks = graticule(scene, WHOLE, edge, 6)  # type: ignore[arg-type]
    assert 1 <= len(ticks) <= 6
    for tick in ticks:
        at = {"top": (tick.at, 0), "bottom": (tick.at, 600), "left": (0, tick.at), "right": (800, tick.at)}[edge]
        lon, lat = scene.to_lonlat(*at)
        value = float(lat) if tick.label[-1] in "NS" else float(lon)
        assert parsed(tick.label) == pytest.approx(value, abs=2e-6)


def test_ticks_run_on_over_the_antimeridian() -> None:
    labels = [t.label for t in graticule(DEGREES, WHOLE, "bottom", 8)]
    assert labels == ["179°50′E", "180°00′", "179°50′W", "179°40′W", "179°30′W"]


def test_a_quarter_turn_puts_parallels_along_the_bottom() -> None:
    scene = grid("EPSG:32631", turned(90))
    assert all(t.label.endswith("N") for t in graticule(scene, WHOLE, "bottom", 6))
    assert all(t.label.endswith("E") for t in graticule(scene, WHOLE, "left", 6))


def test_without_georeference_there_are_pixels_and_no_bar() -> None:
    assert graticule(PLAIN, WHOLE, "bottom", 6) == []
    assert scale_bar(PLAIN, WHOLE) is None
    assert north_in_pixels(PLAIN, WHOLE) is None
    assert ground_aspect(PLAIN, WHOLE) == 1.0
    assert [(t.at, t.label) for t in pixel_ticks(130, 470, 5)] == [
        (200, "200"),
        (300, "300"),
        (400, "400"),
        (500, "500"),
        (600, "600"),
    ]
    assert [t.label for t in pixel_ticks(0, 1, 7)] == ["0", "1"]


@pytest.mark.parametrize("scene", [UTM, DEGREES, MERCATOR, grid("EPSG:32631", turned(-37))])
def test_the_scale_bar_is_as_long_as_it_says(scene: Grid) -> None:
    bar = scale_bar(scene, WHOLE)
    assert bar
    metres, pixels = bar
    assert 0.05 * 800 < pixels <= 0.22 * 800
    (lon1, lon2), (lat1, lat2) = scene.to_lonlat([400 - pixels / 2, 400 + pixels / 2], [300, 300])
    assert GEOD.inv(lon1, lat1, lon2, lat2)[2] == pytest.approx(metres, rel=1e-3)


def test_degrees_at_sixty_north_are_half_as_wide_as_high() -> None:
    assert ground_aspect(DEGREES, WHOLE) == pytest.approx(2.0, rel=0.02)


@given(st.floats(0, 360), st.booleans())
def test_north_leads_to_higher_latitude_at_the_same_longitude(angle: float, mirrored: bool) -> None:
    scene = grid("EPSG:32631", turned(angle, mirrored))
    north = north_in_pixels(scene, WHOLE)
    assert north
    assert math.hypot(*north) == pytest.approx(1)
    (lon1, lon2), (lat1, lat2) = scene.to_lonlat(
        np.array([400, 400 + 100 * north[0]]), np.array([300, 300 + 100 * north[1]])
    )
    assert GEOD.inv(lon1, lat1, lon2, lat2)[0] == pytest.approx(0, abs=0.1)


@given(st.floats(0, 360), st.booleans())
def test_a_map_is_never_mirrored_and_north_is_up_as_far_as_flipping_goes(angle: float, mirrored: bool) -> None:
    scene = grid("EPSG:32631", turned(angle, mirrored))
    flip_x, flip_y = turned_to_north(scene, WHOLE)
    assert (flip_x != flip_y) == mirrored
    x, y = np.array([400, 500, 400]), np.array([300, 300, 400])
    lon, lat = scene.to_lonlat(x, y)
    shown = np.column_stack([lon * np.cos(np.radians(lat)), lat])
    right, down = (shown[1] - shown[0]) * (-1 if flip_x else 1), (shown[2] - shown[0]) * (-1 if flip_y else 1)
    assert right[0] * down[1] - right[1] * down[0] < 0  # as on any map: down lies clockwise of right
    assert down[1] <= 1e-5
    assert turned_to_north(PLAIN, WHOLE) == (False, False)


@given(st.floats(1e-6, 1e9))
def test_nice_numbers_are_next_to_the_value(value: float) -> None:
    below, above = nice_below(value), nice_below(value, up=True)
    assert below <= value * (1 + 1e-6)
    assert above >= value * (1 - 1e-6)
    assert value / below <= 2.5 + 1e-6
    assert above / value <= 2.5 + 1e-6


def test_lengths_have_the_unit_people_use() -> None:
    assert [metres_label(m) for m in (0.5, 2.0, 500.0, 1000.0, 20_000.0)] == ["50 cm", "2 m", "500 m", "1 km", "20 km"]
