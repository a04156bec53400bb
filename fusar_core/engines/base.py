"""What an engine is: it is given chips and answers tasks about them.

A new one is a class like this, and a line in `fusar_core.engines.ENGINES`:

    class Brightness(Engine):
        info = EngineInfo("brightness", "whatever is bright", frozenset({"count"}), classes=frozenset({"ship"}),
                          options=(Option("level", int, 200, "grey value from which a pixel is bright"),))

        def __init__(self, level: int = 200) -> None:
            self.level = level

        def answer(self, requests: Iterable[Request], hooks: Hooks = NO_HOOKS) -> Answers:
            for request in requests:
                _, found = ndimage.label(request.chip.image >= self.level)
                yield Answer(request.chip.where, "count", "ship", found)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeAlias, TypeVar

from fusar_core.domain.answers import Answer, Request
from fusar_core.domain.tiling import CHIP_SIZE
from fusar_core.engines.options import Option
from fusar_core.tasks import TASKS, class_tasks

T = TypeVar("T")

OVERLAP = 1 / 8
"""Of a chip with its neighbour, for detection, where an engine does not say otherwise."""

Answers: TypeAlias = Generator[Answer, None, None]


@dataclass(frozen=True)
class EngineInfo:
    """What an engine says of itself before it is opened; importing no library that is slow to load.

    title: a few words for people. tasks, classes: all it may have; an opened engine may have less, or others. derived:
    the tasks whose answer follows from the engine's own detections; a scene's answers to them are made from the merged
    detections, not chip by chip. takes_prior: whether it makes use of anchors. confined: whether it is to be shown
    nothing outside the wanted extent, since chips leave this computer. loads_model: whether opening it loads weights
    here, so that a batch opens it once and gives it a GPU. demonstration: whether what it answers with, unless told
    otherwise, is there to show how things work and not to be relied on. chip_size: side of its chips in pixels; None
    where it depends.
    """

    name: str
    title: str
    tasks: frozenset[str]
    classes: frozenset[str] = frozenset()
    derived: frozenset[str] = frozenset()
    takes_prior: bool = False
    confined: bool = False
    loads_model: bool = False
    demonstration: bool = False
    chip_size: int | None = None
    options: tuple[Option, ...] = ()

    @property
    def finds_only(self) -> bool:
        """Whether it only finds targets: it has no words for boxes and questions."""
        return self.tasks <= frozenset(class_tasks())

    def as_dict(self) -> dict[str, Any]:
        """All of it as JSON-able values."""
        return {
            "name": self.name,
            "title": self.title,
            "tasks": [t for t in TASKS if t in self.tasks],
            "classes": sorted(self.classes),
            "derived": [t for t in TASKS if t in self.derived],
            "takes_prior": self.takes_prior,
            "finds_only": self.finds_only,
            "demonstration": self.demonstration,
            "chip_size": self.chip_size,
            "options": [option.as_dict() for option in self.options],
        }


def never() -> bool:
    """Nobody wants to stop."""
    return False


@dataclass(frozen=True)
class Hooks:
    """What a caller wants of an engine at work.

    cancelled: asked now and then, between words where there are any; the engine then raises Cancelled. on_text: gets
    the words of a question that is asked alone as they come.
    """

    cancelled: Callable[[], bool] = never
    on_text: Callable[[str], None] | None = None


NO_HOOKS = Hooks()


@dataclass(frozen=True)
class Report:
    """What a reader of results should know of an engine. provenance: name → value, JSON-able."""

    provenance: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


class Engine(ABC):
    """Answers tasks about chips. Construction may be slow (weights), with the options that `info` declares.

    name, model: for provenance. tasks, classes, derived, takes_prior, confined, demonstration: of this engine as it was
    opened; those of `info` unless the class or the constructor says otherwise. questions: the only ones in free words
    that it was trained for; empty where it may be asked anything. options: those it was opened with (`open_engine`).
    """

    info: ClassVar[EngineInfo]

    name: str
    model: str = ""
    tasks: frozenset[str]
    classes: frozenset[str]
    derived: frozenset[str]
    takes_prior: bool
    confined: bool
    demonstration: bool
    questions: tuple[str, ...] = ()
    options: dict[str, Any] = {}  # noqa: RUF012 (replaced as a whole, never changed)

    def __init_subclass__(cls) -> None:
        """What a class declares holds for its engines."""
        super().__init_subclass__()
        if "info" not in cls.__dict__:
            return
        info = cls.info
        for name in ("name", "tasks", "classes", "derived", "takes_prior", "confined", "demonstration"):
            if name not in cls.__dict__:
                setattr(cls, name, getattr(info, name))

    def tiling(self, pixel_size_m: tuple[float, float] | None) -> tuple[int, int]:
        """Chip side and least overlap, both in pixels, for a scene of this pixel size."""
        side = self.info.chip_size or CHIP_SIZE
        return side, round(side * OVERLAP)

    @abstractmethod
    def answer(self, requests: Iterable[Request], hooks: Hooks = NO_HOOKS) -> Answers:
        """Answers in the order of the requests, each as soon as it is known.

        A generator: whoever does not want all answers closes it, and the engine stops. Raises Cancelled when
        `hooks.cancelled` says so.
        """

    def deciding(self) -> dict[str, Any]:
        """The options it was opened with that change answers, JSON-able: journals keep them. Paths are left out: what
        lies there is told by `model`."""
        kept = [o.name for o in self.info.options if o.decides and not o.secret and o.type is not Path]
        return {name: self.options[name] for name in kept if name in self.options}

    def report(self, pixel_size_m: tuple[float, float] | None = None) -> Report:
        """What a reader of results should know; to be asked when it has answered. pixel_size_m: of the scene."""
        return Report(self.deciding())

    def close(self) -> None:  # noqa: B027 (most engines hold nothing)
        """Lets go of what it holds; it is not asked again."""


def named(engine: str, model: str) -> str:
    """An engine and its model for people, as results keep them; the engine alone where it has no model."""
    return f"{engine} ({model})" if model else engine


def usable(engine: Engine, prior: T | None) -> T | None:
    """The prior, unless the engine has no use for one."""
    return prior if engine.takes_prior else None
