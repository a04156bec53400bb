"""The front under load: large bodies, slow clients, crowds, large images."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx2
import numpy as np
import pytest
from asking import as_json, body, picture
from PIL import Image
from running_front import HEAD, error_of, peak_mb, reached, running, until

from fusar_core.worker import intake
from fusar_core.worker.front import READERS
from fusar_core.worker.limits import Limits


@pytest.fixture
def worker():
    with running() as worker:
        yield worker


def chunks_of(total: int, counted: list[int]):
    block = b" " * 2**20
    for _ in range(total // len(block)):
        counted.append(len(block))
        yield block


def test_a_body_of_a_gigabyte_is_refused_early(worker):
    """With its length told, and without; most of it is never sent."""
    before = peak_mb()
    for headers in ({"content-length": str(2**30)}, {}):
        counted: list[int] = []
        with httpx2.Client(timeout=30) as client:
            sent = {"content-type": "application/json", **headers}
            try:
                response = client.post(
                    f"{worker.url}/v1/chat/completions", content=chunks_of(2**30, counted), headers=sent
                )
                assert error_of(response) == (413, "BODY_TOO_LARGE")
            except httpx2.WriteError:  # it went on writing after the answer, until the connection was closed
                pass
        assert worker.metrics('fusar_requests_total{path="/v1/chat/completions",status="413"}') > 0
    assert peak_mb() - before < 100
    assert worker.backend.jobs == []
    assert worker.front._held.bytes == 0
    assert worker.post().status_code == 200


def test_a_body_with_a_length_that_is_none_is_refused(worker):
    for length in (str(10**18), str(8 * 2**20 + 1)):
        line = http.client.HTTPConnection("127.0.0.1", worker.port, timeout=10)
        line.putrequest("POST", "/v1/chat/completions")
        line.putheader("Content-Type", "application/json")
        line.putheader("Content-Length", length)
        line.endheaders()
        answer = line.getresponse()
        assert (answer.status, json.loads(answer.read())["error"]["code"]) == (413, "BODY_TOO_LARGE")
        line.close()


def test_a_body_of_nearly_the_limit_is_read(worker):
    assert worker.post(as_json(body()) + b" " * (8 * 2**20 - 60_000)).status_code == 200


def test_bodies_together_may_hold_so_much_and_no_more():
    with running(body_bytes=2**20, held_bytes=2**20 + 2**19) as worker:
        half = socket.create_connection(("127.0.0.1", worker.port))
        half.sendall(HEAD + b"Content-Length: 1048576\r\n\r\n" + b" " * 1_000_000)
        until(lambda: worker.front._held.bytes >= 1_000_000)
        response = worker.post(as_json(body()) + b" " * 600_000)
        assert error_of(response) == (429, "WORKER_BUSY")
        half.close()
        until(lambda: worker.front._held.bytes == 0 and worker.front.inside == 0)
        assert worker.post(as_json(body()) + b" " * 600_000).status_code == 200


def test_a_client_that_sends_too_slowly_is_not_waited_for_forever():
    with running(receive_s=0.3) as worker:
        slow = socket.create_connection(("127.0.0.1", worker.port), timeout=10)
        slow.sendall(HEAD + b"Content-Length: 100\r\n\r\n{")
        assert b"did not arrive within" in slow.recv(4096)
        slow.close()
        assert worker.front.inside == 0


def test_a_client_that_reads_slowly_holds_up_nobody(worker):
    slow = socket.create_connection(("127.0.0.1", worker.port))
    content = as_json(body(stream=True, n=8, temperature=1.0, logprobs=True))
    slow.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(content) + content)  # and reads nothing
    assert worker.post().status_code == 200
    slow.close()


def test_a_thousand_requests_at_once_are_refused_beyond_the_queue():
    """None is lost, none waits without end, and memory does not grow with them."""
    with running(queue=64) as worker:
        opened = threading.Event()
        worker.backend.gate = opened.is_set
        before = peak_mb()
        content = as_json(body(image=picture(0, 252)))

        async def one(client: httpx2.AsyncClient) -> httpx2.Response:
            headers = {"content-type": "application/json"}
            return await client.post(f"{worker.url}/v1/chat/completions", content=content, headers=headers)

        async def crowd() -> list[httpx2.Response]:
            limits = httpx2.Limits(max_connections=1000)
            async with httpx2.AsyncClient(limits=limits, timeout=60) as client:
                tasks = [asyncio.create_task(one(client)) for _ in range(1000)]
                while sum(t.done() for t in tasks) < 1000 - 64:
                    await asyncio.sleep(0.01)
                assert worker.front.inside == 64
                opened.set()
                return await asyncio.gather(*tasks)

        responses = asyncio.run(crowd())
        counts = {status: sum(r.status_code == status for r in responses) for status in (200, 429)}
        assert counts == {200: 64, 429: 936}
        refused = [r for r in responses if r.status_code == 429]
        assert all(1 <= int(r.headers["retry-after"]) <= 30 for r in refused)
        assert {error_of(r)[1] for r in refused} == {"WORKER_BUSY"}
        assert peak_mb() - before < 300
        assert worker.front.inside == 0


def test_large_images_do_not_hold_up_small_ones(worker, monkeypatch):
    """The lane for large ones is one thread; while it is at work, chips go on."""
    entered, let_go = threading.Event(), threading.Event()
    real = intake.read_image

    def slow(content: bytes, limits: Limits) -> Image.Image:
        if len(content) > 200_000:
            entered.set()
            assert let_go.wait(20)
        return real(content, limits)

    monkeypatch.setattr(intake, "read_image", slow)
    noise = np.random.default_rng(0).integers(0, 255, (1200, 1200)).astype(np.uint8)
    with ThreadPoolExecutor(6) as pool:
        large = [pool.submit(worker.post, body(image=noise)) for _ in range(6)]
        assert entered.wait(10)
        assert worker.post().status_code == 200
        let_go.set()
        assert {one.result().status_code for one in large} == {200}


def test_what_waits_to_be_decoded_is_dropped_when_its_client_leaves(worker, monkeypatch):
    let_go, decoded = threading.Event(), []
    real = intake.read_image

    def slow(content: bytes, limits: Limits) -> Image.Image:
        decoded.append(len(content))
        assert let_go.wait(20)
        return real(content, limits)

    monkeypatch.setattr(intake, "read_image", slow)
    content = as_json(body())
    head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    request = f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content
    clients = [reached(worker) for _ in range(10)]
    for one in clients:
        one.sendall(request)
    until(lambda: worker.front.inside == 10)
    until(lambda: len(decoded) == READERS)
    for one in clients:
        one.close()
    until(lambda: worker.front.inside == 0)
    let_go.set()
    assert worker.post().status_code == 200
    assert len(decoded) == READERS + 1
