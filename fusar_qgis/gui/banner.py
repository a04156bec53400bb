"""The strip that stands wherever a demonstration model answers."""

from __future__ import annotations

from qgis.PyQt.QtWidgets import QSizePolicy

from ..demonstration import banner
from .labels import Words


class DemonstrationBanner(Words):
    """Hidden until it is told that such a model answers here."""

    def __init__(self, parent=None) -> None:
        super().__init__(banner(), parent)
        self.setObjectName("FusarDemonstration")
        self.setStyleSheet("background: #ffe08a; color: black; padding: 3px; border: 1px solid #c79a00;")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.setVisible(False)
