"""Counting: how many targets of a class are in the image; the answer is one whole number."""

from __future__ import annotations

import re

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

MOST = 10_000
"""More targets than any chip holds: a greater number is no count."""

_NAMED = re.compile(rf"[\"']?(?:count|number|total|answer|数量)[\"']?\s*[:=：]\s*[\"']?({NUMBER.pattern})")


def prompt(label: str) -> str:
    return f"Count the targets of category {label} in this SAR image. Answer with one integer."


def write(value: int) -> str:
    """The answer as a model is to say it."""
    return str(value)


def read(text: str) -> Reading:
    """The one whole number that the text says, 0 to MOST; "None" is 0.

    A number that stands alone on the first line, or is named the count, goes before others; otherwise several different
    numbers are `ambiguous`.
    """
    if bad := spoilt(text):
        return bad
    words = plain(text)
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
    return Reading(value, spans=((start, end),)) if 0 <= value <= MOST else failure(OUT_OF_RANGE)
