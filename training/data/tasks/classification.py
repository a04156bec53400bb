"""Classification in training: every target on a chip is asked about, among classes or among kinds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from fusar_core.errors import BadOption
from fusar_core.tasks.base import Subject
from fusar_core.tasks.classification import Classification
from training.data.ceiling import best_class
from training.data.tasks.base import HINT, IN_QUESTION, Asking, Labelled, TrainedTask
from training.data.triplets import Box, Conversation, Target, Triplet
from training.data.truth import clip
from training.errors import BadTriplet


def options_said(talks: Sequence[Conversation]) -> tuple[str, ...] | None:
    """The classes that conversations offer to choose from; None where none asks for one."""
    return next((talk.options for talk in talks if talk.task == Classification.name), None)


class TrainedClassification(TrainedTask):
    boxes_in: ClassVar[str] = IN_QUESTION

    def conversations(self, chip: Labelled, asking: Asking) -> list[Conversation]:
        """Of every target on the chip, which of the options it is; nothing where there is no choice."""
        targets, size, _ = chip
        options = tuple(asking.options or asking.classes)
        talks: list[Conversation] = []
        for target in targets if len(options) > 1 else ():
            box = clip(target.bbox, size)
            name = target.kind if target.kind in options else target.label
            if box is not None and name in options:
                subject = Subject(size, classes=options, box=box)
                question, answer = self.task.prompt(subject), self.task.write(name, subject)
                talks.append(Conversation(self.task.name, question, answer, target.label, options, box))
        return talks

    def lacks(self, talk: Conversation) -> str:
        missing = talk.box is None or not talk.options
        return "box and options say what is asked about, and one is missing" if missing else ""

    def expected(self, triplet: Triplet, talk: Conversation) -> list[str]:
        there = [t for t in triplet.targets if _apart(clip(t.bbox, triplet.size), talk.box) < 0.5]
        return [name for t in there for name in (t.kind, t.label) if name in talk.options]

    def resized(self, talk: Conversation, triplet: Triplet, anew: Triplet, box_step: int) -> Conversation:
        """The question is asked again about the box in the new pixels."""
        if talk.box is None or talk.question != self.task.prompt(self.subject(talk, triplet.size)):
            raise BadTriplet(
                f"Triplet {triplet.id}: the question '{talk.question}' cannot be asked again in other pixels.", HINT
            )
        along, down = anew.size[0] / triplet.size[0], anew.size[1] / triplet.size[1]
        x1, y1, x2, y2 = talk.box
        scaled = replace(talk, box=(x1 * along, y1 * down, x2 * along, y2 * down))
        return replace(scaled, question=self.task.prompt(self.subject(scaled, anew.size)))

    def holds(self, turn: int) -> bool:
        """Which classes a target may be of, in every turn."""
        return True

    def ceiling(self, triplet: Triplet, label: str, box: Sequence[float] | None) -> float | None:
        return None if box is None else best_class(triplet, box)


class TrainedFineClassification(TrainedClassification):
    def choices(self, classes: Sequence[str], kinds: Sequence[str]) -> tuple[str, ...]:
        if len(kinds) < 2:
            named = ", ".join(kinds) or "no target has one"
            raise BadOption(f"There is no choice of kinds: {named}.", f"Leave out {self.task.name}.")
        return tuple(kinds)

    def name_of(self, target: Target) -> str:
        return target.kind

    def ceiling(self, triplet: Triplet, label: str, box: Sequence[float] | None) -> None:
        return None


def _apart(one: Box | None, other: Box | None) -> float:
    """Pixels by which the sides of two boxes differ at the most."""
    if one is None or other is None:
        return math.inf
    return max(abs(a - b) for a, b in zip(one, other, strict=True))
