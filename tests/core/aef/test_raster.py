"""Rasters of 64 bands as a source: any CRS, rows up or down, coded or decoded, folders, remote ones, wrong ones."""

from __future__ import annotations

import ast
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import rasterio
from aef_servers import Fault, FileServer
from aef_world import decoded, encoded, random_vectors, real_vectors, write_raster
from affine import Affine
from pyproj import Transformer
from rasterio._env import get_gdal_config

import fusar_core
from fusar_core.errors import BadCrs, BadEmbeddings, SourceUnavailable
from fusar_core.prior.aef import open_source
from fusar_core.prior.aef.cache import DiskCache
from fusar_core.prior.aef.raster import RasterSource
from fusar_core.prior.aef.raster_file import RasterFile
from fusar_core.prior.spacetime import SpatioTemporalBox

PALETTE = encoded(random_vectors(300))
SIDE = 280  # more than one chunk of 256
RNG = np.random.default_rng(8)
ROW, COLUMN = RNG.uniform(0, SIDE, 400), RNG.uniform(0, SIDE, 400)

UTM = ("EPSG:32611", Affine(10, 0, 380_000, 0, -10, 3_740_000))
GRIDS = {
    "top-down": UTM,
    "bottom-up": ("EPSG:32611", Affine(10, 0, 380_000, 0, 10, 3_737_000)),
    "degrees": ("EPSG:4326", Affine(1e-4, 0, 12.0, 0, -1e-4, 55.0)),
    "antimeridian": ("EPSG:4326", Affine(1e-4, 0, 179.99, 0, -1e-4, -16.0)),
    "rotated": ("EPSG:32633", Affine(7, 7, 400_000, 7, -7, 5_000_000)),
    "polar": ("EPSG:3413", Affine(10, 0, -300_000, 0, -10, -1_200_000)),
    "southern zone": ("EPSG:32756", Affine(10, 0, 330_000, 0, -10, 6_250_000)),
}


def codes(seed: int = 0) -> np.ndarray:
    """int8 (64, SIDE, SIDE), another vector at each pixel."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    return np.moveaxis(PALETTE[(rows * 31 + columns * 17 + seed) % len(PALETTE)], -1, 0)


def places(grid: tuple[str, Affine]) -> tuple[np.ndarray, np.ndarray]:
    """Longitudes and latitudes of the points (ROW, COLUMN), by pyproj."""
    return Transformer.from_crs(grid[0], "EPSG:4326", always_xy=True).transform(*(grid[1] @ (COLUMN, ROW)))


def expected(pixels: np.ndarray) -> np.ndarray:
    return decoded(pixels[:, ROW.astype(int), COLUMN.astype(int)].T)


@pytest.mark.parametrize(
    ("name", "form"), [*((name, "int8") for name in GRIDS), ("bottom-up", "float32"), ("rotated", "float32")]
)
def test_every_point_gets_the_vector_of_its_pixel(tmp_path: Path, name: str, form: str) -> None:
    pixels = codes() if form == "int8" else decoded(codes()).astype(np.float32)
    path = write_raster(tmp_path / "aef_2020.tif", pixels, GRIDS[name][1], GRIDS[name][0])
    source = RasterSource(path)
    lon, lat = places(GRIDS[name])
    features, valid = source.sample((lon + 180) % 360 - 180, lat, 2020)
    assert valid.all()
    np.testing.assert_allclose(features, expected(codes()), atol=1e-6)
    source.close()


@pytest.mark.parametrize("dtype", ["int16", "float64"])
@pytest.mark.parametrize("nodata", [None, -128, 0])
def test_nodata_is_masked_however_it_is_written(tmp_path: Path, dtype: str, nodata: int | None) -> None:
    pixels = (codes() if dtype == "int16" else decoded(codes())).astype(dtype)
    gap = np.zeros((SIDE, SIDE), bool)
    gap[100:200, :150] = True
    pixels[:, gap] = {None: -128 if dtype == "int16" else np.nan}.get(nodata, nodata)
    path = write_raster(tmp_path / "aef.tif", pixels, UTM[1], UTM[0], nodata=nodata)
    features, valid = RasterSource(path).sample(*places(UTM), 2020)
    np.testing.assert_array_equal(valid, ~gap[ROW.astype(int), COLUMN.astype(int)])
    np.testing.assert_allclose(features[valid], expected(codes())[valid], atol=1e-6)


def test_points_beside_the_raster_are_not_valid(tmp_path: Path) -> None:
    source = RasterSource(write_raster(tmp_path / "aef.tif", codes(), UTM[1], UTM[0]))
    _, valid = source.sample(np.array([10.0, np.nan]), np.array([45.0, 33.0]), 2020)
    assert not valid.any()
    assert not source.covers(SpatioTemporalBox(10, 45, 11, 46, 2020))
    assert source.covers(SpatioTemporalBox(-119, 33, -118, 34, 2020))


def test_a_vrt_reads_as_what_it_stands_for(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "hidden" / "aef.tif", codes(), GRIDS["bottom-up"][1], UTM[0])
    bands = "".join(
        f'<VRTRasterBand dataType="Int8" band="{b}"><NoDataValue>-128</NoDataValue><SimpleSource>'
        f"<SourceFilename>{path}</SourceFilename><SourceBand>{b}</SourceBand></SimpleSource></VRTRasterBand>"
        for b in range(1, 65)
    )
    transform = ", ".join(map(str, GRIDS["bottom-up"][1].to_gdal()))
    (tmp_path / "aef.vrt").write_text(
        f'<VRTDataset rasterXSize="{SIDE}" rasterYSize="{SIDE}"><SRS>EPSG:32611</SRS>'
        f"<GeoTransform>{transform}</GeoTransform>{bands}</VRTDataset>"
    )
    features, valid = RasterSource(tmp_path / "aef.vrt").sample(*places(GRIDS["bottom-up"]), 2020)
    assert valid.all()
    np.testing.assert_allclose(features, expected(codes()), atol=1e-6)


def test_a_folder_is_searched_for_the_place_and_the_year(tmp_path: Path) -> None:
    east = UTM[1] @ Affine.translation(SIDE, 0)
    write_raster(tmp_path / "2019" / "11N" / "west.tiff", codes(1), UTM[1], UTM[0])
    write_raster(tmp_path / "2021" / "11N" / "west.tiff", codes(2), UTM[1], UTM[0])
    write_raster(tmp_path / "2021" / "11N" / "east.tiff", codes(3), east, UTM[0])
    write_raster(tmp_path / "2021" / "11N" / "context.tif", codes()[:3], UTM[1], UTM[0])
    (tmp_path / "2021" / "11N" / "west.vrt").write_text("never opened: the tiff beside it is")
    source = RasterSource(tmp_path)
    assert [source.year_used(y) for y in (2017, 2020, 2021, 2030)] == [2019, 2019, 2021, 2021]
    for grid, year, seed in ((UTM, 2018, 1), (UTM, 2022, 2), ((UTM[0], east), 2021, 3)):
        features, valid = source.sample(*places(grid), year)
        assert valid.all()
        np.testing.assert_allclose(features, expected(codes(seed)), atol=1e-6)
    assert not source.sample(*places((UTM[0], east)), 2019)[1].any()


def test_where_two_tiles_overlap_the_one_with_data_answers(tmp_path: Path) -> None:
    empty = np.full((64, SIDE, SIDE), -128, np.int8)
    write_raster(tmp_path / "a.tif", empty, UTM[1], UTM[0], nodata=-128)
    write_raster(tmp_path / "b.tif", codes(), UTM[1], UTM[0], nodata=-128)
    assert RasterSource(tmp_path).sample(*places(UTM), 2020)[1].all()


@pytest.mark.parametrize(
    ("path", "tags", "year"),
    [
        ("aef_2019.tif", {}, 2019),
        ("2022/zone/aef.tif", {}, 2022),
        ("aef.tif", {"year": "2018"}, 2018),
        ("aef_20201107.tif", {}, 2023),  # no year by itself: taken for the wanted one
    ],
)
def test_the_year_is_read_from_the_name_the_folder_or_a_tag(
    tmp_path: Path, path: str, tags: dict[str, str], year: int
) -> None:
    source = RasterSource(write_raster(tmp_path / path, codes(), UTM[1], UTM[0], tags=tags))
    assert source.year_used(2023) == year


@pytest.mark.parametrize("form", ["int8", "float32"])
def test_wide_scenes_use_overviews_and_their_vectors_have_unit_length(tmp_path: Path, form: str) -> None:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    smooth = np.moveaxis(random_vectors(9)[(rows // 150) * 3 + columns // 150], -1, 0)
    smooth[:, ::2] = 0.8 * smooth[:, ::2] + 0.2 * np.moveaxis(random_vectors(9)[5], -1, 0)[:, None, None]
    smooth /= np.linalg.norm(smooth, axis=0)
    pixels = encoded(smooth) if form == "int8" else smooth.astype(np.float32)
    path = write_raster(tmp_path / "aef.tif", pixels, UTM[1], UTM[0], overviews=[2, 4])
    lon, lat = places(UTM)
    source = RasterSource(path)
    coarse, valid = source.sample(lon, lat, 2020, resolution_m=45.0)
    assert valid.all()
    np.testing.assert_allclose(np.linalg.norm(coarse, axis=1), 1, atol=0.021)
    with rasterio.open(path, overview_level=1) as quarter:
        stored = quarter.read()[:, (ROW / 4).astype(int), (COLUMN / 4).astype(int)].T
    direction = decoded(stored) if form == "int8" else stored.astype(float)
    np.testing.assert_allclose(coarse, direction / np.linalg.norm(direction, axis=1, keepdims=True), atol=0.01)
    fine, _ = source.sample(lon, lat, 2020, resolution_m=12.0)
    np.testing.assert_allclose(fine, pixels[:, ROW.astype(int), COLUMN.astype(int)].T if form == "float32" else
                               expected(pixels), atol=1e-6)  # fmt: skip


def test_real_vectors_in_a_raster_come_back_unchanged(tmp_path: Path, real_data: Path) -> None:
    real = real_vectors(real_data / "aef")
    pixels = np.moveaxis(encoded(real).reshape(48, 60, 64), -1, 0)
    path = write_raster(tmp_path / "aef_2024.tif", pixels, UTM[1], UTM[0], nodata=-128)
    x, y = UTM[1] @ (np.tile(np.arange(60) + 0.5, 48), np.repeat(np.arange(48) + 0.5, 60))
    lon, lat = Transformer.from_crs("EPSG:32611", "EPSG:4326", always_xy=True).transform(x, y)
    features, valid = RasterSource(path).sample(lon, lat, 2024)
    assert valid.all()
    np.testing.assert_allclose(features, real, atol=1e-6)


def test_a_remote_raster_is_read_by_ranges_cached_and_works_offline(tmp_path: Path, cache: DiskCache) -> None:
    path = write_raster(tmp_path / "served" / "2020" / "aef.tif", codes(), UTM[1], UTM[0])
    lon, lat = places(UTM)
    with FileServer(folder=path.parent.parent) as server:
        server.faults.append(Fault("503", times=1))
        url = f"{server.url}/2020/aef.tif"
        features, valid = open_source(url, cache).sample(lon, lat, 2020)
        assert valid.all()
        np.testing.assert_allclose(features, expected(codes()), atol=1e-6)
        asked = len(server.requests)
        assert asked > 2
        open_source(url, cache).sample(lon, lat, 2020)
        assert len(server.requests) == asked
    offline = open_source(url, cache)
    np.testing.assert_array_equal(offline.sample(lon, lat, 2020)[0], features)
    assert offline.year_used(2024) == 2020


def test_a_remote_raster_that_is_not_there_is_said(tmp_path: Path, cache: DiskCache) -> None:
    with FileServer(folder=tmp_path) as server, pytest.raises(SourceUnavailable, match="cannot be read"):
        open_source(f"{server.url}/missing.tif", cache).sample(np.zeros(1), np.zeros(1), 2020)


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (codes()[:3], "has 3 bands"),
        (codes()[:1], "has 1 band;"),
        (np.abs(codes()).astype(np.uint8), "uint8"),
        ((decoded(codes()) * 10_000).astype(np.int16), "codes are -127 to"),
        ((codes() / 127.5).astype(np.float32), "decoded linearly"),
        (codes().astype(np.float32), "not decoded"),
    ],
)
def test_what_is_no_alphaearth_raster_is_refused_with_the_likely_cause(
    tmp_path: Path, pixels: np.ndarray, words: str
) -> None:
    path = write_raster(tmp_path / "other.tif", pixels, UTM[1], UTM[0])
    with pytest.raises(BadEmbeddings, match=words):
        RasterSource(path).sample(*places(UTM), 2020)


def test_files_that_are_no_rasters_and_empty_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.tif").write_text("no raster")
    with pytest.raises(BadEmbeddings, match="cannot be read as a raster"):
        RasterSource(tmp_path / "notes.tif").sample(np.zeros(1), np.zeros(1), 2020)
    with pytest.raises(BadEmbeddings, match="no raster of 64 bands"):
        RasterSource(tmp_path).sample(np.zeros(1), np.zeros(1), 2020)


def test_a_raster_without_a_crs_is_refused(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "aef.tif", codes(), UTM[1], None)
    with pytest.raises(BadCrs, match="coordinate reference system"):
        RasterSource(path).sample(np.zeros(1), np.zeros(1), 2020)


def test_a_raster_that_is_cut_off_is_said(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "aef.tif", codes(), UTM[1], UTM[0])
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(BadEmbeddings, match="cut off"):
        RasterSource(path).sample(*places(UTM), 2020)


def test_reading_in_many_threads_leaves_gdal_as_it_was(tmp_path: Path) -> None:
    """Options of an Env belong to all threads; of two at once the second gave back what it had found of the first's."""
    path = str(write_raster(tmp_path / "aef_2020.tif", codes(), UTM[1], UTM[0]))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: RasterFile.open(path).read(0, 0), range(64)))
    assert get_gdal_config("GDAL_DISABLE_READDIR_ON_OPEN") is None


def test_no_environment_of_rasterio_is_given_options() -> None:
    """They would be seen by, and leak into, every other thread's raster: see above."""
    given = [
        f"{path}:{node.lineno}"
        for path in Path(fusar_core.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "rasterio.Env" and (node.args or node.keywords)
    ]
    assert given == []
