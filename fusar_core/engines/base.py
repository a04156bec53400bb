"""What an engine is: it is given chips and answers tasks about them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

from fusar_core.domain.answers import Answer, Request
from fusar_core.errors import UnknownClass, UnsupportedTask
from fusar_core.tasks import TASKS

T = TypeVar("T")


class Engine(Protocol):
    """Answers tasks about chips. Construction may be slow (weights); `answer` streams.

    name, model: for provenance. tasks, classes: what may be asked. derived: the tasks whose answer follows from the
    engine's own detections; a scene's answers to them are made from the merged detections, not chip by chip. tiling:
    how a scene of this pixel size is best cut.
    """

    name: str
    model: str
    tasks: frozenset[str]
    classes: frozenset[str]
    derived: frozenset[str]

    def tiling(self, pixel_size_m: tuple[float, float] | None) -> tuple[int, int]:
        """Chip side and least overlap, both in pixels, for a scene of this pixel size."""
        ...

    def answer(self, requests: Iterable[Request]) -> Iterator[Answer]:
        """Answers in the order of the requests, each as soon as it is known; stops when the iterator is closed."""
        ...


def usable(engine: Engine, prior: T | None) -> T | None:
    """The prior, unless the engine says of itself (`takes_prior`) that it has no use for one."""
    return prior if getattr(engine, "takes_prior", True) else None


def confined(engine: Engine) -> bool:
    """Whether an engine is to be shown nothing outside the wanted extent, since chips leave this computer."""
    return bool(getattr(engine, "confined", False))


ENGINES_FOR_ALL = ("fusar",)
"""Engines that can do every task; named where another one is asked for too much."""


def require(engine: Engine, tasks: Iterable[str], classes: Iterable[str]) -> None:
    """Makes sure that an engine can do the tasks and knows the classes.

    Raises UnsupportedTask, naming what it can do and who can do more; UnknownClass.
    """
    for task in tasks:
        if task not in engine.tasks:
            can = ", ".join(t for t in TASKS if t in engine.tasks)
            others = [name for name in ENGINES_FOR_ALL if name != engine.name]
            more = "".join(f"; the engine '{name}' can do this" for name in others)
            raise UnsupportedTask(f"The engine '{engine.name}' cannot do '{task}'.", f"It can do: {can}{more}.")
    for name in classes:
        if name not in engine.classes:
            known = ", ".join(sorted(engine.classes))
            raise UnknownClass(f"The engine '{engine.name}' does not know the class '{name}'.", f"It knows: {known}.")
