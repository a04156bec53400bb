"""The sidecar as its client meets it: a process, JSON lines in and out, whatever comes."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aef_world import random_vectors
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import from_bounds
from scenes import plant, sea, ships_scene, write
from sidecar_client import COMMAND, LONG, Client

from fusar_core.domain.answers import Answer
from fusar_core.domain.schema import LAYERS, PROTOCOL
from fusar_core.engines.base import NO_HOOKS, Answers, Engine, EngineInfo, Hooks
from fusar_core.errors import BadOption
from fusar_core.interpretation.inquiry import ask, classify_box, inquiry_of
from fusar_core.interpretation.parameters import parameter
from fusar_core.interpretation.scope import Scope
from fusar_core.results.inquiries import asked, classified_box
from fusar_core.scenes.scene import SarScene
from fusar_core.sidecar.layers import geojson
from fusar_core.sidecar.server import METHODS, MOST_AT_ONCE, MOST_WAITING, Sidecar

CENTRES = [(120.0, 90.0), (504.0, 300.0), (700.0, 504.0), (850.0, 640.0)]


@pytest.fixture
def client() -> Iterator[Client]:
    made = Client()
    yield made
    if made.process.stdin and not made.process.stdin.closed:
        made.close()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ships_scene(tmp_path_factory.mktemp("scène 1") / "海 scene.tif", CENTRES)


@pytest.fixture(scope="module")
def wide_scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    image = sea(2600, 2600)
    for at in range(100, 2500, 300):
        plant(image, at, at)
    return write(tmp_path_factory.mktemp("wide") / "wide.tif", image.astype(np.uint16))


def test_the_handshake_says_who_speaks(client: Client) -> None:
    said = client.ask("initialize", protocol=PROTOCOL)["result"]
    assert said["protocol"] == PROTOCOL
    assert "cfar" in said["engines"]
    assert set(METHODS) < set(said["methods"])
    assert said["pid"] == client.process.pid


def test_interpret_sends_chips_then_layers(client: Client, scene: Path) -> None:
    summary = client.ask("interpret", scene=str(scene))["result"]
    assert summary["counts"] == {"ship": 4}
    assert summary["crs"]["authid"] == "EPSG:32631"
    assert len(client.layers(provisional=True)["detections"]) == 4
    final = client.layers(provisional=False)
    assert set(final) == {layer.name for layer in LAYERS}
    assert len(final["detections"]) == 4
    ring = final["detections"][0]["geometry"]["coordinates"][0]
    assert ring[0] == ring[-1]
    assert abs(ring[0][0] - (400_000 + 1200)) < 200
    for layer in LAYERS:
        assert [set(f["properties"]) for f in final[layer.name]] == [{f.name for f in layer.fields}] * len(
            final[layer.name]
        )
    assert [n["params"]["done"] for n in client.notes if n["method"] == "progress"] == [1]


def test_an_extent_in_another_crs(client: Client, scene: Path) -> None:
    said = client.ask("interpret", scene=str(scene), extent=[1.55, 51.4, 1.58, 51.5], extent_crs="EPSG:4326")
    assert 0 < said["result"]["counts"]["ship"] < 4


def test_cancelled_half_way_what_was_found_is_kept(client: Client, wide_scene: Path) -> None:
    client.send("interpret", 7, scene=str(wide_scene), chip_overlap=1950)
    while not client.layers(provisional=True):
        message = client.receive()
        client.notes.append(message)
    assert client.ask("cancel", 8, id=7)["result"] == {"cancelled": True}
    error = client.until(7)["error"]
    assert error["data"]["code"] == "CANCELLED"
    kept = client.layers(provisional=False)
    assert kept["grid_cells"] == kept["answers"] == [], "nothing is derived from a scene that was read in part"
    told = [n["params"] for n in client.notes if n["method"] == "features" and not n["params"]["provisional"]]
    assert all(part["partial"] and "chip_size" in part["metadata"]["settings"] for part in told)
    assert 0 < len(kept["detections"]) < 9
    progress = [n["params"] for n in client.notes if n["method"] == "progress"]
    assert all(p["done"] < p["total"] for p in progress)
    # The same id may be used again, and the engine is free for the next request.
    assert client.ask("interpret", 7, scene=str(wide_scene))["result"]["counts"]["ship"] >= 8


def test_a_cancel_for_nobody_is_answered(client: Client) -> None:
    assert client.ask("cancel", 2, id=99)["result"] == {"cancelled": False}
    assert client.ask("cancel", 3, id=["nonsense"])["result"] == {"cancelled": False}


def test_two_requests_at_once_take_turns_with_the_engine(client: Client, scene: Path) -> None:
    client.send("interpret", "a", scene=str(scene))
    client.send("interpret", "b", scene=str(scene))
    answers = {}
    while len(answers) < 2:
        message = client.receive()
        if "result" in message:
            answers[message["id"]] = message["result"]["counts"]
    assert answers == {"a": {"ship": 4}, "b": {"ship": 4}}


REFUSED = {
    "missing scene": ("interpret", {"scene": "/no/such.tif"}, "SCENE_NOT_FOUND"),
    "no scene": ("interpret", {}, "BAD_OPTION"),
    "unknown engine": ("engine_info", {"engine": "oracle"}, "UNKNOWN_ENGINE"),
    "options of another engine": ("engine_info", {"engine_options": {"model": "/m"}}, "BAD_OPTION"),
    "a number for a path": ("interpret", {"scene": 5}, "BAD_OPTION"),
    "true for a year": ("interpret", {"scene": "SCENE", "year": True}, "BAD_OPTION"),
    "an extent of three": ("interpret", {"scene": "SCENE", "extent": [1, 2, 3]}, "BAD_OPTION"),
    "an extent of words": ("interpret", {"scene": "SCENE", "extent": ["a", 2, 3, 4]}, "BAD_OPTION"),
    "extent elsewhere": ("interpret", {"scene": "SCENE", "extent": [0, 0, 9, 9]}, "BAD_EXTENT"),
    "unknown CRS": ("interpret", {"scene": "SCENE", "extent": [0, 0, 9, 9], "extent_crs": "EPSG:1"}, "BAD_CRS"),
    "unknown class": ("interpret", {"scene": "SCENE", "classes": ["tank"]}, "UNKNOWN_CLASS"),
    "classes that are no words": ("interpret", {"scene": "SCENE", "classes": [1]}, "BAD_OPTION"),
    "mask that is none": ("interpret", {"scene": "SCENE", "water_mask": __file__}, "BAD_MASK"),
    "no box": ("classify_box", {"scene": "SCENE"}, "BAD_OPTION"),
    "a box, no model": ("classify_box", {"scene": "SCENE", "box": [401e3, 5698e3, 402e3, 5699e3]}, "UNSUPPORTED_TASK"),
    "a question, but no model": ("ask", {"scene": "SCENE", "question": "Ships?"}, "UNSUPPORTED_TASK"),
    "an empty question": ("ask", {"scene": "SCENE", "question": " "}, "BAD_OPTION"),
    "unknown embeddings": ("sample_anchors", {"scene": "SCENE", "source": "nowhere"}, "UNKNOWN_SOURCE"),
}  # fmt: skip


def test_refusals_carry_their_code_and_leave_the_sidecar_alive(client: Client, scene: Path) -> None:
    for case, (method, params, code) in REFUSED.items():
        given = {k: str(scene) if v == "SCENE" else v for k, v in params.items()}
        error = client.ask(method, case, **given)["error"]
        assert error["data"]["code"] == code, case
        assert error["message"], case
    assert client.ask("scene_info", 2, scene=str(scene))["result"]["width"] == 900


NONSENSE = {
    b"{": -32700,
    b"\xff\xfe\x00": -32700,
    b"[" * 100_000: -32700,
    b"[1, 2]": -32600,
    b'{"method": 5, "id": 1}': -32600,
    b'{"method": "interpret", "params": {}}': -32600,
    b'{"method": "interpret", "params": {}, "id": true}': -32600,
    b'{"method": "interpret", "params": {}, "id": [1]}': -32600,
    b'{"method": "interpret", "params": [1], "id": 1}': -32600,
    b'{"method": "dance", "id": 1}': -32601,
    b'{"method": "__init__", "id": 1}': -32601,
}


def test_nonsense_is_refused_and_survived(client: Client) -> None:
    for raw, code in NONSENSE.items():
        client.write(raw)
        assert client.receive()["error"]["code"] == code, raw[:60]
    client.write(b"")  # blank lines are nothing
    assert "result" in client.ask("initialize", 2)


@settings(max_examples=60, deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda c: st.lists(c), max_leaves=4))
def test_a_parameter_is_of_its_kind_or_refused(value: Any) -> None:
    try:
        got = parameter({"x": value}, "x", str, "default")
    except BadOption:
        assert value is not None
        assert not isinstance(value, str)
    else:
        assert got == ("default" if value is None else value)


def test_it_ends_when_its_client_is_gone(client: Client, wide_scene: Path) -> None:
    client.send("interpret", 1, scene=str(wide_scene), chip_overlap=1950)
    while client.receive().get("method") != "progress":
        pass
    assert client.close() == 0


def test_shutdown_answers_and_ends(client: Client) -> None:
    assert client.ask("shutdown", 5)["result"] == {}
    assert client.process.wait(timeout=LONG) == 0


def test_a_secret_goes_nowhere(scene: Path) -> None:
    client = Client([*COMMAND, "--verbose"])
    said = client.ask("engine_info", 1, engine="cfar", secret="hunter2-key")
    client.ask("interpret", 2, scene=str(scene), engine="oracle", secret="hunter2-key")
    client.close()
    assert "hunter2" not in json.dumps(said)
    assert "hunter2" not in client.log()
    assert "engine_info" in client.log()


def test_what_libraries_print_does_not_reach_the_client() -> None:
    code = (
        "import os, subprocess, sys\n"
        "from fusar_core.sidecar.server import guarded_stdout\n"
        "sink = guarded_stdout()\n"
        "print('from python')\n"
        "os.write(1, b'from C\\n')\n"
        "subprocess.run([sys.executable, '-c', 'print(\"from a child\")'])\n"
        "sink.write(b'from us\\n'); sink.flush()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "from us\n"
    assert {"from python", "from C", "from a child"} <= set(done.stderr.splitlines())


def test_anchors_are_points_with_64_numbers(client: Client, scene: Path, tmp_path: Path) -> None:
    """Every node of the scene's grid gets the vector of the embedding pixel under it."""
    vectors = random_vectors(4).astype(np.float32)  # four quarters of the scene
    west, south, east, north = 1.4, 51.2, 1.8, 51.6
    image = np.zeros((64, 40, 40), np.float32)
    for quarter, vector in enumerate(vectors):
        row, col = divmod(quarter, 2)
        image[:, row * 20 : row * 20 + 20, col * 20 : col * 20 + 20] = vector[:, None, None]
    profile = {"crs": "EPSG:4326", "transform": from_bounds(west, south, east, north, 40, 40), "tiled": False}
    source = write(tmp_path / "aef_2024.tif", image, **profile)
    result = client.ask("sample_anchors", scene=str(scene), source=str(source), grid=5)["result"]
    points = client.layers(provisional=False)["anchors"]
    assert result["anchors"] == len(points) >= 9  # of 25: outer ones lie off the turned image
    for point in points:
        lon, lat = point["geometry"]["coordinates"]
        quarter = 2 * (lat < (south + north) / 2) + (lon > (west + east) / 2)
        got = [point["properties"][f"A{band:02d}"] for band in range(64)]
        assert np.allclose(got, vectors[quarter], atol=1e-4)


class Oracle(Engine):
    """An engine whose answers follow from what it is shown."""

    info = EngineInfo("oracle", "sees all", frozenset({"classify", "ask"}), frozenset({"ship", "plane"}))
    model = "1"

    def answer(self, requests: Any, hooks: Hooks = NO_HOOKS) -> Answers:
        for request in requests:
            chip, task = request.chip, request.tasks[0]
            if task == "ask":
                bright = bool((chip.image > 250).any())
                yield Answer(chip.where, task, "", "yes" if bright else "no", 0.5, "Q", "raw")
            else:
                x1, y1, x2, y2 = (round(v) for v in request.box)
                seen = chip.values[y1:y2, x1:x2].mean() > 500  # a ship fills its box
                value = "ship" if seen else None
                yield Answer(chip.where, task, "", value, 0.9, "P", "raw", "ok" if seen else "unknown_class")


def test_a_classified_box_is_a_feature(scene: Path) -> None:
    with SarScene.open(scene) as opened:
        x, y = CENTRES[3]  # near the corner: the chip is moved to lie inside
        for dx, label, status in ((0, "ship", "ok"), (-60, "", "nothing")):
            centre = 400_000 + 10 * (x + dx), 5_700_000 - 10 * y
            box = opened.extent_window((centre[0] - 90, centre[1] - 10, centre[0] + 90, centre[1] + 10))
            answer = classify_box(opened, Oracle(), box)
            table = classified_box(inquiry_of(opened, Oracle(), Scope(extent=box), [answer]))
            (row,), (feature,) = table.rows, geojson(table)
            assert (row["class"], row["parse_status"], row["task"]) == (label, status, "classify")
            assert feature["geometry"]["coordinates"][0][0] == [centre[0] - 90, centre[1] + 10]


def test_a_question_is_asked_of_every_chip(scene: Path) -> None:
    with SarScene.open(scene) as opened:
        answers = list(ask(opened, Oracle(), "Anything bright?"))
        table = asked(inquiry_of(opened, Oracle(), Scope(), answers, "Anything bright?"))
    assert [row["chip"] for row in table.rows] == ["x0y0", "x504y0", "x0y504", "x504y504"]
    assert {row["question"] for row in table.rows} == {"Anything bright?"}
    assert {row["answer"] for row in table.rows} <= {"yes", "no"}
    assert table.rows[0]["answer"] == "yes"


def threads_of(client: Client) -> int:
    return len(list(Path(f"/proc/{client.process.pid}/task").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are counted in /proc")
def test_three_thousand_calls_at_once_make_a_few_threads_and_all_are_answered(client: Client, scene: Path) -> None:
    client.ask("initialize", protocol=PROTOCOL)
    for number in range(3000):
        client.send("scene_info", 100 + number, scene="/no/such.tif")
    most, answered = 0, set()
    while len(answered) < 3000:
        message = client.receive()
        if "method" not in message:
            assert message["error"]["data"]["code"] == "SCENE_NOT_FOUND"
            answered.add(message["id"])
        if len(answered) % 100 == 1:
            most = max(most, threads_of(client))
    assert answered == set(range(100, 3100))
    assert most < MOST_AT_ONCE + 40, "libraries have threads of their own"


def test_a_call_that_still_waits_is_cancelled_at_once() -> None:
    last = MOST_AT_ONCE
    lines = served(MOST_AT_ONCE + 1, {"id": "c", "method": "cancel", "params": {"id": last}})
    said = {message["id"]: message for message in map(json.loads, lines)}
    assert said[last]["error"]["data"]["code"] == "CANCELLED"
    assert said["c"]["result"] == {"cancelled": True}
    assert [json.loads(line)["id"] for line in lines[:2]] == [last, "c"], "before any of those at work has ended"


def test_a_result_that_is_no_json_does_not_leave_its_call_unanswered() -> None:
    sink = io.BytesIO()

    class Source(io.BytesIO):
        def readline(self, size: int | None = -1, /) -> bytes:
            line, end = super().readline(size), time.monotonic() + LONG
            while not line and not sink.getvalue() and time.monotonic() < end:
                time.sleep(0.01)
            return line

    class Methods:
        @staticmethod
        def doctor(call: Any) -> dict[str, Any]:
            return {"score": float("nan")}

    sidecar = Sidecar(Source(b'{"id": 1, "method": "doctor"}'), sink)
    sidecar._methods = Methods
    sidecar.serve()
    said = json.loads(sink.getvalue())
    assert (said["id"], said["error"]["data"]["code"]) == (1, "INTERNAL")


def test_more_calls_than_can_wait_are_refused() -> None:
    refused = []
    for line in served(MOST_AT_ONCE + MOST_WAITING + 50):
        error = json.loads(line).get("error", {}).get("data", {})
        refused += [error] if error.get("code") == "ENGINE_BUSY" else []
    assert refused
    assert refused[0]["hint"]


def served(count: int, *more: dict[str, Any]) -> list[bytes]:
    """What a sidecar in this process answers to so many calls that hold all its threads until all are asked."""
    release, sink = threading.Event(), io.BytesIO()

    class Source(io.BytesIO):
        def readline(self, size: int | None = -1, /) -> bytes:
            line = super().readline(size)
            if not line:
                release.set()
            return line

    lines = [json.dumps(m) for m in (*({"id": n, "method": "doctor"} for n in range(count)), *more)]
    sidecar = Sidecar(Source("\n".join(lines).encode()), sink)

    class Methods:
        @staticmethod
        def doctor(call: Any) -> dict[str, Any]:
            release.wait(LONG)
            return {}

    sidecar._methods = Methods
    sidecar.serve()
    return sink.getvalue().splitlines()
