"""Runs an engine over triplets: one row a chip, task and class (or target), with what is true and what was said."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fusar_core.engines import dialogue
from fusar_core.engines.base import Answer, Chip, Engine, Request, require
from fusar_core.errors import BadOption
from fusar_core.evaluation import GREY
from fusar_core.scoring.detection import match_case
from fusar_core.tasks import ASK, CLASSIFY, COUNT, DESCRIBE, DETECT, LOCATE, questions
from fusar_core.tasks.localization import cells_of
from fusar_core.tiling import ChipWindow, Window
from training.data.descriptions import describe
from training.data.loading import load_image
from training.data.triplets import Triplet
from training.data.truth import boxes_of, cells, clip
from training.evaluation.controls import IN_WORDS, controlled, said_place

TASKS = (COUNT, LOCATE, CLASSIFY, DETECT, DESCRIBE)
Row = dict[str, Any]


@dataclass(frozen=True)
class _Asked:
    """One request and which answers it gets: (task, class) in order. truth: the class of the target in the box."""

    index: int
    request: Request
    answers: tuple[tuple[str, str], ...]
    truth: str = ""


def answered(
    engine: Engine,
    triplets: Sequence[Triplet],
    root: Path,
    tasks: Sequence[str],
    classes: Sequence[str],
    control: str = "as-is",
    most_targets: int = 4,
    first: int = 0,
) -> Iterator[list[Row]]:
    """The rows of one chip after the other.

    classes: asked about each; what a source labels. most_targets: of a chip that `classify` is asked about. first:
    number of the first chip that is asked about. Truth is that of the targets; `describe` is held against the chip's
    own description, or the template's.

    Raises UnsupportedTask, UnknownClass, BadTriplet, BadOption, and what the engine raises.
    """
    if unknown := [t for t in tasks if t not in TASKS]:
        raise BadOption(f"'{unknown[0]}' cannot be evaluated.", f"Tasks: {', '.join(TASKS)}.")
    derived = [t for t in tasks if t in engine.derived]
    own = [t for t in tasks if t not in derived]
    if derived and DETECT not in own:
        own.append(DETECT)
    require(engine, own, classes)
    anchors_of = controlled(control, triplets, root)
    pending: deque[_Asked] = deque()

    def requests() -> Iterator[Request]:
        for index in range(first, len(triplets)):
            triplet = triplets[index]
            chip = _chip(index, load_image(triplet, root), anchors_of(index))
            for asked in _about(index, triplet, chip, own, classes, most_targets):
                for one in _in_words(asked, triplet) if control == IN_WORDS else [asked]:
                    pending.append(one)
                    yield one.request

    rows: list[Row] = []
    current = first
    stream = engine.answer(requests())
    while (first := next(stream, None)) is not None:
        asked = pending.popleft()
        for _ in range(current, asked.index):
            yield rows
            rows = []
        current = asked.index
        triplet = triplets[current]
        answers = [first, *(next(stream) for _ in asked.answers[1:])]
        for (task, label), said in zip(asked.answers, answers, strict=True):
            answer = _reread(asked, said, task, label, triplet) if control == IN_WORDS else said
            if task == CLASSIFY:
                box = [round(v, 1) for v in asked.request.box or ()]
                rows.append(_row(triplet, task, asked.truth, asked.truth, answer, answer.value, box=box))
            elif task in tasks:
                rows.append(_scored(triplet, task, label, answer))
            if task == DETECT:
                rows += [_scored(triplet, other, label, answer) for other in derived if other != DETECT]
    for _ in range(current, len(triplets)):
        yield rows
        rows = []


def _about(
    index: int, triplet: Triplet, chip: Chip, tasks: Sequence[str], classes: Sequence[str], most_targets: int
) -> Iterator[_Asked]:
    """What is asked about one chip: everything but `classify` at once, then each target."""
    once = tuple(t for t in tasks if t != CLASSIFY)
    if once:
        yield _Asked(index, Request(chip, once, classes), tuple(questions(once, classes)))
    if CLASSIFY in tasks:
        targets = [(clip(t.bbox, triplet.size), t.label) for t in triplet.targets if t.label in classes]
        for box, label in [t for t in targets if t[0] is not None][:most_targets]:
            yield _Asked(index, Request(chip, (CLASSIFY,), classes, box=box), ((CLASSIFY, ""),), label)


def _in_words(asked: _Asked, triplet: Triplet) -> Iterator[_Asked]:
    """The same questions one by one as free ones, each with place and year in words before it."""
    for query in dialogue.queries(asked.request, triplet.size[0]):
        free = Request(asked.request.chip, (ASK,), (), asked.request.box, said_place(triplet) + query.prompt)
        yield _Asked(asked.index, free, ((query.task, query.label),), asked.truth)


def _reread(asked: _Asked, said: Answer, task: str, label: str, triplet: Triplet) -> Answer:
    """The answer to a free question, read as that of the task."""
    classes = (label,) if label else tuple(dict.fromkeys(t.label for t in triplet.targets))
    request = Request(asked.request.chip, (task,), classes, asked.request.box)
    query = dialogue.Query(request, task, label, asked.request.question)
    return dialogue.answer(query, said.raw_text, triplet.size[0], lambda span: said.score)


def _chip(index: int, pixels: Any, anchors: Any) -> Chip:
    window = Window(0, 0, *pixels.shape)
    where = ChipWindow(index, window, window)
    return Chip(where, pixels, np.ones(pixels.shape, bool), GREY, None, anchors=anchors)


def _scored(triplet: Triplet, task: str, label: str, answer: Answer) -> Row:
    """The row of a task about a class; counts and cells are made from detections where those were answered."""
    if task == DESCRIBE:
        return _row(triplet, task, "", _description(triplet), answer, answer.value)
    boxes = boxes_of(triplet.targets, label, triplet.size)
    value: Any = answer.value
    if answer.task == DETECT and value is not None:
        value = [d for d in value if not d.flags]
    if task == DETECT:
        scores = None if value is None else [float(d.score) for d in value]
        if scores is not None and not all(map(math.isfinite, scores)):
            scores = None
        said = None if value is None else [[round(float(v), 2) for v in d.bbox] for d in value]
        matched = match_case(boxes, said, scores, *triplet.size)
        hits = matched.hits.astype(int).tolist()
        counts = {"targets": matched.targets, "predictions": matched.predictions, "hits": hits}
        return _row(triplet, task, label, [list(b) for b in boxes], answer, said, scores=scores, **counts)
    if answer.task == DETECT and value is not None:
        value = len(value) if task == COUNT else cells_of([d.centre for d in value], *triplet.size)
    truth: Any = len(boxes) if task == COUNT else sorted(cells(boxes, triplet.size))
    value = sorted(value) if isinstance(value, frozenset) else value
    return _row(triplet, task, label, truth, answer, value, present=bool(boxes))


def _description(triplet: Triplet) -> str:
    own = next((c.answer for c in triplet.conversations if c.task == DESCRIBE), "")
    return own or describe(triplet.targets, triplet.size, triplet.facts)


def _row(triplet: Triplet, task: str, label: str, truth: Any, answer: Answer, value: Any, **more: Any) -> Row:
    said = {"answer": value, "parse_status": answer.parse_status, "score": answer.score, "raw_text": answer.raw_text}
    return {"id": triplet.id, "task": task, "class": label, "truth": truth, **said, **more}
