"""Answers that follow from the merged targets of a scene instead of being given by an engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from fusar_core.domain.answers import Box, Detection
from fusar_core.domain.cells import CELLS, cell_bounds
from fusar_core.domain.schema import WHOLE_EXTENT
from fusar_core.domain.tiling import CHIP_SIZE, ChipWindow, Window
from fusar_core.interpretation.result import Interpretation, SceneAnswer, chip_name
from fusar_core.tasks import TASKS, finding


def derived_answers(
    result: Interpretation, derives: frozenset[str], cells: Sequence[ChipWindow]
) -> Iterator[SceneAnswer]:
    """Answers that follow from the merged targets: of the whole extent, and of each chip with data where the engine
    gives no answer of its own. Of chips that could not be read nothing follows, nor of an extent where nothing was
    found beside such chips.

    derives: tasks whose answers the engine leaves to be made from its detections. cells: chips of the partition that
    hold data.
    """
    asked = result.tasks
    follow = [t for t in TASKS if t in asked and not TASKS[t].finds and (finding(asked) or t in derives)]
    for label in result.classes:
        found = [t.detection for t in result.targets if t.detection.label == label]
        in_chip = _by_chip(found, result.extent)
        for task in follow:
            if result.counts()[label] is not None:
                for answer in _derived(task, label, result.extent, WHOLE_EXTENT, found):
                    yield replace(answer, unknown=_unknown_cells(answer, result.unsure_of(label)))
            for cell in cells if task in derives and not result.unread_of(label) else []:
                inside = in_chip.get(_place(cell, result.extent), [])
                yield from _derived(task, label, cell.keep, chip_name(cell.keep), inside)


def _by_chip(found: Sequence[Detection], extent: Window) -> dict[tuple[int, int], list[Detection]]:
    """(row, column) of a chip of the partition → the detections with their centre in it."""
    in_chip: dict[tuple[int, int], list[Detection]] = {}
    for detection in found:
        x, y = detection.centre
        key = int(y - extent.row) // CHIP_SIZE, int(x - extent.col) // CHIP_SIZE
        in_chip.setdefault(key, []).append(detection)
    return in_chip


def _place(cell: ChipWindow, extent: Window) -> tuple[int, int]:
    return (cell.keep.row - extent.row) // CHIP_SIZE, (cell.keep.col - extent.col) // CHIP_SIZE


def _derived(task: str, label: str, where: Window, chip: str, found: Sequence[Detection]) -> list[SceneAnswer]:
    """The answer that follows from detections, none for a task that does not."""
    value = TASKS[task].derive(found, where)
    return [] if value is None else [SceneAnswer(where, chip, task, label, value)]


def _unknown_cells(answer: SceneAnswer, unsure: Sequence[Window]) -> frozenset[int]:
    """The cells in which nothing was found, and which chips reach into that may hold more."""
    if not (TASKS[answer.task].in_cells and unsure):
        return frozenset()
    reached = {cell for cell in CELLS for window in unsure if _meet(cell_bounds(answer.where, cell), window)}
    return frozenset(reached - answer.value)


def _meet(bounds: Box, window: Window) -> bool:
    x1, y1, x2, y2 = bounds
    return x1 < window.right and window.col < x2 and y1 < window.bottom and window.row < y2
