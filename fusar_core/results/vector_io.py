"""Writes result layers as GeoPackage, shapefile, GeoJSON or CSV, and reads them back."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyogrio.errors
import pyogrio.raw
import pyproj
import shapely

from fusar_core.domain.schema import DETECTIONS, LAYERS, SHAPEFILE_TEXT, Field, FieldType, Layer
from fusar_core.errors import BadOption, BadResults, OutputUnwritable
from fusar_core.files import atomic_folder, check_writable, flush_to_disk, write_error
from fusar_core.results.columns import columns
from fusar_core.results.replacing import check_replaceable, extra_fields
from fusar_core.results.tables import FeatureTable
from fusar_core.scenes.vectors import VECTOR_ERRORS

__all__ = ["DRIVERS", "SHAPEFILE_TEXT", "format_of", "not_taken_along", "read_layers", "write_layers"]

DRIVERS = {"gpkg": "GPKG", "shp": "ESRI Shapefile", "geojson": "GeoJSON", "csv": "CSV"}
INDEXES = (".qix", ".sbn", ".sbx", ".idm", ".ind")
"""What others keep beside a shapefile and what is wrong as soon as the shapefile is another one."""

_KINDS: dict[str, FieldType] = {"i": "integer", "u": "integer", "f": "real", "b": "boolean", "M": "datetime"}


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


def write_layers(tables: Sequence[FeatureTable], path: Path, *, overwrite: bool = False) -> dict[str, Path]:
    """Writes the layers in the format of the file's name; returns layer name → file.

    A GeoPackage holds all layers; in the other formats `path` is the first layer and the rest lie beside it as
    `NAME_layer.ext`. Everything is written to a temporary place, read back, and only then moved over what was there,
    if that may be replaced (`check_replaceable`; a run takes long, and somebody may have begun to work there).
    GeoJSON is in longitude and latitude (RFC 7946).

    Raises BadOption, OutputUnwritable, OutputForeign, OutputReviewed, OutputInUse, DiskFull.
    """
    path = Path(path)
    form = format_of(path)
    check_writable(path)
    names = {t.layer.name: path if i == 0 or form == "gpkg" else _beside(path, t) for i, t in enumerate(tables)}
    known = [*LAYERS, *(t.layer for t in tables if t.layer.name not in {layer.name for layer in LAYERS})]
    with atomic_folder(path) as folder:
        for table in tables:
            target = folder / names[table.layer.name].name
            try:
                _write(table, target, form, append=target.exists())
                _check_written(table, target, form)
            except VECTOR_ERRORS as cause:
                raise write_error(path, cause) from cause
        for target in dict.fromkeys(names.values()):
            check_replaceable(target, overwrite=overwrite, layers=known)
        _move_into_place(folder, path.parent)
    for table in tables:
        _check_in_place(table, names[table.layer.name], form)
    return names


def _beside(path: Path, table: FeatureTable) -> Path:
    return path.with_name(f"{path.stem}_{table.layer.name}{path.suffix}")


def _move_into_place(folder: Path, home: Path) -> None:
    """Moves the files; a shapefile's .shp goes last, so that a reader never meets a new one beside old attributes."""
    for file in sorted(folder.iterdir(), key=lambda f: (f.suffix == ".shp", f.name)):
        flush_to_disk(file)
        if file.suffix == ".shp":
            for suffix in INDEXES:
                (home / file.name).with_suffix(suffix).unlink(missing_ok=True)
        os.replace(file, home / file.name)


def _check_in_place(table: FeatureTable, path: Path, form: str) -> None:
    """Reads once more what was moved, as the next program will: something beside it may not belong to it."""
    try:
        _check_written(table, path, form)
    except VECTOR_ERRORS as cause:
        raise OutputUnwritable(
            f"{path} was written and cannot be read in its place: {cause}.",
            "Close what has it open, and run the command again with another name.",
        ) from cause


def _write(table: FeatureTable, path: Path, form: str, *, append: bool) -> None:
    names, data, masks = columns(table, form)
    polygons = np.array([None, *table.polygons], object)[1:]  # else numpy asks a lone geometry for its length
    options: dict[str, Any] = {}
    if form == "csv":
        centres = shapely.centroid(polygons)
        for name, values in (("x", shapely.get_x(centres)), ("y", shapely.get_y(centres))):
            if name not in names:  # an analyst may have fields of that name
                names.append(name)
                data.append(np.asarray(values, float))
                masks.append(None)
        options["GEOMETRY"] = "AS_WKT"
    if form == "geojson" and table.crs is not None:
        options["RFC7946"] = "YES"
        options["COORDINATE_PRECISION"] = 9
    kind, multi = _geometry_type(table, form)
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
            geometry_type=kind,
            promote_to_multi=multi,
            crs=None if table.crs is None else table.crs.to_wkt(),
            encoding="UTF-8",
            append=append,
            **metadata,
            **options,
        )


def _geometry_type(table: FeatureTable, form: str) -> tuple[str, bool]:
    """The type that a layer declares, and whether its polygons become multipolygons: rows may be an analyst's."""
    found = {p.geom_type for p in table.polygons if p is not None}
    if found <= {"Polygon"}:
        return "Polygon", False
    if found <= {"Polygon", "MultiPolygon"}:
        return "MultiPolygon", True
    if form != "shp":
        return "Unknown", False
    raise BadOption(
        f"Layer '{table.layer.name}' holds {' and '.join(sorted(found))}, and a shapefile takes one kind.",
        "Choose another format.",
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
    """The layers of a GeoPackage written by `write_layers`, with the fields and rows that an analyst has added.

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
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as cause:
        raise BadResults(f"{path} cannot be read: {cause}.", advice) from cause
    except VECTOR_ERRORS as cause:
        raise BadResults(f"{path} is damaged: {cause}.", advice) from cause


def not_taken_along(path: Path) -> list[str]:
    """What `read_layers` leaves in a GeoPackage, in words: layers of others, fields that no format of ours holds."""
    left = []
    with suppress(*VECTOR_ERRORS):
        ours = {layer.name for layer in LAYERS}
        for name in (str(name) for name, _ in pyogrio.list_layers(path)):
            if name not in ours:
                left.append(f"layer {name}")
                continue
            about = pyogrio.read_info(path, layer=name)
            types = dict(zip(about["fields"], about["ogr_types"], strict=True))
            left += [f"field {field} of {name}" for field, kind in types.items() if kind == "OFTBinary"]
    return left


def _read(path: Path, layer: Layer) -> FeatureTable:
    about = pyogrio.read_info(path, layer=layer.name)
    meta, _, geometry, data = pyogrio.raw.read(path, layer=layer.name)
    by_name = dict(zip(meta["fields"], data, strict=True))
    if missing := [f.name for f in layer.fields if f.name not in by_name]:
        raise BadResults(
            f"Layer '{layer.name}' of {path} has no field {', '.join(missing)}.",
            "Give a GeoPackage that fusar interpret wrote.",
        )
    layer = Layer(layer.name, (*layer.fields, *_added(about, layer)))
    n = len(data[0]) if len(data) else 0
    rows = [{f.name: _python_value(by_name[f.name][i], f) for f in layer.fields} for i in range(n)]
    crs = pyproj.CRS.from_user_input(meta["crs"]) if meta["crs"] else None
    shapes: list[Any] = [None] * n if geometry is None else list(shapely.from_wkb(geometry))
    metadata = {str(k): str(v) for k, v in (about.get("layer_metadata") or {}).items()}
    return FeatureTable(layer, crs, shapes, rows, metadata)


def _added(about: dict[str, Any], layer: Layer) -> list[Field]:
    """The fields of a layer that an analyst has added, without those whose values are no text, number or time."""
    kinds = dict(zip(about["fields"], zip(about["dtypes"], about["ogr_types"], strict=True), strict=True))
    added = []
    for name in extra_fields(layer, [str(name) for name in about["fields"]]):
        dtype, ogr_type = kinds[name]
        if ogr_type == "OFTBinary":
            continue
        kind: FieldType = "date" if ogr_type == "OFTDate" else _KINDS.get(np.dtype(dtype).kind, "text")
        added.append(Field(name, "", kind, "added by the analyst"))
    return added


def _python_value(value: Any, f: Field) -> Any:
    """A Python value, of a time numpy's; None for null."""
    if value is None or (f.type != "text" and value != value):
        return None
    if f.type in ("date", "datetime"):
        return np.datetime64(value)
    convert = {"text": str, "real": float, "integer": int, "boolean": bool}[f.type]
    return convert(value)
