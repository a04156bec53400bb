"""The engines: each a way to answer tasks about chips. To add one, write its module and name it in `ENGINES`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, cast

from fusar_core.engines.base import Engine
from fusar_core.errors import MissingExtra, UnknownEngine

ENGINES: dict[str, str] = {
    "cfar": "fusar_core.engines.cfar:CfarEngine",
    "fusar": "fusar_core.engines.local:LocalEngine",
}
"""Name → module:class. Modules are imported when asked for: an engine may need libraries that others do not."""


REMOTE = "fusar_core.engines.remote:RemoteEngine"
"""What an address of a server, in place of a name, is opened with."""

MODEL_ENGINES = ("fusar",)
"""Those that are opened with `model=DIRECTORY`."""
MODEL_PACKAGES = ("torch", "transformers", "peft", "safetensors")


def open_engine(name: str, **options: Any) -> Engine:
    """The engine of that name, or at that address (`https://host:8000/v1`), ready to answer.

    options: those of its class.

    Raises UnknownEngine, naming those that exist, MissingExtra, and what opening the engine may raise.
    """
    if is_address(name):
        module, cls = REMOTE.split(":")
        return cast(Engine, getattr(import_module(module), cls)(name, **options))
    if name not in ENGINES:
        known = ", ".join(sorted(ENGINES))
        raise UnknownEngine(
            f"There is no engine called '{name}'.", f"Engines: {known}, or the address of a server (https://…/v1)."
        )
    module, cls = ENGINES[name].split(":")
    with needs_model_extra(f"The engine '{name}'"):
        engine = getattr(import_module(module), cls)
    return cast(Engine, engine(**options))


def is_address(name: str) -> bool:
    """Whether the name of an engine is the address of a server."""
    return name.strip().lower().startswith(("http://", "https://"))


@contextmanager
def needs_model_extra(who: str) -> Iterator[None]:
    """Raises MissingExtra where an import inside fails for want of the libraries that models need."""
    try:
        yield
    except ModuleNotFoundError as cause:
        if cause.name not in MODEL_PACKAGES:
            raise
        raise MissingExtra(
            f"{who} needs {cause.name}, which is not installed.", 'Run: pip install "fusar-core[model]"'
        ) from cause
