"""fusar batch with Ray at work: processes that die, a batch that is killed, and nothing that is lost or left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyogrio
import pytest
from openai_server import Seen, Server, ours
from scenes import ships_scene
from speaking import behave

from fusar_core.batch import Listed, RayPool, Run, find_scenes, run_batch
from fusar_core.batch.work import Record, interpret_listed
from fusar_core.errors import BadOption, RayUnavailable

pytestmark = [
    pytest.mark.skipif(find_spec("ray") is None, reason="fusar batch needs the extra batch"),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are looked up in /proc"),
]

FUSAR = [sys.executable, "-c", "from fusar_core.cli import main; main()"]
LONG = 120.0


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Six scenes with one to six ships, and a file that is no raster."""
    folder = tmp_path / "archive"
    folder.mkdir()
    for number in range(6):
        ships = [(40.0 + 40 * i, 60.0 + 20 * number) for i in range(number + 1)]
        ships_scene(folder / f"s{number}.tif", ships, shape=(240, 320))
    (folder / "broken.tif").write_bytes(b"II*\0 cut off")
    return folder


def processes(mark: str) -> list[int]:
    """All that descend from a process with this mark in its environment, whoever their parents are now."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if mark.encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                pass
    return found


def at_work(mark: str) -> list[int]:
    """Those that may work on scenes. Ray's agents outlive a killed cluster by a minute, and do nothing."""
    working = []
    for pid in processes(mark):
        try:
            if "Agent" not in Path(f"/proc/{pid}/cmdline").read_text():
                working.append(pid)
        except OSError:
            pass
    return working


def wait_for(what: Any, seconds: float = LONG) -> Any:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := what():
            return found
        time.sleep(0.1)
    raise AssertionError("waited in vain")


def start(archive: Path, *options: str) -> tuple[subprocess.Popen[bytes], str]:
    mark = f"mark-{uuid.uuid4()}"
    command = [*FUSAR, "batch", str(archive), "--out", str(archive.parent / "out"), *options]
    return subprocess.Popen(command, env=os.environ | {"FUSAR_TEST_MARK": mark}, stdout=subprocess.PIPE), mark


def index(out: Path) -> dict[str, dict[str, Any]]:
    meta, _, _, data = pyogrio.raw.read(out / "index.gpkg", layer="scenes")
    rows = [dict(zip(meta["fields"], row, strict=True)) for row in zip(*data, strict=True)]
    return {Path(row["scene"]).stem: row for row in rows}


def counted(out: Path) -> list[int]:
    found = index(out)
    return [int(found[f"s{i}"]["targets"]) for i in range(6)]


def test_two_workers_do_what_one_does(archive: Path) -> None:
    process, mark = start(archive, "--workers", "2", "--json")
    said, _ = process.communicate(timeout=LONG)
    assert process.returncode == 1  # one scene failed
    summary = json.loads(said)
    assert (summary["done"], [f["code"] for f in summary["failed"]]) == (6, ["SCENE_UNREADABLE"])
    assert summary["counts"] == {"ship": 21}
    assert counted(archive.parent / "out") == [1, 2, 3, 4, 5, 6]
    wait_for(lambda: not processes(mark), 30)


def test_a_batch_that_was_killed_goes_on_where_it_was(archive: Path) -> None:
    """SIGKILL while scenes are half-way; chips that were answered are not asked again."""
    gate, before = threading.Event(), 40

    def slowly(seen: Seen) -> str:
        if len(server.asked) > before and not gate.is_set():
            gate.wait(LONG)
        return behave(seen)

    out = archive.parent / "out"
    with Server(slowly, [ours()]) as server:
        options = ("--workers", "2", "--engine", server.url, "--tasks", "detect", "--json")
        process, mark = start(archive, *options)
        wait_for(lambda: len(server.asked) > before + 2)
        wait_for(lambda: list((out / ".fusar").glob("s*.partial")))
        time.sleep(0.5)  # whoever has an answer writes it down
        process.send_signal(signal.SIGKILL)
        process.communicate()
        gate.set()
        wait_for(lambda: not at_work(mark), 60)  # nobody of the killed batch goes on
        finished = [p.stem for p in (out / ".fusar").glob("s*.json")]
        kept = sum(p.read_bytes().count(b"\n") - 1 for p in (out / ".fusar").glob("s*.partial"))
        assert finished or kept
        server.asked.clear()
        process, mark = start(archive, *options)
        said, _ = process.communicate(timeout=LONG)
        summary = json.loads(said)
        chips = 3 * 4
        assert summary["skipped"] == len(finished)
        assert len(server.asked) == chips * (6 - len(finished)) - kept
    assert [int(index(out)[f"s{i}"]["targets"]) >= i + 1 for i in range(6)] == [True] * 6
    assert not list((out / ".fusar").glob("*.partial"))


def test_a_batch_that_is_stopped_leaves_an_index_and_no_process(archive: Path) -> None:
    gate = threading.Event()

    def hang(seen: Seen) -> str:
        if len(server.asked) > 20:
            gate.wait(LONG)
        return behave(seen)

    with Server(hang, [ours()]) as server:
        process, mark = start(archive, "--workers", "1", "--engine", server.url, "--tasks", "detect")
        wait_for(lambda: len(server.asked) > 21)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=LONG)
        assert process.returncode == 130
        gate.set()
        wait_for(lambda: not processes(mark), 60)
    assert index(archive.parent / "out")


def test_a_process_that_dies_is_replaced_and_its_scene_goes_on(archive: Path) -> None:
    """The first process dies in the middle of every scene, after some chips; the next takes up its journal."""
    started = archive.parent / "started"
    started.mkdir()
    (archive / "broken.tif").unlink()

    def dies_once(listed: Listed, name: str, out: str, settings: Run) -> Record:
        first = not (started / name).exists()
        with open(started / name, "a") as file:
            file.write("x")
        if first:
            journal = Path(out) / ".fusar" / f"{name}.partial"

            def kill() -> None:
                while not journal.exists() or journal.read_bytes().count(b"\n") < 3:
                    time.sleep(0.01)
                os.kill(os.getpid(), signal.SIGKILL)

            threading.Thread(target=kill, daemon=True).start()
        return interpret_listed(listed, name, out, settings)

    def slowly(seen: Seen) -> str:
        time.sleep(0.3)
        return behave(seen)

    with Server(slowly, [ours()]) as server:
        options = (("concurrency", 1),)
        settings = Run(engine=server.url, engine_options=options, tasks=("detect",))
        pool = RayPool(2, work=dies_once)
        result = run_batch(find_scenes([str(archive)]), archive.parent / "out", settings, pool)
        assert [r.status for r in result.records] == ["done"] * 6
        assert {(started / f"s{i}").read_text() for i in range(6)} == {"xx"}
        chips = 3 * 4
        assert len(server.asked) <= 6 * (chips + 2)  # of a dead process's questions, those under way alone come again


def test_a_scene_that_kills_every_process_is_given_up_and_stops_no_other(archive: Path) -> None:
    def deadly(listed: Listed, name: str, out: str, settings: Run) -> Record:
        if name == "s2":
            os.kill(os.getpid(), signal.SIGSEGV)
        return interpret_listed(listed, name, out, settings)

    pool = RayPool(2, work=deadly)
    result = run_batch(find_scenes([str(archive)]), archive.parent / "out", Run(), pool)
    said = {Path(r.scene).stem: r for r in result.records}
    assert (said["s2"].status, said["s2"].error) == ("failed", "SCENE_CRASHED")
    assert result.count("done") == 5


def test_clusters_and_gpus_that_are_not_there(archive: Path) -> None:
    scenes, out = find_scenes([str(archive)]), archive.parent / "out"
    with pytest.raises(BadOption, match="2 GPUs"):
        run_batch(scenes, out, Run(), RayPool(1, gpus=2.0))
    with pytest.raises(RayUnavailable):
        run_batch(scenes, out, Run(), RayPool(1, address="127.0.0.1:9"))


def test_nothing_listens_for_other_computers(archive: Path) -> None:
    gate = threading.Event()

    def hang(seen: Seen) -> str:
        gate.wait(LONG)
        return behave(seen)

    with Server(hang, [ours()]) as server:
        process, mark = start(archive, "--workers", "1", "--engine", server.url, "--tasks", "detect")
        wait_for(lambda: server.asked)
        mine = set(processes(mark))
        sockets = {
            os.readlink(link)
            for pid in mine
            for link in Path(f"/proc/{pid}/fd").glob("*")
            if os.path.islink(link) and "socket" in _target(link)
        }
        listening = []
        for table in ("tcp", "tcp6"):
            for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                    listening.append(fields[1].rpartition(":")[0])
        gate.set()
        process.communicate(timeout=LONG)
    assert listening
    loopback = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
    assert set(listening) <= loopback


def _target(link: Path) -> str:
    try:
        return os.readlink(link)
    except OSError:
        return ""


CLUSTER = """
import sys
from ray.cluster_utils import Cluster
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
other = cluster.add_node(num_cpus=1)
print("address", cluster.address, flush=True)
sys.stdin.readline()
cluster.remove_node(other, allow_graceful=False)
print("gone", flush=True)
sys.stdin.readline()
cluster.shutdown()
"""


def test_a_node_that_dies_takes_no_scene_with_it(archive: Path) -> None:
    """A cluster of two nodes, one of which is lost while both work."""
    (archive / "broken.tif").unlink()
    gate = threading.Event()

    def slowly(seen: Seen) -> str:
        if len(server.asked) > 20:
            gate.wait(LONG)
        return behave(seen)

    environment = os.environ | {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": uuid.uuid4().hex * 2}
    environment |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
    pipe = subprocess.PIPE
    cluster = subprocess.Popen(
        [sys.executable, "-c", CLUSTER], env=environment, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
    )
    assert cluster.stdin
    assert cluster.stdout
    try:
        address = next(line.split()[1] for line in cluster.stdout if line.startswith("address"))
        with Server(slowly, [ours()]) as server:
            command = [*FUSAR, "batch", str(archive), "--out", str(archive.parent / "out"), "--json"]
            command += ["--ray-address", address, "--engine", server.url, "--tasks", "detect"]
            process = subprocess.Popen(command, env=environment, stdout=pipe)
            wait_for(lambda: len(server.asked) > 22)
            cluster.stdin.write("\n")
            cluster.stdin.flush()
            assert cluster.stdout.readline() == "gone\n"
            gate.set()
            said, _ = process.communicate(timeout=LONG)
        summary = json.loads(said)
        assert (process.returncode, summary["done"]) == (0, 6)
        assert all(found > i for i, found in enumerate(counted(archive.parent / "out")))
    finally:
        cluster.stdin.close()
        cluster.stdout.close()
        cluster.wait(LONG)
