"""The detections of a layer as a table: one read of the layer, then plain rows, so that 10,000 stay fluid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from qgis.core import QgsFeature, QgsFeatureRequest, QgsVectorLayer
from qgis.PyQt.QtCore import QAbstractTableModel, QModelIndex, Qt
from qgis.PyQt.QtGui import QBrush, QColor, QFont

from ..layers import kind_of
from ..schema import CONFIRMED, DETECTIONS, REJECTED, UNREVIEWED
from ..text import tool_tip
from ..translation import tr

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
    """Whether a layer is one of our detections, and has what the list needs."""
    return kind_of(layer) == DETECTIONS.name and all(layer.fields().indexFromName(n) >= 0 for n in NEEDED)


def read_rows(layer: QgsVectorLayer) -> Iterator[TargetRow]:
    """Every detection that the layer's filter lets through when this is called; read as they are asked for."""
    names = ["class", "score", "length_m", "flags", "review"]
    at = [layer.fields().indexFromName(n) for n in names]
    request = QgsFeatureRequest()
    request.setFlags(QgsFeatureRequest.Flag.NoGeometry)
    request.setSubsetOfAttributes([i for i in at if i >= 0])
    features = layer.getFeatures(request)  # now, with the filter as it is
    return (_row(feature, at) for feature in features)


def _row(feature: QgsFeature, at: list[int]) -> TargetRow:
    values = [*feature.attributes(), None]  # a field that is not there has the index -1
    label, score, length, flags, review = (values[i] for i in at)
    return TargetRow(
        feature.id(), _text(label), _number(score), _number(length), _text(flags), _text(review) or UNREVIEWED
    )


SORT_BY = (
    lambda r: r.review,
    lambda r: r.label,
    lambda r: r.score or 0.0,
    lambda r: r.length_m or 0.0,
)
"""Column → what its values are ordered by. Sorting is done here: a proxy model asks Python for every comparison."""


class TargetsModel(QAbstractTableModel):
    """Columns: review mark, class, score, length. `everything` is what was read, `rows` what is shown of it."""

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self.everything: list[TargetRow] = []
        self.rows: list[TargetRow] = []
        self.minimum = 0.0
        self._sorted_by, self._descending = 2, True
        self._titles = ["", tr("Class"), tr("Score"), tr("Length")]

    def load(self, rows: list[TargetRow]) -> None:
        """Shows these rows instead of what was shown."""
        self.everything = rows
        self._show()

    def set_minimum(self, minimum: float) -> None:
        """Least score shown, 0 to 1."""
        self.minimum = minimum
        self._show()

    def sort(self, column: int, order=Qt.SortOrder.AscendingOrder) -> None:
        """Called by the view when a header is clicked."""
        self._sorted_by, self._descending = column, order == Qt.SortOrder.DescendingOrder
        self._show()

    def _show(self) -> None:
        self.beginResetModel()
        kept = [r for r in self.everything if r.score is None or r.score >= self.minimum]
        self.rows = sorted(kept, key=SORT_BY[self._sorted_by], reverse=self._descending)
        self.endResetModel()

    def set_review(self, fids: set[int], review: str) -> None:
        """Changes the mark of some rows; their order stays until the list is sorted again."""
        for rows in (self.everything, self.rows):
            for i, row in enumerate(rows):
                if row.fid in fids:
                    rows[i] = row._replace(review=review)
        self.dataChanged.emit(self.index(0, 0), self.index(len(self.rows) - 1, self.columnCount() - 1))

    def rowCount(self, parent=None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent=None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._titles)

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
            return tool_tip(tr("Doubtful: {flags}. Listed, not counted.").format(flags=row.flags.replace("_", " ")))
        return None
