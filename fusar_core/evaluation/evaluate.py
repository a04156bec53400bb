"""Runs an engine over a labelled data set and scores what it says, case by case: one image and one category."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from fusar_core import __version__
from fusar_core.domain.anchors import Anchors
from fusar_core.domain.answers import Answer, Request
from fusar_core.domain.chips import Chip
from fusar_core.domain.radiometry import Kind, Radiometry
from fusar_core.domain.tiling import ChipWindow, Window
from fusar_core.engines import require
from fusar_core.engines.base import Engine
from fusar_core.errors import BadOption, UnknownClass, UnknownTask
from fusar_core.evaluation.coco import CocoDataset, LabelledImage
from fusar_core.evaluation.scoring.clutter import (
    BRIGHT_LEVEL,
    INSHORE,
    MOST_BRIGHT,
    OFFSHORE,
    bright_fraction,
    clutter_group,
)
from fusar_core.evaluation.scoring.counting import CountingScore, score_counting
from fusar_core.evaluation.scoring.detection import (
    IOU_THRESHOLDS,
    DetectionCase,
    DetectionScore,
    areas,
    clip_boxes,
    match_case,
    score_detection,
)
from fusar_core.evaluation.scoring.grid import GridScore, score_grid
from fusar_core.tasks import COUNT, DETECT, LOCATE, TASKS
from fusar_core.tasks.localization import CELLS, cells_of

RESULTS_FORMAT = "fusar-evaluation/1"
NO_ANSWER = "no answer"
"""parse_status of a case about which the engine said nothing; scored like an unparsable answer."""
ALL = "all"

GREY = Radiometry(Kind.UINT8, "8-bit image of a data set", False, None, "8-bit pixels are passed through")

Score = DetectionScore | CountingScore | GridScore


@dataclass(frozen=True)
class Case:
    """One image and category: what is true and what the engine said.

    group, bright: see scoring.clutter. truth, answer: boxes (x1, y1, x2, y2) in pixels (detect), int (count) or
    frozenset of cells (locate); answer is None when it could not be parsed. scores: of the boxes, None where the engine
    gives none. matched: the boxes against each other (detect).
    """

    image: str
    label: str
    group: str
    bright: float
    truth: Any
    answer: Any
    scores: list[float] | None = None
    matched: DetectionCase | None = None
    parse_status: str = "ok"
    raw_text: str = ""

    def as_row(self) -> dict[str, Any]:
        """The case as the results file keeps it, enough for paired tests."""
        row: dict[str, Any] = {"image": self.image, "class": self.label, "group": self.group}
        row["bright"] = round(self.bright, 4)
        row["parse_status"] = self.parse_status
        if self.raw_text:
            row["raw_text"] = self.raw_text
        if self.matched:
            row["targets"] = self.matched.targets
            row["predictions"] = self.matched.predictions
            row["hits"] = self.matched.hits.sum(0).tolist()
            row["boxes"] = [[_tidy(v) for v in box] for box in self.answer or []]
            row["scores"] = self.scores
        elif isinstance(self.truth, frozenset):
            row["truth"] = sorted(self.truth)
            row["answer"] = None if self.answer is None else sorted(self.answer)
        else:
            row["truth"], row["answer"] = self.truth, self.answer
        return row


@dataclass(frozen=True)
class Evaluation:
    """An engine's answers about a data set and their scores: of all cases, by clutter, and of each class if several."""

    task: str
    classes: tuple[str, ...]
    engine: str
    model: str
    dataset: CocoDataset
    cases: tuple[Case, ...]
    scores: dict[str, Score]
    seconds: float

    def summary(self) -> dict[str, Any]:
        """Everything but the cases, for JSON."""
        return {
            "format": RESULTS_FORMAT,
            "version": __version__,
            "task": self.task,
            "classes": list(self.classes),
            "engine": self.engine,
            "model": self.model,
            "dataset": {
                "file": self.dataset.name,
                "sha256": self.dataset.sha256,
                "images": len(self.dataset.images),
            },
            "iou_thresholds": list(IOU_THRESHOLDS),
            "clutter": {"bright_level": BRIGHT_LEVEL, "offshore_like_below": MOST_BRIGHT},
            "scores": {name: score.as_dict() for name, score in self.scores.items()},
            "seconds": round(self.seconds, 3),
        }

    def as_dict(self) -> dict[str, Any]:
        """All of it, for the results file."""
        return {**self.summary(), "rows": [case.as_row() for case in self.cases]}


def evaluate(
    dataset: CocoDataset,
    engine: Engine,
    task: str,
    classes: Sequence[str] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Shows every image, whole and as it is, to the engine and scores the answers.

    classes: categories of the data set; all of them when None. Images stream: one is in memory at a time, or as many as
    the engine takes in a batch. Targets without area inside their image are left out. Detections that carry a flag are
    left out, as they are from counts; tasks that the engine derives from its detections are derived here likewise.
    on_progress(done, total) is called after each image.

    Raises UnknownTask, UnsupportedTask, UnknownClass, BadOption, BadDataset.
    """
    started = time.monotonic()
    labels = tuple(dict.fromkeys(dataset.categories if classes is None else classes))
    _check(dataset, engine, task, labels)
    asked = DETECT if task in engine.derived else task
    total, done = len(dataset.images), 0
    bright: dict[int, float] = {}
    cases: dict[tuple[int, int], Case] = {}

    def shown(index: int) -> Chip:
        chip = whole_chip(index, dataset.images[index].pixels())
        bright[index] = bright_fraction(chip.values, dataset.images[index].all_boxes())
        return chip

    def requests() -> Iterator[Request]:
        for index in range(total):
            yield Request(shown(index), (asked,), labels)

    with closing(engine.answer(requests())) as stream:
        for answer in stream:
            index, label = answer.chip.index, labels.index(answer.label)
            cases[index, label] = _case(task, dataset.images[index], answer.label, bright[index], answer)
            if all((index, other) in cases for other in range(len(labels))):
                done += 1
                if on_progress:
                    on_progress(done, total)
    for index, label in product(range(total), range(len(labels))):
        if (index, label) not in cases:  # an engine that gives up is scored on all images all the same
            if index not in bright:
                shown(index)
            cases[index, label] = _case(task, dataset.images[index], labels[label], bright[index], None)
    ordered = tuple(cases[key] for key in sorted(cases))
    return Evaluation(
        task=task,
        classes=labels,
        engine=engine.name,
        model=engine.model,
        dataset=dataset,
        cases=ordered,
        scores={name: _score(task, group) for name, group in _groups(ordered, labels).items()},
        seconds=time.monotonic() - started,
    )


def _check(dataset: CocoDataset, engine: Engine, task: str, labels: Sequence[str]) -> None:
    if task not in TASKS:
        raise UnknownTask(f"There is no task called '{task}'.", f"Tasks: {', '.join(TASKS)}.")
    if not labels:
        raise BadOption("No class was given, and the data set has none.", "Name at least one class.")
    for label in labels:
        if label not in dataset.categories:
            known = ", ".join(dataset.categories)
            raise UnknownClass(f"The data set has no category '{label}'.", f"It has: {known}.")
    require(engine, (task,), labels)


def whole_chip(
    index: int,
    pixels: npt.NDArray[np.uint8],
    pixel_size_m: tuple[float, float] | None = None,
    anchors: Anchors | None = None,
) -> Chip:
    """An 8-bit image (H, W) as one chip, its pixels as they are."""
    window = Window(0, 0, *pixels.shape)
    valid = np.ones(pixels.shape, bool)
    return Chip(ChipWindow(index, window, window), pixels, valid, GREY, pixel_size_m, anchors=anchors)


def _case(task: str, image: LabelledImage, label: str, bright: float, answer: Answer | None) -> Case:
    """Puts truth and answer side by side; an answer of None is one that the engine did not give."""
    clipped = clip_boxes(image.boxes.get(label, []), image.width, image.height)
    truth = clipped[areas(clipped) > 0]
    value, scores, matched = None, None, None
    if answer is not None:
        value, scores = said(task, answer, image.width, image.height)
    true_value: Any
    if task == DETECT:
        true_value = [tuple(box) for box in truth.tolist()]
        matched = match_case(truth, value, scores, image.width, image.height)
    elif task == COUNT:
        true_value = len(truth)
    else:
        centres = (truth[:, :2] + truth[:, 2:]) / 2
        true_value = cells_of([(x, y) for x, y in centres.tolist()], image.width, image.height)
    return Case(
        image=image.name,
        label=label,
        group=clutter_group(bright),
        bright=bright,
        truth=true_value,
        answer=value,
        scores=scores,
        matched=matched,
        parse_status=NO_ANSWER if answer is None else answer.parse_status,
        raw_text="" if answer is None else answer.raw_text,
    )


def said(task: str, answer: Answer, width: int, height: int) -> tuple[Any, list[float] | None]:
    """What the engine said about detect, count or locate, and the scores of its boxes; None for what is no answer to
    it. Counts and cells are made from detections where those were answered; flagged ones are left out."""
    value = answer.value
    if value is not None and answer.task == DETECT:
        counted = [d for d in value if not d.flags]
        if task == COUNT:
            return len(counted), None
        if task == LOCATE:
            return cells_of([d.centre for d in counted], width, height), None
        boxes = [tuple(map(float, d.bbox)) for d in counted]
        scores = [float(d.score) for d in counted]
        return boxes, scores if all(map(math.isfinite, scores)) else None
    if task == COUNT:
        is_count = isinstance(value, int | np.integer) and not isinstance(value, bool) and value >= 0
        return (int(value) if is_count else None), None
    if task == LOCATE:
        return (value if isinstance(value, frozenset) and value <= set(CELLS) else None), None
    return None, None


def _groups(cases: Sequence[Case], labels: Sequence[str]) -> dict[str, list[Case]]:
    """All cases, those of each clutter group, and of each class where there are several; empty groups left out."""
    groups = {ALL: list(cases)}
    groups |= {name: [c for c in cases if c.group == name] for name in (OFFSHORE, INSHORE)}
    if len(labels) > 1:
        groups |= {f"class {label}": [c for c in cases if c.label == label] for label in labels}
    return {name: group for name, group in groups.items() if group}


def _score(task: str, cases: Sequence[Case]) -> Score:
    if task == DETECT:
        return score_detection([c.matched for c in cases if c.matched])
    truths, answers = [c.truth for c in cases], [c.answer for c in cases]
    return score_counting(truths, answers) if task == COUNT else score_grid(truths, answers)


def _tidy(value: float) -> float | None:
    """A coordinate for JSON, which knows no NaN or infinity."""
    return round(value, 2) if math.isfinite(value) else None
