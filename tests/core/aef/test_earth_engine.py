"""Earth Engine through its real client, against a stub of the service that works expressions out."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import ee
import numpy as np
import pytest
from aef_servers import EarthEngineStub
from aef_world import World, decoded
from google.auth.credentials import AnonymousCredentials

from fusar_core.errors import SourceDenied, SourceUnavailable
from fusar_core.prior.aef.cache import DiskCache
from fusar_core.prior.aef.earth_engine import COLLECTION, EarthEngineSource
from fusar_core.prior.aef.lonlat_grid import WORLD

RNG = np.random.default_rng(4)
LON, LAT = RNG.uniform(9.875, 9.892, 200), RNG.uniform(45.010, 45.020, 200)
SEA_EAST = WORLD.west + 2_113_750 * WORLD.step  # an edge between pixels, at about 9.88° E
LAND = LON < SEA_EAST


@pytest.fixture
def service(world: World) -> Iterator[EarthEngineStub]:
    def vectors_at(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
        vectors = decoded(world.codes_at(lon, lat))
        vectors[lon > SEA_EAST] = np.nan
        return vectors

    logging.getLogger("googleapiclient.http").setLevel(logging.ERROR)
    ee.Reset()
    with EarthEngineStub(vectors_at=vectors_at) as running:
        yield running
    ee.Reset()


def source(service: EarthEngineStub, cache: DiskCache, project: str = "demo-project") -> EarthEngineSource:
    return EarthEngineSource(project, cache, AnonymousCredentials(), service.url)


def test_every_point_gets_the_vector_of_its_pixel_and_masked_ones_none(
    service: EarthEngineStub, cache: DiskCache, world: World
) -> None:
    features, valid = source(service, cache).sample(LON, LAT, 2020)
    assert 20 < LAND.sum() < 180
    np.testing.assert_array_equal(valid, LAND)
    np.testing.assert_allclose(features[valid], decoded(world.codes_at(LON, LAT))[valid], atol=1e-6)


def test_the_request_names_collection_year_and_an_explicit_grid_of_signed_bytes(
    service: EarthEngineStub, cache: DiskCache
) -> None:
    source(service, cache).sample(LON[:1], LAT[:1], 1999)
    (body,) = service.requests
    words = json.dumps(body["expression"])
    assert COLLECTION in words
    assert '"2017-01-01"' in words
    assert '"2018-01-01"' in words
    assert '"Image.toInt8"' in words
    assert body["fileFormat"] == "NPY"
    grid = body["grid"]
    assert grid["crsCode"] == "EPSG:4326"
    assert grid["dimensions"]["width"] * grid["dimensions"]["height"] * 64 < 48 * 2**20
    step = grid["affineTransform"]["scaleX"]
    assert step == -grid["affineTransform"]["scaleY"] == pytest.approx(10 / 111320, rel=1e-3)
    assert 0 < LON[0] - grid["affineTransform"]["translateX"] < 256 * step
    assert 0 < grid["affineTransform"]["translateY"] - LAT[0] < 256 * step


def test_each_chunk_is_asked_for_once_and_never_again(service: EarthEngineStub, cache: DiskCache) -> None:
    first = source(service, cache)
    features, _ = first.sample(LON, LAT, 2020)
    grids = [tuple(sorted(body["grid"]["affineTransform"].items())) for body in service.requests]
    assert 2 <= len(grids) == len(set(grids)) <= 9
    first.sample(LON, LAT, 2020)
    again, _ = source(service, cache).sample(LON, LAT, 2020)
    np.testing.assert_array_equal(again, features)
    assert len(service.requests) == len(grids)


def test_open_sea_is_no_data_and_remembered_in_a_few_bytes(service: EarthEngineStub, cache: DiskCache) -> None:
    for _ in range(2):
        assert not source(service, cache).sample(np.array([9.95]), np.array([45.0]), 2020)[1].any()
    assert len(service.requests) == 1
    assert cache.use().bytes["earth-engine"] < 100


def test_wide_scenes_ask_for_coarser_pixels(service: EarthEngineStub, cache: DiskCache) -> None:
    source(service, cache).sample(LON, LAT, 2020, resolution_m=45.0)
    (step,) = {body["grid"]["affineTransform"]["scaleX"] for body in service.requests}
    assert step == pytest.approx(4 * WORLD.step)


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_service_is_asked_again(service: EarthEngineStub, cache: DiskCache, status: int) -> None:
    service.failures.append(status)
    assert source(service, cache).sample(LON[LAND][:1], LAT[LAND][:1], 2020)[1].all()
    assert len(service.requests) == 2


def test_a_request_that_is_refused_for_another_reason_is_said(service: EarthEngineStub, cache: DiskCache) -> None:
    service.failures.append(400)
    with pytest.raises(SourceUnavailable, match="Internal error"):
        source(service, cache).sample(LON[:1], LAT[:1], 2020)


def test_a_wrong_project_is_refused_with_what_to_do(service: EarthEngineStub, cache: DiskCache) -> None:
    with pytest.raises(SourceDenied, match=r"other-project.*earth-engine:PROJECT"):
        source(service, cache, "other-project").sample(LON[:1], LAT[:1], 2020)


def no_credentials(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """A machine on which nobody ever logged in."""
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(home))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)


def test_missing_credentials_are_said_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, service: EarthEngineStub, cache: DiskCache
) -> None:
    no_credentials(monkeypatch, tmp_path)
    with pytest.raises(SourceDenied, match="earthengine authenticate"):
        EarthEngineSource("demo-project", cache, url=service.url).sample(LON[:1], LAT[:1], 2020)


@pytest.mark.parametrize(
    ("content", "words"),
    [("{", "cannot be read"), ('{"type": "service_account"}', "no valid key"), (None, "cannot be read")],
)
def test_a_bad_key_of_a_service_account_is_said(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    service: EarthEngineStub,
    cache: DiskCache,
    content: str | None,
    words: str,
) -> None:
    no_credentials(monkeypatch, tmp_path)
    if content is not None:
        (tmp_path / "key.json").write_text(content)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    with pytest.raises(SourceDenied, match=words):
        EarthEngineSource("demo-project", cache, url=service.url).sample(LON[:1], LAT[:1], 2020)


def test_no_project_is_said_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, service: EarthEngineStub, cache: DiskCache
) -> None:
    no_credentials(monkeypatch, tmp_path)
    with pytest.raises(SourceDenied, match="earth-engine:PROJECT"):
        EarthEngineSource(None, cache, AnonymousCredentials(), service.url).sample(LON[:1], LAT[:1], 2020)


def test_a_damaged_cache_entry_is_computed_again(service: EarthEngineStub, cache: DiskCache) -> None:
    features, _ = source(service, cache).sample(LON[:1], LAT[:1], 2020)
    entry = next(cache.folder.rglob("*.entry"))
    entry.write_bytes(entry.read_bytes()[:-1])
    again, _ = source(service, cache).sample(LON[:1], LAT[:1], 2020)
    np.testing.assert_array_equal(again, features)
    assert len(service.requests) == 2
