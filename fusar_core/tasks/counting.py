"""Counting: how many targets of a class are in the image; the answer is one whole number."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any, ClassVar

from fusar_core.domain.answers import Box, Detection
from fusar_core.domain.tiling import Window
from fusar_core.scoring.counting import absolute_error, score_counting
from fusar_core.scoring.measures import Measure, Row, each
from fusar_core.scoring.words import fraction, percent
from fusar_core.tasks.base import CLASS, Size, Subject, Task, Told, unflagged
from fusar_core.tasks.reading import (
    AMBIGUOUS,
    NUMBER,
    OUT_OF_RANGE,
    UNREADABLE,
    Reading,
    as_integer,
    failure,
    says_none,
    simplified,
    spoilt,
)

MOST = 10_000
"""More targets than any chip holds: a greater number is no count."""

_NAMED = re.compile(rf"[\"']?(?:count|number|total|answer|数量)[\"']?\s*[:=：]\s*[\"']?({NUMBER.pattern})")

_BOUND_BEFORE = re.compile(
    r"(?:\b(?:(?:more|fewer|less|greater) than|at (?:least|most)|over|under|below|above|up to)|[<>≤≥]"
    r"|至少|至多|最多|超过|多于|少于|不到)\s*$"
)
_BOUND_BEHIND = re.compile(r"\s*(?:\+|or (?:more|fewer|less)\b|以上|以下|多)")
"""A number that is only a bound is no count."""


def prompt(label: str) -> str:
    return f"Count the targets of category {label} in this SAR image. Answer with one integer."


def write(value: int) -> str:
    """The answer as a model is to say it."""
    return str(value)


def read(text: str) -> Reading:
    """The one whole number that the text says, 0 to MOST; "None" is 0.

    A number that stands alone on the first line, or is named the count, goes before others; otherwise several different
    numbers are `ambiguous`, and so is a bound ("more than 20").
    """
    if bad := spoilt(text):
        return bad
    words = simplified(text)
    found = [(m.start(1), m.end(1), m[1]) for m in _NAMED.finditer(words)]
    if not found:
        first = re.match(rf"\s*({NUMBER.pattern})\s*[.。!]?\s*(\n|$)", words)
        found = [(first.start(1), first.end(1), first[1])] if first else []
    if not found:
        found = [(*m.span(), m[0]) for m in NUMBER.finditer(words)]
    if not found:
        return Reading(0, spans=((0, len(text)),)) if says_none(words) else failure(UNREADABLE)
    values = {as_integer(number) for _, _, number in found}
    if len(values) > 1:
        return failure(AMBIGUOUS)
    value = values.pop()
    if value is None:
        return failure(UNREADABLE)
    start, end, _ = found[0]
    if _BOUND_BEFORE.search(words[:start]) or _BOUND_BEHIND.match(words, end):
        return failure(AMBIGUOUS)
    return Reading(value, spans=((start, end),)) if 0 <= value <= MOST else failure(OUT_OF_RANGE)


class Counting(Task):
    """The task of one whole number a class."""

    name, title, noun, about, budget = "count", "Count", "counting", CLASS, 16
    usual, adds_up = True, True

    def prompt(self, subject: Subject) -> str:
        return prompt(subject.label)

    def read(self, text: str, subject: Subject) -> Reading:
        return read(text)

    def accepted(self, value: Any) -> int | None:
        """A whole number from 0 up, also one of numpy's; True is none."""
        whole = isinstance(value, Integral) and not isinstance(value, bool)
        return int(value) if whole and int(value) >= 0 else None

    def derive(self, detections: Sequence[Detection], where: Window) -> int:
        return len(unflagged(detections))

    def truth(self, boxes: Sequence[Box], size: Size) -> int:
        return len(boxes)

    def told(self, label: str, value: Any, prompt: str = "") -> Told:
        question = f"How many targets of class {label} are there?"
        return Told(question, "") if value is None else Told(question, str(value), float(value))

    headline: ClassVar[str] = "counting"
    heads: ClassVar[tuple[str, ...]] = ("exact", "within 1", "MAE", "majority floor")
    notes: ClassVar[tuple[str, ...]] = (
        "majority floor: the most frequent count for every image. MAE takes unparsable answers as 0.",
    )

    def score(self, rows: Sequence[Row]) -> dict[str, Any]:
        return score_counting([row["truth"] for row in rows], [row["answer"] for row in rows]).as_dict()

    @property
    def measures(self) -> Mapping[str, Measure]:
        return {
            **super().measures,
            "mae": Measure(each(lambda row: (absolute_error(row["truth"], row["answer"]), 1))),
        }

    def lines(self, name: str, score: Mapping[str, Any]) -> list[tuple[str, ...]]:
        floor = f"{percent(score['majority_floor'])} (always {score['majority_floor']['answer']})"
        numbers = percent(score["accuracy"]), percent(score["within_1"]), fraction(score["mae"], 2)
        return [(name, str(score["n"]), str(score["unparsable"]), *numbers, floor)]
