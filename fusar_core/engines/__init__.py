"""The engines: each a way to answer tasks about chips. To add one, write its module and name it in `ENGINES`."""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

from fusar_core.engines.base import Engine
from fusar_core.errors import UnknownEngine

ENGINES: dict[str, str] = {"cfar": "fusar_core.engines.cfar:CfarEngine"}
"""Name → module:class. Modules are imported when asked for: an engine may need libraries that others do not."""


def open_engine(name: str, **options: Any) -> Engine:
    """The engine of that name, ready to answer.

    Raises UnknownEngine, naming those that exist.
    """
    if name not in ENGINES:
        raise UnknownEngine(f"There is no engine called '{name}'.", f"Engines: {', '.join(sorted(ENGINES))}.")
    module, cls = ENGINES[name].split(":")
    return cast(Engine, getattr(import_module(module), cls)(**options))
