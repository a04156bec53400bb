"""The shape of a triplet's line: which fields there are, which must be, and what type each has.

`defects_of_row` finds everything at once, so that a file is mended in one go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Test = Callable[[Any], bool]

LARGEST = 1e9
"""No number of a triplet is as large; also refuses NaN, infinities and integers that are no float."""


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _any_text(value: Any) -> bool:
    return isinstance(value, str)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST


def _integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _positive(value: Any) -> bool:
    return _number(value) and value > 0


def _numbers(count: int) -> Test:
    return lambda value: isinstance(value, list) and len(value) == count and all(map(_number, value))


def _size(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(_integer(v) and v > 0 for v in value)


def _window(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 4 and all(map(_integer, value)) and min(value[2:]) > 0


def _footprint(value: Any) -> bool:
    if not _numbers(4)(value):
        return False
    west, south, east, north = value
    return bool(-180 <= west <= 180 and -180 <= east <= 180 and west != east and -90 <= south < north <= 90)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_text, value))


def _names(value: Any) -> bool:
    return _texts(value) and bool(value)


@dataclass(frozen=True)
class Field:
    """One field: whether it must be there, what its value must be (in words), and the test for that."""

    must: bool
    words: str
    test: Test


FIELDS: dict[str, Field] = {
    "id": Field(True, "text", _text),
    "size": Field(True, "[width, height] in whole pixels", _size),
    "conversations": Field(True, "a list", lambda v: isinstance(v, list)),
    "image": Field(False, "a path", _text),
    "scene": Field(False, "a path", _text),
    "window": Field(False, "[row, column, height, width] in whole pixels", _window),
    "anchors": Field(False, "a path", _text),
    "targets": Field(False, "a list", lambda v: isinstance(v, list)),
    "classes": Field(False, "a list of one name or more", _names),
    "footprint": Field(False, "[lon_min, lat_min, lon_max, lat_max] in degrees, lat_min < lat_max", _footprint),
    "place": Field(False, "text", _any_text),
    "gsd_m": Field(False, "metres above 0", _positive),
    "year": Field(False, "a whole number", _integer),
    "source": Field(False, "text", _any_text),
    "facts": Field(False, "an object", lambda v: isinstance(v, dict)),
}
CONVERSATION: dict[str, Field] = {
    "task": Field(True, "text", _text),
    "question": Field(True, "text that is not empty", _text),
    "answer": Field(True, "text that is not empty", _text),
    "label": Field(False, "text", _any_text),
    "options": Field(False, "a list of names", _texts),
    "box": Field(False, "[x1, y1, x2, y2] in pixels", _numbers(4)),
}
TARGET: dict[str, Field] = {
    "label": Field(True, "text", _text),
    "bbox": Field(True, "[x1, y1, x2, y2] in pixels", _numbers(4)),
    "kind": Field(False, "text", _any_text),
    "length_m": Field(False, "metres above 0", _positive),
}


def defects_of_row(row: Any) -> Iterator[str]:
    """What is wrong with the shape of a parsed line; nothing when `Triplet.from_row` can take it."""
    if not isinstance(row, dict):
        yield f"the line holds a {type(row).__name__}, not an object"
        return
    yield from _object(row, FIELDS, "")
    for name, fields in (("conversations", CONVERSATION), ("targets", TARGET)):
        members = row.get(name)
        for i, member in enumerate(members if isinstance(members, list) else ()):
            if isinstance(member, dict):
                yield from _object(member, fields, f"{name}[{i}].")
            else:
                yield f"{name}[{i}] is {_shown(member)}, not an object"


def _object(row: Mapping[str, Any], fields: Mapping[str, Field], where: str) -> Iterator[str]:
    for name, wanted in fields.items():
        if name not in row:
            if wanted.must:
                yield f"{where}{name} is missing"
        elif row[name] is None:
            yield f"{where}{name} is null, not {wanted.words}: leave it out where nothing is known"
        elif not wanted.test(row[name]):
            yield f"{where}{name} is {_shown(row[name])}, not {wanted.words}"
    for name in row:
        if name not in fields:
            yield f"{where}{name} is no field of the format"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
