"""Products in radar geometry: control points and rational polynomials put every pixel where it belongs."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from rasterio.control import GroundControlPoint
from rasterio.rpc import RPC
from rasterio.transform import GCPTransformer
from scenes import sea

from fusar_core.domain.tiling import Window, tile
from fusar_core.scenes.raster.geocoding import control_points, geocode_by_points, working_crs
from fusar_core.scenes.scene import SarScene

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")

HEIGHT, WIDTH = 400, 600
CURVATURE = 4e-5  # of the swath: bends lines by some 14 pixels between the middle and the edges
Place = Callable[[Any, Any], tuple[Any, Any]]


def swath(lon: float, lat: float) -> Place:
    """Pixel (x, y) → longitude and latitude of a curved swath, descending and imaged to the right, 40 m a pixel."""

    def place(x: Any, y: Any) -> tuple[Any, Any]:
        u, v = np.asarray(x, float) - WIDTH / 2, np.asarray(y, float) - HEIGHT / 2
        east = -u - 0.2 * v + CURVATURE * u * u
        south = -0.2 * u + v + 0.5 * CURVATURE * u * v
        return lon + 4e-4 * east / np.cos(np.radians(lat)), lat - 4e-4 * south

    return place


def write_swath(path: Path, place: Place, image: np.ndarray, crs: Any = "EPSG:4326", grid: int = 9) -> Path:
    """The image with grid × grid control points and no geotransform; longitudes brought to −180…180."""
    points = []
    for row in np.linspace(0, HEIGHT, grid):
        for col in np.linspace(0, WIDTH, grid):
            lon, lat = place(col, row)
            points.append(GroundControlPoint(row=row, col=col, x=(float(lon) + 180) % 360 - 180, y=float(lat), z=0))
    with rasterio.open(
        path, "w", driver="GTiff", height=HEIGHT, width=WIDTH, count=1, dtype=image.dtype, tiled=True
    ) as dst:
        dst.write(image, 1)
        dst.gcps = (points, crs)
    return path


def speckle_with_target(x: int, y: int, dtype: str = "uint16") -> np.ndarray:
    image = sea(HEIGHT, WIDTH)
    image[y, x] = 20_000 if dtype != "uint8" else 255
    return image.astype(dtype)


def brightest(scene: SarScene) -> tuple[float, float]:
    values, valid = scene.read(scene.extent)
    row, col = np.unravel_index(np.argmax(np.where(valid, np.abs(values), 0)), values.shape)
    lon, lat = scene.grid.to_lonlat(col + 0.5, row + 0.5)
    return float(lon), float(lat)


def metres(a: tuple[float, float], b: tuple[float, float]) -> float:
    return float(pyproj.Geod(ellps="WGS84").inv(*a, *b)[2])


@pytest.mark.parametrize(("x", "y"), [(5, 6), (590, 390), (300, 200), (20, 380), (560, 15)])
@pytest.mark.parametrize(("lon", "lat"), [(10.0, 45.0), (179.95, -30.0), (-60.0, 86.5), (3.0, -0.02)])
def test_a_target_lies_where_the_control_points_put_it(tmp_path: Path, x: int, y: int, lon: float, lat: float) -> None:
    """Within the pixel that nearest neighbour allows; also over the antimeridian, the equator and near a pole."""
    place = swath(lon, lat)
    path = write_swath(tmp_path / "s.tif", place, speckle_with_target(x, y))
    with SarScene.open(path) as scene:
        assert scene.geocoding == "gcp"
        assert scene.grid.crs in [working_crs(lon + d, lat + e) for d in (-0.1, 0.1) for e in (-0.1, 0.1)]
        true_lon, true_lat = (float(v) for v in place(x + 0.5, y + 0.5))
        pixel = max(scene.grid.pixel_size_m or (0, 0))
        assert metres(brightest(scene), (true_lon, true_lat)) < 0.75 * pixel


def test_one_affine_fit_would_be_off_by_pixels_and_the_scene_says_how_far(tmp_path: Path) -> None:
    path = write_swath(tmp_path / "s.tif", swath(10, 45), speckle_with_target(5, 5))
    with SarScene.open(path) as scene:
        median, largest = scene.geocoded.affine_residual_m if scene.geocoded else (0, 0)
        pixel = max(scene.grid.pixel_size_m or (0, 0))
    assert largest > 1.5 * pixel
    assert 0 < median < largest


def test_the_lattice_follows_the_spline(tmp_path: Path) -> None:
    """Between its points the shift is interpolated: to a twentieth of a pixel."""
    path = write_swath(tmp_path / "s.tif", swath(10, 45), speckle_with_target(5, 5))
    rng = np.random.default_rng(3)
    with rasterio.open(path) as src:
        geocoded = geocode_by_points(src)
        found = control_points(src)
    assert geocoded is not None
    assert found is not None
    points = [
        GroundControlPoint(row=row, col=col, x=x, y=y) for (col, row), (x, y) in zip(found[0], found[1], strict=True)
    ]
    x, y = (
        np.sort(rng.uniform(10, geocoded.grid.width - 10, 40)),
        np.sort(rng.uniform(10, geocoded.grid.height - 10, 30)),
    )
    shift = np.concatenate([strip for _, strip in geocoded.strips(x, y)], axis=1)
    all_x, all_y = np.meshgrid(x, y)
    with GCPTransformer(points, tps=True) as spline:
        rows, cols = spline.rowcol(*(v.ravel() for v in geocoded.grid.to_map(all_x, all_y)), op=np.positive)
    assert np.abs(shift[0] - (cols.reshape(all_x.shape) - all_x)).max() < 0.05
    assert np.abs(shift[1] - (rows.reshape(all_y.shape) - all_y)).max() < 0.05


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "complex64"])
def test_pixels_keep_their_values_and_nothing_is_invented_around_them(tmp_path: Path, dtype: str) -> None:
    image = np.maximum(speckle_with_target(5, 5, dtype), 1) if dtype != "complex64" else speckle_with_target(5, 5) * 1j
    image = image.astype(dtype)
    path = write_swath(tmp_path / "s.tif", swath(10, 45), image)
    with SarScene.open(path) as scene:
        values, valid = scene.read(scene.extent)
        assert scene.dtype == values.dtype == np.dtype(dtype)
    assert np.isin(values[valid], image).all()
    assert not values[~valid].any()
    # every pixel of the image is somewhere, but for those that rounding drops
    assert valid.sum() == pytest.approx(image.size, rel=0.02)
    assert 0 < (~valid).mean() < 0.15


@given(st.integers(-100, 420), st.integers(-100, 620), st.integers(1, 200), st.integers(1, 200))
def test_any_window_of_a_warped_scene_is_the_same_part_of_the_whole(
    warped: tuple[SarScene, np.ndarray, np.ndarray], row: int, col: int, height: int, width: int
) -> None:
    scene, values, valid = warped
    part, usable = scene.read(Window(row, col, height, width))
    padded, padded_valid = np.pad(values, 250), np.pad(valid, 250)
    rows, cols = slice(250 + row, 250 + row + height), slice(250 + col, 250 + col + width)
    assert np.array_equal(part, padded[rows, cols][:height, :width])
    assert np.array_equal(usable, padded_valid[rows, cols])


@pytest.fixture(scope="module")
def warped(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("warped") / "s.tif"
    with SarScene.open(write_swath(path, swath(10, 45), speckle_with_target(5, 5))) as scene:
        yield scene, *scene.read(scene.extent)


def test_a_quick_look_of_a_warped_scene_shows_the_same_place(tmp_path: Path) -> None:
    image = sea(HEIGHT, WIDTH)
    image[100:180, 400:500] = 20_000
    with SarScene.open(write_swath(tmp_path / "s.tif", swath(10, 45), image.astype(np.uint16))) as scene:
        values, valid = scene.read(scene.extent)
        picture, scale = scene.quicklook(max_side=150)
    rows, cols = np.nonzero(valid & (values == 20_000))
    seen_rows, seen_cols = np.nonzero(picture == 255)
    assert seen_rows.mean() * scale == pytest.approx(rows.mean(), abs=scale)
    assert seen_cols.mean() * scale == pytest.approx(cols.mean(), abs=scale)


def test_heights_and_order_of_the_points_do_not_matter(tmp_path: Path) -> None:
    path = write_swath(tmp_path / "s.tif", swath(10, 45), speckle_with_target(5, 5))
    with rasterio.open(path) as src:
        before = geocode_by_points(src)
        points, crs = src.gcps
    shuffled = [points[i] for i in np.random.default_rng(1).permutation(len(points))]
    for point in shuffled:
        point.z = 800.0
    with rasterio.open(path, "r+") as dst:
        dst.gcps = (shuffled, crs)
    with rasterio.open(path) as src:
        after = geocode_by_points(src)
    assert before is not None
    assert after is not None
    assert np.allclose(before.grid.transform, after.grid.transform, rtol=1e-9, atol=1e-6)
    assert np.allclose(before.shift, after.shift, atol=1e-3)


@pytest.mark.parametrize(
    "points",
    [
        [(0, 0, 10.0, 45.0)],
        [(0, 0, 10.0, 45.0), (600, 400, 10.1, 44.9)],
        [(x, x, 10 + x / 1e4, 45 - x / 1e4) for x in range(0, 400, 50)],  # along a line
        [(0, 0, 10.0, 45.0)] * 6,
        [(x, y, 10.0, 45.0) for x in (0, 300, 600) for y in (0, 400)],  # all in one place
        [(x, y, 1000.0 + x, 1000.0 - y) for x in (0, 300, 600) for y in (0, 400)],  # no degrees
    ],
)
def test_points_that_define_no_place_leave_the_scene_in_pixels(
    tmp_path: Path, points: list[tuple[float, float, float, float]]
) -> None:
    path = tmp_path / "s.tif"
    with rasterio.open(path, "w", driver="GTiff", height=HEIGHT, width=WIDTH, count=1, dtype="uint16") as dst:
        dst.write(speckle_with_target(5, 5), 1)
        dst.gcps = ([GroundControlPoint(row=y, col=x, x=e, y=n) for x, y, e, n in points], "EPSG:4326")
    with SarScene.open(path) as scene:
        assert scene.geocoding == "none"
        assert any("georeference" in w for w in scene.warnings)


def test_the_flight_direction_is_that_of_the_lines(tmp_path: Path) -> None:
    name = "s1a-iw-grd-vh-20201107t135241-20201107t135306-035143-041a16-002.tiff"
    with SarScene.open(write_swath(tmp_path / name, swath(10, 45), speckle_with_target(5, 5))) as scene:
        assert scene.acquisition.orbit_pass == "descending"
        assert scene.acquisition.heading_deg == pytest.approx(180 + np.degrees(np.arctan(0.2)), abs=1.5)


def test_a_safe_folder_is_one_scene_with_all_its_polarisations(tmp_path: Path) -> None:
    safe = tmp_path / "S1A_IW_GRDH_1SDV_20201107T135241_20201107T135306_035143_041A16_322B.SAFE"
    (safe / "measurement").mkdir(parents=True)
    (safe / "manifest.safe").write_text("<manifest/>")
    image = speckle_with_target(5, 5)
    for number, polarisation in enumerate(("vv", "vh"), 1):
        name = f"s1a-iw-grd-{polarisation}-20201107t135241-20201107t135306-035143-041a16-00{number}.tiff"
        write_swath(safe / "measurement" / name, swath(10, 45), image * number)
    archive = Path(shutil.make_archive(str(safe), "zip", tmp_path, safe.name))
    for path in (safe, safe / "manifest.safe", archive):
        with SarScene.open(path) as scene:
            assert [(b.index, b.polarisation) for b in scene.bands] == [(1, "VH"), (2, "VV")]
            assert scene.band.label == "VH"
            assert scene.acquisition.acquired == "2020-11-07T13:52:41Z"
            assert scene.geocoding == "gcp"
    with SarScene.open(safe, band="VV+VH") as scene:
        values, valid = scene.read(scene.extent)
        assert values[valid].max() == pytest.approx(20_000.0**2 * 2.5)


# --- rational polynomials ---------------------------------------------------------------------------------------------

TILT = 0.05  # image columns, in half widths, that a rise of 100 m moves a place


def linear_rpc(lon: float, lat: float, height_off: float, height_scale: float) -> RPC:
    """Columns run east and lines south, 0.0004° a pixel; higher places lie further to the right."""
    none = [0.0] * 20
    one, east, south = [1.0, *none[1:]], [0.0, 1.0, 0.0, TILT * height_scale / 100, *none[4:]], [0, 0, -1, *none[3:]]
    return RPC(
        height_off=height_off, height_scale=height_scale, lat_off=lat, lat_scale=0.08, line_den_coeff=one,
        line_num_coeff=[float(v) for v in south], line_off=HEIGHT / 2, line_scale=HEIGHT / 2, long_off=lon,
        long_scale=0.12, samp_den_coeff=one, samp_num_coeff=east, samp_off=WIDTH / 2, samp_scale=WIDTH / 2,
        err_bias=0.0, err_rand=0.0,
    )  # fmt: skip


def write_rpc(path: Path, rpc: RPC, image: np.ndarray) -> Path:
    with rasterio.open(path, "w", driver="GTiff", height=HEIGHT, width=WIDTH, count=1, dtype=image.dtype) as dst:
        dst.write(image, 1)
        dst.rpcs = rpc
    return path


@pytest.mark.parametrize(
    ("height_off", "height_scale", "height"), [(0.0, 500.0, 0.0), (300.0, 500.0, 0.0), (800.0, 200.0, 600.0)]
)
@pytest.mark.parametrize("lon", [20.0, 179.97])
def test_rational_polynomials_place_targets_at_sea_level_or_next_to_it(
    tmp_path: Path, height_off: float, height_scale: float, height: float, lon: float
) -> None:
    rpc = linear_rpc(lon, -10.0, height_off, height_scale)
    with SarScene.open(write_rpc(tmp_path / "s.tif", rpc, speckle_with_target(500, 100))) as scene:
        assert scene.geocoding == "rpc"
        assert f"{height:.0f} m" in (scene.geocoded.method if scene.geocoded else "")
        rise = TILT * (height - height_off) / 100
        column = (500 - WIDTH / 2) / (WIDTH / 2) - rise  # polynomials count from pixel centres
        expected = lon + 0.12 * column, -10.0 - 0.08 * (100 - HEIGHT / 2) / (HEIGHT / 2)
        assert metres(brightest(scene), expected) < 0.75 * max(scene.grid.pixel_size_m or (0, 0))


def test_polynomials_without_an_answer_in_places_leave_those_empty(tmp_path: Path) -> None:
    path = write_rpc(tmp_path / "s.tif", linear_rpc(20, -10, 0, 500), speckle_with_target(500, 100))
    with SarScene.open(path) as scene:
        geocoded = scene.geocoded
        assert geocoded is not None
        geocoded.shift[:, :5, :5] = np.nan
        values, valid = scene.read(scene.extent)
        assert not valid[:64, :64].any()
        assert not values[:64, :64].any()
        assert valid[100:300, 100:500].all()
        assert not scene.read(Window(0, 0, 30, 30))[1].any()
        assert not scene.has_data(Window(0, 0, 30, 30))


def test_a_geotransform_is_believed_before_points_and_polynomials(tmp_path: Path) -> None:
    path = write_rpc(tmp_path / "s.tif", linear_rpc(20, -10, 0, 500), speckle_with_target(5, 5))
    with rasterio.open(path, "r+") as dst:
        dst.crs, dst.transform = "EPSG:32634", rasterio.Affine(40, 0, 400_000, 0, -40, 8_900_000)
    with SarScene.open(path) as scene:
        assert scene.geocoding == "affine"


# --- the metric CRS ---------------------------------------------------------------------------------------------------


@given(st.floats(-540, 540), st.floats(-90, 90))
def test_the_working_crs_is_metric_and_true_to_scale(lon: float, lat: float) -> None:
    crs = working_crs(lon, lat)
    assert crs.axis_info[0].unit_name == "metre"
    scale = pyproj.Proj(crs).get_factors((lon + 180) % 360 - 180, lat).meridional_scale
    assert scale == pytest.approx(1, abs=0.007)


@pytest.mark.parametrize(
    ("lon", "lat", "code"), [(3, 51, 32631), (179.9, -40, 32760), (-179.9, 10, 32601), (0, 85, 5041)]
)
def test_zones(lon: float, lat: float, code: int) -> None:
    assert working_crs(lon, lat).to_epsg() == code


def test_sparse_blocks_are_known_through_the_warp(tmp_path: Path) -> None:
    path = write_swath(tmp_path / "s.tif", swath(10, 45), speckle_with_target(5, 5))
    with rasterio.open(path) as src, rasterio.open(
        tmp_path / "sparse.tif", "w", driver="GTiff", height=HEIGHT, width=WIDTH, count=1, dtype="uint16", tiled=True,
        blockxsize=64, blockysize=64, SPARSE_OK=True,
    ) as dst:  # fmt: skip
        dst.gcps = src.gcps
        dst.write(np.full((64, 64), 90, np.uint16), 1, window=((128, 192), (320, 384)))
    with SarScene.open(tmp_path / "sparse.tif") as scene:
        _, valid = scene.read(scene.extent)
        for chip in tile(scene.extent, 50):
            part = valid[chip.keep.row : chip.keep.bottom, chip.keep.col : chip.keep.right]
            assert scene.has_data(chip.keep) or not part.any()
        assert not scene.has_data(Window(0, 0, 60, 60))
        assert not scene.has_data(Window(-90, -90, 60, 60))
