"""Sentences in QGIS's message bar; every error has a button that copies the diagnostics."""

from __future__ import annotations

from qgis.core import Qgis
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QPushButton

from ..text import escape
from ..translation import tr
from . import diagnostics
from .labels import RichWords

TITLE = "FUSAR"
LIGHT = (Qgis.MessageLevel.Info, Qgis.MessageLevel.Warning, Qgis.MessageLevel.Success)
"""Levels that QGIS shows on a light ground."""
ICONS_PX, LEAST_PX = 120, 150  # what icon, cross and counter of the bar take; the least left for words
SECONDS = 8  # a success or a note goes away by itself; an error stays until it is closed


class Messages:
    """What the plugin says to the user, in the message bar of a QGIS window."""

    def __init__(self, bar) -> None:
        self._bar = bar
        self._errors: list = []

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
        item = self._push(text, Qgis.MessageLevel.Critical, 0, buttons)
        self._errors.append(item)
        item.destroyed.connect(lambda: self._errors.remove(item) if item in self._errors else None)

    def clear_errors(self) -> None:
        """Takes our errors away: what they were about has worked by now, or is tried anew."""
        errors, self._errors = self._errors, []
        for item in errors:
            self._bar.popWidget(item)

    def _push(self, text: str, level, seconds: int, buttons: dict | None = None):
        item = self._bar.createMessage("", "")
        row = item.layout()
        words = RichWords(item)  # QGIS's own text field shows a line and a half
        words.setText(f"<b>{TITLE}:</b> {escape(text)}")
        words.setObjectName("FusarMessage")
        words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        words.setStyleSheet("color: black" if level in LIGHT else "color: white")
        row.addWidget(words, 1)
        taken = ICONS_PX
        for label, act in (buttons or {}).items():
            button = QPushButton(label, item)
            button.clicked.connect(lambda _=False, act=act: act())
            row.addWidget(button)
            taken += button.sizeHint().width() + row.spacing()
        width = max(LEAST_PX, self._bar.parentWidget().width() - taken)
        words.setMinimumHeight(words.heightForWidth(width))
        return self._bar.pushWidget(item, level, seconds)
