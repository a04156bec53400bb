"""Repeated, left and broken-off questions to the front: each is answered once."""

from __future__ import annotations

import asyncio
import threading

import httpx2
import pytest
from asking import as_json, body, messages
from running_front import ABOUT, KEY, Backend, error_of, running, until

from fusar_core.errors import WorkerFailed
from fusar_core.worker.answering import Answers
from fusar_core.worker.intake import understand
from fusar_core.worker.jobs import Effort
from fusar_core.worker.limits import Limits


@pytest.fixture
def worker():
    with running() as worker:
        yield worker


def test_the_same_request_under_one_key_is_answered_once(worker):
    opened = threading.Event()
    worker.backend.gate = opened.is_set
    answers: list[httpx2.Response] = []

    def ask(content) -> threading.Thread:
        thread = threading.Thread(target=lambda: answers.append(worker.post(content, idempotency_key="chip-7")))
        thread.start()
        return thread

    threads = [ask(body()), ask(body()), ask(body(stream=True))]
    until(lambda: worker.front.inside == 3)
    opened.set()
    for thread in threads:
        thread.join()
    later = worker.post(body(), idempotency_key="chip-7")
    assert len(worker.backend.jobs) == 1
    assert {r.status_code for r in [*answers, later]} == {200}
    whole = [r for r in [*answers, later] if "json" in r.headers["content-type"]]
    assert {r.json()["choices"][0]["message"]["content"] for r in whole} == {"There are 三 ships."}
    assert worker.metrics("fusar_repeated_total") == 3
    assert error_of(worker.post(body("Another?"), idempotency_key="chip-7")) == (409, "REPEAT_MISMATCH")
    assert worker.post(body("Another?"), idempotency_key="chip-8").status_code == 200
    assert worker.post(body()).status_code == 200  # without a key nothing is remembered
    assert len(worker.backend.jobs) == 3


def test_a_failure_is_not_remembered(worker):
    worker.backend.error = WorkerFailed("Lost.")
    assert worker.post(idempotency_key="k").status_code == 500
    worker.backend.error = None
    assert worker.post(idempotency_key="k").status_code == 200


def test_a_question_that_was_left_is_asked_anew():
    """A client that lost its connection comes back while its first work is still being stopped."""

    async def run() -> tuple[bool, list, int]:
        backend, opened = Backend(), asyncio.Event()
        backend.gate = opened.is_set
        answers = Answers(backend)
        job = understand(as_json(body()), "made", ABOUT, Limits()).job
        first, _ = answers.start(job, False, "", "k", "d")
        listening = asyncio.create_task(anext(first.follow()))
        await asyncio.sleep(0.05)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        again, repeated = answers.start(job, False, "", "k", "d")
        opened.set()
        events = [event async for some in again.follow() for event in some]
        return repeated, events, backend.left

    repeated, events, left = asyncio.run(run())
    assert not repeated
    assert isinstance(events[-1], Effort)
    assert left == 1


def test_answers_are_not_remembered_without_end(monkeypatch):
    monkeypatch.setattr("fusar_core.worker.answering.KEEP_EVENTS", 40)

    async def run() -> tuple[int, bool, bool]:
        answers = Answers(Backend())
        job = understand(as_json(body()), "made", ABOUT, Limits()).job
        for number in range(50):
            answering, _ = answers.start(job, False, "", f"key {number}", "d")
            async for _ in answering.follow():
                pass
        kept = len(answers._kept)
        _, last = answers.start(job, False, "", "key 49", "d")
        monkeypatch.setattr("fusar_core.worker.answering.KEEP_S", -1.0)
        _, old = answers.start(job, False, "", "key 49", "d")
        await asyncio.sleep(0.05)
        return kept, last, old

    kept, last, old = asyncio.run(run())
    assert kept < 10
    assert (last, old) == (True, False)


def test_one_callers_keys_mean_nothing_to_another():
    with running([KEY, "another-key-of-sixteen"]) as worker:
        for key in (KEY, "another-key-of-sixteen"):
            assert worker.post(idempotency_key="same", authorization=f"Bearer {key}").status_code == 200
        assert len(worker.backend.jobs) == 2


def test_work_stops_when_its_last_client_leaves(worker):
    opened = threading.Event()
    worker.backend.gate = opened.is_set
    for content in (body(), body(stream=True)):
        left = worker.backend.left
        with pytest.raises(httpx2.ReadTimeout):
            worker.post(content, timeout=0.3)
        until(lambda left=left: worker.backend.left == left + 1)
    assert worker.front.inside == 0
    # Two under one key: the work goes on for the one who stays.
    stays = []
    thread = threading.Thread(target=lambda: stays.append(worker.post(idempotency_key="k")))
    thread.start()
    until(lambda: worker.front.inside == 1)
    with pytest.raises(httpx2.ReadTimeout):
        worker.post(timeout=0.3, idempotency_key="k")
    until(lambda: worker.front.inside == 1)
    opened.set()
    thread.join()
    assert stays[0].status_code == 200
    assert worker.backend.left == 2
    assert worker.metrics("fusar_clients_gone_total") == 3


def test_a_stream_goes_on_where_a_lost_replica_broke_off(worker):
    worker.backend.repeats = 1
    stream = worker.client().chat.completions.create(model="made", messages=messages("?"), stream=True)
    assert "".join(c.choices[0].delta.content or "" for c in stream) == "There are 三 ships."


def test_an_answer_that_takes_too_long_is_given_up():
    with running(answer_s=0.2) as worker:
        worker.backend.gate = lambda: False
        assert error_of(worker.post()) == (429, "WORKER_BUSY")
        until(lambda: worker.backend.left == 1)
