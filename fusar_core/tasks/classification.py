"""Classification: to which class belongs the target in a given box; the answer is one of the given names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from fusar_core.domain.answers import Box
from fusar_core.errors import BadOption
from fusar_core.scoring.classification import score_classification
from fusar_core.scoring.measures import Row
from fusar_core.tasks.base import BOX, Subject, Task, Told
from fusar_core.tasks.reading import AMBIGUOUS, DENIED, UNKNOWN_CLASS, Reading, failure, simplified, spoilt

SYNONYMS = {
    "ship": ("vessel", "boat", "舰船", "船舶", "船只", "船"),
    "plane": ("aircraft", "airplane", "aeroplane", "飞机"),
}
"""Other words for the coarse classes; plurals are understood of every name."""

FRACTION_DIGITS = 4
"""Of a corner as a fraction of an image: a fifth of a pixel of 2000."""


def prompt(box: Box, classes: Sequence[str], digits: int = 0) -> str:
    """box: (x1, y1, x2, y2) in pixels of the image the model sees, or in the units it speaks in; with that many digits
    behind the point."""
    corners = ", ".join(f"{v:.{digits}f}" for v in box)
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
    words = simplified(text)
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
    if len(named) > 1 or DENIED.search(words):
        return failure(AMBIGUOUS)
    name, span = named.popitem()
    return Reading(name, spans=(span,))


def canonical(word: str, classes: Sequence[str]) -> str | None:
    """The class that a single word or name means, whatever its case, plural or punctuation; None when none of these."""
    word = re.sub(r"^(an?|the)\s+", "", simplified(word).strip(" \t.,;:!。，\"'[]()"))
    for known, name in _vocabulary(classes).items():
        if _pattern(known).fullmatch(word):
            return name
    return None


def _vocabulary(classes: Sequence[str]) -> dict[str, str]:
    """Every understood word → the class it means; a class's own name goes before another's synonym."""
    words = {simplified(name).strip(): name for name in classes}
    for name in classes:
        for word in SYNONYMS.get(name, ()):
            words.setdefault(word, name)
    return words


def _pattern(word: str) -> re.Pattern[str]:
    return re.compile(rf"\b{re.escape(word)}(?:e?s)?\b" if word.isascii() else re.escape(word))


class Classification(Task):
    """The task of the class of the target in a box."""

    name, title, noun, about, budget = "classify", "Class of a target", "classification", BOX, 24
    headline: ClassVar[str] = "classification"

    def prompt(self, subject: Subject) -> str:
        """Raises BadOption without a box."""
        if subject.box is None:
            raise BadOption("No box was given to classify.", "Give xmin,ymin,xmax,ymax.")
        fractions = max(subject.size) <= 1
        return prompt(subject.box, subject.classes, FRACTION_DIGITS if fractions else 0)

    def read(self, text: str, subject: Subject) -> Reading:
        return read(text, subject.classes)

    def accepted(self, value: Any) -> str | None:
        return value if isinstance(value, str) else None

    def told(self, label: str, value: Any, prompt: str = "") -> Told:
        return Told("Which class is the target in the box?", value or "")

    def score(self, rows: Sequence[Row]) -> dict[str, Any]:
        return score_classification([row["truth"] for row in rows], [row["answer"] for row in rows]).as_dict()


class FineClassification(Classification):
    """The same question, where the choice is among the kinds that the targets of a data set name; scored apart."""

    name, title, noun = "classify-fine", "Kind of a target", "fine classification"
    headline: ClassVar[str] = "fine classification"

    @property
    def asked_as(self) -> str:
        return Classification.name
