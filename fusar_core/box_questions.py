"""Questions about a part of a scene that a person points at: the class of what is in a box, and free questions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fusar_core.anchors import AnchorSampler
from fusar_core.engines.base import Answer, Detection, Engine, Request
from fusar_core.errors import BadOption, Cancelled, SceneEmpty, UnsupportedTask
from fusar_core.features import feature_tables
from fusar_core.interpretation import Interpretation, SceneAnswer, chip_name
from fusar_core.merging import Target
from fusar_core.scene import SarScene
from fusar_core.schema import FeatureTable
from fusar_core.tasks import DETECT
from fusar_core.tiling import ChipWindow, Window, partition

CLASSIFY, ASK = "classify", "ask"


def classify(
    scene: SarScene, engine: Engine, box: Window, classes: Sequence[str] = (), prior: AnchorSampler | None = None
) -> tuple[FeatureTable, tuple[str, ...]]:
    """Of which class the target in a box is: the box as one detection, and warnings.

    box: scene pixels. classes: to choose from; all that the engine knows when none are given. The engine is shown one
    chip of its size around the box, with its anchors where there is a prior. A class that could not be read from the
    answer is empty, with its parse_status.

    Raises UnsupportedTask, SceneEmpty, and what the engine raises.
    """
    _check(engine, CLASSIFY)
    chip = _read(scene, _around(box, engine.tiling(scene.grid.pixel_size_m)[0], scene.extent))
    if prior:
        chip.anchors = prior.for_chip(scene.grid, chip.where.window)
    where = chip.where.window
    corner = box.col - where.col, box.row - where.row
    extra: dict[str, Any] = {"box": (*corner, corner[0] + box.width, corner[1] + box.height)}
    names = tuple(classes) or tuple(sorted(engine.classes))
    answer = _first(engine, Request(chip, (CLASSIFY,), names, **extra))
    label = answer.value if isinstance(answer.value, str) else ""
    corners = ((box.col, box.row), (box.right, box.row), (box.right, box.bottom), (box.col, box.bottom))
    detection = Detection(label, answer.score or 0.0, corners)
    target = Target(detection, chip.where, answer.prompt, answer.raw_text, answer.parse_status)
    table = feature_tables(_result(scene, engine, box, [target], [], prior))[0]
    table.rows[0].update({"task": CLASSIFY, "score": answer.score})
    return table, _warnings(scene, engine, prior)


def ask(
    scene: SarScene,
    engine: Engine,
    extent: Window,
    question: str,
    prior: AnchorSampler | None = None,
    *,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[FeatureTable, tuple[str, ...]]:
    """The answers to a question in words, one for each chip of the extent that holds data, and warnings.

    extent: scene pixels. Raises UnsupportedTask, BadOption for an empty question, SceneEmpty, Cancelled.
    """
    _check(engine, ASK)
    if not question.strip():
        raise BadOption("The question is empty.", 'Ask something, e.g. "Is this a harbour?".')
    size = engine.tiling(scene.grid.pixel_size_m)[0]
    chips = [c for c in partition(extent, size) if scene.has_data(c.window)]
    extra: dict[str, Any] = {"question": question.strip()}
    answers = []
    for done, where in enumerate(chips):
        if cancelled():
            raise Cancelled("Stopped by the user.")
        on_progress(done, len(chips))
        chip = scene.chip(where)
        if chip.valid.any():
            if prior:
                chip.anchors = prior.for_chip(scene.grid, where.window)
            answers.append(_first(engine, Request(chip, (ASK,), ("",), **extra)))
    on_progress(len(chips), len(chips))
    if not answers:
        raise SceneEmpty(f"{scene.name} holds no valid pixel in the wanted extent.", "Choose another extent or band.")
    told = [
        SceneAnswer(a.chip.keep, chip_name(a.chip.window), ASK, "", None, a.score, a.prompt, a.raw_text, a.parse_status)
        for a in answers
    ]
    table = feature_tables(_result(scene, engine, extent, [], told, prior))[2]
    for row, answer in zip(table.rows, answers, strict=True):
        words = answer.value if isinstance(answer.value, str) else ""
        row.update({"question": question.strip(), "answer": words})
    return table, _warnings(scene, engine, prior)


def _check(engine: Engine, task: str) -> None:
    if task not in engine.tasks:
        raise UnsupportedTask(
            f"The engine '{engine.name}' cannot do '{task}'.",
            f"It can do: {', '.join(sorted(engine.tasks))}. Choose a FUSAR-GPT model or a worker.",
        )


def _around(box: Window, size: int, extent: Window) -> ChipWindow:
    """A square of `size` pixels, or as large as the box, with the box in its middle and, where possible, all in the
    scene."""
    side = max(size, box.height, box.width)
    row = min(max(box.row + box.height // 2 - side // 2, 0), max(0, extent.height - side))
    col = min(max(box.col + box.width // 2 - side // 2, 0), max(0, extent.width - side))
    window = Window(row, col, side, side)
    return ChipWindow(0, window, window.intersection(extent) or window)


def _read(scene: SarScene, where: ChipWindow) -> Any:
    chip = scene.chip(where)
    if not chip.valid.any():
        raise SceneEmpty(f"{scene.name} holds no valid pixel there.", "Draw the box on the image.")
    return chip


def _first(engine: Engine, request: Request) -> Answer:
    return next(iter(engine.answer([request])))


def _warnings(scene: SarScene, engine: Engine, prior: AnchorSampler | None) -> tuple[str, ...]:
    tell = getattr(engine, "warnings", None)
    return (*(tell(scene.grid.pixel_size_m) if tell else ()), *(prior.warnings if prior else ()))


def _result(
    scene: SarScene,
    engine: Engine,
    extent: Window,
    targets: list[Target],
    answers: list[SceneAnswer],
    prior: AnchorSampler | None,
) -> Interpretation:
    about = engine.name, engine.model, (DETECT,), ()
    return Interpretation(scene, extent, *about, targets, answers, 1, 0.0, tuple(scene.warnings), prior)
