"""Spatial localization: on which cells of a 3 × 3 grid do the targets lie (method: cells 1–9, row-major)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from fusar_core.domain.answers import Box, Detection
from fusar_core.domain.cells import CELLS, cells_of
from fusar_core.domain.tiling import Window
from fusar_core.scoring.grid import jaccard, meets, score_grid
from fusar_core.scoring.measures import Measure, Row, each
from fusar_core.scoring.words import fraction, percent, three
from fusar_core.tasks.base import CLASS, Size, Subject, Task, Told, unflagged
from fusar_core.tasks.reading import (
    AMBIGUOUS,
    DENIED,
    NUMBER,
    OUT_OF_RANGE,
    UNREADABLE,
    Reading,
    as_integer,
    failure,
    says_none,
    sentence_of,
    simplified,
    spoilt,
)

_LIST = rf"(?:{NUMBER.pattern})(?:(?:\s|,|;|&|、|，|和|and)+(?:{NUMBER.pattern}))*"
_NAMED = re.compile(
    rf"[\"']?(?:cells?|answer|格子?)[\"']?(?: numbers?)?\s*(?:is|are)?\s*[:=：]?\s*[\[({{]?\s*({_LIST})"
)
_GRID = re.compile(r"3\s*[x×*by]+\s*3|三乘三|九宫格", re.IGNORECASE)
_JOINED = re.compile(r"(?<=\d)[,，/|](?=\d)")
"""Between cells that no blank separates: 1,4 and 1/4 are two cells, no number of one."""
_RANGE = re.compile(r"\s*(?:[-–—~]|to\b|through\b|至|到)\s*\d")
"""What goes on behind a number that is the first of a range."""
_FILLER = re.compile(
    r"\b(cells?|grids?|numbers?|answers?|and|the|in|are|is|they|lie|located|ids?)\b"
    r"|(?:^|(?<=\n))\s*[-•](?=\s)|[\s,;&|#、，；：和及与.。\[\](){}\"':第格号子]"
)
_ALL = re.compile(r"\W*all( of)?( the)?( nine| 9)?( cells)?\W*")


def prompt(label: str) -> str:
    return (
        "This SAR image is divided into a 3 × 3 grid with cells numbered 1 to 9, row by row from the top left. "
        f"Which cells hold targets of category {label}? Answer with the cell numbers separated by commas, or None."
    )


def write(value: Iterable[int]) -> str:
    """The answer as a model is to say it."""
    return ", ".join(map(str, sorted(value))) or "None"


def read(text: str) -> Reading:
    """The set of cells that the text says, as frozenset; "None" is the empty set.

    The text must be a list of cells and nothing but words around one, or name one list its cells: numbers in other
    prose are not taken for cells.
    """
    if bad := spoilt(text):
        return bad
    words = _JOINED.sub(" ", simplified(_GRID.sub(lambda match: " " * len(match[0]), text)))
    if _ALL.fullmatch(words):
        return Reading(frozenset(CELLS), spans=((0, len(text)),))
    numbers = list(NUMBER.finditer(words))
    if not numbers:
        return Reading(frozenset(), spans=((0, len(text)),)) if says_none(words) else failure(UNREADABLE)
    if _FILLER.sub("", NUMBER.sub("", words)):
        lists = {m.span(1): frozenset(as_integer(n[0]) for n in NUMBER.finditer(m[1])) for m in _NAMED.finditer(words)}
        if len(set(lists.values())) != 1:
            return failure(AMBIGUOUS if lists else UNREADABLE)
        span, cells = next(iter(lists.items()))
        if DENIED.search(sentence_of(words, span)) or _RANGE.match(words, span[1]):
            return failure(AMBIGUOUS)
    else:
        span, cells = (numbers[0].start(), numbers[-1].end()), frozenset(as_integer(n[0]) for n in numbers)
    if None in cells:
        return failure(UNREADABLE)
    return Reading(cells, spans=(span,)) if cells <= set(CELLS) else failure(OUT_OF_RANGE)


class Localization(Task):
    """The task of a set of cells a class."""

    name, title, noun, about, budget = "locate", "3 × 3 grid", "localization", CLASS, 32
    usual, in_cells = True, True

    def prompt(self, subject: Subject) -> str:
        return prompt(subject.label)

    def read(self, text: str, subject: Subject) -> Reading:
        return read(text)

    def write(self, value: Any, subject: Subject) -> str:
        return write(value)

    def accepted(self, value: Any) -> frozenset[int] | None:
        return value if isinstance(value, frozenset) and value <= set(CELLS) else None

    def derive(self, detections: Sequence[Detection], where: Window) -> frozenset[int]:
        centres = [d.centre for d in unflagged(detections)]
        return cells_of([(x - where.col, y - where.row) for x, y in centres], where.width, where.height)

    def truth(self, boxes: Sequence[Box], size: Size) -> list[int]:
        return sorted(cells_of([((x1 + x2) / 2, (y1 + y2) / 2) for x1, y1, x2, y2 in boxes], *size))

    def encode(self, value: frozenset[int]) -> list[int]:
        return sorted(value)

    def decode(self, content: Any) -> frozenset[int]:
        return frozenset(content)

    def told(self, label: str, value: Any, prompt: str = "") -> Told:
        question = f"In which cells of a 3 × 3 grid are targets of class {label}?"
        return Told(question, "" if value is None else ", ".join(map(str, sorted(value))) or "none")

    headline: ClassVar[str] = "Acc@100"
    heads: ClassVar[tuple[str, ...]] = (
        "Acc@100", "Acc@50", "Top1", "mean Jaccard", "cells", "cells answered / true",
    )  # fmt: skip
    notes: ClassVar[tuple[str, ...]] = (
        "always …: the same cells for every image, {…} the set that is true most often (majority floor).",
    )

    def score(self, rows: Sequence[Row]) -> dict[str, Any]:
        truths = [frozenset(row["truth"]) for row in rows]
        return score_grid(truths, [_cells(row["answer"]) for row in rows]).as_dict()

    @property
    def measures(self) -> Mapping[str, Measure]:
        """`accuracy` is Acc@100."""
        return {
            **super().measures,
            "acc_50": Measure(each(lambda row: (_overlap(row) >= 0.5, 1)), exact=True),
            "top_1": Measure(each(lambda row: (meets(frozenset(row["truth"]), _cells(row["answer"])), 1)), exact=True),
            "mean_jaccard": Measure(each(lambda row: (_overlap(row), 1))),
        }

    def main_number(self, score: Mapping[str, Any]) -> Mapping[str, Any]:
        number: Mapping[str, Any] = score["acc_100"]
        return number

    def brief(self, score: Mapping[str, Any]) -> str:
        floor = three(score["majority_floor"])
        return f"Acc@100 {three(score['acc_100'])}  Top1 {three(score['top_1'])}  floor {floor}"

    def lines(self, name: str, score: Mapping[str, Any]) -> list[tuple[str, ...]]:
        majority = ", ".join(map(str, score["majority_floor"]["answer"] or ()))
        return [
            _line(name, score),
            _line(f"  always {{{majority}}}", score["always_majority"]),
            _line("  always all nine", score["always_all_nine"]),
        ]


def _cells(said: Sequence[int] | None) -> frozenset[int] | None:
    return None if said is None else frozenset(said)


def _overlap(row: Row) -> float:
    return jaccard(frozenset(row["truth"]), _cells(row["answer"]))


def _line(name: str, score: Mapping[str, Any]) -> tuple[str, ...]:
    shares = percent(score["acc_100"]), percent(score["acc_50"]), percent(score["top_1"])
    sizes = fraction(score["mean_jaccard"]), fraction(score["mean_set_size"], 2), fraction(score["set_size_ratio"], 2)
    return name, str(score["n"]), str(score["unparsable"]), *shares, *sizes
