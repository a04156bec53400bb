"""The plugin as QGIS sees it: toolbar, menu, dock, options page, Processing provider; all of it gone after `unload`.

Widgets are imported when first used: QGIS starts with toolbar and provider alone.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from qgis.core import QgsApplication, QgsProject
from qgis.PyQt.QtCore import QCoreApplication, QEvent, Qt
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QAction  # also in Qt 6: QGIS adds it there

from . import translation
from .translation import tr

ICONS = Path(__file__).parent / "icons"
MENU = "FUSAR"


def icon(name: str) -> QIcon:
    """An icon of ours, by file name without suffix."""
    return QIcon(str(ICONS / f"{name}.svg"))


class FusarPlugin:
    """Made by `classFactory`; `initGui` and `unload` are called by QGIS, `initProcessing` also by `qgis_process`."""

    def __init__(self, iface) -> None:
        self.iface = iface
        self.provider = None
        self.dock = None
        self.toolbar = None
        self.box_tool = None
        self.actions: dict[str, QAction] = {}
        self._desk = None
        self._options = None
        self._translator = translation.install()

    # -- called by QGIS --------------------------------------------------------------------------------------------

    def initProcessing(self) -> None:
        """Registers the Processing provider."""
        from .provider.provider import FusarProvider

        self.provider = FusarProvider()
        QgsApplication.processingRegistry().addProvider(self.provider)

    def initGui(self) -> None:
        """Puts toolbar, menu and options page into QGIS. The dock comes when it is asked for."""
        self.initProcessing()
        self.toolbar = self.iface.addToolBar("FUSAR")
        self.toolbar.setObjectName("FusarToolbar")
        self._add("dock", "fusar", tr("FUSAR panel"), self.toggle_dock, checkable=True)
        self._add("interpret", "interpret", tr("Interpret scene"), self.interpret)
        self._add("box", "box", tr("Classify a box"), self.toggle_box_tool, checkable=True)
        self._add("export", "export", tr("Export detections…"), self.export)
        self._add("settings", None, tr("Settings…"), self.show_options)
        self._add("help", None, tr("Help"), self.show_help)
        self._options = _options_factory()
        self.iface.registerOptionsWidgetFactory(self._options)
        QgsProject.instance().readProject.connect(self._project_opened)

    def unload(self) -> None:
        """Takes everything back, stops what runs and ends the engine."""
        from .engine import manager

        with contextlib.suppress(TypeError):  # it was never connected: initGui was not called
            QgsProject.instance().readProject.disconnect(self._project_opened)
        if self.box_tool is not None:
            self.box_tool.dispose()
            self.box_tool = None
        if self._desk is not None:
            from .gui import runner

            self._desk.dispose()
            manager.shutdown()
            runner.wait_for_all()
        if self.dock is not None:
            self.iface.removeDockWidget(self.dock)
            self.dock.dispose()
            self.dock.deleteLater()
            self.dock = None
        self._desk = None
        for action in self.actions.values():
            self.iface.removePluginRasterMenu(MENU, action)
            action.deleteLater()
        self.actions.clear()
        if self.toolbar is not None:
            self.toolbar.parentWidget().removeToolBar(self.toolbar)
            self.toolbar.deleteLater()
            self.toolbar = None
        if self._options is not None:
            self.iface.unregisterOptionsWidgetFactory(self._options)
            self._options = None
        if self.provider is not None:
            QgsApplication.processingRegistry().removeProvider(self.provider)
            self.provider = None
        translation.remove(self._translator)
        self._translator = None
        manager.shutdown()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)

    def _project_opened(self, _document=None) -> None:
        """Temporary results of a project that was closed are empty now, which is not the same as nothing found."""
        from . import layers

        layers.note_emptied(QgsProject.instance().mapLayers().values())

    # -- actions ---------------------------------------------------------------------------------------------------

    def _add(self, name: str, picture: str | None, title: str, act, checkable: bool = False) -> None:
        action = QAction(icon(picture) if picture else QIcon(), title, self.iface.mainWindow())
        action.setObjectName(f"Fusar{name.title()}")
        action.setCheckable(checkable)
        action.triggered.connect(act)
        self.actions[name] = action
        if picture:
            self.toolbar.addAction(action)
        self.iface.addPluginToRasterMenu(MENU, action)

    @property
    def desk(self):
        """What starts runs and tells how they end."""
        if self._desk is None:
            from .gui.desk import Desk

            self._desk = Desk(self.iface)
        return self._desk

    def show_dock(self):
        """The dock, made and shown."""
        if self.dock is None:
            from .gui.dock import FusarDock

            self.dock = FusarDock(self.iface, self.desk)
            self.dock.visibilityChanged.connect(self._dock_visibility)
            self.iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.dock)
        self.dock.show()
        self.dock.raise_()
        return self.dock

    def _dock_visibility(self, _visible: bool) -> None:
        self.actions["dock"].setChecked(self.dock is not None and not self.dock.isHidden())

    def toggle_dock(self, shown: bool) -> None:
        """Shows or hides the dock."""
        if shown:
            self.show_dock()
        elif self.dock is not None:
            self.dock.hide()

    def interpret(self) -> None:
        """Opens the dock and starts, with what it says."""
        self.show_dock().interpret()

    def toggle_box_tool(self, on: bool) -> None:
        """Puts the box tool into the user's hand, or takes it away."""
        canvas = self.iface.mapCanvas()
        if not on:
            if self.box_tool is not None:
                canvas.unsetMapTool(self.box_tool)
            return
        if self.box_tool is None:
            from .gui.box_tool import BoxTool

            self.box_tool = BoxTool(canvas)
            self.box_tool.setAction(self.actions["box"])
            self.box_tool.drawn.connect(self._box_drawn)
            self.box_tool.too_small.connect(
                lambda: self.desk.messages.info(tr("Drag a rectangle around one target; a click is too small."))
            )
        canvas.setMapTool(self.box_tool)

    def _box_drawn(self, box) -> None:
        self.desk.inquiries.classify(box, self.dock.form if self.dock is not None else None)

    def export(self) -> None:
        """Opens the export algorithm on the detections at hand."""
        self.desk.export(self.dock.results.layer if self.dock is not None else None)

    def show_options(self) -> None:
        """QGIS's options, on our page."""
        self.iface.showOptionsDialog(self.iface.mainWindow(), "FusarOptions")

    def show_help(self) -> None:
        """The user guide."""
        self.desk.show_help()


def _options_factory():
    """The factory is small; the page behind it is imported when QGIS shows its options."""
    from .gui.options_factory import FusarOptionsFactory

    return FusarOptionsFactory(icon("fusar"))
