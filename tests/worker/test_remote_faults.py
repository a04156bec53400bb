"""A server that is busy, broken, slow, gone, a stranger or an impostor: nothing is lost, hangs, or leaks."""

from __future__ import annotations

import gc
import logging
import select
import socket
import subprocess
import threading
import time
import traceback
import weakref
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from openai_server import Raw, Seen, Server, completion, dropped, entry, ours, reset
from speaking import InProcess, behave, chip

from fusar_core.domain.answers import Request
from fusar_core.engines.base import Hooks
from fusar_core.engines.remote import RemoteEngine
from fusar_core.errors import (
    BadOption,
    BadServer,
    Cancelled,
    FusarError,
    PromptTooLong,
    UnknownModel,
    WorkerAuth,
    WorkerBusy,
    WorkerRefused,
    WorkerTls,
    WorkerUnreachable,
)
from fusar_core.remote.address import Address
from fusar_core.remote.session import Patience

QUICK = Patience(connect=2.0, answer=5.0, outage=20.0, busy=20.0, first_pause=0.02, longest_pause=0.2)
HASTY = Patience(connect=1.0, answer=1.0, outage=0.4, busy=0.4, first_pause=0.02, longest_pause=0.1, tries_500=3)


def asked(count: int = 12) -> list[Request]:
    return [Request(chip(i), ("count", "describe"), ("ship",)) for i in range(count)]


def values(answers) -> list:
    return [(a.chip.index, a.task, a.value) for a in answers]


EXPECTED = values(InProcess().answer(asked()))


def every(number: int, fault: Raw | str | dict):
    """Behaves well, but for every so-manieth request."""
    lock, counted = threading.Lock(), [0]

    def decide(seen: Seen):
        with lock:
            counted[0] += 1
            return fault if counted[0] % number == 0 else behave(seen)

    return decide


# --- troubles that pass -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        Raw(429, {"error": {"message": "queue full"}}, {"Retry-After": "0.05"}),
        Raw(429, b"slow down"),
        Raw(503, b"restarting", {"Retry-After": "0"}),
        Raw(500, {"error": {"message": "a replica died"}}),
        Raw(502, b"<html>bad gateway</html>"),
        Raw(504),
        Raw(200, {"error": {"message": "model is loading, try again", "code": 503}}),
        Raw(200, {"choices": [{"message": {"content": ""}, "error": {"message": "rate limited", "code": 429}}]}),
        Raw(200, b'{"choices": [', {"Content-Length": "5000", "Connection": "close"}),
        dropped(),
    ],
    ids=["429", "429 bare", "503", "500", "502", "504", "503 as 200", "429 as 200", "broken off", "reset"],
)
def test_every_question_is_answered_once_whatever_happens_to_a_third_of_the_requests(fault) -> None:
    if fault.body.startswith(b"{") if isinstance(fault.body, bytes) else False:
        fault.act = cut_short
    with Server(every(3, fault), [ours()]) as server:
        answers = list(RemoteEngine(server.url, patience=QUICK).answer(asked()))
        assert values(answers) == EXPECTED
        assert len(server.asked) > len(EXPECTED)


def cut_short(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [')
    handler.wfile.flush()
    reset(handler.connection)


def test_a_server_that_goes_away_and_comes_back_loses_nothing() -> None:
    def slowly(seen: Seen) -> str:
        time.sleep(0.02)
        return behave(seen)

    with Server(slowly, [ours()]) as server:
        stream = RemoteEngine(server.url, concurrency=4, patience=QUICK).answer(asked())
        answers = [next(stream) for _ in range(5)]
        server.cut()
        back = threading.Timer(1.0, server.start)
        back.start()
        answers += stream
        back.join()
    assert values(answers) == EXPECTED


def test_an_outage_that_lasts_is_told_once(caplog, monkeypatch) -> None:
    monkeypatch.setattr("fusar_core.remote.session.NOTICE_S", 0.2)
    with Server(behave, [ours()]) as server:
        engine = RemoteEngine(server.url, concurrency=4, patience=QUICK)
        stream = engine.answer(asked())
        answers = [next(stream)]
        for _ in range(2):
            server.cut()
            back = threading.Timer(0.8, server.start)
            back.start()
            answers += [next(stream) for _ in range(10)]
            back.join()
        answers += stream
    assert values(answers) == EXPECTED
    told = [r.getMessage() for r in caplog.records if "trying again" in r.getMessage()]
    assert len(told) == 2
    assert server.url in told[0]


def test_a_busy_server_gets_fewer_requests_at_once() -> None:
    places = 3
    lock, inside = threading.Lock(), [0]

    def crowded(seen: Seen):
        with lock:
            if inside[0] >= places:
                return Raw(429, b"", {"Retry-After": "0.02"})
            inside[0] += 1
        time.sleep(0.02)
        with lock:
            inside[0] -= 1
        return behave(seen)

    with Server(crowded, [ours()]) as server:
        requests = asked(100)
        answers = list(RemoteEngine(server.url, concurrency=64, patience=QUICK).answer(requests))
        assert values(answers) == values(InProcess().answer(requests))
        assert len(server.asked) < 2 * len(answers)  # it does not run against a closed door all the time


def test_nothing_is_sent_before_the_time_that_retry_after_names() -> None:
    times: list[float] = []

    def once(seen: Seen):
        times.append(time.monotonic())
        return Raw(429, b"", {"Retry-After": "1"}) if len(times) == 1 else behave(seen)

    with Server(once, [ours()]) as server:
        list(RemoteEngine(server.url, concurrency=1, patience=QUICK).answer(asked(1)))
    assert times[1] - times[0] >= 1.0


# --- troubles that do not pass ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Raw(429, b"", {"Retry-After": "3600"}), WorkerBusy),
        (Raw(429, b""), WorkerBusy),
        (Raw(500, {"error": {"message": "always"}}), WorkerUnreachable),
        (Raw(503, b""), WorkerUnreachable),
        (dropped(), WorkerUnreachable),
        (Raw(400, {"error": {"message": "no images, please", "code": 400}}), WorkerRefused),
        (Raw(400, {"error": {"message": "too long", "code": "PROMPT_TOO_LONG"}}), PromptTooLong),
        (Raw(413, b"<html>413</html>"), WorkerRefused),
        (Raw(404, {"error": {"message": "The model `nano` does not exist."}}), UnknownModel),
        (Raw(404, b"not here"), BadServer),
        (Raw(307, b"", {"Location": "http://evil.example/v1"}), BadServer),
        (Raw(200, b"<html>Welcome to our network</html>", {"Content-Type": "text/html"}), BadServer),
        (Raw(200, b'{"choices": []}'), BadServer),
        (Raw(200, {"error": {"message": "no images, please", "code": 400}}), WorkerRefused),
        (Raw(200, {"error": {"message": "always"}}), WorkerUnreachable),
        (Raw(200, {"error": {"message": "too much", "code": 429}}), WorkerBusy),
        (Raw(200, b" " * (20 * 2**20)), BadServer),
        (Raw(401, {"error": {"message": "expired"}}), WorkerAuth),
    ],
)
def test_the_answers_before_the_trouble_come_and_then_an_error_with_a_code(fault, error) -> None:
    def decide(seen: Seen):
        return fault if int(seen.image.sum()) == int(chip(3).image.sum()) else behave(seen)

    with Server(decide, [ours()]) as server:
        stream = RemoteEngine(server.url, patience=HASTY).answer(asked(6))
        answers = []
        with pytest.raises(error) as raised:
            for answer in stream:
                answers.append(answer)
        assert values(answers) == EXPECTED[:6]
    assert raised.value.message.endswith(".")
    assert raised.value.hint
    assert "evil" not in server.url


def test_nobody_there_is_told_soon() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    started = time.monotonic()
    with pytest.raises(WorkerUnreachable, match="no connection"):
        RemoteEngine(url)
    assert time.monotonic() - started < 30
    with pytest.raises(WorkerUnreachable):
        RemoteEngine("http://nowhere.invalid/v1")


@pytest.mark.parametrize("greeting", [b"SSH-2.0-OpenSSH_9.2\r\n", b"", b"HTTP/1.1 200 OK\r\n\r\nhello"])
def test_a_stranger_at_the_port(greeting: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        stop = threading.Event()

        def serve() -> None:
            listening.settimeout(0.1)
            while not stop.is_set():
                try:
                    connection, _ = listening.accept()
                except TimeoutError:
                    continue
                with connection:
                    connection.recv(1000)
                    connection.sendall(greeting)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            with pytest.raises((BadServer, WorkerUnreachable)):
                RemoteEngine(f"http://127.0.0.1:{listening.getsockname()[1]}")
        finally:
            stop.set()
            thread.join()


def test_a_server_that_never_answers_is_given_up() -> None:
    gate = threading.Event()

    def hang(seen: Seen) -> str:
        gate.wait(20)
        return "0"

    with Server(hang, [ours()]) as server:
        with pytest.raises(WorkerUnreachable, match="no answer in time"):
            list(RemoteEngine(server.url, patience=Patience(answer=0.3, outage=0.5, first_pause=0.02)).answer(asked(1)))
        gate.set()


# --- stopping ---------------------------------------------------------------------------------------------------------


class Hanging:
    """A server whose model takes for ever, and which notices when its clients go away."""

    def __init__(self) -> None:
        self.reached = threading.Semaphore(0)
        self.gone = threading.Semaphore(0)

    def __call__(self, seen: Seen) -> Raw:
        def act(handler: BaseHTTPRequestHandler) -> None:
            self.reached.release()
            handler.close_connection = True
            readable, _, _ = select.select([handler.connection], [], [], 30)
            if readable and not handler.connection.recv(1):
                self.gone.release()

        return Raw(act=act)


def test_closing_the_iterator_reaches_the_server() -> None:
    hanging = Hanging()

    def first_then_hang(seen: Seen):
        return behave(seen) if int(seen.image.sum()) == int(chip(0).image.sum()) else hanging(seen)

    with Server(first_then_hang, [ours()]) as server:
        stream = RemoteEngine(server.url, patience=QUICK).answer(asked(4))
        next(stream)
        assert hanging.reached.acquire(timeout=10)
        stream.close()
        assert hanging.gone.acquire(timeout=10)
    assert not [t for t in threading.enumerate() if t.name == "fusar-remote"]


def test_a_cancel_while_an_answer_is_awaited_reaches_the_server() -> None:
    hanging = Hanging()
    with Server(hanging, [ours()]) as server:
        engine = RemoteEngine(server.url, patience=QUICK)
        stop = threading.Event()
        timer = threading.Thread(target=lambda: (hanging.reached.acquire(timeout=10), stop.set()))
        timer.start()
        with pytest.raises(Cancelled):
            list(engine.answer(asked(2), Hooks(stop.is_set)))
        timer.join()
        assert hanging.gone.acquire(timeout=10)


def test_a_cancel_while_the_server_is_away_is_heard_at_once() -> None:
    with Server(behave, [ours()]) as server:
        engine = RemoteEngine(server.url)
        server.cut()
        stop = threading.Event()
        threading.Timer(0.3, stop.set).start()
        with pytest.raises(Cancelled):
            list(engine.answer(asked(2), Hooks(stop.is_set)))
        server.start()


def test_an_error_while_chips_are_read_ends_everything() -> None:
    def broken():
        yield from asked(3)
        raise OSError("disk gone")

    hanging = Hanging()
    with Server(hanging, [ours()]) as server, pytest.raises(OSError, match="disk gone"):
        list(RemoteEngine(server.url, patience=QUICK).answer(broken()))
    gc.collect()
    assert not [t for t in threading.enumerate() if t.name == "fusar-remote"]


# --- keys -------------------------------------------------------------------------------------------------------------

KEY = "s3cr3t-κλειδί-0123456789"


def test_the_key_opens_and_a_wrong_one_does_not(monkeypatch) -> None:
    monkeypatch.delenv("FUSAR_API_KEY", raising=False)
    latin = KEY.encode().decode("latin-1")  # as header bytes reach the handler
    with Server(behave, [ours()], key=latin) as server:
        assert values(RemoteEngine(server.url, api_key=KEY).answer(asked())) == EXPECTED
        for wrong in ("", "wrong"):
            with pytest.raises(WorkerAuth) as error:
                RemoteEngine(server.url, api_key=wrong)
            assert error.value.code == "WORKER_AUTH"
        monkeypatch.setenv("FUSAR_API_KEY", KEY)
        assert values(RemoteEngine(server.url).answer(asked())) == EXPECTED


def test_a_key_that_expires_on_the_way_is_an_error() -> None:
    with Server(behave, [ours()], key="good") as server:
        engine = RemoteEngine(server.url, api_key="good")
        stream = engine.answer(asked(40))
        next(stream)
        server.key = "other"
        with pytest.raises(WorkerAuth):
            list(stream)


def test_the_key_is_in_no_log_no_error_and_no_repr(caplog, capsys) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[str] = []
    with Server(every(4, Raw(500, b"")), [ours()], key="k3y-that-is-secret") as server:
        engine = RemoteEngine(server.url, api_key="k3y-that-is-secret", patience=QUICK)
        list(engine.answer(asked()))
        seen += [repr(engine), repr(vars(engine)), repr(vars(engine._backend)), str(engine.report())]
        server.key = "another"
        for options in ({"api_key": "k3y-that-is-secret"}, {"api_key": "k3y-that-is-secret", "model": "none"}):
            try:
                RemoteEngine(server.url, **options)
            except FusarError as error:
                seen += ["".join(traceback.format_exception(error)), repr(error), str(error.as_dict())]
    printed = capsys.readouterr()
    everything = "\n".join([*seen, caplog.text, printed.out, printed.err])
    assert "Incorrect API key provided: ***" in everything
    assert "k3y-that-is-secret" not in everything


def test_a_redirect_takes_the_key_nowhere() -> None:
    with Server(behave, [ours()]) as other:

        def redirect(seen: Seen) -> Raw:
            return Raw(307, b"", {"Location": f"{other.url}/chat/completions"})

        with Server(redirect, [ours()], key="good") as server, pytest.raises(BadServer, match="sends us on"):
            list(RemoteEngine(server.url, api_key="good").answer(asked(1)))
        assert other.asked == []


def test_an_unencrypted_key_is_remarked_on_but_not_on_this_computer() -> None:
    with Server(behave, [ours()], key="good") as server:
        engine = RemoteEngine(server.url, api_key="good")
        assert engine.report(None).warnings == ()
        server_of, key = engine._backend, engine._backend.address.key
        server_of.address = Address("http://gpu.example/v1", key)
        assert "unencrypted" in engine.report(None).warnings[0]
        server_of.address = Address("https://gpu.example/v1", key)
        assert engine.report(None).warnings == ()


# --- TLS --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> dict[str, Path]:
    """An authority of our own, and a certificate for localhost that it signed."""
    folder = tmp_path_factory.mktemp("tls")
    run = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    authority = [*run, "-subj", "/CN=Our own authority", "-keyout", "ca.key", "-out", "ca.pem"]
    signed = [*run, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-CA", "ca.pem"]
    signed += ["-CAkey", "ca.key", "-keyout", "server.key", "-out", "server.pem"]
    signed += ["-addext", "basicConstraints=critical,CA:FALSE"]
    for command in (authority, signed):
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return {name: folder / name for name in ("ca.pem", "server.pem", "server.key")}


@pytest.fixture
def encrypted(certificates, monkeypatch):
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    with Server(behave, [ours()], tls=(certificates["server.pem"], certificates["server.key"])) as server:
        yield server


def test_a_certificate_of_our_own_authority_is_trusted_when_it_is_named(encrypted, certificates, monkeypatch) -> None:
    assert encrypted.url.startswith("https://localhost")
    assert values(RemoteEngine(encrypted.url, ca=certificates["ca.pem"]).answer(asked())) == EXPECTED
    for variable in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(variable, str(certificates["ca.pem"]))
        assert values(RemoteEngine(encrypted.url).answer(asked())) == EXPECTED
        monkeypatch.delenv(variable)


def test_an_unknown_certificate_is_not_trusted(encrypted) -> None:
    with pytest.raises(WorkerTls, match="not trusted") as error:
        RemoteEngine(encrypted.url)
    assert "--ca" in error.value.hint
    assert encrypted.listed == []


def test_a_certificate_for_another_name_is_not_trusted(encrypted, certificates) -> None:
    with pytest.raises(WorkerTls):
        RemoteEngine(encrypted.url.replace("localhost", "127.0.0.1"), ca=certificates["ca.pem"])


def test_tls_where_there_is_none_and_none_where_there_is(encrypted) -> None:
    with Server(behave, [ours()]) as plain, pytest.raises(WorkerTls, match="does not speak TLS"):
        RemoteEngine(plain.url.replace("http://", "https://"))
    with pytest.raises((WorkerUnreachable, BadServer)):
        RemoteEngine(encrypted.url.replace("https://", "http://"))


def test_a_file_that_holds_no_certificates(encrypted, tmp_path) -> None:
    for file in (tmp_path / "missing.pem", tmp_path / "text.pem"):
        (tmp_path / "text.pem").write_text("no certificate")
        with pytest.raises(WorkerTls, match="certificates"):
            RemoteEngine(encrypted.url, ca=file)


# --- proxies ----------------------------------------------------------------------------------------------------------


def test_requests_go_through_the_proxy_of_the_environment(monkeypatch) -> None:
    """The fake stands in for the proxy: it is sent the whole address of a host that does not exist."""
    for name in ("NO_PROXY", "no_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with Server(behave, [ours()]) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.removesuffix("/v1"))
        engine = RemoteEngine("http://gpu.invalid:8000/v1")
        assert values(engine.answer(asked())) == EXPECTED
        assert proxy.asked[0].path == "http://gpu.invalid:8000/v1/chat/completions"
    monkeypatch.setenv("http_proxy", "gopher://proxy.example:70")
    with pytest.raises(WorkerUnreachable, match="proxy"):
        RemoteEngine("http://gpu.invalid:8000/v1")


# --- memory -----------------------------------------------------------------------------------------------------------


def test_few_chips_are_held_however_many_there_are() -> None:
    """Chips are counted while they live: of those under way, too, the pixels must be gone."""
    alive: set[int] = set()
    most = 0

    def requests():
        nonlocal most
        for i in range(300):
            made = chip(i)
            alive.add(i)
            weakref.finalize(made.values, alive.discard, i)
            most = max(most, len(alive))
            yield Request(made, ("count",), ("ship",))
            del made

    with Server(lambda seen: "3", [ours()]) as server:
        answers = sum(1 for _ in RemoteEngine(server.url, concurrency=16).answer(requests()))
    assert answers == 300
    assert most <= 3


def test_several_models_need_a_choice() -> None:
    with Server(lambda seen: completion("1"), [entry("a"), entry("b")]) as server:
        with pytest.raises(BadOption, match="a, b"):
            RemoteEngine(server.url)
        assert RemoteEngine(server.url, model="b").model == "b"
