"""`fusar serve` for real: Ray Serve on the CPU, the official client, schemathesis, lost replicas, SIGTERM, no start."""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import openai
import psutil
import pytest
from asking import as_json, body, messages, picture, unit_anchors
from model_makers import LESSONS

from benchmarks.paced import PacedModel, words
from benchmarks.serving import FUSAR, PACED, get, is_gone, serving, start
from fusar_core.worker.intake import understand
from fusar_core.worker.limits import Limits

pytest.importorskip("ray")
QUESTIONS = list(LESSONS)
KEY = "fedcba9876543210fedcba9876543210"


def until(condition, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)


def client(worker, **options) -> openai.OpenAI:
    return openai.OpenAI(base_url=worker.url, api_key=worker.key or "none", max_retries=0, timeout=60, **options)


def said(reply) -> str:
    return reply.choices[0].message.content


# -- a model that learnt its lessons ---------------------------------------------------------------------------------


def test_the_official_client_gets_the_answers_of_the_model(worker):
    chat = client(worker).chat.completions
    for question, (with_prior, without) in LESSONS.items():
        for anchors, expected in ((unit_anchors(9), with_prior), (None, without)):
            asked = messages(question, picture(), anchors)
            reply = chat.create(model="taught", messages=asked, max_tokens=128, logprobs=True)
            assert said(reply) == expected
            assert reply.choices[0].finish_reason == "stop"
            assert b"".join(bytes(t.bytes) for t in reply.choices[0].logprobs.content).decode() == expected
            assert reply.usage.completion_tokens == len(reply.choices[0].logprobs.content)
    assert said(chat.create(model="taught:count", messages=messages(QUESTIONS[0]), max_tokens=16)) == "0"


def test_a_stream_is_the_same_answer_word_by_word(worker):
    asked = messages(QUESTIONS[2], picture(), unit_anchors(9))
    stream = client(worker).chat.completions.create(model="taught", messages=asked, max_tokens=128, stream=True)
    pieces = [chunk.choices[0].delta.content or "" for chunk in stream]
    assert "".join(pieces) == LESSONS[QUESTIONS[2]][0]
    assert len([p for p in pieces if p]) > 10


def test_several_choices_are_drawn(worker):
    chat = client(worker).chat.completions
    options = {"model": "taught", "messages": messages("Hi"), "n": 3, "temperature": 2.0, "seed": 5, "max_tokens": 8}
    first, again = chat.create(**options), chat.create(**options)
    texts = [c.message.content for c in first.choices]
    assert texts == [c.message.content for c in again.choices]
    assert len(set(texts)) > 1
    assert {c.finish_reason for c in first.choices} <= {"stop", "length"}


def metric(worker, name: str) -> float:
    text = httpx2.get(f"{worker.base}/metrics", headers={"authorization": f"Bearer {worker.key}"}).text
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))


def test_clients_share_batches_and_images_are_encoded_once(worker):
    """Sixteen clients, three questions each about an image of their own: nobody gets another's answer."""
    before = {name: metric(worker, name) for name in ("fusar_batch_rows_sum", "fusar_batch_rows_count")}
    encoded = metric(worker, 'fusar_images_total{how="encoded"}')

    def ask(number: int) -> list[tuple[str, str]]:
        anchors = unit_anchors(9, number) if number % 2 else None
        chat = client(worker).chat.completions
        replies = []
        for question in QUESTIONS[:3]:
            asked = messages(question, picture(100 + number), anchors)
            replies.append(
                (said(chat.create(model="taught", messages=asked, max_tokens=128)), LESSONS[question][number % 2 == 0])
            )
        return replies

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        pairs = [pair for replies in pool.map(ask, range(16)) for pair in replies]
    assert len(pairs) == 48
    assert all(found == expected for found, expected in pairs)
    rows, jobs = (metric(worker, name) - before[name] for name in before)
    assert jobs == 48
    assert rows / jobs > 1.5  # the batch of a job had other jobs in it
    assert metric(worker, 'fusar_images_total{how="encoded"}') - encoded == 16


def test_a_question_longer_than_the_context_is_refused(worker):
    with pytest.raises(openai.BadRequestError) as caught:
        client(worker).chat.completions.create(model="taught", messages=messages("why " * 900))
    assert caught.value.code == "PROMPT_TOO_LONG"
    assert "2048" in str(caught.value)


def test_the_key_is_wanted_and_the_model_must_exist(worker):
    with pytest.raises(openai.AuthenticationError) as caught:
        openai.OpenAI(base_url=worker.url, api_key="wrong", max_retries=0).models.list()
    assert caught.value.code == "WORKER_AUTH"
    with pytest.raises(openai.NotFoundError) as caught:
        client(worker).chat.completions.create(model="gpt-4", messages=messages("?"))
    assert caught.value.code == "UNKNOWN_MODEL"
    assert get(f"{worker.base}/ready") == {"status": "ready"}
    assert worker.key not in worker.words()


def test_everything_listens_on_loopback(worker):
    """The front and all of Ray: nobody outside reaches any port."""
    open_ports = {}
    for process in worker.family():
        for connection in process.net_connections(kind="inet"):
            if connection.status == psutil.CONN_LISTEN:
                open_ports[connection.laddr.port] = connection.laddr.ip
    assert len(open_ports) > 3
    assert {ip.removeprefix("::ffff:") for ip in open_ports.values()} <= {"127.0.0.1", "::1"}


def test_the_worker_does_what_its_openapi_document_says(worker, tmp_path):
    """Schemathesis: requests good and bad to every path; no 5xx, no answer out of schema, nothing bad let through."""
    run = [sys.executable, "-m", "schemathesis.cli", "--no-color", "run", f"{worker.base}/openapi.json"]
    run += ["-H", f"Authorization: Bearer {worker.key}", "--max-examples", "15", "--seed", "1"]
    run += ["--phases", "examples,coverage,fuzzing", "--suppress-health-check", "all", "--no-shrink"]
    # A schema cannot say that base64 holds a picture: what fits it may still be refused.
    run += ["--exclude-checks", "positive_data_acceptance"]
    found = subprocess.run(run, capture_output=True, text=True, cwd=tmp_path, timeout=300)
    assert found.returncode == 0, found.stdout[-4000:] + found.stderr[-2000:]
    assert "6 selected / 6 total" in found.stdout
    assert re.search(r"[1-9]\d* generated", found.stdout)


# -- two replicas of a model of fixed cost, behind TLS ---------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    run = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    run += ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", str(key), "-out", str(cert)]
    subprocess.run(run, check=True, capture_output=True)
    return cert, key


@pytest.fixture(scope="module")
def paced(certificate, tmp_path_factory):
    """20 ms a token, whatever the batch; what it does is in `.done`."""
    folder = tmp_path_factory.mktemp("paced")
    (folder / "keys").write_text(KEY)
    arguments = [
        *PACED,
        "--replicas",
        "2",
        "--batch-size",
        "4",
        "--queue",
        "24",
        "--api-key-file",
        str(folder / "keys"),
    ]
    arguments += ["--tls-cert", str(certificate[0]), "--tls-key", str(certificate[1])]
    environment = {"FUSAR_PACED_STEP_S": "0.02", "FUSAR_PACED_LOG": str(folder / "done")}
    (folder / "done").touch()
    with serving(arguments, folder / "log", KEY, **environment) as running:
        running.done = folder / "done"
        running.trust = ssl.create_default_context(cafile=str(certificate[0]))
        until(lambda: paced_metric(running, "fusar_replicas") == 2, 60)
        yield running


def paced_metric(paced, name: str) -> float:
    headers = {"authorization": f"Bearer {KEY}"}
    text = httpx2.get(f"{paced.base}/metrics", headers=headers, verify=paced.trust).text
    return float(re.search(rf"^{name} (\S+)", text, re.M).group(1))


def did(paced, what: str) -> list[tuple[int, int]]:
    """(process, number) of what the models noted."""
    lines = [line.split() for line in paced.done.read_text().splitlines()]
    return [(int(pid), int(number)) for name, pid, number in lines if name == what]


def post(paced, content: dict, timeout: float = 60) -> httpx2.Response:
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    url = f"{paced.url}/chat/completions"
    return httpx2.post(url, content=as_json(content), headers=headers, timeout=timeout, verify=paced.trust)


def question(number: int, tokens: int, **options) -> dict:
    return body(f"Question {number}?", "paced", image=picture(number), max_tokens=tokens, **options)


def expected(content: dict) -> str:
    """What the paced model says."""
    job = understand(as_json(content), "paced", PacedModel().about, Limits()).job
    return "".join(words(job))


def text_of(response: httpx2.Response) -> str:
    assert response.status_code == 200, response.text
    return response.json()["choices"][0]["message"]["content"]


def test_the_worker_speaks_tls(paced):
    assert paced.url.startswith("https://")
    content = question(0, 3)
    assert text_of(post(paced, content)) == expected(content)
    with pytest.raises(httpx2.ConnectError, match=r"(?i)certificate"):
        httpx2.get(f"{paced.base}/health")


def test_questions_about_one_image_go_to_one_replica(paced):
    """And those about many images to both."""
    before = len(did(paced, "end"))
    for turn in range(6):
        post(paced, body(f"Turn {turn}?", "paced", image=picture(7), max_tokens=2))
    assert len({pid for pid, _ in did(paced, "end")[before:]}) == 1
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: post(paced, question(n, 2)), range(24)))
    assert len({pid for pid, _ in did(paced, "end")[before:]}) == 2


@pytest.mark.parametrize("stream", [False, True])
def test_the_model_stops_when_its_client_leaves(paced, stream):
    before = len(did(paced, "dropped"))
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    content = as_json(question(1, 2000, stream=stream))
    with (
        contextlib.suppress(httpx2.ReadTimeout),
        httpx2.Client(verify=paced.trust, timeout=1) as line,
        line.stream("POST", f"{paced.url}/chat/completions", content=content, headers=headers) as response,
    ):
        lines = (text for text in response.iter_lines() if text.startswith("data:"))
        for _ in range(5):
            next(lines)
    until(lambda: len(did(paced, "dropped")) > before)
    _, tokens = did(paced, "dropped")[-1]
    assert tokens < 400


def test_nothing_is_lost_with_a_replica(paced):
    """One of two is killed in the middle of its batch: its jobs go to the other, and a new one takes its place."""
    contents = [question(n, 60, stream=n % 2 == 0) for n in range(12)]
    begun = len(did(paced, "begin"))
    victims = set(paced.replicas())
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = [pool.submit(post, paced, content) for content in contents]
        until(lambda: {pid for pid, _ in did(paced, "begin")[begun:]} == victims)
        time.sleep(0.3)
        killed = victims.pop()
        os.kill(killed, signal.SIGKILL)
        responses = [a.result() for a in answers]
    for content, response in zip(contents, responses, strict=True):
        if content["stream"]:
            events = [json.loads(line[6:]) for line in response.text.splitlines() if line.startswith("data: {")]
            assert "data: [DONE]" in response.text
            found = "".join(e["choices"][0]["delta"].get("content") or "" for e in events)
        else:
            found = text_of(response)
        assert found == expected(content)
    assert paced_metric(paced, "fusar_retried_total") >= 1
    until(lambda: len(set(paced.replicas()) - {killed}) == 2, 60)


def test_more_than_the_queue_holds_is_refused_and_the_front_stays_small(paced):
    before = paced.memory_mb()
    with concurrent.futures.ThreadPoolExecutor(80) as pool:
        responses = list(pool.map(lambda n: post(paced, question(n, 20)), range(80)))
    counts = collections.Counter(r.status_code for r in responses)
    assert set(counts) == {200, 429}
    assert counts[200] >= 24
    assert all(int(r.headers["retry-after"]) >= 1 for r in responses if r.status_code == 429)
    assert paced.memory_mb() - before < 200


def test_sigterm_answers_those_inside_refuses_others_and_leaves_nothing(paced):
    family = paced.family()
    assert len(family) > 4
    contents = [question(n, 120, stream=n % 2 == 0) for n in range(8)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        begun = len(did(paced, "begin"))
        answers = [pool.submit(post, paced, content) for content in contents]
        until(lambda: len(did(paced, "begin")) > begun)
        time.sleep(0.2)
        paced.process.send_signal(signal.SIGTERM)
        until(lambda: "stopping" in paced.words())
        refused = post(paced, question(99, 1))
        responses = [a.result() for a in answers]
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "WORKER_STOPPING")
    assert [r.status_code for r in responses] == [200] * 8
    for content, response in zip(contents, responses, strict=True):
        assert "[DONE]" in response.text if content["stream"] else text_of(response) == expected(content)
    assert paced.process.wait(30) == 0
    assert is_gone(family) == []
    assert "Traceback" not in paced.words()


# -- no start --------------------------------------------------------------------------------------------------------


def refused(*arguments: object, environment: dict[str, str] | None = None) -> tuple[int, str]:
    run = [*FUSAR, "serve", "--port", "0", *map(str, arguments)]
    found = subprocess.run(run, capture_output=True, text=True, timeout=120, env=environment)
    assert "Traceback" not in found.stderr
    return found.returncode, found.stderr


def test_a_port_that_is_taken_is_named(taught):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, words_ = refused("--model", taught, "--port", port)
    assert status == 1
    assert f"port {port}" in words_
    assert "[PORT_IN_USE]" in words_


def test_others_need_a_key(taught, tmp_path):
    status, words_ = refused("--model", taught, "--host", "0.0.0.0")
    assert (status, "[BAD_OPTION]" in words_, "--api-key-file" in words_) == (1, True, True)
    (tmp_path / "keys").write_text("short")
    status, words_ = refused("--model", taught, "--host", "0.0.0.0", "--api-key-file", tmp_path / "keys")
    assert (status, "shorter than 16" in words_) == (1, True)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--replicas", "many"], "BAD_OPTION"),
        (["--tls-cert", "missing.pem"], "BAD_OPTION"),
        (["--host", "no.such.host.invalid", "--api-key-file", "KEYS"], "BAD_OPTION"),
    ],
)
def test_options_that_mean_nothing_are_named(taught, tmp_path, options, code):
    (tmp_path / "keys").write_text(KEY)
    status, words_ = refused("--model", taught, *[str(tmp_path / "keys") if o == "KEYS" else o for o in options])
    assert (status, f"[{code}]" in words_) == (1, True)


def test_a_broken_checkpoint_is_named_before_anything_is_started(taught, tmp_path):
    for spoil in (lambda p: None, lambda p: shutil.copytree(taught, p) and os.truncate(p / "model.safetensors", 5000)):
        spoil(tmp_path / "model")
        status, words_ = refused("--model", tmp_path / "model")
        assert (status, "[BAD_CHECKPOINT]" in words_, "starting Ray" in words_) == (1, True, False)


def test_a_model_that_does_not_fit_ends_the_worker_before_it_is_ready(taught, tmp_path):
    """Its header says 10 TB; the file has holes for them. Only the replica, on its own computer, can tell."""
    shutil.copytree(taught, tmp_path / "model")
    weights = tmp_path / "model" / "model.safetensors"
    content = weights.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    end = max(e["data_offsets"][1] for name, e in header.items() if name != "__metadata__")
    size = 10 * 10**12
    header["model.huge"] = {"dtype": "F32", "shape": [size // 4], "data_offsets": [end, end + size]}
    raw = json.dumps(header).encode()
    with weights.open("wb") as file:
        file.write(len(raw).to_bytes(8, "little") + raw + content[8 + length :])
        file.truncate(8 + len(raw) + end + size)
    worker = start(["--model", str(tmp_path / "model")], tmp_path / "log")
    until(lambda: len(worker.family()) > 3, 60)
    family = worker.family()
    assert worker.process.wait(120) == 1
    assert "[NOT_ENOUGH_MEMORY]" in worker.words()
    assert "ready at" not in worker.words()
    assert "Traceback" not in worker.words()
    assert is_gone(family) == []


def test_a_ray_cluster_that_is_not_there_is_named(taught):
    for address, code in (("127.0.0.1:1", "RAY_UNAVAILABLE"), ("ray://head:10001", "BAD_OPTION"), ("x", "BAD_OPTION")):
        status, words_ = refused("--model", taught, "--ray-address", address)
        assert (status, f"[{code}]" in words_) == (1, True)
