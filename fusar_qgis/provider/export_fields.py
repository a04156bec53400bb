"""From the fields of a layer to those of a file: distinct names that a format allows, ours first; texts that fit."""

from __future__ import annotations

import re
from dataclasses import dataclass

from qgis.core import QgsFeature, QgsField, QgsFields

from .. import layers, schema
from ..translation import tr

_FORMULA = re.compile(r"^[=+\-@\t\r]")
_HARMLESS = re.compile(r"^[-+]?[\d.,;:\s+-]*$")


@dataclass(frozen=True)
class Columns:
    """The fields to write, from which of the source each comes, and what is to be told of names that changed."""

    fields: QgsFields
    sources: list[int]
    notes: list[str]


def columns(source: QgsFields, driver: str) -> Columns:
    """The fields of an export: all of the source but feature ids, and what a format cannot hold is said."""
    shapefile = driver == "ESRI Shapefile"
    known = _known(source)
    at = [i for i in range(source.count()) if source.at(i).name().lower() != "fid"]
    at.sort(key=lambda i: source.at(i).name() not in known)
    layer = schema.Layer(
        "detections", tuple(schema.Field(n, known.get(n, ""), "text", "") for n in (source.at(i).name() for i in at))
    )
    shorts = schema.short_names(layer) if shapefile else {}
    made, sources, notes = QgsFields(), [], []
    for i in at:
        field = QgsField(source.at(i))
        if field.typeName().lower() == "binary":
            left = tr("Left out: the field {name}, whose values are no text, number or time.")
            notes.append(left.format(name=field.name()))
            continue
        if shapefile:
            field.setName(shorts[field.name()])
            if layers.is_text(field):
                field.setLength(schema.SHAPEFILE_TEXT)
        made.append(field)
        sources.append(i)
    renamed = schema.renamed(layer).items() if shapefile else ()
    notes += [tr("Renamed: the field {name} is {short}.").format(name=name, short=short) for name, short in renamed]
    return Columns(made, sources, notes)


def _known(source: QgsFields) -> dict[str, str]:
    """Those fields of a source that are ours → their name in a shapefile. One opened from a shapefile has that name
    already."""
    names = set(source.names())
    found = {}
    for field in layers.SCHEMA["detections"].fields:
        if field.name in names:
            found[field.name] = field.short
        elif field.short in names:
            found[field.short] = field.short
    return found


def values(feature: QgsFeature, wanted: Columns, driver: str) -> list:
    """The attributes of a row in a format: texts cut for a shapefile, and no formulas in CSV."""
    attributes = feature.attributes()
    found = [attributes[i] for i in wanted.sources]
    if driver == "ESRI Shapefile":
        return [schema.cut(v, schema.SHAPEFILE_TEXT) if isinstance(v, str) else v for v in found]
    if driver == "CSV":
        return [unformulated(v) if isinstance(v, str) else v for v in found]
    return found


def unformulated(text: str) -> str:
    """A text that no spreadsheet takes for a formula (OWASP: a quote goes before what starts like one)."""
    return f"'{text}" if _FORMULA.match(text) and not _HARMLESS.match(text) else text
