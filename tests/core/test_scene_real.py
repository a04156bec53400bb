"""Every real scene of the development data: opens, lies where it must, and is understood."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.control import GroundControlPoint
from rasterio.transform import GCPTransformer

from fusar_core.domain.determination import WINDOW_COPOL_DB, WINDOW_CROSSPOL_DB
from fusar_core.domain.radiometry import Kind
from fusar_core.domain.tiling import tile
from fusar_core.errors import SceneEmpty
from fusar_core.scenes.acquisition import year_unknown
from fusar_core.scenes.report import describe
from fusar_core.scenes.scene import SarScene

LA = (-118.9, 33.3, -117.1, 34.4)
"""Box (west, south, east, north) around Los Angeles and the air bases inland of it."""


@dataclass(frozen=True)
class Expected:
    """place: box of degrees that holds the scene. pixel_m: on the ground. window: the stretch where it is fixed."""

    path: str
    crs: str
    shape: tuple[int, int]
    pixel_m: tuple[float, float]
    place: tuple[float, float, float, float]
    kind: Kind
    band: str
    acquired: str | None = None
    calibrated: bool = False
    window: tuple[float, float] | None = None
    geocoding: str = "affine"


def found(path: str, crs: str, shape: tuple[int, int], pixel: tuple[float, float], **more: object) -> Expected:
    return Expected("as_found/" + path, crs, shape, pixel, **more)  # type: ignore[arg-type]


DECIBELS_VH = {"kind": Kind.DB, "band": "VH", "calibrated": True, "window": WINDOW_CROSSPOL_DB}
SCENES = [
    Expected(
        "la_long_beach_harbour_S1_VH_20201107_utm11n_10m.tif", "EPSG:32611", (883, 2567), (10, 10), LA, Kind.UINT8,
        "VH", "2020-11-07T13:52:41Z",
    ),
    Expected(
        "sentinel1_vh_3395/la_basin_mosaic_S1_VH_20201107.tif", "EPSG:3395", (5120, 4096), (8.31, 8.3), LA, Kind.UINT8,
        "VH", "2020-11-07T13:52:41Z",
    ),
    found(
        "S1A_GRD_vv_gcps_only.tiff", "EPSG:32643", (841, 1284), (200, 203.6), kind=Kind.AMPLITUDE, band="VV",
        place=(75.5, 9.1, 78.3, 11.3), geocoding="gcp",
    ),
    found(
        "pyrosar_S1A_VV_dB_utm31n_20m.tif", "EPSG:32631", (217, 268), (20, 20), place=(4.4, 43.5, 4.6, 43.7),
        kind=Kind.DB, band="VV", calibrated=True, window=WINDOW_COPOL_DB,
    ),
    found(
        "sarclip_example_S1_VV_VH_dB_utm18n.tif", "EPSG:32618", (224, 224), (10, 10),
        place=(-73.7, 40.7, -73.6, 40.8), **DECIBELS_VH,
    ),
    found(
        "sen1floods11_India_900498_S1_VV_VH_dB.tif", "EPSG:4326", (512, 512), (8.94, 9.95),
        place=(93.7, 26.7, 93.8, 26.8), **DECIBELS_VH,
    ),
    found(
        "sen1floods11_Nigeria_812045_S1_VV_VH_dB_nanline.tif", "EPSG:4326", (512, 512), (9.87, 9.93),
        place=(5.7, 9.0, 5.9, 9.2), **DECIBELS_VH,
    ),
    found(
        "sen1floods11_USA_905409_S1_VV_VH_dB.tif", "EPSG:4326", (512, 512), (7.81, 9.97),
        place=(-95.0, 38.6, -94.8, 38.8), **DECIBELS_VH,
    ),
    found(
        "spacenet6_rotterdam_capella_quadpol_dB.tif", "EPSG:32631", (200, 200), (4.5, 4.5),
        place=(4.3, 51.8, 4.4, 51.9), kind=Kind.DB, band="band 1", calibrated=True,
    ),
    found(
        "umbra_mount_yasur_xband_0p6m.tiff", "EPSG:32759", (2000, 2000), (0.594, 0.594),
        place=(169.4, -19.6, 169.5, -19.5), kind=Kind.UINT8, band="band 1",
    ),
]  # fmt: skip


@pytest.mark.parametrize("expected", SCENES, ids=lambda e: Path(e.path).stem)
def test_a_real_scene(real_data: Path, expected: Expected) -> None:
    with SarScene.open(real_data / "scenes" / expected.path) as scene:
        assert scene.grid.crs_name() == expected.crs
        assert (scene.grid.height, scene.grid.width) == expected.shape
        assert scene.grid.pixel_size_m == pytest.approx(expected.pixel_m, rel=0.005)
        west, south, east, north = expected.place
        for lon, lat in scene.grid.footprint():
            assert west < lon < east
            assert south < lat < north
        assert scene.geocoding == expected.geocoding
        assert scene.band.label == expected.band
        assert scene.acquisition.acquired == expected.acquired
        assert (scene.acquisition.year is None) == ("--year" in year_unknown(scene.acquisition))
        radiometry = scene.radiometry
        assert (radiometry.kind, radiometry.calibrated) == (expected.kind, expected.calibrated)
        assert radiometry.provenance
        assert expected.window is None or radiometry.window_db == expected.window
        picture, _ = scene.quicklook(max_side=200)
        assert picture.std() > 10  # something to see


def test_every_raster_of_the_folder_opens(real_data: Path) -> None:
    paths = sorted((real_data / "scenes").rglob("*.tif*"))
    assert len(paths) > 20
    for path in paths:
        with SarScene.open(path) as scene, rasterio.open(path) as src:
            chip = tile(scene.extent)[0]
            values, valid = scene.read(chip.window)
            assert values.shape == valid.shape == (504, 504)
            assert scene.grid.is_georeferenced
            if scene.geocoding == "affine":
                assert scene.grid.transform == src.transform
            assert describe(scene)["crs"]


def test_tiles_without_a_date_in_their_name_have_one_in_their_tags(real_data: Path) -> None:
    for path in sorted((real_data / "scenes" / "sentinel1_vh_3395").glob("*_T11S*.tif")):
        with SarScene.open(path) as scene:
            assert scene.acquisition.year == 2020
            assert "SOURCE_PRODUCT" in scene.acquisition.provenance["year"]
            assert scene.acquisition.orbit_pass == "descending"
            assert scene.radiometry.kind is Kind.UINT8


def test_optical_context_is_recognised(real_data: Path) -> None:
    for path in sorted((real_data / "scenes" / "sentinel2_rgb_context").glob("*.tif")):
        with SarScene.open(path) as scene:
            assert scene.acquisition.optical
            assert any("optical" in w for w in scene.warnings)


def test_a_scene_of_nan_alone(real_data: Path) -> None:
    path = real_data / "scenes" / "as_found" / "sen1floods11_Paraguay_34417_S1_ALL_NODATA.tif"
    with SarScene.open(path) as scene:
        assert not scene.read(scene.extent)[1].any()
        with pytest.raises(SceneEmpty):
            _ = scene.radiometry


def test_a_line_of_nan_is_not_valid_and_nothing_else(real_data: Path) -> None:
    path = real_data / "scenes" / "as_found" / "sen1floods11_Nigeria_812045_S1_VV_VH_dB_nanline.tif"
    with SarScene.open(path) as scene:
        values, valid = scene.read(scene.extent)
    assert np.isnan(values).sum() == 579  # a slanting line
    assert np.array_equal(valid, ~np.isnan(values))


def test_cities_cut_off_at_zero_decibels_are_kept(real_data: Path) -> None:
    path = real_data / "scenes" / "as_found" / "sarclip_example_S1_VV_VH_dB_utm18n.tif"
    with SarScene.open(path, band="VV") as scene:
        values, valid = scene.read(scene.extent)
    assert (values == 0).mean() > 0.02
    assert valid.all()


def test_control_points_of_a_sentinel_scene(real_data: Path) -> None:
    """At every point the scene's pixel comes from the image pixel it must, to 3 m of 200 m pixels; one affine fit is
    off by 219 m in the median and 415 m at most. Half of the points predict the others to 12 m inside the scene."""
    path = real_data / "scenes" / "as_found" / "S1A_GRD_vv_gcps_only.tiff"
    with SarScene.open(path) as scene, rasterio.open(path) as src:
        points = src.gcps[0]
        geocoded = scene.geocoded
        assert geocoded is not None
        assert geocoded.affine_residual_m == pytest.approx((218.9, 414.9), abs=0.2)
        x, y = scene.grid.from_lonlat([p.x for p in points], [p.y for p in points])
        errors_m = []
        for point, col, row in zip(points, x, y, strict=True):
            [(_, shift)] = geocoded.strips(np.array([col]), np.array([row]))
            off = np.hypot(col + shift[0, 0, 0] - point.col, row + shift[1, 0, 0] - point.row)
            errors_m.append(off * max(scene.grid.pixel_size_m or (0, 0)))
        assert np.median(errors_m) < 0.5
        assert max(errors_m) < 3.0
        map_x, map_y = scene.grid.to_map(x, y)
    known = [i % 2 == (i // 21) % 2 for i in range(210)]  # a chequerboard of the 21 × 10 points
    half = [
        GroundControlPoint(row=p.row, col=p.col, x=e, y=n)
        for p, e, n, k in zip(points, map_x, map_y, known, strict=True)
        if k
    ]
    inner = [i for i, p in enumerate(points) if not known[i] and 0 < p.col < 1279 and 0 < p.row < 836]
    with GCPTransformer(half, tps=True) as spline:
        east, north = spline.xy([points[i].row for i in inner], [points[i].col for i in inner], offset="ul")
    off = np.hypot(np.asarray(east) - map_x[inner], np.asarray(north) - map_y[inner])
    assert len(inner) > 60
    assert np.median(off) < 5
    assert off.max() < 15
