"""Runs a Processing algorithm of ours in a thread and tells the GUI what happens: progress, features, the end.

An algorithm run here gets a `RunFeedback`. While it works it may call, from any thread, `report_chips(done, total)`,
`report_features(layer_name, features)` and `report_trouble(text)` of it; with any other feedback it does not.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from qgis.core import (
    QgsApplication,
    QgsMapLayer,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingUtils,
    QgsProject,
    QgsTask,
)
from qgis.PyQt.QtCore import QCoreApplication, QObject, pyqtSignal

from ..translation import tr

_alive: set[QObject] = set()  # a task whose Python side is collected never finishes


class RunFeedback(QgsProcessingFeedback):
    """Feedback that carries chips and features besides percent, and remembers errors and warnings."""

    chips = pyqtSignal(int, int)
    features = pyqtSignal(str, list)
    trouble = pyqtSignal(str)

    def __init__(self) -> None:
        super().__init__(False)
        self.errors: list[str] = []
        self.warnings: list[str] = []
        self.error_code = ""
        self._stopped = False

    def stop(self) -> None:
        """Asks the algorithm to end early and hand over what it has. A cancel of QGIS's own throws results away."""
        self._stopped = True
        self.canceled.emit()

    def isCanceled(self) -> bool:  # the name algorithms call
        return self._stopped or super().isCanceled()

    def report_chips(self, done: int, total: int) -> None:
        """Chips answered so far, of how many."""
        self.chips.emit(done, total)

    def report_features(self, layer_name: str, features: list) -> None:
        """Provisional features (QgsFeature) of a result layer, in the CRS of the scene."""
        self.features.emit(layer_name, features)

    def report_trouble(self, text: str) -> None:
        """What the engine warns of while it works."""
        self.trouble.emit(text)

    def reportError(self, error, fatalError=False):  # the names QGIS calls
        self.errors.append(str(error))
        super().reportError(error, fatalError)

    def pushWarning(self, warning):  # the names QGIS calls
        self.warnings.append(str(warning))
        super().pushWarning(warning)


@dataclass
class Outcome:
    """How a run ended. layers: output name → layer, already styled, not yet in the project."""

    ok: bool
    cancelled: bool
    error: str = ""
    code: str = ""
    warnings: list[str] = field(default_factory=list)
    results: dict = field(default_factory=dict)
    layers: dict[str, QgsMapLayer] = field(default_factory=dict)


class Run(QObject):
    """One run of an algorithm in a thread. Signals arrive in the thread that made the run."""

    progressed = pyqtSignal(int, int)
    arrived = pyqtSignal(str, list)
    troubled = pyqtSignal(str)
    ended = pyqtSignal(object)

    def __init__(self, algorithm_id: str, parameters: dict, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.algorithm_id = algorithm_id
        self.parameters = parameters
        self.feedback = RunFeedback()
        self.feedback.chips.connect(self.progressed)
        self.feedback.features.connect(self.arrived)
        self.feedback.trouble.connect(self.troubled)
        self.context = QgsProcessingContext()
        self.context.setProject(QgsProject.instance())
        self.context.setFeedback(self.feedback)
        self.task: QgsProcessingAlgRunnerTask | None = None

    def start(self) -> None:
        """Starts the run; `ended` always follows, also when the parameters are refused."""
        _alive.add(self)
        algorithm = QgsApplication.processingRegistry().createAlgorithmById(self.algorithm_id)
        if algorithm is None:
            self._end(Outcome(False, False, tr("The Processing algorithm is not registered; restart QGIS.")))
            return
        fine, why = algorithm.checkParameterValues(self.parameters, self.context)
        if not fine:
            self._end(Outcome(False, False, why))
            return
        self.task = QgsProcessingAlgRunnerTask(algorithm, self.parameters, self.context, self.feedback)
        self.task.executed.connect(self._executed)
        QgsApplication.taskManager().addTask(self.task)

    def cancel(self) -> None:
        """Asks the run to stop; what it has found by then still arrives with `ended`."""
        self.feedback.stop()

    def abort(self) -> None:
        """Stops the run and forgets its results, for unloading."""
        self.feedback.stop()
        if self.task is not None:
            self.task.cancel()

    @property
    def running(self) -> bool:
        """True from `start` until `ended`."""
        return self in _alive

    def _executed(self, ok: bool, results: dict) -> None:
        cancelled = self.feedback.isCanceled()
        error = "" if ok else (self.feedback.errors[-1] if self.feedback.errors else "")
        if not ok and not cancelled and not error:
            error = tr("The run failed without saying why; the log of the engine may tell.")
        outcome = Outcome(ok, cancelled, error, self.feedback.error_code, list(self.feedback.warnings), dict(results))
        for layer_id, details in self.context.layersToLoadOnCompletion().items():
            layer = self.context.takeResultLayer(layer_id) or QgsProcessingUtils.mapLayerFromString(
                layer_id, self.context
            )
            if layer is None:
                continue
            if details.postProcessor() is not None:
                details.postProcessor().postProcessLayer(layer, self.context, self.feedback)
            outcome.layers[details.outputName] = layer
        self._end(outcome)

    def _end(self, outcome: Outcome) -> None:
        _alive.discard(self)
        self.task = None
        self.ended.emit(outcome)


class Background(QgsTask):
    """A Python function in a thread: `done(result)` or `failed(exception)` arrive in the GUI thread."""

    done = pyqtSignal(object)
    failed = pyqtSignal(object)

    def __init__(self, title: str, function) -> None:
        silent = getattr(QgsTask.Flag, "Silent", None)  # of QGIS 3.26: it does not say that this task is complete
        super().__init__(title, QgsTask.Flag.CanCancel if silent is None else QgsTask.Flag.CanCancel | silent)
        self._function = function
        self._result = None
        self._exception: BaseException | None = None

    def start(self) -> Background:
        """Puts the function in the queue of QGIS's tasks."""
        _alive.add(self)
        QgsApplication.taskManager().addTask(self)
        return self

    def run(self) -> bool:  # in a thread
        try:
            self._result = self._function()
        except Exception as problem:  # handed to `failed`, whatever it is: nothing may escape a thread
            self._exception = problem
        return self._exception is None

    def finished(self, ok: bool) -> None:  # in the GUI thread
        _alive.discard(self)
        if ok:
            self.done.emit(self._result)
        elif self._exception is not None:
            self.failed.emit(self._exception)


def cancel_all() -> None:
    """Stops whatever still runs, for unloading the plugin."""
    for run in list(_alive):
        run.abort() if isinstance(run, Run) else run.cancel()


def wait_for_all(seconds: float = 10.0) -> None:
    """Waits until nothing runs any more: an algorithm at work needs its provider, which unloading removes."""
    end = time.monotonic() + seconds
    while _alive and time.monotonic() < end:
        QCoreApplication.processEvents()
        time.sleep(0.01)
