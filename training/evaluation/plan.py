"""What an evaluation asks about each chip, and what is true: fixed before anything is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fusar_core.engines import require
from fusar_core.engines.base import Engine
from fusar_core.errors import BadOption, UnknownTask
from fusar_core.tasks import CLASSIFY, COUNT, DESCRIBE, DETECT, LOCATE, questions
from training.data.descriptions import describe
from training.data.triplets import Box, Triplet
from training.data.truth import boxes_of, cells, clip

FINE = "classify-fine"
"""Classification among the kinds that the targets of a set name, where its classes are the coarse ones."""
TASKS = (COUNT, LOCATE, CLASSIFY, DETECT, DESCRIBE)
KNOWN = (*TASKS, FINE)

Key = tuple[Any, ...]


@dataclass(frozen=True)
class Scope:
    """What is asked about every chip.

    classes: asked about each; those a source labels throughout. one_class: only about one a chip, one that is there if
    any is, in turns otherwise. most_targets: of a chip that are to be classified, in their order; None for all.

    Raises BadOption.
    """

    tasks: Sequence[str] = TASKS
    classes: Sequence[str] = ("plane", "ship")
    one_class: bool = False
    most_targets: int | None = None

    def __post_init__(self) -> None:
        if unknown := [t for t in self.tasks if t not in KNOWN]:
            raise BadOption(f"'{unknown[0]}' cannot be evaluated.", f"Tasks: {', '.join(KNOWN)}.")
        if not self.tasks or not self.classes:
            raise BadOption("Nothing is to be asked about: no task, or no class.", "Name at least one of each.")
        if self.most_targets is not None and self.most_targets < 1:
            raise BadOption(f"{self.most_targets} targets a chip are none.", "Give 1 or more.")


@dataclass(frozen=True)
class Case:
    """One answer to be scored. label: the class asked about, of `classify` the true one. box: of the target to
    classify, in chip pixels. truth: as the rows of results hold it; of `detect` the boxes."""

    triplet: Triplet
    task: str
    label: str
    truth: Any
    box: Box | None = None

    @property
    def key(self) -> Key:
        """The same for the same case of another evaluation; see `key_of`."""
        return self.triplet.id, self.task, self.label, *(tidy(self.box) if self.box else ())


@dataclass(frozen=True)
class Inquiry:
    """One request about a chip. settles: for each answer to it, in order, the cases that it settles."""

    tasks: tuple[str, ...]
    classes: tuple[str, ...]
    settles: tuple[tuple[Case, ...], ...]
    box: Box | None = None


Plan = list[list[Inquiry]]
"""For each chip what is asked about it."""


def planned(triplets: Sequence[Triplet], scope: Scope, engine: Engine) -> Plan:
    """Counts, cells, boxes and description at once, then each target.

    Tasks that the engine derives from its detections are derived from them here likewise. Truth comes from the
    targets, never from conversations; a description is held against the chip's own, or else the template's.

    Raises UnsupportedTask, UnknownClass, BadOption.
    """
    derived = [t for t in scope.tasks if t in engine.derived]
    asked = list(dict.fromkeys(DETECT if t in derived else CLASSIFY if t == FINE else t for t in scope.tasks))
    require(engine, asked, scope.classes)
    kinds = tuple(sorted({t.kind for triplet in triplets for t in triplet.targets if t.kind}))
    if FINE in scope.tasks and len(kinds) < 2:
        raise BadOption(
            f"There is no choice of kinds: {', '.join(kinds) or 'no target has one'}.", f"Leave out {FINE}."
        )
    once = tuple(t for t in asked if t != CLASSIFY)
    return [
        [*_about_chip(triplet, once, labels, scope.tasks, derived), *_about_targets(triplet, scope, kinds)]
        for triplet, labels in zip(triplets, _classes(triplets, scope), strict=True)
    ]


def cases_of(plan: Plan) -> Iterator[Case]:
    """Every case of a plan, in the order of its rows."""
    return (case for chip in plan for inquiry in chip for settled in inquiry.settles for case in settled)


def key_of(row: dict[str, Any]) -> Key:
    """The key of the case that a row of results is about."""
    return row["id"], row["task"], row["class"], *row.get("box", ())


def tidy(box: Sequence[float]) -> list[float]:
    """A box as results hold it: tenths of pixels."""
    return [round(float(v), 1) for v in box]


def _classes(triplets: Sequence[Triplet], scope: Scope) -> Iterator[tuple[str, ...]]:
    """The classes that each chip is asked about."""
    turns: Counter[tuple[str, ...]] = Counter()
    for triplet in triplets:
        pool = tuple(scope.classes)
        if scope.one_class:
            pool = tuple(c for c in pool if boxes_of(triplet.targets, c, triplet.size)) or pool
            turns[pool] += 1
            pool = (pool[(turns[pool] - 1) % len(pool)],)
        yield pool


def _about_chip(
    triplet: Triplet, once: tuple[str, ...], labels: tuple[str, ...], wanted: Collection[str], derived: Sequence[str]
) -> Iterator[Inquiry]:
    settles = []
    for task, label in questions(once, labels):
        settled = [task] if task in wanted and task not in derived else []
        settled += derived if task == DETECT else []
        settles.append(tuple(Case(triplet, t, label, _truth(triplet, t, label)) for t in settled))
    if settles:
        yield Inquiry(once, labels, tuple(settles))


def _about_targets(triplet: Triplet, scope: Scope, kinds: tuple[str, ...]) -> Iterator[Inquiry]:
    for task, options in ((CLASSIFY, tuple(scope.classes)), (FINE, kinds)):
        if task not in scope.tasks:
            continue
        named = [(t.kind if task == FINE else t.label, clip(t.bbox, triplet.size)) for t in triplet.targets]
        for name, box in [n for n in named if n[0] in options and n[1] is not None][: scope.most_targets]:
            yield Inquiry((CLASSIFY,), options, ((Case(triplet, task, name, name, box),),), box)


def _truth(triplet: Triplet, task: str, label: str) -> Any:
    """What is true of a chip and a class. Raises UnknownTask for a task that this does not know."""
    if task == DESCRIBE:
        own = next((c.answer for c in triplet.conversations if c.task == DESCRIBE), "")
        return own or describe(triplet.targets, triplet.size, triplet.facts)
    boxes = boxes_of(triplet.targets, label, triplet.size)
    if task == COUNT:
        return len(boxes)
    if task == LOCATE:
        return sorted(cells(boxes, triplet.size))
    if task == DETECT:
        return [list(box) for box in boxes]
    raise UnknownTask(f"Nobody knows what is true of '{task}'.", "Say in training/evaluation/plan.py how it is found.")
