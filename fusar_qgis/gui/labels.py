"""Labels that take the text of others for what it is, and that widen no panel."""

from __future__ import annotations

from qgis.PyQt.QtCore import QSize, Qt
from qgis.PyQt.QtGui import QFontMetrics
from qgis.PyQt.QtWidgets import QLabel

from ..text import LONGEST_WORD, elided, tool_tip

IN_A_WINDOW = 72
"""Characters of a word that a window of its own shows."""
LEAST_WIDTH = 8
"""Characters of the least width of a label that may be broken into lines."""


class Words(QLabel):
    """A label that shows its text literally and never widens what it stands in: it breaks into lines, overlong words
    lose their middle, and its tool tip has all."""

    def __init__(self, text: str = "", parent=None, longest: int = LONGEST_WORD) -> None:
        """longest: characters of a word that is shown whole."""
        super().__init__(parent)
        self._longest = longest
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.whole = ""
        self.setText(text)

    def setText(self, text: str) -> None:  # the name Qt calls
        """Shows a text; `whole` is what was given."""
        self.whole = text
        shown = elided(text, self._longest)
        super().setText(shown)
        self.setToolTip(tool_tip(text) if shown != text else "")

    def minimumSizeHint(self) -> QSize:  # the name Qt calls
        """Narrow: a word may be cut off rather than widen a panel."""
        width = QFontMetrics(self.font()).averageCharWidth() * LEAST_WIDTH
        return QSize(width, super().minimumSizeHint().height())


class RichWords(QLabel):
    """A label of our own HTML, whose parts of others are escaped by whoever makes it."""

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setWordWrap(True)
