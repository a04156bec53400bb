"""Answers that follow from the merged targets of a scene instead of being given by an engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fusar_core.domain.tiling import CHIP_SIZE, ChipWindow, Window
from fusar_core.interpretation.merging import Target
from fusar_core.interpretation.result import WHOLE_EXTENT, Interpretation, SceneAnswer, chip_name
from fusar_core.tasks import COUNT, DETECT, LOCATE
from fusar_core.tasks.localization import cells_of

Points = list[tuple[float, float]]


def derived_answers(
    result: Interpretation, derives: frozenset[str], cells: Sequence[ChipWindow]
) -> Iterator[SceneAnswer]:
    """Counts and grid answers that follow from the merged targets, flagged ones left out: of the whole extent, and of
    each chip with data where the engine gives no answer of its own.

    derives: tasks whose answers the engine leaves to be made from its detections. cells: chips of the partition that
    hold data.
    """
    for label in result.classes:
        mine = [t for t in result.targets if t.detection.label == label and not t.detection.flags]
        centres = [t.detection.centre for t in mine]
        in_chip = _by_chip(mine, result.extent)
        for task in (COUNT, LOCATE):
            if task not in result.tasks or not (DETECT in result.tasks or task in derives):
                continue
            yield _derive(task, label, result.extent, WHOLE_EXTENT, centres)
            for cell in cells if task in derives else []:
                yield _derive(
                    task, label, cell.keep, chip_name(cell.keep), in_chip.get(_place(cell, result.extent), [])
                )


def _by_chip(targets: Sequence[Target], extent: Window) -> dict[tuple[int, int], Points]:
    """Row and column of a chip in the partition → centres of the targets it owns."""
    found: dict[tuple[int, int], Points] = {}
    for target in targets:
        x, y = target.detection.centre
        found.setdefault((int(y - extent.row) // CHIP_SIZE, int(x - extent.col) // CHIP_SIZE), []).append((x, y))
    return found


def _place(cell: ChipWindow, extent: Window) -> tuple[int, int]:
    return (cell.keep.row - extent.row) // CHIP_SIZE, (cell.keep.col - extent.col) // CHIP_SIZE


def _derive(task: str, label: str, where: Window, chip: str, centres: Points) -> SceneAnswer:
    if task == COUNT:
        return SceneAnswer(where, chip, task, label, len(centres))
    inside = [(x - where.col, y - where.row) for x, y in centres]
    return SceneAnswer(where, chip, task, label, cells_of(inside, where.width, where.height))
