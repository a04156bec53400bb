"""The provider: names the algorithms."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from .ask_scene import AskScene
from .classify_box import ClassifyBox
from .export_detections import ExportDetections
from .interpret_scene import InterpretScene
from .sample_anchors import SampleAnchors

ICON = Path(__file__).parents[1] / "icons" / "fusar.svg"
ALGORITHMS = (InterpretScene, ClassifyBox, AskScene, SampleAnchors, ExportDetections)


class FusarProvider(QgsProcessingProvider):
    """`fusar` in the toolbox. QGIS owns it once it is registered."""

    def id(self) -> str:
        return "fusar"

    def name(self) -> str:
        return "FUSAR"

    def longName(self) -> str:
        return "FUSAR: targets in radar images"

    def icon(self) -> QIcon:
        return QIcon(str(ICON)) if ICON.is_file() else super().icon()

    def loadAlgorithms(self) -> None:
        for algorithm in ALGORITHMS:
            self.addAlgorithm(algorithm())
