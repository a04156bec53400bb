"""The commands and the sidecar with a server's address for an engine: the same layers, resumed after a kill; the key in
no process list; wrong options said in one sentence."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pyogrio
import pytest
import shapely
from openai_server import MODEL, Raw, Seen, Server, completion, entry, ours
from scenes import ships_scene
from sidecar_client import Client
from speaking import InProcess, behave

from fusar_core.cli import main
from fusar_core.interpretation.interpret import interpret
from fusar_core.interpretation.scope import Scope
from fusar_core.results.features import feature_tables
from fusar_core.results.vector_io import write_layers
from fusar_core.scenes.scene import SarScene

FUSAR = [sys.executable, "-c", "from fusar_core.cli import main; main()"]
SHIPS = [(60.0, 60.0), (200.0, 150.0), (310.0, 280.0), (111.0, 112.0)]


@pytest.fixture
def scene(tmp_path) -> Path:
    return ships_scene(tmp_path / "scene.tif", SHIPS, shape=(400, 500))


@pytest.fixture
def server():
    with Server(behave, [ours()], key="k3y") as running:
        yield running


def run(*arguments) -> int:
    with pytest.raises(SystemExit) as exit_:
        main([str(a) for a in arguments])
    return int(exit_.value.code or 0)


def rows(path: Path, layer: str) -> list:
    """All of a layer but the model's scores, which the model in this process does not have to the last digit."""
    meta, _, geometry, data = pyogrio.raw.read(path, layer=layer)
    kept = [column for name, column in zip(meta["fields"], data, strict=True) if name not in ("score", "model")]
    return sorted(zip([shapely.from_wkb(g).wkt for g in geometry], *[map(str, c) for c in kept], strict=True))


def here(scene: Path, out: Path, tasks=("detect", "count", "locate", "describe")) -> Path:
    with SarScene.open(scene) as opened:
        write_layers(feature_tables(interpret(opened, InProcess(), Scope(tasks=tasks))), out)
    return out


def test_interpret_writes_what_the_model_in_this_process_would(server, scene, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("FUSAR_API_KEY", "k3y")
    out = tmp_path / "out.gpkg"
    tasks = ["--tasks", "detect,count,locate,describe"]
    assert run("interpret", scene, "--engine", server.url, "--out", out, *tasks, "--json") == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["counts"]["ship"] >= len(SHIPS)
    assert (summary["engine"], summary["model"], summary["prior"]) == ("worker", "nano", None)
    expected = here(scene, tmp_path / "here.gpkg")
    for layer in ("detections", "grid_cells", "answers"):
        assert rows(out, layer) == rows(expected, layer)


def test_a_client_that_was_killed_goes_on_where_it_was(scene, tmp_path) -> None:
    """SIGKILL in the middle; what was answered before is not asked again, and the result is that of one go."""
    gate = threading.Event()

    def slowly(seen: Seen) -> str:
        if len(server.asked) > 10:
            gate.wait(30)
        return behave(seen)

    chips = 20
    out = tmp_path / "out.gpkg"
    with Server(slowly, [ours()]) as server:
        command = [*FUSAR, "interpret", str(scene), "--engine", server.url, "--out", str(out), "--tasks", "detect"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        journal = out.with_name("out.gpkg.partial")
        deadline = time.monotonic() + 60
        while (not journal.exists() or journal.read_bytes().count(b"\n") < 8) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        gate.set()
        finished = journal.read_bytes().count(b"\n") - 1
        assert finished >= 7
        server.asked.clear()
        subprocess.run([*command, "--resume"], check=True, capture_output=True)
        assert len(server.asked) == chips - finished
    assert rows(out, "detections") == rows(here(scene, tmp_path / "here.gpkg", ("detect",)), "detections")
    assert not journal.exists()


def test_a_class_from_a_server_that_tells_no_probabilities_has_no_score(scene, capsys) -> None:
    box = "400500,5699300,400700,5699500"
    with Server(lambda seen: completion("ship", scored=False)) as server:
        assert run("classify", scene, "--box", box, "--classes", "ship,plane", "--engine", server.url) == 0
    said = capsys.readouterr()
    assert said.out == "ship\n"
    assert "tells no probabilities" in said.err


def test_classify_and_ask(server, scene, monkeypatch, capsys) -> None:
    monkeypatch.setenv("FUSAR_API_KEY", "k3y")
    box = "400500,5699300,400700,5699500"
    assert run("classify", scene, "--box", box, "--engine", server.url) == 0
    assert capsys.readouterr().out == "ship  0.90\n"
    assert run("ask", scene, "What is it?", "--engine", server.url, "--extent", box, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["answer"].startswith("Seen ")
    assert said["model"] == "nano"


def test_a_stock_model_says_that_it_had_no_prior(scene, tmp_path, capsys) -> None:
    with Server(lambda seen: completion("None" if "JSON" in seen.prompt else "0")) as server:
        out = ["--out", tmp_path / "out.gpkg"]
        assert run("interpret", scene, "--engine", server.url, *out, "--prior", "none", "--json") == 0
        summary = json.loads(capsys.readouterr().out)
        assert (summary["engine"], summary["model"]) == ("server", MODEL)
        assert any("no prior was used" in warning for warning in summary["warnings"])
        metadata = pyogrio.read_info(tmp_path / "out.gpkg", layer="detections")["layer_metadata"]
        assert metadata["prior"] == "none"
        assert server.url in metadata["settings"]
        assert run("classify", scene, "--box", "400500,5699300,400700,5699500", "--engine", server.url) == 0
        assert "no prior was used" in capsys.readouterr().err


def test_evaluate_scores_a_server(tmp_path, capsys) -> None:
    import numpy as np
    from PIL import Image

    images = [{"id": i, "file_name": f"{i}.png", "width": 112, "height": 112} for i in range(5)]
    for image in images:
        pixels = np.zeros((112, 112), np.uint8)
        pixels[20:24, 30:40] = 255
        Image.fromarray(pixels).save(tmp_path / image["file_name"])
    boxes = [{"id": i, "image_id": i, "category_id": 1, "bbox": [30, 20, 10, 4]} for i in range(5)]
    coco = {"images": images, "annotations": boxes, "categories": [{"id": 1, "name": "ship"}]}
    (tmp_path / "coco.json").write_text(json.dumps(coco))
    with Server(behave, [ours()]) as server:
        options = ["--dataset", tmp_path / "coco.json", "--images", tmp_path, "--json", "--engine", server.url]
        assert run("evaluate", *options, "--task", "detect") == 0
        scores = json.loads(capsys.readouterr().out)
        assert scores["engine"] == "worker"
        assert scores["scores"]["detect"]["all"]["at"][0]["f1"]["value"] == 1.0


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--device", "cpu"], "BAD_OPTION"),
        (["--batch-size", "3"], "BAD_OPTION"),
        (["--coordinates", "inches"], "BAD_OPTION"),
        (["--model", "other"], "UNKNOWN_MODEL"),
        (["--tasks", "describe", "--classes", "tank"], "UNKNOWN_CLASS"),
        (["--ca", "/nowhere.pem"], None),
    ],
)
def test_wrong_options(scene, tmp_path, capsys, options, code) -> None:
    with Server(behave, [ours()]) as server:
        command = ["interpret", scene, "--engine", server.url, "--out", tmp_path / "out.gpkg", "--json", *options]
        assert run(*command) == (1 if code else 0)
        if code:
            assert json.loads(capsys.readouterr().out)["error"]["code"] == code
    for options in (["--coordinates", "pixels"], ["--ca", "ca.pem"]):
        assert run("interpret", scene, "--engine", "cfar", "--out", tmp_path / "out.gpkg", *options) == 1
        assert "[BAD_OPTION]" in capsys.readouterr().err


def test_a_wrong_key_and_a_missing_server(server, scene, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("FUSAR_API_KEY", "wrong-k3y")
    assert run("interpret", scene, "--engine", server.url, "--out", tmp_path / "out.gpkg") == 1
    said = capsys.readouterr().err
    assert "[WORKER_AUTH]" in said
    assert "wrong-k3y" not in said
    assert run("interpret", scene, "--engine", "http://127.0.0.1:9", "--out", tmp_path / "out.gpkg") == 1
    assert "[WORKER_UNREACHABLE]" in capsys.readouterr().err
    assert run("interpret", scene, "--engine", "https://me:pa55@host/v1", "--out", tmp_path / "out.gpkg") == 1
    assert "pa55" not in capsys.readouterr().err
    assert not (tmp_path / "out.gpkg").exists()


# --- the sidecar ------------------------------------------------------------------------------------------------------


@pytest.fixture
def client(monkeypatch):
    monkeypatch.delenv("FUSAR_API_KEY", raising=False)
    made = Client()
    yield made
    made.close()


def worker(server: Server, **more) -> dict:
    """What the plugin says of the engine, see fusar_qgis.settings.engine_request."""
    return {"engine": server.url, "engine_options": {}, "secret": "k3y"} | more


def test_the_plugin_interprets_through_the_worker(client, server, scene) -> None:
    about = client.ask("engine_info", **worker(server))["result"]
    assert (about["engine"], about["model"], about["classes"]) == ("worker", "nano", ["plane", "ship"])
    result = client.ask("interpret", scene=str(scene), tasks=["detect"], **worker(server))["result"]
    assert result["counts"]["ship"] == len(client.layers(provisional=False)["detections"]) >= len(SHIPS)
    assert client.layers(provisional=True)["detections"]
    answer = client.ask("ask", scene=str(scene), question="What?", **worker(server))["result"]
    assert answer["answers"][0]["answer"].startswith("Seen ")


def test_a_wrong_key_is_said_to_the_plugin_and_kept_from_the_log(client, server, scene) -> None:
    error = client.ask("engine_info", **worker(server, secret="wr0ng"))["error"]
    assert error["data"]["code"] == "WORKER_AUTH"
    assert "result" in client.ask("engine_info", **worker(server))
    client.close()
    log = client.log() + json.dumps(client.notes)
    assert "k3y" not in log
    assert "wr0ng" not in log


def test_a_cancel_of_the_plugin_reaches_the_worker(client, scene) -> None:
    gate = threading.Event()

    def hang(seen: Seen) -> str:
        gate.wait(30)
        return behave(seen)

    with Server(hang, [ours()]) as server:
        client.send("interpret", 7, scene=str(scene), tasks=["detect"], **worker(server))
        deadline = time.monotonic() + 30
        while not server.asked and time.monotonic() < deadline:
            time.sleep(0.02)
        client.send("cancel", None, id=7)
        assert client.until(7)["error"]["data"]["code"] == "CANCELLED"
        gate.set()


def test_a_worker_that_came_back_with_another_model_is_asked_what_it_can(client, scene) -> None:
    def only(seen: Seen):
        if seen.body["model"] != server.models[0]["id"]:
            return Raw(404, {"error": {"message": "no such model", "code": "UNKNOWN_MODEL"}})
        return behave(seen)

    with Server(only, [ours("first")]) as server:
        assert client.ask("engine_info", **worker(server))["result"]["model"] == "first"
        server.models = [ours("second")]
        question = {"scene": str(scene), "question": "What?", **worker(server)}
        assert client.ask("ask", **question)["error"]["data"]["code"] == "UNKNOWN_MODEL"
        assert client.ask("ask", **question)["result"]["model"] == "second"


def test_what_a_stock_server_does_not_use_is_not_claimed_by_the_sidecar(client, scene) -> None:
    with Server(lambda seen: "0", [entry("m")]) as server:
        result = client.ask("interpret", scene=str(scene), tasks=["count"], **worker(server))["result"]
        assert result["aef_year"] is None
        assert any("no prior was used" in w for w in result["warnings"])


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="no /proc")
def test_the_key_is_in_no_command_line(server, scene, tmp_path) -> None:
    environment = os.environ | {"FUSAR_API_KEY": "k3y"}
    command = [*FUSAR, "interpret", str(scene), "--engine", server.url, "--out", str(tmp_path / "out.gpkg")]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    lines = set()
    while process.poll() is None:
        lines.add(Path(f"/proc/{process.pid}/cmdline").read_bytes())
        time.sleep(0.02)
    assert process.returncode == 0
    assert not [line for line in lines if b"k3y" in line]
