"""Reads radar (SAR) imagery: targets found, counted and located, as vector layers."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from fusar_core.engines import open_engine
    from fusar_core.interpretation.interpret import interpret
    from fusar_core.interpretation.result import Interpretation
    from fusar_core.interpretation.run import Run, opened
    from fusar_core.interpretation.scope import Scope, Watch
    from fusar_core.results.features import feature_tables
    from fusar_core.results.picture.scene_map import draw_map
    from fusar_core.results.vector_io import write_layers
    from fusar_core.scenes.scene import SarScene
    from fusar_core.scenes.water import WaterMask

__all__ = [
    "Interpretation",
    "Run",
    "SarScene",
    "Scope",
    "Watch",
    "WaterMask",
    "draw_map",
    "feature_tables",
    "interpret",
    "open_engine",
    "opened",
    "write_layers",
]

_HOME = {
    "Interpretation": "fusar_core.interpretation.result",
    "Run": "fusar_core.interpretation.run",
    "SarScene": "fusar_core.scenes.scene",
    "Scope": "fusar_core.interpretation.scope",
    "WaterMask": "fusar_core.scenes.water",
    "Watch": "fusar_core.interpretation.scope",
    "draw_map": "fusar_core.results.picture.scene_map",
    "feature_tables": "fusar_core.results.features",
    "interpret": "fusar_core.interpretation.interpret",
    "open_engine": "fusar_core.engines",
    "opened": "fusar_core.interpretation.run",
    "write_layers": "fusar_core.results.vector_io",
}


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first used: `import fusar_core` alone stays quick."""
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'fusar_core' has no attribute '{name}'")
