"""A new engine is a class of thirty lines and one line in the registry: command, batch, sidecar and both evaluations
then have it, with its option."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import new_engine
import numpy as np
import pyogrio
import pytest
from new_engine import Brightness
from PIL import Image
from scenes import write
from sidecar_client import Client

from fusar_core.batch import Run, find_scenes, run_batch
from fusar_core.batch.work import interpret_listed
from fusar_core.engines import ENGINES, check_options, engine_info, engines, infos, open_engine
from fusar_core.errors import BadOption, ResumeMismatch
from fusar_core.tasks import TASKS

SHIPS = [[55, 58, 20, 4], [150, 200, 4, 20]]
"""[x, y, width, height]."""
KNOWING = [sys.executable, str(Path(new_engine.__file__))]
"""Runs a module in a process whose registry has the new engine's line."""


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "brightness", "new_engine:Brightness")
    monkeypatch.setitem(ENGINES, "faulty", "new_engine:Faulty")


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    return write(tmp_path / "s.tif", _image(SHIPS, (300, 320)))


def run(module: str, *arguments: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*KNOWING, module, *map(str, arguments)], capture_output=True, text=True)


def test_it_takes_thirty_lines() -> None:
    assert len(inspect.getsource(Brightness).splitlines()) <= 30


def test_the_command_has_its_option(scene: Path, tmp_path: Path) -> None:
    out = tmp_path / "o.gpkg"
    counts = {}
    for level in (250, 256):  # nothing is as bright as 256
        done = run(
            "fusar_core.cli", "interpret", scene, "--out", out, "--engine", "brightness", "--tasks", "detect,count",
            "--level", level, "--json",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        counts[level] = json.loads(done.stdout)["counts"]["ship"]
    assert counts == {250: 2, 256: 0}
    assert "level=256" in pyogrio.read_info(out, layer="detections")["layer_metadata"]["settings"]
    refused = run("fusar_core.cli", "interpret", scene, "--out", out, "--engine", "cfar", "--level", 3)
    assert "[BAD_OPTION]" in refused.stderr
    assert "--level" in refused.stderr
    told = run("fusar_core.cli", "interpret", "--help").stdout
    assert "--level INTEGER" in told
    assert "Grey value from which a pixel is bright." in told
    assert f"One of: {', '.join([*engines(), 'brightness'])}" in " ".join(told.split())


class Here:
    """A pool without processes."""

    def __enter__(self) -> Here:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def map(self, todo: Any, out: str, settings: Run) -> Iterator[Any]:
        return (interpret_listed(listed, name, out, settings) for listed, name in todo)


@pytest.mark.usefixtures("registered")
def test_a_batch_has_it_and_does_not_mix_levels(scene: Path, tmp_path: Path) -> None:
    def batch(level: int) -> dict[str, int]:
        settings = Run(engine="brightness", engine_options=(("level", level),), tasks=("detect", "count"))
        return run_batch(find_scenes([str(scene)]), tmp_path / "out", settings, Here()).totals()

    assert batch(250) == {"ship": 2}
    with pytest.raises(ResumeMismatch, match="engine options"):
        batch(256)
    with pytest.raises(BadOption, match="brightness"):
        run_batch([], tmp_path / "other", Run(engine="brightness", engine_options=(("floor", 1),)), Here())


def test_the_sidecar_tells_of_it_and_opens_it(scene: Path) -> None:
    client = Client([*KNOWING, "fusar_core.cli", "sidecar"])
    about = client.ask("initialize")["result"]
    assert "brightness" in about["engines"]
    (info,) = (one for one in about["engine_infos"] if one["name"] == "brightness")
    assert (info["title"], info["tasks"], info["finds_only"]) == ("whatever is bright", ["detect", "count"], True)
    (option,) = info["options"]
    assert (option["name"], option["type"], option["default"]) == ("level", "int", 250)
    chosen = {"scene": str(scene), "engine": "brightness", "tasks": ["detect", "count"]}
    for level, count in (("250", 2), (256, 0)):  # a form has text
        result = client.ask("interpret", **chosen, engine_options={"level": level})["result"]
        assert result["counts"] == {"ship": count}
    error = client.ask("interpret", **chosen, engine_options={"floor": 1})["error"]["data"]
    assert (error["code"], "level" in error["hint"]) == ("BAD_OPTION", True)
    assert client.ask("interpret", **chosen, engine_options={"level": "high"})["error"]["data"]["code"] == "BAD_OPTION"
    assert client.ask("interpret", **chosen, secret="k3y")["error"]["data"]["code"] == "BAD_OPTION"
    faulty = client.ask("interpret", **{**chosen, "engine": "faulty"})["error"]["data"]
    assert faulty["code"] == "INTERNAL"  # a bug of the engine is no mistake of the user
    client.close()


def test_it_is_scored_on_a_coco_data_set(tmp_path: Path) -> None:
    boxes = [[10, 10, 12, 5], [60, 62, 8, 14]]
    content = {
        "categories": [{"id": 1, "name": "ship"}],
        "images": [{"id": 0, "file_name": "0.png", "width": 90, "height": 90}],
        "annotations": [{"id": i, "image_id": 0, "category_id": 1, "bbox": box} for i, box in enumerate(boxes)],
    }
    (tmp_path / "coco.json").write_text(json.dumps(content))
    Image.fromarray(_image(boxes, (90, 90))).save(tmp_path / "0.png")
    data = ("--dataset", tmp_path / "coco.json", "--images", tmp_path, "--engine", "brightness")
    accuracy = {}
    for level in (250, 256):
        done = run("fusar_core.cli", "evaluate", *data, "--task", "count", "--level", level, "--json")
        assert done.returncode == 0, done.stderr
        accuracy[level] = json.loads(done.stdout)["scores"]["count"]["all"]["accuracy"]["value"]
    assert accuracy == {250: 1.0, 256: 0.0}
    told = run("fusar_core.cli", "evaluate", *data, "--task", "count").stdout
    assert "· engine brightness · " in told  # no brackets around the name of a model that it does not have


def test_it_is_scored_on_triplets(tmp_path: Path) -> None:
    pytest.importorskip("tqdm")
    from training.data.triplets import Target, Triplet, write_triplets

    boxes = [[10, 10, 12, 5], [60, 62, 8, 14]]
    Image.fromarray(_image(boxes, (90, 90))).save(tmp_path / "0.png")
    targets = tuple(Target("ship", (float(x), float(y), float(x + w), float(y + h)), "") for x, y, w, h in boxes)
    triplet = Triplet("0", (90, 90), (), image="0.png", targets=targets, footprint=(1, 10.0, 1.1, 10.1), gsd_m=5.0)
    write_triplets([triplet], tmp_path / "t.jsonl")
    data = ("--data", tmp_path / "t.jsonl", "--out", tmp_path / "out", "--classes", "ship", "--engine", "brightness")
    accuracy = {}
    for level in (250, 256):
        done = run("training.evaluate", *data, "--level", level)
        assert done.returncode == 0, done.stderr
        scores = json.loads((tmp_path / "out" / "results.json").read_text())["scores"]
        accuracy[level] = scores["count"]["all"]["accuracy"]["value"]
    assert accuracy == {250: 1.0, 256: 0.0}


def _image(boxes: list[list[int]], shape: tuple[int, int]) -> np.ndarray[Any, Any]:
    image = np.random.default_rng(3).integers(1, 60, shape).astype(np.uint8)
    for x, y, w, h in boxes:
        image[y : y + h, x : x + w] = 255
    return image


# --- the contract, for every engine -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*engines(), "http://host:8000/v1"])
def test_declared_options_are_parameters_of_the_constructor(name: str) -> None:
    """Under the same names and with the same defaults, so that a declaration cannot drift from what is opened."""
    from fusar_core.engines import _engine_class

    parameters = inspect.signature(_engine_class(name)).parameters
    for option in engine_info(name).options:
        assert parameters[option.name].default == option.default, option.name


def test_infos_are_told_without_a_slow_library() -> None:
    code = "import sys; from fusar_core.engines import infos; print([i.name for i in infos()], *sorted(sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    slow = {"torch", "transformers", "scipy", "rasterio", "matplotlib", "httpx2", "requests", "ray"}
    assert slow & set(told) == set()


def test_names_of_engines_are_unique_and_tasks_are_told() -> None:
    told = [info.as_dict() for info in infos()]
    assert len({info["name"] for info in told}) == len(told)
    finds_only = {info["name"]: info["finds_only"] for info in told}
    assert (finds_only["cfar"], finds_only["fusar"], finds_only["server"]) == (True, False, False)
    for info in infos():
        assert info.tasks <= set(TASKS), f"{info.name} names a task that there is not"
        assert info.derived <= info.tasks, info.name
    assert json.loads(json.dumps(told)) == told


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ({"level": "7"}, {"level": 7}),
        ({"level": 7.0}, {"level": 7}),
        ({"level": None}, {}),
    ],
)
@pytest.mark.usefixtures("registered")
def test_text_becomes_what_is_declared(given: dict[str, Any], taken: dict[str, Any]) -> None:
    assert check_options("brightness", given) == taken


@pytest.mark.parametrize("value", ["seven", 7.5, True, [7], ""])
@pytest.mark.usefixtures("registered")
def test_a_value_of_another_kind_is_refused(value: Any) -> None:
    with pytest.raises(BadOption, match="level"):
        open_engine("brightness", level=value)
