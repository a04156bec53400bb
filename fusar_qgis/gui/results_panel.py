"""What came out: counts per class, grid answer, description, and the list of detections to confirm or reject."""

from __future__ import annotations

import re
import time
from collections import Counter

from qgis.core import QgsProject, QgsRectangle, QgsVectorLayer
from qgis.PyQt.QtCore import QItemSelectionModel, Qt, QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QSlider,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from ..layers import NOT_ASKED, UNKNOWN, WHY_EMPTY, by_demonstration, is_emptied
from ..text import escape
from ..translation import tr
from .answers import Cells
from .banner import DemonstrationBanner
from .grid_answer import GridAnswer
from .labels import RichWords, Words
from .scene_part import in_crs
from .target_view import TargetChip, TargetOutline, scene_of, view_of
from .targets_model import CONFIRMED, REJECTED, UNREVIEWED, TargetsModel, is_detections, read_rows

LEAST_WORDS_PX = 150
SETTLE_MS = 150  # the layer is filtered, or read again, once the slider or an edit has come to rest
SLICE_S = 0.03  # reading a layer never holds up the window for longer
OUR_FILTER = re.compile(r'^(?:\((?P<other>.*)\) AND )?"score" >= \d\.\d\d$', re.DOTALL)
KEYS = {Qt.Key.Key_C: CONFIRMED, Qt.Key.Key_R: REJECTED, Qt.Key.Key_U: UNREVIEWED}


class TargetList(QTableView):
    """The list; the keys C, R and U review what is selected."""

    reviewed = pyqtSignal(str)

    def keyPressEvent(self, event) -> None:
        review = KEYS.get(event.key())
        if review and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.reviewed.emit(review)
        else:
            super().keyPressEvent(event)


class ResultsPanel(QWidget):
    """Shows one detections layer, of a run just ended or of a file opened again."""

    export_wanted = pyqtSignal()
    trouble = pyqtSignal(str)

    def __init__(self, canvas, parent=None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._outline = TargetOutline(canvas)
        self._layer_id = ""
        self._answers: dict[str, Cells] = {}
        self._settle = self._timer(self._apply_filter)
        self._reread = self._timer(self.refresh)
        self._build()
        self.show_layer(None)

    def _timer(self, act) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(SETTLE_MS)
        timer.timeout.connect(act)
        return timer

    def _build(self) -> None:
        self.banner = DemonstrationBanner(self)
        self.scene_label = Words(parent=self)
        self.counts_label = RichWords(self)
        self.grid = GridAnswer(self)
        self.grid_class = QComboBox(self)
        self.grid_class.currentTextChanged.connect(lambda name: self.grid.show_answer(self._answers.get(name)))
        self.caption_label = Words(parent=self)
        self.caption_label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

        self.slider = QSlider(Qt.Orientation.Horizontal, self)
        self.slider.setRange(0, 100)
        self.slider.setAccessibleName(tr("Least confidence"))
        self.slider.valueChanged.connect(self._slid)
        self.slider_label = Words(parent=self)
        self.slider_label.setWordWrap(False)

        self._build_list()
        self.chip = TargetChip(self)
        self.confirm_button = QPushButton(tr("Confirm (C)"), self)
        self.confirm_button.clicked.connect(lambda: self.review_selected(CONFIRMED))
        self.reject_button = QPushButton(tr("Reject (R)"), self)
        self.reject_button.clicked.connect(lambda: self.review_selected(REJECTED))
        self.export_button = QPushButton(tr("Export…"), self)
        self.export_button.clicked.connect(self.export_wanted)
        self._arrange()

    def _build_list(self) -> None:
        self.model = TargetsModel(self)
        self.list = TargetList(self)
        self.list.setModel(self.model)
        self.list.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setAlternatingRowColors(True)
        self.list.setShowGrid(False)
        self.list.setSortingEnabled(True)
        self.list.sortByColumn(2, Qt.SortOrder.DescendingOrder)
        self.list.verticalHeader().hide()
        self.list.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        self.list.setMinimumHeight(6 * (self.fontMetrics().height() + 6))
        header = self.list.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(self.fontMetrics().height())
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Fixed)
        header.resizeSection(0, self.fontMetrics().height() + 4)
        metrics, titles = self.fontMetrics(), (self.model.headerData(c, Qt.Orientation.Horizontal) for c in (2, 3))
        for column, title, value, room in zip((2, 3), titles, ("0.00", "0000 m"), (22, 14)):  # noqa: B905 - Python 3.9
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)  # a number must not be cut off
            header.resizeSection(column, max(map(metrics.horizontalAdvance, (title, value))) + room)
        header.setHighlightSections(False)
        self.list.setToolTip(tr("Click: zoom to it. Keys: C confirm, R reject, U undo."))
        self.list.clicked.connect(lambda index: self.go_to(self._fid(index)))
        self.list.selectionModel().currentChanged.connect(self._current_changed)
        self.list.reviewed.connect(self.review_selected)

    def _arrange(self) -> None:
        words = QVBoxLayout()
        words.addWidget(self.scene_label)
        words.addWidget(self.counts_label)
        words.addStretch(1)
        cells = QVBoxLayout()
        cells.addWidget(self.grid)
        cells.addWidget(self.grid_class)
        top = QHBoxLayout()
        top.addLayout(words, 1)
        top.addLayout(cells)
        filter_row = QHBoxLayout()
        filter_row.addWidget(self.slider_label)
        filter_row.addWidget(self.slider, 1)
        buttons = QHBoxLayout()
        for button in (self.confirm_button, self.reject_button, self.export_button):
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 6)
        column.addWidget(self.banner)
        column.addLayout(top)
        column.addWidget(self.caption_label)
        column.addLayout(filter_row)
        beside = QHBoxLayout()
        beside.addWidget(self.list, 1)
        beside.addWidget(self.chip, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(beside, 1)
        column.addLayout(buttons)

    # -- what is shown ---------------------------------------------------------------------------------------------

    @property
    def layer(self) -> QgsVectorLayer | None:
        """The detections layer shown; None when there is none, or it was removed."""
        return QgsProject.instance().mapLayer(self._layer_id) if self._layer_id else None

    def show_layer(self, layer: QgsVectorLayer | None) -> None:
        """Shows another detections layer, or nothing."""
        if self.layer is not None:
            self._disconnect(self.layer)
        self._layer_id = layer.id() if layer is not None and is_detections(layer) else ""
        self.look_away()
        if self.layer is not None:
            self._connect(self.layer)
            found = re.search(r'"score" >= (\d\.\d\d)$', self.layer.subsetString())
            self._set_slider(float(found.group(1)) if found else 0.0)
        self.show_answers({}, "")
        self.refresh()

    def show_answers(self, cells: dict[str, Cells], caption: str) -> None:
        """cells: class → the grid answer; caption: the description in words."""
        self._answers = cells
        self.grid_class.blockSignals(True)
        self.grid_class.clear()
        self.grid_class.addItems(sorted(cells))
        self.grid_class.blockSignals(False)
        self.grid_class.setVisible(len(cells) > 1)
        self.grid.setVisible(bool(cells))
        self.grid.show_answer(cells.get(self.grid_class.currentText()))
        self.caption_label.setText(caption)
        self.caption_label.setVisible(bool(caption))

    def refresh(self) -> None:
        """Reads the layer again: a little at a time, so that 10,000 detections do not hold up the window."""
        layer = self.layer
        self._read: list = []
        self._unread = iter(())
        if layer is not None:
            ours = layer.subsetString()
            other = self._other_filter(layer)
            if ours != other and not layer.isEditable():  # the list holds all, so that the slider can come back
                layer.blockSignals(True)
                layer.setSubsetString(other)
                self._unread = read_rows(layer)
                layer.setSubsetString(ours)
                layer.blockSignals(False)
            else:
                self._unread = read_rows(layer)
        for widget in (self.slider, self.list, self.confirm_button, self.reject_button, self.export_button):
            widget.setEnabled(layer is not None)
        self.scene_label.setText(layer.name() if layer is not None else tr("No result yet."))
        self.banner.setVisible(layer is not None and by_demonstration(layer))
        self.slider_label.setVisible(layer is not None)
        self.slider.setVisible(layer is not None)
        self._read_on()

    def _read_on(self) -> None:
        end = time.monotonic() + SLICE_S
        for row in self._unread:
            self._read.append(row)
            if time.monotonic() > end:
                QTimer.singleShot(0, self._read_on)
                return
        self.model.load(self._read)
        self._say_counts()

    def _say_counts(self) -> None:
        rows = self.model.rows
        counted = Counter(r.label for r in rows if not r.flags and r.review != REJECTED)
        classes = sorted({r.label for r in rows} | set(counted))
        parts = [f"<b>{counted[c]}</b> {escape(c)}" for c in classes]
        small = []
        for text, number in (
            (tr("{n} doubtful (not counted)"), sum(bool(r.flags) for r in rows)),
            (tr("{n} confirmed"), sum(r.review == CONFIRMED for r in rows)),
            (tr("{n} rejected"), sum(r.review == REJECTED for r in rows)),
        ):
            if number:
                small.append(text.format(n=number).replace(" ", "\u00a0"))  # breaks between parts only
        if self.layer is None:
            self.counts_label.setText(tr("Press <i>Interpret scene</i>."))
        elif is_emptied(self.layer):
            self.counts_label.setText(
                tr("This layer's rows were lost when the project was closed. Interpret the scene again.")
            )
        elif not rows:
            self.counts_label.setText(_of_none(self.layer))
        else:
            self.counts_label.setText(f"<span style='font-size:large'>{', '.join(parts)}</span><br>{' · '.join(small)}")
        label = self.counts_label  # in nested layouts nobody asks it how high it has to be
        label.setMinimumHeight(label.heightForWidth(max(LEAST_WORDS_PX, label.width())))

    # -- filter ----------------------------------------------------------------------------------------------------

    def _set_slider(self, minimum: float) -> None:
        self.slider.blockSignals(True)
        self.slider.setValue(round(minimum * 100))
        self.slider.blockSignals(False)
        self._say_minimum()
        self.model.set_minimum(minimum)

    def _say_minimum(self) -> None:
        self.slider_label.setText(tr("Confidence ≥ {x}").format(x=f"{self.slider.value() / 100:.2f}"))

    def _slid(self, _value: int) -> None:
        self._say_minimum()
        self._settle.start()

    @staticmethod
    def _other_filter(layer: QgsVectorLayer) -> str:
        """The layer's filter without our part."""
        ours = OUR_FILTER.match(layer.subsetString())
        return (ours.group("other") or "") if ours else layer.subsetString()

    def _apply_filter(self) -> None:
        layer, minimum = self.layer, self.slider.value() / 100
        if layer is None:
            return
        if layer.isEditable():
            self.trouble.emit(tr("The layer is being edited: save or drop the edits, then filter by confidence."))
            return
        other = self._other_filter(layer)
        ours = f'"score" >= {minimum:.2f}' if minimum > 0 else ""
        whole = f"({other}) AND {ours}" if other and ours else other or ours
        self.model.set_minimum(minimum)
        self._say_counts()
        if whole != layer.subsetString():
            layer.setSubsetString(whole)

    # -- review ----------------------------------------------------------------------------------------------------

    def selected_fids(self) -> list[int]:
        """Ids of the detections selected in the list."""
        return [self._fid(index) for index in self.list.selectionModel().selectedRows()]

    def review_selected(self, review: str) -> None:
        """Marks what is selected, and moves on to the next."""
        layer, fids = self.layer, self.selected_fids()
        if layer is None or not fids:
            self.trouble.emit(tr("Select detections in the list first."))
            return
        at = layer.fields().indexFromName("review")
        if layer.isEditable():
            fine = all(layer.changeAttributeValue(fid, at, review) for fid in fids)
        else:
            fine = layer.dataProvider().changeAttributeValues({fid: {at: review} for fid in fids})
        if not fine:
            self.trouble.emit(
                tr("“{layer}” cannot be written: export it to a file of your own, and review that.").format(
                    layer=layer.name()
                )
            )
            return
        self.model.set_review(set(fids), review)
        layer.triggerRepaint()
        self._say_counts()
        if len(fids) == 1 and review != UNREVIEWED:
            self._next()

    def _next(self) -> None:
        row = self.list.currentIndex().row() + 1
        if row < self.model.rowCount():
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
            self.list.selectionModel().setCurrentIndex(self.model.index(row, 0), flags)

    # -- map -------------------------------------------------------------------------------------------------------

    def _fid(self, index) -> int:
        return self.model.rows[index.row()].fid

    def _current_changed(self, current, previous) -> None:
        if current.isValid() and previous.isValid():  # moved by key or by a review; a first focus stays put
            self.go_to(self._fid(current))

    def go_to(self, fid: int) -> None:
        """Outlines a detection on the map, brings it near, and shows its pixels beside the list."""
        layer = self.layer
        if layer is None:
            return
        feature = layer.getFeature(fid)
        box = feature.geometry().boundingBox()
        if box.isNull() or box.isEmpty():
            self.look_away()
            return
        on_map = in_crs(box, layer.crs(), self._canvas.mapSettings().destinationCrs())
        if not on_map.isEmpty():
            self._canvas.setExtent(view_of(on_map, self._canvas.width(), self._canvas.height()))
            self._canvas.refresh()
        self._outline.show(layer, feature.geometry())
        at = layer.fields().indexFromName("scene")
        name = feature.attributes()[at] if at >= 0 else ""
        scene = scene_of(layer, name if isinstance(name, str) else "")
        self.chip.show_target(scene, in_crs(box, layer.crs(), scene.crs()) if scene is not None else box)

    def look_away(self) -> None:
        """Takes outline and picture of the target away."""
        self._outline.clear()
        self.chip.show_target(None, QgsRectangle())

    # -- the layer's own signals -----------------------------------------------------------------------------------

    def _connect(self, layer: QgsVectorLayer) -> None:
        layer.willBeDeleted.connect(self._forget)
        for signal in (layer.afterCommitChanges, layer.afterRollBack, layer.attributeValueChanged, layer.nameChanged):
            signal.connect(self._changed)

    def _disconnect(self, layer: QgsVectorLayer) -> None:
        layer.willBeDeleted.disconnect(self._forget)
        for signal in (layer.afterCommitChanges, layer.afterRollBack, layer.attributeValueChanged, layer.nameChanged):
            signal.disconnect(self._changed)

    def _changed(self, *_) -> None:
        self._reread.start()

    def _forget(self) -> None:
        self._layer_id = ""
        self.show_layer(None)


def _of_none(layer: QgsVectorLayer) -> str:
    """What a layer without rows says."""
    told = {
        NOT_ASKED: tr("Targets were not asked for: the layer of answers has what was."),
        UNKNOWN: tr("The number of targets is unknown: what the engine said could not be read."),
    }
    return told.get(layer.customProperty(WHY_EMPTY, ""), tr("No targets found."))
