"""What engine and plugin must agree on: result layers and their fields, review, the grid, the protocol between them.

Standard library alone: the plugin, which cannot import the engine, carries this very file. The same fields stand in
GeoPackage, GeoJSON and QGIS; shapefiles allow 10 characters, hence the short names.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

FieldType = Literal["text", "real", "integer", "boolean", "date", "datetime"]
"""The last two occur only among fields that an analyst has added."""


@dataclass(frozen=True)
class Field:
    """One attribute: its name, its shapefile name (at most 10 characters), its type, and what it says.

    Fields that an analyst has added have no shapefile name: one is found when a shapefile is written.
    """

    name: str
    short: str
    type: FieldType
    meaning: str


@dataclass(frozen=True)
class Layer:
    """One result layer; all are polygons."""

    name: str
    fields: tuple[Field, ...]


_COMMON = (
    Field("task", "task", "text", "what was asked: detect, count, locate, describe"),
    Field("prompt", "prompt", "text", "the words the engine was asked with; empty for cfar"),
    Field("engine", "engine", "text", "engine that answered"),
    Field("model", "model", "text", "checkpoint or settings of the engine"),
    Field("scene", "scene", "text", "file name of the scene"),
    Field("acquired", "acquired", "text", "acquisition time (UTC, ISO 8601) or year"),
    Field("chip", "chip", "text", "chip answered for, by its top-left scene pixel; 'scene' for the whole extent"),
    Field("px_bbox", "px_bbox", "text", "x1,y1,x2,y2 in scene pixels"),
    Field(
        "parse_status",
        "parse",
        "text",
        "ok, derived (from merged detections), metadata, nothing (in a box), or what was wrong",
    ),
    Field("raw_text", "raw_text", "text", "the engine's own words; first 254 characters in a shapefile"),
    Field("aef_year", "aef_year", "integer", "year of the AlphaEarth embeddings used, if any"),
    Field("flags", "flags", "text", "doubts, comma-separated, e.g. azimuth_ambiguity: listed but not counted"),
    Field("review", "review", "text", "unreviewed, confirmed or rejected by the analyst"),
)
_CLASS = Field("class", "class", "text", "class of target")
_SCORE = Field("score", "score", "real", "confidence in [0, 1]")

DETECTIONS = Layer(
    "detections",
    (
        _CLASS,
        _SCORE,
        Field("length_m", "length_m", "real", "longer side, metres on the ellipsoid; empty for a box that was drawn"),
        Field("width_m", "width_m", "real", "shorter side, metres on the ellipsoid"),
        Field("area_m2", "area_m2", "real", "area, square metres on the ellipsoid"),
        *_COMMON,
    ),
)
GRID_CELLS = Layer(
    "grid_cells",
    (
        Field("cell", "cell", "integer", "1 to 9, row-major from the top left"),
        Field("row", "row", "integer", "1 to 3 from the top"),
        Field("col", "col", "integer", "1 to 3 from the left"),
        _CLASS,
        Field("present", "present", "boolean", "whether a target of the class lies in the cell"),
        _SCORE,
        *_COMMON,
    ),
)
ANSWERS = Layer(
    "answers",
    (
        Field("question", "question", "text", "the question in words"),
        Field("answer", "answer", "text", "the answer in words"),
        Field("value", "value", "real", "the answer as a number, where it is one"),
        _CLASS,
        _SCORE,
        *_COMMON,
    ),
)
LAYERS = (DETECTIONS, GRID_CELLS, ANSWERS)
"""The layers of an interpretation."""

EMBEDDING_BANDS = 64
"""Length of an AlphaEarth vector."""
ANCHORS = Layer(
    "anchors",
    (
        Field("scene", "scene", "text", "file name of the scene"),
        Field("source", "source", "text", "where the embeddings come from"),
        Field("year_requested", "year_asked", "integer", "year of the scene"),
        Field("year_used", "year_used", "integer", "year of the embeddings"),
        Field("y", "y", "real", "0 at the top edge of the chip, 1 at the bottom"),
        Field("x", "x", "real", "0 at the left edge of the chip, 1 at the right"),
        *(Field(f"A{n:02d}", f"A{n:02d}", "real", f"band {n} of the vector") for n in range(EMBEDDING_BANDS)),
    ),
)
"""Points, of `sample_anchors` alone."""

UNREVIEWED, CONFIRMED, REJECTED = "unreviewed", "confirmed", "rejected"
"""What the field `review` may say."""
WHOLE_EXTENT = "scene"
"""What the field `chip` says of an answer about the whole extent."""
UNKNOWN_CELLS = " (unknown: "
"""What stands in a grid answer in words between the cells that hold targets and those of which nobody knows."""
NOTHING = "nothing"
"""What the field `parse_status` says of a box that is like its surroundings, about which no engine was asked."""
FIRST_YEAR, LAST_YEAR = 1978, 2100
"""Of scenes: Seasat, the first civil SAR satellite, flew in 1978; no acquisition is older."""
SHORT_NAME, SHAPEFILE_TEXT = 10, 254
"""Bytes of the longest name of a field in a shapefile, and of the longest text."""
CELLS_PER_SIDE = 3
"""Of the grid of `locate`; cells are numbered from 1, row by row from the top left."""
NODES_PER_SIDE = 18
"""Of the grid of anchors over a chip by default: one every 28 pixels of 504, the sigma of the modulation's Gaussian."""
PROTOCOL = 1
"""Between plugin and sidecar; counted up when a method or notification changes its meaning."""
POSITION_NOTE = (
    "Positions are approximate: in products geocoded to the ellipsoid, targets in relief sit off by tens of metres."
)


def cut(text: str, size: int) -> str:
    """The beginning of a text in at most `size` bytes of UTF-8, between letters."""
    return text.encode("utf-8", "replace")[:size].decode("utf-8", "ignore")


def short_names(layer: Layer) -> dict[str, str]:
    """Name → name in a shapefile: ours as published, the analyst's cut to size and numbered where two become one."""
    names = {f.name: f.short for f in layer.fields if f.short}
    taken = {short.lower() for short in names.values()}
    theirs = [f.name for f in layer.fields if not f.short]
    times = Counter(cut(name, SHORT_NAME).lower() for name in theirs)
    for name in theirs:
        short = cut(name, SHORT_NAME)
        number = 0
        while short.lower() in taken or (number == 0 and times[short.lower()] > 1):
            number += 1
            short = cut(name, SHORT_NAME - len(f"_{number}")) + f"_{number}"
        names[name] = short
        taken.add(short.lower())
    return names


def renamed(layer: Layer) -> dict[str, str]:
    """The analyst's fields that have another name in a shapefile."""
    shorts = short_names(layer)
    return {f.name: shorts[f.name] for f in layer.fields if not f.short and shorts[f.name] != f.name}
