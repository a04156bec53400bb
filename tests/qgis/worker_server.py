"""A server that speaks as our worker does, in a process of the engine's Python, and goes wrong on request."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv" / "bin" / "python"
KEY = "k3y-of-the-worker"
SCRIPT = f"""
import os, sys
from openai_server import Raw, Server, ours
from speaking import behave
well, status, wait, port = map(int, sys.argv[1:])
server = Server(behave, [ours()], key={KEY!r}, port=port)
def decide(seen):
    if len(server.asked) <= well:
        return behave(seen)
    if not status:
        os._exit(1)
    return Raw(status, {{"error": {{"message": "as the test wants it"}}}}, {{"Retry-After": str(wait)}})
server.behave = decide
print(server.url, flush=True)
while not input():
    print(len(server.asked), flush=True)
"""


class WorkerServer:
    """`url`: its address. `asked()`: how many questions it got."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert process.stdout
        self.url = process.stdout.readline().strip()

    def asked(self) -> int:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@contextmanager
def worker_server(well: int = 10**9, status: int = 500, wait: int = 0, port: int = 0) -> Iterator[WorkerServer]:
    """Answers `well` questions, and the others with this status and time to wait; with status 0 it dies instead. port:
    where; a free one when 0."""
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'tests' / 'worker'}:{ROOT / 'tests' / 'core'}"}
    words = [PYTHON, "-c", SCRIPT, *map(str, (well, status, wait, port))]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, env=environment, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield WorkerServer(process)
        finally:
            process.kill()
