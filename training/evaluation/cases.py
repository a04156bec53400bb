"""Asks an engine what a plan wants to know: one row a case, with what is true and what was said."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from fusar_core.domain.answers import Answer, Request
from fusar_core.engines.base import Engine
from fusar_core.evaluation.evaluate import NO_ANSWER, said, whole_chip
from fusar_core.scoring.detection import match_case
from fusar_core.tasks import COUNT, DETECT, LOCATE
from training.data.loading import load_image
from training.data.triplets import Triplet
from training.evaluation.controls import AnchorsOf
from training.evaluation.plan import Case, Plan, tidy

Row = dict[str, Any]


def answered(
    engine: Engine,
    triplets: Sequence[Triplet],
    root: Path,
    plan: Plan,
    anchors_of: AnchorsOf,
    preamble: Callable[[Triplet], str] = lambda triplet: "",
    first: int = 0,
) -> Generator[list[Row], None, None]:
    """The rows of one chip after the other; chips stream, as many at once as the engine takes.

    anchors_of: number of a chip → its anchors. preamble: said before each question about a chip. first: number of the
    first chip that is asked about. A case about which the engine says nothing counts as wrong, `no answer`.

    Raises BadTriplet, and what the engine raises.
    """

    def requests() -> Iterator[Request]:
        for index in range(first, len(triplets)):
            triplet = triplets[index]
            if plan[index]:
                anchors = anchors_of(index) if engine.takes_prior else None
                gsd = (triplet.gsd_m, triplet.gsd_m) if triplet.gsd_m else None
                chip = whole_chip(index, load_image(triplet, root), gsd, anchors)
                for one in plan[index]:
                    yield Request(chip, one.tasks, one.classes, one.box, preamble=preamble(triplet))

    with closing(engine.answer(requests())) as stream:
        for chip in plan[first:]:
            yield [
                _row(case, answer)
                for inquiry in chip
                for settled, answer in zip(inquiry.settles, _taken(stream, len(inquiry.settles)), strict=True)
                for case in settled
            ]


def _taken(stream: Iterator[Answer], number: int) -> list[Answer | None]:
    return [next(stream, None) for _ in range(number)]


def _row(case: Case, answer: Answer | None) -> Row:
    """The row of a case; its own answer, or what follows from the detections of an engine that derives it."""
    triplet = case.triplet
    row: Row = {"id": triplet.id, "place": triplet.place or triplet.id, "task": case.task, "class": case.label}
    row["truth"] = case.truth
    value, scores = None, None
    if answer is not None:
        value, scores = answer.value, None
        if case.task in (COUNT, LOCATE, DETECT):
            value, scores = said(case.task, answer, *triplet.size)
    row["answer"] = value if case.task != DETECT or value is None else [[_finite(v, 2) for v in box] for box in value]
    if isinstance(value, frozenset):
        row["answer"] = sorted(value)
    row["parse_status"] = NO_ANSWER if answer is None else answer.parse_status
    row["score"] = None if answer is None or answer.score is None else _finite(answer.score, 4)
    row["raw_text"] = "" if answer is None else answer.raw_text
    if case.box is not None:
        row["box"] = tidy(case.box)
    if case.task in (COUNT, LOCATE):
        row["present"] = bool(case.truth)
    if case.task == DETECT:
        matched = match_case(case.truth, value, scores, *triplet.size)
        hits = matched.hits.astype(int).tolist()
        row |= {"targets": matched.targets, "predictions": matched.predictions, "hits": hits, "scores": scores}
    return row


def _finite(value: float, digits: int) -> float | None:
    """A number for JSON, which knows no NaN or infinity."""
    return round(float(value), digits) if math.isfinite(value) else None
