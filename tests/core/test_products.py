"""Products as people have them: what is read of them, what is said of the rest, and what is never taken for a scene."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from click.testing import CliRunner
from rasterio.control import GroundControlPoint
from scenes import sea, write

from fusar_core.batch import find_scenes
from fusar_core.commands.info import command
from fusar_core.domain.radiometry import Kind
from fusar_core.errors import BadBand, SceneUnreadable
from fusar_core.scenes.acquisition import gather
from fusar_core.scenes.metadata.companions import companion_in, companion_of_product
from fusar_core.scenes.report import describe
from fusar_core.scenes.scene import SarScene

SLC = "S1A_IW_SLC__1SDV_20210517T055012_20210517T055040_037930_0479F1_AB12.SAFE"
WAVE = "S1A_WV_SLC__1SSV_20210517T055012_20210517T055640_037930_0479F1_AB12.SAFE"
HYP3 = "S1A_IW_20210517T055012_DVP_RTC30_G_gpuned_C0FE"
RNG = np.random.default_rng(3)


def name(path: Path, band: int, description: str) -> Path:
    with rasterio.open(path, "r+") as file:
        file.set_band_description(band, description)
    return path


def speckle_halves(shape: tuple[int, int] = (300, 300)) -> tuple[np.ndarray, np.ndarray]:
    amplitude, phase = sea(*shape) / 400, RNG.uniform(0, 2 * np.pi, shape)
    return (amplitude * np.cos(phase)).astype(np.float32), (amplitude * np.sin(phase)).astype(np.float32)


def measurement(path: Path, lon: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    real, imaginary = speckle_halves()
    write(path, (real + 1j * imaginary).astype(np.complex64), crs=None, transform=Affine.identity(), tags={})
    points = [
        GroundControlPoint(r, c, lon + c * 1e-4 - r * 2e-5, 51.5 - r * 9e-5 - c * 1e-5, 0)
        for r in (0, 150, 299)
        for c in (0, 150, 299)
    ]
    with rasterio.open(path, "r+") as file:
        file.gcps = points, rasterio.CRS.from_epsg(4326)
    return path


# --- radiometry: no guess from one clue -------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [("i_VV", "q_VV"), ("VV_real", "VV_imag"), ("I", "Q")])
def test_halves_of_a_complex_image_are_read_as_one(tmp_path: Path, names: tuple[str, str]) -> None:
    real, imaginary = speckle_halves()
    path = write(tmp_path / "S1A_20210517_Cal_TC.tif", np.stack([real, imaginary]))
    name(name(path, 1, names[0]), 2, names[1])
    with SarScene.open(path) as scene:
        assert scene.radiometry.kind is Kind.COMPLEX
        values, valid = scene.read(scene.extent)
        np.testing.assert_allclose(scene.radiometry.to_intensity(values, valid), real**2 + imaginary**2, rtol=1e-5)
        assert len(scene.bands) == 1
        assert any("imaginary" in w for w in scene.warnings)


def test_one_half_alone_is_refused_and_never_decibels(tmp_path: Path) -> None:
    path = write(tmp_path / "half_20210517.tif", speckle_halves()[0])
    with SarScene.open(path) as scene:
        with pytest.raises(BadBand, match="half of a complex image"):
            _ = scene.radiometry
        assert "Radiometry unknown" in describe(scene)["warnings"][-1]


def test_halves_in_files_of_their_own_are_read_as_one(tmp_path: Path) -> None:
    """SNAP's BEAM-DIMAP: a .dim file, and a folder .data with an ENVI file a band."""
    data = tmp_path / "subset_S1.data"
    data.mkdir()
    for half, pixels in zip("iq", speckle_halves(), strict=True):
        write(data / f"{half}_VV.img", pixels, driver="ENVI", tags={}, tiled=None, blockxsize=None, blockysize=None)
    write(data / "elevation.img", sea(300, 300), driver="ENVI", tags={}, tiled=None, blockxsize=None, blockysize=None)
    dim = tmp_path / "subset_S1.dim"
    dim.write_text(
        '<Dimap_Document><MDElem name="Abstracted_Metadata"><MDATTR name="PRODUCT">'
        "S1A_IW_SLC__1SDV_20210517T055012_20210517T055040_037930_0479F1_AB12</MDATTR>"
        '<MDATTR name="MISSION">SENTINEL-1A</MDATTR><MDATTR name="PASS">DESCENDING</MDATTR>'
        '<MDATTR name="first_line_time">17-MAY-2021 05:50:12.345678</MDATTR></MDElem></Dimap_Document>'
    )
    with SarScene.open(dim) as scene:
        assert (scene.radiometry.kind, [b.polarisation for b in scene.bands]) == (Kind.COMPLEX, ["VV"])
        assert (scene.acquisition.acquired, scene.acquisition.orbit_pass) == ("2021-05-17T05:50:12Z", "descending")
        assert any("elevation.img" in w for w in scene.warnings)


DECIBELS = 20 * np.log10(sea(300, 300) / 1500) + 7.5


def test_decibels_times_a_factor_are_refused_with_what_they_look_like(tmp_path: Path) -> None:
    path = write(tmp_path / "S1_20210517_VV.tif", np.round((DECIBELS - 10) * 100).astype(np.int16), nodata=-32768)
    with SarScene.open(path) as scene, pytest.raises(BadBand, match="decibels times 100"):
        _ = scene.radiometry


@pytest.mark.parametrize("factor", ["10", "0.1"])  # writers mean either
def test_a_factor_that_a_tag_names_is_taken_where_it_makes_decibels(tmp_path: Path, factor: str) -> None:
    path = write(tmp_path / "S1_VV.tif", np.round(DECIBELS * 10).astype(np.int16), tags={"scale_factor": factor})
    with SarScene.open(path) as scene:
        assert scene.radiometry.kind is Kind.DB
        values, valid = scene.read(scene.extent)
        assert valid.all()
        np.testing.assert_allclose(scene.radiometry.to_db(values, valid), DECIBELS, atol=0.06)
        assert any("scale_factor" in w for w in scene.warnings)


def test_pixels_that_no_radar_measures_are_counted_when_left_out(tmp_path: Path) -> None:
    pixels = DECIBELS.astype(np.float32)
    pixels[:30] = -9999  # fill that nobody declared
    with SarScene.open(write(tmp_path / "S1_VV_dB.tif", pixels)) as scene:
        assert scene.radiometry.kind is Kind.DB
        assert any("10.0%" in w and "-9999" in w for w in scene.warnings)


def test_zeros_among_dark_pixels_are_said(tmp_path: Path) -> None:
    pixels = RNG.poisson(1.5, (300, 300)).astype(np.uint16)
    with SarScene.open(write(tmp_path / "dark.tif", pixels)) as scene:
        _ = scene.radiometry
        assert any("zeros scattered" in w for w in scene.warnings)


# --- parts of a product -----------------------------------------------------------------------------------------------


@pytest.fixture
def swaths(tmp_path: Path) -> Path:
    for k in (1, 2, 3):
        stem = f"s1a-iw{k}-slc-vv-20210517t055013-20210517t055040-037930-0479f1-00{k}.tiff"
        measurement(tmp_path / SLC / "measurement" / stem, 1.5 + 0.03 * k)
    return tmp_path / SLC


def test_one_swath_of_several_is_read_and_the_others_are_named(swaths: Path) -> None:
    with SarScene.open(swaths) as scene:
        [said] = [w for w in scene.warnings if "IW1" in w]
        assert "IW2, IW3" in said
        assert "--band IW2" in said
        first = scene.grid.footprint()[0]
    with SarScene.open(swaths, band="IW2 VV") as scene:
        assert scene.grid.footprint()[0][0] > first[0] + 0.02
        assert scene.bands[0].polarisation == "VV"
    with pytest.raises(BadBand):
        SarScene.open(swaths, band="IW4")


def test_swaths_that_are_missing_are_said(swaths: Path) -> None:
    (swaths / "annotation").mkdir()
    for k in (1, 2, 3):
        (swaths / "annotation" / f"s1a-iw{k}-slc-vv-20210517t055013-20210517t055040-037930-0479f1-00{k}.xml").touch()
    next((swaths / "measurement").glob("s1a-iw3*")).unlink()
    with SarScene.open(swaths) as scene:
        assert any("no image of IW3" in w for w in scene.warnings)


def test_vignettes_are_scenes_not_bands(tmp_path: Path) -> None:
    for k in range(1, 5):
        stem = f"s1a-wv{2 - k % 2}-slc-vv-2021051{k}t055010-2021051{k}t055013-037930-0479f1-00{k}.tiff"
        measurement(tmp_path / WAVE / "measurement" / stem, -20 + k)
    with SarScene.open(tmp_path / WAVE) as scene:
        assert len(scene.bands) == 1
        assert any("WV1-001 of 4" in w for w in scene.warnings)
    with SarScene.open(tmp_path / WAVE, band="WV2-004") as scene:
        assert scene.grid.footprint()[0][0] == pytest.approx(-16, abs=0.1)
    assert len(find_scenes([str(tmp_path / WAVE)])) == 4


@pytest.mark.parametrize(("kind", "words"), [("OCN", "winds and waves"), ("RAW", "not focused")])
def test_products_without_an_image_are_called_what_they_are(tmp_path: Path, kind: str, words: str) -> None:
    safe = tmp_path / f"S1A_IW_{kind}__2SDV_20210517T055012_20210517T055040_037930_0479F1_AB12.SAFE"
    (safe / "measurement").mkdir(parents=True)
    (safe / "manifest.safe").touch()
    with pytest.raises(SceneUnreadable, match=words):
        SarScene.open(safe)


@pytest.fixture
def hyp3(tmp_path: Path) -> Path:
    folder = tmp_path / HYP3
    folder.mkdir()
    power = (sea(200, 200) / 600) ** 2
    for ending, pixels in {
        "VV": power,
        "VH": power / 4,
        "dem": np.abs(RNG.normal(20, 5, (200, 200))).astype(np.float32),
        "inc_map": RNG.normal(0.7, 0.02, (200, 200)).astype(np.float32),
        "ls_map": np.ones((200, 200), np.uint8),
        "rgb": np.ones((3, 200, 200), np.uint8),
    }.items():
        write(folder / f"{HYP3}_{ending}.tif", pixels, tags={})
    return folder


def test_a_batch_takes_one_scene_of_a_product_and_lists_the_rest(hyp3: Path) -> None:
    [scene] = find_scenes([str(hyp3.parent)])
    assert scene.path.endswith("_VH.tif")
    assert {Path(b.partition(" (")[0]).name.removeprefix(HYP3) for b in scene.beside} == {
        "_VV.tif",
        "_dem.tif",
        "_inc_map.tif",
        "_ls_map.tif",
        "_rgb.tif",
    }
    [asked] = find_scenes([str(hyp3.parent)], band="VV")
    assert asked.path.endswith("_VV.tif")


def test_scenes_of_one_folder_stay_apart(tmp_path: Path) -> None:
    for stem in ("a_20210517_VV", "b_20210517_VV", "harbour", "harbour_mask", "mask"):
        write(tmp_path / f"{stem}.tif", sea(20, 20))
    names = [Path(s.path).stem for s in find_scenes([str(tmp_path)])]
    assert names == ["a_20210517_VV", "b_20210517_VV", "harbour", "mask"]  # a file of that name alone is the user's


def test_a_product_folder_is_one_scene_in_all_its_polarisations(hyp3: Path) -> None:
    with SarScene.open(hyp3) as scene:
        assert {b.polarisation for b in scene.bands} == {"VV", "VH"}
        assert any("_dem.tif (an elevation model)" in w for w in scene.warnings)


def test_a_companion_of_a_product_is_no_scene(hyp3: Path) -> None:
    with pytest.raises(BadBand, match="elevation model"):
        SarScene.open(hyp3 / f"{HYP3}_dem.tif")


@pytest.mark.parametrize(
    ("stem", "what"),
    [
        ("ALOS2437590500-220630_WWDR2.2GUA_LIN", "incidence"),
        ("ALOS2437590500-220630_WWDR2.2GUA_MSK", "mask"),
        ("N00E010_20_mask_F02DAR", "mask"),
        (f"{HYP3}_ls_map", "layover"),
        (f"{HYP3}_area", "scattering"),
        ("OPERA_L2_RTC-S1_T070-149815-IW3_20240101T000000Z_20240102T000000Z_S1A_30_v1.0_mask", "mask"),
        ("localIncidenceAngle", "incidence"),
        ("layover_shadow_mask", "layover"),
    ],
)
def test_companions_are_known_by_their_names(stem: str, what: str) -> None:
    assert what in (companion_in(stem) or "")


@pytest.mark.parametrize("stem", ["S1_VV", "Sigma0_VH_db", f"{HYP3}_VV", "lindau_20210517", "harbour_2021", "demo"])
def test_radar_images_are_no_companions(stem: str) -> None:
    assert companion_in(stem) is None


def test_only_names_that_follow_a_rule_are_certain() -> None:
    assert companion_of_product("my_harbour_area") is None
    assert companion_of_product(f"{HYP3}_area") is not None


# --- sensors and dates ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("product", "acquired", "sensor", "band", "polarisations"),
    [
        ("S1A_OPER_SAR_EOSSP__CORE_L1D_OLVF_20230418T122622_HH", "2023-04-18T12:26:22Z", "SAOCOM-1A", "L", ("HH",)),
        ("GF3_KAS_FSII_029000_E120.1_N30.2_20220303_L2_HHHV_L20006300001", "2022-03-03", "Gaofen-3", "C", ("HH", "HV")),
        ("GF3_KAS_FSII_029000_E120.1_N30.2_20220303_L2_HH_L20006300001", "2022-03-03", "Gaofen-3", "C", ("HH",)),
        ("LT1A_MONO_KSC_STRIP1_000643_E37.3_N37.1_20220411_SLC_HH_S2A_0001", "2022-04-11", "Lutan-1A", "L", ("HH",)),
        ("ALOS2400000500-220712_WWDR2.2GUA_HH_SLP", "2022-07-12", "ALOS-2", "L", ("HH",)),
        ("ASA_IMP_1PNESA20080525_101112_000000182068_00123_32614_0001.N1", "2008-05-25T10:11:12Z", "Envisat", "C", ()),
        (
            "SAR_IMS_1PXESA19951220_024320_00000015G152_00132_23166_0252.E1",
            "1995-12-20T02:43:20Z",
            "ERS-1",
            "C",
            (),
        ),
    ],
)
def test_whole_product_names(product: str, acquired: str, sensor: str, band: str, polarisations: tuple) -> None:
    found = gather(Path(f"{product}.tif"), {})
    assert (found.acquired, found.sensor, found.band, found.polarisations) == (acquired, sensor, band, polarisations)
    assert found.heading_deg is None


def test_from_a_sensor_that_is_only_mentioned_nothing_follows(tmp_path: Path) -> None:
    tags = {"ACQUISITION_START_TIME": "2021-05-17T05:50:12Z"}
    with SarScene.open(write(tmp_path / "harbour_S1A_VV.tif", sea(50, 50), tags=tags)) as scene:
        assert scene.acquisition.sensor == "Sentinel-1A"
        assert (scene.acquisition.orbit_pass, scene.acquisition.heading_deg) == (None, None)


def test_gaofen_3_metadata_are_found_for_every_spelling_of_polarisations(tmp_path: Path) -> None:
    stem = "GF3_KAS_FSII_029000_E120.1_N30.2_20220303_L2_{}_L20006300001"
    path = write(tmp_path / (stem.format("HH") + ".tiff"), sea(50, 50), tags={})
    (tmp_path / (stem.format("HHHV") + ".meta.xml")).write_text(
        "<product><satellite>GF3</satellite><Direction>DEC</Direction><productinfo><productType>SGC</productType>"
        "</productinfo><imageinfo><imagingTime><start>2022-03-03 22:15:10.123</start></imagingTime></imageinfo>"
        "</product>"
    )
    with SarScene.open(path) as scene:
        found = scene.acquisition
    assert (found.acquired, found.orbit_pass, found.product) == ("2022-03-03T22:15:10Z", "descending", "SGC")


@pytest.mark.parametrize(
    "stem",
    [
        "GF3B_KSC_QPSI_001234_E121.5_N30.2_20220303_L1A_VV_L10000012345",
        "LT1A_MONO_KSC_STRIP1_000643_E37.3_N37.1_20220411_SLC_VV_S2A_0000010037",
    ],
)
def test_level_1a_is_a_complex_image_in_two_bands(tmp_path: Path, stem: str) -> None:
    path = write(tmp_path / f"{stem}.tiff", RNG.normal(0, 900, (2, 100, 100)).astype(np.int16), tags={})
    with SarScene.open(path) as scene:
        assert (scene.radiometry.kind, [b.polarisation for b in scene.bands]) == (Kind.COMPLEX, ["VV"])


def test_dates_that_stand_in_the_file_are_found(tmp_path: Path) -> None:
    stem = "ALOS2400000500-220712_WWDR2.2GUA"
    path = write(tmp_path / f"{stem}_HH_SLP.tif", sea(50, 50).astype(np.uint16), tags={})
    (tmp_path / f"{stem}_summary.xml").write_text(
        "<Product><SourceAttributes><Satellite>ALOS2</Satellite><SourceDataAcquisitionTime><StartTime>"
        "2022-07-12T15:01:00Z</StartTime></SourceDataAcquisitionTime><PassDirection>Ascending</PassDirection>"
        "</SourceAttributes><BackscatterConversionEq>10*log10(DN^2)-83.0</BackscatterConversionEq></Product>"
    )
    with SarScene.open(path) as scene:
        found = scene.acquisition
        assert (found.acquired, found.sensor, found.band, found.orbit_pass) == (
            "2022-07-12T15:01:00Z", "ALOS-2", "L", "ascending",
        )  # fmt: skip
        assert (scene.radiometry.kind, scene.radiometry.calibration_db) == (Kind.AMPLITUDE, -83.0)
    product = "S1A_IW_GRDH_1SDV_20210517T055012_20210517T055037_037930_0479F1_AB12_Orb_Cal_TC"
    assert gather(Path("subset.tif"), {"TIFFTAG_IMAGEDESCRIPTION": product}).acquired == "2021-05-17T05:50:12Z"
    envisat = gather(Path("x.tif"), {"MPH_SENSING_START": "17-MAY-2009 05:50:12.000000"})
    assert envisat.acquired == "2009-05-17T05:50:12Z"


def test_gdals_imagery_domain_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "img.tif", sea(50, 50).astype(np.uint16), tags={})
    with rasterio.open(path, "r+") as file:
        file.update_tags(ns="IMAGERY", ACQUISITIONDATETIME="2021-05-17 05:50:12", SATELLITEID="SENTINEL-1A")
    with SarScene.open(path) as scene:
        assert (scene.acquisition.acquired, scene.acquisition.sensor) == ("2021-05-17T05:50:12Z", "Sentinel-1A")


def test_a_product_without_pixels_tells_what_its_metadata_say(tmp_path: Path) -> None:
    folder = tmp_path / "0000022708_001001_ALOS2015976960-140909"
    folder.mkdir()
    (folder / "IMG-HH-ALOS2015976960-140909-FBDR1.5GUA").write_bytes(b"broken")
    (folder / "summary.txt").write_text(
        'Lbi_Satellite="ALOS2"\nPds_ProductID="FBDR1.5GUA"\nImg_SceneStartDateTime="20140909 04:33:42.052"\n'
    )
    result = CliRunner().invoke(command, [str(folder), "--json"])
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert report["error"]["code"] == "SCENE_UNREADABLE"
    found = report["acquisition"]
    assert (found["sensor"], found["acquired"], found["product"], found["polarisations"]) == (
        "ALOS-2", "2014-09-09T04:33:42Z", "FBDR1.5GUA", ["HH"],
    )  # fmt: skip
    assert "radiometry are unknown" in report["warnings"][0]


def test_a_leader_file_tells_of_its_image() -> None:
    from fusar_core.scenes.metadata.ceos import facts_of_leader

    summary = bytearray(b" " * 512)
    for at, text in {4: b"\n\n\x1f\x14", 68: b"19951220024327962", 148: b" -9999999.999", 396: b"ERS1",
                     412: b"   SAR- C-HR-IM-VV", 468: b" 196.439", 484: b"  23.283"}.items():  # fmt: skip
        summary[at : at + len(text)] = text
    found = facts_of_leader(bytes(720) + bytes(summary))
    assert (found.sensor, found.band, found.polarisations, found.orbit_pass) == ("ERS-1", "C", ("VV",), "descending")
    assert (str(found.start), found.incidence_deg) == ("1995-12-20 02:43:27+00:00", 23.283)
    assert not facts_of_leader(b"no leader" * 500)


def test_sicd_in_nitf_is_a_complex_image_with_its_metadata(tmp_path: Path) -> None:
    xml = (
        "<SICD><CollectionInfo><CollectorName>Umbra-05</CollectorName></CollectionInfo><Timeline><CollectStart>"
        "2023-05-01T10:11:12Z</CollectStart></Timeline><ImageFormation><TxRcvPolarizationProc>V:V"
        "</TxRcvPolarizationProc></ImageFormation><SCPCOA><IncidenceAng>35.5</IncidenceAng></SCPCOA></SICD>"
    )
    found = gather(Path("x.nitf"), {"XML:DES": xml})
    assert (found.acquired, found.sensor, found.band) == ("2023-05-01T10:11:12Z", "Umbra-05", "X")
    assert (found.polarisations, found.incidence_deg) == (("VV",), 35.5)
    path = tmp_path / "sicd_20230501.nitf"
    whole = {"tiled": None, "blockxsize": None, "blockysize": None, "crs": None, "transform": None}
    write(path, np.stack(speckle_halves()), driver="NITF", tags={}, **whole)
    bands = re.compile(rb"2(.{2}) {6}(N   0)(.{2}) {6}(N   0)")  # NBANDS, then IREPBAND, ISUBCAT, IFC … of each
    content, changed = bands.subn(rb"2\1I     \2\3Q     \4", path.read_bytes(), count=1)
    assert changed == 1
    path.write_bytes(content)
    with SarScene.open(path) as scene:
        assert scene.radiometry.kind is Kind.COMPLEX


# --- GDAL's own names -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slashes", ["/vsizip/", "/vsizip//"])
def test_a_raster_in_an_archive(tmp_path: Path, slashes: str) -> None:
    inner = write(tmp_path / "a_20210517.tif", sea(50, 60).astype(np.uint16), tags={})
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.write(inner, inner.name)
    inner.unlink()
    for given in (tmp_path / "z.zip", f"{slashes}{str(tmp_path / 'z.zip').lstrip('/')}/a_20210517.tif"):
        with SarScene.open(given) as scene:
            assert (scene.grid.width, scene.acquisition.acquired) == (60, "2021-05-17")


def test_a_part_of_a_container_keeps_its_slashes_and_the_date_of_the_file(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "cube_20210517.h5"
    with h5py.File(path, "w") as file:
        file["Band1"], file["group/Band2"] = sea(50, 60), sea(50, 70)
    for given in (f"HDF5:{path}://Band1", Path(f"HDF5:{path}://Band1"), f'HDF5:"{path}"://Band1'):
        with SarScene.open(given) as scene:
            assert (scene.grid.width, scene.acquisition.acquired) == (60, "2021-05-17")
            assert scene.name == "cube_20210517.h5/Band1"
    with SarScene.open(f"HDF5:{path}://group/Band2") as scene:
        assert scene.grid.width == 70
    with pytest.raises(SceneUnreadable, match=r"Name one of its parts: HDF5:.*://"):
        SarScene.open(path)


def test_nisar_covariances_are_read_where_they_lie(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "NISAR_L2_PR_GCOV_001.h5"
    with h5py.File(path, "w") as file:
        about = file.create_group("science/LSAR/identification")
        about["missionId"], about["zeroDopplerStartTime"] = "NISAR", "2026-01-05T10:11:12.000000000"
        about["orbitPassDirection"], about["productType"] = "Descending", "GCOV"
        grid = file.create_group("science/LSAR/GCOV/grids/frequencyA")
        for term in ("HHHH", "HVHV"):
            grid[term] = (sea(64, 64) / 600) ** 2
        file.create_group("science/LSAR/GCOV/grids/frequencyB")["HHHH"] = (sea(32, 32) / 600) ** 2
    with SarScene.open(path) as scene:
        found = scene.acquisition
        assert (found.sensor, found.acquired, found.orbit_pass) == ("NISAR", "2026-01-05T10:11:12Z", "descending")
        assert {b.polarisation for b in scene.bands} == {"HH", "HV"}
        assert (scene.radiometry.kind, scene.radiometry.calibrated) == (Kind.INTENSITY, True)
        assert any("frequency B" in w for w in scene.warnings)
