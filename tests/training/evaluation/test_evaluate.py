"""Evaluation of an engine on triplets: what is asked, what is true, and every score by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from fusar_core.anchors import Anchors
from fusar_core.anchors_file import write_anchors
from fusar_core.engines.base import Answer, Detection, Request
from fusar_core.errors import BadOption, BadResults
from fusar_core.tasks import ALL_TASKS, questions
from training.data.triplets import Target, Triplet, write_triplets
from training.errors import BadTriplet
from training.evaluate import evaluate, main, read_results
from training.evaluation.controls import CONTROLS, controlled
from training.evaluation.scores import PRESENT, compared

SIZE = 90
TARGETS = [
    (("ship", (0, 0, 10, 10)), ("ship", (70, 70, 80, 80))),
    (("plane", (40, 40, 50, 50)),),
    (),
    (("ship", (40, 0, 50, 10)),),
]


@pytest.fixture
def data(tmp_path: Path) -> tuple[list[Triplet], Path]:
    """Four chips of four places; the anchors of chip i point along axis i."""
    triplets = []
    for i, targets in enumerate(TARGETS):
        Image.fromarray(np.full((SIZE, SIZE), 10 * i, np.uint8)).save(tmp_path / f"{i}.png")
        features = np.zeros((9, 64), np.float32)
        features[:, i] = 1
        positions = np.random.default_rng(i).random((9, 2), np.float32)
        write_anchors(Anchors(features, positions, np.zeros(9), np.zeros(9)), tmp_path / f"{i}.npz")
        found = tuple(Target(label, tuple(map(float, box))) for label, box in targets)
        triplet = Triplet(
            str(i), (SIZE, SIZE), (), image=f"{i}.png", anchors=f"{i}.npz", targets=found, place=f"place {i}",
            footprint=(i, 10.0, i + 0.1, 10.1), year=2020, facts={"kind": "coast"},
        )  # fmt: skip
        triplets.append(triplet)
    write_triplets(triplets, tmp_path / "t.jsonl")
    return triplets, tmp_path


class Scripted:
    """Answers from a table: (chip, task, class) → value; remembers the requests."""

    name, model = "scripted", "v1"
    tasks, classes, derived = frozenset(ALL_TASKS), frozenset({"ship", "plane"}), frozenset()

    def __init__(self, said: dict[tuple[int, str, str], Any], derived: Iterable[str] = ()) -> None:
        self.said, self.requests, self.derived = said, [], frozenset(derived)

    def tiling(self, pixel_size_m: Any) -> tuple[int, int]:
        return SIZE, 0

    def answer(self, requests: Iterable[Request]) -> Iterator[Answer]:
        for request in requests:
            self.requests.append(request)
            for task, label in questions(request.tasks, request.classes):
                index = request.chip.where.index
                key = (index, task, str(request.box) if request.box else label)
                value = self.said.get(key)
                status = "ok" if value is not None else "unreadable"
                text = value if isinstance(value, str) else ""
                yield Answer(request.chip.where, task, label, value, 0.5, raw_text=text, parse_status=status)


def box(x1: float, y1: float, x2: float, y2: float, score: float = 0.9) -> Detection:
    return Detection("ship", score, ((x1, y1), (x2, y1), (x2, y2), (x1, y2)))


def test_counting_and_cells_by_hand(data: tuple[list[Triplet], Path]) -> None:
    triplets, root = data
    engine = Scripted({
        (0, "count", "ship"): 2, (1, "count", "ship"): 1, (2, "count", "ship"): 0,  # right, wrong, right; none for 3
        (0, "locate", "ship"): frozenset({1, 9}), (1, "locate", "ship"): frozenset(),
        (2, "locate", "ship"): frozenset(), (3, "locate", "ship"): frozenset({1}),
    })  # fmt: skip
    results = evaluate(engine, triplets, root, ("count", "locate"), ("ship",))
    count, locate = results.scores["count"], results.scores["locate"]
    assert count["all"]["n"] == 4
    assert count["all"]["accuracy"]["value"] == 0.5
    assert count["parsed"]["value"] == 0.75
    assert count["parsed"]["status"] == {"ok": 3, "unreadable": 1}
    assert count[PRESENT]["n"] == 2
    assert count["all"]["majority_floor"]["value"] == 0.5
    assert locate["all"]["acc_100"]["value"] == 0.75
    assert locate[PRESENT]["acc_100"]["value"] == 0.5
    assert [r["truth"] for r in results.rows if r["task"] == "locate"] == [[1, 9], [], [], [2]]


def test_classes_are_asked_about_one_by_one_and_scored_apart(data: tuple[list[Triplet], Path]) -> None:
    triplets, root = data
    engine = Scripted({(i, "count", c): 0 for i in range(4) for c in ("plane", "ship")})
    scores = evaluate(engine, triplets, root, ("count",), ("plane", "ship")).scores["count"]
    assert (scores["all"]["n"], scores["plane"]["n"], scores["ship"]["n"]) == (8, 4, 4)
    assert scores["plane"]["accuracy"]["value"] == 0.75
    assert scores["ship"]["accuracy"]["value"] == 0.5


def test_every_target_is_asked_for_its_class(data: tuple[list[Triplet], Path]) -> None:
    triplets, root = data
    boxes = [str(tuple(map(float, b))) for b in ((0, 0, 10, 10), (70, 70, 80, 80), (40, 40, 50, 50), (40, 0, 50, 10))]
    engine = Scripted({
        (0, "classify", boxes[0]): "ship", (0, "classify", boxes[1]): "plane", (1, "classify", boxes[2]): "plane",
    })  # fmt: skip
    results = evaluate(engine, triplets, root, ("classify",), ("plane", "ship"))
    score = results.scores["classify"]["all"]
    assert score["n"] == 4
    assert score["accuracy"]["value"] == 0.5  # the one that cannot be read is wrong
    assert score["per_class"]["plane"]["value"] == 1
    assert evaluate(engine, triplets, root, ("classify",), ("plane",)).scores["classify"]["all"]["n"] == 1


def test_detection_by_hand(data: tuple[list[Triplet], Path]) -> None:
    triplets, root = data
    engine = Scripted({
        (0, "detect", "ship"): [box(0, 0, 10, 10), box(30, 30, 40, 40)], (1, "detect", "ship"): [],
        (2, "detect", "ship"): [], (3, "detect", "ship"): [box(40, 0, 50, 5)],
    })  # fmt: skip
    at = {a["iou"]: a for a in evaluate(engine, triplets, root, ("detect",), ("ship",)).scores["detect"]["all"]["at"]}
    assert at[0.25]["precision"]["value"] == pytest.approx(2 / 3)
    assert at[0.25]["recall"]["value"] == pytest.approx(2 / 3)
    assert at[0.5]["f1"]["value"] == pytest.approx(2 / 3)
    assert at[0.75]["f1"]["value"] == pytest.approx(1 / 3)


def test_counts_and_cells_follow_from_detections_where_an_engine_derives_them(data: Any) -> None:
    triplets, root = data
    found = {(i, "detect", "ship"): [] for i in range(4)}
    found[0, "detect", "ship"] = [box(0, 0, 10, 10), box(75, 75, 80, 80)]
    engine = Scripted(found, derived=("count", "locate"))
    results = evaluate(engine, triplets, root, ("count", "locate"), ("ship",))
    assert {t for r in engine.requests for t in r.tasks} == {"detect"}
    assert set(results.scores) == {"count", "locate"}
    assert [r["answer"] for r in results.rows if r["task"] == "count"] == [2, 0, 0, 0]
    assert [r["answer"] for r in results.rows if r["task"] == "locate"] == [[1, 9], [], [], []]


def test_descriptions_are_held_against_the_template(data: tuple[list[Triplet], Path]) -> None:
    triplets, root = data
    engine = Scripted({(i, "describe", ""): "A coast. No planes. No ships." for i in range(4)})
    score = evaluate(engine, triplets, root, ("describe",), ("ship",)).scores["describe"]["all"]
    assert score["n"] == 4
    assert 0 < score["bleu_4"] < 1


@pytest.mark.parametrize("control", [c for c in CONTROLS if c not in ("wrong-year", "latlon-text")])
def test_controls_change_the_anchors_and_nothing_else(data: tuple[list[Triplet], Path], control: str) -> None:
    triplets, root = data
    engine = Scripted({})
    evaluate(engine, triplets, root, ("count",), ("ship",), control)
    chips = [r.chip for r in engine.requests]
    assert [int(c.image[0, 0]) for c in chips] == [0, 10, 20, 30]
    if control == "none":
        assert all(c.anchors is None for c in chips)
        return
    axes = [int(c.anchors.features[0].argmax()) for c in chips]
    if control == "as-is":
        assert axes == [0, 1, 2, 3]
    elif control == "shuffled":
        assert sorted(axes) == [0, 1, 2, 3]
        assert all(a != i for i, a in enumerate(axes))
    elif control == "zero":
        assert all(not c.anchors.features.any() for c in chips)
    else:
        for chip in chips:
            assert np.allclose(np.linalg.norm(chip.anchors.features, axis=1), 1)
            assert np.allclose(chip.anchors.features[:, :4], 0.5)


def test_place_and_year_in_words_go_before_the_question(data: tuple[list[Triplet], Path]) -> None:
    triplets, root = data
    engine = Scripted({(i, "ask", ""): "0" for i in range(4)})
    results = evaluate(engine, triplets, root, ("count",), ("ship",), "latlon-text")
    assert engine.requests[3].question.startswith("Latitude 10.050, longitude 3.050, year 2020. Count the targets")
    assert all(r.chip.anchors is None for r in engine.requests)
    assert results.scores["count"]["all"]["accuracy"]["value"] == 0.5


def test_another_year_needs_its_anchors(data: tuple[list[Triplet], Path]) -> None:
    triplets, root = data
    with pytest.raises(BadTriplet, match="another year"):
        controlled("wrong-year", triplets, root)(0)


def test_pairs_are_compared_case_by_case(data: tuple[list[Triplet], Path]) -> None:
    triplets, root = data
    good = {(i, "count", "ship"): n for i, n in enumerate((2, 0, 0, 1))}
    better = evaluate(Scripted(good), triplets, root, ("count",), ("ship",))
    worse = evaluate(Scripted({**good, (0, "count", "ship"): 0}), triplets, root, ("count",), ("ship",))
    test = compared(better.rows, worse.rows)["count"]["accuracy"]
    assert test["difference"] == 0.25
    assert test["p_value"] == 1  # one discordant pair proves nothing
    with pytest.raises(BadResults, match="others"):
        compared(better.rows[1:], worse.rows)


def test_a_broken_off_run_goes_on_after_its_last_chip(data: tuple[list[Triplet], Path], tmp_path: Path) -> None:
    triplets, root = data
    journal = tmp_path / "cases.jsonl"
    engine = Scripted({(i, "count", "ship"): i for i in range(4)})
    evaluate(engine, triplets[:2], root, ("count",), ("ship",), journal=journal)
    with open(journal, "a") as out:
        out.write('{"id": "2", "ro')
    again = Scripted(engine.said)
    results = evaluate(again, triplets, root, ("count",), ("ship",), journal=journal)
    assert len(again.requests) == 2
    assert [r["answer"] for r in results.rows] == [0, 1, 2, 3]
    with pytest.raises(BadResults, match="other triplets"):
        evaluate(again, triplets[1:], root, ("count",), ("ship",), journal=journal)


def test_the_command_scores_the_detector_and_compares(data: tuple[list[Triplet], Path], tmp_path: Path) -> None:
    _, root = data
    words = ["--engine", "cfar", "--data", str(root / "t.jsonl"), "--classes", "ship", "--tasks", "count,detect"]
    first = CliRunner().invoke(main, [*words, "--out", str(tmp_path / "a")])
    assert first.exit_code == 0, first.output
    assert "floor" in first.output
    second = CliRunner().invoke(
        main, [*words, "--out", str(tmp_path / "b"), "--baseline", str(tmp_path / "a/results.json")]
    )
    assert second.exit_code == 0, second.output
    found = read_results(tmp_path / "b" / "results.json")
    assert found["against"]["tests"]["count"]["accuracy"]["difference"] == 0
    assert found["data_sha256"]
    assert json.loads((tmp_path / "a" / "results.json").read_text())["rows"] == found["rows"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--tasks", "guess"], "cannot be evaluated"),
        (["--classes", "whale"], "whale"),
        (["--engine", "nowhere"], "nowhere"),
        (["--baseline", "nowhere.json"], "cannot be read"),
    ],
)
def test_bad_input_is_named(data: tuple[list[Triplet], Path], words: list[str], complaint: str) -> None:
    _, root = data
    line = ["--engine", "cfar", "--data", str(root / "t.jsonl"), "--out", str(root / "out"), *words]
    if "--classes" not in words:
        line += ["--classes", "ship"]
    done = CliRunner().invoke(main, line)
    assert done.exit_code == 1
    assert complaint in done.output


def test_what_cannot_be_evaluated_is_refused(data: tuple[list[Triplet], Path]) -> None:
    triplets, root = data
    with pytest.raises(BadOption, match="ask"):
        evaluate(Scripted({}), triplets, root, ("ask",), ("ship",))
