"""The boxes in a model's words, in the forms that models write them: JSON, marks of their own, bare lists.

Numbers are taken as they stand: in which units they are is declared, never guessed. A box is four numbers (left, top,
right, bottom) or two points; other orders, such as `box_2d` of models that say rows first, are not read.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fusar_core.domain.answers import Box
from fusar_core.tasks.reading import simplified

_KEY = re.compile(r"[\"']?\b(?:bbox_2d|bbox|bounding_box|box)\b[\"']?\s*:")
_LABEL = re.compile(r"[\"']?\b(?:label|class|category|name)\b[\"']?\s*:\s*(\[[^\[\]]*\]|\"[^\"]*\"|'[^']*')")
_WORD = re.compile(r"\"[^\"]*\"|'[^']*'")
_SIDES = tuple(
    re.compile(rf"[\"']?\b(?:{name})\b[\"']?\s*:\s*[\"']?([^\s,;\"'{{}}]+)")
    for name in ("x1|xmin|x_min|left", "y1|ymin|y_min|top", "x2|xmax|x_max|right", "y2|ymax|y_max|bottom")
)
_INNERMOST = re.compile(r"[\[(]([^\[\](){}]*)[\])]")
_NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?")
_MARKED = re.compile(
    r"(?:(?:<ref>|<\|object_ref_start\|>|<\|ref\|>)(?P<label>[^<]*)(?:</ref>|<\|object_ref_end\|>|<\|/ref\|>)\s*)?"
    r"(?:<box>|<\|box_start\|>|<\|begin_of_box\|>|<\|det\|>)(?P<boxes>[^<]*)"
    r"(?P<end></box>|<\|box_end\|>|<\|end_of_box\|>|<\|/det\|>)?"
)
"""InternVL, Qwen-VL, GLM-V, DeepSeek-VL."""
_BETWEEN = re.compile(r"(?:^|(?<=\s))\d+[.)](?=\s)|(?<=\n)\s*-(?=\s)|[\s,;:.\[\](){}\"'，、；：。]")

DEEPEST = 8
"""Objects inside objects that are looked at, so that braces without end cost no time."""


@dataclass(frozen=True)
class Said:
    """One place where a text says boxes. boxes: None for one that could not be read. label: None where none is given.
    span: the characters (from, to) that say it."""

    boxes: tuple[Box | None, ...]
    label: str | None
    span: tuple[int, int]


@dataclass(frozen=True)
class Boxes:
    """Everything that a text says of boxes, in order. whole: False where it broke off."""

    said: tuple[Said, ...] = ()
    whole: bool = True


def boxes_in(text: str, is_class: Callable[[str], bool]) -> Boxes:
    """The boxes that a text says: in objects, else behind marks, else as a list and nothing else.

    is_class: whether words name a class; in bare lists nothing else may stand between boxes.
    """
    return _of_objects(text) or _marked(text) or _bare(text, is_class) or Boxes()


def _of_objects(text: str) -> Boxes | None:
    """Boxes as the value of a key in `{…}`; other braces inside are attributes."""
    said = []
    for start, end, direct in _objects(text):
        if key := _KEY.search(direct):
            boxes = tuple(_value(text[start + key.end() : end - 1].lstrip()))
            said += _labelled(boxes, _LABEL.search(direct), (start, end))
    if not said:
        return None
    said.sort(key=lambda one: one.span)
    first, last = said[0].span[0], said[-1].span[1]
    rest = text[last:]
    whole = "{" not in rest and (rest.count("]") > 0 or "[" not in text[:first])
    return Boxes(tuple(said), whole)


def _objects(text: str) -> Iterator[tuple[int, int, str]]:
    """Start and end of every whole `{…}`, and its text with the objects inside blanked."""
    blanked, opened = list(text), list[int]()
    for place, character in enumerate(text):
        if character == "{":
            opened.append(place)
        elif character == "}" and opened:
            start = opened.pop()
            if len(opened) >= DEEPEST:
                continue
            yield start, place + 1, "".join(blanked[start : place + 1])
            blanked[start : place + 1] = " " * (place + 1 - start)


def _value(said: str) -> list[Box | None]:
    """The boxes that follow a key."""
    if said.startswith("{"):
        inside = said[: said.find("}") + 1]
        sides = [side.search(inside) for side in _SIDES]
        return [_box(" ".join(s[1] for s in sides if s))]
    if quoted := _WORD.match(said):
        return _boxes(quoted[0][1:-1])
    depth = 0
    for place, character in enumerate(said):
        depth += (character in "[(") - (character in "])")
        if depth == 0 and character in "]),\n":
            return _boxes(said[: place + 1])
    return _boxes(said)


def _labelled(boxes: tuple[Box | None, ...], label: re.Match[str] | None, span: tuple[int, int]) -> list[Said]:
    """Boxes of one object; a list of labels has one for each."""
    names = [word[1:-1] for word in _WORD.findall(label[1])] if label else []
    if len(names) > 1 and len(names) == len(boxes):
        return [Said((box,), name, span) for box, name in zip(boxes, names, strict=True)]
    return [Said(boxes, ", ".join(names) if label else None, span)]


def _marked(text: str) -> Boxes | None:
    """Boxes between a model's own marks."""
    said, whole = [], True
    for match in _MARKED.finditer(text):
        if boxes := _boxes(match["boxes"]):
            said.append(Said(tuple(boxes), match["label"], match.span()))
        whole = match["end"] is not None
    return Boxes(tuple(said), whole) if said else None


def _bare(text: str, is_class: Callable[[str], bool]) -> Boxes | None:
    """Lists of boxes, a class before each or behind the only one; None where anything else is said."""
    words = simplified(text)
    groups = list(_INNERMOST.finditer(words))
    if not any(_numbers(g[1]) for g in groups):
        return None
    edges = [0, *(place for g in groups for place in g.span()), len(words)]
    gaps = [_BETWEEN.sub(" ", words[a:b]).strip() for a, b in zip(edges[::2], edges[1::2], strict=True)]
    if len(groups) == 1 and not gaps[0]:
        gaps.reverse()
    if gaps[-1] or any(gap and not is_class(gap) for gap in gaps):
        return None
    told = " ".join(g[0] for g in groups)
    if all(len(_numbers(g[1])) == 2 for g in groups):  # points
        span = groups[0].start(), groups[-1].end()
        return Boxes((Said(tuple(_boxes(told)), gaps[0] or None, span),), _closed(words))
    said = [Said(tuple(_boxes(g[0])), gap or None, g.span()) for g, gap in zip(groups, gaps, strict=False)]
    return Boxes(tuple(said), _closed(words))


def _closed(words: str) -> bool:
    return words.count("[") == words.count("]") and words.count("(") == words.count(")")


def _boxes(said: str) -> list[Box | None]:
    """The boxes in lists of four numbers, or of two points each; None for each list of something else."""
    groups = [part for match in _INNERMOST.finditer(said) for part in match[1].split(";")] or [said]
    if len(groups) % 2 == 0 and all(len(_numbers(group)) == 2 for group in groups):
        groups = [f"{a}, {b}" for a, b in zip(groups[::2], groups[1::2], strict=True)]
    return [_box(group) for group in groups if group.strip()]


def _numbers(said: str) -> list[str]:
    return [word for word in re.split(r"[\s,\"']+", said) if word]


def _box(said: str) -> Box | None:
    """The four finite numbers of one box, None when it has others."""
    words = _numbers(said)
    if len(words) != 4 or not all(_NUMBER.fullmatch(word) for word in words):
        return None
    x1, y1, x2, y2 = map(float, words)
    return (x1, y1, x2, y2) if all(map(math.isfinite, (x1, y1, x2, y2))) else None
