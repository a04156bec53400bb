"""The plugin's side of the sidecar: starts it, sends requests, hands out answers; restarts it when it died.

Standard library, and of Qt its translations: it may be used from any thread. Requests may hold secrets and are never
logged.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import queue
import subprocess  # nosec B404
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ..schema import PROTOCOL
from . import launcher, paths
from .errors import EngineError
from .words import in_words_of_qgis

START_S = 90.0
"""A first start reads the libraries from a cold disk, perhaps through a virus scanner."""
STOP_S = 3.0
CANCEL_S = 20.0
"""After which a sidecar that does not react to a cancel is ended by force."""
MOST_LOG_BYTES = 2_000_000
LOG_LINES = 40
GARBLED, SHOWN = "garbled", 200
"""Key of a message of ours that cannot be read, and how much of it is shown."""

Notified = Callable[[str, dict], None]


class EngineClient:
    """One sidecar process. find_command: gives the words that start it, e.g. [".../fusar", "sidecar"], or raises
    EngineError. environment: gives variables to add to the process's own."""

    def __init__(
        self,
        find_command: Callable[[], Sequence[str | os.PathLike]],
        log_path: Path,
        environment: Callable[[], dict[str, str]] = dict,
    ) -> None:
        self.log_path = Path(log_path)
        self._find_command = find_command
        self._environment = environment
        self._ids = itertools.count(1)
        self._lock = threading.RLock()
        self._link: _Link | None = None
        self._restarts = 0

    def call(
        self,
        method: str,
        params: dict,
        on_notification: Notified | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> dict:
        """Asks the engine and waits for its answer; starts it first where needed. Relative paths in the parameters are
        those of this process.

        on_notification(method, params) is called in this thread for every notification that belongs to the request.
        cancelled: asked ten times a second; the request is cancelled when it says so, and its last features still
        arrive. Raises EngineError.
        """
        link = self._started()
        ident = next(self._ids)
        return link.ask(ident, method, paths.absolute(params, link.about), on_notification, cancelled)

    def cancel(self, ident: int) -> None:
        """Cancels a request by its id, from any thread."""
        link = self._link
        if link:
            link.send({"method": "cancel", "params": {"id": ident}})

    def start(self) -> dict:
        """Starts the sidecar where it does not run, and says who it is. Raises EngineError."""
        return self._started().about

    def status(self) -> dict:
        """running, pid, version, engines, command, restarts, log; starts nothing."""
        link = self._link
        running = link is not None and link.alive
        about = link.about if running else {}
        return {
            "running": running,
            "pid": link.process.pid if running else None,
            "version": about.get("version"),
            "engines": about.get("engines", []),
            "command": str(link.command[0]) if link else "",
            "restarts": self._restarts,
            "log": str(self.log_path),
        }

    def log_tail(self, lines: int = LOG_LINES) -> str:
        """The end of the log, for diagnostics."""
        try:
            return "\n".join(self.log_path.read_text("utf-8", "replace").splitlines()[-lines:])
        except OSError:
            return ""

    def close(self) -> None:
        """Ends the sidecar; the next request starts it again."""
        with self._lock:
            link, self._link = self._link, None
        if link:
            link.close()

    def _started(self) -> _Link:
        with self._lock:
            if self._link and self._link.alive:
                return self._link
            if self._link:
                self._restarts += 1
                self._link.close()
                self._link = None
            command = list(self._find_command())
            link = _Link(command, self._open_log(), self.log_path, self._environment())
            try:
                link.about = self._greet(link)
            except EngineError:
                link.close()
                raise
            self._link = link
            return link

    def _greet(self, link: _Link) -> dict:
        try:
            about = link.ask(0, "initialize", {"protocol": PROTOCOL}, None, None, timeout=START_S)
        except EngineError as error:
            if error.code != "ENGINE_DIED":
                raise
            old = "No such command" in self.log_tail(5)
            code = "ENGINE_OLD" if old else "ENGINE_BROKEN"
            what = "is too old for this plugin" if old else "ended before it was ready"
            raise EngineError(
                code,
                f"The engine {link.command[0]} {what}: {_last_words(self.log_tail(5))}",
                "Press Repair in Settings › Options › FUSAR.",
            ) from error
        if about.get("protocol") != PROTOCOL:
            raise EngineError(
                "ENGINE_OLD",
                f"The engine is version {about.get('version', '?')} and speaks protocol {about.get('protocol')};"
                f" this plugin speaks {PROTOCOL}.",
                "Press Repair in Settings › Options › FUSAR, or update the plugin.",
            )
        return about

    def _open_log(self):
        """The log, opened to append; the old one is put aside when it has grown large."""
        try:
            self.log_path.parent.mkdir(parents=True, exist_ok=True)
            if self.log_path.exists() and self.log_path.stat().st_size > MOST_LOG_BYTES:
                os.replace(self.log_path, self.log_path.with_suffix(".old.log"))
            return open(self.log_path, "ab")
        except OSError:  # a read-only place must not keep the engine from starting
            return open(os.devnull, "ab")


def _last_words(log: str) -> str:
    lines = [line for line in log.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it said nothing."


class _Link:
    """A running sidecar: its process, a thread that reads its stdout, and a queue for each request at work."""

    def __init__(self, command: Sequence, log, log_path: Path, environment: dict[str, str]) -> None:
        self.command = command
        self.about: dict = {}
        self._log, self._log_path = log, log_path
        self._queues: dict[int, queue.SimpleQueue] = {}
        self._writing = threading.Lock()
        self._dead: EngineError | None = None
        self._state = threading.Lock()
        try:
            self.process = launcher.start(command, log, environment)
        except EngineError:
            log.close()
            raise
        self._reader = threading.Thread(target=self._read, name="fusar-engine", daemon=True)
        self._reader.start()

    @property
    def alive(self) -> bool:
        return self._dead is None and self.process.poll() is None

    def send(self, message: dict) -> None:
        """Writes one message. Raises EngineError when the process is gone."""
        line = json.dumps({"jsonrpc": "2.0", **message}, allow_nan=False).encode() + b"\n"
        try:
            with self._writing:
                self.process.stdin.write(line)
                self.process.stdin.flush()
        except (OSError, ValueError) as cause:
            raise self._death() from cause

    def ask(
        self,
        ident: int,
        method: str,
        params: dict,
        on_notification: Notified | None,
        cancelled: Callable[[], bool] | None,
        timeout: float | None = None,
    ) -> dict:
        inbox: queue.SimpleQueue = queue.SimpleQueue()
        with self._state:
            if self._dead:
                raise self._death()
            self._queues[ident] = inbox
        try:
            self.send({"id": ident, "method": method, "params": params})
            return self._await(ident, inbox, on_notification, cancelled, timeout)
        finally:
            with self._state:
                self._queues.pop(ident, None)

    def _await(self, ident, inbox, on_notification, cancelled, timeout) -> dict:
        cancel_sent: float | None = None
        started = time.monotonic()
        while True:
            now = time.monotonic()
            if cancelled and cancel_sent is None and cancelled():
                self.send({"method": "cancel", "params": {"id": ident}})
                cancel_sent = now
            late = (cancel_sent and now - cancel_sent > CANCEL_S) or (timeout and now - started > timeout)
            if late:
                self.process.kill()
                if cancel_sent:
                    raise EngineError("CANCELLED", "Stopped; the engine did not react and was ended.")
                raise EngineError(
                    "ENGINE_BROKEN", f"The engine gave no sign of life for {timeout:.0f} s.", "Try again, or repair it."
                )
            try:
                message = inbox.get(timeout=0.1)
            except queue.Empty:
                continue
            if message is None:
                raise self._death()
            if GARBLED in message:
                raise _unreadable(message[GARBLED])
            if "method" in message:
                self._notify(ident, message, on_notification)
            elif "error" in message:
                raise _as_error(message["error"])
            else:
                return message.get("result") or {}

    def _notify(self, ident: int, message: dict, on_notification: Notified | None) -> None:
        """Hands a notification on. One that the plugin cannot read ends the request on both sides."""
        try:
            if on_notification:
                on_notification(message["method"], message.get("params", {}))
        except (KeyError, TypeError, ValueError, AttributeError) as cause:
            self.send({"method": "cancel", "params": {"id": ident}})
            raise _unreadable(f"{message['method']}, {type(cause).__name__}: {cause}") from cause

    def _read(self) -> None:
        """Hands every message to the request it belongs to, until the process ends."""
        try:
            for line in self.process.stdout:
                message, ident = _read_line(line)
                if message is None:
                    continue  # the sidecar guards its stdout; whatever else came is not for us
                with self._state:
                    inboxes = [self._queues[ident]] if ident in self._queues else []
                    if message.get("method") == "log" or (GARBLED in message and ident is None):
                        inboxes = list(self._queues.values())
                for inbox in inboxes:
                    inbox.put(message)
        except (OSError, ValueError):
            pass  # closed under our hands
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_S)
        with self._state:
            self._dead = self._obituary()
            for inbox in self._queues.values():
                inbox.put(None)

    def _death(self) -> EngineError:
        """A new exception each time: the same one must not be raised in several threads."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_S)
        return self._obituary()

    def _obituary(self) -> EngineError:
        status = self.process.poll()
        return EngineError(
            "ENGINE_DIED",
            f"The engine ended unexpectedly (exit status {status}).",
            f"What had arrived is kept; the next request starts it again. Its log: {self._log_path}.",
        )

    def close(self) -> None:
        """Asks the process to end, then makes it."""
        with contextlib.suppress(EngineError):
            self.send({"method": "shutdown"})
        with contextlib.suppress(OSError, ValueError):
            self.process.stdin.close()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join(STOP_S)
        with contextlib.suppress(OSError):
            self.process.stdout.close()
        self._log.close()


def _read_line(line: bytes) -> tuple[dict | None, int | None]:
    """A message and the request it belongs to; None for what is none of ours. One of ours that cannot be read says so
    under GARBLED: whoever may have been meant must not wait for ever."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        ours = line.lstrip().startswith(b'{"jsonrpc"')
        return ({GARBLED: line[:SHOWN].decode("utf-8", "replace")}, None) if ours else (None, None)
    if not isinstance(message, dict):
        return None, None
    params = message.get("params", {})
    ident = message.get("id")
    if "method" in message:
        fine = isinstance(message["method"], str) and isinstance(params, dict)
        ident = params.get("id") if fine else None
    elif "error" in message:
        fine = isinstance(message["error"], dict) and isinstance(message["error"].get("data") or {}, dict)
    else:
        fine = isinstance(message.get("result") or {}, dict)
    if isinstance(ident, bool) or not isinstance(ident, int):
        ident = None
    if fine:
        return message, ident
    return ({GARBLED: line[:SHOWN].decode("utf-8", "replace")}, ident) if "jsonrpc" in message else (None, None)


def _unreadable(what: str) -> EngineError:
    return EngineError(
        "ENGINE_BROKEN",
        f"The engine sent what this plugin cannot read: {what}",
        "Try again; if it stays so, press Repair in Settings › Options › FUSAR.",
    )


def _as_error(error: dict) -> EngineError:
    data = error.get("data") or {}
    if error.get("code") == -32601:
        return EngineError(
            "ENGINE_OLD", f"The engine does not know this request: {error.get('message')}", "Press Repair in Options."
        )
    message, hint = data.get("message", error.get("message", "")), data.get("hint", "")
    return EngineError(data.get("code", "INTERNAL"), in_words_of_qgis(message), in_words_of_qgis(hint))
