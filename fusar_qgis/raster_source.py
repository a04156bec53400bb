"""From a raster layer of QGIS to a file that the engine can read.

Files are read where they lie; what other providers hold (WMS, WCS, virtual rasters, databases) is written to a
temporary GeoTIFF for the wanted extent. `LayerRaster(layer)` belongs to the main thread, `path(…)` to any.
"""

from __future__ import annotations

import math
from pathlib import Path

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCoordinateTransformContext,
    QgsDataProvider,
    QgsProcessingException,
    QgsProcessingUtils,
    QgsProviderRegistry,
    QgsRasterBlockFeedback,
    QgsRasterFileWriter,
    QgsRasterLayer,
    QgsRasterPipe,
    QgsRectangle,
)

from . import compat
from .layers import engine_crs

MOST_SIDE = 8192
"""Pixels along a side of what is taken from a service that can give any resolution."""
SERVICE_SIDE = 2048
"""Pixels along the longer side of an extent taken from a service without a resolution of its own."""


def file_of(layer: QgsRasterLayer) -> Path | None:
    """The file a layer shows, where it is one that the engine can open by its path; None otherwise."""
    if layer.providerType() != "gdal":
        return None
    parts = QgsProviderRegistry.instance().decodeUri("gdal", layer.source())
    path = str(parts.get("path") or "")
    special = ("layerName", "openOptions", "authcfg", "vsiPrefix", "vsiSuffix")
    if any(parts.get(name) for name in special) or not path or "://" in path or "/vsi" in layer.source():
        return None
    file = Path(path)
    return file if file.exists() else None


def gdal_name(layer: QgsRasterLayer) -> str:
    """What the engine opens a raster of GDAL's by: its file, else a name of GDAL's own with what it leads to."""
    file = file_of(layer)
    return str(file) if file else layer.source()


def corrected_crs(layer: QgsRasterLayer) -> QgsCoordinateReferenceSystem:
    """The CRS that the user has given a layer; invalid where it is the file's own."""
    own = layer.dataProvider().crs() if layer.isValid() else QgsCoordinateReferenceSystem()
    return QgsCoordinateReferenceSystem() if layer.crs() == own else QgsCoordinateReferenceSystem(layer.crs())


def scene_of(layer: QgsRasterLayer) -> dict:
    """What a request says of a scene that is a file: its path, and its CRS where the user has given one."""
    crs = engine_crs(corrected_crs(layer))
    return {"scene": gdal_name(layer)} | ({"crs": crs} if crs else {})


def doubt(layer: QgsRasterLayer) -> str:
    """A sentence for a layer that does not look like a radar scene; empty when it may well be one."""
    if layer.providerType() == "gdal" and layer.bandCount() in (3, 4):
        provider = layer.dataProvider()
        if all(provider.sourceDataType(band) == compat.BYTE for band in range(1, layer.bandCount() + 1)):
            return (
                f"{layer.name()} has {layer.bandCount()} 8-bit bands, as photographs have: results on anything but "
                "radar images mean nothing."
            )
    if layer.providerType() in ("wms", "arcgismapserver"):
        return f"{layer.name()} is a map service: its pictures are rarely radar data, and never calibrated."
    return ""


class LayerRaster:
    """What is needed of a raster layer to read it in another thread. Make it in the main thread."""

    def __init__(self, layer: QgsRasterLayer, transform_context: QgsCoordinateTransformContext) -> None:
        self.name = layer.name()
        self.crs = QgsCoordinateReferenceSystem(layer.crs())
        self.extent = QgsRectangle(layer.extent())
        self.file = file_of(layer)
        self._corrected = corrected_crs(layer)
        self.doubt = doubt(layer)
        self._context = transform_context
        provider = layer.dataProvider()
        # The size is asked of the layer's own provider: a copy opens itself only when it is first read.
        self._size_px = provider.xSize(), provider.ySize()
        self._whole = QgsRectangle(provider.extent())
        self._kind = layer.providerType()
        self._provider = None if self.file else provider.clone()

    def request(self, extent: QgsRectangle | None, crs: QgsCoordinateReferenceSystem | None, feedback) -> dict:
        """What a request says of the scene; see `path`."""
        given = engine_crs(self._corrected) if self.file else None  # what is written here has the layer's CRS
        return {"scene": str(self.path(extent, crs, feedback))} | ({"crs": given} if given else {})

    def path(self, extent: QgsRectangle | None, crs: QgsCoordinateReferenceSystem | None, feedback) -> Path:
        """The file to read: the layer's own, or one written now for the extent (in `crs`; the layer's whole when None).

        Raises QgsProcessingException when the extent lies beside the layer or the provider gives no picture.
        """
        if self.file:
            return self.file
        wanted = self._wanted(extent, crs)
        return self._export(wanted, feedback)

    def _wanted(self, extent, crs) -> QgsRectangle:
        wanted = QgsRectangle(self.extent)
        if extent is not None and not extent.isEmpty():
            if crs is not None and crs.isValid() and self.crs.isValid() and crs != self.crs:
                extent = QgsCoordinateTransform(crs, self.crs, self._context).transformBoundingBox(extent)
            wanted = extent.intersect(self.extent) if not self.extent.isEmpty() else extent
        if wanted.isEmpty() or not wanted.isFinite():
            raise QgsProcessingException(f"The wanted extent does not meet {self.name}. Choose one inside the layer.")
        return wanted

    def _export(self, wanted: QgsRectangle, feedback) -> Path:
        wanted, width, height = self._size(wanted)
        feedback.pushInfo(f"{self.name} is no file: {width} × {height} pixels of it are written to a temporary one.")
        path = Path(QgsProcessingUtils.generateTempFilename("fusar_scene.tif"))
        pipe = QgsRasterPipe()
        if not pipe.set(self._provider.clone()):
            raise QgsProcessingException(f"{self.name} cannot be read as a raster.")
        writer = QgsRasterFileWriter(str(path))
        writer.setOutputFormat("GTiff")
        blocks = QgsRasterBlockFeedback()
        feedback.canceled.connect(blocks.cancel)
        status = writer.writeRaster(pipe, width, height, wanted, self.crs, self._context, blocks)
        if feedback.isCanceled():
            raise QgsProcessingException("Stopped by the user.")
        problems = [*blocks.errors()]
        if status != QgsRasterFileWriter.WriterError.NoError or problems or not path.exists():
            what = "; ".join(problems) or f"status {int(status)}"
            raise QgsProcessingException(f"{self.name} could not be read: {what}. Check the connection and try again.")
        self._check_picture(path, feedback)
        return path

    def _check_picture(self, path: Path, feedback) -> None:
        """A service that fails says nothing, and its pictures are empty: transparent, or all zero."""
        written = QgsProviderRegistry.instance().createProvider("gdal", str(path), QgsDataProvider.ProviderOptions())
        alpha = next(
            (
                band
                for band in range(1, written.bandCount() + 1)
                if written.colorInterpretation(band) == compat.ALPHA_BAND
            ),
            None,
        )
        if alpha is not None:
            shown = written.bandStatistics(alpha).mean / 255
        else:
            statistics = written.bandStatistics(1)
            shown = 0.0 if statistics.minimumValue == statistics.maximumValue == 0 else 1.0
        if shown == 0:
            raise QgsProcessingException(
                f"{self.name} gave an empty picture of the wanted extent. Check the connection and whether the layer "
                "shows anything there, then try again."
            )
        if shown < 0.999:
            feedback.pushInfo(f"{1 - shown:.0%} of the picture of {self.name} is empty.")

    def _size(self, wanted: QgsRectangle) -> tuple[QgsRectangle, int, int]:
        """The extent snapped to the provider's own pixels where it has some, and its size in pixels."""
        (across, down), whole = self._size_px, self._whole
        if across > 0 and down > 0 and not whole.isEmpty():
            step_x, step_y = whole.width() / across, whole.height() / down
            left = math.floor((wanted.xMinimum() - whole.xMinimum()) / step_x + 1e-6)
            right = math.ceil((wanted.xMaximum() - whole.xMinimum()) / step_x - 1e-6)
            top = math.floor((whole.yMaximum() - wanted.yMaximum()) / step_y + 1e-6)
            bottom = math.ceil((whole.yMaximum() - wanted.yMinimum()) / step_y - 1e-6)
            if 0 < right - left <= MOST_SIDE and 0 < bottom - top <= MOST_SIDE:
                snapped = QgsRectangle(
                    whole.xMinimum() + left * step_x,
                    whole.yMaximum() - bottom * step_y,
                    whole.xMinimum() + right * step_x,
                    whole.yMaximum() - top * step_y,
                )
                return snapped, right - left, bottom - top
            if self._kind not in ("wms", "arcgismapserver"):
                raise QgsProcessingException(
                    f"The wanted extent of {self.name} has {right - left} × {bottom - top} pixels, too many to copy. "
                    f"Choose an extent of at most {MOST_SIDE} × {MOST_SIDE}, or save the layer as GeoTIFF first."
                )
        scale = SERVICE_SIDE / max(wanted.width(), wanted.height())
        return wanted, max(1, round(wanted.width() * scale)), max(1, round(wanted.height() * scale))
