"""Ask about the scene in words; every question and its answer stay in a list."""

from __future__ import annotations

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QTextBrowser, QVBoxLayout, QWidget

from ..text import escape
from ..translation import tr
from .banner import DemonstrationBanner


class QuestionsPanel(QWidget):
    """A line to type in, and what was asked and answered so far, newest first."""

    asked = pyqtSignal(str)

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self.entries: list[tuple[str, str, str]] = []
        self.line = QLineEdit(self)
        self.line.setPlaceholderText(tr("e.g. How many ships lie at the quay?"))
        self.line.returnPressed.connect(self._ask)
        self.button = QPushButton(tr("Ask"), self)
        self.button.clicked.connect(self._ask)
        self.history = QTextBrowser(self)
        self.history.setPlaceholderText(tr("Questions and answers of this session appear here."))
        self.banner = DemonstrationBanner(self)
        row = QHBoxLayout()
        row.addWidget(self.line, 1)
        row.addWidget(self.button)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 6)
        column.addWidget(self.banner)
        column.addLayout(row)
        column.addWidget(self.history, 1)

    def _ask(self) -> None:
        question = self.line.text().strip()
        if question:
            self.asked.emit(question)
        else:
            self.line.setFocus(Qt.FocusReason.OtherFocusReason)

    def set_busy(self, busy: bool) -> None:
        """While an answer is awaited."""
        self.line.setEnabled(not busy)
        self.button.setEnabled(not busy)
        self.button.setText(tr("Asking…") if busy else tr("Ask"))

    def add(self, question: str, answer: str, note: str = "") -> None:
        """note: what stands small under the answer, e.g. scene, engine and score."""
        self.entries.insert(0, (question, answer, note))
        self.line.clear()
        parts = [
            f"<p><b>{escape(q)}</b><br>{escape(a)}<br><small><i>{escape(n)}</i></small></p>" for q, a, n in self.entries
        ]
        self.history.setHtml("<hr>".join(parts))
