"""Two hosts in network namespaces, a client and a server, and the line between them cut for 20 seconds."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from scenes import ships_scene
from speaking import InProcess
from test_remote_commands import rows

from fusar_core.interpretation.interpret import interpret
from fusar_core.interpretation.scope import Scope
from fusar_core.results.features import feature_tables
from fusar_core.results.vector_io import write_layers
from fusar_core.scenes.scene import SarScene

HERE = Path(__file__).parent
CUT_S = 20.0
SERVER = """
import os, time
from openai_server import Server, ours
from speaking import behave
def slowly(seen):
    time.sleep(0.1)
    os.write(1, b"asked\\n")  # at once: many threads do
    return behave(seen)
Server(slowly, [ours()], host="10.213.77.2", port=8000)
print("ready", flush=True)
time.sleep(600)
"""


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


def inside(host: str, *command: str) -> list[str]:
    return ["ip", "netns", "exec", host, *command]


@pytest.fixture
def hosts() -> Iterator[tuple[str, str]]:
    """Names of the namespaces of a client (10.213.77.1) and a server (10.213.77.2), joined by a line of their own."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("network namespaces need root and iproute2")
    client, server = (f"fusar-{who}-{os.getpid()}" for who in ("client", "server"))
    try:
        ip("netns", "add", client)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no network namespaces here: {error.stderr.strip()}")
    try:
        ip("netns", "add", server)
        ip("-n", client, "link", "add", "line", "type", "veth", "peer", "name", "line", "netns", server)
        for host, address in ((client, "10.213.77.1/24"), (server, "10.213.77.2/24")):
            ip("-n", host, "address", "add", address, "dev", "line")
            ip("-n", host, "link", "set", "line", "up")
            ip("-n", host, "link", "set", "lo", "up")
        yield client, server
    finally:
        for host in (client, server):
            subprocess.run(["ip", "netns", "delete", host], capture_output=True)


def test_a_cut_of_twenty_seconds_costs_time_and_nothing_else(hosts, tmp_path) -> None:
    client, server = hosts
    scene = ships_scene(tmp_path / "scene.tif", [(60, 60), (500, 400), (700, 640)], shape=(700, 900))
    environment = os.environ | {"PYTHONPATH": f"{HERE}:{HERE.parent / 'core'}", "NO_PROXY": "*"}
    worker = subprocess.Popen(
        inside(server, sys.executable, "-c", SERVER), env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert worker.stdout
        assert worker.stdout.readline() == "ready\n"
        fusar = [sys.executable, "-c", "from fusar_core.cli import main; main()", "interpret", str(scene)]
        fusar += ["--engine", "http://10.213.77.2:8000/v1", "--tasks", "detect", "--out", str(tmp_path / "out.gpkg")]
        run = subprocess.Popen(inside(client, *fusar), env=environment, stderr=subprocess.PIPE, text=True)
        for _ in range(12):
            assert worker.stdout.readline() == "asked\n"
        ip("-n", server, "link", "set", "line", "down")
        time.sleep(CUT_S)
        assert run.poll() is None
        ip("-n", server, "link", "set", "line", "up")
        _, said = run.communicate(timeout=120)
        assert run.returncode == 0, said
    finally:
        worker.kill()
        worker.communicate()
    with SarScene.open(scene) as opened:
        expected = interpret(opened, InProcess(), Scope(tasks=("detect",)))
        write_layers(feature_tables(expected), tmp_path / "here.gpkg")
    assert expected.targets
    assert rows(tmp_path / "out.gpkg", "detections") == rows(tmp_path / "here.gpkg", "detections")
