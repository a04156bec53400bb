"""A re-run takes an analyst's reviews over where targets overlap, and loses none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyproj
import pytest
import shapely
from scenes import ships_scene
from test_claim import edited, run
from test_vector_io import UTM, table

from fusar_core.domain.schema import ANSWERS, DETECTIONS, Field, Layer
from fusar_core.errors import BadResults
from fusar_core.results.reviews import NOT_FOUND, take_over
from fusar_core.results.tables import FeatureTable
from fusar_core.results.vector_io import read_layers

X, Y = 400_000.0, 3_700_000.0


def detections(boxes: list[tuple[float, float, float, float]], reviews: list[str], **values: Any) -> FeatureTable:
    whole = table(rows=len(boxes), **values)
    polygons = [shapely.box(X + a, Y + b, X + c, Y + d) for a, b, c, d in boxes]
    rows = [row | {"review": review} for row, review in zip(whole.rows, reviews, strict=True)]
    return replace(whole, polygons=polygons, rows=rows)


def reviews_of(new: FeatureTable, old: FeatureTable) -> list[str]:
    (merged,), _ = take_over([new], [old])
    return [row["review"] for row in merged.rows]


@pytest.mark.parametrize(
    ("box", "review"),
    [
        ((0, 0, 100, 20), "confirmed"),  # the same
        ((30, 0, 130, 20), "confirmed"),  # IoU 0.54
        ((40, 8, 60, 12), "confirmed"),  # a part, with its centre inside
        ((90, 0, 190, 20), "unreviewed"),  # a neighbour
        ((0, 500, 100, 520), "unreviewed"),
    ],
)
def test_a_review_follows_its_target(box: tuple[float, float, float, float], review: str) -> None:
    old = detections([(0, 0, 100, 20)], ["confirmed"])
    assert reviews_of(detections([box], ["unreviewed"]), old)[0] == review


def test_each_review_is_taken_once_and_by_the_best() -> None:
    old = detections([(0, 0, 100, 20)], ["rejected"])
    new = detections([(20, 0, 120, 20), (5, 0, 105, 20)], ["unreviewed"] * 2)
    assert reviews_of(new, old) == ["unreviewed", "rejected"]


def test_a_reviewed_target_that_is_not_found_again_is_kept_and_not_counted() -> None:
    old = detections([(0, 0, 100, 20), (0, 900, 9, 909)], ["confirmed", "unreviewed"], flags="azimuth_ambiguity")
    (merged,), carried = take_over([detections([], [])], [old])
    assert [row["flags"] for row in merged.rows] == [f"azimuth_ambiguity,{NOT_FOUND}"]
    assert (carried.taken, carried.kept) == (0, 1)
    (again,), _ = take_over([detections([], [])], [merged])
    assert again.rows == merged.rows


def test_own_fields_come_along() -> None:
    old = detections([(0, 0, 100, 20)], ["unreviewed"])
    layer = Layer(DETECTIONS.name, (*DETECTIONS.fields, Field("note", "", "text", "")))
    old = replace(old, layer=layer, rows=[old.rows[0] | {"note": "AIS off"}])
    (merged,), _ = take_over([detections([(0, 0, 99, 20), (0, 80, 99, 99)], ["unreviewed"] * 2)], [old])
    assert [row.get("note") for row in merged.rows] == ["AIS off", None]
    assert merged.layer.fields[-1].name == "note"


def test_another_crs_of_the_same_place_does_not_matter() -> None:
    old = detections([(0, 0, 100, 20)], ["confirmed"])
    move = pyproj.Transformer.from_crs(UTM, 4326, always_xy=True)
    moved = [
        shapely.transform(p, lambda a: __import__("numpy").column_stack(move.transform(*a.T))) for p in old.polygons
    ]
    assert reviews_of(
        detections([(0, 0, 100, 20)], ["unreviewed"]), replace(old, crs=pyproj.CRS("OGC:CRS84"), polygons=moved)
    ) == ["confirmed"]


def test_answers_are_matched_by_what_they_are_about() -> None:
    old, new = table(ANSWERS, review="rejected", rows=1), table(ANSWERS, rows=2)
    new.rows[0]["chip"] = "elsewhere"
    assert reviews_of(new, old) == ["unreviewed", "rejected"]


def test_a_reviewed_answer_that_the_new_result_does_not_have_is_kept() -> None:
    old = table(ANSWERS, review="confirmed", rows=1)
    (merged,), carried = take_over([replace(table(ANSWERS), polygons=[], rows=[])], [old])
    assert [(row["review"], row["flags"]) for row in merged.rows] == [("confirmed", f"x,{NOT_FOUND}")]
    assert (carried.taken, carried.kept) == (0, 1)


def test_reviews_of_another_scene_are_not_mixed_in() -> None:
    with pytest.raises(BadResults, match="same scene"):
        take_over([table(scene="b.tif")], [table(scene="a.tif", review="confirmed")])


def test_neither_table_is_changed() -> None:
    old, new = detections([(0, 0, 9, 9)], ["confirmed"]), detections([(0, 0, 9, 9)], ["unreviewed"])
    take_over([new], [old])
    assert (old.rows[0]["review"], new.rows[0]["review"]) == ("confirmed", "unreviewed")


def test_interpret_keeps_reviews_when_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene, out = ships_scene(tmp_path / "s.tif", [(120.0, 90.0), (300.0, 200.0)]), tmp_path / "r.gpkg"
    assert run("interpret", scene, "--out", out, "--keep-reviews") == 0  # nothing there yet
    edited(out, "UPDATE detections SET review = 'confirmed' WHERE fid = 1")
    capsys.readouterr()
    assert run("interpret", scene, "--out", out, "--keep-reviews") == 0
    assert "Reviews of 1 features were taken over" in capsys.readouterr().out
    assert sorted(row["review"] for row in read_layers(out)[0].rows) == ["confirmed", "unreviewed"]


def test_what_is_not_taken_over_is_not_lost_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene, out = ships_scene(tmp_path / "s.tif", [(120.0, 90.0)]), tmp_path / "r.gpkg"
    assert run("interpret", scene, "--out", out) == 0
    edited(out, "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY, styleQML TEXT)")
    edited(out, "INSERT INTO layer_styles (styleQML) VALUES ('<qgis/>')")
    before = out.read_bytes()
    assert run("interpret", scene, "--out", out, "--keep-reviews") == 1
    assert "OUTPUT_REVIEWED" in capsys.readouterr().err
    assert out.read_bytes() == before
    assert run("interpret", scene, "--out", out, "--keep-reviews", "--overwrite") == 0
