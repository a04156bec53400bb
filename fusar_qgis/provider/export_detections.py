"""`fusar:export_detections`: reviewed detections as a shapefile, GeoJSON, CSV or GeoPackage. Needs no engine."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import ClassVar

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeature,
    QgsProcessingException,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingOutputNumber,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterVectorDestination,
    QgsVectorFileWriter,
    QgsVectorLayer,
)

from .. import compat, layers
from ..replacing import check_replaceable
from ..translation import tr
from .base import FusarAlgorithm, destination_of, warn, write_cpg
from .export_fields import Columns, columns, values

DRIVERS = {".gpkg": "GPKG", ".shp": "ESRI Shapefile", ".geojson": "GeoJSON", ".csv": "CSV"}
INDEXES = (".qix", ".sbn", ".sbx", ".idm", ".ind")
"""What others keep beside a shapefile."""


class ExportDetections(FusarAlgorithm):
    """INPUT, CONFIRMED_ONLY → OUTPUT. Rejected detections are left out unless KEEP_REJECTED asks for them."""

    ID = "export_detections"
    ICON = "export"
    WRITES: ClassVar = {"OUTPUT": "detections"}

    def title(self) -> str:
        return tr("Export detections")

    def initAlgorithm(self, configuration=None) -> None:
        self.addParameter(QgsProcessingParameterFeatureSource("INPUT", tr("Detections"), [compat.SOURCE_POLYGON]))
        self.addParameter(QgsProcessingParameterBoolean("CONFIRMED_ONLY", tr("Only what was confirmed"), False))
        self.addParameter(QgsProcessingParameterBoolean("KEEP_REJECTED", tr("Also what was rejected"), False))
        self.addParameter(
            QgsProcessingParameterVectorDestination("OUTPUT", tr("Exported detections"), compat.SOURCE_POLYGON)
        )
        self.add_overwrite()
        self.addOutput(QgsProcessingOutputNumber("COUNT", tr("Detections written")))

    def work(self, parameters, context, feedback) -> dict:
        source = self.parameterAsSource(parameters, "INPUT", context)
        if source is None:
            raise QgsProcessingException(self.invalidSourceError(parameters, "INPUT"))
        if layers.kind_by_fields(source.fields().names()) not in ("detections", ""):
            raise QgsProcessingException(
                tr("“{name}” holds no detections: choose the layer of detections.").format(name=source.sourceName())
            )
        path = self._path(parameters, context)
        driver = DRIVERS[path.suffix]
        chosen = list(self._chosen(source, parameters, context, feedback))
        overwrite = self.parameterAsBoolean(parameters, "OVERWRITE", context)
        self._write(chosen, source, path, driver, overwrite, context, feedback)
        layers.style_on_load(context, str(path), "detections")
        feedback.pushInfo(tr("{n} detections written to {path}").format(n=len(chosen), path=path))
        return {"OUTPUT": str(path), "COUNT": len(chosen)}

    def prepareAlgorithm(self, parameters, context, feedback) -> bool:
        layer = self.parameterAsVectorLayer(parameters, "INPUT", context)
        self._inputs = [Path(layer.source().partition("|")[0])] if layer is not None else []
        return True

    def inputs(self) -> list[Path]:
        return self._inputs

    def _path(self, parameters, context) -> Path:
        """Where to write. Its ending is in small letters, in which drivers write it whatever was asked for."""
        wanted = parameters["OUTPUT"]
        place = destination_of(wanted)
        ending = Path(place).suffix
        if ending != ending.lower():
            place = place[: -len(ending)] + ending.lower()
            project = getattr(wanted, "destinationProject", None)
            wanted = QgsProcessingOutputLayerDefinition(place, project) if project else place
        # In the thread that works: it also says to the context of that thread what is to be loaded.
        path = Path(self.parameterAsOutputLayer({"OUTPUT": wanted}, "OUTPUT", context))
        if path.suffix not in DRIVERS:
            raise QgsProcessingException(
                tr("{name} says no format that detections are exported to. Let it end in {endings}.").format(
                    name=path.name, endings=", ".join(DRIVERS)
                )
            )
        return path

    def _chosen(self, source, parameters, context, feedback):
        confirmed_only = self.parameterAsBoolean(parameters, "CONFIRMED_ONLY", context)
        keep_rejected = self.parameterAsBoolean(parameters, "KEEP_REJECTED", context)
        reviewable = source.fields().indexFromName("review") >= 0
        if not reviewable:
            warn(feedback, tr("The layer has no field “review”: everything in it is exported."))
        for feature in source.getFeatures():
            if feedback.isCanceled():
                raise QgsProcessingException(tr("Stopped by the user; nothing was written."))
            review = feature["review"] if reviewable else "confirmed"
            if review == "confirmed" or not (confirmed_only or (review == "rejected" and not keep_rejected)):
                yield feature

    def _write(self, features: list[QgsFeature], source, path: Path, driver, overwrite, context, feedback) -> None:
        """Writes to a folder beside the place and moves: what was there stays until the new file is complete."""
        try:
            folder = tempfile.TemporaryDirectory(prefix=".fusar_export_", dir=path.parent)
        except OSError as cause:
            raise QgsProcessingException(
                tr("{path} cannot be written: {cause}. Choose a folder in which you may write.").format(
                    path=path, cause=cause.strerror
                )
            ) from cause
        with folder:
            temporary = Path(folder.name) / path.name
            wanted = columns(source.fields(), driver)
            self._fill(temporary, features, wanted, source, driver, context, feedback)
            if driver == "ESRI Shapefile":
                write_cpg(temporary)
            written = QgsVectorLayer(str(temporary), path.stem, "ogr").featureCount()
            if written != len(features):
                raise QgsProcessingException(
                    tr("{path} holds {written} of {n} rows: check the disk for free space.").format(
                        path=path, written=written, n=len(features)
                    )
                )
            check_replaceable(path, "detections", overwrite=overwrite)  # somebody may have begun to work there
            _move(Path(folder.name), path)
        for note in wanted.notes:
            warn(feedback, note)

    def _fill(self, temporary: Path, features, wanted: Columns, source, driver: str, context, feedback) -> None:
        """Writes the file. Raises QgsProcessingException."""
        crs, transform = _target_crs(source, driver, context)
        options = QgsVectorFileWriter.SaveVectorOptions()
        options.driverName, options.fileEncoding, options.layerName = driver, "UTF-8", "detections"
        if driver == "CSV":
            options.layerOptions = ["GEOMETRY=AS_WKT"]
        elif driver == "GeoJSON":
            options.layerOptions = ["RFC7946=YES", "COORDINATE_PRECISION=9"]
        writer = QgsVectorFileWriter.create(
            str(temporary), wanted.fields, compat.POLYGON, crs, context.transformContext(), options
        )
        _check(writer, temporary)
        for number, feature in enumerate(features):
            made, geometry = QgsFeature(wanted.fields), feature.geometry()
            if transform is not None:
                geometry.transform(transform)
            made.setGeometry(geometry)
            made.setAttributes(values(feature, wanted, driver))
            writer.addFeature(made)
            if number % 200 == 0:  # a dialog draws itself anew each time
                feedback.setProgress(100.0 * number / len(features))
        _check(writer, temporary)
        del writer  # closes the files


def _target_crs(source, driver: str, context):
    """GeoJSON is in longitude and latitude (RFC 7946), all else as the layer is."""
    crs = source.sourceCrs()
    if driver == "GeoJSON" and crs.isValid():
        degrees = QgsCoordinateReferenceSystem("EPSG:4326")
        return degrees, QgsCoordinateTransform(crs, degrees, context.transformContext())
    return crs, None


def _check(writer, path: Path) -> None:
    if writer.hasError() != QgsVectorFileWriter.WriterError.NoError:
        raise QgsProcessingException(
            tr("{name} cannot be written: {cause}").format(name=path.name, cause=writer.errorMessage())
        )


def _move(folder: Path, path: Path) -> None:
    """Moves what was written into its place, the file itself last; indexes of an older shapefile are wrong then."""
    if path.suffix == ".shp":
        for suffix in INDEXES:
            path.with_suffix(suffix).unlink(missing_ok=True)
    for file in sorted(folder.iterdir(), key=lambda f: f.suffix == path.suffix):
        os.replace(file, path.parent / file.name)
