"""Writes result layers as GeoPackage, shapefile, GeoJSON or CSV, and reads them back."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyogrio
import pyogrio.errors
import pyogrio.raw
import pyproj
import shapely

from fusar_core.domain.schema import DETECTIONS, LAYERS, Field, Layer
from fusar_core.errors import BadOption, BadResults, OutputUnwritable
from fusar_core.files import atomic_folder, check_writable, flush_to_disk, write_error
from fusar_core.results.tables import FeatureTable

DRIVERS = {"gpkg": "GPKG", "shp": "ESRI Shapefile", "geojson": "GeoJSON", "csv": "CSV"}
SHAPEFILE_TEXT = 254
"""Bytes of the longest text a shapefile's DBF holds."""

_NUMPY = {"text": object, "real": np.float64, "integer": np.int32, "boolean": np.bool_}


def format_of(path: Path, wanted: str | None = None) -> str:
    """The format of an output: `wanted`, or what the file name says.

    Raises BadOption when they disagree or are unknown.
    """
    suffix = path.suffix.lower().removeprefix(".")
    known = ", ".join(f".{f}" for f in DRIVERS)
    if wanted is not None and wanted not in DRIVERS:
        raise BadOption(f"There is no output format '{wanted}'.", f"Formats: {', '.join(DRIVERS)}.")
    if wanted and suffix != wanted:
        raise BadOption(f"'{path.name}' does not end in .{wanted}.", "Name the file after its format.")
    if suffix not in DRIVERS:
        raise BadOption(f"'{path.name}' says no known format.", f"Let the name end in one of {known}.")
    return suffix


def write_layers(tables: Sequence[FeatureTable], path: Path) -> dict[str, Path]:
    """Writes the layers in the format of the file's name; returns layer name → file.

    A GeoPackage holds all layers; in the other formats `path` is the first layer and the rest lie beside it as
    `NAME_layer.ext`. Everything is written to a temporary place, read back, and only then moved over what was there.
    GeoJSON is in longitude and latitude (RFC 7946).

    Raises BadOption, OutputUnwritable, DiskFull.
    """
    path = Path(path)
    form = format_of(path)
    check_writable(path)
    names = {t.layer.name: path if i == 0 or form == "gpkg" else _beside(path, t) for i, t in enumerate(tables)}
    with atomic_folder(path) as folder:
        for table in tables:
            target = folder / names[table.layer.name].name
            try:
                _write(table, target, form, append=target.exists())
                _check_written(table, target, form)
            except (pyogrio.errors.DataSourceError, pyogrio.errors.FeatureError, OSError, RuntimeError) as cause:
                raise write_error(path, cause) from cause
        _move_into_place(folder, path.parent)
    return names


def _beside(path: Path, table: FeatureTable) -> Path:
    return path.with_name(f"{path.stem}_{table.layer.name}{path.suffix}")


def _move_into_place(folder: Path, home: Path) -> None:
    """Moves the files; a shapefile's .shp goes last, so that a reader never meets a new one beside old attributes."""
    for file in sorted(folder.iterdir(), key=lambda f: (f.suffix == ".shp", f.name)):
        flush_to_disk(file)
        os.replace(file, home / file.name)


def _columns(
    table: FeatureTable, form: str
) -> tuple[list[str], list[npt.NDArray[Any]], list[npt.NDArray[np.bool_] | None]]:
    names, data, masks = [], [], []
    for f in table.layer.fields:
        values = [row.get(f.name) for row in table.rows]
        if form == "shp" and f.type == "text":
            values = [v if v is None else _shorten(v) for v in values]
        missing = np.array([v is None for v in values], bool)
        names.append(f.short if form == "shp" else f.name)
        data.append(_column(f, values, form))
        # Text and real numbers have a null of their own (None, NaN).
        masks.append(missing if f.type in ("integer", "boolean") and missing.any() else None)
    return names, data, masks


def _column(f: Field, values: list[Any], form: str) -> npt.NDArray[Any]:
    if f.type == "text":
        return np.array(values, object)
    if f.type == "real":
        return np.array([np.nan if v is None else v for v in values], np.float64)
    kind = np.int32 if form == "shp" else _NUMPY[f.type]  # DBF has no booleans that every reader understands
    return np.array([0 if v is None else v for v in values], kind)


def _shorten(text: str) -> str:
    return text[:SHAPEFILE_TEXT].encode()[:SHAPEFILE_TEXT].decode(errors="ignore")


def _write(table: FeatureTable, path: Path, form: str, *, append: bool) -> None:
    names, data, masks = _columns(table, form)
    polygons = np.array(table.polygons, object) if table.polygons else np.empty(0, object)
    options: dict[str, Any] = {}
    if form == "csv":
        centres = [p.centroid for p in table.polygons]
        names += ["x", "y"]
        data += [np.array([c.x for c in centres], float), np.array([c.y for c in centres], float)]
        masks += [None, None]
        options["GEOMETRY"] = "AS_WKT"
    if form == "geojson" and table.crs is not None:
        options["RFC7946"] = "YES"
        options["COORDINATE_PRECISION"] = 9
    metadata = {"layer_metadata": table.metadata} if form == "gpkg" and table.metadata else {}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="'crs' was not provided")
        pyogrio.raw.write(
            path,
            shapely.to_wkb(polygons),
            data,
            names,
            field_mask=masks,
            layer=table.layer.name if form == "gpkg" else path.stem,
            driver=DRIVERS[form],
            geometry_type="Polygon",
            crs=None if table.crs is None else table.crs.to_wkt(),
            encoding="UTF-8",
            append=append,
            **metadata,
            **options,
        )


def _check_written(table: FeatureTable, path: Path, form: str) -> None:
    """Drivers may swallow a failed write: what is not all there on reading back is an error."""
    layer = table.layer.name if form == "gpkg" else None
    found = pyogrio.read_info(path, layer=layer, force_feature_count=True)["features"]
    if found != len(table.rows):
        raise OutputUnwritable(
            f"{path.name} holds {found} features of layer {table.layer.name} where {len(table.rows)} were written.",
            "Check the disk for free space and errors.",
        )


def read_layers(path: Path) -> list[FeatureTable]:
    """The layers of a GeoPackage written by `write_layers`.

    Raises BadResults when the file is no such GeoPackage.
    """
    path = Path(path)
    advice = "Give the GeoPackage that fusar interpret wrote."
    if not path.is_file():
        raise BadResults(f"There is no file {path}.", advice)
    try:
        present = {name for name, _ in pyogrio.list_layers(path)}
        if DETECTIONS.name not in present:
            raise BadResults(f"{path} has no layer '{DETECTIONS.name}'.", advice)
        return [_read(path, layer) for layer in LAYERS if layer.name in present]
    except pyogrio.errors.DataSourceError as cause:
        raise BadResults(f"{path} cannot be read: {cause}", advice) from cause


def _read(path: Path, layer: Layer) -> FeatureTable:
    meta, _, geometry, columns = pyogrio.raw.read(path, layer=layer.name)
    by_name = dict(zip(meta["fields"], columns, strict=True))
    if missing := [f.name for f in layer.fields if f.name not in by_name]:
        raise BadResults(
            f"Layer '{layer.name}' of {path} has no field {', '.join(missing)}.",
            "Give a GeoPackage that fusar interpret wrote.",
        )
    rows = [{f.name: _plain(by_name[f.name][i], f) for f in layer.fields} for i in range(len(geometry))]
    crs = pyproj.CRS.from_user_input(meta["crs"]) if meta["crs"] else None
    return FeatureTable(layer, crs, list(shapely.from_wkb(geometry)), rows)


def _plain(value: Any, f: Field) -> Any:
    """A Python value; None for null."""
    if value is None or (f.type != "text" and value != value):
        return None
    convert = {"text": str, "real": float, "integer": int, "boolean": bool}[f.type]
    return convert(value)
