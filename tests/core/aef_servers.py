"""Real servers on this machine: files by range requests with faults on order, and a stub of Earth Engine."""

from __future__ import annotations

import io
import json
import re
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass
class Fault:
    """What goes wrong with the next `times` requests whose path contains `path`.

    how: a status such as "503", "truncated" (the connection closes half-way), "corrupted" (bytes are changed),
    "whole" (the range is ignored), "dropped" (no answer at all), "replaced" (`content` comes instead, filled up).
    """

    how: str
    path: str = ""
    times: int = 1
    retry_after: str | None = None
    content: bytes = b""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of the tests."""


@dataclass
class LocalServer:
    """A server on a free port of the loopback, in its own thread; use it as a context manager."""

    handler: type[BaseHTTPRequestHandler] = BaseHTTPRequestHandler

    def __enter__(self) -> Any:
        bound = type("Bound", (self.handler,), {"owner": self})
        self._server = _Server(("127.0.0.1", 0), bound)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Files(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: FileServer

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        owner = self.owner
        wanted = self.headers.get("Range")
        with owner.lock:
            owner.requests.append((self.path, wanted))
            fault = next((f for f in owner.faults if f.times and f.path in self.path), None)
            if fault:
                fault.times -= 1
        time.sleep(owner.delay_s)
        fault = fault or Fault("")
        how = fault.how
        if how == "dropped":
            self.close_connection = True
            return
        if how.isdigit():
            return self._answer(int(how), b"", {"Retry-After": after} if (after := fault.retry_after) else {})
        path = owner.folder / self.path.lstrip("/")
        if not path.is_file():
            return self._answer(404, b"", {})
        length = path.stat().st_size
        start, stop = 0, length
        headers = {"Accept-Ranges": "bytes"}
        status = 200
        if wanted and how != "whole":
            match = re.fullmatch(r"bytes=(\d*)-(\d*)", wanted)
            assert match
            first, last = match.groups()
            start = int(first) if first else max(0, length - int(last))
            stop = min(length, int(last) + 1) if first and last else length
            if start >= length:
                return self._answer(416, b"", {})
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{length}"
            status = 206
        with open(path, "rb") as file:
            file.seek(start)
            content = file.read(stop - start)
        if how == "corrupted":
            damaged = bytearray(content)
            for i in range(0, len(damaged), 97):
                damaged[i] ^= 0x5A
            content = bytes(damaged)
        if how == "replaced":
            content = fault.content.ljust(len(content), b"\0")
        self._answer(status, content, headers, cut=how == "truncated")

    def _answer(self, status: int, content: bytes, headers: dict[str, str], cut: bool = False) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[: len(content) // 2] if cut else content)
        if cut:
            self.close_connection = True


@dataclass
class FileServer(LocalServer):
    """Serves a folder; `requests` is its log of (path, Range header), `faults` is what goes wrong next."""

    folder: Path = Path()
    delay_s: float = 0.0
    handler: type[BaseHTTPRequestHandler] = _Files
    faults: list[Fault] = field(default_factory=list)
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def shard_requests(self) -> tuple[int, int]:
        """How many requests there were for indices of shards, and for chunks in them."""
        shards = [wanted for path, wanted in self.requests if "/c/" in path]
        indices = sum(wanted is not None and wanted.startswith("bytes=-") for wanted in shards)
        return indices, len(shards) - indices


class _EarthEngine(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: EarthEngineStub

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        documents = files("ee") / "tests"  # the client's own copies of the service's documents
        if self.path.startswith("/$discovery/rest"):
            document = json.loads((documents / "cloud_api_discovery_document.json").read_text())
            document |= {"rootUrl": self.owner.url + "/", "baseUrl": self.owner.url + "/", "servicePath": ""}
            self._answer(200, json.dumps(document).encode())
        elif match := re.match(r"/v1[a-z]*/projects/([^/]+)/algorithms", self.path):
            if match[1] not in self.owner.projects:
                return self._refuse(403, f"Caller does not have required permission to use project {match[1]}.")
            self._answer(200, (documents / "algorithms.json").read_bytes())
        else:
            self._refuse(404, f"Not found: {self.path}")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        owner = self.owner
        with owner.lock:
            owner.requests.append(body)
            status = owner.failures.pop(0) if owner.failures else 0
        if status:
            return self._refuse(status, "Too Many Requests" if status == 429 else "Internal error")
        size = body["grid"]["dimensions"]
        if size["width"] * size["height"] * 64 > 50331648:
            return self._refuse(400, "Total request size must be less than or equal to 50331648 bytes.")
        self._answer(200, owner.compute(body), "application/octet-stream")

    def _refuse(self, status: int, message: str) -> None:
        self._answer(status, json.dumps({"error": {"code": status, "message": message}}).encode())

    def _answer(self, status: int, content: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(content)


@dataclass
class EarthEngineStub(LocalServer):
    """The three endpoints of Earth Engine that `computePixels` needs. It works the expression out, as the service does.

    vectors_at(lon, lat) → float64 (…, 64), NaN where the collection has no data. projects: those that may be used.
    failures: statuses with which the next requests fail. requests: bodies of all requests for pixels.
    """

    vectors_at: Any = None
    projects: tuple[str, ...] = ("demo-project",)
    handler: type[BaseHTTPRequestHandler] = _EarthEngine
    failures: list[int] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def compute(self, body: dict[str, Any]) -> bytes:
        """NPY bytes of the expression on the grid: a structured array with a field for each band."""
        grid, size = body["grid"]["affineTransform"], body["grid"]["dimensions"]
        x = grid["translateX"] + grid["scaleX"] * (np.arange(size["width"]) + 0.5)
        y = grid["translateY"] + grid["scaleY"] * (np.arange(size["height"]) + 0.5)
        vectors = self.vectors_at(*np.meshgrid(x, y))
        values = body["expression"]["values"]

        def value(node: Any) -> Any:
            if "valueReference" in node:
                return value(values[node["valueReference"]])
            if "constantValue" in node:
                return node["constantValue"]
            if "functionInvocationValue" not in node:
                return node
            call = node["functionInvocationValue"]
            name, said = call["functionName"], call["arguments"]
            if name == "ImageCollection.mosaic":
                return vectors
            return PIXEL_FUNCTIONS[name](*(value(said[key]) for key in ARGUMENTS[name] if key in said))

        pixels = value(values[body["expression"]["result"]])
        table = np.zeros(pixels.shape[:2], [(f"A{i:02d}", pixels.dtype) for i in range(64)])
        for i, name in enumerate(table.dtype.names or ()):
            table[name] = pixels[..., i]
        file = io.BytesIO()
        np.save(file, table)
        return file.getvalue()


ARGUMENTS = {
    "Image.abs": ["value"],
    "Image.sqrt": ["value"],
    "Image.signum": ["value"],
    "Image.round": ["value"],
    "Image.toInt8": ["value"],
    "Image.multiply": ["image1", "image2"],
    "Image.clamp": ["input", "low", "high"],
    "Image.unmask": ["input", "value"],
    "Image.constant": ["value"],
}

PIXEL_FUNCTIONS = {
    "Image.abs": np.abs,
    "Image.sqrt": np.sqrt,
    "Image.signum": np.sign,
    "Image.round": np.round,
    "Image.toInt8": lambda a: a.astype(np.int8),
    "Image.multiply": lambda a, b: a * b,
    "Image.clamp": np.clip,
    "Image.unmask": lambda a, fill: np.where(np.isnan(a), fill, a),
    "Image.constant": lambda a: a,
}
