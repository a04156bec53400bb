"""Detection: every target of a class as a box; the answer is JSON, or None."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence

from fusar_core.tasks.classification import Box, canonical
from fusar_core.tasks.reading import (
    OK,
    OUT_OF_RANGE,
    TRUNCATED,
    UNKNOWN_CLASS,
    UNREADABLE,
    Reading,
    failure,
    plain,
    says_none,
    spoilt,
)

OFFICIAL = "official"
"""Name of the prompt style that the adapters of the official release were trained with."""

_OBJECT = re.compile(r"\{[^{}]*\}")
_BOX = re.compile(r"[\"']?\b(?:bbox_2d|bbox|box)\b[\"']?\s*:\s*[\[(]([^\[\]()]*)[\])]")
_LABEL = re.compile(r"[\"']?\blabel\b[\"']?\s*:\s*(\"[^\"]*\"|'[^']*')")
_NUMBERS = re.compile(r"\s*,\s*".join([r"\s*([-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)"] * 4) + r"\s*")


def prompt(label: str, style: str = "") -> str:
    """style: `official` for the words of the official release, which its detection adapter needs."""
    if style == OFFICIAL:
        return (
            f"This is a SAR image. Please carefully check the image and detect the following object: {label}. "
            "Output each detected target’s bbox coordinates in JSON format. The format of the bbox coordinates is: "
            "'''json [ { \"bbox_2d\": [x1, y1, x2, y2], \"label\": \"category name\" }, { ... } ] ''' "
            "If there are no such targets in the image, simply respond with None."
        )
    return (
        f"Detect the targets of category {label} in this SAR image. "
        'Answer with JSON: [{"bbox_2d": [x1, y1, x2, y2], "label": "category"}], or None.'
    )


def write(boxes: Sequence[Box], label: str) -> str:
    """The answer as a model is to say it; coordinates in whole pixels of the image it sees."""
    found = [{"bbox_2d": [round(v) for v in box], "label": label} for box in boxes]
    return json.dumps(found) if found else "None"


def read(text: str, label: str, width: float, height: float, classes: Sequence[str] = ()) -> Reading:
    """The boxes of class `label` that the text says: list of (x1, y1, x2, y2) in pixels of a width × height image.

    Swapped corners are put in order and boxes cut to the image; a box said twice counts once. Left out are boxes
    without area inside the image, without four numbers, or labelled as another class; when nothing else is left the
    answer is `out_of_range`, `unreadable` or `unknown_class`. A list that breaks off is `truncated` and keeps its whole
    boxes.
    """
    if bad := spoilt(text):
        return bad
    words = plain(text)
    objects = list(_OBJECT.finditer(text))
    if not objects:
        return Reading([]) if says_none(words) else failure(UNREADABLE)
    known = list(dict.fromkeys([label, *classes]))
    boxes: dict[Box, tuple[int, int]] = {}
    readable = of_class = 0
    for match in objects:
        corners = _corners(match[0])
        if corners is None:
            continue
        readable += 1
        said = _LABEL.search(match[0])
        if said is not None and canonical(said[1], known) != label:
            continue
        of_class += 1
        x1, x2 = sorted(min(max(v, 0.0), width) for v in corners[::2])
        y1, y2 = sorted(min(max(v, 0.0), height) for v in corners[1::2])
        if x2 > x1 and y2 > y1:
            boxes.setdefault((x1, y1, x2, y2), match.span())
    if not of_class:
        return failure(UNKNOWN_CLASS if readable else UNREADABLE)
    if not boxes:
        return failure(OUT_OF_RANGE)
    rest = text[objects[-1].end() :]
    whole = "{" not in rest and (rest.count("]") > 0 or "[" not in text[: objects[0].start()])
    return Reading(list(boxes), OK if whole else TRUNCATED, tuple(boxes.values()))


def _corners(said: str) -> tuple[float, float, float, float] | None:
    """The four finite numbers of one object, None when it has others."""
    box = _BOX.search(said)
    numbers = _NUMBERS.fullmatch(box[1]) if box else None
    if numbers is None:
        return None
    x1, y1, x2, y2 = map(float, numbers.groups())
    return (x1, y1, x2, y2) if all(map(math.isfinite, (x1, y1, x2, y2))) else None
