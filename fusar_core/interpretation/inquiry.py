"""Single questions about a scene: to which class a box belongs, or anything in words."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace

from fusar_core.domain.answers import Answer, Request
from fusar_core.domain.chips import Chip
from fusar_core.domain.schema import NOTHING
from fusar_core.domain.tiling import ChipWindow, Window, partition
from fusar_core.engines import require
from fusar_core.engines.base import Answers, Engine, Hooks, usable
from fusar_core.errors import BadOption, Cancelled, UnknownQuestion, UnsupportedTask
from fusar_core.interpretation.contrast import anything_in, reach
from fusar_core.interpretation.interpret import interpret, warnings_of
from fusar_core.interpretation.result import DERIVED, Inquiry, SceneAnswer, no_room_to_think
from fusar_core.interpretation.scene_questions import (
    HOW_MANY,
    SceneQuestion,
    scene_question,
    told_by_metadata,
    told_by_targets,
)
from fusar_core.interpretation.scope import Scope, Watch
from fusar_core.scenes.scene import SarScene
from fusar_core.tasks import ASK, CLASSIFY, finding
from fusar_core.tasks.reading import METADATA

OF_ANY_ENGINE = "when and where a scene was acquired, by which sensor, how large it is, how many targets it holds"
_NO_DIFFERENCE = {"a", "an", "the", "any", "some", "in", "on", "of", "this", "sar", "image", "scene", "picture", "here"}
SURROUNDINGS = 1.25
"""A target larger than a chip is shown in a chip that many times its longer side."""


def classify_box(
    scene: SarScene, engine: Engine, box: Window, scope: Scope = Scope(classes=()), watch: Watch = Watch()
) -> Answer:
    """To which of the classes the target in a box belongs: the answer's value is one of them, or None.

    No engine is asked about a box in which nothing stands out from its surroundings: its parse_status is `nothing`.

    box: scene pixels, e.g. of `scene.extent_window`. It is shown in the middle of a chip as far as the scene reaches.
    scope: its classes are those to choose from, all that the engine knows when empty; its sampler is used. An engine
    that is `confined` sees no more of the surroundings than its extent.

    Raises UnsupportedTask, UnknownClass, BadOption for a single class, and what reading and the engine may raise.
    """
    task, names = CLASSIFY, list(scope.classes) or sorted(engine.classes)
    require(engine, (task,), names)
    if len(set(names)) < 2:
        raise BadOption(f"Between {', '.join(names)} alone there is nothing to choose.", "Give two classes or more.")
    if nothing_in(scene, box):
        return Answer(ChipWindow(0, box, box), task, "", None, parse_status=NOTHING)
    size, _ = engine.tiling(scene.grid.pixel_size_m)
    side = max(size, math.ceil(SURROUNDINGS * max(box.height, box.width)))
    window = _around(box, side, scene.extent)
    chip = _chip(scene, engine, ChipWindow(0, window, window), scope)
    x, y = box.col - window.col, box.row - window.row
    inside = (float(x), float(y), float(x + box.width), float(y + box.height))
    with closing(engine.answer([Request(chip, (task,), names, box=inside)], Hooks(watch.cancelled))) as answers:
        return next(answers)


def nothing_in(scene: SarScene, box: Window) -> bool:
    """Whether a box (scene pixels) holds nothing that stands out from its surroundings; False where nobody can tell."""
    far = reach(box.height, box.width)
    around = Window(box.row - far, box.col - far, box.height + 2 * far, box.width + 2 * far)
    return (
        anything_in(scene.chip(ChipWindow(0, around, around)), (far, far, far + box.height, far + box.width)) is False
    )


def ask(scene: SarScene, engine: Engine, question: str, scope: Scope = Scope(), watch: Watch = Watch()) -> Answers:
    """What is said to a question about the scene or an extent of it: by metadata, by merged detections, or by the
    engine in its own words, one answer for each chip with data.

    scope: its extent, cut into chips side by side where it is larger than one, and its sampler are used.

    Raises UnsupportedTask, UnknownQuestion, BadOption for an empty question, and what reading and the engine may raise.
    """
    asked = scene_question(question, engine.classes)
    if asked is not None and asked.topic != HOW_MANY:
        yield _of_scene(scene.extent, told_by_metadata(scene, asked), METADATA)
    elif asked is not None and finding(engine.tasks):
        yield _counted(scene, engine, asked, scope, watch)
    else:
        yield from _said(scene, engine, question, scope, watch)


def _said(scene: SarScene, engine: Engine, question: str, scope: Scope, watch: Watch) -> Answers:
    """What the engine says itself, chip by chip."""
    try:
        require(engine, (ASK,), ())
    except UnsupportedTask as error:
        raise UnsupportedTask(error.message, f"{error.hint} Of any engine can be asked: {OF_ANY_ENGINE}.") from None
    question = worded(engine, question)
    size, _ = engine.tiling(scene.grid.pixel_size_m)
    part = scope.extent or scene.extent
    where = [w for w in partition(part, size) if scene.has_data(w.window)]
    chips = (_chip(scene, engine, w, scope) for w in where)
    requests = (Request(c, (ASK,), (), question=question) for c in chips if c.valid.any())
    yield from engine.answer(requests, Hooks(watch.cancelled, watch.on_text))


def worded(engine: Engine, question: str) -> str:
    """A question as the engine was trained on it, where it was trained on some questions only.

    Raises UnknownQuestion, naming those.
    """
    if not engine.questions or not question.strip():
        return question
    known = next((q for q in engine.questions if _essence(q) == _essence(question)), None)
    if known is None:
        raise UnknownQuestion(
            f"{engine.model} was not trained for the question '{question.strip()}', and its answer would mean nothing.",
            f"It can be asked: {' '.join(engine.questions)} And, as any engine: {OF_ANY_ENGINE}.",
        )
    return known


def _essence(question: str) -> list[str]:
    """The words of a question that make it another one: no articles, no plurals, nothing that means the image."""
    words = [w for w in re.findall(r"[^\W_]+", question.lower()) if w not in _NO_DIFFERENCE]
    return [{"are": "is"}.get(w, w[:-1] if len(w) > 3 and w.endswith("s") else w) for w in words]


def _counted(scene: SarScene, engine: Engine, asked: SceneQuestion, scope: Scope, watch: Watch) -> Answer:
    """How many targets there are, from the merged detections of an engine. Raises Cancelled."""
    scope = replace(scope, tasks=finding(engine.tasks), classes=asked.labels)
    result = interpret(scene, engine, scope, watch=replace(watch, on_text=None, on_targets=None))
    if not result.complete:
        raise Cancelled("Stopped while targets were counted.")
    ghosts = {n: sum(bool(t.detection.flags) for t in result.targets if t.detection.label == n) for n in asked.labels}
    who = f"{engine.name} {engine.model}".strip()
    told = [
        told_by_targets(label, count, ghosts[label], who, result.unread(), asked.chinese)
        for label, count in result.counts().items()
    ]
    return _of_scene(result.extent, " ".join(told), DERIVED)


def _of_scene(extent: Window, words: str, status: str) -> Answer:
    return Answer(ChipWindow(0, extent, extent), ASK, "", words, parse_status=status)


def speaker(engine: Engine, answers: Sequence[Answer]) -> tuple[str, str, bool]:
    """Who gave the answers: name, model, and whether that is a demonstration model; `metadata` where no engine did."""
    if answers and all(a.parse_status == METADATA for a in answers):
        return METADATA, "", False
    return engine.name, engine.model, engine.demonstration


def inquiry_of(scene: SarScene, engine: Engine, scope: Scope, answers: Sequence[Answer], question: str = "") -> Inquiry:
    """What the answers to a question are published with. scope: with the extent, or box, that was asked about."""
    name, model, demonstration = speaker(engine, answers)
    if name == METADATA:
        scope, settings, warnings = replace(scope, sampler=None), {}, tuple(scene.warnings)
    else:
        scope = replace(scope, sampler=usable(engine, scope.sampler))
        settings = engine.report(scene.grid.pixel_size_m).provenance
        warnings = (*warnings_of(scene, engine, scope), *no_room_to_think(answers))
    return Inquiry(
        scene=scene,
        extent=scope.extent or scene.extent,
        engine=name,
        model=model,
        tasks=tuple(dict.fromkeys(a.task for a in answers)),
        classes=scope.classes,
        prior=scope.sampler,
        settings=settings,
        warnings=warnings,
        demonstration=demonstration,
        answers=[SceneAnswer.of_chip(a, question.strip()) for a in answers],
    )


def _around(box: Window, side: int, extent: Window) -> Window:
    """A square around a box, moved to lie inside the extent as far as that is large enough."""

    def start(middle: float, length: int) -> int:
        return max(0, min(round(middle - side / 2), length - side))

    row = start(box.row + box.height / 2, extent.height)
    return Window(row, start(box.col + box.width / 2, extent.width), side, side)


def _chip(scene: SarScene, engine: Engine, where: ChipWindow, scope: Scope) -> Chip:
    chip, sampler = scene.chip(where), usable(engine, scope.sampler)
    if engine.confined:
        chip = chip.inside(scope.extent or scene.extent)
    return replace(chip, anchors=sampler.for_chip(scene.grid, where.window)) if sampler else chip
