"""Makes, verifies, repairs and removes the engine's environment, or points to one that exists; shows the log.

QGIS's own Python is never touched: the environment is a folder of its own outside plugin and profile.
"""

from __future__ import annotations

import threading
from pathlib import Path

from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import QObject, Qt, pyqtSignal
from qgis.PyQt.QtGui import QFontDatabase
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QMessageBox,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
)

from .. import settings
from ..engine import launcher, manager
from ..engine.environment import EngineEnvironment, bundled_wheel
from ..engine.errors import EngineError
from ..text import escape
from ..translation import tr
from . import diagnostics
from .labels import IN_A_WINDOW, Words
from .runner import Background

MOST_LINES = 5000


class _Lines(QObject):
    """Carries lines of the log from the thread that works to the dialog."""

    came = pyqtSignal(str)


class SetupDialog(QDialog):
    """One task at a time; closing the dialog while one runs stops it."""

    def __init__(self, parent=None, folder: Path | None = None, compute: str = "none") -> None:
        """compute: what “Runs on” says at first, one of `engine.environment.COMPUTE`."""
        super().__init__(parent)
        self.setWindowTitle(tr("Set up the FUSAR engine"))
        self.resize(680, 560)
        self.source = ""
        self._folder = folder
        self._stop = threading.Event()
        self._job: Background | None = None
        self._trouble = ""  # why the last task failed
        self._lines = _Lines(self)
        self._lines.came.connect(self._say)
        self._build(compute)
        self._show_state()

    def _build(self, compute: str) -> None:
        about = Words(
            tr(
                "The engine reads the scenes. It lives in a Python environment of its own; "
                "QGIS's Python is not touched. About 200 MB are downloaded, with a model about 2 GB more."
            )
        )
        self.state_label = Words(longest=IN_A_WINDOW)
        self.state_label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.state_label.setMinimumHeight(2 * self.fontMetrics().height())
        self.state_label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.compute_box = QComboBox()
        for data, title in (
            ("none", tr("No model: the detector cfar, or a worker")),
            ("cpu", tr("FUSAR-GPT on the processor (CPU)")),
            ("cuda", tr("FUSAR-GPT on an NVIDIA card (CUDA)")),
        ):
            self.compute_box.addItem(title, data)
        self.compute_box.setCurrentIndex(self.compute_box.findData(compute))
        self.folder_label = QLineEdit(str(self._environment().folder))
        self.folder_label.setReadOnly(True)
        self.create_button = QPushButton(tr("Set up"))
        self.create_button.clicked.connect(self.create)
        self.verify_button = QPushButton(tr("Verify"))
        self.verify_button.clicked.connect(self.verify)
        self.repair_button = QPushButton(tr("Repair"))
        self.repair_button.clicked.connect(self.repair)
        self.remove_button = QPushButton(tr("Remove…"))
        self.remove_button.clicked.connect(self.remove)
        self.existing = QgsFileWidget()
        self.existing.setStorageMode(QgsFileWidget.StorageMode.GetFile)
        self.existing.setFilePath(settings.engine_path())
        self.existing.lineEdit().setPlaceholderText(tr("command “fusar”, or the folder of its environment"))
        self.use_button = QPushButton(tr("Use this"))
        self.use_button.clicked.connect(self.use_existing)
        self.progress = QProgressBar()
        self.progress.setRange(0, 0)
        self.progress.setTextVisible(False)
        self.progress.hide()
        self.log = QPlainTextEdit()
        self.log.setReadOnly(True)
        self.log.setMaximumBlockCount(MOST_LINES)
        self.log.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.stop_button = QPushButton(tr("Stop"))
        self.stop_button.clicked.connect(self._stop.set)
        self.stop_button.setEnabled(False)
        self.copy_button = QPushButton(tr("Copy diagnostics"))
        self.copy_button.clicked.connect(diagnostics.copy)
        closer = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        closer.rejected.connect(self.reject)

        tasks = QHBoxLayout()
        for button in (self.create_button, self.verify_button, self.repair_button, self.remove_button):
            tasks.addWidget(button)
        existing = QHBoxLayout()
        existing.addWidget(self.existing, 1)
        existing.addWidget(self.use_button)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        form.addRow(tr("State"), self.state_label)
        form.addRow(tr("Folder"), self.folder_label)
        form.addRow(tr("Runs on"), self.compute_box)
        form.addRow("", tasks)
        form.addRow(tr("Or one that exists"), existing)
        foot = QHBoxLayout()
        foot.addWidget(self.stop_button)
        foot.addWidget(self.copy_button)
        foot.addStretch(1)
        foot.addWidget(closer)
        column = QVBoxLayout(self)
        column.addWidget(about)
        column.addLayout(form)
        column.addWidget(self.progress)
        column.addWidget(self.log, 1)
        column.addLayout(foot)

    def _environment(self) -> EngineEnvironment:
        return EngineEnvironment(self._folder, self._lines.came.emit, self._stopped)

    def _stopped(self) -> bool:
        return self._stop.is_set()

    # -- tasks -----------------------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether a task runs."""
        return self._job is not None

    def create(self) -> None:
        """Makes the environment, or brings it up to date."""
        compute, source = self.compute_box.currentData(), self.source
        self._start(lambda: self._environment().create(source=source, compute=compute), self._made)

    def repair(self) -> None:
        """Installs again what is there, or makes it anew."""
        compute, source = self.compute_box.currentData(), self.source
        self._start(lambda: self._environment().repair(source=source, compute=compute), self._made)

    def verify(self) -> None:
        """Asks `fusar doctor` of the environment in use."""
        self._start(self._verify_used, self._verified)

    def remove(self) -> None:
        """Deletes the environment made here, after asking."""
        folder = self._environment().folder
        asked = QMessageBox.question(
            self, self.windowTitle(), escape(tr("Delete {folder} and all that is in it?").format(folder=folder))
        )
        if asked == QMessageBox.StandardButton.Yes:
            self._start(self._environment().remove, lambda _: self._say(tr("Removed.")))

    def use_existing(self) -> None:
        """Points the setting to an environment that is there, and verifies it."""
        settings.put("engine_path", self.existing.filePath().strip())
        self.verify()

    def _verify_used(self) -> dict:
        """The environment in use: the one named, else the one made here."""
        command = launcher.find_engine(settings.engine_path()) if self._folder is None else self._environment().command
        return EngineEnvironment(command.parent.parent, self._lines.came.emit).verify()

    def _made(self, report: dict) -> None:
        if self._folder is None:
            settings.put("engine_path", "")  # the environment made here is found without a setting
            self.existing.setFilePath("")
        self._verified(report)

    def _verified(self, report: dict) -> None:
        for problem in report.get("problems", []):
            self._say(problem)
        name = f"fusar-core {report.get('fusar-core', '?')}, Python {report.get('python', '?')}"
        fine = tr("All is well: {engine}.") if not report.get("problems") else tr("It runs, with problems: {engine}.")
        self._say(fine.format(engine=name))

    # -- running ---------------------------------------------------------------------------------------------------

    def _start(self, function, then) -> None:
        if self.busy:
            return
        manager.shutdown()  # files of a running engine cannot be replaced on Windows
        self._stop.clear()
        self._trouble = ""
        self._set_busy(True)
        self._job = Background(tr("FUSAR: setting up the engine"), function)
        self._job.done.connect(lambda result: self._ended(lambda: then(result)))
        self._job.failed.connect(lambda problem: self._ended(lambda: self._failed(problem)))
        self._job.start()

    def _ended(self, tell) -> None:
        self._job = None
        self._set_busy(False)
        tell()
        self._show_state()

    def _failed(self, problem) -> None:
        diagnostics.remember(str(problem))
        self._say(str(problem))
        self.problem = problem
        self._trouble = str(problem)

    def _set_busy(self, busy: bool) -> None:
        for button in (
            self.create_button, self.verify_button, self.repair_button, self.remove_button, self.use_button,
        ):  # fmt: skip
            button.setEnabled(not busy)
        self.stop_button.setEnabled(busy)
        self.progress.setVisible(busy)

    def _say(self, line: str) -> None:
        self.log.appendPlainText(line)
        bar = self.log.verticalScrollBar()
        bar.setValue(bar.maximum())

    def _show_state(self) -> None:
        environment = self._environment()
        self.repair_button.setEnabled(environment.ours)
        self.remove_button.setEnabled(environment.ours)
        if self._folder is not None:
            there = environment.command.is_file()
            self._tell_state(_set_up(environment) if there else "")
            return
        try:
            found = launcher.find_engine(settings.engine_path())
            self._tell_state(_set_up(EngineEnvironment(found.parent.parent), found))
        except EngineError as problem:
            self._tell_state("", f"{problem.message} {tr('Press Set up.')}" if bundled_wheel() else str(problem))

    def _tell_state(self, there: str, missing: str = "") -> None:
        """there: what is set up; missing: why nothing is. What failed last goes before both."""
        state = there or missing or tr("Not set up yet.")
        failed = tr("Failed: {reason}").format(reason=self._trouble) if self._trouble else ""
        self.state_label.setText("\n".join(filter(None, [failed, state])))

    def reject(self) -> None:
        """Closing stops what runs."""
        self._stop.set()
        super().reject()


def _set_up(environment: EngineEnvironment, command: Path | None = None) -> str:
    """What is set up, in words, and whether models can run there, where that is known."""
    able = {True: tr("Set up, with a model."), False: tr("Set up, detector only."), None: tr("Set up.")}
    return "\n".join(filter(None, [able[environment.has_model], str(command or "")]))
