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
_about: dict = {}


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


def start() -> dict:
    """Starts the engine where it does not run, and says who it is. Raises EngineError."""
    global _about
    _about = engine().start()
    return _about


def engine_names() -> list[str]:
    """The engines there are, as they were told at the last start; those every version has before the first."""
    return _about.get("engines") or ["cfar", "fusar"]


def engine_info(name: str) -> dict:
    """What an engine declares of itself (title, tasks, finds_only, options); empty before the first start."""
    return next((info for info in _about.get("engine_infos", []) if info["name"] == name), {})


def finds_only(name: str) -> bool:
    """Whether an engine finds targets and has no words for boxes and questions."""
    return bool(engine_info(name).get("finds_only"))


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
