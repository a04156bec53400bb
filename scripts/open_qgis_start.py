"""Runs inside the QGIS of `make qgis`: shows the dock; without a display, interprets, takes a picture and ends."""

import os

from qgis.core import QgsContrastEnhancement, QgsProject, QgsRasterLayer, QgsRasterMinMaxOrigin
from qgis.PyQt.QtCore import QTimer
from qgis.utils import iface, plugins

SHOT, HEADLESS = os.environ.get("FUSAR_SHOT", ""), bool(os.environ.get("FUSAR_HEADLESS"))
QUIET_MS, LAST_LOOK_MS = 1500, 1500


def start() -> None:
    window = iface.mainWindow()
    if HEADLESS:
        window.setGeometry(0, 0, 1400, 900)
    scene = iface.activeLayer()
    if isinstance(scene, QgsRasterLayer):  # radar images are dark under QGIS's stretch from least to greatest
        cut = QgsRasterMinMaxOrigin.Limits.CumulativeCut
        scene.setContrastEnhancement(QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum, cut)
        scene.triggerRepaint()
    dock = plugins["fusar_qgis"].show_dock()
    if HEADLESS:
        dock.desk.ended.connect(lambda outcome: QTimer.singleShot(LAST_LOOK_MS, leave))
        QTimer.singleShot(QUIET_MS, dock.interpret)


def leave() -> None:
    iface.mainWindow().grab().save(SHOT)
    QgsProject.instance().clear()
    iface.actionExit().trigger()


QTimer.singleShot(QUIET_MS, start)
