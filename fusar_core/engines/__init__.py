"""The engines: each a way to answer tasks about chips. To add one, write its module and name it in `ENGINES`."""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

from fusar_core.engines.base import Engine
from fusar_core.errors import MissingExtra, UnknownEngine

ENGINES: dict[str, str] = {
    "cfar": "fusar_core.engines.cfar:CfarEngine",
    "fusar": "fusar_core.engines.local:LocalEngine",
}
"""Name → module:class. Modules are imported when asked for: an engine may need libraries that others do not."""


MODEL_PACKAGES = ("torch", "transformers", "peft", "safetensors")


def open_engine(name: str, **options: Any) -> Engine:
    """The engine of that name, ready to answer; `options` are those of its class.

    Raises UnknownEngine, naming those that exist, MissingExtra, and what opening the engine may raise.
    """
    if name not in ENGINES:
        raise UnknownEngine(f"There is no engine called '{name}'.", f"Engines: {', '.join(sorted(ENGINES))}.")
    module, cls = ENGINES[name].split(":")
    try:
        engine = getattr(import_module(module), cls)
    except ModuleNotFoundError as cause:
        if cause.name not in MODEL_PACKAGES:
            raise
        raise MissingExtra(
            f"The engine '{name}' needs {cause.name}, which is not installed.", 'pip install "fusar-core[model]"'
        ) from cause
    return cast(Engine, engine(**options))
