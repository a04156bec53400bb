"""Stage-2 instructions: the questions of every task about a chip and their true answers, in the words of the engine.

    talks = instructions(triplet, np.random.default_rng(7), classes=("plane", "ship"), most=6)

Absent classes are asked about as well: the answer is 0, or None.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fusar_core.errors import BadOption, UnknownTask
from fusar_core.tasks import (
    ASK,
    CLASSIFY,
    COUNT,
    DESCRIBE,
    DETECT,
    LOCATE,
    TASKS,
    captioning,
    classification,
    counting,
    detection,
    localization,
    question,
)
from training.data.descriptions import describe
from training.data.triplets import Box, Conversation, Target, Triplet
from training.data.truth import Size, boxes_of, cells, clip, written
from training.data.words import KINDS, article, kind_in_words

CLASSES = ("plane", "ship")
YES, NO = "Yes.", "No."

Labelled = tuple[Sequence[Target], Size, Mapping[str, Any]]
"""Targets, (width, height) in pixels, and facts of a chip."""


def rng_for(name: str, seed: int) -> np.random.Generator:
    """The generator of one chip: the same for the same id and seed, whatever other chips there are."""
    return np.random.default_rng([seed, *hashlib.sha256(name.encode()).digest()[:8]])


def instructions(
    chip: Triplet | Labelled,
    rng: np.random.Generator,
    classes: Sequence[str] = CLASSES,
    tasks: Sequence[str] = tuple(TASKS),
    *,
    most: int | None = None,
    negatives: float = 1.0,
    box_step: int = 1,
    options: Sequence[str] | None = None,
    description: str | None = None,
) -> tuple[Conversation, ...]:
    """The conversations about a chip; the same rng state gives the same ones.

    classes: those that the source labels. most: conversations a chip at the most; tasks take turns, in a drawn order,
    so that each gets its share (all of them otherwise). negatives: how likely a question about an absent class is kept.
    box_step: pixels to which coordinates of detections are rounded. options: the classes offered when a target's is
    asked; `classes` when None. A target counts as its `kind` where that is offered, else as its label, and is not asked
    about where neither is. description: the answer to `describe`; from the template when None.

    Raises UnknownTask, BadOption.
    """
    if unknown := [t for t in tasks if t not in TASKS]:
        raise UnknownTask(f"There is no task called '{unknown[0]}'.", f"Tasks: {', '.join(TASKS)}.")
    if box_step < 1 or (most is not None and most < 1):
        raise BadOption(f"box_step {box_step} and most {most} must be at least 1.")
    targets, size, facts = (chip.targets, chip.size, chip.facts) if isinstance(chip, Triplet) else chip
    found: dict[str, list[Conversation]] = {task: [] for task in tasks}
    for task in found:
        if task == CLASSIFY:
            found[task] = _classify(targets, size, tuple(options or classes))
        elif task == DESCRIBE:
            text = describe(targets, size, facts, classes=classes) if description is None else description
            found[task] = [Conversation(DESCRIBE, captioning.prompt(), captioning.write(text))] if text else []
        elif task == ASK:
            found[task] = _ask(targets, size, facts, rng, classes)
        else:
            for label in classes:
                boxes = boxes_of(targets, label, size)
                if boxes or rng.random() < negatives:
                    found[task].append(_about(task, label, boxes, size, box_step))
    return _balanced(found, rng, most)


def _about(task: str, label: str, boxes: Sequence[Box], size: Size, box_step: int) -> Conversation:
    """The question of a task about one class. Raises UnknownTask for one that is about none."""
    if task == COUNT:
        return Conversation(task, counting.prompt(label), counting.write(len(boxes)), label)
    if task == LOCATE:
        return Conversation(task, localization.prompt(label), localization.write(cells(boxes, size)), label)
    if task == DETECT:
        said = detection.write(written(boxes, size, box_step), label)
        return Conversation(task, detection.prompt(label), said, label)
    raise UnknownTask(
        f"'{task}' cannot be asked about a class.", "Say in training/data/instructions.py how it is asked."
    )


def _classify(targets: Sequence[Target], size: Size, options: tuple[str, ...]) -> list[Conversation]:
    """Of every target on the chip, which of the options it is; nothing where there is no choice."""
    talks: list[Conversation] = []
    if len(options) < 2:
        return talks
    for target in targets:
        box = clip(target.bbox, size)
        name = target.kind if target.kind in options else target.label
        if box is not None and name in options:
            prompt = classification.prompt(box, options)
            talks.append(Conversation(CLASSIFY, prompt, classification.write(name), target.label, options, box))
    return talks


def _ask(
    targets: Sequence[Target], size: Size, facts: Mapping[str, Any], rng: np.random.Generator, classes: Sequence[str]
) -> list[Conversation]:
    """Yes-or-no questions: of each class whether one is there; whether the place is what it is, and something else."""
    talks = []
    for label in classes:
        there = bool(boxes_of(targets, label, size))
        asked = question.prompt(f"Is there {article(label)} {label} in this SAR image?")
        talks.append(Conversation(ASK, asked, YES if there else NO, label))
    if kind := str(facts.get("kind") or ""):
        others = [k for k in KINDS if k != kind]
        for asked_kind in (kind, others[int(rng.integers(len(others)))]):
            asked = question.prompt(f"Is this {kind_in_words(asked_kind)}?")
            talks.append(Conversation(ASK, asked, YES if asked_kind == kind else NO))
    return talks


def _balanced(
    found: Mapping[str, list[Conversation]], rng: np.random.Generator, most: int | None
) -> tuple[Conversation, ...]:
    """All conversations in the order of the tasks, or `most` of them, drawn from one task after the other in turns."""
    if most is None or sum(map(len, found.values())) <= most:
        return tuple(talk for talks in found.values() for talk in talks)
    drawn = {task: [talks[i] for i in rng.permutation(len(talks))] for task, talks in found.items() if talks}
    order = [list(drawn)[i] for i in rng.permutation(len(drawn))]
    chosen: list[Conversation] = []
    while len(chosen) < most:
        for task in order:
            if drawn[task] and len(chosen) < most:
                chosen.append(drawn[task].pop())
    return tuple(chosen)
