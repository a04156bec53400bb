"""When and by what a scene was taken: from names, tags and sidecars, in their order of trust, never invented."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusar_core.domain.radiometry import Kind
from fusar_core.errors import BadOption
from fusar_core.scenes.acquisition import Acquisition, gather, read_acquisition, year_unknown
from fusar_core.scenes.metadata.files import find_sidecars
from fusar_core.scenes.metadata.orbit import ground_heading_deg, with_flight_direction
from fusar_core.scenes.metadata.product_names import Facts, mentioned_in, parse_product_name, radar_band, timestamp_in
from fusar_core.scenes.metadata.times import parse_time

S1_NAME = "S1A_IW_GRDH_1SDV_20201107T135241_20201107T135306_035143_041A16_322B"
NEXT_YEAR = datetime.now(UTC).year + 1


S1, GAOFEN, RADARSAT = "Sentinel-1", "Gaofen-3", "RADARSAT-2"
NAMES = [
    (S1_NAME, "2020-11-07T13:52:41Z", S1 + "A", "C", "VV VH"),
    (
        "S1C_EW_GRDM_1SSH_20250103T060000_20250103T060100_000001_000002_ABCD",
        "2025-01-03T06:00:00Z",
        S1 + "C",
        "C",
        "HH",
    ),
    ("s1b-iw-grd-vh-20190102t030405-20190102t030430-014321-01aaaa-002", "2019-01-02T03:04:05Z", S1 + "B", "C", "VH"),
    ("s1a-iw1-slc-vv-20190102t030405-20190102t030430-014321-01aaaa-004", "2019-01-02T03:04:05Z", S1 + "A", "C", "VV"),
    ("S1A_IW_20250502T135654_DVP_RTC30_G_gpuned_70DD_VV", "2025-05-02T13:56:54Z", S1 + "A", "C", "VV VH"),
    ("OPERA_L2_RTC-S1_T069-1-IW3_20231005T043252Z_20231005T120000Z_S1A_30", "2023-10-05T04:32:52Z", S1 + "A", "C", ""),
    ("GF3_MYN_QPSI_011437_E99.2_N26.4_20181012_L1A_HH_L10003514922", "2018-10-12", GAOFEN, "C", "HH"),
    ("CAPELLA_C02_SM_GEO_HH_20210101120000_20210101120005", "2021-01-01T12:00:00Z", "Capella-2", "X", "HH"),
    ("2023-02-26-12-41-44_UMBRA-04_GEC", "2023-02-26T12:41:44Z", "Umbra-04", "X", ""),
    ("ICEYE_X7_GRD_SLH_1234_20210101T120000", "2021-01-01T12:00:00Z", "ICEYE-X7", "X", ""),
    ("TSX1_SAR__MGD_SE___SM_S_SRA_20080101T120000_20080101T120005", "2008-01-01T12:00:00Z", "TerraSAR-X", "X", ""),
    ("RS2_OK7_PK6_DK6_FQ2_20080415_143807_HH_VV_HV_VH_SLC", "2008-04-15T14:38:07Z", RADARSAT, "C", "HH VV HV VH"),
    ("N35W119_20_sl_HH_F02DAR", "2020", "ALOS PALSAR", "L", ""),
]


@pytest.mark.parametrize(("name", "acquired", "sensor", "band", "polarisations"), NAMES)
def test_product_names(name: str, acquired: str, sensor: str, band: str, polarisations: tuple[str, ...]) -> None:
    found = gather(Path(f"/data/{name}.tif"), {})
    assert (found.acquired, found.sensor, found.band, found.polarisations) == (
        acquired,
        sensor,
        band,
        tuple(polarisations.split()),
    )
    assert found.year == int(acquired[:4])
    assert found.provenance["year"] == f"product name {name}"
    assert found.warnings == ()


@pytest.mark.parametrize(("letter", "kind"), [("p", Kind.INTENSITY), ("a", Kind.AMPLITUDE), ("d", Kind.DB)])
def test_hyp3_names_say_what_the_pixels_are(letter: str, kind: Kind) -> None:
    facts = parse_product_name(f"S1A_IW_20250502T135654_DVP_RTC30_G_g{letter}uned_70DD")
    assert (facts.kind, facts.calibrated) == (kind, True)


def test_alos_mosaics_carry_their_calibration() -> None:
    facts = parse_product_name("N35W119_20_sl_HH_F02DAR")
    assert (facts.kind, facts.calibrated, facts.calibration_db) == (Kind.AMPLITUDE, True, -83)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("la_basin_mosaic_S1_VH_20201107", "2020-11-07"),
        ("scene_20201107T135241", "2020-11-07T13:52:41"),
        ("scene_20201107135241", "2020-11-07T13:52:41"),
        ("scene-2020-11-07", "2020-11-07"),
        ("scene_2020-11-07T13-52-41Z", "2020-11-07T13:52:41"),
        ("pair_20190101_20190113", "2019-01-01"),
        ("long_beach_harbour_T11SLT_102_S1_VH", None),
        ("sen1floods11_India_900498_S1", None),
        ("orbit_20201332", None),  # month 13
        ("orbit_20200230", None),  # 30 February
        ("survey_19120415", None),  # older than any SAR satellite
        ("tile_00010101", None),
        ("id_120201107", None),  # nine digits
        (f"future_{NEXT_YEAR + 1}0101", None),
    ],
)
def test_time_stamps_in_file_names(name: str, expected: str | None) -> None:
    facts = timestamp_in(name)
    if expected is None:
        assert not facts
    else:
        assert facts.start is not None
        assert facts.start.isoformat().startswith(expected)
        assert facts.date_only == (len(expected) == 10)


digits_and_words = st.lists(
    st.one_of(
        st.text(st.characters(codec="utf-8"), max_size=8),
        st.from_regex(r"[0-9]{1,15}", fullmatch=True),
        st.sampled_from(["S1A_IW_GRDH_1SDV_", "ICEYE_X7_GRD_", "GF3_", "T", "_", "-", "UMBRA-04", S1_NAME, ".SAFE"]),
    ),
    max_size=8,
).map("".join)


@given(digits_and_words)
def test_no_name_breaks_the_parsers_or_makes_them_invent(name: str) -> None:
    for facts in (parse_product_name(name), timestamp_in(name), mentioned_in(name)):
        if facts.year is not None:
            assert 1978 <= facts.year <= NEXT_YEAR
        if facts.start is not None:
            assert facts.start.tzinfo is UTC
            assert f"{facts.start:%Y}" in name


@given(st.dates(datetime(1978, 1, 1).date(), datetime(NEXT_YEAR, 12, 31).date()), st.sampled_from(["", "-"]))
def test_every_possible_date_is_found(day: datetime, separator: str) -> None:
    name = f"scene_{day.strftime(f'%Y{separator}%m{separator}%d')}_vv"
    assert timestamp_in(name).start == datetime(day.year, day.month, day.day, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "iso", "year"),
    [
        ("2020-11-07T13:52:41.123456789Z", "2020-11-07T13:52:41.123456+00:00", 2020),
        ("2020-11-07T23:52:41-05:00", "2020-11-08T04:52:41+00:00", 2020),
        ("2020-12-31T23:30:00-02:00", "2021-01-01T01:30:00+00:00", 2021),
        ("07.11.2020", "2020-11-07T00:00:00+00:00", 2020),
        ("20201107135241", "2020-11-07T13:52:41+00:00", 2020),
        ("2020/11/07", "2020-11-07T00:00:00+00:00", 2020),
        ("02-MAY-2011 02:41:30.000000", "2011-05-02T02:41:30+00:00", 2011),
        ("07/11/2020", None, 2020),  # July or November? the year is certain
        ("31.02.2020", None, None),
        ("1850-01-01", None, None),
        ("soon", None, None),
        ("", None, None),
    ],
)
def test_times_as_metadata_write_them(text: str, iso: str | None, year: int | None) -> None:
    when, _, found = parse_time(text)
    assert (when.isoformat() if when else None, found) == (iso, year)


@given(st.text(max_size=30))
def test_no_text_breaks_the_time_parser(text: str) -> None:
    parse_time(text)
    parse_time("2020-11-07" + text)


def test_the_processing_time_is_only_a_hint() -> None:
    found = gather(Path("scene.tif"), {"TIFFTAG_DATETIME": "2018:07:16 06:05:22"})
    assert found.year is None
    assert found.acquired is None
    assert found.processed == datetime(2018, 7, 16, 6, 5, 22, tzinfo=UTC)
    assert "2018" in year_unknown(found)


def test_an_unknown_year_is_asked_for_where_a_scene_is_described_and_warned_of_nowhere_else() -> None:
    unknown = gather(Path("scene.tif"), {})
    assert "--year" in year_unknown(unknown)
    assert unknown.warnings == ()
    assert year_unknown(gather(Path("scene.tif"), {}, year=2020)) == ""


def test_the_user_knows_best_and_is_told_of_a_contradiction() -> None:
    plain = gather(Path("scene.tif"), {}, year=2019)
    assert (plain.year, plain.acquired, plain.warnings) == (2019, "2019", ())
    assert plain.provenance["year"] == "given by the user"
    agreed = gather(Path(S1_NAME + ".tif"), {}, year=2020)
    assert (agreed.acquired, agreed.warnings) == ("2020-11-07T13:52:41Z", ())
    contradicted = gather(Path(S1_NAME + ".tif"), {}, year=2019)
    assert (contradicted.year, contradicted.start) == (2019, None)
    assert "2020" in contradicted.warnings[0]


@pytest.mark.parametrize("year", [1977, NEXT_YEAR + 1, 0, -5])
def test_an_impossible_year_is_refused(year: int) -> None:
    with pytest.raises(BadOption, match=str(year)):
        gather(Path("scene.tif"), {}, year=year)


def test_order_of_trust() -> None:
    """Sidecar, embedded JSON, product name, tags, time stamp: each only where those before it are silent."""
    path = Path("quick_20110101.tif")
    tags = {
        "ICEYE_PROPERTIES": json.dumps({"start_datetime": "2022-01-01T00:00:00Z"}),
        "SOURCE_PRODUCT": S1_NAME,
        "ACQUISITION_START_TIME": "2016-01-01T00:00:00Z",
    }
    sidecar = [("item.json", Facts(start=datetime(2024, 1, 1, tzinfo=UTC), date_only=False, year=2024))]
    assert gather(path, tags, sidecar).year == 2024
    assert gather(path, tags).year == 2022
    del tags["ICEYE_PROPERTIES"]
    found = gather(path, tags)
    assert found.year == 2020
    assert "SOURCE_PRODUCT" in found.provenance["year"]
    del tags["SOURCE_PRODUCT"]
    assert gather(path, tags).provenance["year"] == "tags of the raster"
    assert gather(path, tags).year == 2016
    assert gather(path, {}).year == 2011


def test_a_date_of_lower_trust_fills_what_a_higher_leaves_open() -> None:
    tags = {"SENSOR": "Sentinel-1A IW GRDH", "POLARISATION": "VH", "ACQUISITION_DATE": "07.11.2020"}
    found = gather(Path("tile_T11SLT_102.tif"), tags)
    assert (found.acquired, found.sensor, found.band) == ("2020-11-07", "Sentinel-1A IW GRDH", "C")
    assert found.polarisations == ("VH",)


def test_the_folder_of_a_product_names_it() -> None:
    found = gather(Path(f"/data/{S1_NAME}.SAFE/measurement/scene.tiff"), {})
    assert found.acquired == "2020-11-07T13:52:41Z"


UMBRA = {
    "umbraSatelliteName": "UMBRA-04",
    "imagingMode": "SPOTLIGHT",
    "collects": [
        {
            "startAtUTC": "2023-02-26T12:41:44.123Z",
            "satelliteTrack": "DESCENDING",
            "radarBand": "X",
            "angleIncidenceDegrees": 41.5,
            "polarizations": ["VV"],
        }
    ],
}
STAC = {
    "type": "Feature",
    "properties": {
        "created": "2030-01-01T00:00:00Z",
        "datetime": "2021-06-01T05:50:00Z",
        "platform": "sentinel-1b",
        "sar:polarizations": ["VV", "VH"],
        "sar:frequency_band": "C",
        "sat:orbit_state": "ascending",
        "view:incidence_angle": 38.2,
    },
}
CAPELLA = {
    "collect": {
        "start_timestamp": "2021-01-01T12:00:00.5Z",
        "platform": "capella-2",
        "state": {"direction": "ascending"},
        "radar": {"transmit_polarization": "H", "receive_polarization": "H"},
        "image": {"radiometry": "sigma_nought", "scale_factor": 0.01, "center_pixel": {"incidence_angle": 35.0}},
    }
}
GF3 = """<?xml version="1.0"?><product><satellite>GF3</satellite><Direction>DEC</Direction>
<productinfo><productGentime>2019-01-01 00:00:00</productGentime></productinfo>
<sensor><polarParams/><polarMode>HHHV</polarMode></sensor>
<imageinfo><imagingTime><start>2018-10-12 11:22:33.5</start><end>2018-10-12 11:22:40</end></imagingTime></imageinfo>
</product>"""
ANNOTATION = """<?xml version="1.0"?><product><adsHeader><missionId>S1A</missionId><polarisation>VH</polarisation>
<startTime>2020-11-07T13:52:41.5</startTime></adsHeader><generalAnnotation><productInformation><pass>Descending</pass>
<platformHeading>-166.9</platformHeading></productInformation></generalAnnotation>
<imageAnnotation><imageInformation><incidenceAngleMidSwath>38.9</incidenceAngleMidSwath></imageInformation>
</imageAnnotation></product>"""


def write(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def read(path: Path) -> Acquisition:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return read_acquisition(path, {})


def test_umbra_metadata(tmp_path: Path) -> None:
    write(tmp_path / "2023-02-26-12-41-44_UMBRA-04_METADATA.json", json.dumps(UMBRA))
    found = read(tmp_path / "2023-02-26-12-41-44_UMBRA-04_GEC.tif")
    assert (found.acquired, found.sensor, found.band) == ("2023-02-26T12:41:44Z", "UMBRA-04", "X")
    assert (found.polarisations, found.orbit_pass, found.incidence_deg) == (("VV",), "descending", 41.5)
    assert found.provenance["start"].endswith("METADATA.json")


def test_stac_item(tmp_path: Path) -> None:
    write(tmp_path / "harbour.json", json.dumps(STAC))
    found = read(tmp_path / "harbour.tif")
    assert (found.acquired, found.sensor, found.orbit_pass) == ("2021-06-01T05:50:00Z", "Sentinel-1B", "ascending")
    assert (found.polarisations, found.incidence_deg) == (("VV", "VH"), 38.2)


def test_gaofen_metadata_are_shared_by_its_polarisations(tmp_path: Path) -> None:
    stem = "GF3_MYN_FSII_011437_E99.2_N26.4_20181012_L1A_{}_L10003514922"
    write(tmp_path / (stem.format("HHHV") + ".meta.xml").replace("HHHV", "DH"), GF3)
    found = read(tmp_path / (stem.format("HV") + ".tiff"))
    assert (found.acquired, found.sensor, found.orbit_pass) == ("2018-10-12T11:22:33Z", "Gaofen-3", "descending")


def test_sentinel_annotation(tmp_path: Path) -> None:
    name = "s1a-iw-grd-vh-20201107t135241-20201107t135306-035143-041a16-002"
    safe = tmp_path / f"{S1_NAME}.SAFE"
    write(safe / "annotation" / f"{name}.xml", ANNOTATION)
    found = read(safe / "measurement" / f"{name}.tiff")
    assert (found.orbit_pass, found.heading_deg, found.incidence_deg) == ("descending", -166.9, 38.9)
    assert found.provenance["heading_deg"] == f"{name}.xml"
    assert found.polarisations == ("VH",)


def test_capella_json_inside_the_file() -> None:
    found = gather(Path("image.tif"), {"TIFFTAG_IMAGEDESCRIPTION": json.dumps(CAPELLA)})
    assert (found.acquired, found.band, found.polarisations) == ("2021-01-01T12:00:00Z", "X", ("HH",))
    assert (found.orbit_pass, found.incidence_deg) == ("ascending", 35.0)
    assert found.facts.kind is Kind.AMPLITUDE
    assert found.facts.calibration_db == pytest.approx(-40)
    assert found.provenance["start"] == "JSON in tag TIFFTAG_IMAGEDESCRIPTION"


def test_sidecars_of_other_rasters_are_left_alone(tmp_path: Path) -> None:
    for name in ("other.json", "harbour2.json", "harbour.tif.aux.xml", "a.json", "harbour_notes.txt"):
        write(tmp_path / name, json.dumps(STAC))
    mine = write(tmp_path / "harbour.stac.json", "{}")
    assert find_sidecars(tmp_path / "harbour.tif") == [mine]
    assert find_sidecars(tmp_path / "missing" / "harbour.tif") == []


ENTITIES = [f'<!ENTITY e{i + 1} "{f"&e{i};" * 10}">' for i in range(12)]
BOMB = f'<!DOCTYPE x [<!ENTITY e0 "boom">{"".join(ENTITIES)}]><x>&e12;</x>'  # 4 TB when expanded


@pytest.mark.parametrize("content", ["", "{", "[" * 100_000, "\x00\xff", "null", '{"datetime": 5}', "[1, 2]"])
def test_damaged_json_says_nothing(tmp_path: Path, content: str) -> None:
    write(tmp_path / "harbour.json", content)
    assert read(tmp_path / "harbour.tif").year is None


@pytest.mark.parametrize("content", ["", "<a>", "no xml", BOMB])
def test_damaged_xml_says_nothing(tmp_path: Path, content: str) -> None:
    write(tmp_path / "harbour.xml", content)
    assert read(tmp_path / "harbour.tif").year is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=12),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["datetime", "platform", "sar:polarizations", "pass", "heading", "image", "scale_factor"]
                )
                | st.text(max_size=6),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_no_json_breaks_the_reader(document: object) -> None:
    found = gather(Path("x.tif"), {"ICEYE_PROPERTIES": json.dumps({"a": document})})
    assert found.year is None or 1978 <= found.year <= NEXT_YEAR


@pytest.mark.parametrize(
    ("sensor", "band"),
    [("Sentinel-1A", "C"), ("TerraSAR-X", "X"), ("ALOS-2", "L"), ("NovaSAR-1", "S"), ("Umbra-04", "X"), ("?", None)],
)
def test_radar_band_of_a_sensor(sensor: str, band: str | None) -> None:
    assert radar_band(sensor) == band


def test_sentinel_flies_down_at_dawn_and_up_at_dusk() -> None:
    dawn = gather(Path(S1_NAME + ".tif"), {})
    down = with_flight_direction(dawn, -118.2, 33.7)
    assert down.orbit_pass == "descending"
    assert down.heading_deg == pytest.approx(193, abs=1)
    up = with_flight_direction(dawn, 62.0, 33.7)
    assert up.orbit_pass == "ascending"
    assert up.heading_deg == pytest.approx(347, abs=1)


def test_the_direction_of_image_lines_is_that_of_flight() -> None:
    known = with_flight_direction(gather(Path("S1A_GRD_vv.tif"), {}), 77, 10, line_heading_deg=191.4)
    assert (known.orbit_pass, known.heading_deg) == ("descending", 191.4)


def test_what_metadata_say_of_the_flight_is_kept() -> None:
    said = gather(Path("x.tif"), {}, [("a", Facts(sensor="Sentinel-1A", heading_deg=-12.5, orbit_pass="ascending"))])
    assert with_flight_direction(said, 0, 0, line_heading_deg=190) == said


@pytest.mark.parametrize("path", ["CAPELLA_C02_SM_GEO_HH_20210101120000_20210101120005.tif", "unknown.tif"])
def test_of_other_satellites_the_flight_is_not_guessed(path: str) -> None:
    found = with_flight_direction(gather(Path(path), {}), -118.2, 33.7)
    assert (found.orbit_pass, found.heading_deg) == (None, None)


@given(st.floats(-79, 79))
def test_headings_mirror_each_other(lat: float) -> None:
    down, up = ground_heading_deg(lat, descending=True), ground_heading_deg(lat, descending=False)
    assert 180 < down < 270
    assert (down + up) % 360 == pytest.approx(180)


def test_optical_images_are_recognised() -> None:
    tags = {"SENSOR": "Sentinel-2A L1C RGB", "SOURCE_PRODUCT": "S2A_MSIL1C_20201104T183541_N0209_R027_T11SLT_2020"}
    assert gather(Path("tile.tif"), tags).optical
    assert not gather(Path(S1_NAME + ".tif"), {}).optical
