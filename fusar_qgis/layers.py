"""Result layers on the QGIS side: their fields, features from the engine's GeoJSON, style, form and metadata.

The fields are those of `schema.py`, which is the engine's own file.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsFeatureRequest,
    QgsField,
    QgsFields,
    QgsGeometry,
    QgsLayerMetadata,
    QgsMemoryProviderUtils,
    QgsPointXY,
    QgsProcessingContext,
    QgsProcessingLayerPostProcessorInterface,
    QgsProject,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QTimer

from . import compat, schema
from .demonstration import NOTE, is_demonstration
from .engine.words import in_words_of_qgis
from .text import escape
from .translation import tr

RESOURCES = Path(__file__).parent / "resources"

SCHEMA = {layer.name: layer for layer in (*schema.LAYERS, schema.ANCHORS)}
"""Name of a layer → its fields."""

KIND, ROWS, EMPTIED, DEMONSTRATION = "fusar/layer", "fusar/rows", "fusar/emptied", "fusar/demonstration"
WHY_EMPTY, NOT_ASKED, UNKNOWN = "fusar/why_empty", "not asked", "unknown"
"""Custom properties of a result layer: which of SCHEMA it is; how many rows a temporary one had when it was last looked
at; whether they were lost since; whether a demonstration model made it; why one without rows does not say that there is
nothing."""
TRUE = (True, "true")
"""A project keeps its layers' properties as text."""


def fields(layer: str, *, short: bool = False) -> QgsFields:
    """The fields of a result layer; short: with a shapefile's names."""
    made = QgsFields()
    for said in SCHEMA[layer].fields:
        field = compat.field(said.short if short else said.name, said.type)
        if short and said.type == "text":
            field.setLength(schema.SHAPEFILE_TEXT)
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
    size = schema.SHAPEFILE_TEXT
    copy.setAttributes([schema.cut(v, size) if isinstance(v, str) else v for v in feature.attributes()])
    return copy


def title_of(layer: str) -> str:
    """What a result layer is called after the name of its scene."""
    return {
        "detections": tr("detections"),
        "grid_cells": tr("grid cells"),
        "answers": tr("answers"),
        "anchors": tr("AlphaEarth anchors"),
    }[layer]


def kind_of(layer) -> str:
    """Which of SCHEMA a layer is, by what it says of itself, else by its fields; empty for a layer that is none.

    What an analyst has trimmed is detections as long as class, score and review are left, and nothing that only another
    layer has.
    """
    if not isinstance(layer, QgsVectorLayer):
        return ""
    said = layer.customProperty(KIND, "")
    return said if said in SCHEMA else kind_by_fields(layer.fields().names())


def kind_by_fields(names: Iterable[str]) -> str:
    """Which of SCHEMA has such fields; empty for none."""
    found = {name.lower() for name in names}
    for kind, own in OWN_FIELDS.items():
        if kind != "detections" and sum(bool({f.name.lower(), f.short.lower()} & found) for f in own) * 2 > len(own):
            return kind
    return "detections" if {"class", "score", "review"} <= found else ""


def _own_fields() -> dict[str, tuple]:
    """Layer → those of its fields that no other has."""
    times = Counter(f.name for layer in SCHEMA.values() for f in layer.fields)
    return {name: tuple(f for f in layer.fields if times[f.name] == 1) for name, layer in SCHEMA.items()}


OWN_FIELDS = _own_fields()


def without_crs(layer: QgsVectorLayer) -> QgsVectorLayer:
    """The memory layer of results that have no CRS: QGIS has given it one all the same."""
    layer.setCrs(QgsCoordinateReferenceSystem())
    return layer


def note_rows(layer: QgsVectorLayer) -> None:
    """Remembers how many rows a temporary layer has: saved with a project and opened again it will have none."""
    if layer.providerType() == "memory":
        layer.setCustomProperty(ROWS, layer.featureCount())


def note_emptied(opened: Iterable) -> None:
    """Marks the temporary result layers of a project just opened whose rows were lost with the session before."""
    for layer in opened:
        if not kind_of(layer) or layer.providerType() != "memory":
            continue
        if int(layer.customProperty(ROWS, 0) or 0) > 0 and layer.featureCount() == 0:
            layer.setCustomProperty(EMPTIED, True)


def is_emptied(layer: QgsVectorLayer) -> bool:
    """Whether a temporary layer had rows that were lost when its project was closed."""
    return layer.customProperty(EMPTIED, False) in TRUE and not layer.featureCount()


def by_demonstration(layer) -> bool:
    """Whether a demonstration model made a result layer, by what the layer says of itself or else by its rows."""
    if layer.customProperty(DEMONSTRATION, None) is not None:
        return layer.customProperty(DEMONSTRATION) in TRUE
    if layer.fields().indexFromName("model") < 0:
        return False
    first = next(layer.getFeatures(QgsFeatureRequest().setLimit(1)), None)
    return first is not None and is_demonstration({"model": first["model"]})


def memory_layer(layer: str, title: str, crs: QgsCoordinateReferenceSystem) -> QgsVectorLayer:
    """An empty, styled memory layer, e.g. for detections while a scene is being read."""
    made = QgsMemoryProviderUtils.createMemoryLayer(title, fields(layer), wkb_type(layer), crs)
    if not crs.isValid():
        without_crs(made)
    style(made, layer)
    return made


def style(target: QgsVectorLayer, layer: str) -> None:
    """Symbols, aliases, value maps and the attribute form of a result layer, from resources/LAYER.qml; the layer says
    from now on which it is."""
    path = RESOURCES / f"{layer}.qml"
    if path.is_file():
        target.loadNamedStyle(str(path))
        target.triggerRepaint()
    target.setCustomProperty(KIND, layer)  # after the style, which brings properties of its own instead of all others


@dataclass(frozen=True)
class Provenance:
    """Where a result comes from. details: what the engine tells: scene, acquired, engine, radiometry, …; why_empty:
    NOT_ASKED or UNKNOWN where no rows do not mean that nothing is there."""

    title: str
    details: dict[str, str]
    why_empty: str = ""

    @property
    def demonstration(self) -> bool:
        """Whether a model made for demonstration gave the answers."""
        return is_demonstration(self.details)

    def write(self, target: QgsVectorLayer) -> None:
        """Puts it into the metadata of a layer (Layer properties › Metadata)."""
        metadata = QgsLayerMetadata(target.metadata())
        metadata.setTitle(escape(self.title))  # QGIS shows title and abstract as HTML
        told = {k: in_words_of_qgis(v) if isinstance(v, str) else v for k, v in self.details.items() if v}
        if self.demonstration:
            told["demonstration"] = NOTE
        metadata.setAbstract("\n".join(escape(f"{key}: {value}") for key, value in told.items()))
        metadata.setType("dataset")
        metadata.setHistory([f"Made by FUSAR for QGIS: {json.dumps(told, ensure_ascii=False)}"])
        if told.get("attribution"):
            metadata.setRights([told["attribution"]])
        target.setMetadata(metadata)
        target.setCustomProperty(DEMONSTRATION, self.demonstration)
        target.setCustomProperty(WHY_EMPTY, self.why_empty)


class _Styler(QgsProcessingLayerPostProcessorInterface):
    """Styles a layer once Processing has loaded it, in the main thread."""

    def __init__(self, layer: str, provenance: Provenance | None) -> None:
        super().__init__()
        self._layer, self._provenance = layer, provenance

    def postProcessLayer(self, layer, context, feedback) -> None:  # the name QGIS calls
        """Called by Processing."""
        if isinstance(layer, QgsVectorLayer):
            style(layer, self._layer)
            note_rows(layer)
            if self._provenance is not None:
                self._provenance.write(layer)
            # Some versions of QGIS put it into the tree before this, some after.
            QTimer.singleShot(0, partial(_arrange, layer.id(), self._layer))


def _arrange(layer_id: str, layer: str) -> None:
    """Keeps the picture legible: detections on top, of what else came only what the user ticks."""
    root = QgsProject.instance().layerTreeRoot()
    node = root.findLayer(layer_id)
    if node is None:
        return
    if layer in ("grid_cells", "answers"):
        node.setItemVisibilityChecked(False)
    elif layer == "detections" and node.parent().children()[0] is not node:
        parent = node.parent()
        parent.insertChildNode(0, node.clone())
        parent.removeChildNode(node)


_stylers: list[_Styler] = []  # QGIS holds no reference to the Python side of a post-processor
MOST_STYLERS = 200


def style_on_load(
    context: QgsProcessingContext,
    destination: str,
    layer: str,
    provenance: Provenance | None = None,
    names: tuple[str, str] = ("", ""),
) -> None:
    """Has an output styled when Processing loads it; does nothing for outputs that are not to be loaded.

    names: what Processing calls the layer unless the user says otherwise, and what it is to be called.
    """
    if context.willLoadLayerOnCompletion(destination):
        details = context.layerToLoadOnCompletionDetails(destination)
        if names[1] and details.name in ("", names[0]):
            details.name, details.forceName = names[1], True
        styler = _Styler(layer, provenance)
        _stylers.append(styler)
        del _stylers[:-MOST_STYLERS]
        details.setPostProcessor(styler)


def add_to_sink(sink, features: Iterable[QgsFeature], *, short: bool) -> int:
    """Writes features into a sink; returns how many went in."""
    return sum(sink.addFeature(shortened(f) if short else f) for f in features)
