"""The result schema, in one place, and how an interpretation becomes features on the map.

The same fields stand in GeoPackage, GeoJSON and QGIS; shapefiles allow 10 characters, hence the short names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pyproj
import shapely

from fusar_core.engines.base import Corners
from fusar_core.grid import GEOD, Grid
from fusar_core.interpretation import Interpretation, SceneAnswer, chip_name
from fusar_core.merging import Target
from fusar_core.tasks import COUNT, DETECT, LOCATE
from fusar_core.tasks.localization import CELLS, GRID_SIDE
from fusar_core.tiling import Window, cells_under

FieldType = Literal["text", "real", "integer", "boolean"]


@dataclass(frozen=True)
class Field:
    """One attribute: its name, its shapefile name (at most 10 characters), its type, and what it says."""

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
    Field("task", "task", "text", "what was asked: detect, count, locate"),
    Field("prompt", "prompt", "text", "the words the engine was asked with; empty for cfar"),
    Field("engine", "engine", "text", "engine that answered"),
    Field("model", "model", "text", "checkpoint or settings of the engine"),
    Field("scene", "scene", "text", "file name of the scene"),
    Field("acquired", "acquired", "text", "acquisition time (UTC, ISO 8601) or year"),
    Field("chip", "chip", "text", "chip answered for, by its top-left scene pixel; 'scene' for the whole extent"),
    Field("px_bbox", "px_bbox", "text", "x1,y1,x2,y2 in scene pixels"),
    Field("parse_status", "parse", "text", "ok, derived (from merged detections), or what was wrong"),
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
        Field("length_m", "length_m", "real", "longer side, metres on the ellipsoid"),
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

UNREVIEWED = "unreviewed"
POSITION_NOTE = (
    "Positions are approximate: in products geocoded to the ellipsoid, targets in relief sit off by tens of metres."
)


@dataclass(frozen=True)
class FeatureTable:
    """The features of one layer: polygons in map coordinates and one dict of values each.

    crs: None for a scene without georeference; its features lie at (x, −y) of their pixels, which is where QGIS shows
    such a raster.
    """

    layer: Layer
    crs: pyproj.CRS | None
    polygons: list[shapely.Polygon]
    rows: list[dict[str, Any]]
    metadata: dict[str, str] = field(default_factory=dict)


def feature_tables(result: Interpretation) -> list[FeatureTable]:
    """The three layers of an interpretation: detections, grid_cells, answers."""
    grid = result.scene.grid
    common = {
        "engine": result.engine,
        "model": result.model,
        "scene": result.scene.name,
        "acquired": result.scene.acquisition.acquired,
        "aef_year": result.aef_year,
        "review": UNREVIEWED,
    }
    metadata = _metadata(result)
    targets = result.targets if DETECT in result.tasks else []
    grid_answers = [a for a in result.answers if a.task == LOCATE]
    return [
        FeatureTable(
            DETECTIONS,
            grid.crs,
            _polygons(grid, [t.detection.corners for t in targets]),
            _detection_rows(grid, targets, result.extent, common),
            metadata,
        ),
        FeatureTable(
            GRID_CELLS,
            grid.crs,
            _polygons(grid, [_window_corners(_cell(a.where, n)) for a in grid_answers for n in CELLS]),
            [_cell_row(a, n, common) for a in grid_answers for n in CELLS],
            metadata,
        ),
        FeatureTable(
            ANSWERS,
            grid.crs,
            _polygons(grid, [_window_corners(_edges(a.where)) for a in result.answers]),
            [_answer_row(a, common) for a in result.answers],
            metadata,
        ),
    ]


def _metadata(result: Interpretation) -> dict[str, str]:
    radiometry = result.scene.radiometry
    return {
        "scene": str(result.scene.path),
        "acquired": result.scene.acquisition.acquired,
        "engine": f"{result.engine} {result.model}".strip(),
        "tasks": ", ".join(result.tasks),
        "classes": ", ".join(result.classes),
        "radiometry": f"{radiometry.kind}: {radiometry.provenance}",
        "settings": ", ".join(f"{k}={v}" for k, v in result.settings.items()),
        "warnings": " ".join(result.warnings),
        "positions": POSITION_NOTE,
    }


def map_coordinates(grid: Grid, x: Any, y: Any) -> tuple[Any, Any]:
    """Pixel (x, y) → coordinates of the features: map coordinates, or (x, −y) without georeference."""
    if grid.crs is None:
        return np.asarray(x, float), -np.asarray(y, float)
    return grid.to_map(x, y)


def _polygons(grid: Grid, corners: Sequence[Corners]) -> list[shapely.Polygon]:
    if not corners:
        return []
    pixels = np.asarray(corners, float)
    x, y = map_coordinates(grid, pixels[..., 0], pixels[..., 1])
    return list(shapely.polygons(np.stack([x, y], axis=-1)))


def _edges(where: Window) -> tuple[float, float, float, float]:
    return where.col, where.row, where.right, where.bottom


def _cell(where: Window, number: int) -> tuple[float, float, float, float]:
    """Bounds (x1, y1, x2, y2) of a grid cell of a part of the scene, in scene pixels."""
    row, col = divmod(number - 1, GRID_SIDE)
    height, width = where.height / GRID_SIDE, where.width / GRID_SIDE
    return (
        where.col + col * width,
        where.row + row * height,
        where.col + (col + 1) * width,
        where.row + (row + 1) * height,
    )


def _window_corners(bounds: tuple[float, float, float, float]) -> Corners:
    x1, y1, x2, y2 = bounds
    return (x1, y1), (x2, y1), (x2, y2), (x1, y2)


def _box_text(bounds: Iterable[float]) -> str:
    return ",".join(f"{v:.1f}".removesuffix(".0") for v in bounds)


def _detection_rows(grid: Grid, targets: list[Target], extent: Window, common: dict[str, Any]) -> list[dict[str, Any]]:
    sizes = ground_sizes(grid, [t.detection.corners for t in targets])
    rows = []
    for target, (length, width, area) in zip(targets, sizes, strict=True):
        found = target.detection
        x, y = found.centre
        home = cells_under(Window(int(y), int(x), 1, 1), extent)
        rows.append(
            common
            | {
                "class": found.label,
                "score": round(found.score, 4),
                "length_m": length,
                "width_m": width,
                "area_m2": area,
                "task": DETECT,
                "prompt": target.prompt,
                "chip": chip_name((home[0] if home else target.chip).window),
                "px_bbox": _box_text(found.bbox),
                "parse_status": target.parse_status,
                "raw_text": target.raw_text,
                "flags": ",".join(found.flags),
            }
        )
    return rows


def ground_sizes(grid: Grid, corners: Sequence[Corners]) -> list[tuple[float | None, float | None, float | None]]:
    """(length m, width m, area m²) of oriented rectangles, geodesic on WGS 84; None without georeference."""
    if grid.crs is None or not corners:
        return [(None, None, None)] * len(corners)
    pixels = np.asarray(corners, float)
    lon, lat = grid.to_lonlat(pixels[..., 0], pixels[..., 1])
    _, _, sides = GEOD.inv(lon, lat, np.roll(lon, -1, axis=1), np.roll(lat, -1, axis=1))
    sides = np.asarray(sides, float)
    first, second = (sides[:, 0] + sides[:, 2]) / 2, (sides[:, 1] + sides[:, 3]) / 2
    areas = [abs(GEOD.polygon_area_perimeter(a, o)[0]) for a, o in zip(lon, lat, strict=True)]
    return [
        (round(float(max(a, b)), 1), round(float(min(a, b)), 1), round(float(area), 1))
        for a, b, area in zip(first, second, areas, strict=True)
    ]


def _answer_fields(answer: SceneAnswer) -> dict[str, Any]:
    return {
        "class": answer.label,
        "score": answer.score,
        "task": answer.task,
        "prompt": answer.prompt,
        "chip": answer.chip,
        "parse_status": answer.parse_status,
        "raw_text": answer.raw_text,
        "flags": "",
    }


def _cell_row(answer: SceneAnswer, number: int, common: dict[str, Any]) -> dict[str, Any]:
    row, col = divmod(number - 1, GRID_SIDE)
    present = None if answer.value is None else number in answer.value
    return (
        common
        | _answer_fields(answer)
        | {
            "cell": number,
            "row": row + 1,
            "col": col + 1,
            "present": present,
            "px_bbox": _box_text(_cell(answer.where, number)),
        }
    )


def _answer_row(answer: SceneAnswer, common: dict[str, Any]) -> dict[str, Any]:
    if answer.task == COUNT:
        question = f"How many targets of class {answer.label} are there?"
        words = "" if answer.value is None else str(answer.value)
        value = None if answer.value is None else float(answer.value)
    else:
        question = f"In which cells of a 3 × 3 grid are targets of class {answer.label}?"
        words = "" if answer.value is None else ", ".join(map(str, sorted(answer.value))) or "none"
        value = None
    return (
        common
        | _answer_fields(answer)
        | {"question": question, "answer": words, "value": value, "px_bbox": _box_text(_edges(answer.where))}
    )
