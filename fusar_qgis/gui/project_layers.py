"""Results become layers of the project: named after their scene, detections on top."""

from __future__ import annotations

from qgis.core import QgsProcessing, QgsProcessingOutputLayerDefinition, QgsProject

from .. import layers
from .runner import Outcome
from .target_view import SCENE


def destination() -> QgsProcessingOutputLayerDefinition:
    """Where an algorithm is to leave a result: in memory, on the way to the project."""
    return QgsProcessingOutputLayerDefinition(QgsProcessing.TEMPORARY_OUTPUT, QgsProject.instance())


def add_results(outcome: Outcome, scene_name: str, output: str = "", scene_id: str = "") -> dict:
    """Puts result layers into the project, detections on top; empty ones but detections are left out.

    output: title of a layer OUTPUT. scene_id: of the raster layer that was interpreted.
    """
    titles = {
        "GRID_CELLS": layers.title_of("grid_cells"),
        "ANSWERS": layers.title_of("answers"),
        "DETECTIONS": layers.title_of("detections"),
        "OUTPUT": output,
    }
    added = {}
    for name in ("GRID_CELLS", "ANSWERS", "DETECTIONS", "OUTPUT"):
        layer = outcome.layers.get(name)
        if layer is None or (not layer.featureCount() and name != "DETECTIONS"):
            continue
        layer.setName(f"{scene_name}: {titles[name]}")
        layer.setCustomProperty(SCENE, scene_id)
        aside = name == "OUTPUT"  # it does not become the active layer: the user may be reviewing detections
        added[name] = QgsProject.instance().addMapLayer(layer, not aside)
        if aside:
            QgsProject.instance().layerTreeRoot().insertLayer(0, layer)
        if name in ("GRID_CELLS", "ANSWERS"):
            node = QgsProject.instance().layerTreeRoot().findLayer(layer.id())
            if node is not None:  # the picture stays legible; the user ticks what else to see
                node.setItemVisibilityChecked(False)
    return added
