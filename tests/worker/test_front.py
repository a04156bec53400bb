"""The HTTP side of the worker on real sockets, before a backend that does as the test says."""

from __future__ import annotations

import asyncio
import http.client
import json
import resource
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx2
import numpy as np
import openai
import pytest
import uvicorn
from asking import as_json, body, messages, picture
from PIL import Image

from fusar_core.errors import BadOption, NotEnoughMemory, PromptTooLong, WorkerFailed
from fusar_core.worker import intake
from fusar_core.worker.answering import Answers
from fusar_core.worker.app import make_app
from fusar_core.worker.auth import Keys, read_keys
from fusar_core.worker.connections import Connections
from fusar_core.worker.front import READERS, Front
from fusar_core.worker.intake import understand
from fusar_core.worker.jobs import About, Effort, Ending, Job, Token
from fusar_core.worker.limits import Limits
from fusar_core.worker.serve import check_tls, is_loopback, listening

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


@pytest.fixture
def worker():
    with running() as worker:
        yield worker


def error_of(response: httpx2.Response) -> tuple[int, str]:
    error = response.json()["error"]
    assert set(error) == {"message", "type", "code", "param"}
    assert "Traceback" not in response.text
    return response.status_code, error["code"]


def test_the_official_client_gets_a_completion(worker):
    reply = worker.client().chat.completions.create(model="made", messages=messages("How many?"), logprobs=True)
    (choice,) = reply.choices
    assert choice.message.content == "There are 三 ships."
    assert (choice.finish_reason, reply.system_fingerprint) == ("stop", "made 0123abcd")
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (40, 6)
    tokens = choice.logprobs.content
    assert b"".join(bytes(t.bytes) for t in tokens).decode() == choice.message.content
    assert [t.logprob for t in tokens] == [-0.25 * i for i in range(6)]
    assert choice.fusar == {"looped": False}


def test_the_official_client_streams_whole_characters(worker):
    stream = worker.client().chat.completions.create(
        model="made", messages=messages("?"), stream=True, logprobs=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    pieces = [c.choices[0].delta.content or "" for c in chunks if c.choices]
    assert "".join(pieces) == "There are 三 ships."
    assert not any("�" in p for p in pieces)
    assert len([p for p in pieces if p]) == 5
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert sum(len(c.choices[0].logprobs.content) for c in chunks if c.choices and c.choices[0].logprobs) == 6
    assert chunks[-1].usage.total_tokens == 46


@pytest.mark.parametrize(("temperature", "rows"), [(0, 1), (1.0, 3)])
def test_several_choices_are_drawn_or_repeated(worker, temperature, rows):
    client = worker.client().chat.completions
    reply = client.create(model="made", messages=messages("?"), n=3, temperature=temperature)
    assert [c.index for c in reply.choices] == [0, 1, 2]
    assert {c.message.content for c in reply.choices} == {"There are 三 ships."}
    stream = client.create(model="made", messages=messages("?"), n=3, temperature=temperature, stream=True)
    texts = {0: "", 1: "", 2: ""}
    for chunk in stream:
        texts[chunk.choices[0].index] += chunk.choices[0].delta.content or ""
    assert set(texts.values()) == {"There are 三 ships."}
    assert [len(job.seeds) for job in worker.backend.jobs] == [rows, rows]


def test_models_say_what_a_client_must_know(worker):
    (entry,) = worker.client().models.list().data
    assert (entry.id, entry.owned_by) == ("made", "fusar")
    assert entry.fusar["chip_size"] == 112
    assert entry.fusar["tasks"] == ["count", "ask"]
    assert worker.client().models.retrieve("made").fusar["gsd_m"] == [1.0, 10.0]
    with pytest.raises(openai.NotFoundError) as caught:
        worker.client().models.retrieve("gpt-4")
    assert caught.value.code == "UNKNOWN_MODEL"


def test_adapters_are_listed_by_task_under_their_model():
    about = About("m", 112, ("count", "ask"), ("ship",), 9, True, adapted=("count",), any_task=True)
    front = Front("made", Keys([]))
    front.open(about, Backend())
    listed = {m["id"]: (m["parent"], m["fusar"]["tasks"]) for m in front.models()["data"]}
    assert listed == {"made": (None, ["ask"]), "made:count": ("made", ["count"])}


def test_errors_have_openais_shape_and_our_codes(worker):
    cases = [
        (b"{", 400, "BAD_OPTION"),
        (body(model="gpt-4"), 404, "UNKNOWN_MODEL"),
        (body(n=0), 400, "BAD_OPTION"),
    ]
    for content, status, code in cases:
        assert error_of(worker.post(content)) == (status, code)
    assert error_of(httpx2.get(f"{worker.url}/v1/nothing")) == (404, "NOT_FOUND")
    wrong = httpx2.get(f"{worker.url}/v1/chat/completions")
    assert error_of(wrong) == (405, "METHOD_NOT_ALLOWED")
    assert "POST" in wrong.headers["allow"]
    assert error_of(worker.post(b"x=1", content_type="application/x-www-form-urlencoded")) == (400, "BAD_OPTION")
    assert error_of(worker.post(content_encoding="gzip")) == (400, "BAD_OPTION")
    assert error_of(worker.post(idempotency_key="k" * 257)) == (400, "BAD_OPTION")


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (PromptTooLong("Too long."), 400, "PROMPT_TOO_LONG"),
        (NotEnoughMemory("No room."), 500, "NOT_ENOUGH_MEMORY"),
        (WorkerFailed("Lost."), 500, "WORKER_FAILED"),
        (ValueError("secret of /home/me"), 500, "WORKER_FAILED"),
    ],
)
def test_what_goes_wrong_behind_is_told_without_a_trace(worker, error, status, code):
    worker.backend.error = error
    response = worker.post()
    assert error_of(response) == (status, code)
    assert "secret" not in response.text
    assert error_of(worker.post(body(stream=True))) == (status, code)  # nothing had been said
    worker.backend.breaks_after = 3
    streamed = worker.post(body(stream=True))
    assert streamed.status_code == 200
    events = [json.loads(line[6:]) for line in streamed.text.splitlines() if line.startswith("data: {")]
    assert events[-1]["error"]["code"] == code
    assert [e["choices"][0]["delta"].get("content") for e in events[:-1]] == ["", "There ", "are "]
    assert "[DONE]" not in streamed.text
    assert "secret" not in streamed.text


def test_a_key_is_wanted_everywhere_but_for_the_state():
    with running([KEY, "another-key-of-sixteen"]) as worker:
        answers = []
        wrong = ["Bearer wrong", f"Bearer {KEY[:-1]}", f"Bearer {KEY}x", KEY, f"Basic {KEY}", "Bearer", "Bearer ü"]
        for value in (None, *wrong):
            headers = {} if value is None else {"authorization": value.encode("latin-1")}
            for path in ("/v1/models", "/metrics", "/v1/nothing", "/v1/models/made"):
                response = httpx2.get(worker.url + path, headers=headers)
                assert error_of(response) == (401, "WORKER_AUTH")
                answers.append((response.content, response.headers["www-authenticate"]))
        assert len(set(answers)) == 1  # nothing tells a near miss from a bad one
        assert error_of(worker.post(authorization="Bearer wrong"))[0] == 401
        for path in ("/health", "/ready", "/openapi.json"):
            assert httpx2.get(worker.url + path).status_code == 200
        assert worker.client(KEY).models.list().data
        assert worker.client("another-key-of-sixteen").models.list().data
        with pytest.raises(openai.AuthenticationError):
            worker.client("wrong-key-of-sixteen").models.list()
        assert worker.backend.jobs == []


def test_keys_are_read_from_a_file(tmp_path):
    file = tmp_path / "keys"
    for content, words in (
        ("", "holds no key"),
        ("# none\n\n", "holds no key"),
        ("short\n", "shorter"),
        ("ü" * 20, "letters"),
    ):
        file.write_text(content)
        with pytest.raises(BadOption, match=words):
            read_keys(file)
    with pytest.raises(BadOption, match="cannot be read"):
        read_keys(tmp_path / "missing")
    file.write_text(f"# of me\n{KEY}\n\n  second-key-of-sixteen \n")
    keys = read_keys(file)
    assert keys.check(f"Bearer {KEY}".encode()) == "key 1"
    assert keys.check(b"bearer second-key-of-sixteen") == "key 2"


def test_without_a_key_only_this_computer_is_answered(worker):
    """Else a web page could reach the worker under a name of its own that leads to 127.0.0.1."""
    for host, status in (("localhost", 200), (f"127.0.0.1:{worker.port}", 200), ("evil.example", 400), ("", 400)):
        assert httpx2.get(f"{worker.url}/v1/models", headers={"host": host}).status_code == status


def chunks_of(total: int, counted: list[int]):
    block = b" " * 2**20
    for _ in range(total // len(block)):
        counted.append(len(block))
        yield block


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


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


def test_draining_refuses_new_questions_and_answers_those_inside(worker):
    opened = threading.Event()
    worker.backend.gate = opened.is_set
    inside = []
    thread = threading.Thread(target=lambda: inside.append(worker.post()))
    thread.start()
    until(lambda: worker.front.inside == 1)
    assert httpx2.get(f"{worker.url}/ready").json() == {"status": "ready"}
    drained = []
    drain = threading.Thread(target=lambda: drained.append(asyncio.run(worker.front.drain(10))))
    drain.start()
    until(lambda: worker.front.draining)
    refused = worker.post()
    assert error_of(refused) == (503, "WORKER_STOPPING")
    assert int(refused.headers["retry-after"]) >= 1
    ready = httpx2.get(f"{worker.url}/ready")
    assert (ready.status_code, ready.json()) == (503, {"status": "stopping"})
    assert httpx2.get(f"{worker.url}/health").status_code == 200
    opened.set()
    thread.join()
    drain.join()
    assert inside[0].status_code == 200
    assert drained == [True]


def test_before_the_model_is_there_questions_are_refused():
    front = Front("made", Keys([]))
    assert not front.ready
    with running() as worker:
        worker.front.about = None
        assert error_of(worker.post()) == (503, "WORKER_STOPPING")
        assert error_of(httpx2.get(f"{worker.url}/v1/models")) == (503, "WORKER_STOPPING")
        assert httpx2.get(f"{worker.url}/ready").json() == {"status": "starting"}


HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"


def reached(worker) -> socket.socket:
    return socket.create_connection(("127.0.0.1", worker.port), timeout=10)


def is_dropped(connection: socket.socket) -> bool:
    """Reads what an answer has left, which may come in pieces, up to the end of the connection."""
    try:
        while connection.recv(4096):
            pass
    except ConnectionResetError:
        pass
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize("start", [b"", b"P", HEALTH[:-2]])
def test_a_connection_whose_head_does_not_come_is_closed(start):
    with running(head_s=0.3) as worker, reached(worker) as slow:
        slow.sendall(start)
        assert is_dropped(slow)


def test_a_second_head_must_come_in_time_too():
    with running(head_s=0.3) as worker, reached(worker) as slow:
        slow.sendall(HEALTH)
        assert b"200" in slow.recv(4096)
        time.sleep(0.5)  # to be silent is allowed
        slow.sendall(HEALTH)
        assert b"200" in slow.recv(4096)
        slow.sendall(b"G")
        started = time.monotonic()
        assert is_dropped(slow)
        assert time.monotonic() - started < 5


def test_heads_that_trickle_in_keep_nobody_out():
    """More connections than there may be, each with one byte of its second head."""
    with running(connections=20, peer_connections=1000) as worker:
        held = []
        for _ in range(60):
            held.append(reached(worker))
            held[-1].sendall(HEALTH)
            held[-1].recv(4096)
            held[-1].sendall(b"G")
        assert httpx2.get(f"{worker.url}/health").status_code == 200
        assert worker.post().status_code == 200
        assert sum(is_dropped(one) for one in held[:30]) == 30
        for one in held:
            one.close()


def test_a_peer_has_so_many_connections():
    with running(peer_connections=5) as worker:
        held = [reached(worker) for _ in range(12)]
        assert all(is_dropped(one) for one in held[:7])
        assert worker.post().status_code == 200
        for one in held:
            one.close()


def test_a_connection_at_work_is_not_dropped_for_others():
    with running(connections=3, peer_connections=1000) as worker:
        opened = threading.Event()
        worker.backend.gate = opened.is_set
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(worker.post)
            until(lambda: worker.front.inside == 1)
            held = [reached(worker) for _ in range(10)]
            opened.set()
            assert asked.result().status_code == 200
        for one in held:
            one.close()


def test_health_is_answered_when_all_connections_are_at_work():
    with running(connections=2, peer_connections=1000) as worker:
        opened = threading.Event()
        worker.backend.gate = opened.is_set
        with ThreadPoolExecutor(3) as pool:
            asked = [pool.submit(worker.post) for _ in range(2)]
            until(lambda: worker.front.inside == 2)
            assert error_of(worker.post()) == (429, "WORKER_BUSY")
            assert httpx2.get(f"{worker.url}/health").json() == {"status": "ok"}
            opened.set()
            assert [one.result().status_code for one in asked] == [200, 200]


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


def test_only_this_computer_is_loopback():
    assert all(is_loopback(host) for host in ("127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost", "LOCALHOST"))
    assert not any(is_loopback(host) for host in ("0.0.0.0", "::", "10.0.0.1", "example.org", "", "localhost.evil.org"))


def test_certificates_that_do_not_work_are_named(tmp_path):
    check_tls(None, None)
    (tmp_path / "c.pem").write_text("no certificate")
    for pair in ((tmp_path / "c.pem", None), (None, tmp_path / "c.pem"), (tmp_path / "c.pem", tmp_path / "k.pem")):
        with pytest.raises(BadOption, match="TLS"):
            check_tls(*pair)
