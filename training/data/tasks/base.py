"""What training knows of a task beside `fusar_core.tasks`: how chips are asked about it, and what their truth allows.

Every task has what stands here; one that needs more has a subclass in this folder and its line in `TRAINED`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from fusar_core.tasks.base import Subject, Task
from training.data.triplets import Box, Conversation, Target, Triplet
from training.data.truth import Size, boxes_of
from training.errors import BadTriplet

Labelled = tuple[Sequence[Target], Size, Mapping[str, Any]]
"""Targets, (width, height) in pixels, and facts of a chip."""

IN_QUESTION, IN_ANSWER = "question", "answer"
HINT = "Build the triplets with chips of the size that the recipe trains on."

_BOX = re.compile(r"[\[(]\s*" + r"\s*,\s*".join([r"-?\d+(?:\.\d+)?"] * 4) + r"\s*[\])]")


@dataclass(frozen=True)
class Asking:
    """How conversations are made; see `training.data.instructions.instructions`."""

    rng: np.random.Generator
    classes: Sequence[str]
    negatives: float = 1.0
    box_step: int = 1
    options: Sequence[str] | None = None
    description: str | None = None


class TrainedTask:
    """What holds of a task unless it says otherwise: its own words, and the truth that boxes tell.

    boxes_in: which of question and answer says boxes in absolute pixels, empty for neither.
    """

    boxes_in: ClassVar[str] = ""

    def __init__(self, task: Task) -> None:
        self.task = task

    def subject(self, talk: Conversation, size: Size) -> Subject:
        """What a conversation is about."""
        return Subject(size, talk.label, talk.options, talk.box, talk.question)

    # -- conversations -------------------------------------------------------------------------------------------------

    def conversations(self, chip: Labelled, asking: Asking) -> list[Conversation]:
        """The true conversations about a chip: one a class, absent ones now and then; none where boxes do not tell."""
        targets, size, _ = chip
        talks: list[Conversation] = []
        for label in asking.classes if self.task.per_class else ():
            boxes = boxes_of(targets, label, size)
            if boxes or asking.rng.random() < asking.negatives:
                said = self.answer_value(boxes, size, asking.box_step)
                if said is not None:
                    subject = Subject(size, label)
                    talks.append(
                        Conversation(self.task.name, self.task.prompt(subject), self.task.write(said, subject), label)
                    )
        return talks

    def answer_value(self, boxes: Sequence[Box], size: Size, box_step: int) -> Any:
        """The true value as answers say it, coordinates on a grid of box_step pixels; None where boxes do not tell."""
        return self.task.truth(boxes, size)

    def lacks(self, talk: Conversation) -> str:
        """What a conversation does not say of what it is about; empty when nothing is missing."""
        return "no label says which class is asked about" if self.task.per_class and not talk.label else ""

    def expected(self, triplet: Triplet, talk: Conversation) -> list[str] | None:
        """The answers that the targets allow; None where they do not tell."""
        if not self.task.per_class:
            return None
        said = self.answer_value(boxes_of(triplet.targets, talk.label, triplet.size), triplet.size, 1)
        return None if said is None else [self.task.write(said, self.subject(talk, triplet.size))]

    def resized(self, talk: Conversation, triplet: Triplet, anew: Triplet, box_step: int) -> Conversation:
        """A conversation about a triplet in pixels of `anew`, the same chip at another size.

        Raises BadTriplet where it speaks of pixels in a way that cannot be said again.
        """
        if _BOX.search(talk.question) or _BOX.search(talk.answer):
            (width, height), (new_width, new_height) = triplet.size, anew.size
            raise BadTriplet(
                f"Triplet {triplet.id}: {talk.task} speaks of pixels of a {width} × {height} chip, "
                f"which is shown at {new_width} × {new_height}.",
                HINT,
            )
        return talk

    def holds(self, turn: int) -> bool:
        """Whether what a source says holds in a turn of the chip (0: as it was), and cannot be made anew."""
        return False

    # -- evaluation ----------------------------------------------------------------------------------------------------

    def truth(self, triplet: Triplet, label: str) -> Any:
        """What is true of a chip and a class, as rows of results hold it; None where nobody knows."""
        return self.task.truth(boxes_of(triplet.targets, label, triplet.size), triplet.size)

    def choices(self, classes: Sequence[str], kinds: Sequence[str]) -> tuple[str, ...]:
        """The names that a question about a box offers. Raises BadOption where there are none to choose from."""
        return tuple(classes)

    def name_of(self, target: Target) -> str:
        """The true name of a target asked about."""
        return target.label

    def ceiling(self, triplet: Triplet, label: str, box: Sequence[float] | None) -> float | None:
        """Probability that a perfect reader of the image who knows no prior is right; None where nobody knows."""
        return None
