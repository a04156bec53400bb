"""Anchors: where nodes fall on a chip, what is sampled there, for one chip and for the thousands of a scene."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyproj
import pytest
from aef_servers import FileServer
from aef_world import World, chunks_of_box, decoded, encoded, random_vectors, write_mosaic, write_raster
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st

from fusar_core.domain.anchors import Anchors
from fusar_core.domain.grid import Grid
from fusar_core.domain.tiling import Window, tile
from fusar_core.errors import BadAnchors, BadCrs, BadExtent, BadOption, SourceElsewhere, UnknownYear
from fusar_core.prior.aef import ATTRIBUTION, NoEmbeddings, open_source
from fusar_core.prior.aef.cache import DiskCache
from fusar_core.prior.aef.lonlat_grid import WORLD
from fusar_core.prior.aef.mosaic import MosaicSource
from fusar_core.prior.aef.ranges import HttpReader
from fusar_core.prior.anchors import AnchorSampler, node_positions, sample_anchors
from fusar_core.prior.spacetime import SpatioTemporalBox

CHIP = Window(100, 200, 504, 504)
WEST, NORTH = 9.83, 45.08


def grid(crs: str | None, transform: Affine, height: int = 900, width: int = 900) -> Grid:
    return Grid(height, width, transform, pyproj.CRS(crs) if crs else None)


# --- where nodes fall -------------------------------------------------------------------------------------------------


@given(st.floats(-170, 170), st.floats(-80, 80), st.floats(5e-6, 1e-3), st.floats(5e-6, 1e-3), st.integers(0, 5000))
def test_for_a_north_up_raster_in_degrees_the_mapping_is_the_papers_linear_one(
    west: float, north: float, dx: float, dy: float, row: int
) -> None:
    raster = grid("EPSG:4326", Affine(dx, 0, west, 0, -dy, north), row + 504, 504)
    window = Window(row, 0, 504, 504)
    if not north - (row + 504) * dy > -85:
        return
    box = SpatioTemporalBox.of_window(raster, window, 2020)
    lon, lat = box.nodes()
    positions = node_positions(raster, window, lon, lat)
    x = (lon - west) / (504 * dx)
    y = (north - row * dy - lat) / (504 * dy)
    np.testing.assert_allclose(positions, np.column_stack([y, x]), atol=1e-9)
    steps = np.arange(18) / 17
    np.testing.assert_allclose(positions.reshape(18, 18, 2)[:, 0, 0], steps, atol=1e-9)
    np.testing.assert_allclose(positions.reshape(18, 18, 2)[0, :, 1], steps, atol=1e-9)


@st.composite
def rasters(draw: st.DrawFn) -> tuple[str, Affine]:
    """CRS and geotransform of the kinds of scenes there are, at many places, sizes of pixels and rotations."""
    kind = draw(st.sampled_from(["utm", "polar north", "polar south", "antimeridian", "utm 1", "mercator past 180"]))
    size, turn = draw(st.floats(0.5, 60)), draw(st.floats(0, 360))
    rotation = Affine.rotation(turn) @ Affine.scale(size, -size)
    fraction = draw(st.floats(0, 1))
    if kind == "utm":
        zone, south = draw(st.integers(1, 60)), draw(st.booleans())
        place = Affine.translation(250_000 + 500_000 * fraction, 1_500_000 + 7_000_000 * draw(st.floats(0, 1)))
        return f"EPSG:{327 if south else 326}{zone:02d}", place @ rotation
    if kind.startswith("polar"):
        angle, radius = draw(st.floats(0, 2 * math.pi)), draw(st.floats(0, 2_500_000))
        place = Affine.translation(radius * math.cos(angle), radius * math.sin(angle))
        return ("EPSG:3413" if kind == "polar north" else "EPSG:3031"), place @ rotation
    if kind == "utm 1":
        return "EPSG:32701", Affine.translation(180_500 - 500 * size * fraction, 8_118_000) @ rotation
    if kind == "mercator past 180":
        edge = 20037508.342789244
        return "EPSG:3395", Affine.translation(edge - 400 * size * fraction, 2_000_000) @ Affine.scale(size, -size)
    degrees = size / 111_320
    return "EPSG:4326", Affine.translation(180 - 504 * degrees * fraction, 20.0) @ Affine.scale(degrees, -degrees)


class Everywhere(NoEmbeddings):
    """Has the same vector at every place, and remembers how coarse it was asked to be."""

    def __init__(self) -> None:
        self.resolutions: list[float] = []

    def sample(
        self, lon: np.ndarray, lat: np.ndarray, year: int, resolution_m: float = 0.0
    ) -> tuple[np.ndarray, np.ndarray]:
        self.resolutions.append(resolution_m)
        return np.repeat(np.eye(1, 64, dtype=np.float32), len(lon), axis=0), np.ones(len(lon), bool)


@settings(max_examples=80)
@given(rasters())
def test_every_node_lands_where_pyproj_says(raster: tuple[str, Affine]) -> None:
    crs, transform = raster
    scene, window = grid(crs, transform), Window(30, 10, 504, 504)
    anchors = sample_anchors(scene, window, 2020, Everywhere())
    assert len(anchors) > 0
    # The other way round, so that nothing is shared with the code: pixel → map → longitude and latitude.
    y, x = anchors.positions.astype(float).T * 504 + [[30], [10]]
    easting, northing = transform @ (x, y)
    to_lonlat = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    lon, lat = to_lonlat.transform(easting, northing)
    _, _, off_m = pyproj.Geod(ellps="WGS84").inv(lon, lat, anchors.lon, anchors.lat)
    _, _, pixel_m = pyproj.Geod(ellps="WGS84").inv(
        *to_lonlat.transform(easting[:1], northing[:1]), *to_lonlat.transform(*(transform @ (x[:1] + 1, y[:1])))
    )
    assert np.max(off_m) < 0.01 * pixel_m[0]


def test_nodes_cover_the_chip_also_past_180_degrees_in_mercator() -> None:
    """Tiles of one scene before, on and behind the antimeridian have the same grid."""
    edge, size = 20037508.342789244, 10.0
    counts = []
    for start in (edge - 10_000, edge - 2_520, edge + 10_000):
        scene = grid("EPSG:3395", Affine(size, 0, start, 0, -size, 2_000_000))
        box = SpatioTemporalBox.of_window(scene, CHIP, 2020)
        positions = node_positions(scene, CHIP, *box.nodes())
        counts.append(int(((positions > -1e-4) & (positions < 1 + 1e-4)).all(axis=1).sum()))
    assert counts == [324, 324, 324]


# --- what is sampled there --------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def world() -> World:
    return World()


@pytest.fixture(scope="session")
def mosaic(tmp_path_factory: pytest.TempPathFactory, world: World) -> Path:
    chunks = chunks_of_box(WEST, NORTH - 0.09, WEST + 0.09, NORTH)
    return write_mosaic(tmp_path_factory.mktemp("mosaic"), {place: world.chunk(*place) for place in chunks})


@pytest.fixture
def server(mosaic: Path) -> Iterator[FileServer]:
    with FileServer(folder=mosaic) as running:
        yield running


SCENE = grid("EPSG:4326", Affine(WORLD.step, 0, WEST, 0, -WORLD.step, NORTH))


def test_anchors_of_a_chip_carry_vectors_places_years_and_attribution(mosaic: Path, world: World) -> None:
    anchors = sample_anchors(SCENE, CHIP, 2020, open_source(mosaic))
    assert len(anchors) == 324
    assert anchors.valid_fraction == 1.0
    assert anchors.features.dtype == anchors.positions.dtype == np.float32
    np.testing.assert_allclose(anchors.features, decoded(world.codes_at(anchors.lon, anchors.lat)), atol=1e-6)
    np.testing.assert_allclose(anchors.positions[[0, -1]], [[0, 0], [1, 1]], atol=1e-7)
    assert anchors.lat[0] == pytest.approx(NORTH - 100 * WORLD.step)
    assert (anchors.year_requested, anchors.year_used) == (2020, 2020)
    assert anchors.source == f"mosaic {mosaic}"
    assert anchors.attribution == ATTRIBUTION


def test_a_thousand_chips_ask_for_each_chunk_once_and_a_second_run_for_none(
    server: FileServer, tmp_path: Path, world: World
) -> None:
    chips = [where.window for where in tile(Window(0, 0, 900, 900), 64, 37)]
    assert len(chips) >= 1000
    nodes = [SpatioTemporalBox.of_window(SCENE, chip, 2020).nodes() for chip in chips]
    lon, lat = (np.concatenate(axis) for axis in zip(*nodes, strict=True))
    side = 256 * WORLD.step
    chunks = set(zip((WORLD.north - lat) // side, (lon - WORLD.west) // side, strict=True))
    shards = {(row // 16, column // 16) for row, column in chunks}

    def run(batched: bool) -> list[Anchors]:
        source = MosaicSource(server.url, DiskCache(tmp_path, 10**9), HttpReader(server.url))
        sampler = AnchorSampler(source, 2020)
        return list(sampler.for_chips(SCENE, chips) if batched else (sampler.for_chip(SCENE, c) for c in chips))

    first = run(batched=True)
    assert server.shard_requests() == (len(shards), len(chunks))
    before = len(server.requests)
    second = run(batched=False)
    assert len(server.requests) == before
    for one, two in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.features, two.features)
        np.testing.assert_array_equal(one.positions, two.positions)
    last = first[-1]
    np.testing.assert_allclose(last.features, decoded(world.codes_at(last.lon, last.lat)), atol=1e-6)


def test_rotated_chips_keep_the_nodes_on_them_and_no_others(mosaic: Path) -> None:
    place = Affine.translation(WEST + 0.04, NORTH - 0.01)
    turned = grid("EPSG:4326", place @ Affine.rotation(45) @ Affine.scale(6e-5, -6e-5))
    anchors = sample_anchors(turned, Window(0, 0, 504, 504), 2020, open_source(mosaic))
    assert len(anchors) == 144  # a square on its corner fills half of its box
    assert anchors.valid_fraction == 1.0


def test_masked_nodes_are_dropped_and_counted(tmp_path: Path) -> None:
    pixels = np.repeat(np.repeat(encoded(random_vectors(1)).T[:, :, None], 504, 1), 504, 2)
    pixels[:, :, 252:] = -128
    path = write_raster(tmp_path / "aef_2020.tif", pixels, SCENE.transform, "EPSG:4326", nodata=-128)
    anchors = sample_anchors(SCENE, Window(0, 0, 504, 504), 2020, open_source(path))
    assert len(anchors) == 162
    assert anchors.valid_fraction == 0.5
    assert anchors.positions[:, 1].max() < 0.5


def test_a_chip_without_data_gets_no_anchors_and_one_warning(mosaic: Path) -> None:
    sea = grid("EPSG:4326", Affine(WORLD.step, 0, -30, 0, -WORLD.step, 5))
    sampler = AnchorSampler(open_source(mosaic), 2020)
    for window in (CHIP, Window(0, 0, 504, 504)):
        anchors = sampler.for_chip(sea, window)
        assert len(anchors) == 0
        assert anchors.features.shape == (0, 64)
        assert anchors.valid_fraction == 0.0
    assert len(sampler.warnings) == 1
    assert "no data" in sampler.warnings[0]


def test_a_polar_scene_goes_on_without_anchors(mosaic: Path) -> None:
    pole = grid("EPSG:3413", Affine(100, 0, -45_000, 0, -100, 45_000))
    with pytest.warns(UserWarning, match="no data"):
        anchors = sample_anchors(pole, Window(0, 0, 900, 900), 2020, open_source(mosaic))
    assert anchors.valid_fraction == 0.0


def test_a_chip_beyond_the_projection_goes_on_without_anchors(mosaic: Path) -> None:
    disc = Grid(1000, 1000, Affine(13_000, 0, -6_500_000, 0, -13_000, 6_500_000), pyproj.CRS("ESRI:102035"))
    assert len(AnchorSampler(open_source(mosaic), 2020).for_chip(disc, Window(0, 0, 50, 50))) == 0


def test_the_source_none_gives_no_anchors_and_no_warning() -> None:
    sampler = AnchorSampler(open_source("none"), 2020)
    assert len(sampler.for_chip(SCENE, CHIP)) == 0
    assert sampler.warnings == []


@pytest.mark.parametrize(("year", "used"), [(1999, 2017), (2031, 2025)])
def test_years_without_embeddings_take_the_nearest_and_say_so_once(mosaic: Path, year: int, used: int) -> None:
    sampler = AnchorSampler(open_source(mosaic), year)
    both = list(sampler.for_chips(SCENE, [CHIP, CHIP]))
    assert [(a.year_requested, a.year_used) for a in both] == [(year, used)] * 2
    assert sum(str(year) in message for message in sampler.warnings) == 1


def test_large_chips_are_seen_shrunk_so_that_overviews_serve_them() -> None:
    source = Everywhere()
    scene = grid("EPSG:32631", Affine(10, 0, 500_000, 0, -10, 5_000_000), 5040, 5040)
    AnchorSampler(source, 2020).for_chip(scene, Window(0, 0, 504, 504))
    AnchorSampler(source, 2020).for_chip(scene, Window(0, 0, 5040, 5040))
    assert source.resolutions == pytest.approx([10, 100], rel=1e-2)


# --- what is refused --------------------------------------------------------------------------------------------------


def test_an_unknown_year_is_asked_for() -> None:
    with pytest.raises(UnknownYear, match="--year"):
        AnchorSampler(open_source("none"), None)


def test_a_grid_of_two_is_refused_before_anything_is_read() -> None:
    with pytest.raises(BadOption, match="2 nodes"):
        AnchorSampler(open_source("none"), 2020, 2)


def test_an_image_without_georeference_is_refused() -> None:
    with pytest.raises(BadCrs, match="no georeference"):
        sample_anchors(grid(None, Affine.identity()), CHIP, 2020, open_source("none"))


def test_nan_bounds_are_refused() -> None:
    with pytest.raises(BadExtent):
        sample_anchors(grid("EPSG:4326", Affine(1e-4, 0, math.nan, 0, -1e-4, 50)), CHIP, 2020, open_source("none"))


def test_a_raster_in_the_wrong_place_is_refused(tmp_path: Path) -> None:
    path = write_raster(
        tmp_path / "aef.tif", np.ones((64, 300, 300), np.int8), Affine(1e-4, 0, 100, 0, -1e-4, 10), "EPSG:4326"
    )
    with pytest.raises(SourceElsewhere, match="0 %"):
        sample_anchors(SCENE, CHIP, 2020, open_source(path))


@pytest.mark.parametrize(
    "wrong",
    [
        {"features": np.zeros((3, 3), np.float32)},
        {"positions": np.zeros((4, 2), np.float32)},
        {"positions": np.full((3, 2), 1.5, np.float32)},
        {"positions": np.full((3, 2), np.nan, np.float32)},
        {"features": np.full((3, 64), np.inf, np.float32)},
        {"lon": np.zeros(2)},
    ],
)
def test_anchors_that_do_not_fit_together_are_refused(wrong: dict[str, np.ndarray]) -> None:
    right = {
        "features": random_vectors(3).astype(np.float32),
        "positions": np.zeros((3, 2), np.float32),
        "lon": np.zeros(3),
        "lat": np.zeros(3),
    }
    Anchors(**right)
    with pytest.raises(BadAnchors):
        Anchors(**(right | wrong))
