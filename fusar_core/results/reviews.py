"""Takes an analyst's work from an older result over into a new one of the same scene: reviews, own fields, own rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import shapely

from fusar_core.domain.schema import DETECTIONS, UNREVIEWED, Field, Layer
from fusar_core.errors import BadOption, BadResults, OutputReviewed
from fusar_core.results.tables import FeatureTable
from fusar_core.results.vector_io import not_taken_along, read_layers

MIN_IOU = 0.3
"""Two boxes that overlap this much are one target, also where another engine drew it."""
NOT_FOUND = "not_found_again"
"""Flag of a row that was reviewed or drawn by an analyst, and that the new run has not: listed, never counted."""

_KEYS = ("task", "chip", "class", "cell", "question", "px_bbox")
"""What two answers, or two grid cells, must have in common to be about the same."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Carried:
    """How many reviews (or own fields) went over to a feature of the new result, and how many features came along that
    the new result does not have."""

    taken: int = 0
    kept: int = 0


def take_over(new: Sequence[FeatureTable], old: Sequence[FeatureTable]) -> tuple[list[FeatureTable], Carried]:
    """The new layers with the analyst's work of the old ones; neither is changed.

    Detections are matched by overlap (IoU of at least MIN_IOU, or one's centre in the other), best first, each once;
    grid cells and answers by what they are about. Reviewed or drawn detections without a match come along with the flag
    `not_found_again`, and so do reviewed cells and answers that the new result does not have.

    Raises BadResults when the old layers are of another scene or CRS.
    """
    by_name = {table.layer.name: table for table in old}
    tables, taken, kept = [], 0, 0
    for table in new:
        before = by_name.get(table.layer.name)
        if before is None:
            tables.append(table)
            continue
        _check_same_scene(table, before)
        merged, carried = _carry(table, before)
        tables.append(merged)
        taken, kept = taken + carried.taken, kept + carried.kept
    return tables, Carried(taken, kept)


def check_taken_over(path: Path) -> None:
    """Raises OutputReviewed where a GeoPackage holds what a new result does not take over (styles, pictures)."""
    if path.suffix.lower() == ".gpkg" and path.exists() and path.stat().st_size and (left := not_taken_along(path)):
        raise OutputReviewed(
            f"{path} holds what is not taken over: {', '.join(left)}.", "Choose another name, or say --overwrite."
        )


def with_reviews_of(path: Path, tables: Sequence[FeatureTable]) -> tuple[list[FeatureTable], list[str]]:
    """New layers with the work in the GeoPackage that they are about to replace, and what is to be said about it.

    Raises BadResults, BadOption where it is no GeoPackage.
    """
    if not path.exists() or not path.stat().st_size:
        return list(tables), []
    if path.suffix.lower() != ".gpkg":
        raise BadOption(f"Reviews are not taken over from {path.name}.", "Write a GeoPackage, or leave --keep-reviews.")
    merged, carried = take_over(tables, read_layers(path))
    notes = [f"Reviews of {carried.taken} features were taken over."] if carried.taken else []
    if carried.kept:
        notes.append(f"{carried.kept} reviewed features were not found again; they are listed, flagged {NOT_FOUND}.")
    return merged, notes


def _check_same_scene(new: FeatureTable, old: FeatureTable) -> None:
    scenes = {str(row["scene"]) for row in old.rows if row.get("scene")}
    now = {str(row["scene"]) for row in new.rows if row.get("scene")}
    if scenes and now and not scenes & now:
        raise BadResults(
            f"The reviews are of {', '.join(sorted(scenes)[:3])}, and the new result is of {', '.join(sorted(now))}.",
            "Reviews are taken over to another run on the same scene only.",
        )
    if (new.crs is None) != (old.crs is None):
        raise BadResults("The older result has another coordinate reference system.", "Write to another file.")


def _carry(new: FeatureTable, old: FeatureTable) -> tuple[FeatureTable, Carried]:
    added = tuple(f for f in old.layer.fields if not f.short)
    worked = [i for i, row in enumerate(old.rows) if _is_worked_on(row, added)]
    shapes = _moved(old, worked, new.crs)
    if new.layer.name == DETECTIONS.name:
        pairs = _overlapping(new.polygons, shapes, worked)
    else:
        pairs = _same_subject(new, old, worked)
    rows = [dict(row) for row in new.rows]
    for mine, theirs in pairs.items():
        rows[mine] |= _work_of(old.rows[theirs], added)
    lost = [i for i in worked if i not in set(pairs.values())]
    polygons = [*new.polygons, *(shapes[worked.index(i)] for i in lost)]
    rows += [_not_found(old.rows[i]) for i in lost]
    layer = Layer(new.layer.name, (*new.layer.fields, *added))
    return replace(new, layer=layer, polygons=polygons, rows=rows), Carried(len(pairs), len(lost))


def _is_worked_on(row: Row, added: Sequence[Field]) -> bool:
    reviewed = row.get("review") not in (None, "", UNREVIEWED)
    return reviewed or not row.get("engine") or any(row.get(f.name) is not None for f in added)


def _work_of(row: Row, added: Sequence[Field]) -> Row:
    return {"review": row.get("review") or UNREVIEWED} | {f.name: row.get(f.name) for f in added}


def _not_found(row: Row) -> Row:
    flags = [flag for flag in str(row.get("flags") or "").split(",") if flag]
    return row | {"flags": ",".join(dict.fromkeys([*flags, NOT_FOUND]))}


def _moved(old: FeatureTable, worked: Sequence[int], crs: pyproj.CRS | None) -> list[Any]:
    shapes = [old.polygons[i] for i in worked]
    if crs is None or old.crs is None or crs == old.crs:
        return shapes
    move = pyproj.Transformer.from_crs(old.crs, crs, always_xy=True)
    return [s if s is None else shapely.transform(s, lambda xy: np.column_stack(move.transform(*xy.T))) for s in shapes]


def _overlapping(new: Sequence[Any], shapes: Sequence[Any], worked: Sequence[int]) -> dict[int, int]:
    """New row → old row, each once, best overlap first."""
    there = [i for i, s in enumerate(shapes) if s is not None and not s.is_empty]
    tree = shapely.STRtree([shapes[i] for i in there])
    found = []
    for mine, box in enumerate(new):
        if box is None or box.is_empty:
            continue
        for hit in tree.query(box):
            theirs = there[int(hit)]
            if (likeness := _likeness(box, shapes[theirs])) is not None:
                found.append((-likeness, mine, worked[theirs]))
    pairs: dict[int, int] = {}
    used: set[int] = set()
    for _, mine, old_row in sorted(found):
        if mine not in pairs and old_row not in used:
            pairs[mine] = old_row
            used.add(old_row)
    return pairs


def _likeness(a: Any, b: Any) -> float | None:
    """IoU of two shapes; None when they are not the same target."""
    union = shapely.area(shapely.union(a, b))
    iou = float(shapely.area(shapely.intersection(a, b)) / union) if union > 0 else 0.0
    centred = shapely.contains(a, shapely.centroid(b)) or shapely.contains(b, shapely.centroid(a))
    return iou if iou >= MIN_IOU or centred else None


def _same_subject(new: FeatureTable, old: FeatureTable, worked: Sequence[int]) -> dict[int, int]:
    mine = {_subject(row): i for i, row in enumerate(new.rows)}
    return {mine[key]: i for i in worked if (key := _subject(old.rows[i])) in mine}


def _subject(row: Row) -> tuple[Any, ...]:
    return tuple(row.get(key) for key in _KEYS)
