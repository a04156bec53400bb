"""Scenes: whatever GDAL opens is read right, and what cannot be read says so."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio._env import get_gdal_config
from rasterio.control import GroundControlPoint
from rasterio.enums import ColorInterp
from scenes import UTM, sea, write

from fusar_core.domain.grid import Grid
from fusar_core.domain.radiometry import Kind
from fusar_core.domain.tiling import ChipWindow, Window, tile
from fusar_core.errors import BadBand, BadCrs, BadOption, SceneEmpty, SceneNotFound, SceneUnreadable
from fusar_core.scenes.report import describe
from fusar_core.scenes.scene import SarScene
from fusar_core.scenes.water import WaterMask

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")  # of writing test data

NO_PLACE: dict[str, Any] = {"crs": None, "transform": Affine.identity()}


def decibels(height: int = 96, width: int = 128, seed: int = 1) -> np.ndarray:
    return (20 * np.log10(sea(height, width, seed) / 600)).astype(np.float32)


def digital_numbers(height: int = 96, width: int = 128) -> np.ndarray:
    return sea(height, width).astype(np.uint16)


# --- what is read -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dtype", ["uint8", "int16", "uint16", "int32", "uint32", "float32", "float64", "complex64", "complex128"]
)
def test_pixels_come_as_they_are_stored(tmp_path: Path, dtype: str) -> None:
    image = sea(60, 70).astype(dtype)
    with SarScene.open(write(tmp_path / "s.tif", image)) as scene:
        values, valid = scene.read(scene.extent)
    assert values.dtype == scene.dtype == np.dtype(dtype)
    assert np.array_equal(values, image)
    assert valid.all()


def test_complex_whole_numbers_are_read(tmp_path: Path) -> None:
    """Sentinel-1 SLC stores pairs of int16."""
    image = (sea(64, 64) * np.exp(1j * np.arange(64))).round().astype(np.complex64)
    image = image.real.round() + 1j * image.imag.round()
    path = write(tmp_path / "slc.tif", image.astype(np.complex64), dtype="complex_int16")
    with SarScene.open(path) as scene:
        values, _ = scene.read(scene.extent)
        assert scene.radiometry.kind is Kind.COMPLEX
        power = scene.radiometry.to_intensity(values, np.ones(values.shape, bool))
    assert np.allclose(power, np.abs(image) ** 2, rtol=1e-5)


@pytest.fixture(scope="module")
def mosaic(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    image = digital_numbers(150, 210)
    image[40:60, 30:90] = 0
    return write(tmp_path_factory.mktemp("mosaic") / "s.tif", image, blockxsize=64, blockysize=32), image


@given(st.integers(-80, 160), st.integers(-80, 220), st.integers(1, 120), st.integers(1, 120))
def test_any_window_is_the_same_part_of_the_whole(
    mosaic: tuple[Path, np.ndarray], row: int, col: int, height: int, width: int
) -> None:
    """Also where it reaches past the edges: nothing is valid there."""
    path, image = mosaic
    padded = np.pad(image, 250)
    with SarScene.open(path) as scene:
        values, valid = scene.read(Window(row, col, height, width))
    part = padded[250 + row : 250 + row + height, 250 + col : 250 + col + width]
    assert np.array_equal(values, part)
    assert np.array_equal(valid, part != 0)


def test_nodata_nan_infinity_and_fill_are_not_valid(tmp_path: Path) -> None:
    image = decibels()
    bad = {(3, 3): np.nan, (4, 4): np.inf, (5, 5): -np.inf, (6, 6): -9999.0, (7, 7): 3.4e38, (8, 8): 7.0}
    for place, value in bad.items():
        image[place] = value
    image[20] = np.nan
    with SarScene.open(write(tmp_path / "s.tif", image, nodata=7)) as scene:
        _, valid = scene.read(scene.extent)
        assert scene.radiometry.kind is Kind.DB
    expected = np.ones(image.shape, bool)
    expected[20] = False
    for place in bad:
        expected[place] = False
    assert np.array_equal(valid, expected)


def test_an_internal_mask_counts(tmp_path: Path) -> None:
    path = write(tmp_path / "s.tif", digital_numbers(64, 64), blockxsize=64, blockysize=64)
    mask = np.full((64, 64), 255, np.uint8)
    mask[:10] = 0
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as dst:
        dst.write_mask(mask)
    with SarScene.open(path) as scene:
        assert np.array_equal(scene.read(scene.extent)[1], mask != 0)


def test_an_alpha_band_masks_and_is_no_band(tmp_path: Path) -> None:
    image = np.stack([sea(64, 64).astype(np.uint8), np.full((64, 64), 255, np.uint8)])
    image[1, :, :7] = 0
    path = write(tmp_path / "s.tif", image)
    with rasterio.open(path, "r+") as dst:
        dst.colorinterp = [ColorInterp.gray, ColorInterp.alpha]
    with SarScene.open(path) as scene:
        assert len(scene.bands) == 1
        assert np.array_equal(scene.read(scene.extent)[1], image[1] != 0)


def test_zeros_are_fill_but_not_in_eight_bit_images(tmp_path: Path) -> None:
    numbers, bytes_ = digital_numbers(), sea(96, 128).astype(np.uint8)
    numbers[5:9, 5:9] = bytes_[5:9, 5:9] = 0
    for image, zeros_valid in ((numbers, False), (numbers.astype(np.float32), False), (bytes_, True)):
        with SarScene.open(write(tmp_path / f"{image.dtype}.tif", image)) as scene:
            assert scene.read(scene.extent)[1][6, 6] == zeros_valid


def test_zero_decibels_are_data_where_scattered_and_fill_where_solid(tmp_path: Path) -> None:
    """Products may cut off at 0 dB: a city then has scattered zeros. Exports fill their corners with zeros."""
    cut_off = np.minimum(decibels() + 18, 0)
    assert (cut_off == 0).mean() > 0.02
    filled = cut_off.copy()
    filled[-40:, -40:] = 0
    for image, zeros_valid in ((cut_off, True), (filled, False)):
        with SarScene.open(write(tmp_path / f"{zeros_valid}.tif", image)) as scene:
            assert scene.read(scene.extent)[1][image == 0].all() == zeros_valid


def test_a_chip_is_padded_and_knows_its_pixels(tmp_path: Path) -> None:
    where = tile(Window(0, 0, 96, 128))[0]
    with SarScene.open(write(tmp_path / "s.tif", digital_numbers())) as scene:
        chip = scene.chip(where)
        assert chip.values.shape == chip.valid.shape == chip.image.shape == (504, 504)
        assert chip.valid.sum() == 96 * 128
        assert chip.pixel_size_m == pytest.approx((10, 10), rel=1e-3)
        assert chip.water is None
        assert (chip.image[~chip.valid] == 0).all()
        assert chip.radiometry is scene.radiometry


def test_pixel_size_of_a_chip_is_its_own(tmp_path: Path) -> None:
    """In degrees pixels shrink towards the pole."""
    place = {"crs": "EPSG:4326", "transform": Affine(0.01, 0, 10, 0, -0.01, 70)}
    with SarScene.open(write(tmp_path / "s.tif", digital_numbers(1000, 40), **place)) as scene:
        north, south = (
            scene.chip(ChipWindow(0, Window(row, 0, 40, 40), Window(row, 0, 40, 40))).pixel_size_m for row in (0, 960)
        )
    assert north is not None
    assert south is not None
    assert north[0] < 0.75 * south[0]


def test_a_chip_carries_its_part_of_the_water_mask(tmp_path: Path) -> None:
    path = write(tmp_path / "s.tif", digital_numbers())
    water = np.zeros((96, 128), np.uint8)
    water[:, 64:] = 1
    write(tmp_path / "water.tif", water)
    with SarScene.open(path) as scene, WaterMask.open(tmp_path / "water.tif", scene.grid) as mask:
        chip = scene.chip(tile(scene.extent)[0], mask)
    assert chip.water is not None
    assert np.array_equal(chip.water[:96, :128], water != 0)
    assert not chip.water[96:].any()


# --- bands ------------------------------------------------------------------------------------------------------------


def two_bands(path: Path, names: tuple[str, str] = ("VV", "VH")) -> Path:
    image = np.stack([decibels(seed=1), decibels(seed=2) - 7])
    write(path, image)
    with rasterio.open(path, "r+") as dst:
        dst.descriptions = names
    return path


@pytest.mark.parametrize("wanted", [2, "2", "VH", "vh", "Sigma0_VH_db", "SIGMA0_vh_DB"])
def test_a_band_is_chosen_by_number_name_or_polarisation(tmp_path: Path, wanted: Any) -> None:
    path = two_bands(tmp_path / "s.tif", ("Sigma0_VV_db", "Sigma0_VH_db"))
    with SarScene.open(path, band=wanted) as scene:
        assert scene.band.label == "VH"
        assert scene.read(scene.extent)[0].mean() < -24
        assert scene.radiometry.window_db == (-30, 0)
        assert [(b.index, b.polarisation) for b in scene.bands] == [(1, "VV"), (2, "VH")]


def test_by_default_the_cross_polarised_band_is_read_and_the_reason_recorded(tmp_path: Path) -> None:
    with SarScene.open(two_bands(tmp_path / "s.tif")) as scene:
        assert scene.band.label == "VH"
        assert "cross-polarised" in scene.band.reason
    with SarScene.open(two_bands(tmp_path / "t.tif", ("HH", "VV"))) as scene:
        assert scene.band.label == "HH"


def test_polarisations_may_stand_in_the_file_name_or_a_tag(tmp_path: Path) -> None:
    image = np.stack([decibels(), decibels()])
    with SarScene.open(write(tmp_path / "S1_VV_VH_dB_utm.tif", image)) as scene:
        assert [b.polarisation for b in scene.bands] == ["VV", "VH"]
    with SarScene.open(write(tmp_path / "x.tif", image, tags={"POLARISATION": "HH,HV"})) as scene:
        assert [b.polarisation for b in scene.bands] == ["HH", "HV"]
    with SarScene.open(write(tmp_path / "S1_VV_dB.tif", image)) as scene:  # one name for two bands: no telling
        assert [b.polarisation for b in scene.bands] == [None, None]


def test_bands_are_combined_as_the_mean_of_their_powers(tmp_path: Path) -> None:
    path = two_bands(tmp_path / "s.tif")
    with SarScene.open(path, band="VV+VH") as scene, rasterio.open(path) as src:
        values, valid = scene.read(scene.extent)
        expected = np.mean(10 ** (src.read() / 10), axis=0)
        assert scene.band.label == "VV+VH"
        assert values.dtype == scene.dtype == np.float32
        assert np.allclose(values, expected, rtol=1e-4)
        assert valid.all()
        assert scene.radiometry.kind is Kind.INTENSITY
        assert scene.radiometry.calibrated
        assert scene.radiometry.window_db == (-25, 5)


@pytest.mark.parametrize("wanted", ["HV", 3, 0, "-1", "", "VV+", "VV+HH"])
def test_a_band_that_is_not_there_is_an_error_that_names_those_which_are(tmp_path: Path, wanted: Any) -> None:
    path = two_bands(tmp_path / "s.tif")
    with pytest.raises(BadBand, match=r"1 \(VV\), 2 \(VH\)"):
        SarScene.open(path, band=wanted)


# --- radiometry from a sample -----------------------------------------------------------------------------------------


def test_the_noise_at_the_border_of_a_swath_does_not_move_the_stretch(tmp_path: Path) -> None:
    clean = digital_numbers(2100, 2300)
    noisy = clean.copy()
    noisy[:, :60] = 0
    noisy[:, 60:100] = 1 + np.arange(40) % 4
    noisy[:200] = 0
    windows = []
    for name, image in (("clean", clean), ("noisy", noisy)):
        with SarScene.open(write(tmp_path / f"{name}.tif", image)) as scene:
            windows.append(scene.radiometry.window_db)
    assert windows[0] == pytest.approx(windows[1], abs=0.05)


def test_the_sample_of_a_large_scene_is_small_and_speaks_for_all_of_it(tmp_path: Path) -> None:
    image = np.repeat(np.repeat(digital_numbers(320, 320), 16, axis=0), 16, axis=1)
    image[:2560] *= 4
    expected = np.percentile(20 * np.log10(image.astype(np.float32)), [2, 98])
    for layout in ({}, {"tiled": False, "blockysize": 1, "blockxsize": 5120}):
        with SarScene.open(write(tmp_path / f"{len(layout)}.tif", image, **layout)) as scene:
            assert scene.radiometry.window_db == pytest.approx(expected, abs=0.3)
            assert scene._samples[0].values.size <= 8 * 8 * 256 * 256


def test_a_stretch_is_found_when_data_fill_one_corner_only(tmp_path: Path) -> None:
    image = np.zeros((5000, 5000), np.uint16)
    image[4800:4900, 4800:4900] = digital_numbers(100, 100)
    with SarScene.open(write(tmp_path / "s.tif", image)) as scene:
        assert scene.radiometry.window_db == pytest.approx(
            np.percentile(20 * np.log10(digital_numbers(100, 100).astype(np.float32)), [2, 98]), abs=0.01
        )


def test_names_units_and_tags_decide_where_values_do_not(tmp_path: Path) -> None:
    power = (sea(64, 64) ** 2 / 4e4).astype(np.float32)
    hyp3 = "S1A_IW_20250502T135654_DVP_RTC30_G_ga{}ned_70DD_VV.tif"
    with SarScene.open(write(tmp_path / "plain.tif", power, tags={})) as scene:
        assert scene.radiometry.kind is Kind.INTENSITY
        assert scene.radiometry.calibrated
    with SarScene.open(write(tmp_path / hyp3.format("u"), power, tags={})) as scene:
        assert scene.radiometry.kind is Kind.AMPLITUDE
        assert "product name" in scene.radiometry.provenance
    with SarScene.open(write(tmp_path / "tagged.tif", power, tags={"UNITS": "amplitude"})) as scene:
        assert scene.radiometry.kind is Kind.AMPLITUDE


def test_declared_scales_are_applied(tmp_path: Path) -> None:
    path = write(tmp_path / "s.tif", (decibels() * 100).astype(np.int16))
    with rasterio.open(path, "r+") as dst:
        dst.scales, dst.offsets = (0.01,), (0.0,)
    with SarScene.open(path) as scene:
        values, valid = scene.read(scene.extent)
        assert valid.all()
        assert scene.radiometry.kind is Kind.DB
        assert scene.radiometry.to_db(values, valid) == pytest.approx(decibels(), abs=0.011)


def test_the_same_scene_gets_the_same_stretch(tmp_path: Path) -> None:
    path = write(tmp_path / "s.tif", digital_numbers())
    with SarScene.open(path) as first, SarScene.open(path) as second:
        assert first.radiometry == second.radiometry
        assert first.fingerprint() == second.fingerprint()


def test_the_fingerprint_tells_files_and_bands_apart(tmp_path: Path) -> None:
    path = two_bands(tmp_path / "s.tif")
    with SarScene.open(path, band=1) as first, SarScene.open(path, band=2) as second:
        assert first.fingerprint() != second.fingerprint()


# --- place ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", [NO_PLACE, {"crs": "EPSG:32631", "transform": Affine.identity()}])
def test_without_georeference_a_scene_works_in_pixels_and_says_so(tmp_path: Path, profile: dict[str, Any]) -> None:
    with SarScene.open(write(tmp_path / "s.tif", digital_numbers(), **profile)) as scene:
        assert scene.geocoding == "none"
        assert scene.grid == Grid(96, 128, Affine(1, 0, 0, 0, -1, 0), None)
        assert any("no georeference" in w for w in scene.warnings)
        assert scene.chip(tile(scene.extent)[0]).pixel_size_m is None
        assert scene.extent_window((10, -50, 30, -20)) == Window(20, 10, 30, 20)


def test_a_geotransform_without_crs_is_kept_but_places_nothing(tmp_path: Path) -> None:
    with SarScene.open(write(tmp_path / "s.tif", digital_numbers(), crs=None)) as scene:
        assert scene.geocoding == "none"
        assert scene.grid.transform == UTM["transform"]
        assert any("no known CRS" in w for w in scene.warnings)


def test_a_site_of_its_own_coordinates_places_nothing(tmp_path: Path) -> None:
    local = 'LOCAL_CS["harbour",UNIT["metre",1]]'
    with SarScene.open(write(tmp_path / "s.tif", digital_numbers(), crs=local)) as scene:
        assert scene.geocoding == "none"


def test_a_rotated_grid_stays_as_it_is(tmp_path: Path) -> None:
    turned = Affine(-0.143, -0.577, 337_934, -0.577, 0.143, 7_840_518)
    image = digital_numbers()
    with SarScene.open(write(tmp_path / "s.tif", image, crs="EPSG:32759", transform=turned)) as scene:
        assert scene.geocoding == "affine"
        assert scene.grid.transform == turned
        assert np.array_equal(scene.read(scene.extent)[0], image)
        assert scene.grid.pixel_size_m == pytest.approx((0.594, 0.594), abs=0.002)


# --- sparse and huge --------------------------------------------------------------------------------------------------


def sparse(path: Path, side: int, block: int, **more: Any) -> Path:
    with rasterio.open(
        path, "w", driver="GTiff", width=side, height=side, count=1, dtype="uint16", tiled=True, blockxsize=block,
        blockysize=block, SPARSE_OK=True, BIGTIFF="YES", **(UTM | more),
    ):  # fmt: skip
        pass
    return path


def test_a_huge_raster_without_data_is_recognised_without_reading_it(tmp_path: Path) -> None:
    with SarScene.open(sparse(tmp_path / "s.tif", 200_000, 512)) as scene:
        assert scene.extent == Window(0, 0, 200_000, 200_000)
        assert not any(scene.has_data(c.window) for c in tile(scene.extent, 4096))
        with pytest.raises(SceneEmpty, match="no valid pixel"):
            _ = scene.radiometry
        assert scene.valid_fraction == 0


def test_data_in_a_sparse_raster_are_where_they_were_written(tmp_path: Path) -> None:
    path = sparse(tmp_path / "s.tif", 20_000, 256)
    with rasterio.open(path, "r+") as dst:
        dst.write(digital_numbers(), 1, window=((9990, 10_086), (5000, 5128)))
    with SarScene.open(path) as scene:
        assert scene.has_data(Window(9900, 4900, 300, 300))
        assert scene.has_data(Window(10_000, 5100, 1, 1))
        assert not scene.has_data(Window(0, 0, 5000, 5000))
        assert not scene.has_data(Window(12_000, 0, 8000, 20_000))
        assert not scene.has_data(Window(-500, -500, 400, 400))
        assert scene.radiometry.kind is Kind.AMPLITUDE


@pytest.mark.skipif("GDAL_CACHEMAX" in os.environ, reason="GDAL_CACHEMAX is set by the user, which counts")
def test_the_memory_for_reading_does_not_grow_with_the_machine(tmp_path: Path) -> None:
    with SarScene.open(write(tmp_path / "s.tif", digital_numbers())):
        assert get_gdal_config("GDAL_CACHEMAX") == 256 * 2**20


# --- pictures ---------------------------------------------------------------------------------------------------------


def test_a_quick_look_is_small_and_shows_the_scene(tmp_path: Path) -> None:
    image = digital_numbers(600, 900)
    image[:, 450:] *= 8
    with SarScene.open(write(tmp_path / "s.tif", image)) as scene:
        picture, scale = scene.quicklook(max_side=300)
        assert (picture.shape, scale) == ((200, 300), 3.0)
        assert picture[:, 150:].mean() > picture[:, :150].mean() + 80
        part, scale = scene.quicklook(Window(0, 450, 100, 90), max_side=300)
        assert (part.shape, scale) == ((100, 90), 1.0)
        assert np.array_equal(part, scene.radiometry.to_uint8(image[:100, 450:540], np.ones((100, 90), bool)))
        with pytest.raises(SceneEmpty):
            scene.quicklook(Window(-10, -10, 5, 5))


def test_a_quick_look_of_combined_bands(tmp_path: Path) -> None:
    with SarScene.open(two_bands(tmp_path / "s.tif"), band="VV+VH") as scene:
        picture, _ = scene.quicklook(max_side=32)
        assert picture.shape == (24, 32)
        assert picture.any()


# --- bad input --------------------------------------------------------------------------------------------------------


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SceneNotFound, match=r"nowhere\.tif"):
        SarScene.open(tmp_path / "nowhere.tif")


def test_a_name_no_file_can_have() -> None:
    for name in ("x" * 5000, "a\0b"):
        with pytest.raises(SceneNotFound):
            SarScene.open(name)


@pytest.mark.parametrize("content", [b"", b"no raster at all", b"II*\x00" + b"\xff" * 50])
def test_what_is_no_raster(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "scene.tif"
    path.write_bytes(content)
    with pytest.raises(SceneUnreadable, match=r"scene\.tif"):
        SarScene.open(path)


def test_a_folder_that_is_no_product(tmp_path: Path) -> None:
    with pytest.raises(SceneUnreadable, match="holds no radar image"):
        SarScene.open(tmp_path)


@pytest.mark.parametrize("layout", [{}, {"tiled": False, "blockysize": 8, "blockxsize": 1024}, {"compress": "deflate"}])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.97])
def test_a_file_that_breaks_off_is_named(tmp_path: Path, layout: dict[str, Any], share: float) -> None:
    path = write(tmp_path / "cut.tif", digital_numbers(1024, 1024), **layout)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(SceneUnreadable, match=r"cut\.tif"), SarScene.open(path) as scene:
        scene.read(scene.extent)


def test_no_valid_pixel_at_all(tmp_path: Path) -> None:
    image = np.full((2, 50, 60), np.nan, np.float32)
    with SarScene.open(write(tmp_path / "s.tif", image, nodata=np.nan)) as scene:
        values, valid = scene.read(scene.extent)
        assert values.shape == (50, 60)
        assert not valid.any()
        with pytest.raises(SceneEmpty, match=r"s\.tif"):
            _ = scene.radiometry


def test_a_raster_of_one_pixel(tmp_path: Path) -> None:
    with SarScene.open(write(tmp_path / "s.tif", np.array([[90]], np.uint16), tiled=False)) as scene:
        assert scene.read(scene.extent)[0].tolist() == [[90]]
        chip = scene.chip(tile(scene.extent)[0])
        assert chip.valid.sum() == 1
        assert scene.quicklook()[0].shape == (1, 1)
        assert describe(scene)["width"] == 1


def test_an_impossible_year(tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="1912"):
        SarScene.open(write(tmp_path / "s.tif", digital_numbers()), year=1912)


def test_an_optical_image_is_called_one(tmp_path: Path) -> None:
    path = write(tmp_path / "s.tif", digital_numbers(), tags={"SENSOR": "Sentinel-2A L1C RGB"})
    with SarScene.open(path) as scene:
        assert any("optical" in w for w in scene.warnings)


def test_nothing_but_our_own_words_reaches_the_user(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """No library warning, nothing printed: a scene without georeference, one that breaks off, one that is none."""
    plain = write(tmp_path / "plain.tif", digital_numbers(1024, 1024), **NO_PLACE)
    (tmp_path / "cut.tif").write_bytes(plain.read_bytes()[:500_000])
    (tmp_path / "none.tif").write_text("none")
    capfd.readouterr()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with SarScene.open(plain) as scene:
            scene.chip(tile(scene.extent)[0])
            scene.quicklook(max_side=64)
            describe(scene)
        with pytest.raises(SceneUnreadable), SarScene.open(tmp_path / "cut.tif") as scene:
            scene.read(scene.extent)
        with pytest.raises(SceneUnreadable):
            SarScene.open(tmp_path / "none.tif")
    assert capfd.readouterr() == ("", "")


# --- a CRS that the user gives ----------------------------------------------------------------------------------------


def test_a_crs_that_the_file_lacks_may_be_given(tmp_path: Path) -> None:
    path = write(tmp_path / "nocrs.tif", sea(64, 64).astype(np.uint16), crs=None)
    with SarScene.open(path, crs="EPSG:32631") as scene:
        assert scene.grid.crs_name() == "EPSG:32631"
        assert scene.grid.pixel_size_m == pytest.approx((10, 10), rel=0.01)
        assert not any("CRS" in w for w in scene.warnings)


def test_a_crs_that_is_wrong_in_the_file_may_be_corrected_and_that_is_said(tmp_path: Path) -> None:
    path = write(tmp_path / "wrong.tif", sea(64, 64).astype(np.uint16), crs="EPSG:32632")
    with SarScene.open(path, crs="EPSG:32631") as scene:
        assert scene.grid.crs_name() == "EPSG:32631"
        assert "wrong.tif is placed in the CRS given, EPSG:32631; the file says EPSG:32632." in scene.warnings


def test_a_crs_in_which_the_scene_cannot_lie_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "nocrs.tif", sea(64, 64).astype(np.uint16), crs=None)
    with pytest.raises(BadCrs, match="no degrees on the earth"):
        SarScene.open(path, crs="EPSG:4326")
    with pytest.raises(BadCrs, match="no known coordinate reference system"):
        SarScene.open(path, crs="EPSG:0")


def test_a_crs_places_no_scene_without_georeference(tmp_path: Path) -> None:
    path = write(tmp_path / "bare.tif", sea(64, 64).astype(np.uint16), crs=None, transform=Affine.identity())
    with SarScene.open(path, crs="EPSG:32631") as scene:
        assert scene.grid.crs is None
        assert any("has no georeference" in w for w in scene.warnings)


def test_a_crs_is_of_the_control_points_too(tmp_path: Path) -> None:
    corners = [(0, 0), (0, 64), (64, 0), (64, 64)]
    points = [GroundControlPoint(row=r, col=c, x=400_000 + 10 * c, y=5_700_000 - 10 * r) for r, c in corners]
    path = write(tmp_path / "gcp.tif", sea(64, 64).astype(np.uint16), crs=None, transform=None)
    with rasterio.open(path, "r+") as dst:
        dst.gcps = points, "EPSG:32632"
    with SarScene.open(path, crs="EPSG:32631") as scene:
        assert scene.geocoding == "gcp"
        assert scene.grid.crs_name() == "EPSG:32631"
