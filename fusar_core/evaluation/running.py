"""Asks an engine about the chips of a source: one row a case, with what is true and what was said."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from fusar_core.domain.answers import Answer, Request
from fusar_core.domain.tiling import Window
from fusar_core.engines.base import Engine
from fusar_core.evaluation.cases import Case, CaseSource, tidy
from fusar_core.evaluation.results import Results
from fusar_core.evaluation.scores import scores
from fusar_core.interpretation.journal import Journal
from fusar_core.tasks import questions, scored_task

Row = dict[str, Any]

NO_ANSWER = "no answer"
"""parse_status of a case about which the engine said nothing; scored like an unparsable answer."""


def run(
    engine: Engine,
    source: CaseSource,
    about: Mapping[str, Any],
    *,
    journal: Path | None = None,
    resume: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> Results:
    """Asks an engine about every chip and scores what it says.

    about: JSON that determines the answers; the head of the results. journal: keeps the rows of finished chips; with
    resume, what it holds already is not asked again. on_progress(done, total) is called after each chip.

    Raises ResumeMismatch, OutputUnwritable, and what source and engine raise.
    """
    kept = Journal(journal, dict(about), resume=resume) if journal else None
    rows, seconds, first = _finished(kept)
    fresh, before = answered(engine, source, first), time.monotonic()
    try:
        for index, found in enumerate(fresh, first):
            rows += found
            spent, before = time.monotonic() - before, time.monotonic()
            seconds += spent
            if kept:
                kept.record(index, rows=found, seconds=round(spent, 4))
            if on_progress:
                on_progress(index + 1, len(source))
    finally:
        fresh.close()
        if kept:
            kept.close()
    return Results({**about, "cases": len(rows), "seconds": round(seconds, 3)}, rows, scores(rows))


def answered(engine: Engine, source: CaseSource, first: int = 0) -> Generator[list[Row], None, None]:
    """The rows of one chip after the other, from number `first` on; chips stream, as many at once as the engine takes.

    A case about which the engine says nothing counts as wrong, `no answer`. Raises what source and engine raise.
    """

    def requests() -> Iterator[Request]:
        for index in range(first, len(source)):
            if asked := source.requests(index):
                chip = source.chip(index)
                for one in asked:
                    yield Request(chip, one.tasks, one.classes, one.box, preamble=one.preamble)

    with closing(engine.answer(requests())) as stream:
        answers = _Answers(stream)
        for index in range(first, len(source)):
            asked = source.requests(index)
            settled = [cases for one in asked for cases in one.settles]
            said = answers.of(index, [question for one in asked for question in questions(one.tasks, one.classes)])
            facts = source.facts(index) if settled else {}
            pairs = zip(settled, said, strict=True)
            yield [{**row_of(case, answer), **facts} for cases, answer in pairs for case in cases]


class _Answers:
    """The answers of an engine, handed out chip by chip, also where some are missing."""

    def __init__(self, stream: Iterator[Answer]) -> None:
        self._stream = stream
        self._ahead: Answer | None = None

    def of(self, index: int, asked: Sequence[tuple[str, str]]) -> list[Answer | None]:
        """The answers about a chip to these questions (task, class), None where the engine gave none."""
        found: list[Answer | None] = [None] * len(asked)
        while None in found:
            self._ahead = self._ahead or next(self._stream, None)
            if self._ahead is None or self._ahead.chip.index > index:
                break
            answer, self._ahead = self._ahead, None
            places = [i for i, about in enumerate(asked) if found[i] is None and about == (answer.task, answer.label)]
            if places and answer.chip.index == index:
                found[places[0]] = answer
        return found


def row_of(case: Case, answer: Answer | None) -> Row:
    """The row of a case; from its own answer, or from the detections of an engine that derives it."""
    row: Row = {"id": case.id, "place": case.place, "task": case.task, "class": case.label}
    row |= scored_task(case.task).outcome(case.truth, None if answer is None else _value(case, answer), case.size)
    row["parse_status"] = NO_ANSWER if answer is None else answer.parse_status
    score = None if answer is None else answer.score
    row["score"] = round(float(score), 4) if score is not None and math.isfinite(score) else None
    row["raw_text"] = "" if answer is None else answer.raw_text
    return row if case.box is None else {**row, "box": tidy(case.box)}


def _value(case: Case, answer: Answer) -> Any:
    task = scored_task(case.task)
    if answer.value is None or answer.task == task.asked_as:
        return answer.value
    width, height = case.size
    return task.derive(answer.value, Window(0, 0, height, width))


def _finished(journal: Journal | None) -> tuple[list[Row], float, int]:
    """Rows of the chips in a journal, the seconds they took, and how many chips they are."""
    entries = list(journal.finished.values()) if journal else []
    return [row for e in entries for row in e["rows"]], sum(e["seconds"] for e in entries), len(entries)
