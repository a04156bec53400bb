"""What differs between QGIS 3.22 and 4: names that one of them lacks. Everything else uses fully scoped enums."""

from __future__ import annotations

from qgis.core import Qgis, QgsField, QgsProcessing, QgsProcessingParameterDefinition, QgsRaster, QgsWkbTypes
from qgis.PyQt.QtCore import QMetaType, QVariant

VERSION = Qgis.versionInt() if hasattr(Qgis, "versionInt") else Qgis.QGIS_VERSION_INT

if VERSION >= 33800:  # QgsField takes QMetaType from 3.38 on, and warns about QVariant
    TEXT, REAL, INTEGER, BOOLEAN = (
        QMetaType.Type.QString,
        QMetaType.Type.Double,
        QMetaType.Type.Int,
        QMetaType.Type.Bool,
    )
else:
    TEXT, REAL, INTEGER, BOOLEAN = QVariant.Type.String, QVariant.Type.Double, QVariant.Type.Int, QVariant.Type.Bool

if VERSION >= 33000:
    POLYGON, POINT = Qgis.WkbType.Polygon, Qgis.WkbType.Point
else:
    POLYGON, POINT = QgsWkbTypes.Type.Polygon, QgsWkbTypes.Type.Point

if VERSION >= 33600:
    SOURCE_POLYGON, SOURCE_POINT = Qgis.ProcessingSourceType.VectorPolygon, Qgis.ProcessingSourceType.VectorPoint
    SOURCE_RASTER = Qgis.ProcessingSourceType.Raster
    ADVANCED, OPTIONAL = Qgis.ProcessingParameterFlag.Advanced, Qgis.ProcessingParameterFlag.Optional
else:
    SOURCE_POLYGON = QgsProcessing.SourceType.TypeVectorPolygon
    SOURCE_POINT = QgsProcessing.SourceType.TypeVectorPoint
    SOURCE_RASTER = QgsProcessing.SourceType.TypeRaster
    ADVANCED = QgsProcessingParameterDefinition.Flag.FlagAdvanced
    OPTIONAL = QgsProcessingParameterDefinition.Flag.FlagOptional

BYTE = Qgis.DataType.Byte
ALPHA_BAND = Qgis.RasterColorInterpretation.AlphaBand if VERSION >= 33000 else QgsRaster.ColorInterpretation.AlphaBand


def field(name: str, kind: str, comment: str = "") -> QgsField:
    """A field. kind: text, real, integer or boolean."""
    kinds = {"text": TEXT, "real": REAL, "integer": INTEGER, "boolean": BOOLEAN}
    made = QgsField(name, kinds[kind])
    made.setComment(comment)
    return made
