"""Boxes and questions put to an engine with words, beside an interpretation, and how their answers are told."""

from __future__ import annotations

import json
from collections import Counter

from qgis.core import QgsGeometry, QgsProject, QgsRasterLayer, QgsReferencedRectangle
from qgis.PyQt.QtCore import QObject, pyqtSignal

from .. import settings
from ..demonstration import is_demonstration
from ..engine import manager
from ..layers import note_rows
from ..schema import NOTHING
from ..translation import tr
from .answers import attributes
from .failures import what_failed
from .messages import Messages
from .project_layers import add_results, destination
from .runner import Outcome, Run
from .scene_form import SceneForm
from .scene_part import Refused, in_crs, part_of_form

LONGEST_TITLE = 40


class Inquiries(QObject):
    """Any number at a time."""

    answered = pyqtSignal(str, str, str)
    asking = pyqtSignal(bool)
    failed = pyqtSignal(object)
    demonstrated = pyqtSignal(bool)

    def __init__(self, iface, messages: Messages) -> None:
        super().__init__()
        self.iface, self.messages = iface, messages
        self.card = None
        self._runs: list[Run] = []
        self._boxes: dict[str, str] = {}  # scene → the layer that holds its classified boxes
        self._disposed = False

    def classify(self, box: QgsGeometry, form: SceneForm | None) -> None:
        """Asks the engine of which class the target in a box is. box: polygon in the CRS of the map."""
        layer = form.layer if form is not None else self._active_raster()
        if layer is None:
            self.messages.error(tr("No scene to look at: choose a SAR layer first, then draw the box."))
            return
        canvas = self.iface.mapCanvas()
        crs = canvas.mapSettings().destinationCrs()
        if not box.boundingBox().intersects(in_crs(layer.extent(), layer.crs(), crs)):
            self.messages.error(tr("The box lies outside “{layer}”: draw it on the image.").format(layer=layer.name()))
            return
        if self.card is None:
            from .box_result import BoxResult

            self.card = BoxResult(canvas)
        self.card.show_waiting()
        parameters = {
            "INPUT": layer.id(),
            "BOX": QgsReferencedRectangle(box.boundingBox(), crs),
            "OUTPUT": destination(),
        }
        if form is not None:
            parameters["ENGINE"] = with_words(form.engine)
        scene = (layer.id(), layer.name())
        self._start(Run("fusar:classify_box", parameters, self), lambda outcome: self._classified(scene, outcome))

    def _active_raster(self) -> QgsRasterLayer | None:
        layer = self.iface.activeLayer()
        if isinstance(layer, QgsRasterLayer):
            return layer
        rasters = [v for v in QgsProject.instance().mapLayers().values() if isinstance(v, QgsRasterLayer)]
        return rasters[0] if len(rasters) == 1 else None

    def _classified(self, scene: tuple[str, str], outcome: Outcome) -> None:
        if not outcome.ok:
            self.card.show_trouble(what_failed(outcome) or tr("Stopped."))
            if not outcome.cancelled:
                self.failed.emit(outcome)
            return
        self.messages.clear_errors()
        found = outcome.layers.get("OUTPUT")
        value = next((attributes(f) for f in found.getFeatures()), None) if found is not None else None
        if value is None:
            self.card.show_trouble(tr("The engine gave no answer."))
            return
        demonstration = self._demonstrated(outcome)
        note = " · ".join(str(v) for v in (value.get("engine"), value.get("model"), value.get("scene")) if v)
        if value.get("parse_status") == NOTHING:  # nothing to be put on the map, or to be reviewed
            label, score = tr("Nothing there"), None
        else:
            self._add_box(scene, outcome)
            label, score = value.get("class") or tr("no class could be read"), value.get("score")
        self.card.show_answer(label, score, note, value.get("raw_text") or "", demonstration)

    def _demonstrated(self, outcome: Outcome) -> bool:
        """Whether a demonstration model has answered; whoever shows its answers hears of it."""
        told = json.loads(outcome.results.get("SUMMARY") or "{}")
        demonstration = is_demonstration(told)
        self.demonstrated.emit(demonstration)
        return demonstration

    def _add_box(self, scene: tuple[str, str], outcome: Outcome) -> None:
        """Puts a classified box to the others of its scene, which share a layer."""
        found = outcome.layers.get("OUTPUT")
        features = list(found.getFeatures()) if found is not None else []
        before = QgsProject.instance().mapLayer(self._boxes.get(scene[0], ""))
        if before is not None and features and before.crs() == found.crs():
            for feature in features:
                feature.setId(-1)
            before.dataProvider().addFeatures(features)
            before.updateExtents()
            before.triggerRepaint()
            note_rows(before)
        elif features:
            boxes = add_results(outcome, scene[1], tr("classified boxes"), scene[0])["OUTPUT"]
            self._boxes[scene[0]] = boxes.id()

    def ask(self, question: str, form: SceneForm) -> None:
        """Asks about the scene, or the part chosen in the form."""
        layer = form.layer
        if layer is None:
            self.messages.error(tr("No scene to ask about: choose a SAR layer first."))
            return
        parameters = {"INPUT": layer.id(), "QUESTION": question, "OUTPUT": destination()}
        parameters["ENGINE"] = with_words(form.engine)
        try:
            extent = part_of_form(self.iface, form, layer)
        except Refused as why:
            self.messages.error(str(why))
            return
        if extent is not None:
            parameters["EXTENT"] = extent
        self.asking.emit(True)
        name = layer.name()
        self._start(Run("fusar:ask_scene", parameters, self), lambda outcome: self._told(question, name, outcome))

    def _told(self, question: str, scene_name: str, outcome: Outcome) -> None:
        self.asking.emit(False)
        if not outcome.ok:
            if not outcome.cancelled:
                self.answered.emit(question, what_failed(outcome), "")
                self.failed.emit(outcome)
            return
        title = question if len(question) <= LONGEST_TITLE else f"{question[: LONGEST_TITLE - 1]}…"
        self.messages.clear_errors()
        layer = add_results(outcome, scene_name, title).get("OUTPUT")
        rows = [attributes(f) for f in layer.getFeatures()] if layer is not None else []
        words = _in_words([(r["chip"], r.get("answer") or _unread(r)) for r in rows])
        first = rows[0] if rows else {}
        said = [first.get("scene"), first.get("engine"), first.get("model")]
        said += [tr("demonstration model")] if self._demonstrated(outcome) else []
        note = " · ".join(str(v) for v in said if v)
        self.answered.emit(question, words or tr("The engine gave no answer."), note)

    def _start(self, run: Run, then) -> None:
        self._runs.append(run)

        def ended(outcome: Outcome) -> None:
            self._runs.remove(run)
            if not self._disposed:
                then(outcome)

        run.ended.connect(ended)
        run.start()

    def dispose(self) -> None:
        """Takes the card away and hears of no answer any more, for unloading."""
        self._disposed = True
        if self.card is not None:
            self.iface.mapCanvas().removeEventFilter(self.card)
            self.card.deleteLater()
            self.card = None


def with_words(engine: str) -> str:
    """The engine for boxes and questions: the one chosen, unless it only finds targets."""
    return settings.speaker() if manager.finds_only(engine) else engine


def _unread(row: dict) -> str:
    """What a chip's row says whose answer could not be read: why, and the words."""
    return f"({row.get('parse_status') or ''}) {row.get('raw_text') or ''}".replace("_", " ").strip()


def _in_words(answers: list[tuple[str, str]]) -> str:
    """The answers of chips, given as (chip, answer): what several say is said once, with how many say it."""
    said = Counter(answer for _, answer in answers)
    if len(answers) < 2:
        return "".join(said)
    if len(said) == len(answers):
        return "\n".join(f"{chip}: {answer}" for chip, answer in answers)
    share = tr("{answer} ({n} of {all} chips)")
    return "\n".join(share.format(answer=answer, n=n, all=len(answers)) for answer, n in said.most_common())
