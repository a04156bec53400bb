"""Ghosts are flagged where their common displacement gives them away, and ships at anchor are not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyproj
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from fusar_core.domain.answers import Detection
from fusar_core.domain.grid import Grid
from fusar_core.engines.cfar.detector import detect
from fusar_core.interpretation.ambiguity import AZIMUTH, flag_ambiguities, sentinel1_headings_deg, sentinel1_shifts_m
from fusar_core.scenes.acquisition import Acquisition

SIDE = 2600
GRID = Grid(SIDE, SIDE, Affine(10, 0, 380_000, 0, -10, 3_740_000), pyproj.CRS.from_epsg(32611))
LATITUDE = 33.7
CONVERGENCE_DEG = -0.65
"""Grid north of UTM zone 11 minus true north at the middle of the scene."""
UNKNOWN = Acquisition()
SENTINEL1 = Acquisition(sensor="Sentinel-1A")
ASCENDING = replace(SENTINEL1, orbit_pass="ascending")
ACQUISITIONS = pytest.mark.parametrize("acquisition", [UNKNOWN, SENTINEL1, ASCENDING], ids=["unknown", "S1", "S1 up"])


def vessel(x: float, y: float, length_m: float, contrast_db: float) -> Detection:
    """An upright box at a place in pixels of 10 m."""
    dx, dy = length_m / 20, max(length_m / 6, 12) / 20
    corners = (x - dx, y - dy), (x + dx, y - dy), (x + dx, y + dy), (x - dx, y + dy)
    return Detection("ship", 0.9, corners, contrast_db)


def anchorage(rng: np.random.Generator, number: int, in_rows: bool = False) -> list[Detection]:
    """Ships of 20 to 400 m at random, at least 500 m apart, or in rows and columns as berths are laid out."""
    across = math.ceil(math.sqrt(number))
    places: list[tuple[float, float]] = []
    while len(places) < number:
        if in_rows:
            row, col = divmod(len(places), across)
            step = (SIDE - 200) / across
            x, y = 100 + step * (col + 0.5) + rng.normal(0, 8), 100 + step * (row + 0.5) + rng.normal(0, 8)
        else:
            x, y = rng.uniform(50, SIDE - 50, 2)
        if all(math.dist((x, y), p) > 50 for p in places):
            places.append((x, y))
    lengths = np.clip(rng.lognormal(math.log(180), 0.6, number), 20, 400)
    contrasts = np.clip(rng.normal(22, 4, number) + 8 * np.log10(lengths / 180), 8, 35)
    return [vessel(x, y, float(m), float(c)) for (x, y), m, c in zip(places, lengths, contrasts, strict=True)]


def displaced(x: float, y: float, heading_deg: float, metres: float) -> tuple[float, float]:
    grid_heading = math.radians(heading_deg - CONVERGENCE_DEG)
    return x + metres / 10 * math.sin(grid_heading), y - metres / 10 * math.cos(grid_heading)


def ghosts_of(
    rng: np.random.Generator, ships: Sequence[Detection], heading_deg: float, shift_m: float, loss_db: float = 22
) -> list[Detection]:
    """Faint, smaller copies ahead of and behind the ships, as far as they are bright enough and inside the scene."""
    found = []
    for ship in ships:
        assert ship.contrast_db is not None
        for way in (1, -1):
            x, y = displaced(*ship.centre, heading_deg, way * shift_m)
            contrast = ship.contrast_db - loss_db + rng.normal(0, 1.5)
            if contrast > 6 and 0 < x < SIDE and 0 < y < SIDE:
                x, y = x + rng.normal(0, 3), y + rng.normal(0, 3)
                found.append(vessel(x, y, max(20, 4 * (ship.bbox[2] - ship.bbox[0])), contrast))
    return found


def flagged(detections: Sequence[Detection]) -> int:
    return sum(AZIMUTH in d.flags for d in detections)


def test_displacements_of_sentinel1_are_those_of_its_sub_swaths() -> None:
    """Published: about 5.2 km in IW1, 4.6 km in IW2, 5.8 km in IW3."""
    middles = [sum(s) / 2 for s in sentinel1_shifts_m()]
    assert middles == pytest.approx([5200, 4650, 5750], abs=100)


@pytest.mark.parametrize(("latitude", "up", "down"), [(0, 348.0, 192.0), (34, 346.9, 193.1), (-60, 341.6, 198.4)])
def test_headings_of_sentinel1_follow_from_its_orbit(latitude: float, up: float, down: float) -> None:
    assert sentinel1_headings_deg(latitude) == pytest.approx((up, down), abs=0.3)


@ACQUISITIONS
@pytest.mark.parametrize("pass_", [0, 1], ids=["ascending", "descending"])
def test_ghosts_on_both_sides_of_bright_ships_are_flagged(acquisition: Acquisition, pass_: int) -> None:
    if pass_ and acquisition.orbit_pass:
        acquisition = replace(acquisition, orbit_pass="descending")
    seen = real = ghosts = wrong = 0
    for seed in range(5):
        rng = np.random.default_rng(seed)
        ships = anchorage(rng, 60)
        copies = ghosts_of(rng, ships, sentinel1_headings_deg(LATITUDE)[pass_] + rng.normal(0, 0.5), 4700 + 100 * seed)
        result = flag_ambiguities([*ships, *copies], GRID, acquisition)
        wrong, real = wrong + flagged(result[: len(ships)]), real + len(ships)
        seen, ghosts = seen + flagged(result[len(ships) :]), ghosts + len(copies)
    assert ghosts > 30
    assert seen >= 0.85 * ghosts
    assert wrong <= 0.02 * real


@ACQUISITIONS
@pytest.mark.parametrize("in_rows", [False, True], ids=["at random", "in rows"])
def test_ships_at_anchor_are_not_flagged(acquisition: Acquisition, in_rows: bool) -> None:
    real = wrong = 0
    for seed in range(10):
        rng = np.random.default_rng(100 + seed)
        ships = anchorage(rng, int(rng.integers(12, 90)), in_rows)
        wrong += flagged(flag_ambiguities(ships, GRID, acquisition))
        real += len(ships)
    assert wrong <= 0.02 * real


def test_the_same_ghosts_are_found_whatever_the_grid() -> None:
    """Degrees, mirrored rows, and an origin beyond the antimeridian: only the ground counts."""
    rng = np.random.default_rng(1)
    ships = anchorage(rng, 60)
    everything = [*ships, *ghosts_of(rng, ships, sentinel1_headings_deg(LATITUDE)[1], 5150)]
    expected = [d.flags for d in flag_ambiguities(everything, GRID, SENTINEL1)]
    assert flagged(flag_ambiguities(everything, GRID, SENTINEL1)) > 5
    upside_down = Grid(SIDE, SIDE, GRID.transform @ Affine(1, 0, 0, 0, -1, SIDE), GRID.crs)
    mirrored = [replace(d, corners=tuple((x, SIDE - y) for x, y in d.corners)) for d in everything]  # type: ignore[arg-type]
    assert [d.flags for d in flag_ambiguities(mirrored, upside_down, SENTINEL1)] == expected
    lon, lat = GRID.to_lonlat(0, 0)
    for moved in (0.0, 180.0 - float(lon) - 0.1):
        degrees = Grid(
            SIDE, SIDE, Affine(1e-4, 0, float(lon) + moved, 0, -1e-4, float(lat)), pyproj.CRS.from_epsg(4326)
        )
        there = []
        for d in everything:
            lon_there, lat_there = GRID.to_lonlat(*d.centre)
            x, y = degrees.from_lonlat(lon_there + moved, lat_there)
            (x0, _), (x1, _) = d.corners[:2]
            assert d.contrast_db is not None
            there.append(vessel(float(x), float(y), 10 * (x1 - x0), d.contrast_db))
        assert [d.flags for d in flag_ambiguities(there, degrees, SENTINEL1)] == expected


def test_one_ship_with_a_ghost_ahead_and_behind_is_enough_where_the_sensor_is_known() -> None:
    rng = np.random.default_rng(2)
    ship = vessel(1300, 1300, 300, 34)
    boats = [vessel(*rng.uniform(200, 2400, 2), 40, 14) for _ in range(4)]
    copies = ghosts_of(rng, [ship], sentinel1_headings_deg(LATITUDE)[0], 5200)
    assert len(copies) == 2
    result = flag_ambiguities([ship, *boats, *copies], GRID, SENTINEL1)
    assert [bool(d.flags) for d in result] == [False] * 5 + [True] * 2


def test_a_ghost_is_never_brighter_than_its_source() -> None:
    x, y = displaced(1300, 1300, sentinel1_headings_deg(LATITUDE)[0], 5200)
    pair = [vessel(1300, 1300, 200, 25), vessel(x, y, 200, 25)]
    assert flagged(flag_ambiguities(pair, GRID, ASCENDING)) == 0
    faint = [pair[0], vessel(x, y, 40, 10)]
    assert [bool(d.flags) for d in flag_ambiguities(faint, GRID, ASCENDING)] == [False, True]


def test_the_second_ghost_twice_as_far_is_one_too() -> None:
    heading = sentinel1_headings_deg(LATITUDE)[0]
    ship = vessel(1300, 2000, 350, 35)
    copies = [vessel(*displaced(1300, 2000, heading, k * 4600), 60, 16 - 3 * k) for k in (-1, 1, 2)]
    copies = [c for c in copies if 0 < c.centre[1] < SIDE]
    result = flag_ambiguities([ship, *copies], GRID, SENTINEL1)
    assert [bool(d.flags) for d in result] == [False, True, True, True]


def test_repeats_along_the_look_are_range_ambiguities() -> None:
    rng = np.random.default_rng(3)
    ships = anchorage(rng, 40)
    look = sentinel1_headings_deg(LATITUDE)[0] + 90
    copies = ghosts_of(rng, ships, look, 2300, loss_db=20)
    result = flag_ambiguities([*ships, *copies], GRID, ASCENDING)
    flags = [d.flags for d in result[len(ships) :]]
    assert flags.count(("range_ambiguity",)) >= 0.8 * len(copies)
    assert sum(bool(d.flags) for d in result[: len(ships)]) <= 1


@given(st.lists(st.tuples(st.floats(0, SIDE), st.floats(0, SIDE), st.floats(20, 400), st.floats(0, 40)), max_size=12))
def test_nothing_but_flags_is_changed(places: list[tuple[float, float, float, float]]) -> None:
    before = [vessel(*p) for p in places]
    after = flag_ambiguities(before, GRID, UNKNOWN)
    assert [replace(d, flags=()) for d in after] == before


def test_without_contrast_or_georeference_nothing_is_flagged() -> None:
    rng = np.random.default_rng(4)
    ships = anchorage(rng, 60)
    everything = [*ships, *ghosts_of(rng, ships, sentinel1_headings_deg(LATITUDE)[0], 5150)]
    assert flag_ambiguities([], GRID, UNKNOWN) == []
    unknown = [replace(d, contrast_db=None) for d in everything]
    assert flag_ambiguities(unknown, GRID, SENTINEL1) == unknown
    assert flag_ambiguities(everything, Grid(SIDE, SIDE, Affine.identity(), None), SENTINEL1) == everything


def test_flags_that_are_there_already_stay() -> None:
    x, y = displaced(1300, 1300, sentinel1_headings_deg(LATITUDE)[0], 5200)
    pair = [vessel(1300, 1300, 200, 25), replace(vessel(x, y, 40, 10), flags=("near_land",))]
    assert flag_ambiguities(pair, GRID, ASCENDING) == pair


@pytest.mark.parametrize("pass_", [0, 1], ids=["ascending", "descending"])
def test_from_pixels_to_flags(pass_: int) -> None:
    """Speckle, ships and their ghosts 23 dB below them: the detector finds both, the ghosts alone are flagged."""
    rng = np.random.default_rng(5)
    image = rng.gamma(4.4, 1 / 4.4, (1800, 1800)).astype(np.float32)
    grid = Grid(1800, 1800, GRID.transform, GRID.crs)
    heading = sentinel1_headings_deg(LATITUDE)[pass_]
    ships = [(x + rng.uniform(-60, 60), y + rng.uniform(-60, 60)) for x in range(150, 1800, 300) for y in (750, 1100)]
    copies = [displaced(x, y, heading, way * 5200) for x, y in ships for way in (1, -1)]
    copies = [(x, y) for x, y in copies if 30 < x < 1770 and 30 < y < 1770]
    for places, level in ((ships, 2500.0), (copies, 12.5)):
        for x, y in places:
            image[int(y) - 2 : int(y) + 3, int(x) - 12 : int(x) + 12] += rng.exponential(level, (5, 24))
    found = flag_ambiguities(detect(image, np.ones(image.shape, bool), (10.0, 10.0)), grid, UNKNOWN)

    def hits(places: list[tuple[float, float]], wanted: bool) -> int:
        marked = [d for d in found if bool(d.flags) == wanted]
        return sum(any(math.dist(d.centre, p) < 12 for d in marked) for p in places)

    assert len(copies) >= 12
    assert hits(ships, wanted=False) == len(ships)
    assert hits(copies, wanted=True) >= 0.9 * len(copies)
    assert hits(ships, wanted=True) == 0
