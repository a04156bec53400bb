"""A chip at the pixels that the model sees, and what is said about it in those pixels."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from PIL import Image

from fusar_core.engines.dialogue import fitted
from fusar_core.tasks import CLASSIFY, DETECT, classification, detection
from fusar_core.tasks.reading import plain, says_none
from training.data.triplets import Box, Conversation, Triplet
from training.data.truth import boxes_of, written
from training.errors import BadTriplet

_BOX = re.compile(r"[\[(]\s*" + r"\s*,\s*".join([r"-?\d+(?:\.\d+)?"] * 4) + r"\s*[\])]")
HINT = "Build the triplets with chips of the size that the recipe trains on."


def resized_image(image: npt.NDArray[np.uint8], size: int) -> npt.NDArray[np.uint8]:
    """(H, W) → (size, size), bicubic as the engine does it."""
    return image if image.shape == (size, size) else np.asarray(fitted(Image.fromarray(image), size))


def resized_truth(triplet: Triplet, size: int, box_step: int = 1) -> Triplet:
    """Targets and conversations in pixels of the chip at size × size.

    Boxes are said anew from the targets, on a grid of box_step pixels. Raises BadTriplet where a conversation speaks of
    pixels in another way, or of boxes that no target has.
    """
    if triplet.size == (size, size):
        return triplet
    along, down = size / triplet.size[0], size / triplet.size[1]

    def scaled(box: Box) -> Box:
        return box[0] * along, box[1] * down, box[2] * along, box[3] * down

    targets = tuple(replace(t, bbox=scaled(t.bbox)) for t in triplet.targets)
    anew = replace(triplet, targets=targets, size=(size, size), window=None)
    talks = []
    for talk in triplet.conversations:
        if talk.task == DETECT:
            talk = _detected(anew, talk, size, box_step)
        elif talk.task == CLASSIFY:
            talk = _classified(triplet, talk, None if talk.box is None else scaled(talk.box))
        elif _BOX.search(talk.question) or _BOX.search(talk.answer):
            raise BadTriplet(
                f"Triplet {triplet.id}: {talk.task} speaks of pixels of a {triplet.size[0]} × {triplet.size[1]} chip, "
                f"which is shown at {size} × {size}.",
                HINT,
            )
        talks.append(talk)
    return replace(anew, conversations=tuple(talks))


def _detected(anew: Triplet, talk: Conversation, size: int, box_step: int) -> Conversation:
    boxes = written(boxes_of(anew.targets, talk.label, anew.size), anew.size, box_step)
    if not boxes and not says_none(plain(talk.answer)):
        raise BadTriplet(
            f"Triplet {anew.id}: the boxes of '{talk.label}' have no targets from which they could be said again at "
            f"{size} × {size} pixels.",
            HINT,
        )
    return replace(talk, answer=detection.write(boxes, talk.label))


def _classified(triplet: Triplet, talk: Conversation, box: Box | None) -> Conversation:
    if box is None or talk.box is None or talk.question != classification.prompt(talk.box, talk.options):
        raise BadTriplet(
            f"Triplet {triplet.id}: the question '{talk.question}' cannot be asked again in other pixels.", HINT
        )
    return replace(talk, question=classification.prompt(box, talk.options), box=box)
