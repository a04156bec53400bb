"""Water masks: polygons and rasters land on the scene's pixels, whatever their CRS and the scene's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyproj
import pytest
import shapely
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from scenes import write

from fusar_core.domain.grid import Grid
from fusar_core.domain.tiling import Window
from fusar_core.errors import BadMask
from fusar_core.scenes.water import WaterMask

pytestmark = [
    pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning"),
    pytest.mark.filterwarnings("ignore:'crs' was not provided"),
]

UTM = Grid(300, 400, Affine(10, 0, 400_000, 0, -10, 5_700_000), pyproj.CRS.from_epsg(32631))
TURNED = Grid(300, 400, Affine(8, 6, 400_000, 6, -8, 5_700_000), pyproj.CRS.from_epsg(32631))
DEGREES = Grid(300, 400, Affine(0.001, 0, 5, 0, -0.001, 50), pyproj.CRS.from_epsg(4326))
DATE_LINE_UTM = Grid(300, 400, Affine(100, 0, 140_000, 0, -100, 1_000_000), pyproj.CRS.from_epsg(32601))
DATE_LINE_DEGREES = Grid(300, 400, Affine(0.001, 0, 179.8, 0, -0.001, 10), pyproj.CRS.from_epsg(4326))
PIXELS = Grid(300, 400, Affine(1, 0, 0, 0, -1, 0), None)
GRIDS = [UTM, TURNED, DEGREES, DATE_LINE_UTM, DATE_LINE_DEGREES]

LAKE = shapely.Polygon([(50, 40), (320, 90), (250, 260), (90, 220)], [[(150, 120), (200, 120), (180, 160)]])
"""In pixels of the scene; with an island."""
WHOLE = Window(0, 0, 300, 400)


CENTRES = np.meshgrid(np.arange(400) + 0.5, np.arange(300) + 0.5)


def lake_pixels() -> np.ndarray:
    return shapely.contains_xy(LAKE, *CENTRES)


def same_but_for_the_shore(water: np.ndarray, shape: Any) -> bool:
    """Whether the pixels whose centre lies in the shape are water; a centre on the very edge may be either."""
    different = water != shapely.contains_xy(shape, *CENTRES)
    x, y = (c[different] for c in CENTRES)
    return bool((shapely.distance(shape.boundary, shapely.points(x, y)) < 1e-6).all())


def save(path: Path, shapes: list[Any], crs: str | None, **more: Any) -> Path:
    kind = "MultiPolygon" if any(s.geom_type == "MultiPolygon" for s in shapes) else shapes[0].geom_type
    pyogrio.raw.write(path, shapely.to_wkb(np.array(shapes)), [], [], geometry_type=kind, crs=crs, **more)
    return path


def lake_in(grid: Grid, crs: str) -> Any:
    """The lake in another CRS, its edges bent as they must; longitudes within ±180, cut at the antimeridian."""
    to_crs = pyproj.Transformer.from_crs(grid.crs, crs, always_xy=True)

    def transform(xy: np.ndarray) -> np.ndarray:
        x, y = to_crs.transform(*grid.to_map(xy[:, 0], xy[:, 1]))
        if pyproj.CRS.from_user_input(crs).is_geographic:
            x = np.asarray(x) % 360.0  # no jump at 180
        return np.stack([x, y], axis=1)

    shape = shapely.transform(shapely.segmentize(LAKE, 5), transform)
    if not pyproj.CRS.from_user_input(crs).is_geographic:
        return shape
    east = shapely.intersection(shape, shapely.box(-180, -90, 180, 90))
    west = shapely.transform(shapely.intersection(shape, shapely.box(180, -90, 360, 90)), lambda xy: xy - [360, 0])
    parts = [p for half in (east, west) for p in shapely.get_parts(half) if p.geom_type == "Polygon"]
    return shapely.MultiPolygon(parts)


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("name", ["water.gpkg", "water.geojson", "water.shp"])
def test_polygons_in_degrees_fall_on_the_right_pixels(tmp_path: Path, grid: Grid, name: str) -> None:
    path = save(tmp_path / name, [lake_in(grid, "EPSG:4326")], "EPSG:4326")
    with WaterMask.open(path, grid) as mask:
        water = mask.read(WHOLE)
    assert water.dtype == bool
    assert (water != lake_pixels()).mean() < 0.003  # pixels on the shore


def test_polygons_in_another_projection(tmp_path: Path) -> None:
    path = save(tmp_path / "water.gpkg", [lake_in(UTM, "EPSG:3857")], "EPSG:3857")
    with WaterMask.open(path, UTM) as mask:
        assert (mask.read(WHOLE) != lake_pixels()).mean() < 0.003


def test_polygons_without_crs_lie_at_the_pixels_of_a_scene_without_georeference(tmp_path: Path) -> None:
    flipped = shapely.transform(LAKE, lambda xy: xy * [1, -1])
    with WaterMask.open(save(tmp_path / "water.gpkg", [flipped], None), PIXELS) as mask:
        assert same_but_for_the_shore(mask.read(WHOLE), LAKE)


def test_an_ocean_around_the_world_is_cut_to_the_scene(tmp_path: Path) -> None:
    """Polygons that reach from −180 to 180, at a scene that lies over the antimeridian."""
    for grid in (DATE_LINE_UTM, DATE_LINE_DEGREES):
        path = save(tmp_path / f"{id(grid)}.gpkg", [shapely.box(-180, -85, 180, 85)], "EPSG:4326")
        with WaterMask.open(path, grid) as mask:
            assert mask.read(WHOLE).all()


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("lake")
    path = save(folder / "water.gpkg", [lake_in(TURNED, "EPSG:4326")], "EPSG:4326")
    with WaterMask.open(path, TURNED) as vector, WaterMask.open(raster(folder, UTM, 1.0), UTM) as gridded:
        yield [(vector, vector.read(WHOLE)), (gridded, gridded.read(WHOLE))]


def raster(folder: Path, grid: Grid, factor: float, **more: Any) -> Path:
    """The lake as a raster in degrees, about `factor` times finer than the scene."""
    lon, lat = grid.to_lonlat([0, grid.width, 0, grid.width], [0, 0, grid.height, grid.height])
    step = (float(lon.max()) - float(lon.min())) / grid.width / factor
    width, height = int(np.ptp(lon) / step) + 20, int(np.ptp(lat) / step) + 20
    transform = Affine(step, 0, float(lon.min()) - 10 * step, 0, -step, float(lat.max()) + 10 * step)
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    pixel_x, pixel_y = grid.from_lonlat(transform.c + step * x, transform.f - step * y)
    water = shapely.contains_xy(LAKE, pixel_x, pixel_y).astype(np.uint8) * 7
    return write(folder / f"water{factor}.tif", water, crs="EPSG:4326", transform=transform, **more)


@given(st.sampled_from([0, 1]), st.integers(-90, 330), st.integers(-90, 430), st.integers(1, 90), st.integers(1, 90))
def test_any_window_is_the_same_part_of_the_whole(
    lake: Any, which: int, row: int, col: int, height: int, width: int
) -> None:
    mask, whole = lake[which]
    padded = np.pad(whole, 200)
    part = mask.read(Window(row, col, height, width))
    assert np.array_equal(part, padded[200 + row : 200 + row + height, 200 + col : 200 + col + width])


@pytest.mark.parametrize("grid", [UTM, TURNED, DEGREES])
@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_rasters_are_brought_to_the_grid_of_the_scene(tmp_path: Path, grid: Grid, factor: float) -> None:
    with WaterMask.open(raster(tmp_path, grid, factor), grid) as mask:
        assert (mask.read(WHOLE) != lake_pixels()).mean() < 0.02


def test_nodata_and_what_the_raster_does_not_cover_are_no_water(tmp_path: Path) -> None:
    water = np.ones((150, 400), np.uint8)
    water[:50] = 9
    path = write(tmp_path / "w.tif", water, crs="EPSG:32631", transform=UTM.transform, nodata=9)
    with WaterMask.open(path, UTM) as mask:
        found = mask.read(WHOLE)
    assert not found[:50].any()
    assert found[50:150].all()
    assert not found[150:].any()


def test_nan_is_no_water(tmp_path: Path) -> None:
    water = np.full((300, 400), np.nan, np.float32)
    water[100:200] = 0.5
    with WaterMask.open(write(tmp_path / "w.tif", water, **vars_of(UTM)), UTM) as mask:
        assert np.array_equal(mask.read(WHOLE), water == 0.5)


def vars_of(grid: Grid) -> dict[str, Any]:
    return {"crs": "EPSG:32631", "transform": grid.transform}


def test_a_raster_without_georeference_needs_the_size_of_the_scene(tmp_path: Path) -> None:
    water = lake_pixels().astype(np.uint8)
    path = write(tmp_path / "w.tif", water, crs=None, transform=Affine.identity())
    for grid in (PIXELS, UTM):
        with WaterMask.open(path, grid) as mask:
            assert np.array_equal(mask.read(WHOLE), water != 0)
    with pytest.raises(BadMask, match="400 × 300"):
        WaterMask.open(path, Grid(301, 400, PIXELS.transform, None))


def test_a_long_coastline_is_cut_into_pieces_without_changing_it(tmp_path: Path) -> None:
    t = np.linspace(0, 2 * np.pi, 30_000)
    radius = 120 + 8 * np.sin(90 * t)
    star = shapely.Polygon(np.stack([200 + radius * np.cos(t), 150 + radius * np.sin(t)], axis=1))
    flipped = shapely.transform(star, lambda xy: xy * [1, -1])
    with WaterMask.open(save(tmp_path / "water.gpkg", [flipped], None), PIXELS) as mask:
        assert same_but_for_the_shore(mask.read(WHOLE), star)


def test_damaged_polygons_are_mended(tmp_path: Path) -> None:
    bow_tie = shapely.Polygon([(100, -100), (200, -200), (200, -100), (100, -200)])
    with WaterMask.open(save(tmp_path / "water.gpkg", [bow_tie], None), PIXELS) as mask:
        water = mask.read(WHOLE)
    assert water[150, 110]
    assert water[150, 190]
    assert not water[110, 150]


def test_the_polygon_layer_of_several_is_taken(tmp_path: Path) -> None:
    path = save(tmp_path / "many.gpkg", [shapely.Point(5, 50)], "EPSG:4326", layer="buoys")
    save(path, [lake_in(UTM, "EPSG:4326")], "EPSG:4326", layer="water", append=True)
    with WaterMask.open(path, UTM) as mask:
        assert (mask.read(WHOLE) != lake_pixels()).mean() < 0.003


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(BadMask, match=r"nowhere\.gpkg"):
        WaterMask.open(tmp_path / "nowhere.gpkg", UTM)


def test_what_is_neither_vector_nor_raster(tmp_path: Path) -> None:
    path = tmp_path / "water.gpkg"
    path.write_text("water")
    with pytest.raises(BadMask, match=r"water\.gpkg"):
        WaterMask.open(path, UTM)


@pytest.mark.parametrize("shape", [shapely.box(50, 50, 51, 51), shapely.LineString([(2, 51), (3, 52)])])
def test_a_mask_without_water_in_the_scene_is_an_error(tmp_path: Path, shape: Any) -> None:
    with pytest.raises(BadMask, match=r"w\.gpkg.*no polygon in the scene"):
        WaterMask.open(save(tmp_path / "w.gpkg", [shape], "EPSG:4326"), UTM)


def test_a_raster_elsewhere_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "w.tif", np.ones((50, 50), np.uint8), crs="EPSG:4326", transform=DEGREES.transform)
    with pytest.raises(BadMask, match="covers no part"):
        WaterMask.open(path, UTM)


def test_a_raster_that_breaks_off_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "w.tif", np.ones((300, 400), np.uint8), **vars_of(UTM))
    path.write_bytes(path.read_bytes()[:60_000])
    with pytest.raises(BadMask, match=r"w\.tif"), WaterMask.open(path, UTM) as mask:
        mask.read(WHOLE)


def test_the_fingerprint_tells_masks_apart(tmp_path: Path) -> None:
    first = save(tmp_path / "a.gpkg", [lake_in(UTM, "EPSG:4326")], "EPSG:4326")
    second = save(tmp_path / "b.gpkg", [lake_in(UTM, "EPSG:4326")], "EPSG:4326")
    with WaterMask.open(first, UTM) as a, WaterMask.open(second, UTM) as b, WaterMask.open(first, UTM) as again:
        assert a.fingerprint() == again.fingerprint() != b.fingerprint()
