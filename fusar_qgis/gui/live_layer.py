"""Detections on the map while a scene is being read: a layer that takes provisional features in batches."""

from __future__ import annotations

from qgis.core import QgsMapLayer, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QObject, QTimer

from ..layers import note_rows
from ..translation import tr

BATCH_MS = 200  # one repaint for all chips of this time; a repaint per chip would flicker and stall


class LiveLayer(QObject):
    """A memory layer made with the first features of a run. The project may drop it at any time."""

    def __init__(self, scene_name: str, make_layer, parent: QObject | None = None) -> None:
        """make_layer(name): an empty, styled detections layer in the CRS of the scene."""
        super().__init__(parent)
        self._name = tr("{scene}: detections (reading…)").format(scene=scene_name)
        self._partial_name = tr("{scene}: detections (partial)").format(scene=scene_name)
        self._make = make_layer
        self._waiting: list = []
        self._id = ""
        self.count = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(BATCH_MS)
        self._timer.timeout.connect(self.flush)

    @property
    def layer(self) -> QgsVectorLayer | None:
        """The layer as the project knows it; None before the first features, or when the user removed it."""
        return QgsProject.instance().mapLayer(self._id) if self._id else None

    def add(self, features: list) -> None:
        """Takes provisional features; they show within BATCH_MS, the first ones at once."""
        self.count += len(features)
        self._waiting += features
        if not self._id:
            self.flush()
        elif not self._timer.isActive():
            self._timer.start()

    def flush(self) -> None:
        """Puts what waits on the map."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        if not self._id:
            made = QgsProject.instance().addMapLayer(self._make(self._name))
            self._id = made.id()
        layer = self.layer
        if layer is None:  # the user took it off the map: the run goes on without it
            return
        layer.dataProvider().addFeatures(waiting)
        layer.updateExtents()
        layer.triggerRepaint()

    def drop(self) -> None:
        """Takes the layer off the map: the final one replaces it."""
        self._timer.stop()
        self._waiting = []
        if self.layer is not None:
            QgsProject.instance().removeMapLayer(self._id)
        self._id = ""

    def keep(self) -> QgsMapLayer | None:
        """Leaves what arrived on the map, named as partial; None when nothing did."""
        self._timer.stop()
        self.flush()
        layer = self.layer
        if layer is not None:
            layer.setName(self._partial_name)
            note_rows(layer)
        return layer
