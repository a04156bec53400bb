"""What an analyst has added to a result survives its export."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from test_claim import edited, run
from test_vector_io import table

from fusar_core.domain.schema import DETECTIONS, LAYERS, Field, Layer, renamed, short_names
from fusar_core.results.columns import unformulated
from fusar_core.results.vector_io import read_layers, write_layers


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A result with notes, times, numbers, and a row without a place."""
    path = tmp_path / "r.gpkg"
    write_layers([table(layer) for layer in LAYERS], path)
    for column in ("note TEXT", "observation_1 TEXT", "observation_2 TEXT", "parse TEXT", "seen DATE", "at DATETIME"):
        edited(path, f"ALTER TABLE detections ADD COLUMN {column}")
    edited(path, "ALTER TABLE detections ADD COLUMN mmsi INTEGER")
    edited(path, "ALTER TABLE detections ADD COLUMN photo BLOB")
    edited(
        path,
        "UPDATE detections SET note = 'tanker, AIS off', observation_1 = 'first', observation_2 = 'second',"
        " parse = 'mine', seen = '2021-05-17', at = '2021-05-17T05:50:00Z', mmsi = 211378120000 WHERE fid = 1",
    )
    edited(path, "INSERT INTO detections (class, review) VALUES ('ship', 'confirmed')")
    return path


def test_fields_and_rows_are_read_back(results: Path) -> None:
    found = read_layers(results)[0]
    row = found.rows[0]
    assert (row["note"], row["observation_2"], row["mmsi"]) == ("tanker, AIS off", "second", 211378120000)
    assert (row["seen"], row["at"]) == (np.datetime64("2021-05-17"), np.datetime64("2021-05-17T05:50:00"))
    assert found.rows[1]["mmsi"] is None
    assert found.polygons[2] is None
    assert found.rows[2]["review"] == "confirmed"


@pytest.mark.parametrize("form", ["gpkg", "geojson", "csv"])
def test_they_survive_under_their_own_names(results: Path, tmp_path: Path, form: str) -> None:
    assert run("export", results, tmp_path / f"x.{form}") == 0
    about: dict[str, Any] = {"layer": "detections"} if form == "gpkg" else {}
    meta, _, _, data = pyogrio.raw.read(tmp_path / f"x.{form}", datetime_as_string=True, **about)
    row = {name: values[0] for name, values in zip(meta["fields"], data, strict=True)}
    assert (row["note"], row["observation_1"], row["observation_2"], row["parse"]) == (
        "tanker, AIS off",
        "first",
        "second",
        "mine",
    )
    assert int(float(row["mmsi"])) == 211378120000
    assert str(row["seen"]).startswith("2021-05-17")
    assert len(data[0]) == 3


def test_in_a_shapefile_names_are_made_distinct_and_said(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("export", results, tmp_path / "x.shp") == 0
    told = capsys.readouterr().out
    meta, _, _, data = pyogrio.raw.read(tmp_path / "x.shp")
    names = list(meta["fields"])
    assert names[: len(DETECTIONS.fields)] == [f.short for f in DETECTIONS.fields]
    row = {name: values[0] for name, values in zip(names, data, strict=True)}
    assert (row["observat_1"], row["observat_2"], row["parse_1"], row["note"]) == (
        "first",
        "second",
        "mine",
        "tanker, AIS off",
    )
    assert row["mmsi"] == 211378120000
    assert "renamed     observation_1 is observat_1 in detections" in told
    assert "left out    field photo of detections" in told
    assert " note is " not in told
    assert len(data[0]) == 3


def test_a_row_without_a_place_has_an_empty_one(results: Path, tmp_path: Path) -> None:
    assert run("export", results, tmp_path / "x.csv") == 0
    with open(tmp_path / "x.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(bool(row["x"]), bool(row["WKT"])) for row in rows] == [(True, True), (True, True), (False, False)]


def test_what_is_known_of_a_result_comes_along_and_its_warnings_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = {"demonstration": "yes", "warnings": "fusar-nano is a demonstration model."}
    write_layers([replace(table(layer), metadata=told) for layer in LAYERS], tmp_path / "r.gpkg")
    assert run("export", tmp_path / "r.gpkg", tmp_path / "x.gpkg") == 0
    assert "warning     fusar-nano is a demonstration model." in capsys.readouterr().out
    assert [t.metadata for t in read_layers(tmp_path / "x.gpkg")] == [told] * len(LAYERS)
    assert run("export", tmp_path / "r.gpkg", tmp_path / "x.csv") == 0
    assert "warning     fusar-nano is a demonstration model." in capsys.readouterr().out


def test_layers_of_others_are_named(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from test_claim import a_layer_of_others

    a_layer_of_others(results)
    assert run("export", results, tmp_path / "x.geojson") == 0
    assert "left out    layer harbour_plan" in capsys.readouterr().out


def test_multipolygons_that_an_analyst_drew_are_written(tmp_path: Path) -> None:
    drawn = table()
    drawn.polygons[1] = shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 2, 3, 3)])  # type: ignore[call-overload]
    for name in ("a.shp", "a.gpkg", "a.geojson"):
        write_layers([drawn], tmp_path / name)
    assert pyogrio.read_info(tmp_path / "a.shp")["features"] == 2


def test_an_old_spatial_index_goes_with_the_old_shapefile(tmp_path: Path) -> None:
    write_layers([table()], tmp_path / "a.shp")
    (tmp_path / "a.qix").write_bytes(b"of the old one")
    write_layers([table()], tmp_path / "a.shp")
    assert not (tmp_path / "a.qix").exists()


@pytest.mark.parametrize(
    ("added", "shorts"),
    [
        (["observation"], ["observatio"]),
        (["observation_1", "observation_2"], ["observat_1", "observat_2"]),
        (["parse", "PARSE_1"], ["parse_1", "PARSE_1_1"]),
        (["größenordnung"], ["größenor"]),
        (
            [f"observation{i}" for i in range(12)],
            [f"observat_{i}" for i in range(1, 10)] + ["observa_10", "observa_11", "observa_12"],
        ),
    ],
)
def test_short_names_are_distinct_and_fit(added: list[str], shorts: list[str]) -> None:
    layer = Layer("detections", (*DETECTIONS.fields, *(Field(name, "", "text", "") for name in added)))
    names = short_names(layer)
    assert [names[name] for name in added] == shorts
    assert len({short.lower() for short in names.values()}) == len(layer.fields)
    assert all(len(short.encode()) <= 10 for short in names.values())
    assert set(renamed(layer)) == {name for name in added if names[name] != name}


@pytest.mark.parametrize(
    "text", ['=HYPERLINK("http://x","y")', "+1+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1+1", "-2+3+cmd|'x'"]
)
def test_no_text_in_csv_is_a_formula(tmp_path: Path, text: str) -> None:
    write_layers([table(rows=1, scene=text)], tmp_path / "a.csv")
    with open(tmp_path / "a.csv", encoding="utf-8", newline="") as file:
        assert next(csv.DictReader(file))["scene"] == f"'{text}"


@pytest.mark.parametrize("text", ["-12.5,3,-1,7", "+4", "a=b", "ship", ""])
def test_numbers_and_plain_texts_stay_as_they_are(text: str) -> None:
    assert unformulated(text) == text
