"""Puts our page into QGIS's options; the page itself is imported when it is shown."""

from __future__ import annotations

from qgis.gui import QgsOptionsWidgetFactory


class FusarOptionsFactory(QgsOptionsWidgetFactory):
    """What QGIS asks for the page."""

    def __init__(self, icon) -> None:
        super().__init__()
        self.setTitle("FUSAR")
        self.setIcon(icon)
        self._icon = icon

    def icon(self):
        return self._icon

    def createWidget(self, parent):
        from .options_page import FusarOptionsPage

        return FusarOptionsPage(parent)
