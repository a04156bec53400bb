"""Single questions about a scene: to which class a box belongs, or anything in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import closing

from fusar_core.domain.answers import Answer, Request
from fusar_core.domain.chips import Chip
from fusar_core.domain.tiling import ChipWindow, Window, partition
from fusar_core.engines import require
from fusar_core.engines.base import NO_HOOKS, Answers, Engine, Hooks, usable
from fusar_core.errors import BadOption
from fusar_core.prior.anchors import AnchorSampler
from fusar_core.scenes.scene import SarScene
from fusar_core.tasks import ASK, CLASSIFY

SURROUNDINGS = 1.25
"""A target larger than a chip is shown in a chip that many times its longer side."""


def classify_box(
    scene: SarScene,
    engine: Engine,
    box: Window,
    classes: Sequence[str] = (),
    prior: AnchorSampler | None = None,
    extent: Window | None = None,
    hooks: Hooks = NO_HOOKS,
) -> Answer:
    """To which of the classes the target in a box belongs: the answer's value is one of them, or None.

    box: scene pixels, e.g. of `scene.extent_window`. It is shown in the middle of a chip as far as the scene reaches.
    classes: those to choose from; all that the engine knows when empty. extent: the part of the scene that is meant,
    all of it when None: an engine that is `confined` sees no more than that of the surroundings.

    Raises UnsupportedTask, UnknownClass, BadOption for a single class, and what reading and the engine may raise.
    """
    names = list(classes) or sorted(engine.classes)
    require(engine, (CLASSIFY,), names)
    if len(set(names)) < 2:
        raise BadOption(f"Between {', '.join(names)} alone there is nothing to choose.", "Give two classes or more.")
    size, _ = engine.tiling(scene.grid.pixel_size_m)
    side = max(size, math.ceil(SURROUNDINGS * max(box.height, box.width)))
    window = _around(box, side, scene.extent)
    chip = _chip(scene, engine, ChipWindow(0, window, window), extent or scene.extent, usable(engine, prior))
    x, y = box.col - window.col, box.row - window.row
    inside = (float(x), float(y), float(x + box.width), float(y + box.height))
    with closing(engine.answer([Request(chip, (CLASSIFY,), names, box=inside)], hooks)) as answers:
        return next(answers)


def ask(
    scene: SarScene,
    engine: Engine,
    question: str,
    extent: Window | None = None,
    prior: AnchorSampler | None = None,
    hooks: Hooks = NO_HOOKS,
) -> Answers:
    """What the engine says to a question about the scene or an extent of it: one answer for each chip with data.

    extent: scene pixels; what is larger than a chip is cut into chips side by side.

    Raises UnsupportedTask, BadOption for an empty question, and what reading and the engine may raise.
    """
    require(engine, (ASK,), ())
    size, _ = engine.tiling(scene.grid.pixel_size_m)
    part = extent or scene.extent
    where = [w for w in partition(part, size) if scene.has_data(w.window)]
    chips = (_chip(scene, engine, w, part, usable(engine, prior)) for w in where)
    yield from engine.answer((Request(c, (ASK,), (), question=question) for c in chips if c.valid.any()), hooks)


def _around(box: Window, side: int, extent: Window) -> Window:
    """A square around a box, moved to lie inside the extent as far as that is large enough."""

    def start(middle: float, length: int) -> int:
        return max(0, min(round(middle - side / 2), length - side))

    row = start(box.row + box.height / 2, extent.height)
    return Window(row, start(box.col + box.width / 2, extent.width), side, side)


def _chip(scene: SarScene, engine: Engine, where: ChipWindow, extent: Window, prior: AnchorSampler | None) -> Chip:
    chip = scene.chip(where)
    if engine.confined:
        chip = chip.inside(extent)
    if prior:
        chip.anchors = prior.for_chip(scene.grid, where.window)
    return chip
