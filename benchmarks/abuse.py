"""A worker whose clients include hostile ones: how others fare meanwhile.

    python -m benchmarks.abuse --seconds 30

The model is one of fixed cost (benchmarks/paced.py). One client asks one question after the other, first alone, then
beside: NPZ files that unpack to far more than they say, JPEGs of thousands of scans, damaged PNGs, and thousands of
connections that trickle in their second head. Exit status 1 when others wait more than twice as long as usual, memory
of the front grows by more than 256 MB, or `/health` is not answered.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import multiprocessing
import socket
import statistics
import struct
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import numpy as np
from PIL import Image

from benchmarks.serving import PACED, Worker, serving

CONNECTIONS = 5000
MOST_MB = 256
START_S = 120.0
PACE_S = 0.25
"""Between two requests of one hostile client."""


def picture(kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (112, 112)).astype(np.uint8)).save(file, kind)
    return file.getvalue()


def question(image: bytes, anchors: bytes | None = None, model: str = "paced") -> bytes:
    """A request of a few tokens."""
    url = f"data:image/png;base64,{base64.b64encode(image).decode()}"
    parts: list[dict[str, Any]] = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "?"}]
    if anchors:
        parts.append({"type": "aef_anchors", "aef_anchors": {"data": base64.b64encode(anchors).decode()}})
    return json.dumps({"model": model, "max_tokens": 8, "messages": [{"role": "user", "content": parts}]}).encode()


def bomb() -> bytes:
    """An NPZ of some kilobytes whose one member has 800 MB, and says to have a thousand bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_BZIP2) as archive, archive.open("features.npy", "w") as member:
        for _ in range(24):
            member.write(bytes(2**25))
    content = bytearray(file.getvalue())
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = content.index(signature)
        content[at + offset : at + offset + 4] = struct.pack("<I", 1000)
    return bytes(content)


def many_scans(progressive: bool) -> bytes:
    """A JPEG whose last scan is there six thousand times."""
    file = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (64, 64)).astype(np.uint8)
    Image.fromarray(noise).resize((2048, 2048)).save(file, "JPEG", progressive=progressive, quality=20)
    whole = file.getvalue()
    at = whole.rindex(b"\xff\xda")
    return whole[:at] + whole[at:-2][:200] * 6000 + whole[-2:]


def hostile_requests(model: str) -> list[bytes]:
    """What is sent again and again."""
    told = [(picture(), bomb()), (many_scans(True), None), (many_scans(False), None), (picture()[:-40], None)]
    return [question(image, anchors, model) for image, anchors in told]


def _post_again_and_again(url: str, content: bytes, over: Event, done: Any) -> None:
    with httpx2.Client(timeout=60) as client:
        while not over.wait(PACE_S):
            with suppress(httpx2.HTTPError):
                client.post(f"{url}/chat/completions", content=content, headers={"content-type": "application/json"})
                done.value += 1


def _trickle(url: str, over: Event, done: Any) -> None:
    """Holds as many connections as it can, each with one byte of its second head."""
    address = (urlsplit(url).hostname, urlsplit(url).port)
    head = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    held: list[socket.socket] = []
    while not over.is_set():
        with suppress(OSError):
            one = socket.create_connection(address, timeout=5)
            one.sendall(head)
            one.recv(4096)
            one.sendall(b"G")
            held.append(one)
            done.value += 1
        if len(held) >= CONNECTIONS:
            held.pop(0).close()
        if over.wait(0.002):
            break
    for one in held:
        one.close()


@contextmanager
def abused(url: str, requests: list[bytes]) -> Iterator[Callable[[], list[int]]]:
    """Hostile clients in processes of their own; begins when each of them is at work.

    Gives a function that says what they have done so far: connections held, and answers to each kind of request.
    """
    spawn = multiprocessing.get_context("spawn")
    over = spawn.Event()
    tasks: list[tuple[Callable[..., None], tuple[Any, ...]]] = [(_trickle, (url, over, spawn.Value("i", 0)))]
    tasks += [(_post_again_and_again, (url, content, over, spawn.Value("i", 0))) for content in requests]
    processes = [spawn.Process(target=target, args=arguments, daemon=True) for target, arguments in tasks]
    for process in processes:
        process.start()

    def so_far() -> list[int]:
        return [arguments[-1].value for _, arguments in tasks]

    until = time.monotonic() + START_S
    try:
        while not all(so_far()):
            if time.monotonic() > until:
                raise RuntimeError(f"not all hostile clients have begun: {so_far()}")
            time.sleep(0.2)
        yield so_far
    finally:
        over.set()
        for process in processes:
            process.join(20)
            process.kill()


def waits(worker: Worker, seconds: float) -> dict[str, Any]:
    """How long a client's requests take, and whether `/health` is answered on a connection of its own each time."""
    took, health, lost = [], [], 0
    content = question(picture())
    until = time.monotonic() + seconds
    with httpx2.Client(timeout=60) as client:
        while time.monotonic() < until:
            started = time.monotonic()
            headers = {"content-type": "application/json"}
            try:
                lost += (
                    client.post(f"{worker.url}/chat/completions", content=content, headers=headers).status_code != 200
                )
                took.append(time.monotonic() - started)
                started = time.monotonic()
                lost += httpx2.get(f"{worker.base}/health", timeout=10).status_code != 200
                health.append(time.monotonic() - started)
            except httpx2.HTTPError:
                lost += 1
            time.sleep(0.05)
    return {
        "requests": len(took),
        "lost": lost,
        "median_s": round(statistics.median(took), 4),
        "worst_of_20_s": round(statistics.quantiles(took, n=20)[-1], 4),
        "health_median_s": round(statistics.median(health), 4),
    }


def run(seconds: float = 30) -> dict[str, Any]:
    hostile = hostile_requests("paced")
    with tempfile.TemporaryDirectory() as folder, serving(PACED, Path(folder) / "log") as worker:
        waits(worker, 3)  # warm
        usual = waits(worker, seconds / 2)
        before = worker.memory_mb()
        with abused(worker.url, hostile) as so_far:
            until = time.monotonic() + START_S
            while so_far()[0] < CONNECTIONS and time.monotonic() < until:
                time.sleep(0.2)  # they fill the worker with connections
            begun = so_far()
            meanwhile = waits(worker, seconds)
            memory, done = worker.memory_mb(), so_far()
        result: dict[str, Any] = {
            "usual": usual,
            "meanwhile": meanwhile,
            "hostile_before": begun,
            "hostile_meanwhile": [b - a for a, b in zip(begun, done, strict=True)],
            "front_mb": [round(before), round(memory)],
            "exit_status": worker.stop(),
            "traces_in_log": worker.words().count("Traceback"),
        }
    result["times_as_long"] = round(meanwhile["median_s"] / usual["median_s"], 2)
    result["passed"] = (
        result["times_as_long"] <= 2
        and min(result["hostile_meanwhile"]) > 0  # else nothing was shown
        and not meanwhile["lost"]
        and memory - before < MOST_MB
        and not result["traces_in_log"]
    )
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30)
    result = run(parser.parse_args().seconds)
    print(json.dumps(result, indent=2))
    sys.exit(0 if result["passed"] else 1)


if __name__ == "__main__":
    main()
