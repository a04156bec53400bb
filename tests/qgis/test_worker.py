"""The plugin in front of a worker: its address and key from the options, the engine's process in between."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from qgis.core import QgsApplication, QgsProcessingContext, QgsProcessingFeedback, QgsProject
from test_settings import stored
from worker_server import KEY, PYTHON, ROOT, WorkerServer, worker_server

from fusar_qgis import settings

SAMPLE = ROOT / "resources" / "sample" / "harbour.tif"


@pytest.fixture(scope="module")
def worker() -> Iterator[WorkerServer]:
    with worker_server() as server:
        yield server


@pytest.fixture
def configured(worker: WorkerServer) -> Iterator[str]:
    settings.put("worker_url", worker.url)
    settings.put("worker_authcfg", stored("Basic", username="any", password=KEY))
    yield worker.url
    for key in ("worker_url", "worker_authcfg"):
        settings.put(key, None)


def run(name: str, **parameters) -> tuple[dict, str, QgsProcessingContext]:
    algorithm = QgsApplication.processingRegistry().createAlgorithmById(f"fusar:{name}")
    context, feedback = QgsProcessingContext(), QgsProcessingFeedback()
    context.setProject(QgsProject.instance())
    context.setFeedback(feedback)
    results, ok = algorithm.run(parameters, context, feedback)
    return (results if ok else {}), feedback.textLog(), context


def interpret(engine: str) -> tuple[dict, str, QgsProcessingContext]:
    return run("interpret_scene", INPUT=str(SAMPLE), ENGINE=engine, DETECTIONS="TEMPORARY_OUTPUT", PRIOR="none")


def test_a_scene_is_interpreted_through_the_worker(provider: object, configured: str, worker) -> None:
    results, log, context = interpret("worker")
    assert results, log
    summary = json.loads(results["SUMMARY"])
    assert (summary["engine"], summary["model"]) == ("worker", "nano")
    layer = context.takeResultLayer(results["DETECTIONS"])
    assert layer.featureCount() == summary["counts"]["ship"] > 0
    assert {feature["engine"] for feature in layer.getFeatures()} == {"worker"}
    assert worker.asked() > summary["chips"] / 2
    assert KEY not in log


def test_the_address_may_stand_in_place_of_the_name(provider: object, configured: str) -> None:
    results, log, _ = interpret(configured)
    assert json.loads(results["SUMMARY"])["engine"] == "worker", log


def test_a_wrong_key_is_said_and_not_shown(provider: object, configured: str) -> None:
    settings.put("worker_authcfg", stored("Basic", username="any", password="wr0ng-k3y"))
    results, log, _ = interpret("worker")
    assert not results
    assert "did not accept the key" in log
    assert "wr0ng-k3y" not in log


def test_a_worker_that_is_away_is_said(provider: object, configured: str) -> None:
    settings.put("worker_url", "http://127.0.0.1:9/v1")
    started = time.monotonic()
    results, log, _ = interpret("worker")
    assert not results
    assert "does not answer" in log
    assert time.monotonic() - started < 60


# -- the real worker with the real small model -------------------------------------------------------------------------


def has_ray() -> bool:
    return subprocess.run([PYTHON, "-c", "import ray, fastapi"], capture_output=True, check=False).returncode == 0


needs_ray = pytest.mark.skipif(not has_ray(), reason="the engine's environment has no Ray: make setup-worker")


def serving(keys: Path) -> subprocess.Popen[str]:
    """`fusar serve` with fusar-nano at a free port; `url` is its address."""
    words = [PYTHON.with_name("fusar"), "serve", "--port", "0", "--api-key-file", keys, "--threads", "1"]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:  # type: ignore[union-attr]
        if "ready at " in line:
            process.url = line.split("ready at ")[1].split()[0]  # type: ignore[attr-defined]
            return process
    raise AssertionError(f"the worker ended with {process.wait()} before it was ready")


@pytest.fixture(scope="module")
def real_worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    keys = tmp_path_factory.mktemp("worker") / "keys"
    keys.write_text(f"{KEY}\n", encoding="utf-8")
    keys.chmod(0o600)
    with serving(keys) as process:
        yield process
        process.terminate()
        process.communicate(timeout=60)


@needs_ray
def test_the_real_worker_finds_what_the_model_finds_here(provider: object, real_worker) -> None:
    found = {}
    try:
        settings.put("worker_url", real_worker.url)
        settings.put("worker_authcfg", stored("Basic", username="any", password=KEY))
        for engine in ("fusar", "worker"):
            results, log, context = interpret(engine)
            assert results, log
            assert KEY not in log
            layer = context.takeResultLayer(results["DETECTIONS"])
            found[engine] = {(f["chip"], f["px_bbox"]): f["score"] for f in layer.getFeatures()}
    finally:
        for key in ("worker_url", "worker_authcfg"):
            settings.put(key, None)
    assert found["worker"] == pytest.approx(found["fusar"], abs=1e-3)
    assert len(found["fusar"]) > 5
