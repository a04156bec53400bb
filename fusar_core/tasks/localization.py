"""Spatial localization: on which cells of a 3 × 3 grid do the targets lie (method: cells 1–9, row-major)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from fusar_core.tasks.reading import (
    AMBIGUOUS,
    NUMBER,
    OUT_OF_RANGE,
    UNREADABLE,
    Reading,
    as_integer,
    failure,
    plain,
    says_none,
    spoilt,
)

GRID_SIDE = 3
CELLS = range(1, GRID_SIDE * GRID_SIDE + 1)

_LIST = rf"(?:{NUMBER.pattern})(?:(?:\s|,|;|&|、|，|和|and)+(?:{NUMBER.pattern}))*"
_NAMED = re.compile(
    rf"[\"']?(?:cells?|answer|格子?)[\"']?(?: numbers?)?\s*(?:is|are)?\s*[:=：]?\s*[\[({{]?\s*({_LIST})"
)
_GRID = re.compile(r"3\s*[x×*by]+\s*3|三乘三|九宫格", re.IGNORECASE)
_FILLER = re.compile(
    r"\b(cells?|grids?|numbers?|and|the|in|are|is|they|lie|located)\b|[\s,;&、，和.。\[\](){}\"':第格号]"
)
_ALL = re.compile(r"\W*all( of)?( the)?( nine| 9)?( cells)?\W*")


def cell_of(x: float, y: float, width: float, height: float) -> int:
    """Number 1–9 of the cell that holds point (x, y) of an image of the given size.

    Cells are half-open, row-major from the top left; a point on or past the far edges belongs to the last cell.
    """
    column = min(GRID_SIDE - 1, max(0, int(GRID_SIDE * x / width)))
    row = min(GRID_SIDE - 1, max(0, int(GRID_SIDE * y / height)))
    return GRID_SIDE * row + column + 1


def cells_of(points: Iterable[tuple[float, float]], width: float, height: float) -> frozenset[int]:
    """The set of cells in which the points (box centres) lie."""
    return frozenset(cell_of(x, y, width, height) for x, y in points)


def prompt(label: str) -> str:
    return (
        "This SAR image is divided into a 3 × 3 grid with cells numbered 1 to 9, row by row from the top left. "
        f"Which cells hold targets of category {label}? Answer with the cell numbers separated by commas, or None."
    )


def write(value: frozenset[int]) -> str:
    """The answer as a model is to say it."""
    return ", ".join(map(str, sorted(value))) or "None"


def read(text: str) -> Reading:
    """The set of cells that the text says, as frozenset; "None" is the empty set.

    The text must be a list of cells and nothing but words around one, or name one list its cells: numbers in other
    prose are not taken for cells.
    """
    if bad := spoilt(text):
        return bad
    words = plain(_GRID.sub(lambda match: " " * len(match[0]), text))
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
    else:
        span, cells = (numbers[0].start(), numbers[-1].end()), frozenset(as_integer(n[0]) for n in numbers)
    if None in cells:
        return failure(UNREADABLE)
    return Reading(cells, spans=(span,)) if cells <= set(CELLS) else failure(OUT_OF_RANGE)
