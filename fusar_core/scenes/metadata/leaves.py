"""Metadata documents (JSON, XML, tags, KEY="value" lines) → their values with the names they stand under.

Documents come from others: their depth, the number of their values and the length of names are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree

Leaves = list[tuple[str, str]]
"""(dotted lower-case name without punctuation, text) of every value, in the order of the document."""

DEEPEST = 64
MOST_LEAVES = 500_000
NAME_PARTS = 3
"""Names are compared by their end, so only the last parts are kept…"""
LONGEST_PART = 64
"""…and of each no more than any known name has."""
LONGEST_VALUE = 4096


class TooDeep(ValueError):
    """A document is deeper, or holds more, than any metadata."""


def leaves_of_json(value: Any) -> Leaves:
    """The values of a JSON document. Raises TooDeep."""
    return _bounded(_json_leaves(value, (), 0))


def _bounded(leaves: Iterator[tuple[str, str]]) -> Leaves:
    found: Leaves = []
    for leaf in leaves:
        if len(found) >= MOST_LEAVES:
            raise TooDeep("too many values")
        found.append(leaf)
    return found


def _json_leaves(value: Any, name: tuple[str, ...], depth: int) -> Iterator[tuple[str, str]]:
    if depth > DEEPEST:
        raise TooDeep("nested too deeply")
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _json_leaves(inner, _under(name, str(key)), depth + 1)
    elif isinstance(value, list):
        if all(isinstance(v, str) for v in value):
            yield dotted(name), " ".join(value)[:LONGEST_VALUE]
        for inner in value:
            if isinstance(inner, Mapping | list):
                yield from _json_leaves(inner, name, depth + 1)
    elif value is not None and not isinstance(value, bool):
        yield dotted(name), str(value)[:LONGEST_VALUE]


def leaves_of_xml(text: bytes) -> Leaves:
    """The text of every element of an XML document that has no children. Raises ParseError, TooDeep."""
    reader = _XmlLeaves()
    parser = ElementTree.XMLParser(target=reader)
    parser.feed(text)
    parser.close()
    return reader.found


class _XmlLeaves:
    """Takes the events of a parser; keeps no tree."""

    def __init__(self) -> None:
        self.found: Leaves = []
        self._names: list[str] = []
        self._text: list[str] = []
        self._is_leaf = False

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        raise TooDeep("a document type is no metadata")  # and may hold entities that grow without end

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        name = tag.rpartition("}")[2]
        if name.lower() in ("mdattr", "mdelem"):  # SNAP names its values by an attribute
            name = attributes.get("name", name)
        if len(self._names) >= DEEPEST or len(self.found) >= MOST_LEAVES:
            raise TooDeep("nested too deeply")
        self._names.append(_bare_name(name))
        self._text, self._is_leaf = [], True

    def data(self, text: str) -> None:
        if self._is_leaf and len(self._text) < LONGEST_VALUE:
            self._text.append(text)

    def end(self, tag: str) -> None:
        text = "".join(self._text).strip() if self._is_leaf else ""
        if text:
            self.found.append((dotted(tuple(self._names[-NAME_PARTS:])), text[:LONGEST_VALUE]))
        self._names.pop()
        self._is_leaf = False

    def close(self) -> None:
        """All was said."""


def leaves_of_tags(tags: Mapping[str, str]) -> Leaves:
    """The tags of a raster, without those that tell of processing; the Envisat headers MPH and SPH as if none were."""
    return [
        (dotted((re.sub(r"^(?:[MS]PH|CEOS)_", "", key),)), str(value)[:LONGEST_VALUE])
        for key, value in tags.items()
        if not key.startswith(("TIFFTAG_", "XML:"))
    ]


def leaves_of_lines(text: str) -> Leaves:
    """Lines such as `Lbi_Satellite="ALOS2"` of the summaries of JAXA."""
    return [(dotted((m[1],)), m[2]) for m in re.finditer(r'^(\w{1,64})\s*=\s*"([^"\n]{0,200})"', text, re.MULTILINE)]


def _under(name: tuple[str, ...], part: str) -> tuple[str, ...]:
    return (*name, part)[-NAME_PARTS:]


def dotted(name: tuple[str, ...]) -> str:
    return "".join(f".{_bare_name(part)}" for part in name)


def _bare_name(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name[:LONGEST_PART].lower())
