"""The one engine that all of the plugin shares, in Desktop and in `qgis_process`."""

from __future__ import annotations

import atexit
import threading
from pathlib import Path

from .. import settings
from . import launcher
from .client import EngineClient

_lock = threading.Lock()
_client: EngineClient | None = None


def log_path() -> Path:
    """The engine's log, beside its environment."""
    return Path(launcher.default_environment()).parent / "engine.log"


def engine() -> EngineClient:
    """The shared client. Making it starts nothing; the first request does."""
    global _client
    with _lock:
        if _client is None:
            _client = EngineClient(_command, log_path(), settings.engine_environment)
            atexit.register(shutdown)
        return _client


def _command() -> list[str]:
    return [str(launcher.find_engine(settings.engine_path())), "sidecar"]


def shutdown() -> None:
    """Ends the engine, for unloading the plugin and after settings changed; the next request starts it again."""
    global _client
    with _lock:
        client, _client = _client, None
    atexit.unregister(shutdown)
    if client:
        client.close()
