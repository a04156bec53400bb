"""Stage-1 descriptions from templates: geography, land cover, then the targets, each in one short regular sentence.

    A harbour. Land cover by cell: water, water, built; water, built, built; trees, crops, grass. 3 ships in cells 1, 5.
    No planes.

Every statement follows from the chip's truth. `counts_said` and `cells_said` read the statements about targets back,
from these descriptions and from freer ones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fusar_core.domain.cells import CELLS
from fusar_core.domain.schema import CELLS_PER_SIDE
from fusar_core.tasks.reading import NUMBER, as_integer, simplified
from training.data.triplets import Target
from training.data.truth import Size, boxes_of, cells
from training.data.words import kind_in_words, listed, plural

LEAST_SHARE = 0.05
"""Covers with less of the chip are not named."""


def describe(
    targets: Sequence[Target],
    size: Size,
    facts: Mapping[str, Any] | None = None,
    rng: np.random.Generator | None = None,
    *,
    classes: Sequence[str] = ("plane", "ship"),
    varied: bool = False,
) -> str:
    """The description of a chip.

    size: (width, height) in pixels. facts: `kind` of place, `cover_by_cell` (9 names, row-major) or `cover_share`
    {name: share}; what is absent is not spoken of. classes: those that the source labels; each is counted, also where
    there is none. varied: a phrasing of several for each sentence, drawn from `rng`; the first one otherwise.
    """
    known = facts or {}

    def say(*phrasings: str) -> str:
        return phrasings[int(rng.integers(len(phrasings)))] if varied and rng is not None else phrasings[0]

    sentences = []
    if known.get("kind"):
        place = kind_in_words(str(known["kind"]))
        sentences.append(say(f"{place[0].upper()}{place[1:]}.", f"This is {place}.", f"The image shows {place}."))
    if cover := _cover(known):
        sentences.append(cover)
    present = {name: boxes_of(targets, name, size) for name in classes}
    for name in sorted(classes, key=lambda c: not present[c]):  # what is there goes first
        if boxes := present[name]:
            where = cells(boxes, size)
            many = f"{len(boxes)} {name if len(boxes) == 1 else plural(name)}"
            cell = f"cell{'s' if len(where) > 1 else ''} {', '.join(map(str, sorted(where)))}"
            verb = "is" if len(boxes) == 1 else "are"
            sentences.append(
                say(f"{many} in {cell}.", f"There {verb} {many} in {cell}.", f"{many} can be seen, {cell}.")
            )
        else:
            none = plural(name)
            sentences.append(say(f"No {none}.", f"There are no {none}.", f"No {none} can be seen."))
    return " ".join(sentences)


def _cover(facts: Mapping[str, Any]) -> str:
    """The sentence about land cover; empty when nothing is known."""
    by_cell = [str(c).replace("_", " ") for c in facts.get("cover_by_cell") or ()]
    if len(by_cell) == len(CELLS):
        if len(set(by_cell)) == 1:
            return f"Land cover: {by_cell[0]}."
        rows = (", ".join(by_cell[i : i + CELLS_PER_SIDE]) for i in range(0, len(by_cell), CELLS_PER_SIDE))
        return f"Land cover by cell: {'; '.join(rows)}."
    shares: Mapping[str, float] = facts.get("cover_share") or {}
    named = [n.replace("_", " ") for n, s in sorted(shares.items(), key=lambda p: (-p[1], p[0])) if s >= LEAST_SHARE]
    if not named:
        return ""
    return (
        f"Land cover: {named[0]}." if len(named) == 1 else f"Land cover: mostly {named[0]}, then {listed(named[1:])}."
    )


_NO = r"(?:no|zero|without(?: any)?|not any|absence of)"
_BETWEEN = r"(?:[a-z-]+ ){0,2}?"
"""Adjectives: 3 large bright ships."""
_CELL = r"(?:\d+|one|two|three|four|five|six|seven|eight|nine)(?![a-z0-9%]|[.,]\d)"
_TO = r"(?:to|through|[-–—])"
_CELLS = re.compile(rf"\bcells?(?: numbers?)?[\s:#(\[]*({_CELL}(?:(?:\s|,|&|/|\band\b|\bor\b|{_TO})+{_CELL})*)")
_CLAUSE = re.compile(r"[.;!?](?:\s|$)|\n")


def counts_said(text: str, classes: Sequence[str], synonyms: Mapping[str, Sequence[str]]) -> dict[str, set[int]]:
    """How many targets of each class a description says there are: {class: {number, …}}, empty where it says none.

    Understood are a number (or "a", "no") before the class's name or one of its synonyms, with up to two adjectives
    between; numbers of cells count nothing. Several numbers of a class mean that the text contradicts itself, or counts
    parts.
    """
    said: dict[str, set[int]] = {name: set() for name in classes}
    words, _ = _without_cells(text, classes, synonyms)
    for name in classes:
        names = _names(name, synonyms)
        for match in re.finditer(rf"({NUMBER.pattern})\s+{_BETWEEN}(?:{names})\b", words):
            if (value := as_integer(match[1])) is not None:
                said[name].add(value)
        if re.search(rf"\b{_NO} {_BETWEEN}(?:{names})\b", words):
            said[name].add(0)
        if re.search(rf"\b(?:an?|single|lone) {_BETWEEN}(?:{names})\b", words):
            said[name].add(1)
    return said


def cells_said(
    text: str, classes: Sequence[str], synonyms: Mapping[str, Sequence[str]]
) -> list[tuple[frozenset[str], frozenset[int]]]:
    """Where a description says that targets are: of each clause that counts any and names cells, the classes and cells.

    Clauses end at full stops and semicolons. Understood are "cell 3", "cells 1, 5 and 9", "cells 4 to 6"; a number
    before a class ("cell 1, 2 planes") counts it and is no cell. What a clause says is not there, it does not place.
    """
    found = []
    for clause in _CLAUSE.split(simplified(text)):
        there = frozenset(name for name, numbers in counts_said(clause, classes, synonyms).items() if any(numbers))
        _, lists = _without_cells(clause, classes, synonyms)
        if there and lists:
            found.append((there, frozenset(cell for one in lists for cell in _cells_in(one))))
    return found


def _without_cells(text: str, classes: Sequence[str], synonyms: Mapping[str, Sequence[str]]) -> tuple[str, list[str]]:
    """A simplified text with dots for the numbers of cells, and the lists that they stand in."""
    words = simplified(text)
    counted = "|".join(_names(name, synonyms) for name in classes)
    counts = re.sub(rf"\b{_CELL}(?= (?:(?!an? |{_CELL})[a-z-]+ )?(?:{counted})\b)", lambda m: "." * len(m[0]), words)
    lists = list(_CELLS.finditer(counts))
    for match in lists:
        words = words[: match.start(1)] + "." * len(match[1]) + words[match.end(1) :]
    return words, [match[1] for match in lists]


def _names(name: str, synonyms: Mapping[str, Sequence[str]]) -> str:
    """Pattern of the words for a class in a simplified text, in singular and plural."""
    words = (simplified(w) for n in (name, *synonyms.get(name, ())) for w in (plural(n), n) if w.isascii())
    return "|".join(map(re.escape, words))


def _cells_in(said: str) -> set[int]:
    """The cells of a list such as `1, 4 to 6 and 9`."""
    found: set[int] = set()
    last, joined = 0, ""
    for match in re.finditer(rf"({_CELL})|{_TO}", said):
        number = as_integer(match[1]) if match[1] else None
        if number is not None:
            found.update(range(last, min(number, CELLS.stop)) if joined else (), (number,))
            last = number
        joined = match[0] if number is None else ""
    return found
