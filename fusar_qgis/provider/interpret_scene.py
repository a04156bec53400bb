"""`fusar:interpret_scene`: targets, grid answers and counts of a scene."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeature,
    QgsGeometry,
    QgsProcessingOutputNumber,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterMapLayer,
    QgsProcessingParameterString,
    QgsProcessingUtils,
    QgsRasterLayer,
    QgsVectorFileWriter,
    QgsVectorLayer,
)

from .. import compat, layers, tasks
from ..engine.errors import EngineError
from ..raster_source import gdal_name
from ..translation import tr
from .base import FusarAlgorithm


class InterpretScene(FusarAlgorithm):
    """INPUT, EXTENT, TASKS, CLASSES, ENGINE, PRIOR, YEAR → DETECTIONS, GRID_CELLS, ANSWERS."""

    ID = "interpret_scene"
    ICON = "interpret"
    WRITES: ClassVar = {"DETECTIONS": "detections", "GRID_CELLS": "grid_cells", "ANSWERS": "answers"}

    def title(self) -> str:
        return tr("Interpret scene")

    def initAlgorithm(self, configuration=None) -> None:
        self.add_scene()
        self.addParameter(
            QgsProcessingParameterEnum(
                "TASKS", tr("What to find out"), list(tasks.of_scenes()), True, tasks.usual(), usesStaticStrings=True
            )
        )
        self.addParameter(QgsProcessingParameterString("CLASSES", tr("Classes of targets, comma-separated"), "ship"))
        self.add_engine()
        self.add_prior()
        self.add_advanced(
            QgsProcessingParameterMapLayer(
                "WATER_MASK",
                tr("Water: targets only there (polygons or a raster)"),
                optional=True,
                types=[compat.SOURCE_POLYGON, compat.SOURCE_RASTER],
            )
        )
        titles = {"DETECTIONS": tr("Detections"), "GRID_CELLS": tr("Grid cells"), "ANSWERS": tr("Answers")}
        for name, title in titles.items():
            optional = name != "DETECTIONS"
            self.addParameter(
                QgsProcessingParameterFeatureSink(
                    name, title, compat.SOURCE_POLYGON, optional=optional, createByDefault=True
                )
            )
        self.add_overwrite()
        self.addOutput(QgsProcessingOutputNumber("COUNT", tr("Targets counted")))
        self.add_summary()

    def prepareAlgorithm(self, parameters, context, feedback) -> bool:
        self.read_scene(parameters, context)
        self.read_engine(parameters, context)
        self.request["tasks"] = self.parameterAsEnumStrings(parameters, "TASKS", context)
        classes = self.parameterAsString(parameters, "CLASSES", context).split(",")
        self.request["classes"] = [c.strip() for c in classes if c.strip()]
        water = self.parameterAsLayer(parameters, "WATER_MASK", context)
        if water is not None:
            self.request["water_mask"] = self._water(water, context, feedback)
        return True

    def inputs(self) -> list[Path]:
        water = self.request.get("water_mask")
        return [*super().inputs(), *([Path(water.partition("|")[0])] if water else [])]

    def _water(self, layer, context, feedback) -> str:
        if isinstance(layer, QgsRasterLayer):
            return gdal_name(layer)
        known = ["gpkg", "geojson", "shp"]
        return QgsProcessingUtils.convertToCompatibleFormat(layer, False, "water", known, "gpkg", context, feedback)

    def work(self, parameters, context, feedback) -> dict:
        arrived = _Arrived(feedback, self.source.crs, context.transformContext())
        failure = None
        try:
            summary = self.ask_engine("interpret", self.scene_request(feedback), feedback, arrived)
        except EngineError as error:
            if error.code not in ("CANCELLED", "ENGINE_DIED") or not arrived.any():
                raise
            # Not `error` itself: its traceback holds this frame, and such a cycle keeps sinks and feedback alive until
            # a collection in whatever thread.
            failure = EngineError(error.code, error.message, error.hint)
            summary = {"scene": self.source.name, "partial": True, "counts": {}, "metadata": arrived.metadata}
            summary["metadata"] = {**arrived.metadata, "partial": f"yes: {error.message}"}

        found = arrived.features()
        results: dict = {"SUMMARY": json.dumps(summary, ensure_ascii=False), "COUNT": _total(summary["counts"])}
        provenance = layers.Provenance(
            f"{summary['scene']}: targets found by FUSAR", summary["metadata"], _why_empty(summary)
        )
        for name, layer in self.WRITES.items():
            sink = self.sink(parameters, name, context, layer, arrived.crs)
            sink.write(found.get(layer, []))
            if (destination := sink.close(context, provenance, self.source.name)) is not None:
                results[name] = destination
        if failure and failure.code == "ENGINE_DIED":
            kept = self._keep(found["detections"], arrived.crs, context)
            raise EngineError(failure.code, failure.message, f"{failure.hint} {kept}".strip())
        return results

    def _keep(self, features: list[QgsFeature], crs: QgsCoordinateReferenceSystem, context) -> str:
        """Writes what had arrived before the engine died to a file, and says where: a failed run loads no layers."""
        path = QgsProcessingUtils.generateTempFilename("fusar_partial.gpkg")
        layer: QgsVectorLayer = layers.memory_layer("detections", "partial", crs)
        layer.dataProvider().addFeatures(features)
        options = QgsVectorFileWriter.SaveVectorOptions()
        options.layerName = "detections"
        written = QgsVectorFileWriter.writeAsVectorFormatV3(layer, path, context.transformContext(), options)
        if written[0] != QgsVectorFileWriter.WriterError.NoError:
            return ""
        return tr("The {n} detections that had arrived are in {path}.").format(n=len(features), path=path)


def _total(counts: dict):
    """Targets of all classes; None where nobody knows any, or only zeros beside: unknown is never zero."""
    known = [count for count in counts.values() if count is not None]
    return sum(known) if known and (sum(known) or len(known) == len(counts)) else None


def _why_empty(summary: dict) -> str:
    """What a layer of detections without rows does not say."""
    if "detect" not in summary.get("tasks", ["detect"]):
        return layers.NOT_ASKED
    return layers.UNKNOWN if None in summary["counts"].values() else ""


class _Arrived:
    """Features as they come: provisional detections chip by chip, then the final layers."""

    def __init__(self, feedback, shown_in: QgsCoordinateReferenceSystem, transforms) -> None:
        self._shown_in, self._transforms = shown_in, transforms
        self.crs = QgsCoordinateReferenceSystem()
        self.metadata: dict = {}
        self._report = getattr(feedback, "report_features", None)
        self._provisional: list[QgsFeature] = []
        self._final: dict[str, list[QgsFeature]] = {}

    def __call__(self, layer: str, message: dict) -> None:
        self.crs = layers.crs_of(message.get("crs"))
        features = layers.features_of(layer, message["geojson"])
        if message.get("provisional"):
            self._provisional += features
            if self._report and features:
                self._report(layer, self._as_shown(features))
        else:
            self.metadata = message.get("metadata") or self.metadata
            self._final.setdefault(layer, []).extend(features)

    def _as_shown(self, features: list[QgsFeature]) -> list[QgsFeature]:
        """Copies in the CRS of the raster layer; the engine may geocode a scene with control points to another one."""
        if self.crs == self._shown_in or not (self.crs.isValid() and self._shown_in.isValid()):
            return features
        transform = QgsCoordinateTransform(self.crs, self._shown_in, self._transforms)
        moved = []
        for feature in features:
            copy, geometry = QgsFeature(feature), QgsGeometry(feature.geometry())
            geometry.transform(transform)
            copy.setGeometry(geometry)
            moved.append(copy)
        return moved

    def any(self) -> bool:
        return bool(self._provisional or self._final)

    def features(self) -> dict[str, list[QgsFeature]]:
        """Layer → features: the final ones where they came, else what is known of the chips done."""
        return self._final if "detections" in self._final else {"detections": self._provisional}
