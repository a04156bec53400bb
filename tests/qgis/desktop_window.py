"""A window with the parts of QGIS Desktop that the plugin uses: real widgets, in a program that is not Desktop."""

from __future__ import annotations

import re
import sys
import time
import traceback
from collections.abc import Callable
from html import unescape
from pathlib import Path

from qgis.core import QgsApplication, QgsCoordinateReferenceSystem, QgsProject, QgsRasterLayer
from qgis.gui import QgsMapCanvas, QgsMessageBar
from qgis.PyQt.QtCore import QObject, Qt, pyqtSignal
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QLabel, QMainWindow, QMenu, QPushButton, QToolBar

ROOT = Path(__file__).resolve().parents[2]
ENGINE = ROOT / ".venv" / "bin" / "fusar"
HARBOUR = ROOT / "resources" / "sample" / "harbour.tif"


errors: list[str] = []
"""What slots raised since the last `wait`. Qt would end the program; QGIS shows a message instead."""


def _remember(kind, value, trace) -> None:
    errors.append("".join(traceback.format_exception(kind, value, trace)))


sys.excepthook = _remember


class Window(QObject):
    """What `iface` is to a plugin, as far as ours goes."""

    currentLayerChanged = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self.window = QMainWindow()
        self.window.resize(1000, 700)
        self.canvas = QgsMapCanvas(self.window)
        self.canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:32629"))
        self.window.setCentralWidget(self.canvas)
        self.bar = QgsMessageBar(self.window)
        self.menu = QMenu("Raster", self.window)
        self.options: list = []
        self.docks: list = []
        self.active = None
        self.window.show()

    def mainWindow(self) -> QMainWindow:
        return self.window

    def mapCanvas(self) -> QgsMapCanvas:
        return self.canvas

    def messageBar(self) -> QgsMessageBar:
        return self.bar

    def addToolBar(self, name: str) -> QToolBar:
        return self.window.addToolBar(name)

    def addPluginToRasterMenu(self, _name: str, action) -> None:
        self.menu.addAction(action)

    def removePluginRasterMenu(self, _name: str, action) -> None:
        self.menu.removeAction(action)

    def registerOptionsWidgetFactory(self, factory) -> None:
        self.options.append(factory)

    def unregisterOptionsWidgetFactory(self, factory) -> None:
        self.options.remove(factory)

    def addDockWidget(self, area, dock) -> None:
        self.docks.append(dock)
        self.window.addDockWidget(area, dock)
        dock.show()

    def removeDockWidget(self, dock) -> None:
        self.docks.remove(dock)
        self.window.removeDockWidget(dock)

    def activeLayer(self):
        return self.active

    def setActiveLayer(self, layer) -> bool:
        self.active = layer
        self.currentLayerChanged.emit(layer)
        return True

    def messages(self) -> list[str]:
        """What the message bar says, oldest first."""
        labels = [item.findChild(QLabel, "FusarMessage") for item in reversed(self.bar.items())]
        return [unescape(re.sub(r"<[^>]*>", "", label.text())) for label in labels if label is not None]

    def message_buttons(self) -> list[str]:
        """Labels of the buttons of the message on top."""
        return [b.text() for b in self.bar.currentItem().findChildren(QPushButton)]

    def add_raster(self, path: Path, name: str = "") -> QgsRasterLayer:
        """Loads a raster into the project, makes it the active layer and shows all of it."""
        layer = QgsRasterLayer(str(path), name or path.stem)
        assert layer.isValid()
        QgsProject.instance().addMapLayer(layer)
        self.canvas.setLayers([layer])
        self.canvas.setExtent(
            self.canvas.mapSettings().layerExtentToOutputExtent(layer, layer.extent())
            if layer.crs().isValid()
            else layer.extent()
        )
        self.setActiveLayer(layer)
        return layer


def wait(until: Callable[[], object], seconds: float = 60) -> None:
    """Lets Qt work until something is so; fails when it is not within `seconds`."""
    end = time.monotonic() + seconds
    while not until():
        assert not errors, errors.pop()
        assert time.monotonic() < end, "what was waited for did not happen"
        QgsApplication.processEvents()
        time.sleep(0.005)


def interpret(plugin, seconds: float = 60):
    """Presses the panel's button, waits for the end, returns the outcome."""
    ended = []
    plugin.desk.ended.connect(ended.append)
    QTest.mouseClick(plugin.dock.form.interpret_button, Qt.MouseButton.LeftButton)
    wait(lambda: ended, seconds)
    return ended[0]


def settle(seconds: float = 0.3) -> None:
    """Lets timers and queued signals have their turn."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QgsApplication.processEvents()
        time.sleep(0.005)


def drag(canvas, start, end, modifier=Qt.KeyboardModifier.NoModifier) -> None:
    """Presses, moves and releases the left button on the canvas, with real mouse events."""
    from qgis.PyQt.QtCore import QEvent, QPoint, QPointF
    from qgis.PyQt.QtGui import QMouseEvent

    viewport = canvas.viewport()
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    middle = QPoint((start[0] + end[0]) // 2, (start[1] + end[1]) // 2)
    for kind, at, button, buttons in (
        (QEvent.Type.MouseButtonPress, QPoint(*start), left, left),
        (QEvent.Type.MouseMove, middle, none, left),
        (QEvent.Type.MouseMove, QPoint(*end), none, left),
        (QEvent.Type.MouseButtonRelease, QPoint(*end), left, none),
    ):
        where = QPointF(at)
        event = QMouseEvent(kind, where, QPointF(viewport.mapToGlobal(at)), button, buttons, modifier)
        QgsApplication.sendEvent(viewport, event)
