"""What an evaluation asks about each chip, and what is true: fixed before anything is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fusar_core.engines import require
from fusar_core.engines.base import Engine
from fusar_core.errors import BadOption, UnknownTask
from fusar_core.evaluation.cases import Case, CaseRequest
from fusar_core.tasks import TASKS, VARIANTS, finding, questions, scored_task, to_ask
from fusar_core.tasks.base import BOX
from training.data.tasks import trained
from training.data.triplets import Triplet
from training.data.truth import boxes_of, clip
from training.evaluation import paper

Plan = list[list[CaseRequest]]
"""For each chip what is asked about it."""


def scorable() -> tuple[str, ...]:
    """Every task that can be evaluated, the paper's first; variants of tasks among them."""
    every = dict.fromkeys((*paper.TASKS, *TASKS, *VARIANTS))
    return tuple(name for name in every if scored_task(name).scorable)


@dataclass(frozen=True)
class Scope:
    """What is asked about every chip.

    classes: asked about each; those a source labels throughout. one_class: only about one a chip, one that is there if
    any is, in turns otherwise. most_targets: of a chip that are to be classified, in their order; None for all.

    Raises BadOption.
    """

    tasks: Sequence[str] = paper.TASKS
    classes: Sequence[str] = ("plane", "ship")
    one_class: bool = False
    most_targets: int | None = None

    def __post_init__(self) -> None:
        if unknown := [t for t in self.tasks if t not in scorable()]:
            raise BadOption(f"'{unknown[0]}' cannot be evaluated.", f"Tasks: {', '.join(scorable())}.")
        if not self.tasks or not self.classes:
            raise BadOption("Nothing is to be asked about: no task, or no class.", "Name at least one of each.")
        if self.most_targets is not None and self.most_targets < 1:
            raise BadOption(f"{self.most_targets} targets a chip are none.", "Give 1 or more.")


def planned(triplets: Sequence[Triplet], scope: Scope, engine: Engine) -> Plan:
    """Counts, cells, boxes and description at once, then each target.

    Tasks that the engine derives from its detections are derived from them here likewise. Truth comes from the
    targets, never from conversations; a description is held against the chip's own, or else the template's. Of a chip
    whose truth nobody knows a task is not asked.

    Raises UnsupportedTask, UnknownTask for one whose truth is known of no chip, UnknownClass, BadOption.
    """
    derived = [t for t in scope.tasks if t in engine.derived]
    asked = to_ask(scope.tasks, engine.derived)
    require(engine, asked, scope.classes)
    kinds = tuple(sorted({t.kind for triplet in triplets for t in triplet.targets if t.kind}))
    choices = {
        name: trained(name).choices(scope.classes, kinds)
        for name in sorted(scope.tasks, key=scorable().index)
        if scored_task(name).about == BOX
    }
    once = tuple(t for t in asked if scored_task(t).about != BOX)
    plan = [
        [*_about_chip(triplet, once, labels, scope.tasks, derived), *_about_targets(triplet, scope, choices)]
        for triplet, labels in zip(triplets, _classes(triplets, scope), strict=True)
    ]
    told = {case.task for case in cases_of(plan)}
    for task in scope.tasks:
        if triplets and task not in told and scored_task(task).about != BOX:
            raise UnknownTask(
                f"What is true of '{task}' is known of none of the {len(triplets)} chips.",
                "Give triplets whose targets or facts tell it, or say in training/data/tasks how it is found.",
            )
    return plan


def cases_of(plan: Plan) -> Iterator[Case]:
    """Every case of a plan, in the order of its rows."""
    return (case for chip in plan for inquiry in chip for settled in inquiry.settles for case in settled)


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
) -> Iterator[CaseRequest]:
    settles: dict[tuple[str, str], tuple[Case, ...]] = {}
    for task, label in questions(once, labels):
        settled = [task] if task in wanted and task not in derived else []
        settled += derived if finding((task,)) else []
        settles[task, label] = tuple(case for t in settled if (case := _case(triplet, t, label)))
    asked = tuple(t for t in once if any(cases for (task, _), cases in settles.items() if task == t))
    if asked:
        yield CaseRequest(asked, labels, tuple(settles[question] for question in questions(asked, labels)))


def _about_targets(triplet: Triplet, scope: Scope, choices: Mapping[str, tuple[str, ...]]) -> Iterator[CaseRequest]:
    for task, options in choices.items():
        known = trained(task)
        named = [(known.name_of(t), clip(t.bbox, triplet.size)) for t in triplet.targets]
        for name, box in [n for n in named if n[0] in options and n[1] is not None][: scope.most_targets]:
            place = triplet.place or triplet.id
            case = Case(triplet.id, place, task, name, name, triplet.size, box)
            yield CaseRequest((known.task.asked_as,), options, ((case,),), box)


def _case(triplet: Triplet, task: str, label: str) -> Case | None:
    """None where nobody knows what is true."""
    truth = trained(task).truth(triplet, label)
    return None if truth is None else Case(triplet.id, triplet.place or triplet.id, task, label, truth, triplet.size)
