"""The paper's tables from results files, and the picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image

from fusar_core.evaluation.comparison import compared
from fusar_core.evaluation.results import FORMAT
from fusar_core.evaluation.scores import scores
from training.evaluation.tables import main, markdown, tables


def results(right: int, of: int = 4) -> dict[str, Any]:
    """Results with so many right answers to each task."""
    said = {"parse_status": "ok", "score": None, "raw_text": ""}
    rows: list[dict[str, Any]] = []
    for i in range(of):
        good = i < right
        common = {"id": str(i), "class": "ship", **said}
        rows.append({**common, "task": "count", "truth": i, "answer": i if good else i + 2, "present": i > 0})
        rows.append({**common, "task": "locate", "truth": [5], "answer": [5] if good else [1], "present": True})
        rows.append({**common, "task": "classify", "truth": "ship", "answer": "ship" if good else "plane"})
        boxes = {"targets": 1, "predictions": 1, "hits": [[int(good)] * 3], "scores": [0.5]}
        rows.append({**common, "task": "detect", "truth": [], "answer": [[0, 0, 1, 1]], **boxes})
        words = "a harbour with three ships"
        rows.append({**common, "task": "describe", "truth": words, "answer": words if good else "sea"})
    return {"format": FORMAT, "engine": "e", "scores": scores(rows), "rows": rows}


def test_each_table_holds_ours_and_the_paper_s() -> None:
    found = tables({"none": results(1), "tlm": results(3)})
    assert list(found) == ["2", "3", "4", "6", "7", "9"]
    assert found["2"]["rows"][1][:3] == ["tlm", 4, "75.0 [30.1–95.4]"]
    said = {c: v for c, v in zip(found["2"]["columns"], found["2"]["paper"][-1], strict=True) if v != ""}
    assert said == {
        "model": "FUSAR-GPT", "n": 198, "counting": 52.53, "Acc@100": 52.02, "Acc@50": 79.29, "Top1": 91.41,
        "counting with targets": 52.53, "Acc@100 with targets": 52.02, "Acc@50 with targets": 79.29,
        "Top1 with targets": 91.41,
    }  # fmt: skip
    ours = dict(zip(found["2"]["columns"], found["2"]["rows"][1], strict=True))
    assert ours["counting with targets"].startswith("66.7")  # two of the three cases whose count is not 0
    assert ours["Top1 with targets"].startswith("75.0")
    assert found["4"]["rows"][1][6].startswith("75.0")
    assert found["4"]["paper"][-1][:9] == ["FUSAR-GPT", "ship", 198, 31, "", 51.6, 57.1, 35.7, 10.7]
    assert all(len(row) == len(t["columns"]) for t in found.values() for row in (*t["rows"], *t["paper"]))
    text = markdown(found)
    assert "**Table 7." in text
    assert "*160.21*" in text


def test_the_paper_s_values_stand_beside_the_arm_trained_as_theirs() -> None:
    found = tables({name: results(2) for name in ("none", "none-stage2", "sum", "tlm", "tlm-stage2")})
    assert {row[0]: row[5] for row in found["6"]["rows"]} == {
        "none-stage2": 34.85, "none": "", "sum": 36.36, "tlm": 52.53,
    }  # fmt: skip
    assert {row[0]: row[5] for row in found["9"]["rows"]} == {
        "none-stage2": 34.85, "none": 36.36, "tlm-stage2": 41.92, "tlm": 52.23,
    }  # fmt: skip
    assert "52.23, its Tables 2, 5 and 6 print 52.53" in markdown(found)


def test_captions_stand_with_intervals_floor_and_paired_test() -> None:
    mine, other = results(3), results(1)
    mine["against"] = {"file": "runs/other/results.json", "tests": compared(mine["rows"], other["rows"])}
    found = tables({"mine": mine})
    row = dict(zip(found["7"]["columns"], found["7"]["rows"][0], strict=True))
    assert "[" in row["BLEU-4"]
    assert "[" in row["CIDEr stripped"]
    assert row["BLEU-4 floor"] == "100.0"  # all references are one sentence
    tests = {row[3]: row for row in found["tests"]["rows"] if row[2] == "describe"}
    assert list(tests) == ["bleu_1", "bleu_2", "bleu_3", "bleu_4", "cider"]
    assert tests["bleu_4"][5].startswith("+")
    old = results(3)
    for name in ("intervals_95", "floor"):
        del old["scores"]["describe"]["all"][name]
    assert "[" not in tables({"old": old})["7"]["rows"][0][5]


def test_tables_without_anything_of_ours_are_left_out() -> None:
    some = results(2)
    some["scores"] = {"count": some["scores"]["count"]}
    found = tables({"mine": some})
    assert list(found) == ["2"]
    assert all(len(row) == len(found["2"]["columns"]) for row in (*found["2"]["rows"], *found["2"]["paper"]))


def test_seeds_of_an_arm_are_one_row() -> None:
    found = tables({"tlm-1": results(1), "tlm-2": results(3), "none": results(2)})["9"]
    assert [row[:4] for row in found["rows"]] == [
        ["none", 1, 4, "50.0 [15.0–85.0]"],
        ["tlm", 2, 4, "50.0 (25.0 to 75.0)"],
    ]


def test_tests_against_a_baseline_are_a_table_of_their_own() -> None:
    mine, other = results(4), results(1)
    mine["against"] = {"file": "runs/other/results.json", "tests": compared(mine["rows"], other["rows"])}
    found = tables({"mine": mine, "other": other})["tests"]
    row = next(row for row in found["rows"] if row[2:4] == ["count", "accuracy"])
    assert row[:2] == ["mine", "other"]
    assert row[5].startswith("+75.00 [")
    assert row[6] == "0.25"  # three cases that only one got right: 2 · (1/2)³
    assert "Paired tests" in markdown({"tests": found})


def test_the_command_writes_markdown_json_and_a_picture(tmp_path: Path) -> None:
    for name, right in (("none", 1), ("tlm", 4)):
        (tmp_path / f"{name}.json").write_text(json.dumps(results(right)))
    words = [f"{name}={tmp_path / name}.json" for name in ("none", "tlm")]
    done = CliRunner().invoke(main, [*words, "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert json.loads((tmp_path / "out" / "tables.json").read_text())["2"]["rows"]
    assert (tmp_path / "out" / "tables.md").read_text() == done.output.removesuffix("\n")
    with Image.open(tmp_path / "out" / "plot.png") as picture:
        assert picture.width > 800


@pytest.mark.parametrize(
    ("content", "name", "complaint"),
    [("{}", "a=", "no results file"), ("no json", "a=", "be read"), ("{}", "", "name")],
)
def test_what_is_no_results_file_is_refused(tmp_path: Path, content: str, name: str, complaint: str) -> None:
    (tmp_path / "r.json").write_text(content)
    done = CliRunner().invoke(main, [f"{name}{tmp_path / 'r.json'}", "--out", str(tmp_path / "out")])
    assert done.exit_code == 1
    assert complaint in done.output
