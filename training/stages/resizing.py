"""A chip at the pixels that the model sees, and what is said about it in those pixels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from PIL import Image

from fusar_core.engines.dialogue import fitted
from training.data.tasks import trained
from training.data.triplets import Box, Triplet


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
    talks = (trained(talk.task).resized(talk, triplet, anew, box_step) for talk in triplet.conversations)
    return replace(anew, conversations=tuple(talks))
