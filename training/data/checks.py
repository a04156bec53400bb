"""What is wrong with one triplet of sound shape: its boxes, its files, and answers that do not say the truth."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from fusar_core.errors import UnknownTask
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
from fusar_core.tasks.reading import OK, Reading
from training.data.loading import load_anchors, load_image
from training.data.triplets import Box, Conversation, Triplet
from training.data.truth import Size, boxes_of, cells, clip, written
from training.errors import BadTriplet

COARSEST_STEP = 16
"""Pixels: the coarsest grid that coordinates of an answer may lie on."""

T = TypeVar("T")
Length = Callable[[Triplet, Conversation], int]
"""Tokens of a sample: image, question and answer in the chat template."""


def geometry(triplet: Triplet, chip_size: int | None) -> Iterator[str]:
    """Sizes and boxes. chip_size: the side that every chip must have, None where any will do."""
    width, height = triplet.size
    if chip_size is not None and (width, height) != (chip_size, chip_size):
        yield f"the chip is {width} × {height} pixels where the model sees {chip_size} × {chip_size}"
    if not has_pixels(triplet):
        yield "there must be either an image, or a scene with a window of it"
    if triplet.window is not None and triplet.window[2:] != (height, width):
        yield f"the window is {triplet.window[3]} × {triplet.window[2]} pixels, the chip {width} × {height}"
    for i, target in enumerate(triplet.targets):
        if trouble := _box_trouble(target.bbox, triplet.size):
            yield f"targets[{i}]: {trouble}"
    for i, talk in enumerate(triplet.conversations):
        if talk.box is not None and (trouble := _box_trouble(talk.box, triplet.size)):
            yield f"conversations[{i}]: {trouble}"


def has_pixels(triplet: Triplet) -> bool:
    """Whether the triplet says where its pixels are, in one of the two ways."""
    in_scene = triplet.scene is not None, triplet.window is not None
    return in_scene == (triplet.image is None, triplet.image is None)


def files(triplet: Triplet, root: Path) -> Iterator[str]:
    """Image and anchors: there, whole, and of the size that the triplet says."""
    for load in (load_image, load_anchors):
        try:
            load(triplet, root)
        except BadTriplet as error:
            yield error.message.removeprefix(f"Triplet {triplet.id}: ").rstrip(".")


def answers(triplet: Triplet, against_truth: bool) -> Iterator[str]:
    """Every answer read by its task's own reader, and compared with the targets.

    A chip without conversations is sound: recipes that turn chips make them anew anyway. So are targets of a class that
    is not labelled throughout: some are known, only how many there are is not.
    """
    for i, talk in enumerate(triplet.conversations):
        if trouble := _answer_trouble(triplet, talk, against_truth):
            yield f"conversations[{i}] ({' '.join(filter(None, (talk.task, talk.label)))}): {trouble}"


def too_long(triplet: Triplet, length: Length, longest: int) -> Iterator[str]:
    """Samples of more than `longest` tokens."""
    for i, talk in enumerate(triplet.conversations):
        if (tokens := length(triplet, talk)) > longest:
            yield f"conversations[{i}] ({talk.task}) takes {tokens} tokens where {longest} are allowed"


def _box_trouble(box: Box, size: Size) -> str:
    x1, y1, x2, y2 = box
    if not (x1 < x2 and y1 < y2):
        return f"the box {list(box)} has no area"
    if not (x1 >= 0 and y1 >= 0 and x2 <= size[0] and y2 <= size[1]):
        return f"the box {list(box)} is not inside the {size[0]} × {size[1]} chip"
    return ""


def _answer_trouble(triplet: Triplet, talk: Conversation, against_truth: bool) -> str:
    if talk.task not in TASKS:
        return f"there is no such task; tasks: {', '.join(TASKS)}"
    if talk.task in (COUNT, LOCATE, DETECT) and not talk.label:
        return "no label says which class is asked about"
    if talk.task == CLASSIFY and (talk.box is None or not talk.options):
        return "box and options say what is asked about, and one is missing"
    reading = _read(triplet, talk)
    if reading.status != OK:
        return f"the answer {_short(talk.answer)} reads as {reading.status}"
    if (again := _write(talk, reading.value)) != talk.answer:
        return f"the answer {_short(talk.answer)} is read as what is written {_short(again)}"
    if not against_truth or talk.task in (DESCRIBE, ASK):
        return ""
    if talk.task in (COUNT, LOCATE, DETECT) and triplet.classes and talk.label not in triplet.classes:
        return f"asks about {_short(talk.label)}, which the source does not label throughout"
    expected = _expected(triplet, talk)
    if not expected:
        return "no target lies in the box asked about"
    if talk.answer not in expected:
        return f"the answer is {_short(talk.answer)}, but by the targets it is {_short(expected[0])}"
    return ""


def _read(triplet: Triplet, talk: Conversation) -> Reading:
    if talk.task == DETECT:
        return detection.read(talk.answer, talk.label, *triplet.size)
    if talk.task == CLASSIFY:
        return classification.read(talk.answer, talk.options)
    readers = {COUNT: counting.read, LOCATE: localization.read, DESCRIBE: captioning.read, ASK: question.read}
    return _of(readers, talk.task)(talk.answer)


def _write(talk: Conversation, value: Any) -> str:
    if talk.task == DETECT:
        return detection.write(value, talk.label)
    writers: dict[str, Callable[[Any], str]] = {
        COUNT: counting.write,
        LOCATE: localization.write,
        CLASSIFY: classification.write,
        DESCRIBE: captioning.write,
        ASK: question.write,
    }
    return _of(writers, talk.task)(value)


def _of(known: Mapping[str, T], task: str) -> T:
    """What is known of a task; a new one must not be taken for another. Raises UnknownTask."""
    if task not in known:
        raise _unknown(task)
    return known[task]


def _unknown(task: str) -> UnknownTask:
    return UnknownTask(f"Answers to '{task}' cannot be checked.", "Say in training/data/checks.py how.")


def _expected(triplet: Triplet, talk: Conversation) -> list[str]:
    """The answers that the targets allow: one, or for boxes one for each grid they may be rounded to."""
    boxes = boxes_of(triplet.targets, talk.label, triplet.size)
    if talk.task == COUNT:
        return [counting.write(len(boxes))]
    if talk.task == LOCATE:
        return [localization.write(cells(boxes, triplet.size))]
    if talk.task == DETECT:
        steps = range(1, COARSEST_STEP + 1)
        return [detection.write(written(boxes, triplet.size, step), talk.label) for step in steps]
    if talk.task != CLASSIFY or talk.box is None:
        raise _unknown(talk.task)
    there = [t for t in triplet.targets if _apart(clip(t.bbox, triplet.size), talk.box) < 0.5]
    return [name for t in there for name in (t.kind, t.label) if name in talk.options]


def _apart(one: Box | None, other: Box) -> float:
    """Pixels by which the sides of two boxes differ at the most."""
    return math.inf if one is None else max(abs(a - b) for a, b in zip(one, other, strict=True))


def _short(text: str) -> str:
    return repr(text) if len(text) <= 80 else f"{text[:77]!r}…"
