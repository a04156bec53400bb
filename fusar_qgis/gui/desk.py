"""Where work is started and its end is told: interpret, export, set up; boxes and questions by its `inquiries`."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsProject, QgsRasterLayer, QgsVectorLayer
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import QMessageBox

from .. import layers
from ..engine.errors import EngineError
from ..replacing import check_replaceable
from ..text import escape
from ..translation import tr
from .failures import set_up_for, what_failed
from .inquiries import Inquiries
from .live_layer import LiveLayer
from .messages import Messages
from .project_layers import add_results, destination
from .runner import Outcome, Run, cancel_all
from .scene_form import NO_PRIOR, SceneForm
from .scene_part import Refused, part_of_form
from .targets_model import is_detections

SETTLE_MS = 300


class Desk(QObject):
    """One interpretation at a time; dock and toolbar both start it here."""

    started = pyqtSignal()
    progressed = pyqtSignal(int, int, int)
    troubled = pyqtSignal(str)
    ended = pyqtSignal(object)

    def __init__(self, iface) -> None:
        super().__init__()
        self.iface = iface
        self.messages = Messages(iface.messageBar())
        self.run: Run | None = None
        self._scene_id = self._scene_name = ""
        self._disposed = self._project_gone = False
        self.live: LiveLayer | None = None
        self.dialog = None
        self._guide = None
        self.inquiries = Inquiries(iface, self.messages)
        self.inquiries.failed.connect(self._tell_error)
        QgsProject.instance().cleared.connect(self._project_closed)
        QgsProject.instance().layersWillBeRemoved.connect(self._layers_removed)

    # -- interpret -------------------------------------------------------------------------------------------------

    def interpret(self, form: SceneForm) -> None:
        """Starts what the form says; `started` and `ended` follow, or a sentence that says what is missing."""
        if self.run is not None:
            self.messages.info(tr("A scene is being interpreted already; cancel it or wait for its end."))
            return
        try:
            layer, parameters = self._parameters(form)
        except Refused as why:
            self.messages.error(str(why))
            return
        self.messages.clear_errors()
        self._warn_about(layer)
        scene_name = layer.name()
        self._scene_id, self._scene_name = layer.id(), scene_name
        crs = layer.crs()
        self.live = LiveLayer(scene_name, lambda name: layers.memory_layer("detections", name, crs), self)
        self.run = Run("fusar:interpret_scene", parameters, self)
        self.run.progressed.connect(lambda done, total: self.progressed.emit(done, total, self._found()))
        self.run.arrived.connect(self._arrived)
        self.run.troubled.connect(self.troubled)
        self.run.ended.connect(self._ended)
        self.started.emit()
        self.run.start()

    def cancel(self) -> None:
        """Stops the interpretation; what has arrived stays on the map."""
        if self.run is not None:
            self.run.cancel()

    def _found(self) -> int:
        return self.live.count if self.live is not None else 0

    def _arrived(self, layer_name: str, features: list) -> None:
        if layer_name == "detections" and self.live is not None:
            self.live.add(features)

    def _parameters(self, form: SceneForm) -> tuple[QgsRasterLayer, dict]:
        layer = form.layer
        if layer is None:
            raise Refused(tr("No scene chosen: load a SAR raster (Layer → Add Layer), then choose it under Scene."))
        if not layer.isValid():
            raise Refused(
                tr("“{layer}” cannot be read; its file may have moved. Load it again.").format(layer=layer.name())
            )
        if not form.tasks:
            raise Refused(tr("Nothing to find out: tick Targets, Count or 3 × 3 grid."))
        if not form.classes:
            raise Refused(tr("No class chosen: tick at least one under Classes."))
        if form.prior != NO_PRIOR and form.known_year is None:
            raise Refused(
                tr("The year of “{layer}” is not known, and the prior needs it: type it under Year.").format(
                    layer=layer.name()
                )
            )
        parameters = {  # layers by id: the user may remove one while the run needs its parameters
            "INPUT": layer.id(),
            "TASKS": form.tasks,
            "CLASSES": ",".join(form.classes),
            "ENGINE": form.engine,
            "PRIOR": form.prior,
        }
        extent = part_of_form(self.iface, form, layer)
        if extent is not None:
            parameters["EXTENT"] = extent
        if form.year is not None:
            parameters["YEAR"] = form.year
        if form.water is not None:
            parameters["WATER_MASK"] = form.water.id()
        for output in ("DETECTIONS", "GRID_CELLS", "ANSWERS"):
            parameters[output] = destination()
        return layer, parameters

    def _warn_about(self, layer: QgsRasterLayer) -> None:
        if not layer.crs().isValid():
            self.messages.warning(
                tr("“{layer}” has no CRS: results lie on its pixels and carry no sizes in metres.").format(
                    layer=layer.name()
                )
            )

    def _ended(self, outcome: Outcome) -> None:
        live, self.live, self.run = self.live, None, None
        if self._disposed:
            live.drop()
            return
        gone, self._project_gone = self._project_gone, False
        if gone:  # what was found belongs to a project that is no longer there
            live.drop()
            outcome.layers = {}
        elif outcome.ok and not outcome.cancelled:
            live.drop()
            outcome.layers = add_results(outcome, self._scene_name, scene_id=self._scene_id)
            self.messages.clear_errors()
        else:
            outcome.layers = self._keep_partial(live, outcome)
        # Not at once: QGIS now says that its task is complete, which would lie over what is said here; and map and
        # panel take their time one after the other.
        QTimer.singleShot(0, lambda: self._tell(outcome, stopped=not gone))
        QTimer.singleShot(0, lambda: self.ended.emit(outcome))

    def _tell(self, outcome: Outcome, *, stopped: bool) -> None:
        """What the message bar says of a run that has ended; stopped: also why it did not come to its end."""
        if self._disposed:
            return
        for text in outcome.warnings:
            self.messages.warning(text)
        if not stopped or (outcome.ok and not outcome.cancelled):
            return
        found = outcome.layers.get("DETECTIONS") if outcome.code != "ENGINE_DIED" else None  # whose text says it
        kept = tr(" What was found until then is kept in “{layer}”.").format(layer=found.name()) if found else ""
        if outcome.cancelled:
            self.messages.info(tr("Stopped.") + kept)
        else:
            self._tell_error(outcome, kept)

    def _keep_partial(self, live: LiveLayer, outcome: Outcome) -> dict:
        """The engine's merged part of the result where it came, else the provisional detections."""
        final = outcome.layers.get("DETECTIONS")
        if final is not None and final.featureCount():
            live.drop()
            name = tr("{scene} (partial)").format(scene=self._scene_name)
            return add_results(outcome, name, scene_id=self._scene_id)
        layer = live.keep()
        return {"DETECTIONS": layer} if layer is not None else {}

    def _tell_error(self, outcome: Outcome, kept: str = "") -> None:
        """Says why a run failed. kept: a sentence on what is left of it."""
        actions = {}
        if compute := set_up_for(outcome.code, outcome.error):
            actions[tr("Set up engine…")] = lambda: self.set_up(compute)
        self.messages.error(what_failed(outcome) + kept, actions)

    # -- export, set-up, help --------------------------------------------------------------------------------------

    def export(self, layer: QgsVectorLayer | None) -> None:
        """Opens the export algorithm's dialog on a detections layer."""
        active = self.iface.activeLayer()
        layer = layer or (active if is_detections(active) else None)
        if layer is None:
            self.messages.error(tr("No detections to export: interpret a scene, or choose a detections layer."))
            return
        from qgis import processing

        self.dialog = processing.createAlgorithmDialog(
            "fusar:export_detections", {"INPUT": layer.id(), "CONFIRMED_ONLY": False}
        )
        self.dialog.destroyed.connect(self._dialog_closed)
        if hasattr(self.dialog, "algorithmFinished"):
            self.dialog.algorithmFinished.connect(self._exported)
        self.dialog.show()

    def _exported(self, ok: bool, _results: dict) -> None:
        """Where an export stands against an analyst's work, asks whether that may be replaced."""
        if not ok:  # once the dialog has come to rest: it lets events through while it tells how the run ended
            QTimer.singleShot(SETTLE_MS, self._ask_to_replace)

    def _ask_to_replace(self) -> None:
        dialog = self.dialog
        if dialog is None or self._disposed:
            return
        values = parameters_of(dialog)
        place = values.get("OUTPUT")
        place = place.sink.staticValue() if hasattr(place, "sink") else place
        if not place or values.get("OVERWRITE"):
            return
        try:
            check_replaceable(Path(str(place)), "detections")
        except EngineError as problem:
            if problem.code == "OUTPUT_REVIEWED" and self._may_replace(problem.message):
                dialog.setParameters({**values, "OVERWRITE": True})
                dialog.runAlgorithm()

    def _may_replace(self, what: str) -> bool:
        words = escape(what + " " + tr("Replace it?"))
        asked = QMessageBox.question(self.dialog, tr("Export detections"), words)
        return asked == QMessageBox.StandardButton.Yes

    def _dialog_closed(self) -> None:
        self.dialog = None

    def set_up(self, compute: str = "none") -> None:
        """Opens the set-up dialog of the engine. compute: what it proposes to run on."""
        from .setup_dialog import SetupDialog

        SetupDialog(self.iface.mainWindow(), compute=compute).exec()

    def show_help(self) -> None:
        """The user guide."""
        from .guide import GuideWindow

        if self._guide is None:
            self._guide = GuideWindow(self.iface.mainWindow())
        self._guide.show()
        self._guide.raise_()

    # -- what the project does meanwhile ---------------------------------------------------------------------------

    def _project_closed(self) -> None:
        if self.run is not None:
            self._project_gone = True
            self.cancel()
            self.messages.info(tr("The project was closed: the interpretation was stopped."))

    def _layers_removed(self, ids: list) -> None:
        if self.run is not None and self._scene_id in ids:
            self.messages.info(tr("The scene was removed from the map; its interpretation goes on. Cancel stops it."))

    def dispose(self) -> None:
        """Stops everything and lets go of the project, for unloading."""
        QgsProject.instance().cleared.disconnect(self._project_closed)
        QgsProject.instance().layersWillBeRemoved.disconnect(self._layers_removed)
        self._disposed = True
        self.inquiries.dispose()
        cancel_all()
        if self.dialog is not None:
            self.dialog.close()
        if self._guide is not None:
            self._guide.deleteLater()


def parameters_of(dialog) -> dict:
    """What the dialog of an algorithm says; how it is asked differs between versions of QGIS."""
    ask = getattr(dialog, "getParameterValues", None) or dialog.createProcessingParameters
    return ask()
