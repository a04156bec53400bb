"""Single questions about a scene: to which class a box belongs, or anything in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace

from fusar_core.domain.answers import Answer, Request
from fusar_core.domain.chips import Chip
from fusar_core.domain.tiling import ChipWindow, Window, partition
from fusar_core.engines import require
from fusar_core.engines.base import Answers, Engine, Hooks, usable
from fusar_core.errors import BadOption
from fusar_core.interpretation.interpret import warnings_of
from fusar_core.interpretation.result import Inquiry, SceneAnswer, no_room_to_think
from fusar_core.interpretation.scope import Scope, Watch
from fusar_core.scenes.scene import SarScene
from fusar_core.tasks import ASK, CLASSIFY

SURROUNDINGS = 1.25
"""A target larger than a chip is shown in a chip that many times its longer side."""


def classify_box(
    scene: SarScene, engine: Engine, box: Window, scope: Scope = Scope(classes=()), watch: Watch = Watch()
) -> Answer:
    """To which of the classes the target in a box belongs: the answer's value is one of them, or None.

    box: scene pixels, e.g. of `scene.extent_window`. It is shown in the middle of a chip as far as the scene reaches.
    scope: its classes are those to choose from, all that the engine knows when empty; its prior is used. An engine that
    is `confined` sees no more of the surroundings than its extent.

    Raises UnsupportedTask, UnknownClass, BadOption for a single class, and what reading and the engine may raise.
    """
    names = list(scope.classes) or sorted(engine.classes)
    require(engine, (CLASSIFY,), names)
    if len(set(names)) < 2:
        raise BadOption(f"Between {', '.join(names)} alone there is nothing to choose.", "Give two classes or more.")
    size, _ = engine.tiling(scene.grid.pixel_size_m)
    side = max(size, math.ceil(SURROUNDINGS * max(box.height, box.width)))
    window = _around(box, side, scene.extent)
    chip = _chip(scene, engine, ChipWindow(0, window, window), scope)
    x, y = box.col - window.col, box.row - window.row
    inside = (float(x), float(y), float(x + box.width), float(y + box.height))
    with closing(engine.answer([Request(chip, (CLASSIFY,), names, box=inside)], Hooks(watch.cancelled))) as answers:
        return next(answers)


def ask(scene: SarScene, engine: Engine, question: str, scope: Scope = Scope(), watch: Watch = Watch()) -> Answers:
    """What the engine says to a question about the scene or an extent of it: one answer for each chip with data.

    scope: its extent, cut into chips side by side where it is larger than one, and its prior are used.

    Raises UnsupportedTask, BadOption for an empty question, and what reading and the engine may raise.
    """
    require(engine, (ASK,), ())
    size, _ = engine.tiling(scene.grid.pixel_size_m)
    part = scope.extent or scene.extent
    where = [w for w in partition(part, size) if scene.has_data(w.window)]
    chips = (_chip(scene, engine, w, scope) for w in where)
    requests = (Request(c, (ASK,), (), question=question) for c in chips if c.valid.any())
    yield from engine.answer(requests, Hooks(watch.cancelled, watch.on_text))


def inquiry_of(scene: SarScene, engine: Engine, scope: Scope, answers: Sequence[Answer], question: str = "") -> Inquiry:
    """What the answers to a question are published with. scope: with the extent, or box, that was asked about."""
    scope = replace(scope, prior=usable(engine, scope.prior))
    return Inquiry(
        scene=scene,
        extent=scope.extent or scene.extent,
        engine=engine.name,
        model=engine.model,
        tasks=tuple(dict.fromkeys(a.task for a in answers)),
        classes=scope.classes,
        prior=scope.prior,
        settings=engine.report(scene.grid.pixel_size_m).provenance,
        warnings=(*warnings_of(scene, engine, scope), *no_room_to_think(answers)),
        demonstration=engine.demonstration,
        answers=[SceneAnswer.of_chip(a, question.strip()) for a in answers],
    )


def _around(box: Window, side: int, extent: Window) -> Window:
    """A square around a box, moved to lie inside the extent as far as that is large enough."""

    def start(middle: float, length: int) -> int:
        return max(0, min(round(middle - side / 2), length - side))

    row = start(box.row + box.height / 2, extent.height)
    return Window(row, start(box.col + box.width / 2, extent.width), side, side)


def _chip(scene: SarScene, engine: Engine, where: ChipWindow, scope: Scope) -> Chip:
    chip, prior = scene.chip(where), usable(engine, scope.prior)
    if engine.confined:
        chip = chip.inside(scope.extent or scene.extent)
    return replace(chip, anchors=prior.for_chip(scene.grid, where.window)) if prior else chip
