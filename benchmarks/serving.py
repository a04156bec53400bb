"""`fusar serve` as a process of its own, for benchmarks and tests: started, asked, killed, and gone without a trace."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
FUSAR = [sys.executable, "-c", "from fusar_core.cli import main; main()"]
PACED = ["--model", "paced", "--name", "paced", "--runtime", "benchmarks.paced:open_paced"]
READY = re.compile(r"ready at (\S+) as '(.+)'")


class Worker:
    """A worker that runs. url: of its API, with /v1 at the end. key: of the one client it knows, if any."""

    def __init__(self, arguments: Sequence[str], log: Path, key: str, environment: dict[str, str]) -> None:
        self.arguments, self.log, self.key, self.environment = list(arguments), log, key, environment
        self.url, self.name = "", ""
        self.process = self._begin("0")

    def _begin(self, port: str) -> subprocess.Popen[bytes]:
        with self.log.open("wb") as file:
            run = [*FUSAR, "serve", "--port", port, *self.arguments]
            return subprocess.Popen(run, stdout=file, stderr=file, env=self.environment)

    def begin_again(self) -> None:
        """Starts it once more at the same port, after its end."""
        self.process = self._begin(self.base.rpartition(":")[2])

    @property
    def base(self) -> str:
        return self.url.removesuffix("/v1")

    def words(self) -> str:
        return self.log.read_text(errors="replace")

    def family(self) -> list[psutil.Process]:
        """The process and all that come from it, Ray's included."""
        try:
            parent = psutil.Process(self.process.pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def replicas(self) -> list[int]:
        """Process ids of the replicas."""
        return [p.pid for p in self.family() if "ServeReplica" in _title(p)]

    def memory_mb(self) -> float:
        """Resident memory of the front."""
        return psutil.Process(self.process.pid).memory_info().rss / 2**20

    def stop(self, seconds: float = 60) -> int:
        """SIGTERM, and the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
        return ""


def start(arguments: Sequence[str], log: Path, key: str = "", **environment: str) -> Worker:
    """Starts `fusar serve` at a free port; it may not be ready yet."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1", **environment}
    env.pop("RAY_ADDRESS", None)
    return Worker(arguments, log, key, env)


def wait_ready(worker: Worker, seconds: float = 300) -> Worker:
    """Waits until the worker says where it is. Raises RuntimeError with its log when it does not."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := READY.search(worker.words()):
            worker.url, worker.name = found.groups()
            return worker
        if worker.process.poll() is not None:
            break
        time.sleep(0.05)
    raise RuntimeError(f"the worker is not ready:\n{worker.words()}")


def is_gone(processes: Sequence[psutil.Process], seconds: float = 20) -> list[str]:
    """Those of the processes that are still there after so long."""
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    return [_title(p) or str(p) for p in alive if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


@contextmanager
def serving(arguments: Sequence[str], log: Path, key: str = "", **environment: str) -> Iterator[Worker]:
    """A worker that is ready, and ended with all that came from it."""
    worker = start(arguments, log, key, **environment)
    try:
        yield wait_ready(worker)
    finally:
        family = worker.family()
        try:
            worker.stop()
        except subprocess.TimeoutExpired:
            worker.process.kill()
        for process in family:
            if process.is_running() and process.pid != worker.process.pid:
                process.kill()


def get(url: str, key: str = "") -> dict:
    """The JSON at a URL."""
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"} if key else {})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.loads(answer.read())
