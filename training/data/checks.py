"""What is wrong with one triplet of sound shape: its boxes, its files, and answers that do not say the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from fusar_core.tasks import TASKS
from fusar_core.tasks.reading import OK
from training.data.loading import load_anchors, load_image
from training.data.tasks import trained
from training.data.triplets import Box, Conversation, Triplet
from training.data.truth import Size
from training.errors import BadTriplet

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
    known = trained(talk.task)
    task, subject = known.task, known.subject(talk, triplet.size)
    if missing := known.lacks(talk):
        return missing
    reading = task.read(talk.answer, subject)
    if reading.status != OK:
        return f"the answer {_short(talk.answer)} reads as {reading.status}"
    if (again := task.write(reading.value, subject)) != talk.answer:
        return f"the answer {_short(talk.answer)} is read as what is written {_short(again)}"
    return _untrue(triplet, talk) if against_truth else ""


def _untrue(triplet: Triplet, talk: Conversation) -> str:
    """How an answer contradicts the targets; empty where it does not, or they do not tell."""
    known = trained(talk.task)
    if known.task.per_class and triplet.classes and talk.label not in triplet.classes:
        return f"asks about {_short(talk.label)}, which the source does not label throughout"
    expected = known.expected(triplet, talk)
    if expected is None or talk.answer in expected:
        return ""
    if not expected:
        return "no target lies in the box asked about"
    return f"the answer is {_short(talk.answer)}, but by the targets it is {_short(expected[0])}"


def _short(text: str) -> str:
    return repr(text) if len(text) <= 80 else f"{text[:77]!r}…"
