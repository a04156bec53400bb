"""What the front answers, on real sockets: OpenAI's shape, our codes, keys."""

from __future__ import annotations

import asyncio
import json
import threading

import httpx2
import openai
import pytest
from asking import body, messages
from running_front import KEY, Backend, error_of, running, until

from fusar_core.errors import BadOption, NotEnoughMemory, PromptTooLong, WorkerFailed
from fusar_core.worker.auth import Keys, read_keys
from fusar_core.worker.front import Front
from fusar_core.worker.jobs import About
from fusar_core.worker.serve import check_tls, is_loopback


@pytest.fixture
def worker():
    with running() as worker:
        yield worker


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


def test_only_this_computer_is_loopback():
    assert all(is_loopback(host) for host in ("127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost", "LOCALHOST"))
    assert not any(is_loopback(host) for host in ("0.0.0.0", "::", "10.0.0.1", "example.org", "", "localhost.evil.org"))


def test_certificates_that_do_not_work_are_named(tmp_path):
    check_tls(None, None)
    (tmp_path / "c.pem").write_text("no certificate")
    for pair in ((tmp_path / "c.pem", None), (None, tmp_path / "c.pem"), (tmp_path / "c.pem", tmp_path / "k.pem")):
        with pytest.raises(BadOption, match="TLS"):
            check_tls(*pair)
