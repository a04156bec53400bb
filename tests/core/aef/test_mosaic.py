"""The Zarr mosaic, written by zarr-python in the public layout and served by a real server."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import google_crc32c
import numpy as np
import pytest
from aef_servers import Fault, FileServer
from aef_world import World, decoded, write_mosaic
from hypothesis import given
from hypothesis import strategies as st

from fusar_core.errors import BadEmbeddings, SourceUnavailable, UnknownSource
from fusar_core.prior.aef import ATTRIBUTION
from fusar_core.prior.aef.cache import DiskCache
from fusar_core.prior.aef.lonlat_grid import WORLD
from fusar_core.prior.aef.mosaic import MosaicSource
from fusar_core.prior.aef.packing import zstd
from fusar_core.prior.aef.ranges import HttpReader
from fusar_core.prior.aef.zarr_shards import crc32c

RNG = np.random.default_rng(3)
LON, LAT = RNG.uniform(9.82, 9.90, 500), RNG.uniform(45.01, 45.09, 500)
EMPTY_EAST, EMPTY_SOUTH = 9.884, 45.028  # the chunk left empty begins about here


def source(server: FileServer, cache: DiskCache) -> MosaicSource:
    return MosaicSource(server.url, cache, HttpReader(server.url, retries=3, first_pause_s=0.01, timeout_s=(2.0, 2.0)))


@given(st.binary(max_size=300))
def test_the_checksum_is_crc32c(content: bytes) -> None:
    assert crc32c(content) == google_crc32c.value(content)


@pytest.mark.parametrize("local", [True, False])
def test_every_point_gets_the_vector_of_its_pixel(
    server: FileServer, mosaic: Path, cache: DiskCache, world: World, local: bool
) -> None:
    opened = MosaicSource(str(mosaic)) if local else source(server, cache)
    features, valid = opened.sample(LON, LAT, 2020)
    empty = (LON > EMPTY_EAST) & (LAT < EMPTY_SOUTH)
    assert features.dtype == np.float32
    assert 0 < (~valid).sum() <= empty.sum() + 60
    assert not valid[(LON > EMPTY_EAST + 0.001) & (LAT < EMPTY_SOUTH - 0.003)].any()
    np.testing.assert_allclose(features[valid], decoded(world.codes_at(LON, LAT))[valid], atol=1e-6)
    assert not features[~valid].any()
    assert opened.attribution == ATTRIBUTION
    opened.close()


def test_each_index_and_chunk_is_asked_for_once_and_never_again(server: FileServer, cache: DiskCache) -> None:
    opened = source(server, cache)
    opened.sample(LON, LAT, 2020)
    side = 256 * WORLD.step
    chunks = set(zip((WORLD.north - LAT) // side, (LON - WORLD.west) // side, strict=True))
    assert server.shard_requests() == (4, len(chunks) - 1)  # the empty chunk is known from the index
    before = len(server.requests)
    opened.sample(LON, LAT, 2020)
    source(server, cache).sample(LON, LAT, 2020)  # another process, say: from the disk
    assert len(server.requests) == before


def test_a_missing_shard_is_no_data_and_remembered(server: FileServer, cache: DiskCache) -> None:
    sea = source(server, cache)
    for _ in range(2):
        features, valid = sea.sample(np.array([-30.0, -30.001]), np.array([0.0, 0.0]), 2020)
        assert not valid.any()
        assert not features.any()
    source(server, cache).sample(np.array([-30.0]), np.array([0.0]), 2020)
    assert server.shard_requests() == (1, 0)


def test_places_beyond_the_grid_and_nan_are_no_data_and_no_request(server: FileServer, cache: DiskCache) -> None:
    _, valid = source(server, cache).sample(np.array([10.0, 10.0, np.nan]), np.array([89.0, -89.0, 45.0]), 2020)
    assert not valid.any()
    assert server.shard_requests() == (0, 0)


def test_other_years_are_other_data_and_years_without_any_the_nearest(server: FileServer, cache: DiskCache) -> None:
    opened = source(server, cache)
    assert [opened.year_used(y) for y in (1999, 2016, 2017, 2020, 2025, 2031)] == [2017, 2017, 2017, 2020, 2025, 2025]
    assert not opened.sample(LON, LAT, 2021)[1].any()
    assert opened.sample(LON[:50], LAT[:50], 2020)[1].any()


def test_it_works_offline_once_warm(mosaic: Path, cache: DiskCache) -> None:
    with FileServer(folder=mosaic) as server:
        features, _ = source(server, cache).sample(LON, LAT, 2020)
    offline = source(server, cache)
    np.testing.assert_array_equal(offline.sample(LON, LAT, 2020)[0], features)
    with pytest.raises(SourceUnavailable, match="no connection"):
        offline.sample(LON, LAT, 2021)


@pytest.mark.parametrize("how", ["429", "503", "truncated", "corrupted", "dropped"])
def test_faults_of_the_network_change_nothing(server: FileServer, cache: DiskCache, mosaic: Path, how: str) -> None:
    expected = MosaicSource(str(mosaic)).sample(LON, LAT, 2020)
    server.faults.append(Fault(how, path="/c/", times=1 if how == "corrupted" else 3))
    features, valid = source(server, cache).sample(LON, LAT, 2020)
    np.testing.assert_array_equal(features, expected[0])
    np.testing.assert_array_equal(valid, expected[1])


@pytest.mark.parametrize("how", ["corrupted", "truncated", "replaced"])
def test_a_chunk_that_arrives_damaged_is_fetched_again_and_not_kept(
    server: FileServer, cache: DiskCache, world: World, how: str
) -> None:
    source(server, cache).sample(np.array([9.83]), np.array([45.06]), 2020)  # now its shard's index is known
    lon, lat = np.array([9.855]), np.array([45.06])
    no_vectors = zstd.compress(bytes([90]) * 64 * 256 * 256)  # sound for zstd, yet not of unit length
    server.faults.append(Fault(how, path="/c/", content=no_vectors))
    for opened in (source(server, cache), source(server, cache)):
        features, valid = opened.sample(lon, lat, 2020)
        assert valid.all()
        np.testing.assert_allclose(features, decoded(world.codes_at(lon, lat)), atol=1e-6)
    assert server.faults[0].times == 0


def test_a_mosaic_that_is_published_anew_while_in_use_is_read_by_its_new_index(
    tmp_path: Path, cache: DiskCache, world: World
) -> None:
    near, far = (896, 1078), (897, 1079)  # of one shard
    folder = write_mosaic(tmp_path / "mosaic", {near: world.chunk(*near), far: world.chunk(*far)})
    side = 256 * WORLD.step
    here, there = (
        (np.array([WORLD.west + (column + 0.5) * side]), np.array([WORLD.north - (row + 0.5) * side]))
        for row, column in (near, far)
    )
    with FileServer(folder=folder) as server:
        opened = source(server, cache)
        assert opened.sample(*here, 2020)[1].all()
        write_mosaic(folder, {far: world.chunk(*far)})
        features, valid = opened.sample(*there, 2020)
    assert valid.all()
    np.testing.assert_allclose(features, decoded(world.codes_at(*there)), atol=1e-6)


def test_longitudes_may_be_counted_from_0_to_360(mosaic: Path) -> None:
    opened = MosaicSource(str(mosaic))
    np.testing.assert_array_equal(opened.sample(LON - 360, LAT, 2020)[0], opened.sample(LON, LAT, 2020)[0])
    np.testing.assert_array_equal(opened.sample(LON + 360, LAT, 2020)[0], opened.sample(LON, LAT, 2020)[0])


def test_a_damaged_cache_entry_is_fetched_again(server: FileServer, cache: DiskCache) -> None:
    expected, _ = source(server, cache).sample(LON, LAT, 2020)
    before = len(server.requests)
    victims = sorted(cache.folder.rglob("*.entry"))[::3]
    for path in victims:
        path.write_bytes(path.read_bytes()[:-3])
    features, _ = source(server, cache).sample(LON, LAT, 2020)
    np.testing.assert_array_equal(features, expected)
    assert len(server.requests) - before == len(victims)


def test_a_server_that_always_sends_damaged_chunks_is_named(server: FileServer, cache: DiskCache) -> None:
    server.faults.append(Fault("corrupted", path="/c/", times=1000))
    with pytest.raises(SourceUnavailable, match="damaged"):
        source(server, cache).sample(LON, LAT, 2020)


def test_a_network_that_fails_half_way_keeps_what_was_fetched(server: FileServer, cache: DiskCache) -> None:
    source(server, cache).sample(LON[:20], LAT[:20], 2020)
    kept = cache.use().entries["mosaic"]
    server.faults.append(Fault("503", times=10_000))
    with pytest.raises(SourceUnavailable, match="503"):
        source(server, cache).sample(LON, LAT, 2020)
    assert cache.use().entries["mosaic"] >= kept
    server.faults.clear()
    assert source(server, cache).sample(LON, LAT, 2020)[1].any()


def test_progress_is_told_chunk_by_chunk(mosaic: Path) -> None:
    opened = MosaicSource(str(mosaic))
    told: list[tuple[int, int]] = []
    opened.on_progress = lambda done, total: told.append((done, total))
    opened.sample(LON, LAT, 2020)
    assert [done for done, _ in told] == list(range(1, told[0][1] + 1))


def test_vectors_that_are_not_of_unit_length_are_refused_with_the_cause(tmp_path: Path) -> None:
    codes = np.full((64, 256, 256), 90, np.int8)
    folder = write_mosaic(tmp_path / "wrong", {(1000, 2000): codes})
    lon = WORLD.west + 2000.5 * 256 * WORLD.step
    with pytest.raises(BadEmbeddings, match="length"):
        MosaicSource(str(folder)).sample(np.array([lon]), np.array([WORLD.north - 1000.5 * 256 * WORLD.step]), 2020)


@pytest.mark.parametrize(
    "change",
    [
        {"data_type": "float32"},
        {"zarr_format": 2},
        {"fill_value": 0},
        {"shape": [9, 3, WORLD.height, WORLD.width]},
        {"codecs": [{"name": "bytes"}]},
        {"attributes": {"spatial:transform": [10, 0, 500000, 0, -10, 4000000], "proj:code": "EPSG:32611"}},
        {"shape": [9, 64, 100, 100], "attributes": {}},
    ],
)
def test_another_layout_is_refused(mosaic: Path, tmp_path: Path, change: dict[str, object]) -> None:
    copy = tmp_path / "copy"
    (copy / "embeddings").mkdir(parents=True)
    shutil.copy(mosaic / "zarr.json", copy)
    said = json.loads((mosaic / "embeddings/zarr.json").read_text())
    (copy / "embeddings/zarr.json").write_text(json.dumps(said | change))
    with pytest.raises(UnknownSource, match="not laid out"):
        MosaicSource(str(copy)).sample(LON, LAT, 2020)


def test_an_address_without_a_mosaic_is_refused(server: FileServer, cache: DiskCache, tmp_path: Path) -> None:
    with pytest.raises(UnknownSource, match="holds no AlphaEarth mosaic"):
        MosaicSource(str(tmp_path))
    with pytest.raises(UnknownSource, match="holds no AlphaEarth mosaic"):
        MosaicSource(server.url + "/elsewhere", cache).sample(LON, LAT, 2020)
    (tmp_path / "embeddings").mkdir()
    (tmp_path / "embeddings/zarr.json").write_text("<html>welcome</html>")
    with FileServer(folder=tmp_path) as page, pytest.raises(UnknownSource, match="no JSON"):
        source(page, cache).sample(LON, LAT, 2020)


def test_a_truncated_local_shard_is_said(mosaic: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(mosaic, copy)
    for shard in (copy / "embeddings/c").rglob("*"):
        if shard.is_file():
            shard.write_bytes(shard.read_bytes()[: shard.stat().st_size // 2])
    with pytest.raises(SourceUnavailable, match="damaged"):
        MosaicSource(str(copy)).sample(LON, LAT, 2020)
