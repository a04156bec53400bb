"""A stock OpenAI-compatible server for tests: real sockets, answers in the shapes that vLLM and Ollama give, and every
fault a test asks for."""

from __future__ import annotations

import base64
import io
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

MODEL = "Qwen/Qwen2.5-VL-7B-Instruct"


@dataclass
class Seen:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def parts(self) -> dict[str, Any]:
        return {part["type"]: part[part["type"]] for part in self.body["messages"][0]["content"]}

    @property
    def prompt(self) -> str:
        return self.parts["text"]

    @property
    def png(self) -> bytes:
        kind, _, data = self.parts["image_url"]["url"].partition(",")
        assert kind == "data:image/png;base64"
        return base64.b64decode(data, validate=True)

    @property
    def image(self) -> np.ndarray:
        return np.asarray(Image.open(io.BytesIO(self.png)))

    @property
    def anchors(self) -> dict[str, np.ndarray] | None:
        part = self.parts.get("aef_anchors")
        if part is None:
            return None
        with np.load(io.BytesIO(base64.b64decode(part["data"])), allow_pickle=False) as content:
            return dict(content)


@dataclass
class Raw:
    """An answer that is not the usual one: a status with a body, or `act`, which does as it likes with the handler."""

    status: int = 200
    body: bytes | dict[str, Any] = b""
    headers: dict[str, str] = field(default_factory=dict)
    act: Callable[[BaseHTTPRequestHandler], None] | None = None


Behaviour = Callable[[Seen], "str | dict[str, Any] | Raw"]


class Server:
    """Answers each question with what `behave` says of it: words, a whole body, or something Raw.

    models: what GET /models lists. key: the one that is wanted; none when empty. tls: (certificate, key) files.
    """

    def __init__(
        self,
        behave: Behaviour,
        models: Iterable[dict[str, Any]] | None = None,
        key: str = "",
        tls: tuple[Path, Path] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.behave = behave
        self.models = [entry(MODEL)] if models is None else list(models)
        self.key = key
        self.tls, self._host, self._port = tls, host, port
        self.asked: list[Seen] = []
        self.listed: list[Seen] = []
        self.broken_off = 0
        self.under_way = 0
        self.most_under_way = 0
        self.lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self.start()

    def start(self) -> None:
        self._http = _Http((self._host, self._port), _Handler)
        self._http.owner = self
        if self.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.tls)
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True, do_handshake_on_connect=False)
        self._port = self._http.server_address[1]
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{'localhost' if self.tls else self._host}:{self._port}/v1"

    def cut(self) -> None:
        """Goes away in the middle of everything; `start` brings it back at the same port."""
        self._http.shutdown()
        self._http.server_close()
        with self.lock:
            connections, self._connections = self._connections, set()
        for connection in connections:
            reset(connection)
        self._thread.join()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    owner: Server

    def process_request(self, request: Any, client_address: Any) -> None:
        with self.owner.lock:
            self.owner._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self.owner.lock:
            self.owner._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        with self.owner.lock:
            self.owner.broken_off += 1


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: Any) -> None:
        pass

    @property
    def owner(self) -> Server:
        return self.server.owner  # type: ignore[attr-defined]

    def _seen(self, body: dict[str, Any] | None = None) -> Seen:
        return Seen(self.path, {k.lower(): v for k, v in self.headers.items()}, body or {})

    def do_GET(self) -> None:
        self.owner.listed.append(self._seen())
        if self._refused():
            return
        if not self.path.endswith("/models"):
            self.send(404, {"detail": "Not Found"})
            return
        self.send(200, {"object": "list", "data": self.owner.models})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self._refused():
            return
        owner, seen = self.owner, self._seen(body)
        with owner.lock:
            owner.asked.append(seen)
            owner.under_way += 1
            owner.most_under_way = max(owner.most_under_way, owner.under_way)
        try:
            said = owner.behave(seen)
        finally:
            with owner.lock:
                owner.under_way -= 1
        if isinstance(said, str):
            said = completion(said)
        if isinstance(said, dict):
            said = Raw(body=said)
        if said.act:
            said.act(self)
            return
        self.send(said.status, said.body, said.headers)

    def _refused(self) -> bool:
        key = self.owner.key
        if not key or self.headers.get("Authorization") == f"Bearer {key}":
            return False
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        self.send(401, {"error": {"message": f"Incorrect API key provided: {given}.", "code": "invalid_api_key"}})
        return True

    def send(self, status: int, body: bytes | dict[str, Any], headers: dict[str, str] | None = None) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        if "Content-Length" not in (headers or {}):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def reset(connection: socket.socket) -> None:
    """Ends a connection with a reset, as a crashed process or a dropped network does."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    connection.close()


def dropped() -> Raw:
    """The connection is reset in place of an answer."""

    def act(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        reset(handler.connection)

    return Raw(act=act)


def tokens(words: str, chance: float = -0.1, raw_bytes: bool = True) -> list[dict[str, Any]]:
    """The words as tokens of up to three bytes, in the shape that vLLM gives."""
    data = words.encode()
    pieces = [data[i : i + 3] for i in range(0, len(data), 3)]
    return [
        {
            "token": piece.decode("utf-8", "replace"),
            "logprob": chance,
            "bytes": list(piece) if raw_bytes else None,
            "top_logprobs": [],
        }
        for piece in pieces
    ]


def completion(words: str | None, *, scored: bool = True, finish: str = "stop", **choice: Any) -> dict[str, Any]:
    """A chat completion as vLLM gives it; without scores as Ollama does."""
    said: dict[str, Any] = {
        "index": 0,
        "message": {"role": "assistant", "content": words, "refusal": None, "tool_calls": []},
        "logprobs": {"content": tokens(words or "")} if scored else None,
        "finish_reason": finish,
        "stop_reason": None,
    }
    return {
        "id": "chatcmpl-7f2c",
        "object": "chat.completion",
        "created": 1790000000,
        "model": MODEL,
        "choices": [said | choice],
        "usage": {"prompt_tokens": 360, "completion_tokens": 12, "total_tokens": 372},
    }


def streamed(words: str, pieces: int = 4, *, breaks_after: int | None = None) -> Raw:
    """The words as server-sent events; breaks_after: so many pieces the connection is reset."""

    def act(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream; charset=utf-8")
        handler.end_headers()
        step = max(1, -(-len(words) // pieces))
        parts = [words[i : i + step] for i in range(0, len(words), step)]
        for number, part in enumerate(parts):
            if number == breaks_after:
                reset(handler.connection)
                return
            choice = {"index": 0, "delta": {"content": part}, "logprobs": {"content": tokens(part)}}
            event(handler, {"choices": [choice | {"finish_reason": None}]})
        event(handler, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        event(handler, {"choices": [], "usage": {"total_tokens": 5}})
        handler.wfile.write(b"data: [DONE]\n\n")

    return Raw(act=act)


def event(handler: BaseHTTPRequestHandler, content: dict[str, Any]) -> None:
    handler.wfile.write(b"data: " + json.dumps(content).encode() + b"\n\n")
    handler.wfile.flush()


def entry(name: str, **about: Any) -> dict[str, Any]:
    """A model as GET /models lists it; `about` makes it one of our worker's."""
    listed = {"id": name, "object": "model", "created": 1790000000, "owned_by": "vllm", "max_model_len": 32768}
    return listed | ({"owned_by": "fusar", "fusar": about} if about else {})


def ours(name: str = "nano", **about: Any) -> dict[str, Any]:
    """A model of our worker."""
    usual = {
        "chip_size": 112,
        "classes": ["plane", "ship"],
        "tasks": ["detect", "count", "locate", "describe", "classify", "ask"],
        "gsd_m": None,
        "prior": True,
        "prompts": {},
    }
    return entry(name, **(usual | about))
