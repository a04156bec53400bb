"""An engine run over a labelled data set, from the files to the table and the results file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from fusar_core.cli import main
from fusar_core.domain.answers import Answer, Detection, Request
from fusar_core.domain.cells import cells_of
from fusar_core.engines import ENGINES
from fusar_core.engines.base import NO_HOOKS, Answers, Engine, EngineInfo, Hooks
from fusar_core.errors import BadDataset, BadResults, UnknownClass, UnknownTask, UnsupportedTask
from fusar_core.evaluation.coco import CocoDataset
from fusar_core.evaluation.comparison import compared
from fusar_core.evaluation.evaluate import evaluate
from fusar_core.evaluation.results import FORMAT, Results, read_results
from fusar_core.evaluation.running import NO_ANSWER

ALL_TASKS = frozenset({"detect", "count", "locate"})


class ThresholdEngine(Engine):
    """Whatever is brighter than a level: simple, yet it really looks at the image."""

    info = EngineInfo("threshold", "brighter than a level", ALL_TASKS, frozenset({"ship", "plane"}))
    model = "level 200"

    def __init__(self, level: int = 200, derived: frozenset[str] = frozenset()) -> None:
        self.level = level
        self.derived = derived

    def answer(self, requests: Iterable[Request], hooks: Hooks = NO_HOOKS) -> Answers:
        for request in requests:
            for label in request.classes:
                for task in request.tasks:
                    yield self.one(request, task, label)

    def one(self, request: Request, task: str, label: str) -> Answer:
        found = self.look(request.chip.image) if label == "ship" else []
        height, width = request.chip.image.shape
        value: Any = found
        if task == "count":
            value = len(found)
        elif task == "locate":
            value = cells_of([d.centre for d in found], width, height)
        return Answer(request.chip.where, task, label, value)

    def look(self, image: np.ndarray[Any, Any]) -> list[Detection]:
        labels, _ = ndimage.label(image > self.level)
        found = []
        for number, (rows, columns) in enumerate(ndimage.find_objects(labels), 1):
            x1, x2, y1, y2 = columns.start, columns.stop, rows.start, rows.stop
            mean = float(image[labels == number].mean())
            found.append(Detection("ship", mean / 255, ((x1, y1), (x2, y1), (x2, y2), (x1, y2))))
        return found


class RamblingEngine(ThresholdEngine):
    """Says something that is no answer about every image but the first."""

    name = "rambling"

    def one(self, request: Request, task: str, label: str) -> Answer:
        if request.chip.where.index == 0:
            return super().one(request, task, label)
        return Answer(request.chip.where, task, label, None, raw_text="a ship a ship a ship", parse_status="repetition")


class TiredEngine(ThresholdEngine):
    """Stops answering after the first image."""

    def answer(self, requests: Iterable[Request], hooks: Hooks = NO_HOOKS) -> Answers:
        yield self.one(next(iter(requests)), "count", "ship")


class FlaggingEngine(ThresholdEngine):
    """Takes every target for a ghost."""

    def look(self, image: np.ndarray[Any, Any]) -> list[Detection]:
        return [Detection(d.label, d.score, d.corners, flags=("azimuth_ambiguity",)) for d in super().look(image)]


Box = tuple[int, int, int, int]

SHIPS: list[list[Box]] = [[(10, 10, 12, 5), (60, 62, 8, 14)], [(40, 40, 10, 10)], [], [(70, 5, 20, 6)]]
"""[x, y, width, height] of the ships of four images; the last image has bright land along its lower edge."""


def make_dataset(folder: Path, ships: list[list[Box]] = SHIPS, land: tuple[int, ...] = (3,)) -> CocoDataset:
    """90 × 90 images of dark sea with ships of grey 250; land of grey 150 fills the lower fifth of some."""
    rng = np.random.default_rng(0)
    (folder / "images").mkdir(exist_ok=True)
    content: dict[str, Any] = {"categories": [{"id": 1, "name": "ship"}, {"id": 2, "name": "plane"}]}
    content |= {"images": [], "annotations": []}
    for i, boxes in enumerate(ships):
        image = rng.integers(0, 60, (90, 90)).astype(np.uint8)
        if i in land:
            image[72:] = 150
        for x, y, w, h in boxes:
            image[y : y + h, x : x + w] = 250
            entry = {"id": len(content["annotations"]), "image_id": i, "category_id": 1, "bbox": [x, y, w, h]}
            content["annotations"].append(entry)
        Image.fromarray(image).save(folder / "images" / f"{i}.png")
        content["images"].append({"id": i, "file_name": f"{i}.png", "width": 90, "height": 90})
    (folder / "coco.json").write_text(json.dumps(content), encoding="utf-8")
    return CocoDataset.open(folder / "coco.json", folder / "images")


@pytest.fixture
def dataset(tmp_path: Path) -> CocoDataset:
    return make_dataset(tmp_path)


def without_seconds(result: Results) -> dict[str, Any]:
    return {k: v for k, v in result.as_dict().items() if k != "seconds"}


# --- evaluate --------------------------------------------------------------------------------------------------------


def test_detection_of_what_a_threshold_finds_is_perfect(dataset: CocoDataset) -> None:
    result = evaluate(dataset, ThresholdEngine(), "detect", ["ship"])
    score = result.scores["detect"]["all"]
    assert (score["n"], score["targets"], score["predictions"]) == (4, 4, 4)
    assert [at["f1"]["value"] for at in score["at"]] == [1.0, 1.0, 1.0]
    assert [at["ap"]["value"] for at in score["at"]] == [1.0, 1.0, 1.0]


def test_land_above_the_level_is_a_false_alarm_of_the_inshore_like_image_only(dataset: CocoDataset) -> None:
    scores = evaluate(dataset, ThresholdEngine(140), "detect", ["ship"]).scores["detect"]
    assert scores["all"]["predictions"] == 5
    assert scores["offshore-like"]["at"][1]["precision"]["value"] == 1.0
    assert scores["inshore-like"]["at"][1]["precision"]["value"] == 0.5
    assert scores["offshore-like"]["n"] + scores["inshore-like"]["n"] == scores["all"]["n"] == 4


def test_counting(dataset: CocoDataset) -> None:
    score = evaluate(dataset, ThresholdEngine(140), "count", ["ship"]).scores["count"]["all"]
    assert score["accuracy"]["value"] == 3 / 4  # land is counted as a second ship
    assert score["within_1"]["value"] == 1.0
    assert score["mae"]["value"] == 1 / 4
    assert score["majority_floor"]["value"] == 2 / 4  # of 2, 1, 0, 1: always 1


def test_localization(dataset: CocoDataset) -> None:
    result = evaluate(dataset, ThresholdEngine(140), "locate", ["ship"])
    assert [r["truth"] for r in result.rows] == [[1, 9], [5], [], [3]]
    assert [r["answer"] for r in result.rows] == [[1, 9], [5], [], [3, 8]]
    score = result.scores["locate"]["all"]
    assert score["acc_100"]["value"] == 3 / 4
    assert score["acc_50"]["value"] == 1.0
    assert score["set_size_ratio"]["value"] == 5 / 4


@pytest.mark.parametrize("task", ["count", "locate"])
def test_answers_that_follow_from_detections_are_the_same_as_the_engines_own(dataset: CocoDataset, task: str) -> None:
    own = evaluate(dataset, ThresholdEngine(140), task, ["ship"])
    derived = evaluate(dataset, ThresholdEngine(140, derived=frozenset({"count", "locate"})), task, ["ship"])
    assert without_seconds(own) == without_seconds(derived)


@pytest.mark.parametrize("task", ["detect", "count", "locate"])
def test_unparsable_answers_are_wrong_and_stay_in_the_denominator(dataset: CocoDataset, task: str) -> None:
    result = evaluate(dataset, RamblingEngine(), task, ["ship"])
    score = result.scores[task]["all"]
    right = score["at"][0]["recall"] if task == "detect" else score["accuracy" if task == "count" else "acc_100"]
    # Two of four targets (detect), one of four images (count, locate): the empty third image gives nothing away.
    assert (right["successes"], right["n"]) == ((2, 4) if task == "detect" else (1, 4))
    assert score["unparsable"] == 3
    rows = result.as_dict()["rows"]
    assert [r["parse_status"] for r in rows] == ["ok", "repetition", "repetition", "repetition"]
    assert rows[1]["raw_text"] == "a ship a ship a ship"


@pytest.mark.parametrize("value", [-1, 2.5, "two", True, None])
def test_a_count_that_is_no_count_is_unparsable(dataset: CocoDataset, value: Any) -> None:
    class Odd(ThresholdEngine):
        def one(self, request: Request, task: str, label: str) -> Answer:
            return Answer(request.chip.where, task, label, value)

    assert [r["answer"] for r in evaluate(dataset, Odd(), "count", ["ship"]).rows] == [None] * 4


def test_images_that_the_engine_leaves_out_are_scored_as_unparsable(tmp_path: Path) -> None:
    class Hasty(ThresholdEngine):
        def answer(self, requests: Iterable[Request], hooks: Hooks = NO_HOOKS) -> Answers:
            shown = list(requests)
            yield self.one(shown[1], "count", "ship")

    result = evaluate(make_dataset(tmp_path), Hasty(), "count", ["ship"])
    assert [r["parse_status"] for r in result.rows] == [NO_ANSWER, "ok", NO_ANSWER, NO_ANSWER]
    assert result.scores["count"]["all"]["n"] == 4


def test_an_engine_that_stops_asking_is_scored_on_all_images(dataset: CocoDataset) -> None:
    result = evaluate(dataset, TiredEngine(), "count", ["ship"])
    assert [r["parse_status"] for r in result.rows] == ["ok", NO_ANSWER, NO_ANSWER, NO_ANSWER]
    assert [r["truth"] for r in result.rows] == [2, 1, 0, 1]


def test_flagged_detections_are_left_out_of_every_task(dataset: CocoDataset) -> None:
    assert evaluate(dataset, FlaggingEngine(), "detect", ["ship"]).scores["detect"]["all"]["predictions"] == 0
    derived = FlaggingEngine(derived=frozenset({"count"}))
    assert [r["answer"] for r in evaluate(dataset, derived, "count", ["ship"]).rows] == [0, 0, 0, 0]


def test_several_classes_are_cases_of_their_own(dataset: CocoDataset) -> None:
    result = evaluate(dataset, ThresholdEngine(), "count")
    assert result.about["classes"] == ["ship", "plane"]
    assert result.scores["count"]["all"]["n"] == 8
    assert result.scores["count"]["plane"]["accuracy"]["value"] == 1.0  # none there, none counted
    assert [(r["id"], r["class"]) for r in result.rows[:3]] == [
        ("0.png", "ship"),
        ("0.png", "plane"),
        ("1.png", "ship"),
    ]


def test_targets_are_clipped_and_those_outside_left_out(tmp_path: Path) -> None:
    make_dataset(tmp_path, [[(80, 80, 10, 10)]], land=())
    content = json.loads((tmp_path / "coco.json").read_text())
    content["annotations"][0]["bbox"] = [80, 80, 500, 500]
    content["annotations"] += [{"image_id": 0, "category_id": 1, "bbox": b} for b in ([95, 0, 5, 5], [3, 3, 0, 9])]
    (tmp_path / "coco.json").write_text(json.dumps(content))
    clipped = CocoDataset.open(tmp_path / "coco.json", tmp_path / "images")
    (row,) = evaluate(clipped, ThresholdEngine(), "detect", ["ship"]).rows
    assert row["truth"] == [[80, 80, 90, 90]]
    assert row["hits"] == [[1, 1, 1]]
    (row,) = evaluate(clipped, ThresholdEngine(), "locate", ["ship"]).rows
    assert row["truth"] == [9]


def test_images_stream_one_at_a_time(dataset: CocoDataset, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []

    class Watched(ThresholdEngine):
        def answer(self, requests: Iterable[Request], hooks: Hooks = NO_HOOKS) -> Answers:
            for request in requests:
                events.append(f"shown {request.chip.where.index}")
                yield from super().answer([request])

    evaluate(dataset, Watched(), "count", on_progress=lambda done, total: events.append(f"{done}/{total}"))
    expected = [e for i in range(4) for e in (f"shown {i}", f"{i + 1}/4")]
    assert events == expected


def test_the_same_run_gives_the_same_results(dataset: CocoDataset) -> None:
    runs = [without_seconds(evaluate(dataset, ThresholdEngine(140), "detect", ["ship"])) for _ in range(2)]
    assert runs[0] == runs[1]


@pytest.mark.parametrize(
    ("task", "classes", "error", "words"),
    [
        ("guess", ["ship"], UnknownTask, "no task called 'guess'"),
        ("describe", ["ship"], UnsupportedTask, "COCO boxes do not tell what is true of 'describe'. Use python -m"),
        ("classify-fine", ["ship"], UnsupportedTask, "what is true of 'classify-fine'"),
        ("detect", ["tank"], UnknownClass, "no category 'tank'. It has: ship, plane"),
    ],
)
def test_wrong_questions(dataset: CocoDataset, task: str, classes: list[str], error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        evaluate(dataset, ThresholdEngine(), task, classes)


def test_what_the_engine_cannot_do_is_refused_before_it_is_asked(dataset: CocoDataset) -> None:
    engine = ThresholdEngine()
    engine.tasks = frozenset({"count"})
    with pytest.raises(UnsupportedTask, match=r"cannot do 'detect'. It can do: count"):
        evaluate(dataset, engine, "detect", ["ship"])
    engine.classes = frozenset({"ship"})
    with pytest.raises(UnknownClass, match=r"does not know the class 'plane'\. It knows: ship"):
        evaluate(dataset, engine, "count")


def test_a_broken_image_stops_the_run_by_name(dataset: CocoDataset, tmp_path: Path) -> None:
    (tmp_path / "images/2.png").write_bytes(b"no picture")
    with pytest.raises(BadDataset, match=r"2\.png cannot be read"):
        evaluate(dataset, ThresholdEngine(), "count", ["ship"])


# --- compare ---------------------------------------------------------------------------------------------------------


def rows(result: Results) -> list[dict[str, Any]]:
    return json.loads(json.dumps(result.as_dict()["rows"]))


def test_paired_tests_of_two_engines(dataset: CocoDataset) -> None:
    def run(engine: ThresholdEngine, task: str) -> list[dict[str, Any]]:
        return rows(evaluate(dataset, engine, task, ["ship"]))

    good, poor = ThresholdEngine(), RamblingEngine()
    mcnemar = {"n": 4, "only_this": 3, "only_baseline": 0, "p_value": 0.25}  # 2 · (1/2)³
    counts = compared(run(good, "count"), run(poor, "count"))["count"]
    assert counts["accuracy"] == counts["accuracy"] | mcnemar
    assert counts["mae"]["test"].startswith("paired bootstrap")
    assert counts["mae"]["difference"] == -3 / 4  # the empty image costs the rambling engine 1, too
    grids = compared(run(good, "locate"), run(poor, "locate"))["locate"]
    assert grids["top_1"] == grids["accuracy"] == grids["acc_50"] == grids["top_1"] | mcnemar
    assert grids["mean_jaccard"]["difference"] == 3 / 4
    boxes = compared(run(good, "detect"), run(poor, "detect"))["detect"]
    assert boxes["f1@0.5"]["difference"] == pytest.approx(1 - 2 / 3)  # 2 of 4 found, none false


@pytest.mark.parametrize("task", ["detect", "count", "locate"])
def test_a_baseline_of_itself_shows_no_difference(dataset: CocoDataset, task: str) -> None:
    same = rows(evaluate(dataset, ThresholdEngine(140), task))
    for test in compared(same, same)[task].values():
        assert test["p_value"] == 1.0


def damaged(change: Callable[[list[dict[str, Any]]], Any]) -> Callable[[list[dict[str, Any]]], list[dict[str, Any]]]:
    def apply(good: list[dict[str, Any]]) -> list[dict[str, Any]]:
        change(good)
        return good

    return apply


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: r.pop(), "cases of 'count' are others"),
        (lambda r: r[0].update(truth=7), "another truth"),
        (lambda r: r[0].pop("answer"), "damaged"),
        (lambda r: r[0].update(answer="two"), "damaged"),
        (lambda r: r.insert(0, 5), "damaged"),
    ],
)
def test_baselines_that_are_no_pair(dataset: CocoDataset, change: Callable[[Any], Any], words: str) -> None:
    good = rows(evaluate(dataset, ThresholdEngine(), "count", ["ship"]))
    bad = damaged(change)(rows(evaluate(dataset, ThresholdEngine(), "count", ["ship"])))
    with pytest.raises(BadResults, match=words):
        compared(good, bad)


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture
def command(dataset: CocoDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Runs `fusar evaluate` on the data set; (exit status, stdout, stderr)."""
    monkeypatch.setitem(ENGINES, "threshold", f"{__name__}:ThresholdEngine")
    monkeypatch.setitem(ENGINES, "rambling", f"{__name__}:RamblingEngine")

    def run(*options: Any) -> tuple[int, str, str]:
        fixed = ["evaluate", "--dataset", tmp_path / "coco.json", "--images", tmp_path / "images"]
        with pytest.raises(SystemExit) as exit_:
            main([str(v) for v in (*fixed, *options)])
        output = capsys.readouterr()
        return int(exit_.value.code or 0), output.out, output.err

    return run


def test_the_table_is_aligned_and_says_n_intervals_and_the_floor(command: Any) -> None:
    status, text, _ = command("--engine", "threshold", "--task", "count", "--classes", "ship")
    assert status == 0
    table = text.splitlines()[2:6]
    assert table[0].split()[:3] == ["n", "unparsable", "exact"]
    assert [line.split()[0] for line in table[1:]] == ["all", "offshore-like", "inshore-like"]
    assert len({len(line) for line in table}) == 1
    assert "100.0 % [51.0–100.0]" in table[1]
    assert "50.0 % [15.0–85.0] (always 1)" in table[1]


@pytest.mark.parametrize(
    ("task", "header"),
    [("detect", "precision"), ("locate", "Top1"), ("count", "majority floor")],
)
def test_results_file_holds_scores_and_every_case(command: Any, tmp_path: Path, task: str, header: str) -> None:
    out = tmp_path / "results.json"
    status, text, _ = command("--engine", "threshold", "--task", task, "--out", out)
    assert status == 0
    assert header in text
    content = json.loads(out.read_text())
    assert (content["format"], content["tasks"], content["engine"]) == (FORMAT, [task], "threshold")
    assert {(r["id"], r["class"]) for r in content["rows"]} == {
        (f"{i}.png", c) for i in range(4) for c in ("ship", "plane")
    }
    parts = {"all", "parsed", "offshore-like", "inshore-like", "ship", "plane"}
    assert set(content["scores"][task]) - {"with targets"} == parts
    assert read_results(out) == content
    assert content["dataset"]["images"] == 4


def test_the_cfar_engine_from_files_to_scores(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(5)
    content: dict[str, Any] = {"categories": [{"id": 1, "name": "ship"}], "images": [], "annotations": []}
    for i, ships in enumerate([[(60, 50, 34, 10), (180, 200, 10, 40)], [(120, 130, 40, 12)], []]):
        sea = 30 * np.sqrt(rng.gamma(4.4, 1 / 4.4, (256, 256)))
        for x, y, w, h in ships:
            sea[y : y + h, x : x + w] = 220 * np.sqrt(rng.gamma(10, 1 / 10, (h, w)))
            content["annotations"].append({"image_id": i, "category_id": 1, "bbox": [x, y, w, h]})
        Image.fromarray(np.clip(sea, 0, 255).astype(np.uint8)).save(tmp_path / f"{i}.png")
        content["images"].append({"id": i, "file_name": f"{i}.png", "width": 256, "height": 256})
    (tmp_path / "coco.json").write_text(json.dumps(content))
    scores = {}
    for task in ("detect", "count", "locate"):
        with pytest.raises(SystemExit) as exit_:
            main(
                ["evaluate", "--dataset", f"{tmp_path}/coco.json", "--images", str(tmp_path), "--task", task, "--json"]
            )
        assert not exit_.value.code
        scores[task] = json.loads(capsys.readouterr().out)["scores"][task]["all"]
    assert scores["detect"]["at"][0]["f1"]["value"] == 1.0
    assert scores["detect"]["at"][0]["ap"]["value"] == 1.0
    assert scores["count"]["accuracy"]["value"] == scores["locate"]["acc_100"]["value"] == 1.0


def test_json_on_stdout_is_the_summary(command: Any) -> None:
    status, text, _ = command("--engine", "threshold", "--task", "detect", "--json")
    content = json.loads(text)
    assert status == 0
    assert "rows" not in content
    assert content["scores"]["detect"]["all"]["at"][0]["f1"]["value"] == 1.0


@pytest.mark.parametrize(("task", "test"), [("count", "accuracy"), ("locate", "accuracy"), ("detect", "f1@0.5")])
def test_against_a_baseline(command: Any, tmp_path: Path, task: str, test: str) -> None:
    baseline, out = tmp_path / "baseline.json", tmp_path / "out.json"
    assert command("--engine", "rambling", "--task", task, "--classes", "ship", "--out", baseline)[0] == 0
    options = ("--engine", "threshold", "--task", task, "--classes", "ship", "--baseline", baseline, "--out", out)
    status, text, _ = command(*options)
    assert status == 0
    assert "against baseline.json" in text
    against = json.loads(out.read_text())["against"]
    assert against["engine"] == "rambling"
    assert against["tests"][task][test]["n"] == 4


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--engine", "threshold", "--task", "guess"], "UNKNOWN_TASK"),
        (["--engine", "threshold", "--task", "ask"], "UNSUPPORTED_TASK"),
        (["--engine", "nobody", "--task", "count"], "UNKNOWN_ENGINE"),
        (["--engine", "threshold", "--task", "count", "--classes", "tank"], "UNKNOWN_CLASS"),
        (["--engine", "threshold", "--task", "count", "--classes", " , "], "BAD_OPTION"),
        (["--engine", "threshold", "--task", "count", "--out", "/nowhere/at/all.json"], "OUTPUT_UNWRITABLE"),
        (["--engine", "threshold", "--task", "count", "--baseline", "nowhere.json"], "BAD_RESULTS"),
        (["--engine", "threshold", "--task", "count", "--dataset", "nowhere.json"], "BAD_DATASET"),
    ],
)
def test_bad_options(command: Any, options: list[str], code: str) -> None:
    status, text, error = command(*options)
    assert (status, text) == (1, "")
    assert f"[{code}]" in error


def test_a_baseline_of_another_task_or_kind_is_refused(command: Any, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    command("--engine", "threshold", "--task", "locate", "--out", other)
    assert "[BAD_RESULTS]" in command("--engine", "threshold", "--task", "count", "--baseline", other)[2]
    other.write_text("{}")
    assert "not of the format" in command("--engine", "threshold", "--task", "count", "--baseline", other)[2]


def test_a_failing_run_leaves_the_previous_results(command: Any, tmp_path: Path) -> None:
    out = tmp_path / "results.json"
    assert command("--engine", "threshold", "--task", "count", "--out", out)[0] == 0
    before = out.read_bytes()
    (tmp_path / "images/3.png").write_bytes(b"")
    status, _, error = command("--engine", "threshold", "--task", "count", "--out", out)
    assert (status, out.read_bytes()) == (1, before)
    assert "[BAD_DATASET]" in error
    assert sorted(p.name for p in tmp_path.iterdir()) == ["coco.json", "images", "results.json"]
