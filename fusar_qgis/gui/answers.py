"""Reads results out of layers for the panels: attributes as plain values, grid answers, descriptions."""

from __future__ import annotations

from typing import NamedTuple

from qgis.core import QgsFeature, QgsVectorLayer

from ..schema import UNKNOWN_CELLS, WHOLE_EXTENT
from ..translation import tr

DESCRIPTIONS = 3  # shown in the panel; every chip of a scene has one


class Cells(NamedTuple):
    """A grid answer: the cells that hold targets, and those of which nobody knows."""

    full: frozenset[int]
    unknown: frozenset[int] = frozenset()


def attributes(feature: QgsFeature) -> dict:
    """Field → value; NULL of QGIS becomes None."""
    names = feature.fields().names()
    return {name: plain(value) for name, value in zip(names, feature.attributes())}  # noqa: B905 - Python 3.9


def plain(value):
    """A value of an attribute, None for NULL in any of QGIS's shapes."""
    is_null = getattr(value, "isNull", None)
    return None if value is None or (is_null is not None and is_null()) else value


def grid_and_caption(layer: QgsVectorLayer | None) -> tuple[dict[str, Cells], str]:
    """From an answers layer: class → cells of the scene's 3 × 3 grid, and the first descriptions in words."""
    cells: dict[str, Cells] = {}
    words: list[str] = []
    for row in (attributes(f) for f in layer.getFeatures()) if layer is not None else ():
        answer = row.get("answer") or ""
        if row.get("task") == "locate" and row.get("chip") == WHOLE_EXTENT and answer:
            full, _, unknown = answer.partition(UNKNOWN_CELLS)
            cells[row.get("class") or ""] = Cells(_numbers(full), _numbers(unknown))
        elif row.get("task") == "describe" and answer:
            words.append(answer)
    words = list(dict.fromkeys(words))
    if len(words) > DESCRIPTIONS:
        more = tr("… and {n} more: the layer of answers has them, chip by chip").format(n=len(words) - DESCRIPTIONS)
        words = [*words[:DESCRIPTIONS], more]
    return cells, "\n".join(words)


def _numbers(text: str) -> frozenset[int]:
    return frozenset(int(n) for n in text.replace(")", "").split(",") if n.strip().isdigit())
