"""What to interpret and how: layer, engine, tasks, classes, part of the scene, prior, year, water mask."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsMapLayerProxyModel, QgsRasterLayer, QgsUnitTypes, QgsVectorLayer
from qgis.gui import QgsCheckableComboBox, QgsCollapsibleGroupBox, QgsMapLayerComboBox
from qgis.PyQt.QtCore import QSize, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from .. import settings, tasks
from ..engine import manager
from ..schema import FIRST_YEAR, LAST_YEAR
from ..text import elided, escape, tool_tip
from ..translation import tr
from .banner import DemonstrationBanner
from .labels import RichWords, Words

WHOLE, VIEW, SELECTION = "whole", "view", "selection"
NO_PRIOR, CHOOSE_FILE = "none", "file"
NARROW = 12  # characters a combo box insists on: a long layer name must not widen the dock


def engine_title(name: str) -> str:
    """What the user reads for the name of an engine."""
    known = {
        "cfar": tr("cfar: bright targets"),
        "fusar": tr("FUSAR-GPT, local"),
        "worker": tr("FUSAR-GPT, worker"),
    }
    title = manager.engine_info(name).get("title", "")
    return known.get(name) or (f"{name}: {title}" if title else name)


class SceneForm(QWidget):
    """The upper part of the dock. Reads the user's choices; starts nothing itself."""

    interpret_wanted = pyqtSignal()
    cancel_wanted = pyqtSignal()
    setup_wanted = pyqtSignal()
    layer_changed = pyqtSignal(object)
    engine_changed = pyqtSignal(str)

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self._abilities: dict[str, tuple[list[str], list[str]]] = {}
        self._known_year: int | None = None
        self._build()
        self.set_running(False)
        self._show_abilities()

    # -- choices ---------------------------------------------------------------------------------------------------

    @property
    def layer(self) -> QgsRasterLayer | None:
        """The raster chosen."""
        return self.layer_box.currentLayer()

    @property
    def engine(self) -> str:
        """Name of the engine chosen."""
        return self.engine_box.currentData() or ""

    @property
    def tasks(self) -> list[str]:
        """Ids of the tasks ticked that the engine can do."""
        return [name for name, box in self.task_boxes.items() if box.isChecked() and box.isEnabled()]

    @property
    def classes(self) -> list[str]:
        """Classes ticked."""
        return self.class_box.checkedItems()

    @property
    def where(self) -> str:
        """WHOLE, VIEW or SELECTION."""
        return self.where_box.currentData()

    @property
    def prior(self) -> str:
        """Source of AlphaEarth embeddings: NO_PRIOR, `default` for the one of the settings, a name, or a file."""
        chosen = self.prior_box.currentData() or NO_PRIOR
        return "default" if chosen == settings.get("aef_source") != NO_PRIOR else chosen

    @property
    def year(self) -> int | None:
        """The year typed, or None: as the scene says."""
        return self.year_box.value() if self.year_box.value() > self.year_box.minimum() else None

    @property
    def known_year(self) -> int | None:
        """The year typed or, failing that, read from the scene."""
        return self.year or self._known_year

    @property
    def water(self) -> QgsVectorLayer | None:
        """Layer of water areas."""
        return self.water_box.currentLayer()

    # -- what others tell it ---------------------------------------------------------------------------------------

    def set_layer(self, layer) -> None:
        """Chooses a raster, e.g. the active one; anything else is left alone."""
        if isinstance(layer, QgsRasterLayer):
            self.layer_box.setLayer(layer)

    def set_engine_names(self, names: list[str], default: str) -> None:
        """The engines to choose from; what was chosen before stays chosen."""
        chosen = self.engine if self.engine_box.count() else default
        self.engine_box.blockSignals(True)
        self.engine_box.clear()
        for name in names:
            self.engine_box.addItem(engine_title(name), name)
        self.engine_box.setCurrentIndex(max(0, self.engine_box.findData(chosen)))
        self.engine_box.blockSignals(False)
        self._show_abilities()

    def set_abilities(self, engine: str, tasks: list[str], classes: list[str]) -> None:
        """What an engine can do, as it tells itself."""
        self._abilities[engine] = (tasks, classes)
        self._show_abilities()

    def renew_tasks(self) -> None:
        """Offers the tasks that are known by now; those that were offered before stay ticked or not."""
        self._fill_tasks()
        self._show_abilities()

    def set_status(self, text: str, colour: str, set_up: bool = False, why: str = "") -> None:
        """The state of the engine in words; set_up: offer the set-up dialog beside it; why: more, for the tool tip."""
        self.status_label.setText(f"<span style='color:{colour}'>●</span> {escape(elided(text))}")
        self.status_label.setToolTip(tool_tip(why or text))
        self.setup_button.setVisible(set_up)

    def set_demonstration(self, demonstration: bool) -> None:
        """Whether the engine chosen is a demonstration model."""
        self.banner.setVisible(demonstration)

    def set_scene_info(self, text: str, year: int | None, provenance: str) -> None:
        """What is known of the scene; provenance: where the year comes from."""
        self._known_year = year
        self.info_label.setText(text)
        self.info_label.setVisible(bool(text))
        self.year_box.setSpecialValueText(tr("{year} (scene)").format(year=year) if year else tr("not known – type it"))
        self.year_label.setText(provenance)
        self.year_label.setVisible(bool(provenance))

    def set_running(self, running: bool) -> None:
        """Between the start and the end of a run."""
        self.interpret_button.setVisible(not running)
        self.cancel_button.setVisible(running)
        self.cancel_button.setEnabled(True)
        self.cancel_button.setText(tr("Cancel"))
        self.progress.setVisible(running)
        self.progress_label.setVisible(running)
        if running:
            self.progress.setRange(0, 0)
            self.progress_label.setText(tr("Starting the engine…"))

    def set_cancelling(self) -> None:
        """After Cancel, until the engine has stopped."""
        self.cancel_button.setEnabled(False)
        self.cancel_button.setText(tr("Stopping…"))

    def set_progress(self, done: int, total: int, found: int) -> None:
        """Chips done, of how many; targets found so far."""
        self.progress.setRange(0, max(total, 1))
        self.progress.setValue(done)
        self.progress_label.setText(
            tr("{done} of {total} chips · {found} targets").format(done=done, total=total, found=found)
        )

    def set_trouble(self, text: str) -> None:
        """What holds the run up, until it goes on."""
        self.progress_label.setText(text)

    # -- widgets ---------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.layer_box = QgsMapLayerComboBox(self)
        self.layer_box.setFilters(QgsMapLayerProxyModel.Filter.RasterLayer)
        self.layer_box.setAllowEmptyLayer(True, tr("choose a SAR layer…"))
        self.layer_box.layerChanged.connect(lambda layer: self.layer_changed.emit(layer))
        self.info_label = self._note()
        self.engine_box = QComboBox(self)
        self.engine_box.currentIndexChanged.connect(lambda _: self._engine_changed())
        self.status_label = RichWords(self)
        self.banner = DemonstrationBanner(self)
        self.setup_button = QPushButton(tr("Set up…"), self)
        self.setup_button.clicked.connect(self.setup_wanted)
        self.task_boxes: dict[str, QCheckBox] = {}
        self._task_grid = QGridLayout()
        self._fill_tasks()
        self.class_box = QgsCheckableComboBox(self)
        self.class_box.setDefaultText(tr("choose classes…"))
        self.where_box = QComboBox(self)
        for data, title in (
            (WHOLE, tr("Whole scene")),
            (VIEW, tr("What the map shows")),
            (SELECTION, tr("Around the selection")),
        ):
            self.where_box.addItem(title, data)

        self.prior_box = QComboBox(self)
        for data, title in (
            (NO_PRIOR, tr("None")),
            ("mosaic", tr("AlphaEarth, public mosaic")),
            ("earth-engine", tr("AlphaEarth, Earth Engine")),
            (CHOOSE_FILE, tr("AlphaEarth, raster file…")),
        ):
            self.prior_box.addItem(title, data)
        configured = settings.get("aef_source")
        if self.prior_box.findData(configured) < 0:
            self.prior_box.addItem(Path(configured).name, configured)
        self.prior_box.setCurrentIndex(self.prior_box.findData(configured))
        self.prior_box.activated.connect(self._prior_chosen)
        self.year_box = QSpinBox(self)
        self.year_box.setRange(FIRST_YEAR - 1, LAST_YEAR)
        self.year_box.setValue(FIRST_YEAR - 1)
        self.year_label = self._note()
        self.water_box = QgsMapLayerComboBox(self)
        self.water_box.setFilters(QgsMapLayerProxyModel.Filter.PolygonLayer)
        self.water_box.setAllowEmptyLayer(True, tr("none (land too)"))
        self.water_box.setLayer(None)
        for box in (
            self.layer_box, self.engine_box, self.class_box, self.where_box, self.prior_box, self.water_box,
        ):  # fmt: skip
            box.setMinimumContentsLength(NARROW)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

        self.interpret_button = QPushButton(tr("Interpret scene"), self)
        self.interpret_button.setDefault(True)
        self.interpret_button.clicked.connect(self.interpret_wanted)
        self.cancel_button = QPushButton(tr("Cancel"), self)
        self.cancel_button.clicked.connect(self.cancel_wanted)
        self.progress = QProgressBar(self)
        self.progress.setTextVisible(False)
        self.progress_label = Words(parent=self)
        self._arrange()

    def _fill_tasks(self) -> None:
        before = {name: box.isChecked() for name, box in self.task_boxes.items()}
        for box in self.task_boxes.values():
            self._task_grid.removeWidget(box)
            box.deleteLater()
        self.task_boxes = {name: QCheckBox(tr(title), self) for name, title in tasks.of_scenes().items()}
        for i, (name, box) in enumerate(self.task_boxes.items()):
            box.setChecked(before.get(name, True))
            self._task_grid.addWidget(box, i // 2, i % 2)

    def _note(self) -> Words:
        """A small grey line under a field, hidden while empty."""
        label = Words(parent=self)
        label.setStyleSheet("color: gray; font-size: small;")
        label.setVisible(False)
        return label

    def _arrange(self) -> None:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        form.addRow(tr("Scene"), self.layer_box)
        form.addRow(self.info_label)
        form.addRow(tr("Engine"), self.engine_box)
        form.addRow(self.status_label)
        form.addRow(self.banner)
        form.addRow("", self.setup_button)
        form.addRow(tr("Find out"), self._task_grid)
        form.addRow(tr("Classes"), self.class_box)
        form.addRow(tr("Where"), self.where_box)

        self.more = QgsCollapsibleGroupBox(tr("Prior, year and water"), self)
        more = QFormLayout(self.more)
        more.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        more.addRow(tr("Prior"), self.prior_box)
        more.addRow(tr("Year"), self.year_box)
        more.addRow(self.year_label)
        more.addRow(tr("Water areas"), self.water_box)
        self.more.setCollapsed(True)

        fields = QWidget()
        inside = QVBoxLayout(fields)
        inside.setContentsMargins(6, 6, 6, 0)
        inside.addLayout(form)
        inside.addWidget(self.more)
        inside.addStretch(1)
        scroll = QScrollArea(self)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(fields)
        column = QVBoxLayout(self)  # the button stays in sight however low the dock is
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(scroll, 1)
        foot = QVBoxLayout()
        foot.setContentsMargins(6, 0, 6, 6)
        foot.addWidget(self.interpret_button)
        foot.addWidget(self.progress)
        last = QHBoxLayout()
        last.addWidget(self.progress_label, 1)
        last.addWidget(self.cancel_button)
        foot.addLayout(last)
        column.addLayout(foot)
        self._fields, self._foot = fields, foot

    def sizeHint(self) -> QSize:
        """As high as all fields need, which a scroll area by itself does not ask for."""
        return QSize(super().sizeHint().width(), self._fields.sizeHint().height() + self._foot.sizeHint().height())

    def _show_abilities(self) -> None:
        able, classes = self._abilities.get(self.engine, (tasks.usual(), ["ship"]))
        for name, box in self.task_boxes.items():
            box.setEnabled(name in able)
            why = tr("This engine cannot do it: {engine}").format(engine=self.engine)
            box.setToolTip("" if name in able else tool_tip(why))
        before = set(self.classes)
        names = sorted(classes, key=lambda c: (c != "ship", c))
        self.class_box.clear()
        for i, name in enumerate(names):
            ticked = name in before if before & set(names) else i == 0
            self.class_box.addItemWithCheckState(name, Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)

    def _engine_changed(self) -> None:
        self._show_abilities()
        self.engine_changed.emit(self.engine)

    def _prior_chosen(self, index: int) -> None:
        if self.prior_box.itemData(index) != CHOOSE_FILE:
            return
        path, _ = QFileDialog.getOpenFileName(self, tr("Raster of AlphaEarth embeddings (A00 to A63)"))
        if path:
            self.prior_box.insertItem(index, Path(path).name, path)
            self.prior_box.setCurrentIndex(index)
        else:
            self.prior_box.setCurrentIndex(0)


def describe_layer(layer: QgsRasterLayer | None) -> str:
    """Size, pixel and CRS of a raster in one line."""
    if layer is None or not layer.isValid():
        return ""
    unit = QgsUnitTypes.toAbbreviatedString(layer.crs().mapUnits())
    pixel = f"{layer.rasterUnitsPerPixelX():.6g} {unit}".strip() if layer.crs().isValid() else ""
    crs = layer.crs().authid() or layer.crs().description() if layer.crs().isValid() else tr("no CRS")
    return " · ".join(filter(None, (f"{layer.width()} × {layer.height()} px", pixel, crs)))
