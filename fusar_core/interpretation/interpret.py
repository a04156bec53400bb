"""The whole way from a scene to its interpretation: chips, an engine's answers, merged targets, counts, grids."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fusar_core import __version__
from fusar_core.domain.answers import Answer, Detection
from fusar_core.domain.tiling import CHIP_SIZE, ChipWindow, Window, partition
from fusar_core.engines.base import Engine, require, usable
from fusar_core.errors import BadOption, SceneEmpty
from fusar_core.interpretation.ambiguity import flag_ambiguities
from fusar_core.interpretation.chip_run import ChipRun, plan
from fusar_core.interpretation.journal import Journal
from fusar_core.interpretation.merging import Target, merge, to_scene
from fusar_core.prior.anchors import AnchorSampler
from fusar_core.scenes.scene import SarScene
from fusar_core.scenes.water import WaterMask
from fusar_core.tasks import TASKS, finding, require_known, scene_tasks, usual_tasks

DERIVED = "derived"
"""parse_status of an answer that was made from merged detections, not given by the engine."""

WHOLE_EXTENT = "scene"
"""Name that stands in place of a chip's for an answer about the whole extent."""


@dataclass(frozen=True)
class SceneAnswer:
    """An answer about a part of the scene.

    where: the part, in scene pixels. chip: its name, `scene` for the whole extent. value: as the task has it, e.g. int
    (count), frozenset of cells (locate) or words (describe); None when the engine's words could not be parsed.
    """

    where: Window
    chip: str
    task: str
    label: str
    value: Any
    score: float | None = None
    prompt: str = ""
    raw_text: str = ""
    parse_status: str = DERIVED


@dataclass(frozen=True)
class Interpretation:
    """What was found in a scene. Positions are scene pixels; `results.features` turns them into map features."""

    scene: SarScene
    extent: Window
    engine: str
    model: str
    tasks: tuple[str, ...]
    classes: tuple[str, ...]
    targets: list[Target]
    answers: list[SceneAnswer]
    chips: int
    seconds: float
    warnings: tuple[str, ...] = ()
    prior: AnchorSampler | None = None
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def aef_year(self) -> int | None:
        """Year of the AlphaEarth embeddings that the engine was given; None without a prior."""
        return self.prior.year_used if self.prior else None

    def counts(self) -> dict[str, int]:
        """Targets of each class without those that are flagged as ghosts."""
        return {c: sum(t.detection.label == c and not t.detection.flags for t in self.targets) for c in self.classes}

    def flagged(self) -> dict[str, int]:
        """How many targets carry each flag."""
        flags = [flag for t in self.targets for flag in t.detection.flags]
        return {flag: flags.count(flag) for flag in sorted(set(flags))}


def interpret(
    scene: SarScene,
    engine: Engine,
    *,
    tasks: Sequence[str] = usual_tasks(),
    classes: Sequence[str] = ("ship",),
    extent: Window | None = None,
    chip_overlap: int | None = None,
    water: WaterMask | None = None,
    prior: AnchorSampler | None = None,
    journal: Path | None = None,
    resume: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
    on_targets: Callable[[list[Target]], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Interpretation:
    """Interprets a scene, or the part of it inside `extent`, with bounded memory.

    extent: scene pixels, e.g. of `scene.extent_window`; the whole scene when None. chip_overlap: pixels; what the
    engine thinks best when None. water: where targets may lie. prior: gives every chip its spatio-temporal anchors (see
    `fusar_core.prior.opening.open_prior`) where the engine can use them. journal: file that keeps the answers of
    finished chips, with which `resume=True` takes up a run that was broken off; it is left in place, for the caller to
    remove once the result is safe.
    on_progress(done, total) and on_targets(new targets of a chip, not yet merged) are called after each chip;
    `cancelled` is asked before each.

    Raises UnknownTask, UnsupportedTask, UnknownClass, BadOption, SceneEmpty, ResumeMismatch, Cancelled, and what
    reading the scene may raise.
    """
    started = time.monotonic()
    extent = extent or scene.extent
    _check(engine, tasks, classes)
    prior = usable(engine, prior)
    size, overlap = engine.tiling(scene.grid.pixel_size_m)
    if chip_overlap is not None:
        overlap = chip_overlap
    if not 0 <= overlap < size:
        raise BadOption(f"A chip overlap of {overlap} px does not fit chips of {size} px.", f"Give 0 to {size - 1}.")
    steps = [s for s in plan(engine, tasks, extent, size, overlap) if scene.has_data(s.where.window)]
    if not steps:
        raise SceneEmpty(f"{scene.name} holds no data in the wanted extent.", "Choose another extent or band.")

    run = {
        "version": __version__,
        "scene": scene.fingerprint(),
        "radiometry": repr(scene.radiometry),
        "engine": [engine.name, engine.model],
        "tasks": list(tasks),
        "classes": list(classes),
        "extent": [extent.row, extent.col, extent.height, extent.width],
        "tiling": [size, overlap],
        "water": water.fingerprint() if water else None,
        "prior": [prior.source.name, prior.year_used, prior.n] if prior else None,
    }
    log = Journal(journal, run, resume=resume) if journal else None
    chip_run = ChipRun(scene, engine, steps, classes, extent, water, prior, log, cancelled)
    answers: list[Answer] = []
    seen: set[int] = set()
    try:
        for done, result in enumerate(chip_run.results(), 1):
            answers += result.answers
            seen.update(result.seen)
            if on_targets and (found := [t for a in result.answers for t in _targets(a)]):
                on_targets(found)
            if on_progress:
                on_progress(done, len(steps))
    finally:
        if log:
            log.close()
    if not seen:
        raise SceneEmpty(f"{scene.name} holds no valid pixel in the wanted extent.", "Choose another extent or band.")

    merged = merge([t for a in answers for t in _targets(a)], overlap)
    targets = [t for t in merged if extent.contains(*t.detection.centre)]  # chips may reach past a small extent
    checked = flag_ambiguities([t.detection for t in targets], scene.grid, scene.acquisition)
    targets = [replace(t, detection=d) for t, d in zip(targets, checked, strict=True)]
    seen_cells = [c for c in partition(extent) if c.index in seen]
    return Interpretation(
        scene=scene,
        extent=extent,
        engine=engine.name,
        model=engine.model,
        tasks=tuple(tasks),
        classes=tuple(classes),
        targets=targets,
        answers=[
            *(_own_answer(a) for a in answers if not TASKS[a.task].finds),
            *_derived_answers(engine, targets, tasks, classes, extent, seen_cells),
        ],
        chips=len(steps),
        seconds=time.monotonic() - started,
        warnings=(*scene.warnings, *(prior.warnings if prior else ()), *engine_warnings(engine, scene)),
        prior=prior,
        settings={"chip_size": size, "chip_overlap": overlap, **getattr(engine, "provenance", {})},
    )


def _check(engine: Engine, tasks: Sequence[str], classes: Sequence[str]) -> None:
    require_known(tasks, scene_tasks())
    if not tasks or not classes:
        raise BadOption("Nothing to do: no task or no class was given.", "Name at least one of each.")
    require(engine, tasks, classes)


def engine_warnings(engine: Engine, scene: SarScene) -> tuple[str, ...]:
    """What an engine with a model has to say about using it on this scene."""
    warnings = getattr(engine, "warnings", None)
    return tuple(warnings(scene.grid.pixel_size_m)) if warnings else ()


def chip_name(where: Window) -> str:
    """Name of a chip: the scene pixel of its top-left corner, e.g. `x1008y504`."""
    return f"x{where.col}y{where.row}"


def _targets(answer: Answer) -> list[Target]:
    if not TASKS[answer.task].finds:
        return []
    return [
        Target(to_scene(d, answer.chip), answer.chip, answer.prompt, answer.raw_text, answer.parse_status)
        for d in answer.value or []
    ]


def _own_answer(answer: Answer) -> SceneAnswer:
    return SceneAnswer(
        where=answer.chip.keep,
        chip=chip_name(answer.chip.window),
        task=answer.task,
        label=answer.label,
        value=answer.value,
        score=answer.score,
        prompt=answer.prompt,
        raw_text=answer.raw_text,
        parse_status=answer.parse_status,
    )


def _derived_answers(
    engine: Engine,
    targets: list[Target],
    tasks: Sequence[str],
    classes: Sequence[str],
    extent: Window,
    cells: list[ChipWindow],
) -> Iterator[SceneAnswer]:
    """Answers that follow from the merged targets: of the whole extent, and of each chip with data where the engine
    gives no answer of its own."""
    follow = [t for t in TASKS if t in tasks and not TASKS[t].finds and (finding(tasks) or t in engine.derived)]
    for label in classes:
        found = [t.detection for t in targets if t.detection.label == label]
        in_chip = _by_chip(found, extent)
        for task in follow:
            whole = _derived(task, label, extent, WHOLE_EXTENT, found)
            yield from whole
            for cell in cells if whole and task in engine.derived else []:
                yield from _derived(task, label, cell.keep, chip_name(cell.keep), in_chip.get(_place(cell, extent), []))


def _by_chip(found: list[Detection], extent: Window) -> dict[tuple[int, int], list[Detection]]:
    """(row, column) of a chip of the partition → the detections with their centre in it."""
    in_chip: dict[tuple[int, int], list[Detection]] = {}
    for detection in found:
        x, y = detection.centre
        key = int(y - extent.row) // CHIP_SIZE, int(x - extent.col) // CHIP_SIZE
        in_chip.setdefault(key, []).append(detection)
    return in_chip


def _place(cell: ChipWindow, extent: Window) -> tuple[int, int]:
    return (cell.keep.row - extent.row) // CHIP_SIZE, (cell.keep.col - extent.col) // CHIP_SIZE


def _derived(task: str, label: str, where: Window, chip: str, found: list[Detection]) -> list[SceneAnswer]:
    """The answer that follows from detections, none for a task that does not."""
    value = TASKS[task].derive(found, where)
    return [] if value is None else [SceneAnswer(where, chip, task, label, value)]
