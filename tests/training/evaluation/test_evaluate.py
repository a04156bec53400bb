"""Evaluation of an engine on triplets: what is asked, what is true, and every score by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fusar_core.domain.answers import Detection
from fusar_core.engines.base import Report
from fusar_core.errors import BadOption, BadResults, ResumeMismatch, UnknownTask
from fusar_core.evaluation.results import read_results
from fusar_core.evaluation.scores import scores
from fusar_core.scoring.measures import PRESENT
from fusar_core.tasks import FINE, TASKS
from fusar_core.tasks.base import CHIP, Task
from fusar_core.tasks.reading import Reading
from training.data.tasks import TRAINED
from training.data.tasks.base import TrainedTask
from training.data.triplets import Conversation, Triplet
from training.evaluation.evaluate import compare, evaluate, main

Data = tuple[list[Triplet], Path]


def box(x1: float, y1: float, x2: float, y2: float, score: float = 0.9, flags: tuple[str, ...] = ()) -> Detection:
    return Detection("ship", score, ((x1, y1), (x2, y1), (x2, y2), (x1, y2)), flags=flags)


def test_counting_and_cells_by_hand(data: Data, scripted: Any) -> None:
    triplets, root = data
    engine = scripted({
        (0, "count", "ship"): 2, (1, "count", "ship"): 1, (2, "count", "ship"): 0,  # right, wrong, right; none for 3
        (0, "locate", "ship"): frozenset({1, 9}), (1, "locate", "ship"): frozenset(),
        (2, "locate", "ship"): frozenset(), (3, "locate", "ship"): frozenset({1}),
    })  # fmt: skip
    results = evaluate(engine, triplets, root, ("count", "locate"), ("ship",))
    count, locate = results.scores["count"], results.scores["locate"]
    assert count["all"]["n"] == 4
    assert count["all"]["accuracy"]["value"] == 0.5
    assert count["all"]["within_1"]["value"] == 0.75
    assert count["all"]["mae"]["value"] == pytest.approx((0 + 1 + 0 + 1) / 4)
    assert count["parsed"]["value"] == 0.75
    assert count["parsed"]["status"] == {"ok": 3, "unreadable": 1}
    assert count[PRESENT]["n"] == 2
    assert count["all"]["majority_floor"]["value"] == 0.5
    assert locate["all"]["acc_100"]["value"] == 0.75
    assert locate["all"]["majority_floor"] == {**locate["all"]["majority_floor"], "answer": [], "value": 0.5}
    assert locate[PRESENT]["acc_100"]["value"] == 0.5
    assert [r["truth"] for r in results.rows if r["task"] == "locate"] == [[1, 9], [], [], [2]]
    assert results.about["cases"] == 8
    assert results.about["model"] == "v1"


def test_classes_are_asked_about_one_by_one_and_scored_apart(data: Data, scripted: Any) -> None:
    triplets, root = data
    engine = scripted({(i, "count", c): 0 for i in range(4) for c in ("plane", "ship")})
    scores = evaluate(engine, triplets, root, ("count",), ("plane", "ship")).scores["count"]
    assert (scores["all"]["n"], scores["plane"]["n"], scores["ship"]["n"]) == (8, 4, 4)
    assert scores["plane"]["accuracy"]["value"] == 0.75
    assert scores["ship"]["accuracy"]["value"] == 0.5


def test_one_class_a_chip_is_one_that_is_there_or_else_in_turns(data: Data, scripted: Any) -> None:
    triplets, root = data
    triplets = [*triplets, replace(triplets[2], id="4"), replace(triplets[2], id="5")]
    engine = scripted({})
    results = evaluate(engine, triplets, root, ("count",), ("plane", "ship"), one_class=True)
    assert [r["class"] for r in results.rows] == ["ship", "plane", "plane", "ship", "ship", "plane"]
    assert [r.classes for r in engine.requests] == [(r["class"],) for r in results.rows]


def test_every_target_is_asked_for_its_class(data: Data, scripted: Any) -> None:
    triplets, root = data
    boxes = [str(tuple(map(float, b))) for b in ((0, 0, 10, 10), (70, 70, 80, 80), (40, 40, 50, 50), (40, 0, 50, 10))]
    engine = scripted({
        (0, "classify", boxes[0]): "ship", (0, "classify", boxes[1]): "plane", (1, "classify", boxes[2]): "plane",
    })  # fmt: skip
    results = evaluate(engine, triplets, root, ("classify",), ("plane", "ship"))
    score = results.scores["classify"]["all"]
    assert score["n"] == 4
    assert score["accuracy"]["value"] == 0.5  # the one that cannot be read is wrong
    assert score["per_class"]["plane"]["value"] == 1
    assert score["majority_floor"]["value"] == 0.75
    assert evaluate(engine, triplets, root, ("classify",), most_targets=1).scores["classify"]["all"]["n"] == 3


def test_fine_classes_are_the_kinds_that_targets_name(data: Data, scripted: Any) -> None:
    triplets, root = data
    engine = scripted({(3, "classify", str((40.0, 0.0, 50.0, 10.0))): "ferry"})
    results = evaluate(engine, triplets, root, (FINE,), ("ship", "plane"))
    assert {r.classes for r in engine.requests} == {("ferry", "tanker")}
    assert [r["truth"] for r in results.rows] == ["tanker", "ferry", "ferry"]
    assert results.scores[FINE]["all"]["accuracy"]["value"] == pytest.approx(1 / 3)
    with pytest.raises(BadOption, match="no choice of kinds"):
        evaluate(engine, triplets[1:3], root, (FINE,))


def test_detection_by_hand(data: Data, scripted: Any) -> None:
    triplets, root = data
    engine = scripted({
        (0, "detect", "ship"): [box(0, 0, 10, 10), box(30, 30, 40, 40), box(1, 1, 2, 2, flags=("azimuth_ambiguity",))],
        (1, "detect", "ship"): [], (2, "detect", "ship"): [], (3, "detect", "ship"): [box(40, 0, 50, 5, score=0.8)],
    })  # fmt: skip
    score = evaluate(engine, triplets, root, ("detect",), ("ship",)).scores["detect"]["all"]
    at = {a["iou"]: a for a in score["at"]}
    assert (score["targets"], score["predictions"]) == (3, 3)
    assert at[0.25]["precision"]["value"] == pytest.approx(2 / 3)
    assert at[0.25]["recall"]["value"] == pytest.approx(2 / 3)
    assert at[0.5]["f1"]["value"] == pytest.approx(2 / 3)
    assert at[0.75]["f1"]["value"] == pytest.approx(1 / 3)
    assert at[0.25]["ap"]["value"] == pytest.approx(2 / 3 * 2 / 3)  # both .9 enter together: 1 of 2, then 2 of 3


def test_counts_and_cells_follow_from_detections_where_an_engine_derives_them(data: Data, scripted: Any) -> None:
    triplets, root = data
    found = {(i, "detect", "ship"): [] for i in range(4)}
    found[0, "detect", "ship"] = [box(0, 0, 10, 10), box(75, 75, 80, 80)]
    engine = scripted(found, derived=("count", "locate"))
    results = evaluate(engine, triplets, root, ("count", "locate"), ("ship",))
    assert {t for r in engine.requests for t in r.tasks} == {"detect"}
    assert set(results.scores) == {"count", "locate"}
    assert [r["answer"] for r in results.rows if r["task"] == "count"] == [2, 0, 0, 0]
    assert [r["answer"] for r in results.rows if r["task"] == "locate"] == [[1, 9], [], [], []]


def test_descriptions_are_held_against_the_chip_s_own_or_the_template(data: Data, scripted: Any) -> None:
    triplets, root = data
    told = Conversation("describe", "Describe.", "A quay in the fog.")
    triplets[1] = replace(triplets[1], conversations=(told,))
    engine = scripted({(i, "describe", ""): "A coast. No planes. No ships." for i in range(4)})
    results = evaluate(engine, triplets, root, ("describe",), ("ship",))
    assert [r["truth"] for r in results.rows][1:3] == ["A quay in the fog.", "A coast. No planes. No ships."]
    assert 0 < results.scores["describe"]["all"]["bleu_4"] < 1


def test_what_an_engine_leaves_out_counts_as_wrong(data: Data, scripted: Any) -> None:
    triplets, root = data
    results = evaluate(scripted({(0, "count", "ship"): 2}, gives_up=1), triplets, root, ("count",), ("ship",))
    assert [r["parse_status"] for r in results.rows] == ["ok", *["no answer"] * 3]
    assert results.scores["count"]["all"]["accuracy"]["value"] == 0.25


def test_the_engine_sees_each_chip_with_its_pixel_size(data: Data, scripted: Any) -> None:
    triplets, root = data
    engine = scripted({})
    evaluate(engine, triplets, root, ("count",), ("ship",))
    assert [int(r.chip.image[0, 0]) for r in engine.requests] == [0, 10, 20, 30]
    assert {r.chip.pixel_size_m for r in engine.requests} == {(5.0, 5.0)}


def test_the_ceiling_is_that_of_the_cases_that_were_asked(data: Data, scripted: Any) -> None:
    triplets, root = data
    point = {"p_ship": 0.3, "bbox": [40.0, 0.0, 50.0, 10.0]}
    assert "ceiling_without_prior" not in evaluate(scripted({}), triplets, root, ("count",)).about
    triplets[3] = replace(triplets[3], facts={"independent": [point]})
    both = evaluate(scripted({}), triplets, root, ("count", "locate")).about["ceiling_without_prior"]
    assert both["count ship"] == pytest.approx((3 + 0.7) / 4)  # "none there" is right in 7 of 10 such chips
    assert both["count"] == pytest.approx((7 + 0.7) / 8, abs=1e-4)
    one = evaluate(scripted({}), triplets, root, ("locate",), one_class=True).about["ceiling_without_prior"]
    assert one["locate"] == pytest.approx((3 + 0.7) / 4)


def test_a_broken_off_run_goes_on_after_its_last_chip(data: Data, scripted: Any, tmp_path: Path) -> None:
    triplets, root = data
    journal = tmp_path / "cases.jsonl"
    said = {(i, "count", "ship"): i for i in range(4)}

    class Dies(scripted):
        def answer(self, requests: Any, hooks: Any = None) -> Any:
            for number, answer in enumerate(super().answer(requests)):
                if number == 2:
                    raise KeyboardInterrupt
                yield answer

    with pytest.raises(KeyboardInterrupt):
        evaluate(Dies(said), triplets, root, ("count",), ("ship",), journal=journal)
    with open(journal, "a") as out:
        out.write('{"step": 2, "ro')  # a torn line
    again = scripted(said)
    results = evaluate(again, triplets, root, ("count",), ("ship",), journal=journal, resume=True)
    assert [r.chip.where.index for r in again.requests] == [2, 3]
    assert [r["answer"] for r in results.rows] == [0, 1, 2, 3]
    for others in ({"control": "none"}, {"one_class": True}, {"tasks": ("locate",)}):
        with pytest.raises(ResumeMismatch):
            evaluate(again, triplets, root, **{"tasks": ("count",), **others}, journal=journal, resume=True)
    with pytest.raises(ResumeMismatch):
        evaluate(again, triplets[1:], root, ("count",), ("ship",), journal=journal, resume=True)


def test_a_baseline_of_other_cases_is_refused_before_anything_is_asked(data: Data, scripted: Any) -> None:
    triplets, root = data
    before = evaluate(scripted({}), triplets, root, ("count",), ("ship",))
    engine = scripted({})
    with pytest.raises(BadResults, match="others"):
        evaluate(engine, triplets[1:], root, ("count",), ("ship",), baseline=before.rows)
    assert not engine.requests
    after = evaluate(engine, triplets, root, ("count", "locate"), ("ship",), baseline=before.rows)
    assert list(compare(after, before)) == ["count"]


def test_the_command_scores_the_detector_and_compares(data: Data, tmp_path: Path) -> None:
    _, root = data
    words = ["--engine", "cfar", "--data", str(root / "t.jsonl"), "--classes", "ship"]
    first = CliRunner().invoke(main, [*words, "--out", str(tmp_path / "a")])
    assert first.exit_code == 0, first.output
    assert "floor" in first.output
    second = CliRunner().invoke(
        main, [*words, "--out", str(tmp_path / "b"), "--baseline", str(tmp_path / "a/results.json")]
    )
    assert second.exit_code == 0, second.output
    assert "against the baseline" in second.output
    found = read_results(tmp_path / "b" / "results.json")
    assert found["tasks"] == ["count", "locate", "detect"]
    assert found["against"]["tests"]["count"]["accuracy"]["difference"] == 0
    assert found["data_sha256"]
    assert json.loads((tmp_path / "a" / "results.json").read_text())["rows"] == found["rows"]
    assert not (tmp_path / "b" / "cases.jsonl").exists()
    assert found["prior"] == "none"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--tasks", "guess"], "cannot be evaluated"),
        (["--classes", "whale"], "whale"),
        (["--engine", "nowhere"], "nowhere"),
        (["--engine", "a-folder", "--model", "another"], "Two models"),
        (["--baseline", "nowhere.json"], "cannot be read"),
        (["--prior", "latlon-text"], "reads no words"),
        (["--prior", "shuffled"], "takes no anchors"),
        (["--prior", "wrong-year"], "takes no anchors"),
        (["--prior", "wrong-year", "--source", "nowhere"], "no source"),
    ],
)
def test_bad_input_is_named(data: Data, words: list[str], complaint: str) -> None:
    _, root = data
    line = ["--engine", "cfar", "--data", str(root / "t.jsonl"), "--out", str(root / "out"), *words]
    if "--classes" not in words:
        line += ["--classes", "ship"]
    done = CliRunner().invoke(main, line)
    assert done.exit_code == 1
    assert complaint in done.output


@pytest.mark.parametrize(
    ("harm", "complaint"),
    [
        (lambda root: (root / "3.png").unlink(), "3.png"),
        (lambda root: (root / "2.npz").unlink(), "2.npz"),
        (lambda root: (root / "t.jsonl").write_text("{}\n"), "line 1"),
        (lambda root: (root / "t.jsonl").write_text(""), "no triplet"),
        (lambda root: (root / "t.jsonl").write_text((root / "t.jsonl").read_text() * 2), "twice"),
    ],
)
def test_bad_data_is_named_before_anything_is_asked(data: Data, harm: Any, complaint: str) -> None:
    _, root = data
    harm(root)
    line = ["--engine", "cfar", "--data", str(root / "t.jsonl"), "--out", str(root / "out"), "--classes", "ship"]
    done = CliRunner().invoke(main, line)
    assert done.exit_code == 1
    assert complaint in done.output
    assert not (root / "out").exists()


def test_no_prior_is_claimed_of_an_engine_that_takes_none(data: Data, scripted: Any) -> None:
    triplets, root = data
    triplets[3] = replace(triplets[3], gsd_m=80.0)

    class Blind(scripted):
        takes_prior = False

        def report(self, pixel_size_m: Any = None) -> Report:
            return Report({}, ("no prior was used", *(["pixels too large"] if pixel_size_m[0] > 50 else [])))

    engine = Blind({})
    results = evaluate(engine, triplets, root, ("count",), ("ship",))
    assert results.about["prior"] == "none"
    assert all(r.chip.anchors is None for r in engine.requests)
    assert results.about["warnings"] == ["no prior was used", "pixels too large"]
    for control in ("shuffled", "zero", "mean", "wrong-year"):
        with pytest.raises(BadOption, match=f"'{control}' would change nothing"):
            evaluate(engine, triplets, root, ("count",), ("ship",), control)
    seeing = evaluate(scripted({}), triplets, root, ("count",), ("ship",)).about
    assert (seeing["prior"], seeing["warnings"]) == ("as-is", [])


class Quay(Task):
    """A task whose truth the facts of some chips tell."""

    name, title, noun, about, budget = "quay", "Quay", "quay presence", CHIP, 8

    def prompt(self, subject: Any) -> str:
        return "Is there a quay?"

    def read(self, text: str, subject: Any) -> Reading:
        return Reading(text)


class TrainedQuay(TrainedTask):
    def truth(self, triplet: Triplet, label: str) -> Any:
        return triplet.facts.get("quay")


def test_a_chip_whose_truth_nobody_knows_is_left_out(
    data: Data, scripted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TASKS, "quay", Quay())
    monkeypatch.setitem(TRAINED, "quay", TrainedQuay)
    triplets, root = data
    knowing = [replace(t, facts={"quay": "yes"}) if i == 1 else t for i, t in enumerate(triplets)]
    engine = scripted({})
    engine.tasks = frozenset(TASKS)
    results = evaluate(engine, knowing, root, ("count", "quay"), ("ship",))
    assert [row["id"] for row in results.rows if row["task"] == "quay"] == [triplets[1].id]
    assert sum(row["task"] == "count" for row in results.rows) == len(triplets)
    assert [r.tasks for r in engine.requests] == [
        ("count", "quay") if i == 1 else ("count",) for i in range(len(knowing))
    ]
    with pytest.raises(UnknownTask, match=f"'quay' is known of none of the {len(triplets)} chips"):
        evaluate(engine, triplets, root, ("count", "quay"), ("ship",))


def test_a_task_without_scorer_is_an_error() -> None:
    with pytest.raises(UnknownTask, match="ask"):
        scores([{"id": "0", "task": "ask", "class": "", "truth": "yes", "answer": "yes", "parse_status": "ok"}])


def test_what_cannot_be_evaluated_is_refused(data: Data, scripted: Any) -> None:
    triplets, root = data
    with pytest.raises(BadOption, match="ask"):
        evaluate(scripted({}), triplets, root, ("ask",), ("ship",))
    with pytest.raises(BadOption, match="no task, or no class"):
        evaluate(scripted({}), triplets, root, (), ("ship",))
    with pytest.raises(BadOption, match="0 targets"):
        evaluate(scripted({}), triplets, root, ("classify",), most_targets=0)
    with pytest.raises(BadOption, match="hazy"):
        evaluate(scripted({}), triplets, root, ("count",), ("ship",), "hazy")
