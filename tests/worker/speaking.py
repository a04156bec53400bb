"""A model made of a few lines, for tests without one: it says what the pixels say. The same words come from a server
(`behave`) and from an engine in this process (`InProcess`), so that the two can be compared answer by answer."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from openai_server import Seen

from fusar_core.domain.answers import Request
from fusar_core.domain.chips import Chip
from fusar_core.domain.radiometry import Kind, Radiometry
from fusar_core.domain.tiling import ChipWindow, Window
from fusar_core.engines import dialogue
from fusar_core.engines.base import NO_HOOKS, Answers, Engine, EngineInfo, Hooks
from fusar_core.tasks import TASKS, detection

SIZE = 112
BRIGHT = 250
LEAST = 20  # pixels; less is speckle


def words(image: np.ndarray, prompt: str, anchors: Any = None) -> str:
    """What the model says: boxes around bright blobs, their number, cells, or a digest of what it was shown."""
    from scipy import ndimage

    labels, count = ndimage.label(image >= BRIGHT)
    sizes = ndimage.sum_labels(labels > 0, labels, range(1, count + 1))
    places = [s for s, size in zip(ndimage.find_objects(labels), sizes, strict=True) if size >= LEAST]
    found = [(s[1].start, s[0].start, s[1].stop, s[0].stop) for s in places]
    if "JSON" in prompt:
        return detection.write(found, prompt.split("category ")[1].split()[0])
    if prompt.startswith("Count"):
        return str(len(found))
    if "3 × 3" in prompt:
        side = image.shape[0] / 3
        cells = {1 + int((x1 + x2) / 2 / side) + 3 * int((y1 + y2) / 2 / side) for x1, y1, x2, y2 in found}
        return ", ".join(map(str, sorted(cells))) or "None"
    if "Which category" in prompt:
        return "ship" if found else "plane"
    digest = hashlib.sha256(image.tobytes() + prompt.encode())
    if anchors is not None:
        digest.update(np.ascontiguousarray(anchors["features"], np.float32).tobytes())
    return f"Seen {digest.hexdigest()[:12]}."


def behave(seen: Seen) -> str:
    return words(seen.image, seen.prompt, seen.anchors)


class InProcess(Engine):
    """The model behind the engine protocol, as an engine on this computer would have it."""

    info = EngineInfo(
        "worker",
        "says what the pixels say",
        tasks=frozenset(TASKS),
        classes=frozenset({"plane", "ship"}),
        takes_prior=True,
        chip_size=SIZE,
    )
    model = "nano"

    def answer(self, requests: Iterable[Request], hooks: Hooks = NO_HOOKS) -> Answers:
        for request in requests:
            chip = request.chip
            image = np.asarray(dialogue.picture(chip, SIZE))
            anchors = None if chip.anchors is None else {"features": chip.anchors.features}
            for query in dialogue.queries(request, SIZE):
                text = words(image, query.prompt, anchors)
                yield dialogue.answer(query, text, lambda span: math.exp(-0.1))


def chip(seed: int = 0, *, side: int = SIZE, bright: int = 3, anchors: Any = None) -> Chip:
    """Dark speckle with some bright boxes; the seed is its place in the scene."""
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 100, (side, side)).astype(np.uint8)
    for y, x in rng.integers(0, side - 8, (bright, 2)):
        image[y : y + 4, x : x + 7] = 255
    window = Window(0, side * seed, side, side)
    radiometry = Radiometry(Kind.UINT8, "made", False, None, "passed through")
    valid = np.ones(image.shape, bool)
    return Chip(ChipWindow(seed, window, window), image, valid, radiometry, (10.0, 10.0), anchors=anchors)
