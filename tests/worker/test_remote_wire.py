"""What goes over the line to a server: questions as bodies, words and probabilities as replies; keys and addresses."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai_server import completion, entry, ours, tokens
from PIL import Image

from fusar_core.errors import (
    BadAnchors,
    BadOption,
    BadServer,
    NotEnoughMemory,
    PromptTooLong,
    UnknownModel,
    WorkerAuth,
    WorkerRefused,
)
from fusar_core.remote import wire
from fusar_core.remote.address import read_address
from fusar_core.remote.catalogue import choose, read_catalogue, usual_coordinates
from fusar_core.remote.failures import TryAgain, failed, failed_inside, retry_after
from fusar_core.remote.secret import Secret

# --- questions --------------------------------------------------------------------------------------------------------


def test_a_question_holds_the_image_the_words_and_the_anchors_in_this_order() -> None:
    image = Image.fromarray(np.arange(100, dtype=np.uint8).reshape(10, 10))
    anchors = SimpleNamespace(features=np.eye(2, 64, dtype=np.float32), positions=np.zeros((2, 2), np.float32))
    parts = [wire.png_part(image), wire.anchors_part(anchors)]
    body = wire.question("nano", parts, "How many?", 16).body
    assert [part["type"] for part in body["messages"][0]["content"]] == ["image_url", "text", "aef_anchors"]
    assert (body["model"], body["max_tokens"], body["temperature"], body["logprobs"]) == ("nano", 16, 0, True)
    json.dumps(body)


def test_where_the_anchors_lie_on_earth_stays_here() -> None:
    anchors = SimpleNamespace(
        features=np.zeros((1, 64), np.float32), positions=np.zeros((1, 2), np.float32), lon=np.ones(1), lat=np.ones(1)
    )
    part = wire.anchors_part(anchors)
    with np.load(io.BytesIO(base64.b64decode(part["aef_anchors"]["data"]))) as sent:
        assert sorted(sent) == ["features", "positions"]


def test_the_same_question_about_the_same_chip_has_the_same_key() -> None:
    def key(prompt: str, grey: int) -> str:
        part = wire.png_part(Image.fromarray(np.full((8, 8), grey, np.uint8)))
        return wire.question("nano", [part], prompt, 16).key

    assert key("How many?", 1) == key("How many?", 1)
    assert len({key("How many?", 1), key("How many?", 2), key("Where?", 1)}) == 3


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_images_come_out_of_their_png_as_they_went_in(height: int, width: int, seed: int) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.uint8)
    with Image.open(io.BytesIO(wire.png(image))) as opened:
        opened.load()
        assert (opened.format, opened.mode) == ("PNG", "L")
        assert (np.asarray(opened) == image).all()


# --- replies ----------------------------------------------------------------------------------------------------------


def reply(body: dict | bytes) -> wire.Reply:
    return wire.read_reply(body if isinstance(body, bytes) else json.dumps(body).encode())


def test_the_score_of_a_value_is_that_of_the_tokens_that_say_it() -> None:
    said = reply(
        completion(
            "12 ships",
            logprobs={
                "content": [
                    {"token": "12", "logprob": -0.5, "bytes": [49, 50]},
                    {"token": " sh", "logprob": -2.0, "bytes": None},
                    {"token": "ips", "logprob": -4.0, "bytes": None},
                    {"token": "<|im_end|>", "logprob": -9.0, "bytes": None},
                ]
            },
        )
    )
    assert said.score((0, 2)) == pytest.approx(math.exp(-0.5))
    assert said.score((3, 8)) == pytest.approx(math.exp(-3.0))
    assert said.score((0, 8)) == pytest.approx(math.exp(-6.5 / 3))  # the token that ends the words does not count
    assert said.score((8, 8)) is None


def test_tokens_that_are_parts_of_a_character_count_for_it() -> None:
    data = "船3".encode()
    parts = [{"token": "�", "logprob": -1.0, "bytes": [b]} for b in data[:3]]
    said = reply(completion("船3", logprobs={"content": [*parts, {"token": "3", "logprob": -0.2, "bytes": [51]}]}))
    assert said.offsets == ((0, 1), (0, 1), (0, 1), (1, 2))
    assert said.score((1, 2)) == pytest.approx(math.exp(-0.2))
    assert said.score((0, 1)) == pytest.approx(math.exp(-1.0))


def test_white_space_that_the_server_cut_off_moves_no_score() -> None:
    content = [{"token": t, "logprob": p, "bytes": None} for t, p in ((" \n", -3.0), ("7", -0.1), ("\n", -5.0))]
    said = reply(completion("7", logprobs={"content": content}))
    assert said.score((0, 1)) == pytest.approx(math.exp(-0.1))


@pytest.mark.parametrize(
    "logprobs",
    [
        None,
        {},
        {"content": None},
        {"content": [{"token": "other words", "logprob": -1.0}]},
        {"content": [{"token": "7", "logprob": None}]},
        {"content": [{"token": "7", "logprob": float("nan")}]},
        {"content": [{"logprob": -1.0}]},
        {"content": ["7"]},
        [1, 2],
    ],
)
def test_without_usable_probabilities_there_is_no_score(logprobs) -> None:
    said = reply(completion("7", logprobs=logprobs))
    assert (said.text, said.score((0, 1))) == ("7", None)


@given(st.text(max_size=40), st.booleans())
def test_any_words_survive_the_line(words: str, raw_bytes: bool) -> None:
    words = words.encode("utf-8", "replace").decode()
    said = reply(completion(words, logprobs={"content": tokens(words, raw_bytes=raw_bytes)}))
    assert said.text == words
    if words and (raw_bytes or words.isascii()):
        assert said.score((0, len(words))) == pytest.approx(math.exp(-0.1))
        assert max(b for _, b in said.offsets) == len(words)


def test_how_an_answer_ended() -> None:
    assert reply(completion("7")).ended
    assert not reply(completion("7", finish="length")).ended
    for reason in ("content_filter", "MAX_TOKENS", "model_length", "abort", "error"):
        assert not reply(completion("7", finish=reason)).ended
    assert not reply(completion("7")).looped
    looped = reply(completion("7", finish="length", fusar={"looped": True}))
    assert (looped.ended, looped.looped) == (False, True)


def test_words_in_parts_and_no_words() -> None:
    assert reply(completion(None)).text == ""
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert reply(completion("", message={"content": parts})).text == "ab"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[" * 100_000,
        b"null",
        b"{}",
        {"choices": []},
        {"choices": [3]},
        {"choices": [{}]},
        {"choices": [{"message": 3}]},
        {"choices": [{"message": {"content": 3}}]},
    ],
)
def test_what_is_no_completion_is_recognised(body) -> None:
    with pytest.raises(wire.Malformed):
        reply(body)


KEYS = ["choices", "message", "content", "text", "logprobs", "token", "logprob", "bytes", "delta", "error", "fusar"]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(KEYS), inner),
)


@given(ANYTHING)
def test_no_reply_however_odd_raises_anything_else(said) -> None:
    for content in (said, {"choices": [said]}, {"choices": [{"message": {"content": "7"}, "logprobs": said}]}):
        with contextlib.suppress(wire.Malformed, wire.ErrorInside):
            reply(json.dumps(content).encode())
        stream = wire.Stream(lambda piece: None)
        with contextlib.suppress(wire.Malformed, wire.ErrorInside):
            stream.line("data: " + json.dumps(content))
            stream.reply()
        body = json.dumps({"error": content}).encode()
        wire.error_words(body)
        status = wire.error_status(body)
        assert status is None or 300 <= status < 600


# --- models -----------------------------------------------------------------------------------------------------------

URL = "http://127.0.0.1:8000/v1"


def models(*entries: dict) -> list:
    return read_catalogue(json.dumps({"object": "list", "data": entries}).encode(), URL)


def test_a_stock_model_takes_no_prior_and_any_task() -> None:
    (served,) = models(entry("m"))
    assert not served.ours
    assert not served.prior
    assert (served.chip_size, len(served.tasks)) == (504, 6)


def test_our_worker_tells_what_its_model_can_do() -> None:
    (served,) = models(ours(tasks=["count", "juggle"], gsd_m=[5, 20], prompts={"detect": "official"}))
    assert served.ours
    assert served.prior
    assert served.tasks == {"count"}
    assert (served.chip_size, served.gsd_m, served.prompts) == (112, (5.0, 20.0), {"detect": "official"})


def test_adapters_answer_their_tasks_in_the_name_of_their_model() -> None:
    whole, adapter = models(ours("base", tasks=["count"]), ours("base:detect", tasks=["detect"]) | {"parent": "base"})
    assert whole.tasks == {"count", "detect"}
    assert whole.adapters == {"detect": "base:detect"}
    assert adapter.tasks == {"detect"}


def test_which_model_is_chosen() -> None:
    a, b = models(entry("a"), ours("b"))
    assert choose([a], None, URL) is a
    assert choose([a, b], None, URL) is b
    assert choose([a, b], "a", URL) is a
    with pytest.raises(UnknownModel, match="It has: a, b"):
        choose([a, b], "c", URL)
    with pytest.raises(UnknownModel):
        choose([], None, URL)
    with pytest.raises(BadOption, match="--model: a, a2"):
        choose([a, *models(entry("a2"))], None, URL)


@pytest.mark.parametrize(
    "content",
    [
        b"<html>",
        b"[]",
        b'{"data": 3}',
        b'{"data": [3]}',
        b'{"data": [{"id": 3}]}',
        json.dumps({"data": [{"id": "m", "fusar": {}}]}).encode(),
        json.dumps({"data": [{"id": "m", "fusar": 3}]}).encode(),
        json.dumps({"data": [ours(chip_size=10**9)]}).encode(),
        json.dumps({"data": [ours(classes=None)]}).encode(),
    ],
)
def test_what_is_no_list_of_models(content: bytes) -> None:
    with pytest.raises(BadServer):
        read_catalogue(content, URL)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Qwen/Qwen2.5-VL-7B-Instruct", "pixels"),
        ("qwen2.5vl:7b", "pixels"),
        ("Qwen/Qwen3-VL-8B-Instruct", "thousandths"),
        ("qwen3-vl:4b", "thousandths"),
        ("OpenGVLab/InternVL3_5-8B", "thousandths"),
        ("Qwen/Qwen2-VL-7B-Instruct", "thousandths"),
        ("something-else", "pixels"),
    ],
)
def test_known_models_speak_in_known_coordinates(name: str, said: str) -> None:
    assert usual_coordinates(name) == said


# --- addresses and keys -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("http://host:8000/v1", "http://host:8000/v1"),
        ("http://host:8000", "http://host:8000/v1"),
        ("HTTPS://Host/", "https://host/v1"),
        (" https://host/api/v1/ ", "https://host/api/v1"),
        ("https://host/v1/chat/completions", "https://host/v1"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
    ],
)
def test_addresses_as_people_write_them(written: str, read: str) -> None:
    assert read_address(written).url == read


@pytest.mark.parametrize(
    "written",
    ["http://", "ftp://host", "http://host:port/v1", "http://host:99999", "http://a b/v1", "https://user:pw@host/v1",
     "https://host/v1?key=abc", "https://host/v1#x", "http://[::1/v1"],
)  # fmt: skip
def test_what_is_no_address_and_never_shows_a_password(written: str) -> None:
    with pytest.raises(BadOption) as error:
        read_address(written)
    assert "pw" not in str(error.value)
    assert "abc" not in str(error.value)


def test_the_key_comes_from_the_caller_or_the_environment_and_shows_nowhere(monkeypatch) -> None:
    monkeypatch.setenv("FUSAR_API_KEY", " from-environment\n")
    assert read_address(URL).key.reveal() == "from-environment"
    told = read_address(URL, "from-caller")
    assert told.key.reveal() == "from-caller"
    assert not read_address(URL, "").key
    for text in (repr(told), str(told), f"{told.key}", repr(vars(told)), str([told.key])):
        assert "from-caller" not in text
    with pytest.raises(BadOption) as error:
        read_address(URL, "two\nlines")
    assert "two" not in str(error.value)


def test_the_proxy_of_the_environment_but_none_to_this_computer(monkeypatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "inside.example,10.0.0.0/8")
    assert read_address("https://host.example/v1").proxy == "http://proxy.example:3128"
    assert read_address("http://host.example/v1").proxy is None
    assert read_address("https://gpu.inside.example/v1").proxy is None
    assert read_address("https://10.1.2.3/v1").proxy is None
    assert read_address("https://127.0.0.1:8000/v1").proxy is None
    assert read_address("https://localhost:8000/v1").proxy is None


# --- failures ---------------------------------------------------------------------------------------------------------

ADDRESS = read_address(URL, "k3y")


def failure(status: int, body: object = b"", **headers: str) -> Exception:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return failed(status, {k.replace("_", "-"): v for k, v in headers.items()}, content, ADDRESS)


@pytest.mark.parametrize("status", [408, 425, 500, 502, 503, 504, 524])
def test_what_may_pass_is_tried_again(status: int) -> None:
    error = failure(status)
    assert isinstance(error, TryAgain)
    assert not error.busy


def test_too_much_to_do_is_told_from_broken() -> None:
    busy = failure(429, {"error": {"message": "queue full"}}, retry_after="7")
    assert isinstance(busy, TryAgain)
    assert (busy.busy, busy.wait_s) == (True, 7.0)
    assert failure(503, retry_after="2").busy
    assert isinstance(failure(429, {"error": {"code": "insufficient_quota", "message": "pay"}}), WorkerRefused)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, {"error": {"message": "no"}}, WorkerAuth),
        (403, b"", WorkerAuth),
        (404, {"error": {"message": "The model `m` does not exist.", "code": "model_not_found"}}, UnknownModel),
        (404, {"object": "error", "message": "The model `m` does not exist.", "code": 404}, UnknownModel),
        (404, {"detail": "Not Found"}, BadServer),
        (405, b"", BadServer),
        (302, b"", BadServer),
        (204, b"", BadServer),
        (400, {"error": {"message": "maximum context length is 100", "code": 400}}, WorkerRefused),
        (413, b"<html>", WorkerRefused),
        (400, {"error": {"message": "too long", "code": "PROMPT_TOO_LONG"}}, PromptTooLong),
        (422, {"error": {"message": "NaN", "code": "BAD_ANCHORS"}}, BadAnchors),
        (503, {"error": {"message": "no room", "code": "NOT_ENOUGH_MEMORY"}}, NotEnoughMemory),
        (501, b"", WorkerRefused),
    ],
)
def test_what_will_not_pass_is_an_error_with_a_code(status: int, body: object, kind: type) -> None:
    assert type(failure(status, body)) is kind


def test_a_server_that_repeats_the_key_does_not_make_us_repeat_it() -> None:
    error = failure(401, {"error": {"message": "Incorrect API key provided: k3y\x1b[31m\n."}})
    assert "k3y" not in str(error)
    assert "\x1b" not in str(error)
    assert "***" in str(error)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5", 5.0), ("0", 0.0), ("2.5", 2.5), ("-3", 0.0), ("", None), ("soon", None), ("inf", None), ("nan", None)],
)
def test_retry_after(text: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": text}) == seconds
    assert retry_after({}) is None


def test_retry_after_as_a_date() -> None:
    from datetime import UTC, datetime, timedelta
    from email.utils import format_datetime

    later = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    seconds = retry_after({"retry-after": later})
    assert seconds is not None
    assert 20 < seconds <= 30
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0.0


def test_secrets_compare_by_their_value() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert hash(Secret("a")) == hash(Secret("a"))


# --- errors in a response of status 200 -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "kind", "status"),
    [
        ({"message": "model is loading", "code": 503}, TryAgain, 503),
        ({"message": "rate limited", "code": 429}, TryAgain, 429),
        ({"message": "rate limited", "code": "429"}, TryAgain, 429),
        ({"message": "slow down", "type": "rate_limit_error", "code": None}, TryAgain, 429),
        ({"message": "busy", "code": "WORKER_BUSY"}, TryAgain, 429),
        ({"message": "The model is overloaded, try again later"}, TryAgain, 503),
        ("Service unavailable", TryAgain, 503),
        ({"message": "Something odd"}, TryAgain, 500),
        ({"message": "no such model", "code": "model_not_found"}, UnknownModel, None),
        ({"message": "no such model", "code": 404}, UnknownModel, None),
        ({"message": "bad key", "code": 401}, WorkerAuth, None),
        ({"message": "context length", "code": 400}, WorkerRefused, None),
        ({"message": "You have no money left", "code": "insufficient_quota"}, WorkerRefused, None),
    ],
)
def test_an_error_that_comes_as_200_is_what_its_code_says(error, kind, status) -> None:
    address = read_address(URL, "hunter2")
    chat = {"choices": [{"message": {"content": ""}, "finish_reason": "error", "error": error}]}
    for body in ({"error": error}, {"error": error, "choices": []}, chat):
        with pytest.raises(wire.ErrorInside) as inside:
            reply(json.dumps(body).encode())
        with pytest.raises(wire.ErrorInside):
            wire.Stream(lambda piece: None).line("data: " + json.dumps(body))
        found = failed_inside(inside.value, {}, address)
        assert type(found) is kind
        assert getattr(found, "status", None) == status
        words = error if isinstance(error, str) else error["message"]
        assert words in str(found)


def test_a_server_without_a_model_says_so() -> None:
    for body in (b'{"object": "list", "data": null}', b'{"object": "list", "data": []}'):
        with pytest.raises(UnknownModel, match="has no model"):
            choose(read_catalogue(body, URL), None, URL)


def test_reasoning_that_the_server_tells_apart_is_not_lost_where_no_words_came() -> None:
    for name in ("reasoning_content", "reasoning"):
        message = {"content": None, name: "Is it 7?"}
        said = reply(json.dumps({"choices": [{"message": message, "finish_reason": "length"}]}).encode())
        assert (said.text, said.ended) == ("<think>Is it 7?", False)
        said = reply(json.dumps({"choices": [{"message": {**message, "content": "4"}}]}).encode())
        assert said.text == "4"
        shown: list[str] = []
        stream = wire.Stream(shown.append)
        stream.line("data: " + json.dumps({"choices": [{"delta": {name: "Is it 7?"}, "finish_reason": "length"}]}))
        assert (stream.reply().text, shown) == ("<think>Is it 7?", [])
