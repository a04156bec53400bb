"""A client of the sidecar for tests: it reads in a thread, so that a test never waits for ever."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Any

COMMAND = [sys.executable, "-c", "from fusar_core.cli import main; main()", "sidecar"]
LONG = 60.0


class Client:
    """Talks to a sidecar; messages are read by a thread, so that a test never waits for ever."""

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe)
        self.inbox: queue.Queue[bytes] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.notes: list[dict[str, Any]] = []
        self._errors: list[bytes] = []
        self._stderr = threading.Thread(target=lambda: self._errors.extend(self.process.stderr or []), daemon=True)
        self._stderr.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.inbox.put(line)
        self.inbox.put(b"")

    def write(self, raw: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(raw + b"\n")
        self.process.stdin.flush()

    def send(self, method: str, ident: int | str | None = 1, **params: Any) -> None:
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        self.write(json.dumps(message if ident is None else message | {"id": ident}).encode())

    def receive(self) -> dict[str, Any]:
        line = self.inbox.get(timeout=LONG)
        assert line, f"the sidecar ended: {self.log()}"
        message = json.loads(line)
        assert message["jsonrpc"] == "2.0"
        return message

    def until(self, ident: Any = 1) -> dict[str, Any]:
        """The answer to a request; notifications on the way are kept in `notes`."""
        while True:
            message = self.receive()
            if "method" in message:
                self.notes.append(message)
            elif message.get("id") == ident:
                return message

    def ask(self, method: str, ident: int | str = 1, **params: Any) -> dict[str, Any]:
        self.send(method, ident, **params)
        return self.until(ident)

    def layers(self, *, provisional: bool) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for note in self.notes:
            params = note["params"]
            if note["method"] == "features" and params["provisional"] == provisional:
                found.setdefault(params["layer"], []).extend(params["geojson"]["features"])
        return found

    def close(self) -> int:
        assert self.process.stdin
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        status = self.process.wait(timeout=LONG)
        self._reader.join(LONG)
        self._stderr.join(LONG)
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe
            pipe.close()
        return status

    def log(self) -> str:
        return b"".join(self._errors).decode()
