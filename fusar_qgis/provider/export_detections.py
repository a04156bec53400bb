"""`fusar:export_detections`: reviewed detections as a shapefile, GeoJSON, CSV or GeoPackage. Needs no engine."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeature,
    QgsField,
    QgsFields,
    QgsProcessingException,
    QgsProcessingOutputNumber,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterVectorDestination,
    QgsVectorFileWriter,
)

from .. import compat, layers
from ..translation import tr
from .base import FusarAlgorithm, warn

DRIVERS = {".gpkg": "GPKG", ".shp": "ESRI Shapefile", ".geojson": "GeoJSON", ".csv": "CSV"}


class ExportDetections(FusarAlgorithm):
    """INPUT, CONFIRMED_ONLY → OUTPUT. Rejected detections are left out unless KEEP_REJECTED asks for them."""

    ID = "export_detections"
    ICON = "export"

    def title(self) -> str:
        return tr("Export detections")

    def initAlgorithm(self, configuration=None) -> None:
        self.addParameter(QgsProcessingParameterFeatureSource("INPUT", tr("Detections"), [compat.SOURCE_POLYGON]))
        self.addParameter(QgsProcessingParameterBoolean("CONFIRMED_ONLY", tr("Only what was confirmed"), False))
        self.addParameter(QgsProcessingParameterBoolean("KEEP_REJECTED", tr("Also what was rejected"), False))
        self.addParameter(
            QgsProcessingParameterVectorDestination("OUTPUT", tr("Exported detections"), compat.SOURCE_POLYGON)
        )
        self.addOutput(QgsProcessingOutputNumber("COUNT", tr("Detections written")))

    def work(self, parameters, context, feedback) -> dict:
        source = self.parameterAsSource(parameters, "INPUT", context)
        if source is None:
            raise QgsProcessingException(self.invalidSourceError(parameters, "INPUT"))
        path = Path(self.parameterAsOutputLayer(parameters, "OUTPUT", context))
        driver = DRIVERS.get(path.suffix.lower())
        if driver is None:
            raise QgsProcessingException(
                f"{path.name} says no format that detections are exported to. Let it end in {', '.join(DRIVERS)}."
            )
        chosen = list(self._chosen(source, parameters, context, feedback))
        self._write(chosen, source, path, driver, context, feedback)
        layers.style_on_load(context, str(path), "detections")
        feedback.pushInfo(tr("{n} detections written to {path}").format(n=len(chosen), path=path))
        return {"OUTPUT": str(path), "COUNT": len(chosen)}

    def _chosen(self, source, parameters, context, feedback):
        confirmed_only = self.parameterAsBoolean(parameters, "CONFIRMED_ONLY", context)
        keep_rejected = self.parameterAsBoolean(parameters, "KEEP_REJECTED", context)
        reviewable = source.fields().indexFromName("review") >= 0
        if not reviewable:
            warn(feedback, "The layer has no field 'review': everything in it is exported.")
        for feature in source.getFeatures():
            if feedback.isCanceled():
                raise QgsProcessingException(tr("Stopped by the user; nothing was written."))
            review = feature["review"] if reviewable else "confirmed"
            if review == "confirmed" or not (confirmed_only or (review == "rejected" and not keep_rejected)):
                yield feature

    def _write(self, features: list[QgsFeature], source, path: Path, driver: str, context, feedback) -> None:
        """Writes to a folder beside the place and moves: what was there stays until the new file is complete."""
        try:
            folder = tempfile.TemporaryDirectory(prefix=".fusar_export_", dir=path.parent)
        except OSError as cause:
            raise QgsProcessingException(
                f"{path} cannot be written: {cause.strerror}. Choose a folder in which you may write."
            ) from cause
        with folder:
            temporary = Path(folder.name) / path.name
            crs, transform = self._target_crs(source, driver, context)
            short = driver == "ESRI Shapefile"
            fields = _fields(source.fields(), short)
            options = QgsVectorFileWriter.SaveVectorOptions()
            options.driverName, options.fileEncoding, options.layerName = driver, "UTF-8", "detections"
            if driver == "CSV":
                options.layerOptions = ["GEOMETRY=AS_WKT"]
            elif driver == "GeoJSON":
                options.layerOptions = ["RFC7946=YES", "COORDINATE_PRECISION=9"]
            writer = QgsVectorFileWriter.create(
                str(temporary), fields, compat.POLYGON, crs, context.transformContext(), options
            )
            self._check(writer, path)
            for number, feature in enumerate(features):
                writer.addFeature(self._converted(feature, fields, transform, short))
                feedback.setProgress(100.0 * number / len(features))
            self._check(writer, path)
            del writer  # closes the files
            for file in sorted(Path(folder.name).iterdir(), key=lambda f: f.suffix == path.suffix):
                os.replace(file, path.parent / file.name)

    def _target_crs(self, source, driver, context):
        """GeoJSON is in longitude and latitude (RFC 7946), all else as the layer is."""
        crs = source.sourceCrs()
        if driver == "GeoJSON" and crs.isValid():
            degrees = QgsCoordinateReferenceSystem("EPSG:4326")
            return degrees, QgsCoordinateTransform(crs, degrees, context.transformContext())
        return crs, None

    def _converted(self, feature, fields, transform, short) -> QgsFeature:
        made = QgsFeature(fields)
        geometry = feature.geometry()
        if transform is not None:
            geometry.transform(transform)
        made.setGeometry(geometry)
        names = {layers.SHORT.get(n, n)[:10] if short else n: n for n in feature.fields().names()}
        made.setAttributes([feature[names[name]] for name in fields.names()])
        return layers.shortened(made) if short else made

    def _check(self, writer, path: Path) -> None:
        if writer.hasError() != QgsVectorFileWriter.WriterError.NoError:
            raise QgsProcessingException(f"{path} cannot be written: {writer.errorMessage()}")


def _fields(source: QgsFields, short: bool) -> QgsFields:
    """The fields to write: those of the source without the feature ids of a GeoPackage."""
    made = QgsFields()
    for field in source:
        copy = QgsField(field)
        if short:
            copy.setName(layers.SHORT.get(field.name(), field.name())[:10])
            if layers.is_text(copy):
                copy.setLength(layers.SHAPEFILE_TEXT)
        if field.name().lower() != "fid":
            made.append(copy)
    return made
