"""A task registered in a test passes every layer of the engine without another edit."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
from PIL import Image
from scenes import ships_scene
from sidecar_client import Client
from toy_task import Looking, Presence, register

from fusar_core.batch.listing import Listed
from fusar_core.batch.work import interpret_listed
from fusar_core.cli import main
from fusar_core.engines import ENGINES
from fusar_core.errors import UnsupportedTask
from fusar_core.evaluation.comparison import compared
from fusar_core.evaluation.results import read_results
from fusar_core.interpretation.interpret import interpret
from fusar_core.interpretation.run import Run
from fusar_core.interpretation.scope import Scope
from fusar_core.results.features import feature_tables
from fusar_core.scenes.scene import SarScene
from fusar_core.tasks import TASKS, task_info

SIDECAR = [
    sys.executable,
    "-c",
    f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import toy_task; toy_task.register(); "
    "from fusar_core.cli import main; main()",
    "sidecar",
]
QUESTION = "Is there any target of category ship in this SAR image? Answer yes or no."


@pytest.fixture(autouse=True)
def toy() -> Iterator[None]:
    register()
    yield
    del TASKS[Presence.name], ENGINES[Looking.name]


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """Two chips side by side; ships on the first only."""
    return ships_scene(tmp_path / "s.tif", [(120.0, 90.0), (300.0, 200.0)], shape=(504, 1008))


def answers_of(path: Path) -> list[tuple[str, str, str]]:
    meta, _, _, columns = pyogrio.raw.read(path, layer="answers")
    rows = [dict(zip(meta["fields"], row, strict=True)) for row in zip(*columns, strict=True)]
    return [(row["task"], row["chip"], row["answer"]) for row in rows]


FOUND = [("presence", "x0y0", "yes"), ("presence", "x504y0", "no")]


def test_it_is_interpreted_and_told(scene: Path) -> None:
    with SarScene.open(scene) as opened:
        result = interpret(opened, Looking(), Scope(tasks=("presence",)))
        rows = feature_tables(result)[2].rows
    assert [(a.label, a.value, a.score, a.parse_status) for a in result.answers] == [
        ("ship", "yes", 0.75, "ok"),
        ("ship", "no", 0.75, "ok"),
    ]
    assert [(r["task"], r["question"], r["answer"]) for r in rows] == [
        ("presence", QUESTION, "yes"),
        ("presence", QUESTION, "no"),
    ]


def test_an_interrupted_run_goes_on_from_its_journal(scene: Path, tmp_path: Path) -> None:
    journal = tmp_path / "j"
    with SarScene.open(scene) as opened:
        whole = interpret(opened, Looking(), Scope(tasks=("presence",)), journal=journal)
        again = Looking()
        resumed = interpret(opened, again, Scope(tasks=("presence",)), journal=journal, resume=True)
    assert resumed.answers == whole.answers
    assert again.asked == []


def test_an_engine_that_cannot_do_it_is_not_taken_to(scene: Path) -> None:
    from fusar_core.engines.cfar import CfarEngine

    with SarScene.open(scene) as opened, pytest.raises(UnsupportedTask, match="cannot do 'presence'"):
        interpret(opened, CfarEngine(), Scope(tasks=("presence",)))


def command(*words: Any) -> None:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    assert not ended.value.code


def test_command_and_batch_write_it(scene: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.gpkg"
    command("interpret", scene, "--engine", "looking", "--tasks", "presence", "--out", out)
    assert answers_of(out) == FOUND
    settings = Run(engine="looking", tasks=("presence",))
    (tmp_path / "batch" / ".fusar").mkdir(parents=True)
    record = interpret_listed(Listed(str(scene)), "s", str(tmp_path / "batch"), settings)
    assert record.status == "done", record
    assert answers_of(tmp_path / "batch" / "s.gpkg") == FOUND


def test_the_sidecar_tells_and_interprets_it(scene: Path) -> None:
    client = Client(SIDECAR)
    try:
        about = client.ask("initialize", protocol=1)["result"]
        assert about["task_info"] == task_info()
        assert {"name": "presence", "title": "Presence", "about": "class", "per_class": True, "usual": False} in (
            about["task_info"]
        )
        assert "presence" not in about["tasks"]  # of those asked unless somebody chooses
        client.ask("interpret", scene=str(scene), engine="looking", tasks=["presence"])
        told = [feature["properties"] for feature in client.layers(provisional=False)["answers"]]
        assert [(row["task"], row["chip"], row["answer"]) for row in told] == FOUND
    finally:
        client.close()


@pytest.fixture
def coco(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Runs `fusar evaluate` of the task on three images, a ship on two of them; the results file."""
    content: dict[str, Any] = {"categories": [{"id": 1, "name": "ship"}], "images": [], "annotations": []}
    for i, brightness in enumerate((250, 250, 0)):
        image = np.full((64, 64), 90 if i == 1 else 0, np.uint8)  # too bright around for the engine to see it
        image[20:30, 20:40] = brightness
        Image.fromarray(image).save(tmp_path / f"{i}.png")
        content["images"].append({"id": i, "file_name": f"{i}.png", "width": 64, "height": 64})
        if brightness:
            content["annotations"].append({"image_id": i, "category_id": 1, "bbox": [20, 20, 20, 10]})
    (tmp_path / "coco.json").write_text(json.dumps(content))

    def run(*words: Any) -> dict[str, Any]:
        out = tmp_path / "results.json"
        fixed = "--dataset", tmp_path / "coco.json", "--images", tmp_path, "--engine", "looking", "--task", "presence"
        command("evaluate", *fixed, "--out", out, *words)
        return read_results(out)

    return run


def test_it_is_evaluated_and_compared(
    coco: Callable[..., dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = coco()
    assert [(row["truth"], row["answer"]) for row in results["rows"]] == [("yes", "yes"), ("yes", "no"), ("no", "no")]
    score = results["scores"]["presence"]["all"]
    assert score["accuracy"]["value"] == pytest.approx(2 / 3)
    assert score["majority_floor"]["answer"] == "yes"
    better = [{**row, "answer": row["truth"]} for row in results["rows"]]
    assert compared(better, results["rows"])["presence"]["accuracy"]["only_this"] == 1
    (tmp_path / "results.json").rename(tmp_path / "before.json")
    capsys.readouterr()
    coco("--baseline", tmp_path / "before.json")
    text = capsys.readouterr().out
    assert "66.7 %" in text
    assert "accuracy" in text
    assert "majority floor" in text


def test_a_task_of_which_boxes_do_not_tell_is_sent_to_triplets(
    coco: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delattr(Presence, "truth")
    with pytest.raises(AssertionError):
        coco()
    said = capsys.readouterr().err
    assert "COCO boxes do not tell what is true of 'presence'. Use python -m training.evaluate" in said


def test_the_help_of_tasks_names_it() -> None:
    told = subprocess.run([*SIDECAR[:-1], "interpret", "--help"], capture_output=True, text=True, check=True).stdout
    assert "Comma-separated; also: describe, presence." in " ".join(told.split())
