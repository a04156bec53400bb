"""Result layers on the QGIS side: their fields, features from the engine's GeoJSON, style, form and metadata.

The fields are those of `schema.py`, which is the engine's own file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsField,
    QgsFields,
    QgsGeometry,
    QgsLayerMetadata,
    QgsMemoryProviderUtils,
    QgsPointXY,
    QgsProcessingContext,
    QgsProcessingLayerPostProcessorInterface,
    QgsVectorLayer,
)

from . import compat, schema

RESOURCES = Path(__file__).parent / "resources"

SCHEMA = {layer.name: layer for layer in (*schema.LAYERS, schema.ANCHORS)}
"""Name of a layer → its fields."""

SHORT = {field.name: field.short for layer in SCHEMA.values() for field in layer.fields if field.short != field.name}
"""Names of a shapefile, which allows 10 characters, where they differ."""

SHAPEFILE_TEXT = 254


def fields(layer: str, *, short: bool = False) -> QgsFields:
    """The fields of a result layer; short: with a shapefile's names."""
    made = QgsFields()
    for said in SCHEMA[layer].fields:
        field = compat.field(said.short if short else said.name, said.type)
        if short and said.type == "text":
            field.setLength(SHAPEFILE_TEXT)
        made.append(field)
    return made


def is_text(field: QgsField) -> bool:
    """Whether a field holds text."""
    return field.type() == compat.TEXT


def wkb_type(layer: str):
    """Point for anchors, polygon for all else."""
    return compat.POINT if layer == schema.ANCHORS.name else compat.POLYGON


def crs_of(definition: dict | None) -> QgsCoordinateReferenceSystem:
    """The CRS that the engine describes as {authid, wkt}; invalid for none."""
    crs = QgsCoordinateReferenceSystem()
    if definition:
        if definition.get("authid"):
            crs = QgsCoordinateReferenceSystem(definition["authid"])
        if not crs.isValid() and definition.get("wkt"):
            crs = QgsCoordinateReferenceSystem.fromWkt(definition["wkt"])
    return crs


def engine_crs(crs: QgsCoordinateReferenceSystem) -> str | None:
    """A CRS in words the engine understands: its authority's id, else WKT; None for none."""
    if not crs.isValid():
        return None
    if crs.authid().startswith(("EPSG:", "OGC:", "ESRI:", "IAU_2015:")):
        return crs.authid()
    return crs.toWkt(QgsCoordinateReferenceSystem.WktVariant.WKT2_2019)


def features_of(layer: str, collection: dict) -> list[QgsFeature]:
    """GeoJSON as the engine sends it → features with the fields of the layer, in the CRS it was sent in."""
    columns = fields(layer)
    names = [field.name for field in SCHEMA[layer].fields]
    made = []
    for item in collection["features"]:
        feature = QgsFeature(columns)
        feature.setGeometry(_geometry(item["geometry"]))
        values = item["properties"]
        feature.setAttributes([values.get(name) for name in names])
        made.append(feature)
    return made


def _geometry(geometry: dict) -> QgsGeometry:
    if geometry["type"] == "Point":
        return QgsGeometry.fromPointXY(QgsPointXY(*geometry["coordinates"]))
    rings = [[QgsPointXY(x, y) for x, y in ring] for ring in geometry["coordinates"]]
    return QgsGeometry.fromPolygonXY(rings)


def shortened(feature: QgsFeature) -> QgsFeature:
    """The feature as a shapefile takes it: texts of at most 254 bytes."""
    copy = QgsFeature(feature)
    copy.setAttributes([_cut(v) if isinstance(v, str) else v for v in feature.attributes()])
    return copy


def _cut(text: str) -> str:
    return text.encode()[:SHAPEFILE_TEXT].decode("utf-8", "ignore")


def memory_layer(layer: str, title: str, crs: QgsCoordinateReferenceSystem) -> QgsVectorLayer:
    """An empty, styled memory layer, e.g. for detections while a scene is being read."""
    made = QgsMemoryProviderUtils.createMemoryLayer(title, fields(layer), wkb_type(layer), crs)
    style(made, layer)
    return made


def style(target: QgsVectorLayer, layer: str) -> None:
    """Symbols, aliases, value maps and the attribute form of a result layer, from resources/LAYER.qml."""
    path = RESOURCES / f"{layer}.qml"
    if path.is_file():
        target.loadNamedStyle(str(path))
        target.triggerRepaint()


@dataclass(frozen=True)
class Provenance:
    """Where a result comes from. details: what the engine tells: scene, acquired, engine, radiometry, …"""

    title: str
    details: dict[str, str]

    def write(self, target: QgsVectorLayer) -> None:
        """Puts it into the metadata of a layer (Layer properties › Metadata)."""
        metadata = QgsLayerMetadata(target.metadata())
        metadata.setTitle(self.title)
        told = {k: v for k, v in self.details.items() if v}
        metadata.setAbstract("\n".join(f"{key}: {value}" for key, value in told.items()))
        metadata.setType("dataset")
        metadata.setHistory([f"Made by FUSAR for QGIS: {json.dumps(told, ensure_ascii=False)}"])
        if told.get("attribution"):
            metadata.setRights([told["attribution"]])
        target.setMetadata(metadata)


class _Styler(QgsProcessingLayerPostProcessorInterface):
    """Styles a layer once Processing has loaded it, in the main thread."""

    def __init__(self, layer: str, provenance: Provenance | None) -> None:
        super().__init__()
        self._layer, self._provenance = layer, provenance

    def postProcessLayer(self, layer, context, feedback) -> None:  # the name QGIS calls
        """Called by Processing."""
        if isinstance(layer, QgsVectorLayer):
            style(layer, self._layer)
            if self._provenance is not None:
                self._provenance.write(layer)


_stylers: list[_Styler] = []  # QGIS holds no reference to the Python side of a post-processor
MOST_STYLERS = 200


def style_on_load(
    context: QgsProcessingContext, destination: str, layer: str, provenance: Provenance | None = None
) -> None:
    """Has an output styled when Processing loads it; does nothing for outputs that are not to be loaded."""
    if context.willLoadLayerOnCompletion(destination):
        styler = _Styler(layer, provenance)
        _stylers.append(styler)
        del _stylers[:-MOST_STYLERS]
        context.layerToLoadOnCompletionDetails(destination).setPostProcessor(styler)


def add_to_sink(sink, features: Iterable[QgsFeature], *, short: bool) -> int:
    """Writes features into a sink; returns how many went in."""
    return sum(sink.addFeature(shortened(f) if short else f) for f in features)
