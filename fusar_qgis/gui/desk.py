"""Where work is started and its end is told: interpret, classify a box, ask, export. Dock and toolbar both use it."""

from __future__ import annotations

from collections import Counter

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsFeature,
    QgsGeometry,
    QgsProcessing,
    QgsProcessingOutputLayerDefinition,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsReferencedRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from .. import layers, settings
from ..translation import tr
from .answers import attributes
from .live_layer import LiveLayer
from .messages import Messages
from .runner import Outcome, Run, cancel_all
from .scene_form import NO_PRIOR, SELECTION, VIEW, SceneForm
from .targets_model import is_detections

SET_UP_CODES = {"ENGINE_MISSING", "ENGINE_BROKEN", "ENGINE_OLD"}
LONGEST_TITLE = 40


class Refused(Exception):
    """The user has to change something first; the text says what."""


class Desk(QObject):
    """One interpretation at a time; boxes and questions beside it."""

    started = pyqtSignal()
    progressed = pyqtSignal(int, int, int)
    troubled = pyqtSignal(str)
    ended = pyqtSignal(object)
    answered = pyqtSignal(str, str, str)
    asking = pyqtSignal(bool)

    def __init__(self, iface) -> None:
        super().__init__()
        self.iface = iface
        self.messages = Messages(iface.messageBar())
        self.run: Run | None = None
        self._scene_id = self._scene_name = ""
        self._disposed = self._project_gone = False
        self.live: LiveLayer | None = None
        self.dialog = None
        self._card = None
        self._guide = None
        self._others: list[Run] = []
        self._boxes: dict[str, str] = {}  # scene → the layer that holds its classified boxes
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
        extent = self._extent(form, layer)
        if extent is not None:
            parameters["EXTENT"] = extent
        if form.year is not None:
            parameters["YEAR"] = form.year
        if form.water is not None:
            parameters["WATER_MASK"] = form.water.id()
        for output in ("DETECTIONS", "GRID_CELLS", "ANSWERS"):
            parameters[output] = self._destination()
        return layer, parameters

    @staticmethod
    def _destination() -> QgsProcessingOutputLayerDefinition:
        return QgsProcessingOutputLayerDefinition(QgsProcessing.TEMPORARY_OUTPUT, QgsProject.instance())

    def _extent(self, form: SceneForm, layer: QgsRasterLayer) -> QgsReferencedRectangle | None:
        """The wanted part; None for the whole scene."""
        canvas = self.iface.mapCanvas()
        map_crs = canvas.mapSettings().destinationCrs()
        if form.where == VIEW:
            part, crs, what = canvas.extent(), map_crs, tr("The map")
            advice = tr("Zoom to the layer, or choose Whole scene.")
        elif form.where == SELECTION:
            part, crs = self._selected()
            what, advice = tr("The selection"), tr("Select polygons on the scene, or choose Whole scene.")
        else:
            return None
        scene = self._in_crs(layer.extent(), layer.crs(), crs)
        if not part.intersects(scene):
            raise Refused(
                tr("{what} does not meet “{layer}”. {advice}").format(what=what, layer=layer.name(), advice=advice)
            )
        return QgsReferencedRectangle(part.intersect(scene), crs)

    def _selected(self) -> tuple[QgsRectangle, QgsCoordinateReferenceSystem]:
        vector = self.iface.activeLayer()
        if not isinstance(vector, QgsVectorLayer):
            vector = next(
                (
                    v
                    for v in QgsProject.instance().mapLayers().values()
                    if isinstance(v, QgsVectorLayer) and v.selectedFeatureCount()
                ),
                None,
            )
        if vector is None or not vector.selectedFeatureCount():
            raise Refused(tr("No polygon is selected: select one in a vector layer, or choose Whole scene."))
        return vector.boundingBoxOfSelected(), vector.crs()

    @staticmethod
    def _in_crs(box: QgsRectangle, source, target) -> QgsRectangle:
        if not source.isValid() or not target.isValid() or source == target:
            return box
        try:
            return QgsCoordinateTransform(source, target, QgsProject.instance()).transformBoundingBox(box)
        except QgsCsException:
            return QgsRectangle()

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
        if self._project_gone:  # what was found belongs to a project that is no longer there
            self._project_gone = False
            live.drop()
            outcome.layers = {}
        elif outcome.ok and not outcome.cancelled:
            live.drop()
            outcome.layers = self._add(outcome, self._scene_name)
        else:
            outcome.layers = self._keep_partial(live, outcome)
            found = outcome.layers.get("DETECTIONS") if outcome.code != "ENGINE_DIED" else None  # whose text says it
            kept = tr(" What was found until then is kept in “{layer}”.").format(layer=found.name()) if found else ""
            if outcome.cancelled:
                self.messages.info(tr("Stopped.") + kept)
            else:
                self._tell_error(outcome, kept)
        for text in outcome.warnings:
            self.messages.warning(text)
        QTimer.singleShot(0, lambda: self.ended.emit(outcome))  # map and panel take their time one after the other

    def _keep_partial(self, live: LiveLayer, outcome: Outcome) -> dict:
        """The engine's merged part of the result where it came, else the provisional detections."""
        final = outcome.layers.get("DETECTIONS")
        if final is not None and final.featureCount():
            live.drop()
            return self._add(outcome, tr("{scene} (partial)").format(scene=self._scene_name))
        layer = live.keep()
        return {"DETECTIONS": layer} if layer is not None else {}

    @staticmethod
    def _add(outcome: Outcome, scene_name: str, output: str = "") -> dict:
        """Puts result layers into the project, detections on top; empty ones but detections are left out.

        output: title of a layer OUTPUT.
        """
        titles = {
            "GRID_CELLS": tr("grid cells"),
            "ANSWERS": tr("answers"),
            "DETECTIONS": tr("detections"),
            "OUTPUT": output,
        }
        added = {}
        for name in ("GRID_CELLS", "ANSWERS", "DETECTIONS", "OUTPUT"):
            layer = outcome.layers.get(name)
            if layer is None or (not layer.featureCount() and name != "DETECTIONS"):
                continue
            layer.setName(f"{scene_name}: {titles[name]}")
            aside = name == "OUTPUT"  # it does not become the active layer: the user may be reviewing detections
            added[name] = QgsProject.instance().addMapLayer(layer, not aside)
            if aside:
                QgsProject.instance().layerTreeRoot().insertLayer(0, layer)
            if name in ("GRID_CELLS", "ANSWERS"):
                node = QgsProject.instance().layerTreeRoot().findLayer(layer.id())
                if node is not None:  # the picture stays legible; the user ticks what else to see
                    node.setItemVisibilityChecked(False)
        return added

    def _tell_error(self, outcome: Outcome, kept: str = "") -> None:
        actions = {}
        if compute := set_up_for(outcome.code, outcome.error):
            actions[tr("Set up engine…")] = lambda: self.set_up(compute)
        self.messages.error(_what_failed(outcome) + kept, actions)

    # -- box and question ------------------------------------------------------------------------------------------

    def classify(self, box: QgsGeometry, form: SceneForm | None) -> None:
        """Asks the engine of which class the target in a box is. box: polygon in the CRS of the map."""
        layer = form.layer if form is not None else self._active_raster()
        if layer is None:
            self.messages.error(tr("No scene to look at: choose a SAR layer first, then draw the box."))
            return
        canvas = self.iface.mapCanvas()
        crs = canvas.mapSettings().destinationCrs()
        if not box.boundingBox().intersects(self._in_crs(layer.extent(), layer.crs(), crs)):
            self.messages.error(tr("The box lies outside “{layer}”: draw it on the image.").format(layer=layer.name()))
            return
        if self._card is None:
            from .box_result import BoxResult

            self._card = BoxResult(canvas)
        self._card.show_waiting()
        parameters = {
            "INPUT": layer.id(),
            "BOX": QgsReferencedRectangle(box.boundingBox(), crs),
            "OUTPUT": self._destination(),
        }
        if form is not None:
            parameters["ENGINE"] = settings.with_words(form.engine)
        scene = (layer.id(), layer.name())
        self._start_other(Run("fusar:classify_box", parameters, self), lambda outcome: self._classified(scene, outcome))

    def _active_raster(self) -> QgsRasterLayer | None:
        layer = self.iface.activeLayer()
        if isinstance(layer, QgsRasterLayer):
            return layer
        rasters = [v for v in QgsProject.instance().mapLayers().values() if isinstance(v, QgsRasterLayer)]
        return rasters[0] if len(rasters) == 1 else None

    def _classified(self, scene: tuple[str, str], outcome: Outcome) -> None:
        if not outcome.ok:
            self._card.show_trouble(_what_failed(outcome) or tr("Stopped."))
            if not outcome.cancelled:
                self._tell_error(outcome)
            return
        feature = self._add_box(scene, outcome)
        if feature is None:
            self._card.show_trouble(tr("The engine gave no answer."))
            return
        value = attributes(feature)
        label = value.get("class") or tr("no class could be read")
        note = " · ".join(str(v) for v in (value.get("engine"), value.get("model"), value.get("scene")) if v)
        self._card.show_answer(label, value.get("score"), note, value.get("raw_text") or "")

    def _add_box(self, scene: tuple[str, str], outcome: Outcome) -> QgsFeature | None:
        """Puts a classified box to the others of its scene, which share a layer; returns it."""
        found = outcome.layers.get("OUTPUT")
        features = list(found.getFeatures()) if found is not None else []
        before = QgsProject.instance().mapLayer(self._boxes.get(scene[0], ""))
        if before is not None and features and before.crs() == found.crs():
            for feature in features:
                feature.setId(-1)
            before.dataProvider().addFeatures(features)
            before.updateExtents()
            before.triggerRepaint()
        elif features:
            self._boxes[scene[0]] = self._add(outcome, scene[1], tr("classified boxes"))["OUTPUT"].id()
        return features[0] if features else None

    def ask(self, question: str, form: SceneForm) -> None:
        """Asks about the scene, or the part chosen in the form."""
        layer = form.layer
        if layer is None:
            self.messages.error(tr("No scene to ask about: choose a SAR layer first."))
            return
        parameters = {"INPUT": layer.id(), "QUESTION": question, "OUTPUT": self._destination()}
        parameters["ENGINE"] = settings.with_words(form.engine)
        try:
            extent = self._extent(form, layer)
        except Refused as why:
            self.messages.error(str(why))
            return
        if extent is not None:
            parameters["EXTENT"] = extent
        self.asking.emit(True)
        name = layer.name()
        self._start_other(Run("fusar:ask_scene", parameters, self), lambda outcome: self._told(question, name, outcome))

    def _told(self, question: str, scene_name: str, outcome: Outcome) -> None:
        self.asking.emit(False)
        if not outcome.ok:
            if not outcome.cancelled:
                self.answered.emit(question, _what_failed(outcome), "")
                self._tell_error(outcome)
            return
        title = question if len(question) <= LONGEST_TITLE else f"{question[: LONGEST_TITLE - 1]}…"
        layer = self._add(outcome, scene_name, title).get("OUTPUT")
        rows = [attributes(f) for f in layer.getFeatures()] if layer is not None else []
        words = _in_words([(r["chip"], r["answer"]) for r in rows if r.get("answer")])
        first = rows[0] if rows else {}
        note = " · ".join(str(v) for v in (first.get("scene"), first.get("engine"), first.get("model")) if v)
        self.answered.emit(question, words or tr("The engine gave no answer."), note)

    def _start_other(self, run: Run, then) -> None:
        self._others.append(run)

        def ended(outcome: Outcome) -> None:
            self._others.remove(run)
            if not self._disposed:
                then(outcome)

        run.ended.connect(ended)
        run.start()

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
        self.dialog.show()

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
        cancel_all()
        if self.dialog is not None:
            self.dialog.close()
        if self._guide is not None:
            self._guide.deleteLater()
        if self._card is not None:
            self.iface.mapCanvas().removeEventFilter(self._card)
            self._card.deleteLater()
            self._card = None


def set_up_for(code: str, text: str) -> str:
    """What the set-up dialog is to propose to run on after an error; empty where a set-up does not help."""
    if code in SET_UP_CODES:
        return "none"
    return "cpu" if _lacks_model(code, text) else ""


def _lacks_model(code: str, text: str) -> bool:
    """Whether an error says that the engine was set up for the detector alone, and more was asked of it."""
    return code == "MISSING_EXTRA" and "[model]" in text


def _what_failed(outcome: Outcome) -> str:
    """The error of a run as the plugin's user can act on it."""
    if not _lacks_model(outcome.code, outcome.error):
        return outcome.error
    return tr(
        "FUSAR-GPT needs PyTorch, which this engine was set up without: "
        "press “Set up engine…” and let it run on the processor or an NVIDIA card."
    )


def _in_words(answers: list[tuple[str, str]]) -> str:
    """The answers of chips, given as (chip, answer): what several say is said once, with how many say it."""
    said = Counter(answer for _, answer in answers)
    if len(answers) < 2:
        return "".join(said)
    if len(said) == len(answers):
        return "\n".join(f"{chip}: {answer}" for chip, answer in answers)
    share = tr("{answer} ({n} of {all} chips)")
    return "\n".join(share.format(answer=answer, n=n, all=len(answers)) for answer, n in said.most_common())
