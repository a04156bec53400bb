"""The images of a COCO data set as labelled chips: one task, asked about each class of every image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fusar_core.domain.answers import Box
from fusar_core.domain.chips import Chip
from fusar_core.engines import require
from fusar_core.engines.base import Engine
from fusar_core.errors import BadOption, UnknownClass, UnsupportedTask
from fusar_core.evaluation.cases import Case, CaseRequest, whole_chip
from fusar_core.evaluation.coco import CocoDataset, LabelledImage
from fusar_core.scoring.clutter import bright_fraction, clutter_group
from fusar_core.scoring.detection import areas, clip_boxes
from fusar_core.tasks import TASKS, VARIANTS, questions, require_known, to_ask, told_by_boxes


class CocoCases:
    """Every image of a data set, whole and as it is; an image is a place of its own.

    classes: categories of the data set; all of them when None. Targets without area inside their image are left out.
    Tasks that the engine derives from its detections are derived here likewise.

    Raises UnknownTask, UnsupportedTask, UnknownClass, BadOption.
    """

    def __init__(self, dataset: CocoDataset, engine: Engine, task: str, classes: Sequence[str] | None = None) -> None:
        self.dataset, self.task = dataset, task
        self.classes = tuple(dict.fromkeys(dataset.categories if classes is None else classes))
        self._check(engine)
        self._asked = to_ask((task,), engine.derived)
        self._bright: dict[int, float] = {}

    def _check(self, engine: Engine) -> None:
        told = told_by_boxes()
        if self.task not in told and (self.task in TASKS or self.task in VARIANTS):
            raise UnsupportedTask(
                f"COCO boxes do not tell what is true of '{self.task}'.",
                "Use python -m training.evaluate with triplets.",
            )
        require_known((self.task,), told)
        if not self.classes:
            raise BadOption("No class was given, and the data set has none.", "Name at least one class.")
        for label in self.classes:
            if label not in self.dataset.categories:
                known = ", ".join(self.dataset.categories)
                raise UnknownClass(f"The data set has no category '{label}'.", f"It has: {known}.")
        require(engine, (self.task,), self.classes)

    def __len__(self) -> int:
        return len(self.dataset.images)

    def requests(self, index: int) -> Sequence[CaseRequest]:
        """One request a chip: the task, or detection where it follows from that, for every class."""
        image = self.dataset.images[index]
        cases = tuple((self._case(image, label),) for _, label in questions(self._asked, self.classes))
        return (CaseRequest(self._asked, self.classes, cases),)

    def _case(self, image: LabelledImage, label: str) -> Case:
        size = image.width, image.height
        truth = TASKS[self.task].truth(_boxes(image, label), size)
        return Case(image.name, image.name, self.task, label, truth, size)

    def chip(self, index: int) -> Chip:
        """The image as one chip. Raises BadDataset."""
        image = self.dataset.images[index]
        chip = whole_chip(index, image.pixels())
        self._bright[index] = bright_fraction(chip.values, image.all_boxes())
        return chip

    def facts(self, index: int) -> Mapping[str, Any]:
        """Share of bright pixels beside the targets, and the group of clutter it means (see `scoring.clutter`)."""
        if index not in self._bright:  # an engine that gives up is scored on all images all the same
            self.chip(index)
        bright = self._bright[index]
        return {"group": clutter_group(bright), "bright": round(bright, 4)}


def _boxes(image: LabelledImage, label: str) -> list[Box]:
    """The boxes of a class cut to the image, without those that have no area there."""
    clipped = clip_boxes(image.boxes.get(label, []), image.width, image.height)
    return [(x1, y1, x2, y2) for x1, y1, x2, y2 in clipped[areas(clipped) > 0].tolist()]
