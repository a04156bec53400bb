"""One target to be judged: outlined on the map and brought near, and its pixels in a small picture beside the list."""

from __future__ import annotations

from pathlib import PurePath

from qgis.core import (
    QgsGeometry,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.gui import QgsHighlight
from qgis.PyQt.QtCore import QSize, Qt
from qgis.PyQt.QtGui import QColor, QPixmap
from qgis.PyQt.QtWidgets import QLabel

from ..translation import tr

SHARE = 1 / 6
"""Of the view's shorter side that a target takes, of 1/8 to 1/5…"""
LEAST_PX = 40
"""…and at least so many pixels: a ship that is a dot cannot be judged."""
OUTLINE, WIDTH_PX, AROUND_MM = QColor(255, 214, 0), 3, 1.2
CHIP_PX, AROUND = 80, 3.0
"""Side of the small picture, and of what it shows in lengths of the target."""
SCENE = "fusar/scene"
"""Custom property of a result layer: the raster layer that was interpreted."""


class TargetOutline:
    """An outline without a fill around one target: what is to be judged stays visible."""

    def __init__(self, canvas) -> None:
        self._canvas = canvas
        self.highlight: QgsHighlight | None = None

    def show(self, layer: QgsVectorLayer, geometry: QgsGeometry) -> None:
        """Outlines this target, and no other."""
        self.clear()
        self.highlight = QgsHighlight(self._canvas, geometry, layer)
        self.highlight.setColor(OUTLINE)
        self.highlight.setFillColor(QColor(0, 0, 0, 0))
        self.highlight.setWidth(WIDTH_PX)
        self.highlight.setBuffer(AROUND_MM)
        self.highlight.show()

    def clear(self) -> None:
        """Takes the outline off the map."""
        if self.highlight is not None:
            self._canvas.scene().removeItem(self.highlight)
            self.highlight = None


def view_of(box: QgsRectangle, width_px: int, height_px: int) -> QgsRectangle:
    """What a view of that size shows so that a target can be judged: it in the middle, SHARE of the shorter side and at
    least LEAST_PX long."""
    wanted = max(LEAST_PX, SHARE * min(width_px, height_px))
    step = max(box.width(), box.height()) / wanted
    return QgsRectangle.fromCenterAndSize(box.center(), width_px * step, height_px * step)


def scene_of(layer: QgsVectorLayer, name: str) -> QgsRasterLayer | None:
    """The raster of the project in which a target was found: the one that the layer names, or one of a file `name`."""
    known = QgsProject.instance().mapLayer(layer.customProperty(SCENE, ""))
    if isinstance(known, QgsRasterLayer):
        return known
    rasters = [v for v in QgsProject.instance().mapLayers().values() if isinstance(v, QgsRasterLayer)]
    return next((r for r in rasters if name and name in PurePath(r.source()).parts), None)


class TargetChip(QLabel):
    """The pixels around one target, as the scene is shown on the map. They come when they are drawn."""

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFixedSize(CHIP_PX, CHIP_PX)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setStyleSheet("background: #202020; border: 1px solid gray;")
        self.setAccessibleName(tr("Picture of the target"))
        self._job: QgsMapRendererParallelJob | None = None
        self.setVisible(False)

    def show_target(self, scene: QgsRasterLayer | None, box: QgsRectangle) -> None:
        """Draws the surroundings of a box in the CRS of the scene; without a scene there is no picture."""
        self.stop()
        self.setPixmap(QPixmap())
        self.setVisible(scene is not None and not box.isEmpty())
        if self.isHidden():
            return
        settings = QgsMapSettings()
        settings.setLayers([scene])
        settings.setDestinationCrs(scene.crs())
        side = AROUND * max(box.width(), box.height())
        settings.setExtent(QgsRectangle.fromCenterAndSize(box.center(), side, side))
        settings.setOutputSize(QSize(CHIP_PX - 2, CHIP_PX - 2))
        settings.setBackgroundColor(QColor("#202020"))
        self._job = QgsMapRendererParallelJob(settings)
        self._job.finished.connect(self._drawn)
        self._job.start()

    def _drawn(self) -> None:
        if self._job is not None:
            self.setPixmap(QPixmap.fromImage(self._job.renderedImage()))
            self._job = None

    def stop(self) -> None:
        """Gives up what is being drawn."""
        job, self._job = self._job, None
        if job is not None:
            job.finished.disconnect(self._drawn)
            job.cancel()
