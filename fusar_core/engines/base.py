"""What an engine is: it is given chips and answers tasks about them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from fusar_core.errors import UnknownClass, UnsupportedTask
from fusar_core.radiometry import Radiometry
from fusar_core.tasks import ALL_TASKS
from fusar_core.tiling import ChipWindow, Window

T = TypeVar("T")

Corners = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]


@dataclass(frozen=True)
class Detection:
    """One target.

    corners: the four (x, y) of its oriented rectangle, in order around it, in pixels of the image it was found in
    (outer-corner convention: the first pixel covers 0…1). score: in [0, 1]. contrast_db: brightest pixel above the mean
    of the local clutter, in dB, where the engine knows it. flags: doubts such as `azimuth_ambiguity`, in which case the
    target is listed but not counted. inset: by how many pixels the target stays inside the bounds of its rectangle at
    the left, top, right and bottom: a slanting ship does not reach their corners, and boxes are drawn around ships.
    """

    label: str
    score: float
    corners: Corners
    contrast_db: float | None = None
    flags: tuple[str, ...] = ()
    inset: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)

    @property
    def bbox(self) -> tuple[float, float, float, float]:
        """Axis-aligned bounds (x1, y1, x2, y2) of the target."""
        xs, ys = zip(*self.corners, strict=True)
        left, top, right, bottom = self.inset
        return min(xs) + left, min(ys) + top, max(xs) - right, max(ys) - bottom

    @property
    def centre(self) -> tuple[float, float]:
        xs, ys = zip(*self.corners, strict=True)
        return sum(xs) / 4, sum(ys) / 4


@dataclass
class Chip:
    """One window of a scene as an engine gets it.

    values: (H, W) pixels as stored (any numeric dtype; complex for SLC). valid: (H, W) bool, False on nodata, NaN,
    padding. water: (H, W) bool where targets may lie, None when no mask was given. pixel_size_m: ground metres (along a
    row, along a column), None without georeference. anchors: spatio-temporal prior, None when none was asked for.
    """

    where: ChipWindow
    values: npt.NDArray[Any]
    valid: npt.NDArray[np.bool_]
    radiometry: Radiometry
    pixel_size_m: tuple[float, float] | None
    water: npt.NDArray[np.bool_] | None = None
    anchors: Any | None = None

    @cached_property
    def intensity(self) -> npt.NDArray[np.float32]:
        """(H, W) float32 linear power, 0 where not valid; absolute only for calibrated data."""
        return self.radiometry.to_intensity(self.values, self.valid)

    @cached_property
    def image(self) -> npt.NDArray[np.uint8]:
        """(H, W) uint8 with the scene's fixed stretch, 0 where not valid: what a model sees."""
        return self.radiometry.to_uint8(self.values, self.valid)

    def inside(self, extent: Window) -> Chip:
        """The chip with nothing valid outside an extent (scene pixels)."""
        window = self.where.window
        shared = window.intersection(extent)
        valid = np.zeros_like(self.valid)
        if shared is not None:
            rows = slice(shared.row - window.row, shared.bottom - window.row)
            columns = slice(shared.col - window.col, shared.right - window.col)
            valid[rows, columns] = self.valid[rows, columns]
        return replace(self, valid=valid)


@dataclass(frozen=True)
class Request:
    """One chip and what to find out about it.

    box: (x1, y1, x2, y2) in chip pixels, of the target that `classify` is about. question: what `ask` asks. preamble:
    said before every question, to engines that read words.
    """

    chip: Chip
    tasks: Sequence[str]
    classes: Sequence[str]
    box: tuple[float, float, float, float] | None = None
    question: str = ""
    preamble: str = ""


@dataclass(frozen=True)
class Answer:
    """What an engine said about one chip, for one task and one class.

    value: `list[Detection]` in chip pixels (detect), `int` (count), `frozenset[int]` of cells (locate), a class name
    (classify), `str` (describe, ask); None when the answer could not be parsed. parse_status: `ok` or what was wrong;
    raw_text: the words of a language model.
    """

    chip: ChipWindow
    task: str
    label: str
    value: Any
    score: float | None = None
    prompt: str = ""
    raw_text: str = ""
    parse_status: str = "ok"
    seconds: float = 0.0
    notes: dict[str, Any] = field(default_factory=dict)


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
            can = ", ".join(t for t in ALL_TASKS if t in engine.tasks)
            others = [name for name in ENGINES_FOR_ALL if name != engine.name]
            more = "".join(f"; the engine '{name}' can do this" for name in others)
            raise UnsupportedTask(f"The engine '{engine.name}' cannot do '{task}'.", f"It can do: {can}{more}.")
    for name in classes:
        if name not in engine.classes:
            known = ", ".join(sorted(engine.classes))
            raise UnknownClass(f"The engine '{engine.name}' does not know the class '{name}'.", f"It knows: {known}.")
