"""Detection in training: boxes on a grid of pixels, in the order in which a model sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from fusar_core.tasks.reading import says_none, simplified
from training.data.tasks.base import HINT, IN_ANSWER, TrainedTask
from training.data.triplets import Box, Conversation, Triplet
from training.data.truth import Size, boxes_of, written
from training.errors import BadTriplet

COARSEST_STEP = 16
"""Pixels: the coarsest grid that coordinates of an answer may lie on."""


class TrainedDetection(TrainedTask):
    boxes_in: ClassVar[str] = IN_ANSWER

    def answer_value(self, boxes: Sequence[Box], size: Size, box_step: int) -> list[Box]:
        return written(boxes, size, box_step)

    def expected(self, triplet: Triplet, talk: Conversation) -> list[str]:
        """One answer for each grid that boxes may be rounded to."""
        boxes, subject = boxes_of(triplet.targets, talk.label, triplet.size), self.subject(talk, triplet.size)
        steps = range(1, COARSEST_STEP + 1)
        return [self.task.write(written(boxes, triplet.size, step), subject) for step in steps]

    def resized(self, talk: Conversation, triplet: Triplet, anew: Triplet, box_step: int) -> Conversation:
        """Boxes are said anew from the targets."""
        boxes = written(boxes_of(anew.targets, talk.label, anew.size), anew.size, box_step)
        if not boxes and not says_none(simplified(talk.answer)):
            raise BadTriplet(
                f"Triplet {anew.id}: the boxes of '{talk.label}' have no targets from which they could be said again "
                f"at {anew.size[0]} × {anew.size[1]} pixels.",
                HINT,
            )
        return replace(talk, answer=self.task.write(boxes, self.subject(talk, anew.size)))
