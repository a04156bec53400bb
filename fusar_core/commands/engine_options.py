"""The options with which commands choose an engine, and the engine they choose."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from fusar_core.engines import ENGINES, MODEL_ENGINES, open_engine
from fusar_core.engines.base import Engine
from fusar_core.errors import BadOption

F = TypeVar("F", bound=Callable[..., Any])


def engine_options(default: str) -> Callable[[F], F]:
    """Adds --engine (when there is a choice), --model, --device, --dtype, --quantization and --batch-size."""

    def add(command: F) -> F:
        options = [
            click.option("--engine", default=default, show_default=True, help=f"One of: {', '.join(ENGINES)}."),
            click.option("--model", type=click.Path(path_type=Path), help="Model directory, for engines with one."),
            click.option("--device", help="cpu, cuda, cuda:1 …; default: a GPU where there is one."),
            click.option("--dtype", help="float32 or bfloat16; default: what suits the device."),
            click.option("--quantization", help="8bit or 4bit: the language model in less GPU memory."),
            click.option("--batch-size", type=int, help="Chips worked on at once; halved when memory runs out."),
        ]
        for option in reversed(options):
            command = option(command)
        return command

    return add


def chosen_engine(name: str, options: dict[str, Any], **more: Any) -> Engine:
    """The engine of that name with the options that were given on the command line.

    Raises BadOption when a model is missing or not wanted, and what opening the engine may raise.
    """
    given = {key: value for key, value in options.items() if value is not None}
    if name in MODEL_ENGINES:
        if "model" not in given:
            raise BadOption(f"The engine '{name}' needs a model.", "Give its directory with --model.")
        return open_engine(name, **given, **more)
    if given and name in ENGINES:
        unwanted = ", ".join("--" + key.replace("_", "-") for key in given)
        raise BadOption(f"The engine '{name}' has no model, so {unwanted} means nothing.", "Use --engine fusar.")
    return open_engine(name)
