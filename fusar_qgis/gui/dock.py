"""The dock: the form above, results and questions below."""

from __future__ import annotations

from qgis.core import QgsProject, QgsRasterLayer
from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtWidgets import QSplitter, QTabWidget

from .. import settings, tasks
from ..demonstration import is_demonstration
from ..engine import manager
from ..engine.errors import EngineError
from ..raster_source import scene_of
from ..translation import tr
from .answers import grid_and_caption
from .failures import set_up_for
from .questions_panel import QuestionsPanel
from .results_panel import ResultsPanel
from .runner import Background, Outcome
from .scene_form import SceneForm, describe_layer
from .targets_model import is_detections

READY, BUSY, WRONG = "#2e9e4f", "#e0a100", "#cc3333"


class FusarDock(QgsDockWidget):
    """Joins form, results and questions with the desk; knows the state of the engine."""

    def __init__(self, iface, desk) -> None:
        super().__init__("FUSAR", iface.mainWindow())
        self.setObjectName("FusarDock")
        self.iface, self.desk = iface, desk
        self._watched: set[str] = set()  # rasters whose CRS the user may change
        self.form = SceneForm()
        self.results = ResultsPanel(iface.mapCanvas())
        self.questions = QuestionsPanel()
        self.tabs = QTabWidget()
        self.tabs.addTab(self.results, tr("Result"))
        self.tabs.addTab(self.questions, tr("Ask"))
        self.split = QSplitter(Qt.Orientation.Vertical)
        self.split.addWidget(self.form)
        self.split.addWidget(self.tabs)
        self.split.setStretchFactor(0, 0)
        self.split.setStretchFactor(1, 1)
        self.split.setChildrenCollapsible(False)
        self.setWidget(self.split)
        self._engine_ready = False
        self._asked = self._version = ""
        self._proposal = ""
        self._connect()
        self._choose_first_layer()
        self.refresh_engine()

    def _connect(self) -> None:
        self.form.interpret_wanted.connect(self.interpret)
        self.form.cancel_wanted.connect(self._cancel)
        self.form.setup_wanted.connect(self._set_up)
        self.form.more.collapsedStateChanged.connect(lambda _: QTimer.singleShot(0, self._make_room))
        self.form.layer_changed.connect(self._layer_changed)
        self.form.engine_changed.connect(self._engine_chosen)
        self.results.export_wanted.connect(lambda: self.desk.export(self.results.layer))
        self.results.trouble.connect(self.desk.messages.warning)
        self.questions.asked.connect(lambda question: self.desk.inquiries.ask(question, self.form))
        self.desk.started.connect(self._started)
        self.desk.progressed.connect(self.form.set_progress)
        self.desk.troubled.connect(self.form.set_trouble)
        self.desk.ended.connect(self._ended)
        self.desk.inquiries.answered.connect(self.questions.add)
        self.desk.inquiries.asking.connect(self.questions.set_busy)
        self.desk.inquiries.demonstrated.connect(self.questions.banner.setVisible)
        self.iface.currentLayerChanged.connect(self._active_layer_changed)

    def _make_room(self) -> None:
        """Gives the form what it needs now that it is folded out or in; the results have the rest."""
        wanted = self.form.sizeHint().height()
        self.split.setSizes([wanted, max(1, sum(self.split.sizes()) - wanted)])

    def dispose(self) -> None:
        """Lets go of what outlives the dock, for unloading."""
        self.iface.currentLayerChanged.disconnect(self._active_layer_changed)
        self.results.show_layer(None)

    # -- runs ------------------------------------------------------------------------------------------------------

    def interpret(self) -> None:
        """Starts with what the form says."""
        self.desk.interpret(self.form)

    def _cancel(self) -> None:
        self.form.set_cancelling()
        self.desk.cancel()

    def _started(self) -> None:
        self.form.set_running(True)
        self.form.set_status(tr("Working…"), BUSY)

    def _ended(self, outcome: Outcome) -> None:
        self.form.set_running(False)
        found = outcome.layers.get("DETECTIONS")
        if found is not None:
            self.results.show_layer(found)
            cells, caption = grid_and_caption(outcome.layers.get("ANSWERS"))
            self.results.show_answers(cells, caption)
            self.tabs.setCurrentWidget(self.results)
            self.iface.setActiveLayer(found)
        self.refresh_engine()

    # -- layers ----------------------------------------------------------------------------------------------------

    def _choose_first_layer(self) -> None:
        active = self.iface.activeLayer()
        if isinstance(active, QgsRasterLayer):
            self.form.set_layer(active)
        elif is_detections(active):
            self.results.show_layer(active)
        rasters = [v for v in QgsProject.instance().mapLayers().values() if isinstance(v, QgsRasterLayer)]
        if self.form.layer is None and len(rasters) == 1:
            self.form.set_layer(rasters[0])
        self._layer_changed(self.form.layer)

    def _active_layer_changed(self, layer) -> None:
        if self.desk.run is not None:
            return
        if isinstance(layer, QgsRasterLayer):
            self.form.set_layer(layer)
        elif is_detections(layer) and layer.id() != (self.results.layer.id() if self.results.layer else ""):
            self.results.show_layer(layer)

    def _layer_changed(self, layer) -> None:
        """Shows what is known of a scene: what QGIS knows at once, then the year as the engine reads it."""
        line = describe_layer(layer)
        if layer is not None and layer.id() not in self._watched:
            self._watched.add(layer.id())
            layer.crsChanged.connect(self._crs_changed)
        self.form.set_scene_info(line, None, "")
        if layer is None or layer.providerType() != "gdal" or not self._engine_ready:
            return
        request, layer_id = scene_of(layer), layer.id()

        def tell(info: dict) -> None:
            if self.form.layer is None or self.form.layer.id() != layer_id:
                return
            found = info.get("acquisition") or {}
            sensor = " ".join(str(found[k]) for k in ("sensor", "acquired") if found.get(k))
            self.form.set_scene_info("\n".join(filter(None, (line, sensor))), found.get("year"), provenance(found))

        self._in_background(lambda: manager.engine().call("scene_info", request), tell, lambda problem: None)

    def _crs_changed(self) -> None:
        self._layer_changed(self.form.layer)

    # -- engine ----------------------------------------------------------------------------------------------------

    def refresh_engine(self) -> None:
        """Starts the engine in a thread where it does not run yet, and shows what it is."""
        self.form.set_status(tr("Starting the engine…"), BUSY)
        self._in_background(manager.start, self._engine_up, self._engine_down)

    def _engine_up(self, about: dict) -> None:
        self._engine_ready = True
        self._version = about.get("version", "?")
        if tasks.learn(about.get("task_info")):
            self.form.renew_tasks()
        names = [*about.get("engines", []), *(["worker"] if settings.get("worker_url") else [])]
        self.form.set_engine_names(names, settings.get("default_engine"))
        self._engine_chosen(self.form.engine)
        self._layer_changed(self.form.layer)

    def _engine_down(self, problem) -> None:
        self._engine_ready = False
        self._proposal = set_up_for(getattr(problem, "code", ""), str(problem))
        what = getattr(problem, "message", str(problem))
        self.form.set_status(what, WRONG, set_up=bool(self._proposal), why=str(problem))

    def _engine_chosen(self, name: str) -> None:
        """Asks the chosen engine what it can do; a model is loaded for that, which is why it is done beforehand."""
        if not self._engine_ready or not name:
            return
        try:
            request = settings.engine_request(name)
        except EngineError as problem:
            self._engine_down(problem)
            return
        if name != self._asked:
            self._asked = name
            self.form.set_demonstration(False)
        self.form.set_status(tr("Loading “{engine}”…").format(engine=name), BUSY)

        def tell(info: dict) -> None:
            if self.form.engine == name:
                self.form.set_abilities(name, info.get("tasks", []), info.get("classes", []))
                demonstration = is_demonstration(info)
                self.form.set_demonstration(demonstration)
                if demonstration:
                    self.questions.banner.setVisible(True)
                if self.desk.run is None:
                    ready = tr("Ready · engine {version}").format(version=self._version)
                    also = f" · {tr('demonstration model')}" if demonstration else ""
                    self.form.set_status(ready + also, READY)

        self._in_background(lambda: manager.engine().call("engine_info", request), tell, self._engine_down)

    def _in_background(self, function, done, failed) -> None:
        job = Background(tr("FUSAR: asking the engine"), function)
        job.done.connect(done)
        job.failed.connect(failed)
        job.start()

    def _set_up(self) -> None:
        self.desk.set_up(self._proposal)
        self.refresh_engine()


def provenance(acquisition: dict) -> str:
    """Where the year of a scene comes from, in words; '' when nobody says."""
    source = acquisition.get("provenance", {}).get("year") or acquisition.get("provenance", {}).get("acquired")
    return tr("Read from: {source}").format(source=source) if source else ""
