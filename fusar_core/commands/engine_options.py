"""The options with which commands choose an engine, and the engine they choose."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from fusar_core.engines import ENGINES, MODEL_ENGINES, is_address, open_engine
from fusar_core.engines.base import Engine
from fusar_core.errors import BadOption

F = TypeVar("F", bound=Callable[..., Any])

REMOTE_ONLY = frozenset({"coordinates", "ca"})
LOCAL_ONLY = frozenset({"device", "dtype", "quantization", "batch_size"})
NAMES = ("model", *sorted(LOCAL_ONLY | REMOTE_ONLY))


def engine_options(default: str) -> Callable[[F], F]:
    """Adds --engine and the options of engines with a model, on this computer or behind an address."""

    def add(command: F) -> F:
        choice = f"One of: {', '.join(ENGINES)}; or the address of a server: https://host:8000/v1."
        options = [
            click.option("--engine", default=default, show_default=True, help=choice),
            click.option("--model", help="Model directory (fusar; default: fusar-nano), or name on the server."),
            click.option("--device", help="cpu, cuda, cuda:1 …; default: a GPU where there is one."),
            click.option("--dtype", help="float32 or bfloat16; default: what suits the device."),
            click.option("--quantization", help="8bit or 4bit: the language model in less GPU memory."),
            click.option("--batch-size", type=int, help="Chips worked on at once; halved when memory runs out."),
            click.option(
                "--coordinates", help="Boxes of a server's model: pixels or thousandths; default: by its name."
            ),
            click.option("--ca", type=click.Path(path_type=Path), help="Certificates to trust (PEM), for https://…"),
        ]
        for option in reversed(options):
            command = option(command)
        return command

    return add


def chosen_engine(name: str, options: dict[str, Any]) -> Engine:
    """The engine of that name with the options that were given on the command line.

    Raises BadOption for an option that the engine does not have, and what opening the engine may raise.
    """
    return open_engine(name, **engine_arguments(options | {"engine": name}))


def engine_arguments(options: dict[str, Any]) -> dict[str, Any]:
    """Of the options of `engine_options`, those that were given, checked against the engine. Raises BadOption."""
    name = options["engine"]
    given = {key: value for key in NAMES if (value := options.get(key)) is not None}
    if is_address(name):
        _refuse(given.keys() & LOCAL_ONLY, f"The model behind {name} is loaded by its server", "Leave it out.")
    elif name in MODEL_ENGINES:
        _refuse(given.keys() & REMOTE_ONLY, f"The engine '{name}' is on this computer", "Leave it out.")
    elif name in ENGINES:
        _refuse(given.keys(), f"The engine '{name}' has no model", "Use --engine fusar.")
    return given


def _refuse(unwanted: Any, why: str, advice: str) -> None:
    if unwanted:
        names = ", ".join("--" + key.replace("_", "-") for key in sorted(unwanted))
        raise BadOption(f"{why}, so {names} means nothing.", advice)
