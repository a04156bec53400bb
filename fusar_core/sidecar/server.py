"""The engine as a child process: JSON-RPC 2.0 over stdin and stdout, one object a line, for the QGIS plugin.

Requests run in a few threads beside the one that reads, so that a `cancel` gets through while a scene is being read.
Notifications carry the id of the request they belong to: `progress {id, done, total, message}`, `features {id, layer,
…}`, `log`. What the methods do is in `fusar_core.sidecar.methods`. Requests are never logged: they may hold secrets.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from importlib import import_module
from typing import Any, BinaryIO

from fusar_core.domain.schema import PROTOCOL
from fusar_core.errors import EngineBusy, FusarError
from fusar_core.sidecar.call import Call, Id, raise_if_cancelled
from fusar_core.sidecar.pool import Pool

MOST_BYTES = 16 * 2**20
"""Of one request; more is a mistake."""
MOST_AT_ONCE = 16
"""Requests at work; others wait for their turn."""
MOST_WAITING = 4096
"""More are refused."""
GRACE_S = 5.0
"""How long running requests get to stop before the process ends."""

PARSE_ERROR, INVALID_REQUEST, NO_METHOD, INTERNAL_ERROR, FUSAR_ERROR = -32700, -32600, -32601, -32603, -32000
METHODS = ("engine_info", "scene_info", "interpret", "classify_box", "ask", "sample_anchors", "doctor")
"""Methods that run in threads; `initialize`, `cancel` and `shutdown` are answered at once."""

log = logging.getLogger("fusar_core.sidecar.server")


def guarded_stdout() -> BinaryIO:
    """The real stdout, for the protocol alone: from now on whatever prints, Python or C, prints to stderr."""
    sys.stdout.flush()
    protocol = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return protocol


class Sidecar:
    """Serves requests from `source` until it ends or `shutdown` is asked for; writes to `sink`."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self._source, self._sink = source, sink
        self._writing = threading.Lock()
        self._calls: dict[Id, Call] = {}
        self._pool = Pool(MOST_AT_ONCE)
        self._methods: Any = None

    def serve(self) -> None:
        """Returns when the client is gone or has asked to stop; running requests are cancelled first."""
        handler = _LogNotifier(self._notify)
        logging.getLogger("fusar_core").addHandler(handler)
        try:
            while line := self._source.readline(MOST_BYTES + 1):
                if len(line) > MOST_BYTES:
                    self._error(None, INVALID_REQUEST, f"A request of more than {MOST_BYTES} bytes.")
                    break
                if line.strip() and self._handle(line):
                    break
        finally:
            logging.getLogger("fusar_core").removeHandler(handler)
            self._stop_all()

    def _handle(self, line: bytes) -> bool:
        """Answers or starts one request; True for `shutdown`."""
        try:
            request = json.loads(line)
        except (ValueError, RecursionError) as cause:
            self._error(None, PARSE_ERROR, f"This is no JSON: {cause}.")
            return False
        if not isinstance(request, dict) or not isinstance(request.get("method"), str):
            self._error(None, INVALID_REQUEST, "A request is an object with a method.")
            return False
        ident, method, params = request.get("id"), request["method"], request.get("params", {})
        if (isinstance(ident, bool) or not isinstance(ident, int | str)) and (ident is not None or method in METHODS):
            self._error(None, INVALID_REQUEST, "The id of a request is a number or a string.")
        elif not isinstance(params, dict):
            self._error(ident, INVALID_REQUEST, "Parameters are an object.")
        elif method == "cancel":
            known = self._cancel(params.get("id"))
            self._answer(ident, {"cancelled": known})
        elif method == "shutdown":
            self._stop_all()
            self._answer(ident, {})
            return True
        elif method == "initialize":
            self._answer(ident, about())
            threading.Thread(target=self._load, name="warm-up", daemon=True).start()
        elif method not in METHODS:
            self._error(ident, NO_METHOD, f"There is no method '{method}'.")
        elif ident in self._calls:
            self._error(ident, INVALID_REQUEST, f"Request {ident!r} is at work already.")
        else:
            assert ident is not None
            self._start(ident, method, params)
        return False

    def _start(self, ident: Id, method: str, params: dict[str, Any]) -> None:
        log.info("request %r: %s", ident, method)
        call = Call(ident, params, self._notify)
        if self._pool.waiting >= MOST_WAITING:
            busy = EngineBusy(f"{MOST_WAITING} requests are waiting already.", "Wait for some of them, then try again.")
            self._error(ident, FUSAR_ERROR, busy.message, busy.as_dict())
            return
        self._calls[ident] = call
        self._pool.submit(ident, lambda: self._run(call, method))

    def _load(self) -> Any:
        """The methods' module: its libraries take a moment to import, which the handshake need not wait for."""
        self._methods = self._methods or import_module("fusar_core.sidecar.methods")
        return self._methods

    def _run(self, call: Call, method: str) -> None:
        started = time.monotonic()
        try:
            raise_if_cancelled(call)  # while it waited
            result = getattr(self._load(), method)(call)
            self._finish(call)
            self._answer(call.id, result)  # in here: what cannot be written as JSON must not leave a call unanswered
        except FusarError as error:
            self._finish(call)
            self._error(call.id, FUSAR_ERROR, error.message, error.as_dict())
        except MemoryError:
            self._finish(call)
            advice = "Interpret a smaller extent, or close other programs."
            data = {"code": "OUT_OF_MEMORY", "message": "Memory ran out.", "hint": advice}
            self._error(call.id, FUSAR_ERROR, data["message"], data)
        except Exception as error:
            traceback.print_exc()
            self._finish(call)
            said = f"{type(error).__name__}: {error}"
            data = {"code": "INTERNAL", "message": said, "hint": "This is a bug: please report it with the log."}
            self._error(call.id, INTERNAL_ERROR, said, data)
        log.info("request %r: %s ended after %.2f s", call.id, method, time.monotonic() - started)

    def _finish(self, call: Call) -> None:
        """Frees the id before the answer is written: the client may use it again from then on."""
        self._calls.pop(call.id, None)

    def _cancel(self, ident: Any) -> bool:
        found = self._calls.get(ident) if isinstance(ident, int | str) else None
        if found:
            found.stop.set()
            if self._pool.take_back(found.id):
                self._run(found, "")
        return found is not None

    def _stop_all(self) -> None:
        for call in list(self._calls.values()):
            call.stop.set()
        self._pool.drain(GRACE_S)

    def _notify(self, method: str, params: dict[str, Any]) -> None:
        self._write({"method": method, "params": params})

    def _answer(self, ident: Id | None, result: Any) -> None:
        if ident is not None:
            self._write({"id": ident, "result": result})

    def _error(self, ident: Id | None, code: int, message: str, data: dict[str, Any] | None = None) -> None:
        error: dict[str, Any] = {"code": code, "message": message}
        self._write({"id": ident, "error": error | ({"data": data} if data else {})})

    def _write(self, message: dict[str, Any]) -> None:
        text = json.dumps({"jsonrpc": "2.0"} | message, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        try:
            with self._writing:
                self._sink.write(text.encode("utf-8", "replace") + b"\n")
                self._sink.flush()
        except (OSError, ValueError):  # the client is gone
            for call in list(self._calls.values()):
                call.stop.set()


class _LogNotifier(logging.Handler):
    """Sends warnings of the engine to the client."""

    def __init__(self, notify: Callable[[str, dict[str, Any]], None]) -> None:
        super().__init__(logging.WARNING)
        self._notify = notify

    def emit(self, record: logging.LogRecord) -> None:
        self._notify("log", {"level": record.levelname.lower(), "message": record.getMessage()})


def about() -> dict[str, Any]:
    """What `initialize` answers: who is speaking, and what may be asked."""
    from fusar_core import __version__
    from fusar_core.engines import engines, infos
    from fusar_core.tasks import task_info, usual_tasks

    return {
        "protocol": PROTOCOL,
        "version": __version__,
        "python": sys.version.split()[0],
        "executable": sys.executable,
        "pid": os.getpid(),
        "engines": sorted(engines()),
        "engine_infos": [info.as_dict() for info in infos()],
        "tasks": list(usual_tasks()),
        "task_info": task_info(),
        "methods": [*METHODS, "cancel", "shutdown"],
    }
