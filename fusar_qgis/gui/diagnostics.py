"""What a bug report needs, as text for the clipboard: versions, engine, the last errors, the end of the log."""

from __future__ import annotations

import locale
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

from qgis.core import Qgis, QgsApplication
from qgis.PyQt.QtCore import QT_VERSION_STR

from .. import settings
from ..engine import manager

KEPT_ERRORS, LOG_LINES = 5, 60
SECRET = re.compile(
    r"(?i)((?:key|token|secret|password|authorization)[\"']?\s*[:=]\s*[\"']?(?:(?:bearer|basic)\s+)?|bearer\s+)[^\s,;\"']+"
)
CREDENTIALS_IN_URL = re.compile(r"(\w+://)[^/\s@]+@")

_errors: list[str] = []


def remember(error: str) -> None:
    """Keeps the text of an error shown, for the report."""
    _errors.append(f"{datetime.now(UTC):%H:%M:%SZ} {error}")
    del _errors[:-KEPT_ERRORS]


def without_secrets(text: str) -> str:
    """Text with anything that looks like a key or a password replaced, and the home folder as ~."""
    text = CREDENTIALS_IN_URL.sub(r"\1***@", SECRET.sub(r"\1***", text))
    home = str(Path.home())
    return text.replace(home, "~") if len(home) > 1 else text


def report() -> str:
    """The whole report."""
    lines = [
        f"FUSAR for QGIS, {datetime.now(UTC):%Y-%m-%d %H:%M:%SZ}",
        f"QGIS {Qgis.QGIS_VERSION}, Qt {QT_VERSION_STR}, Python {platform.python_version()}, "
        f"{platform.platform()}, locale {QgsApplication.locale()} / {locale.getpreferredencoding(False)}",
        "",
        "Engine",
        *_engine(),
        "",
        "Settings",
        *(f"  {name}: {value}" for name, value in _settings().items()),
        "",
        "Last errors",
        *([f"  {e}" for e in _errors] or ["  none"]),
        "",
        "End of the engine's log",
        *_log(),
    ]
    return without_secrets("\n".join(lines))


def copy() -> None:
    """Puts the report on the clipboard."""
    QgsApplication.clipboard().setText(report())


def _engine() -> list[str]:
    try:
        return [f"  {name}: {value}" for name, value in manager.engine().status().items()]
    except Exception as problem:  # the report must come about whatever is broken
        return [f"  {type(problem).__name__}: {problem}"]


def _settings() -> dict:
    """Every setting; an authentication is known by its id alone."""
    return {key: settings.get(key) for key in settings.DEFAULTS}


def _log() -> list[str]:
    tail = manager.engine().log_tail(LOG_LINES)
    return [f"  {line}" for line in tail.splitlines()] or ["  empty"]
