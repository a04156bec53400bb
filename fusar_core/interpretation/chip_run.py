"""Shows the chips of a plan to an engine: read ahead, answers streamed, journalled, cancellable."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import islice

from fusar_core.domain.answers import Answer, Request
from fusar_core.domain.chips import Chip
from fusar_core.domain.tiling import ChipWindow, Window, partition, partition_under, tile
from fusar_core.engines.base import Engine, Hooks
from fusar_core.errors import Cancelled
from fusar_core.interpretation.journal import Journal
from fusar_core.interpretation.readahead import read_ahead
from fusar_core.interpretation.scope import Scope, Watch
from fusar_core.scenes.scene import SarScene
from fusar_core.tasks import finding, questions, to_ask

CHIPS_AHEAD = 2
"""Chips read while the engine works on one: enough to hide reading, little enough to keep memory flat."""


@dataclass(frozen=True)
class Step:
    """One chip to be shown to the engine, and for which tasks."""

    where: ChipWindow
    tasks: tuple[str, ...]


@dataclass(frozen=True)
class StepResult:
    """What came of one step.

    seen: numbers of the chips of the partition in which it held valid pixels; of the others nothing may be said, since
    nodata is not sea.
    """

    index: int
    answers: list[Answer] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)


def plan(engine: Engine, scope: Scope, size: int, overlap: int) -> list[Step]:
    """Which chips are shown to the engine: detection wants overlap, answers of its own want a partition."""
    asked, extent = to_ask(scope.tasks, engine.derived), _extent(scope)
    finds = finding(asked)
    own = tuple(t for t in asked if t not in finds)
    if finds and own and extent.height <= size and extent.width <= size:
        return [Step(tile(extent, size)[0], (*finds, *own))]  # one chip: one look answers everything
    steps = [Step(where, finds) for where in tile(extent, size, overlap)] if finds else []
    return steps + [Step(where, own) for where in partition(extent, size) if own]


def _extent(scope: Scope) -> Window:
    """The extent of a scope that has been settled for a scene."""
    assert scope.extent is not None
    return scope.extent


@dataclass
class ChipRun:
    """A plan being carried out; iterate `results()` once, and close it before the scene: a thread reads ahead from it.
    scope: with the extent to be interpreted, in scene pixels."""

    scene: SarScene
    engine: Engine
    scope: Scope
    steps: list[Step]
    journal: Journal | None = None
    watch: Watch = field(default_factory=Watch)

    def results(self) -> Generator[StepResult, None, None]:
        """One result a step: those in the journal first, then the engine's as they come, journalled before they are
        handed out."""
        finished = self.journal.finished if self.journal else {}
        for index in sorted(finished):
            if self.journal:
                yield StepResult(index, *self.journal.entry(index, self.steps[index].where))
        todo = [i for i in range(len(self.steps)) if i not in finished]
        with closing(self._fresh(todo)) as fresh:
            for result in fresh:
                if self.journal:
                    self.journal.add(result.index, result.answers, result.seen)
                yield result

    def _fresh(self, todo: list[int]) -> Generator[StepResult, None, None]:
        asked: deque[StepResult] = deque()
        empty: list[int] = []

        def requests(chips: Iterator[tuple[int, Chip]]) -> Iterator[Request]:
            for index, chip in chips:
                if chip.valid.any():
                    asked.append(StepResult(index, seen=self._seen(chip)))
                    yield Request(chip, self.steps[index].tasks, self.scope.classes)
                else:
                    empty.append(index)

        with (
            closing(read_ahead(self._read(todo), CHIPS_AHEAD)) as chips,
            closing(self.engine.answer(requests(chips), Hooks(self.watch.cancelled))) as stream,
        ):
            while (first := next(stream, None)) is not None:
                yield from self._drain(empty)
                result = asked.popleft()
                expected = len(questions(self.steps[result.index].tasks, self.scope.classes))
                result.answers.extend([first, *islice(stream, expected - 1)])
                yield result
            yield from self._drain(empty)

    @staticmethod
    def _drain(empty: list[int]) -> Iterator[StepResult]:
        while empty:
            yield StepResult(empty.pop(0))

    def _read(self, todo: list[int]) -> Iterator[tuple[int, Chip]]:
        for index in todo:
            if self.watch.cancelled():
                raise Cancelled("The run was cancelled.", "What was finished is kept: repeat with --resume.")
            where = self.steps[index].where
            chip = self.scene.chip(where, self.scope.water)
            if self.engine.confined:
                chip = chip.inside(_extent(self.scope))
            if self.scope.sampler and chip.valid.any():
                chip = replace(chip, anchors=self.scope.sampler.for_chip(self.scene.grid, where.window))
            yield index, chip

    def _seen(self, chip: Chip) -> list[int]:
        """Numbers of the partition's chips of which this chip shows valid pixels."""
        window = chip.where.window
        seen = []
        for cell in partition_under(window, _extent(self.scope)):
            shared = cell.keep.intersection(window)
            assert shared is not None
            rows = slice(shared.row - window.row, shared.bottom - window.row)
            columns = slice(shared.col - window.col, shared.right - window.col)
            if chip.valid[rows, columns].any():
                seen.append(cell.index)
        return seen
