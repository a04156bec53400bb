"""Text of others (names of files and classes, a model's words) where Qt and QGIS would take it for HTML.

Whatever shows text goes through here; tests/qgis/test_shown_text.py walks the code for what does not.
"""

from __future__ import annotations

from qgis.PyQt.QtCore import QSize, Qt
from qgis.PyQt.QtGui import QFontMetrics
from qgis.PyQt.QtWidgets import QLabel

LONGEST_WORD = 26
"""Characters of a word that a narrow panel shows; longer ones, such as names of products, lose their middle."""
IN_A_WINDOW = 72
"""Characters of a word that a window of its own shows."""
LEAST_WIDTH = 8
"""Characters of the least width of a label that may be broken into lines."""


def escape(text: str) -> str:
    """Text as HTML shows it literally."""
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("\n", "<br>")):
        text = text.replace(character, entity)
    return text


def tool_tip(text: str) -> str:
    """A text as a tool tip shows it literally, whatever is in it."""
    return f"<span>{escape(text)}</span>" if text else ""


def elided(text: str, longest: int = LONGEST_WORD) -> str:
    """The text with the middle of each overlong word left out."""
    return " ".join(_elided(word, longest) for word in text.split(" "))


def _elided(word: str, longest: int) -> str:
    if len(word) <= longest or "\n" in word:
        return "\n".join(_elided(part, longest) for part in word.split("\n")) if "\n" in word else word
    half = (longest - 1) // 2
    return f"{word[: longest - 1 - half]}…{word[-half:]}"


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
