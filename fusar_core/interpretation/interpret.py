"""The whole way from a scene to its interpretation: chips, an engine's answers, merged targets, counts, grids."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fusar_core import __version__
from fusar_core.domain.answers import Answer
from fusar_core.domain.tiling import partition
from fusar_core.engines import require
from fusar_core.engines.base import Engine, shown_only, usable
from fusar_core.errors import BadOption, Cancelled, SceneEmpty
from fusar_core.interpretation.ambiguity import flag_ambiguities
from fusar_core.interpretation.chip_run import ChipRun, StepResult, plan
from fusar_core.interpretation.derived import derived_answers
from fusar_core.interpretation.journal import Journal
from fusar_core.interpretation.merging import Target, merge, to_scene
from fusar_core.interpretation.result import Interpretation, SceneAnswer, chip_name
from fusar_core.interpretation.scope import Scope, Watch
from fusar_core.scenes.scene import SarScene
from fusar_core.tasks import TASKS, finding, require_known, scene_tasks, to_ask
from fusar_core.tasks.reading import TRUNCATED


def interpret(
    scene: SarScene,
    engine: Engine,
    scope: Scope = Scope(),
    *,
    journal: Path | None = None,
    resume: bool = False,
    watch: Watch = Watch(),
) -> Interpretation:
    """Interprets a scene, or the part of it that `scope` names, with bounded memory.

    journal: file that keeps the answers of finished chips, with which `resume=True` takes up a run that was broken off;
    it is left in place, for the caller to remove once the result is safe. When `watch` cancels, what was found until
    then comes back, merged, with `complete=False`.

    Raises UnknownTask, UnsupportedTask, UnknownClass, BadOption, SceneEmpty, ResumeMismatch, and what reading the scene
    may raise.
    """
    started = time.monotonic()
    check_scope(engine, scope)
    scope = replace(scope, extent=scope.extent or scene.extent, sampler=usable(engine, scope.sampler))
    size, overlap = _tiling(scene, engine, scope.chip_overlap)
    steps = [s for s in plan(engine, scope, size, overlap) if scene.has_data(s.where.window)]
    if not steps:
        raise SceneEmpty(f"{scene.name} holds no data in the wanted extent.", "Choose another extent or band.")
    log = Journal(journal, _identity(scene, engine, scope, (size, overlap)), resume=resume) if journal else None
    found = _Found(_nothing_yet(scene, engine, scope, (size, overlap), len(steps)))
    try:
        run = ChipRun(scene, engine, scope, steps, log, watch)
        with closing(log) if log else nullcontext(), closing(run.results()) as results:
            for result in results:
                found.add(result, watch)
        complete = True
    except Cancelled:
        complete = False
    if complete and not found.seen:
        raise SceneEmpty(f"{scene.name} holds no valid pixel in the wanted extent.", "Choose another extent or band.")
    whole = replace(found.merged(overlap), complete=complete)
    seen_cells = [c for c in partition(whole.extent) if c.index in found.seen]
    derived = derived_answers(whole, engine.derived, seen_cells) if complete else ()
    return replace(
        whole,
        answers=[*whole.answers, *derived],
        seconds=time.monotonic() - started,
        warnings=(*warnings_of(scene, engine, scope), *whole.unread()),
    )


def check_scope(engine: Engine, scope: Scope) -> None:
    """Makes sure that what is asked can be answered. Raises UnknownTask, BadOption, UnsupportedTask, UnknownClass."""
    require_known(scope.tasks, scene_tasks())
    if not scope.tasks or not scope.classes:
        raise BadOption("Nothing to do: no task or no class was given.", "Name at least one of each.")
    require(engine, scope.tasks, scope.classes)


def warnings_of(scene: SarScene, engine: Engine, scope: Scope) -> tuple[str, ...]:
    """What a reader of the results should know: of the scene, the prior, and the engine on this scene.

    To be asked at the end: only then do prior and engine know what they met.
    """
    shown, told = shown_only(engine), engine.report(scene.grid.pixel_size_m)
    return (*shown, *scene.warnings, *scope.notes, *(scope.sampler.warnings if scope.sampler else ()), *told.warnings)


def _tiling(scene: SarScene, engine: Engine, wanted_overlap: int | None) -> tuple[int, int]:
    """Side and overlap of the chips in pixels. Raises BadOption for an overlap that does not fit."""
    size, overlap = engine.tiling(scene.grid.pixel_size_m)
    overlap = overlap if wanted_overlap is None else wanted_overlap
    if not 0 <= overlap < size:
        raise BadOption(f"A chip overlap of {overlap} px does not fit chips of {size} px.", f"Give 0 to {size - 1}.")
    return size, overlap


def _identity(scene: SarScene, engine: Engine, scope: Scope, tiling: tuple[int, int]) -> dict[str, Any]:
    """What decides about the answers of a run: a journal belongs to just this."""
    extent, sampler = scope.extent or scene.extent, scope.sampler
    return {
        "version": __version__,
        "scene": scene.fingerprint(),
        "radiometry": repr(scene.radiometry),
        "engine": [engine.name, engine.model, engine.deciding()],
        "tasks": list(scope.tasks),
        "classes": list(scope.classes),
        "extent": [extent.row, extent.col, extent.height, extent.width],
        "tiling": list(tiling),
        "water": scope.water.fingerprint() if scope.water else None,
        "prior": [sampler.source.name, sampler.year_used, sampler.n] if sampler else None,
    }


def _nothing_yet(scene: SarScene, engine: Engine, scope: Scope, tiling: tuple[int, int], chips: int) -> Interpretation:
    told = engine.report(scene.grid.pixel_size_m)
    return Interpretation(
        scene=scene,
        extent=scope.extent or scene.extent,
        engine=engine.name,
        model=engine.model,
        tasks=scope.tasks,
        classes=scope.classes,
        prior=scope.sampler,
        settings={"chip_size": tiling[0], "chip_overlap": tiling[1], **told.provenance},
        warnings=(*scene.warnings, *scope.notes),
        chips=chips,
        looked=bool(finding(to_ask(scope.tasks, engine.derived))),
        demonstration=engine.demonstration,
        complete=False,
    )


@dataclass
class _Found:
    """What the chips of a run brought so far. seen: numbers of the chips of the partition that hold valid pixels."""

    empty: Interpretation
    targets: list[Target] = field(default_factory=list)
    answers: list[SceneAnswer] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)
    torn: set[str] = field(default_factory=set)
    shown: set[str] = field(default_factory=set)
    heard: bool = False
    read: int = 0

    def add(self, result: StepResult, watch: Watch) -> None:
        """Takes in one chip, and tells it."""
        fresh = [t for a in result.answers for t in _targets(a)]
        self.targets += fresh
        self.answers += [SceneAnswer.of_chip(a) for a in result.answers if not TASKS[a.task].finds or a.value is None]
        broken = [a for a in result.answers if TASKS[a.task].finds and a.value and a.parse_status == TRUNCATED]
        self.torn.update(chip_name(a.chip.window) for a in broken)
        self.shown.update(chip_name(a.chip.window) for a in result.answers)
        self.heard = self.heard or any(a.value is not None for a in result.answers)
        self.seen.update(result.seen)
        self.read += 1
        if watch.on_targets and fresh:
            watch.on_targets(replace(self.empty, targets=fresh, read=self.read))
        if watch.on_progress:
            watch.on_progress(self.read, self.empty.chips)

    def merged(self, overlap: int) -> Interpretation:
        """All of it, every target once, those that look like ghosts flagged."""
        extent, scene = self.empty.extent, self.empty.scene
        merged = merge(self.targets, overlap)
        targets = [t for t in merged if extent.contains(*t.detection.centre)]  # chips may reach past a small extent
        checked = flag_ambiguities([t.detection for t in targets], scene.grid, scene.acquisition)
        targets = [replace(t, detection=d) for t, d in zip(targets, checked, strict=True)]
        return replace(
            self.empty,
            targets=targets,
            answers=self.answers,
            torn=frozenset(self.torn),
            shown=frozenset(self.shown),
            heard=self.heard,
            read=self.read,
        )


def _targets(answer: Answer) -> Sequence[Target]:
    if not TASKS[answer.task].finds:
        return ()
    return [
        Target(to_scene(d, answer.chip), answer.chip, answer.prompt, answer.raw_text, answer.parse_status)
        for d in answer.value or []
    ]
