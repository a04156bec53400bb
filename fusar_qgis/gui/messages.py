"""Sentences in QGIS's message bar; every error has a button that copies the diagnostics."""

from __future__ import annotations

from qgis.core import Qgis
from qgis.PyQt.QtWidgets import QPushButton

from ..translation import tr
from . import diagnostics

TITLE = "FUSAR"
SECONDS = 8  # a success or a note goes away by itself; an error stays until it is closed


class Messages:
    """What the plugin says to the user, in the message bar of a QGIS window."""

    def __init__(self, bar) -> None:
        self._bar = bar

    def info(self, text: str) -> None:
        """A note that goes away by itself."""
        self._push(text, Qgis.MessageLevel.Info, SECONDS)

    def success(self, text: str) -> None:
        """Something worked."""
        self._push(text, Qgis.MessageLevel.Success, SECONDS)

    def warning(self, text: str) -> None:
        """Something the user should know, while work goes on."""
        self._push(text, Qgis.MessageLevel.Warning, 2 * SECONDS)

    def error(self, text: str, actions: dict | None = None) -> None:
        """Something failed. actions: label → callable, as buttons before *Copy diagnostics*."""
        diagnostics.remember(text)
        buttons = dict(actions or {})
        buttons[tr("Copy diagnostics")] = diagnostics.copy
        self._push(text, Qgis.MessageLevel.Critical, 0, buttons)

    def _push(self, text: str, level, seconds: int, buttons: dict | None = None) -> None:
        item = self._bar.createMessage(TITLE, text)
        for label, act in (buttons or {}).items():
            button = QPushButton(label, item)
            button.clicked.connect(lambda _=False, act=act: act())
            item.layout().addWidget(button)
        self._bar.pushWidget(item, level, seconds)
