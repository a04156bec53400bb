"""The index of a batch: one feature a scene, with its footprint, its counts, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pyproj
import shapely

from fusar_core.batch.work import DONE, Record, result_path
from fusar_core.domain.schema import Field, Layer
from fusar_core.interpretation.result import known_sum
from fusar_core.results.tables import FeatureTable
from fusar_core.results.vector_io import write_layers

INDEX = "index.gpkg"

SCENES = Layer(
    "scenes",
    (
        Field("scene", "scene", "text", "path or address of the scene"),
        Field("result", "result", "text", "file of its layers, relative to the index; empty where there is none"),
        Field("status", "status", "text", "done, empty (no valid pixel), failed"),
        Field("error", "error", "text", "stable code of what went wrong"),
        Field("message", "message", "text", "what went wrong, and what to do next"),
        Field("acquired", "acquired", "text", "acquisition time (UTC, ISO 8601) or year"),
        Field("targets", "targets", "integer", "targets counted, all classes together; null where nobody knows"),
        Field("counts", "counts", "text", "class → targets, as JSON; null where nobody knows"),
        Field("engine", "engine", "text", "engine that answered"),
        Field("model", "model", "text", "checkpoint or settings of the engine"),
        Field("aef_year", "aef_year", "integer", "year of the AlphaEarth embeddings used, if any"),
        Field("chips", "chips", "integer", "chips shown to the engine"),
        Field("seconds", "seconds", "real", "time it took, of the last try"),
        Field("warnings", "warnings", "text", "what a reader of the result should know"),
    ),
)


def write_index(records: Iterable[Record], out: Path, *, overwrite: bool = False) -> Path:
    """Writes OUT/index.gpkg; what was there before stays until the new one is whole. overwrite: also one to which an
    analyst has added fields. Raises OutputUnwritable."""
    ordered = sorted(records, key=lambda r: r.scene)
    table = FeatureTable(
        SCENES,
        pyproj.CRS.from_epsg(4326),
        [shapely.Polygon(r.footprint) if len(r.footprint) > 2 else shapely.Polygon() for r in ordered],
        [_row(record, out) for record in ordered],
    )
    path = out / INDEX
    write_layers([table], path, overwrite=overwrite)
    return path


def _row(record: Record, out: Path) -> dict[str, object]:
    done = record.status == DONE
    return {
        "scene": record.scene,
        "result": result_path(out, record.name).name if done else "",
        "status": record.status,
        "error": record.error,
        "message": f"{record.message} {record.hint}".strip(),
        "acquired": record.acquired,
        "targets": known_sum(record.counts.values()) if done else None,
        "counts": json.dumps(record.counts, ensure_ascii=False) if done else "",
        "engine": record.engine,
        "model": record.model,
        "aef_year": record.aef_year,
        "chips": record.chips if done else None,
        "seconds": record.seconds,
        "warnings": " ".join(record.warnings),
    }
