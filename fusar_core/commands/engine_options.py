"""The options with which commands choose an engine, and the engine they choose."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from fusar_core.engines import check_options, engines, infos, open_engine
from fusar_core.engines.base import Engine
from fusar_core.engines.options import Option

F = TypeVar("F", bound=Callable[..., Any])

CLICK_TYPES: dict[type, Any] = {Path: click.Path(path_type=Path), bool: click.BOOL}


def engine_options(default: str) -> Callable[[F], F]:
    """Adds --engine and the options that engines declare."""

    def add(command: F) -> F:
        choice = f"One of: {', '.join(engines())}; or the address of a server: https://host:8000/v1."
        return click.option("--engine", default=default, show_default=True, help=choice)(declared_options(command))

    return add


def declared_options(command: F) -> F:
    """Adds the options that engines declare, each once; keys are given by the environment alone."""
    for name, options in reversed(_declared().items()):
        kinds = {option.type for option in options}
        kind = CLICK_TYPES.get(next(iter(kinds)), next(iter(kinds))) if len(kinds) == 1 else str
        words = ", or ".join(dict.fromkeys(option.help for option in options if option.help))
        command = click.option(_written(name), type=kind, help=words if words.endswith("…") else f"{words}.")(command)
    return command


def _declared() -> dict[str, list[Option]]:
    """Every option that some engine declares, by its name; not the keys."""
    found: dict[str, list[Option]] = {}
    for info in infos():
        for option in info.options:
            if not option.secret:
                found.setdefault(option.name, []).append(option)
    return found


def chosen_engine(name: str, options: dict[str, Any]) -> Engine:
    """The engine of that name with the options that were given on the command line.

    Raises BadOption for an option that the engine does not have, and what opening the engine may raise.
    """
    return open_engine(name, **engine_arguments(name, options))


def engine_arguments(name: str, options: dict[str, Any]) -> dict[str, Any]:
    """Of a command's options, those of engines that were given, as the engine takes them. Raises BadOption."""
    return check_options(name, {key: options[key] for key in _declared() if key in options}, _written)


def _written(name: str) -> str:
    return "--" + name.replace("_", "-")
