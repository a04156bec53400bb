"""A worker's front on a real socket, before a backend that does as the test says."""

from __future__ import annotations

import asyncio
import resource
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import contextmanager

import httpx2
import openai
import uvicorn
from asking import as_json, body

from fusar_core.errors import WorkerFailed
from fusar_core.worker.app import make_app
from fusar_core.worker.auth import Keys
from fusar_core.worker.connections import Connections
from fusar_core.worker.front import Front
from fusar_core.worker.jobs import About, Effort, Ending, Job, Token
from fusar_core.worker.limits import Limits
from fusar_core.worker.serve import listening

ABOUT = About("made 0123abcd", 112, ("count", "ask"), ("ship",), 4096, True, gsd_m=(1.0, 10.0))
KEY = "a key of more than sixteen characters".replace(" ", "-")
HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
WORDS = ["There ", "are ", "三", " ships", "."]


def said(job: Job, words=WORDS) -> list:
    """The events of an answer; the characters of the third word come in two tokens."""
    events = []
    for choice in range(len(job.seeds)):
        pieces = [p for w in words for p in ([w.encode()] if w.isascii() else [w.encode()[:1], w.encode()[1:]])]
        events += [Token(choice, place, piece, -0.25 * place) for place, piece in enumerate(pieces)]
        events.append(Ending(choice, "".join(words), True, False))
    return [*events, Effort(40, len(job.seeds), 0.0, 0.1, True)]


class Backend:
    """Answers as `behave` says; notes the jobs, and those that were left."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.left = 0
        self.gate: Callable[[], bool] = lambda: True
        self.error: Exception | None = None
        self.breaks_after = 0
        self.slow_s = 0.0
        self.repeats = 0

    async def ask(self, job: Job, stream: bool) -> AsyncIterator[list]:
        self.jobs.append(job)
        try:
            while not self.gate():
                await asyncio.sleep(0.005)
            if self.error and not self.breaks_after:
                raise self.error
            events = said(job)
            if not stream:
                yield events
                return
            for i, event in enumerate(events):
                if self.breaks_after and i == self.breaks_after:
                    raise self.error or WorkerFailed("Lost.")
                if self.repeats and i == 3:  # a replica was lost: another one says it all again
                    yield events[:2]
                    yield events[2:3]
                await asyncio.sleep(self.slow_s)
                yield [event]
        except (asyncio.CancelledError, GeneratorExit):
            self.left += 1
            raise


class Running:
    def __init__(self, front: Front, backend: Backend, port: int) -> None:
        self.front, self.backend, self.port = front, backend, port
        self.url = f"http://127.0.0.1:{port}"

    def post(self, content=None, timeout: float = 20, **headers: str) -> httpx2.Response:
        sent = {"content-type": "application/json"} | {k.replace("_", "-"): v for k, v in headers.items()}
        content = as_json(body()) if content is None else content if isinstance(content, bytes) else as_json(content)
        return httpx2.post(f"{self.url}/v1/chat/completions", content=content, headers=sent, timeout=timeout)

    def client(self, key: str = "none") -> openai.OpenAI:
        return openai.OpenAI(base_url=f"{self.url}/v1", api_key=key, max_retries=0, timeout=20)

    def metrics(self, name: str) -> float:
        headers = {"authorization": f"Bearer {KEY}"}
        lines = httpx2.get(f"{self.url}/metrics", headers=headers).text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


@contextmanager
def running(keys=(), **limits):
    """A front in a thread, at a port of its own."""
    with listening("127.0.0.1", 0) as listener:
        front = Front("made", Keys(list(keys)), Limits(**limits))
        backend = Backend()
        front.open(ABOUT, backend)
        connections = Connections(front.limits)
        app = make_app(front, lambda: connections.crowded)
        config = uvicorn.Config(app, http=connections.protocol, ws="none", lifespan="off", log_level="error")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            until(lambda: server.started)
            yield Running(front, backend, listener.getsockname()[1])
        finally:
            backend.gate = lambda: True
            server.should_exit = True
            thread.join()
            front.close()


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.005)


def error_of(response: httpx2.Response) -> tuple[int, str]:
    error = response.json()["error"]
    assert set(error) == {"message", "type", "code", "param"}
    assert "Traceback" not in response.text
    return response.status_code, error["code"]


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def reached(worker: Running) -> socket.socket:
    return socket.create_connection(("127.0.0.1", worker.port), timeout=10)
