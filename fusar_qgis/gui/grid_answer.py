"""The 3 × 3 grid answer as a small picture: cells that hold targets are filled and numbered."""

from __future__ import annotations

from qgis.PyQt.QtCore import QRectF, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QPainter, QPen
from qgis.PyQt.QtWidgets import QSizePolicy, QWidget

from ..schema import CELLS_PER_SIDE as SIDE
from ..text import tool_tip
from ..translation import tr
from .answers import Cells

FILLED, LINE = QColor(232, 119, 34), QColor(120, 120, 120)


class GridAnswer(QWidget):
    """Nine cells, numbered 1 to 9 row by row from the top left. A click on one emits `clicked(number)`."""

    clicked = pyqtSignal(int)

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self.cells: frozenset[int] | None = None
        self.unknown: frozenset[int] = frozenset()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.show_answer(None)

    def sizeHint(self) -> QSize:
        side = self.fontMetrics().height() * 5
        return QSize(side, side)

    def show_answer(self, answer: Cells | None) -> None:
        """answer: None when there is none."""
        self.cells = cells = None if answer is None else answer.full
        self.unknown = frozenset() if answer is None else answer.unknown
        said = tr("no answer") if cells is None else ", ".join(map(str, sorted(cells))) or tr("none")
        told = tr("Cells of the 3 × 3 grid that hold targets: {cells}").format(cells=said)
        if self.unknown:
            told += "\n" + tr("Unknown: {cells}").format(cells=", ".join(map(str, sorted(self.unknown))))
        self.setToolTip(tool_tip(told))
        self.setAccessibleName(told)
        self.update()

    def _rect(self, number: int) -> QRectF:
        row, col = divmod(number - 1, SIDE)
        width, height = (self.width() - 2) / SIDE, (self.height() - 2) / SIDE
        return QRectF(1 + col * width, 1 + row * height, width, height)

    def paintEvent(self, event) -> None:
        painter = QPainter(self)
        for number in range(1, SIDE * SIDE + 1):
            cell = self._rect(number)
            full = bool(self.cells) and number in self.cells
            painter.setPen(QPen(LINE, 1))
            painter.setBrush(FILLED if full else self.palette().base())
            painter.drawRect(cell)
            painter.setPen(QColor("white") if full else LINE)
            painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, "?" if number in self.unknown else str(number))
        painter.end()

    def mouseReleaseEvent(self, event) -> None:
        for number in range(1, SIDE * SIDE + 1):
            if self._rect(number).contains(QRectF(event.pos().x(), event.pos().y(), 0.1, 0.1)):
                self.clicked.emit(number)
