"""The remote engine in front of the real worker says what the local engine says, chip by chip and scene by scene."""

from __future__ import annotations

import os
import signal
import threading
import time
import urllib.request

import numpy as np
import pytest
from asking import picture, unit_anchors
from scenes import write

from fusar_core import SarScene, Scope, Watch, interpret, open_engine
from fusar_core.domain.anchors import Anchors
from fusar_core.domain.answers import Request
from fusar_core.domain.chips import Chip
from fusar_core.domain.radiometry import Kind, Radiometry
from fusar_core.domain.tiling import ChipWindow, Window
from fusar_core.prior.anchors import AnchorSampler
from fusar_core.tasks import TASKS

pytest.importorskip("ray")
pytest.importorskip("torch")


@pytest.fixture(scope="module")
def local(taught):
    return open_engine("fusar", model=taught)


@pytest.fixture
def remote(worker):
    return open_engine(worker.url, api_key=worker.key, model="taught")


def chip(seed: int, prior: bool) -> Chip:
    image = picture(seed)
    window = Window(0, 200 * seed, *image.shape)
    radiometry = Radiometry(Kind.UINT8, "made", False, None, "passed through")
    found, nowhere = unit_anchors(9, seed), np.full(9, np.nan)
    anchors = Anchors(found["features"], found["positions"], nowhere, nowhere) if prior else None
    return Chip(ChipWindow(seed, window, window), image, np.ones(image.shape, bool), radiometry, None, anchors=anchors)


def values(answers) -> list:
    return [
        (a.chip.index, a.task, a.label, a.value, a.raw_text, a.parse_status, a.prompt)
        if a.task != "detect"
        else (a.chip.index, a.task, a.label, [d.corners for d in a.value or ()], a.raw_text, a.parse_status, a.prompt)
        for a in answers
    ]


def test_every_task_has_the_same_answer_and_the_same_score(local, remote):
    assert remote.tasks == local.tasks
    assert remote.tiling(None) == local.tiling(None)
    requests = [
        Request(
            chip(seed, seed % 2 == 0),
            tuple(TASKS),
            ("ship", "plane"),
            box=(28, 28, 56, 84),
            question="Is this a harbour?",
        )
        for seed in range(4)
    ]
    here, there = list(local.answer(requests)), list(remote.answer(requests))
    assert values(there) == values(here)
    for a, b in zip(here, there, strict=True):
        assert (b.score is None) == (a.score is None)
        assert b.score == pytest.approx(a.score, rel=1e-3) if a.score is not None else b.score is None


@pytest.fixture
def scene(tmp_path, request):
    """About fifty chips of 112 px, other ones in each test: the worker remembers what it was asked."""
    seed = len(request.node.name)
    image = np.random.default_rng(seed).integers(1, 255, (660, 700)).astype(np.uint8)
    return SarScene.open(write(tmp_path / "scene.tif", image))


class Everywhere:
    """Made-up embeddings that differ from place to place, and are missing west of the middle of the scene."""

    name, attribution, on_progress = "made", "", None
    middle = 1.612  # degrees

    def year_used(self, year: int) -> int:
        return year

    def covers(self, box) -> bool:
        return True

    def sample(self, lon, lat, year, resolution_m=0.0):
        seeds = zip(np.round(lon * 1e6).astype(int), np.round(lat * 1e6).astype(int), strict=True)
        vectors = np.array([np.random.default_rng([abs(x), abs(y)]).normal(size=64) for x, y in seeds])
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        valid = lon > self.middle
        return np.where(valid[:, None], vectors, 0).astype(np.float32), valid

    def close(self) -> None:
        pass


def read(scene, engine, **options):
    prior = AnchorSampler(Everywhere(), 2024, 3)
    result = interpret(scene, engine, Scope(tasks=("detect", "count"), sampler=prior), watch=Watch(**options))
    targets = [
        (t.detection.label, t.detection.corners, round(t.detection.score, 2), t.chip.index) for t in result.targets
    ]
    assert len(targets) > 20
    return targets


def test_a_scene_has_the_same_detections(local, remote, scene):
    assert read(scene, remote) == read(scene, local)


def test_a_replica_that_is_lost_in_mid_scene_costs_no_chip(local, scene, worker):
    """The only one: what was asked waits until another has its model."""
    remote = open_engine(worker.url, api_key=worker.key, model="taught", concurrency=2)
    expected, (replica,) = read(scene, local), worker.replicas()
    targets = read_while(scene, remote, worker, lambda: os.kill(replica, signal.SIGKILL))
    assert targets == expected
    assert set(worker.replicas()) - {replica}


def test_a_worker_that_is_started_again_in_mid_scene_costs_no_chip(local, scene, worker):
    """It dies with all it has, and comes back at the same port."""
    remote = open_engine(worker.url, api_key=worker.key, model="taught", concurrency=2)

    def restart() -> None:
        worker.process.kill()
        worker.process.wait()
        worker.begin_again()

    expected, before = read(scene, local), worker.process.pid
    targets = read_while(scene, remote, worker, restart)
    assert targets == expected
    assert worker.process.pid != before
    assert worker.process.poll() is None


def read_while(scene, engine, worker, happens):
    """The targets of a scene; something happens when a few of its questions have been answered."""
    answered = requests_answered(worker)
    happened = threading.Event()

    def watch() -> None:
        while requests_answered(worker) < answered + 5:
            time.sleep(0.005)
        happens()
        happened.set()

    thread = threading.Thread(target=watch)
    thread.start()
    targets = read(scene, engine)
    assert happened.is_set()
    thread.join()
    assert requests_answered(worker) > 20  # after it
    return targets


def requests_answered(worker) -> float:
    request = urllib.request.Request(f"{worker.base}/metrics", headers={"Authorization": f"Bearer {worker.key}"})
    with urllib.request.urlopen(request) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(x.split()[-1]) for x in lines if x.startswith('fusar_requests_total{path="/v1/chat'))
