"""Classification: to which class belongs the target in a given box; the answer is one of the given names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fusar_core.tasks.reading import AMBIGUOUS, UNKNOWN_CLASS, Reading, failure, plain, spoilt

SYNONYMS = {
    "ship": ("vessel", "boat", "舰船", "船舶", "船只", "船"),
    "plane": ("aircraft", "airplane", "aeroplane", "飞机"),
}
"""Other words for the coarse classes; plurals are understood of every name."""

_NOT = re.compile(r"\b(not|no|neither|nor|isn't|cannot)\b|不是|非|无法")

Box = tuple[float, float, float, float]


def prompt(box: Box, classes: Sequence[str]) -> str:
    """box: (x1, y1, x2, y2) in pixels of the image the model sees."""
    corners = ", ".join(str(round(v)) for v in box)
    return (
        f"Which category is the target in the box [{corners}] of this SAR image? "
        f"Answer with one of: {', '.join(classes)}."
    )


def write(value: str) -> str:
    """The answer as a model is to say it."""
    return value


def read(text: str, classes: Sequence[str]) -> Reading:
    """The one class that the text names; `unknown_class` when none, `ambiguous` when several or when it denies one."""
    if bad := spoilt(text):
        return bad
    words = plain(text)
    first = re.match(r"\s*(.*\S)", words)
    if first and (alone := canonical(first[1], classes)) is not None:
        return Reading(alone, spans=(first.span(1),))
    named: dict[str, tuple[int, int]] = {}
    rest = words
    for word, name in sorted(_vocabulary(classes).items(), key=lambda pair: -len(pair[0])):
        for match in _pattern(word).finditer(rest):
            named.setdefault(name, match.span())
        rest = _pattern(word).sub(lambda match: " " * len(match[0]), rest)  # a "cargo ship" is no second "ship"
    if not named:
        return failure(UNKNOWN_CLASS)
    if len(named) > 1 or _NOT.search(words):
        return failure(AMBIGUOUS)
    name, span = named.popitem()
    return Reading(name, spans=(span,))


def canonical(word: str, classes: Sequence[str]) -> str | None:
    """The class that a single word or name means, whatever its case, plural or punctuation; None when none of these."""
    word = re.sub(r"^(an?|the)\s+", "", plain(word).strip(" \t.,;:!。，\"'[]()"))
    for known, name in _vocabulary(classes).items():
        if _pattern(known).fullmatch(word):
            return name
    return None


def _vocabulary(classes: Sequence[str]) -> dict[str, str]:
    """Every understood word → the class it means; a class's own name goes before another's synonym."""
    words = {plain(name).strip(): name for name in classes}
    for name in classes:
        for word in SYNONYMS.get(name, ()):
            words.setdefault(word, name)
    return words


def _pattern(word: str) -> re.Pattern[str]:
    return re.compile(rf"\b{re.escape(word)}(?:e?s)?\b" if word.isascii() else re.escape(word))
