"""Map tool: drag a rectangle on the canvas. It hands over the four corners, so that a turned map comes out right."""

from __future__ import annotations

from qgis.core import QgsGeometry, QgsPointXY, QgsWkbTypes
from qgis.gui import QgsMapTool, QgsRubberBand
from qgis.PyQt.QtCore import QEvent, QPoint, QRect, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor

LEAST_PX = 4  # a drag shorter than this is a click, and a click is no box
OUTLINE, FILL = QColor(232, 119, 34), QColor(232, 119, 34, 40)


class BoxTool(QgsMapTool):
    """Emits `drawn(QgsGeometry)` in the CRS of the map; Esc while dragging drops the box, Esc again the tool."""

    drawn = pyqtSignal(object)
    too_small = pyqtSignal()

    def __init__(self, canvas) -> None:
        super().__init__(canvas)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self._from: QPoint | None = None
        self._band = QgsRubberBand(canvas, QgsWkbTypes.GeometryType.PolygonGeometry)
        self._band.setStrokeColor(OUTLINE)
        self._band.setFillColor(FILL)
        self._band.setWidth(2)

    def flags(self):
        """Without AllowZoomRect: else the canvas takes Shift + drag for itself."""
        return QgsMapTool.Flag.EditTool

    def canvasPressEvent(self, event) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._from = event.pos()
            self.canvas().installEventFilter(self)  # while a button is down the canvas keeps keys from its tool

    def eventFilter(self, watched, event) -> bool:
        """Esc while dragging drops the box."""
        if event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Escape:
            self.clear()
            return True
        return False

    def canvasMoveEvent(self, event) -> None:
        if self._from is not None:
            self._band.setToGeometry(self._box(event.pos()), None)

    def canvasReleaseEvent(self, event) -> None:
        if self._from is None or event.button() != Qt.MouseButton.LeftButton:
            return
        drag = QRect(self._from, event.pos()).normalized()
        box = self._box(event.pos())
        self.clear()
        if min(drag.width(), drag.height()) < LEAST_PX:
            self.too_small.emit()
        else:
            self.drawn.emit(box)

    def keyPressEvent(self, event) -> None:
        if event.key() != Qt.Key.Key_Escape:
            return
        event.accept()
        self.canvas().unsetMapTool(self)

    def deactivate(self) -> None:
        self.clear()
        super().deactivate()

    def clear(self) -> None:
        """Takes the half-drawn box off the map."""
        self._from = None
        self.canvas().removeEventFilter(self)
        self._band.reset(QgsWkbTypes.GeometryType.PolygonGeometry)

    def dispose(self) -> None:
        """Takes the tool and its band off the canvas, for unloading."""
        self.clear()
        self.canvas().scene().removeItem(self._band)
        self.canvas().unsetMapTool(self)

    def _box(self, to: QPoint) -> QgsGeometry:
        """Rectangle on the screen → polygon in map coordinates."""
        a, b = self._from, to
        corners = [a, QPoint(b.x(), a.y()), b, QPoint(a.x(), b.y())]
        ring = [QgsPointXY(self.toMapCoordinates(corner)) for corner in corners]
        return QgsGeometry.fromPolygonXY([[*ring, ring[0]]])
