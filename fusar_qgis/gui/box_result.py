"""What the box tool found, on the map's lower left corner: class, score, the engine's own words."""

from __future__ import annotations

from qgis.PyQt.QtCore import QEvent, Qt
from qgis.PyQt.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QToolButton, QVBoxLayout

from ..translation import tr
from .banner import DemonstrationBanner
from .labels import Words

MARGIN, WIDTH = 10, 300


class BoxResult(QFrame):
    """A card on the canvas; it follows the canvas's size and goes away with its cross."""

    def __init__(self, canvas) -> None:
        super().__init__(canvas)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self.setFixedWidth(WIDTH)
        self.title = Words(parent=self)
        font = self.title.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.3)
        self.title.setFont(font)
        self.note = Words(parent=self)
        self.banner = DemonstrationBanner(self)
        self.raw = QPlainTextEdit(self)
        self.raw.setReadOnly(True)
        self.raw.setMaximumHeight(self.fontMetrics().height() * 5)
        self.closer = QToolButton(self)
        self.closer.setText("×")
        self.closer.setAutoRaise(True)
        self.closer.setToolTip(tr("Close"))
        self.closer.clicked.connect(self.hide)
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.closer, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.addLayout(head)
        column.addWidget(self.banner)
        column.addWidget(self.note)
        column.addWidget(self.raw)
        canvas.installEventFilter(self)
        self.hide()

    def show_waiting(self) -> None:
        """While the engine looks at the box."""
        self._show(tr("Looking at the box…"), "", "")

    def show_answer(
        self, label: str, score: float | None, note: str, raw_text: str, demonstration: bool = False
    ) -> None:
        """label: class; note: engine and scene; raw_text: the words of the engine, '' when it has none."""
        title = label if score is None else f"{label}   {score:.2f}"
        self._show(title, note, raw_text, demonstration)

    def show_trouble(self, text: str) -> None:
        """Why there is no answer."""
        self._show(tr("Not classified"), text, "")

    def _show(self, title: str, note: str, raw_text: str, demonstration: bool = False) -> None:
        self.banner.setVisible(demonstration)
        self.title.setText(title)
        self.note.setText(note)
        self.note.setVisible(bool(note))
        self.raw.setPlainText(raw_text)
        self.raw.setVisible(bool(raw_text))
        self.show()
        self.raise_()
        self.adjustSize()
        self._place()

    def _place(self) -> None:
        self.move(MARGIN, self.parentWidget().height() - self.height() - MARGIN)

    def eventFilter(self, watched, event) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False
