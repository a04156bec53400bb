"""Reads radar (SAR) imagery: targets found, counted and located, as vector layers."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from fusar_core.engines import open_engine
    from fusar_core.interpretation.interpret import interpret
    from fusar_core.interpretation.result import Interpretation
    from fusar_core.interpretation.scope import Scope, Watch
    from fusar_core.scenes.scene import SarScene

__all__ = ["Interpretation", "SarScene", "Scope", "Watch", "interpret", "open_engine"]

_HOME = {
    "Interpretation": "fusar_core.interpretation.result",
    "Scope": "fusar_core.interpretation.scope",
    "Watch": "fusar_core.interpretation.scope",
    "SarScene": "fusar_core.scenes.scene",
    "interpret": "fusar_core.interpretation.interpret",
    "open_engine": "fusar_core.engines",
}


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first used: `import fusar_core` alone stays quick."""
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'fusar_core' has no attribute '{name}'")
