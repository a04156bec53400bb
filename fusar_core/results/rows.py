"""What the rows of all result layers share: where they came from, and how pixels become polygons on the map."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import shapely

from fusar_core.domain.answers import Corners
from fusar_core.domain.grid import GEOD, Grid
from fusar_core.domain.schema import POSITION_NOTE, UNREVIEWED, Layer
from fusar_core.domain.tiling import Window
from fusar_core.interpretation.result import Provenance, SceneAnswer
from fusar_core.prior.anchors import AnchorSampler
from fusar_core.results.tables import FeatureTable

Box = tuple[float, float, float, float]


def table_of(
    result: Provenance, layer: Layer, corners: Sequence[Corners], rows: Sequence[dict[str, Any]]
) -> FeatureTable:
    """A layer of a result: what each feature says, with what all of them share. corners: in scene pixels."""
    shared = common_fields(result)
    grid = result.scene.grid
    return FeatureTable(layer, grid.crs, polygons(grid, corners), [shared | row for row in rows], metadata_of(result))


def common_fields(result: Provenance) -> dict[str, Any]:
    """The fields that every feature of a result carries."""
    return {
        "engine": result.engine,
        "model": result.model,
        "scene": result.scene.name,
        "acquired": result.scene.acquisition.acquired or "",
        "aef_year": result.aef_year,
        "review": UNREVIEWED,
    }


def answer_fields(answer: SceneAnswer) -> dict[str, Any]:
    """The fields that every feature of an answer carries."""
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


def metadata_of(result: Provenance) -> dict[str, str]:
    """What is known of a result as a whole: metadata of its layers."""
    radiometry = result.scene.radiometry
    return {
        "scene": str(result.scene.path),
        "acquired": result.scene.acquisition.acquired or "",
        "engine": f"{result.engine} {result.model}".strip(),
        "demonstration": "yes" if result.demonstration else "no",
        "tasks": ", ".join(result.tasks),
        "classes": ", ".join(result.classes),
        "radiometry": f"{radiometry.kind}: {radiometry.provenance}",
        **_prior_metadata(result.prior),
        "settings": ", ".join(f"{k}={v}" for k, v in result.settings.items()),
        "warnings": " ".join(result.warnings),
        "positions": POSITION_NOTE,
    }


def _prior_metadata(prior: AnchorSampler | None) -> dict[str, str]:
    if prior is None:
        return {"prior": "none"}
    return {
        "prior": prior.source.name,
        "aef_year_requested": str(prior.year),
        "aef_year_used": str(prior.year_used),
        "attribution": prior.source.attribution,
    }


def polygons(grid: Grid, corners: Sequence[Corners]) -> list[shapely.Polygon]:
    """Rectangles in scene pixels → polygons in the map units of the scene."""
    if not corners:
        return []
    pixels = np.asarray(corners, float)
    x, y = grid.to_map(pixels[..., 0], pixels[..., 1])
    return list(shapely.polygons(np.stack([x, y], axis=-1)))


def edges(where: Window) -> Box:
    """Bounds (x1, y1, x2, y2) of a window, in scene pixels."""
    return where.col, where.row, where.right, where.bottom


def corners_of(bounds: Box) -> Corners:
    """The four corners of bounds, clockwise from the top left."""
    x1, y1, x2, y2 = bounds
    return (x1, y1), (x2, y1), (x2, y2), (x1, y2)


def box_text(bounds: Iterable[float]) -> str:
    """Bounds as the field px_bbox says them."""
    return ",".join(f"{v:.1f}".removesuffix(".0") for v in bounds)


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
