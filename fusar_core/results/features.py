"""How an interpretation becomes features on the map: from scene pixels to polygons with geodesic sizes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import shapely

from fusar_core.domain.answers import Corners
from fusar_core.domain.cells import CELLS, CELLS_PER_SIDE
from fusar_core.domain.grid import GEOD, Grid
from fusar_core.domain.tiling import Window, cells_under
from fusar_core.interpretation.interpret import Interpretation, SceneAnswer, chip_name
from fusar_core.interpretation.merging import Target
from fusar_core.prior.anchors import AnchorSampler
from fusar_core.results.schema import ANSWERS, DETECTIONS, GRID_CELLS, POSITION_NOTE, UNREVIEWED, FeatureTable
from fusar_core.tasks import TASKS, finding


def feature_tables(result: Interpretation) -> list[FeatureTable]:
    """The three layers of an interpretation: detections, grid_cells, answers."""
    grid = result.scene.grid
    common = {
        "engine": result.engine,
        "model": result.model,
        "scene": result.scene.name,
        "acquired": result.scene.acquisition.acquired or "",
        "aef_year": result.aef_year,
        "review": UNREVIEWED,
    }
    metadata = _metadata(result)
    finds = finding(result.tasks)
    targets = result.targets if finds else []
    grid_answers = [a for a in result.answers if TASKS[a.task].in_cells]
    return [
        FeatureTable(
            DETECTIONS,
            grid.crs,
            _polygons(grid, [t.detection.corners for t in targets]),
            _detection_rows(grid, targets, result.extent, common | {"task": ", ".join(finds)}),
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
        "acquired": result.scene.acquisition.acquired or "",
        "engine": f"{result.engine} {result.model}".strip(),
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


def _polygons(grid: Grid, corners: Sequence[Corners]) -> list[shapely.Polygon]:
    if not corners:
        return []
    pixels = np.asarray(corners, float)
    x, y = grid.to_map(pixels[..., 0], pixels[..., 1])
    return list(shapely.polygons(np.stack([x, y], axis=-1)))


def _edges(where: Window) -> tuple[float, float, float, float]:
    return where.col, where.row, where.right, where.bottom


def _cell(where: Window, number: int) -> tuple[float, float, float, float]:
    """Bounds (x1, y1, x2, y2) of a grid cell of a part of the scene, in scene pixels."""
    row, col = divmod(number - 1, CELLS_PER_SIDE)
    height, width = where.height / CELLS_PER_SIDE, where.width / CELLS_PER_SIDE
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
    row, col = divmod(number - 1, CELLS_PER_SIDE)
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
    question, words, number = TASKS[answer.task].told(answer.label, answer.value, answer.prompt)
    return (
        common
        | _answer_fields(answer)
        | {"question": question, "answer": words, "value": number, "px_bbox": _box_text(_edges(answer.where))}
    )
