"""The detections of a layer as a table: one read of the layer, then plain rows, so that 10,000 stay fluid."""

from __future__ import annotations

from typing import NamedTuple

from qgis.core import QgsFeatureRequest, QgsVectorLayer
from qgis.PyQt.QtCore import QAbstractTableModel, QModelIndex, QSortFilterProxyModel, Qt
from qgis.PyQt.QtGui import QBrush, QColor, QFont

from ..translation import tr

UNREVIEWED, CONFIRMED, REJECTED = "unreviewed", "confirmed", "rejected"
MARKS = {UNREVIEWED: "", CONFIRMED: "✓", REJECTED: "✗"}
NEEDED = ("class", "score", "review")
_ALIGN = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_RIGHT = _ALIGN.value if hasattr(_ALIGN, "value") else int(_ALIGN)  # Qt 5 models take plain numbers only


class TargetRow(NamedTuple):
    """What the list shows of one detection."""

    fid: int
    label: str
    score: float | None
    length_m: float | None
    flags: str
    review: str


def _text(value) -> str:
    """A field's value as text; NULL of QGIS is ''."""
    return value if isinstance(value, str) else ""


def _number(value) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def is_detections(layer) -> bool:
    """Whether a layer has the fields of our detections."""
    return isinstance(layer, QgsVectorLayer) and all(layer.fields().indexFromName(n) >= 0 for n in NEEDED)


def read_rows(layer: QgsVectorLayer) -> list[TargetRow]:
    """Every detection that the layer's filter lets through, best score first."""
    names = ["class", "score", "length_m", "flags", "review"]
    at = [layer.fields().indexFromName(n) for n in names]
    request = QgsFeatureRequest()
    request.setFlags(QgsFeatureRequest.Flag.NoGeometry)
    request.setSubsetOfAttributes([i for i in at if i >= 0])
    rows = []
    for feature in layer.getFeatures(request):
        label, score, length, flags, review = (feature.attribute(i) if i >= 0 else None for i in at)
        rows.append(
            TargetRow(
                feature.id(), _text(label), _number(score), _number(length), _text(flags), _text(review) or UNREVIEWED
            )
        )
    rows.sort(key=lambda r: -(r.score or 0.0))
    return rows


class TargetsModel(QAbstractTableModel):
    """Columns: review mark, class, score, length."""

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self.rows: list[TargetRow] = []
        self._row_of: dict[int, int] = {}
        self._titles = ["", tr("Class"), tr("Score"), tr("Length")]

    def load(self, rows: list[TargetRow]) -> None:
        """Shows these rows instead of what was shown."""
        self.beginResetModel()
        self.rows = rows
        self._row_of = {row.fid: i for i, row in enumerate(rows)}
        self.endResetModel()

    def set_review(self, fid: int, review: str) -> None:
        """Changes the mark of one row."""
        at = self._row_of.get(fid)
        if at is not None:
            self.rows[at] = self.rows[at]._replace(review=review)
            self.dataChanged.emit(self.index(at, 0), self.index(at, self.columnCount() - 1))

    def row_of(self, fid: int) -> int | None:
        """Position of a detection, None when it is not listed."""
        return self._row_of.get(fid)

    def rowCount(self, parent=None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent=None) -> int:
        return 0 if parent is not None and parent.isValid() else 4

    def headerData(self, section, orientation, role=Qt.ItemDataRole.DisplayRole):
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._titles[section]
        return None

    def data(self, index: QModelIndex, role=Qt.ItemDataRole.DisplayRole):
        row, column = self.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            length = "" if row.length_m is None else f"{row.length_m:.0f} m"
            score = "" if row.score is None else f"{row.score:.2f}"
            return (MARKS.get(row.review, ""), row.label, score, length)[column]
        if role == Qt.ItemDataRole.UserRole:  # what to sort by
            return (row.review, row.label, row.score or 0.0, row.length_m or 0.0)[column]
        if role == Qt.ItemDataRole.ForegroundRole:
            if row.review == REJECTED or row.flags:
                return QBrush(QColor(130, 130, 130))
            if row.review == CONFIRMED:
                return QBrush(QColor(0, 110, 60))
        if role == Qt.ItemDataRole.FontRole and row.flags:
            font = QFont()
            font.setItalic(True)
            return font
        if role == Qt.ItemDataRole.TextAlignmentRole and column >= 2:
            return _RIGHT
        if role == Qt.ItemDataRole.ToolTipRole and row.flags:
            return tr("Doubtful: {flags}. Listed, not counted.").format(flags=row.flags.replace("_", " "))
        return None


class TargetsFilter(QSortFilterProxyModel):
    """Hides what scores less than `minimum`; sorts by value, not by text."""

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self.minimum = 0.0
        self.setSortRole(Qt.ItemDataRole.UserRole)

    def set_minimum(self, minimum: float) -> None:
        """Least score shown, 0 to 1."""
        self.minimum = minimum
        self.invalidateFilter()

    def filterAcceptsRow(self, source_row, source_parent) -> bool:
        score = self.sourceModel().rows[source_row].score
        return score is None or score >= self.minimum
