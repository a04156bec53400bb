"""The page in QGIS's options: engine environment, default engine, model, worker, AlphaEarth source, cache."""

from __future__ import annotations

from qgis.gui import QgsAuthConfigSelect, QgsFileWidget, QgsOptionsPageWidget
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QFormLayout,
    QFrame,
    QGroupBox,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from .. import settings
from ..engine import launcher, manager
from ..engine.errors import EngineError
from ..translation import tr
from . import diagnostics
from .labels import IN_A_WINDOW, Words
from .scene_form import engine_title

PAGE = "FusarOptions"


class FusarOptionsPage(QgsOptionsPageWidget):
    """Reads the settings when made and writes them when QGIS's options are accepted."""

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self.setObjectName(PAGE)
        self.engine_path = QgsFileWidget()
        self.engine_path.setStorageMode(QgsFileWidget.StorageMode.GetFile)
        self.engine_path.setDialogTitle(tr("The command “fusar” of an environment"))
        self.engine_path.lineEdit().setPlaceholderText(tr("the environment made by Set up engine"))
        self.setup_button = QPushButton(tr("Set up engine…"))
        self.setup_button.clicked.connect(self._set_up)
        self.copy_button = QPushButton(tr("Copy diagnostics"))
        self.copy_button.clicked.connect(diagnostics.copy)
        self.engine_label = _note("")
        self.default_engine = QComboBox()
        for name in (*manager.engine_names(), "worker"):
            self.default_engine.addItem(engine_title(name), name)
        self.model_dir = QgsFileWidget()
        self.model_dir.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self.model_dir.lineEdit().setPlaceholderText(tr("fusar-nano, the small model that comes with the engine"))
        self.worker_url = QLineEdit()
        self.worker_url.setPlaceholderText("https://gpu-server.example:8000/v1")
        self.worker_authcfg = QgsAuthConfigSelect()
        self.aef_source = QComboBox()
        self.aef_source.setEditable(True)
        for name in ("none", "mosaic", "earth-engine"):
            self.aef_source.addItem(name)
        self.ee_project = QLineEdit()
        self.cache_dir = QgsFileWidget()
        self.cache_dir.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self.cache_dir.lineEdit().setPlaceholderText(tr("the system's folder for caches"))
        self.cache_mb = QSpinBox()
        self.cache_mb.setRange(0, 1_000_000)
        self.cache_mb.setSuffix(" MB")
        self._arrange()
        self._load()

    def _arrange(self) -> None:
        buttons = QHBoxLayout()
        buttons.addWidget(self.setup_button)
        buttons.addWidget(self.copy_button)
        buttons.addStretch(1)
        engine = _group(
            tr("Engine"),
            (tr("Command"), self.engine_path),
            ("", self.engine_label),
            ("", buttons),
            (tr("Default engine"), self.default_engine),
            (tr("Folder of the model"), self.model_dir),
        )
        worker = _group(
            tr("Worker (GPU server)"),
            (tr("Address"), self.worker_url),
            (tr("Key"), self.worker_authcfg),
            ("", _note(tr("The key is kept by QGIS's authentication manager and never written to a file or a log."))),
        )
        prior = _group(
            tr("AlphaEarth prior"),
            (tr("Source"), self.aef_source),
            ("", _note(tr("none, mosaic (public, no account), earth-engine, or the path of a raster of 64 bands."))),
            (tr("Earth Engine project"), self.ee_project),
            (tr("Cache folder"), self.cache_dir),
            (tr("Cache at most"), self.cache_mb),
            (
                "",
                _note(
                    "The AlphaEarth Foundations Satellite Embedding dataset is produced by Google and Google DeepMind."
                ),
            ),
        )
        inside = QWidget()
        column = QVBoxLayout(inside)
        for group in (engine, worker, prior):
            column.addWidget(group)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(inside)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)

    def _load(self) -> None:
        self.engine_path.setFilePath(settings.get("engine_path"))
        self.default_engine.setCurrentIndex(max(0, self.default_engine.findData(settings.get("default_engine"))))
        self.model_dir.setFilePath(settings.get("model_dir"))
        self.worker_url.setText(settings.get("worker_url"))
        self.worker_authcfg.setConfigId(settings.get("worker_authcfg"))
        self.aef_source.setCurrentText(settings.get("aef_source"))
        self.ee_project.setText(settings.get("ee_project"))
        self.cache_dir.setFilePath(settings.get("cache_dir"))
        self.cache_mb.setValue(settings.get("cache_mb"))
        self._say_engine()

    def _say_engine(self) -> None:
        try:
            self.engine_label.setText(tr("Found: {path}").format(path=launcher.find_engine(settings.engine_path())))
        except EngineError as problem:
            self.engine_label.setText(str(problem))

    def apply(self) -> None:
        """Called by QGIS when its options are accepted."""
        wanted = {
            "engine_path": self.engine_path.filePath().strip(),
            "default_engine": self.default_engine.currentData(),
            "model_dir": self.model_dir.filePath().strip(),
            "worker_url": self.worker_url.text().strip(),
            "worker_authcfg": self.worker_authcfg.configId(),
            "aef_source": self.aef_source.currentText().strip() or settings.DEFAULTS["aef_source"],
            "ee_project": self.ee_project.text().strip(),
            "cache_dir": self.cache_dir.filePath().strip(),
            "cache_mb": self.cache_mb.value(),
        }
        changed = {key for key, value in wanted.items() if value != settings.get(key)}
        for key in changed:
            settings.put(key, wanted[key])
        if changed:
            manager.shutdown()  # the next request starts the engine with the new settings

    def _set_up(self) -> None:
        from .setup_dialog import SetupDialog

        SetupDialog(self).exec()
        self._load_path()

    def _load_path(self) -> None:
        self.engine_path.setFilePath(settings.get("engine_path"))
        self._say_engine()


def _note(text: str) -> Words:
    label = Words(text, longest=IN_A_WINDOW)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setStyleSheet("color: gray;")
    label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    return label


def _group(title: str, *rows) -> QGroupBox:
    """A titled form; a row is (label, widget or layout)."""
    box = QGroupBox(title)
    form = QFormLayout(box)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
    for label, field in rows:
        form.addRow(label, field)
    return box
