"""The engines: each a way to answer tasks about chips. To add one, write its module and name it in `ENGINES`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any, cast

from fusar_core.engines.base import Engine, EngineInfo
from fusar_core.engines.options import checked
from fusar_core.errors import MissingExtra, UnknownClass, UnknownEngine, UnsupportedTask
from fusar_core.tasks import TASKS

ENGINES: dict[str, str] = {
    "cfar": "fusar_core.engines.cfar.engine:CfarEngine",
    "fusar": "fusar_core.engines.local:LocalEngine",
}
"""Name → module:class. Importing the module loads no slow library; those it needs are imported when it is opened."""

REMOTE = "fusar_core.engines.remote:RemoteEngine"
"""What an address of a server, in place of a name, is opened with."""

MODEL_PACKAGES = ("torch", "transformers", "peft", "safetensors")


def engines() -> tuple[str, ...]:
    """The names of the engines there are."""
    return tuple(ENGINES)


def engine_info(name: str) -> EngineInfo:
    """What the engine of that name, or at that address, says of itself before it is opened.

    Raises UnknownEngine, naming those that exist.
    """
    return _engine_class(name).info


def infos() -> tuple[EngineInfo, ...]:
    """What every engine says of itself, last the one behind an address."""
    return tuple(_class_at(place).info for place in (*ENGINES.values(), REMOTE))


def check_options(name: str, given: Mapping[str, Any], written: Callable[[str], str] = str) -> dict[str, Any]:
    """Options for an engine, in the types that it declares; None was not given, and text is read.

    written: how a name is written where it was given, for people. Raises BadOption, naming the options there are, and
    UnknownEngine.
    """
    who = f"The model behind {name}" if is_address(name) else f"The engine '{name}'"
    return checked(who, engine_info(name).options, given, written)


def open_engine(name: str, /, **options: Any) -> Engine:
    """The engine of that name, or at that address (`https://host:8000/v1`), ready to answer.

    options: those it declares, see `engine_info`.

    Raises UnknownEngine, naming those that exist, BadOption, MissingExtra, and what opening the engine may raise.
    """
    made = _engine_class(name)
    given = check_options(name, options)
    with needs_model_extra(f"The engine '{name}'"):
        engine: Engine = cast(Any, made)(*([name] if is_address(name) else []), **given)
    secret = {option.name for option in made.info.options if option.secret}
    engine.options = {name: value for name, value in given.items() if name not in secret}
    return engine


def require(engine: Engine, tasks: Iterable[str], classes: Iterable[str]) -> None:
    """Makes sure that an engine can do the tasks and knows the classes.

    Raises UnsupportedTask, naming what it can do and who can do more; UnknownClass.
    """
    for task in tasks:
        if task not in engine.tasks:
            can = ", ".join(t for t in TASKS if t in engine.tasks)
            others = [name for name in engines() if name != engine.name and task in engine_info(name).tasks]
            more = "".join(f"; the engine '{name}' can do this" for name in others)
            raise UnsupportedTask(f"The engine '{engine.name}' cannot do '{task}'.", f"It can do: {can}{more}.")
    for name in classes:
        if name not in engine.classes:
            known = ", ".join(sorted(engine.classes))
            raise UnknownClass(f"The engine '{engine.name}' does not know the class '{name}'.", f"It knows: {known}.")


def is_address(name: str) -> bool:
    """Whether the name of an engine is the address of a server."""
    return name.strip().lower().startswith(("http://", "https://"))


def _engine_class(name: str) -> type[Engine]:
    if not is_address(name) and name not in ENGINES:
        known = ", ".join(sorted(ENGINES))
        raise UnknownEngine(
            f"There is no engine called '{name}'.", f"Engines: {known}, or the address of a server (https://…/v1)."
        )
    return _class_at(REMOTE if is_address(name) else ENGINES[name])


def _class_at(place: str) -> type[Engine]:
    module, name = place.split(":")
    found: type[Engine] = getattr(import_module(module), name)
    return found


@contextmanager
def needs_model_extra(who: str) -> Iterator[None]:
    """Raises MissingExtra where an import inside fails for want of the libraries that models need."""
    try:
        yield
    except ModuleNotFoundError as cause:
        if cause.name not in MODEL_PACKAGES:
            raise
        raise MissingExtra.of("model", f"{who} needs {cause.name}, which is not installed.") from cause
