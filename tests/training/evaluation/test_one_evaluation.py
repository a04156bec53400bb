"""The same predictions give the same numbers whether the data are a COCO file or triplets, and old results are read."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fusar_core.domain.answers import Answer, Detection, Request
from fusar_core.engines.base import NO_HOOKS, Answers, Engine, EngineInfo, Hooks
from fusar_core.errors import BadResults
from fusar_core.evaluation.coco import CocoDataset
from fusar_core.evaluation.comparison import compared, require_same
from fusar_core.evaluation.evaluate import evaluate
from fusar_core.evaluation.results import FORMAT, OF_COCO, OF_TRIPLETS, read_results
from fusar_core.tasks import TASKS
from training.data.triplets import Target, Triplet
from training.evaluation.evaluate import evaluate as evaluate_triplets

SIDE, CHIPS = 96, 12
ROOT = Path(__file__).resolve().parents[3]


class Guessing(Engine):
    """Finds boxes near the true ones, and some that are not there; the same for the same picture."""

    info = EngineInfo(
        "guessing", "boxes near the true ones", frozenset({"detect", "count", "locate"}), frozenset({"ship", "plane"})
    )
    model = "seed 4"

    def __init__(self, boxes: dict[int, list[tuple[str, tuple[float, ...]]]]) -> None:
        self.boxes = boxes

    def tiling(self, pixel_size_m: Any) -> tuple[int, int]:
        return SIDE, 0

    def answer(self, requests: Iterable[Request], hooks: Hooks = NO_HOOKS) -> Answers:
        for request in requests:
            index = request.chip.where.index
            for task in request.tasks:
                for number, label in enumerate(("plane", "ship")):
                    rng = np.random.default_rng((index, number))
                    found = [self._near(box, rng) for name, box in self.boxes[index] if name == label]
                    found += [self._near((30.2, 30.4, 41.7, 39.9), rng)] * int(rng.random() < 0.4)
                    yield Answer(request.chip.where, task, label, TASKS[task].derive(found, request.chip.where.window))

    def _near(self, box: tuple[float, ...], rng: np.random.Generator) -> Detection:
        x1, y1, x2, y2 = np.array(box) + rng.normal(0, 1.5, 4)
        return Detection("ship", float(rng.random()), ((x1, y1), (x2, y1), (x2, y2), (x1, y2)))


@pytest.fixture
def data(tmp_path: Path) -> tuple[CocoDataset, list[Triplet], Guessing]:
    """Twelve pictures as a COCO data set and as triplets; boxes reach over the edges here and there."""
    rng = np.random.default_rng(8)
    content: dict[str, Any] = {"categories": [{"id": 1, "name": "plane"}, {"id": 2, "name": "ship"}]}
    content |= {"images": [], "annotations": []}
    triplets, boxes = [], {}
    for i in range(CHIPS):
        Image.fromarray(rng.integers(0, 90, (SIDE, SIDE), np.uint8)).save(tmp_path / f"{i}.png")
        content["images"].append({"id": i, "file_name": f"{i}.png", "width": SIDE, "height": SIDE})
        targets, boxes[i] = [], []
        for _ in range(int(rng.integers(0, 5))):
            number, (x, y) = int(rng.integers(1, 3)), rng.uniform(-5, SIDE - 5, 2).tolist()
            w, h = rng.uniform(6, 20, 2).tolist()
            label = ("plane", "ship")[number - 1]
            content["annotations"].append({"image_id": i, "category_id": number, "bbox": [x, y, w, h]})
            targets.append(Target(label, (x, y, x + w, y + h)))
            boxes[i].append((label, (x, y, x + w, y + h)))
        triplets.append(Triplet(f"{i}.png", (SIDE, SIDE), (), image=f"{i}.png", targets=tuple(targets)))
    (tmp_path / "coco.json").write_text(json.dumps(content))
    return CocoDataset.open(tmp_path / "coco.json", tmp_path), triplets, Guessing(boxes)


@pytest.mark.parametrize("task", ["detect", "count", "locate"])
def test_the_same_predictions_give_the_same_numbers(data: Any, tmp_path: Path, task: str) -> None:
    dataset, triplets, engine = data
    of_images = evaluate(dataset, engine, task)
    of_triplets = evaluate_triplets(engine, triplets, tmp_path, (task,), ("plane", "ship"))
    clutter = "offshore-like", "inshore-like"
    scores = {name: score for name, score in of_images.scores[task].items() if name not in clutter}
    assert scores == of_triplets.scores[task]
    rows = [{key: value for key, value in row.items() if key not in ("group", "bright")} for row in of_images.rows]
    assert rows == of_triplets.rows
    assert not any(test["difference"] for test in compared(of_images.rows, of_triplets.rows)[task].values())


def test_results_are_written_and_read_again_packed_or_not(data: Any, tmp_path: Path) -> None:
    results = evaluate(data[0], data[2], "count")
    results.write(tmp_path / "r.json")
    (tmp_path / "r.json.gz").write_bytes(gzip.compress((tmp_path / "r.json").read_bytes()))
    assert read_results(tmp_path / "r.json") == read_results(tmp_path / "r.json.gz") == results.as_dict()
    assert results.as_dict()["format"] == FORMAT


def old_of_coco(results: Any, task: str) -> dict[str, Any]:
    """The results as version 0.1 of `fusar evaluate` wrote them."""
    rows = []
    for row in results.rows:
        old = {"image": row["id"], "class": row["class"], "group": row["group"], "bright": row["bright"]}
        old["parse_status"] = row["parse_status"]
        if task == "detect":
            sums = np.array(row["hits"]).reshape(-1, 3).sum(0).tolist()
            old |= {"targets": row["targets"], "predictions": row["predictions"], "hits": sums}
            old |= {"boxes": row["answer"] or [], "scores": row["scores"]}
        else:
            old |= {"truth": row["truth"], "answer": row["answer"]}
        rows.append(old)
    scores = {f"class {k}" if k in ("ship", "plane") else k: v for k, v in results.scores[task].items()}
    return {"format": OF_COCO, "task": task, "engine": "guessing", "model": "seed 4", "scores": scores, "rows": rows}


@pytest.mark.parametrize("task", ["detect", "count", "locate"])
def test_results_of_the_first_version_are_a_baseline_still(data: Any, tmp_path: Path, task: str) -> None:
    results = evaluate(data[0], data[2], task)
    (tmp_path / "old.json").write_text(json.dumps(old_of_coco(results, task)))
    old = read_results(tmp_path / "old.json")
    assert old["tasks"] == [task]
    assert old["scores"][task]["ship"] == results.scores[task]["ship"]
    tests = compared(results.rows, old["rows"])[task]
    assert tests.keys() == compared(results.rows, results.rows)[task].keys()
    assert not any(test["difference"] for test in tests.values())
    other = [{**row, "targets": 9, "truth": None if task == "detect" else 9} for row in old["rows"]]
    with pytest.raises(BadResults, match="another truth"):
        compared(results.rows, other)
    truths = {(row["id"], task, row["class"]): row["truth"] for row in results.rows}
    require_same(truths, old["rows"])


def test_published_answers_of_the_ablation_are_read_unchanged() -> None:
    path = next((ROOT / "resources" / "ablation").glob("*/as-is/results.json.gz"))
    content = read_results(path)
    assert content == json.loads(gzip.decompress(path.read_bytes()))
    assert content["format"] == OF_TRIPLETS


def test_damaged_results_are_named(data: Any, tmp_path: Path) -> None:
    results = evaluate(data[0], data[2], "count")
    old = old_of_coco(results, "count")
    del old["rows"][0]["image"]
    (tmp_path / "old.json").write_text(json.dumps(old))
    with pytest.raises(BadResults, match="damaged"):
        read_results(tmp_path / "old.json")
