"""How an interpretation becomes features on the map: targets, grid cells and answers with geodesic sizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fusar_core.domain.cells import CELLS, cell_bounds
from fusar_core.domain.schema import ANSWERS, CELLS_PER_SIDE, DETECTIONS, GRID_CELLS, UNKNOWN_CELLS
from fusar_core.domain.tiling import Window, partition_under
from fusar_core.interpretation.merging import Target
from fusar_core.interpretation.result import Interpretation, SceneAnswer, chip_name
from fusar_core.results.rows import answer_fields, box_text, corners_of, edges, ground_sizes, table_of
from fusar_core.results.tables import FeatureTable
from fusar_core.tasks import TASKS, finding


@dataclass(frozen=True)
class Told:
    """What the values of a detection are made of: the target, its (length m, width m, area m²), and the result."""

    target: Target
    size_m: tuple[float | None, float | None, float | None]
    result: Interpretation

    @property
    def home(self) -> Window:
        """The chip of the partition that holds its centre."""
        x, y = self.target.detection.centre
        home = partition_under(Window(int(y), int(x), 1, 1), self.result.extent)
        return (home[0] if home else self.target.chip).window


DETECTION_VALUES: dict[str, Callable[[Told], Any]] = {
    "task": lambda told: ", ".join(finding(told.result.tasks)),
    "class": lambda told: told.target.detection.label,
    "score": lambda told: round(told.target.detection.score, 4),
    "length_m": lambda told: told.size_m[0],
    "width_m": lambda told: told.size_m[1],
    "area_m2": lambda told: told.size_m[2],
    "prompt": lambda told: told.target.prompt,
    "chip": lambda told: chip_name(told.home),
    "px_bbox": lambda told: box_text(told.target.detection.bbox),
    "parse_status": lambda told: told.target.parse_status,
    "raw_text": lambda told: told.target.raw_text,
    "flags": lambda told: ",".join(told.target.detection.flags),
}
"""Field of the layer `detections` → its value; what all layers share is in `rows.common_fields`."""


def feature_tables(result: Interpretation) -> list[FeatureTable]:
    """The three layers of an interpretation: detections, grid_cells, answers."""
    return [detections_table(result), _grid_cells_table(result), _answers_table(result)]


def detections_table(result: Interpretation) -> FeatureTable:
    """The layer of targets, empty where none were asked for."""
    targets = result.targets if finding(result.tasks) else []
    corners = [t.detection.corners for t in targets]
    sizes = ground_sizes(result.scene.grid, corners)
    told = [Told(target, size, result) for target, size in zip(targets, sizes, strict=True)]
    rows = [{name: value(one) for name, value in DETECTION_VALUES.items()} for one in told]
    return table_of(result, DETECTIONS, corners, rows)


def _grid_cells_table(result: Interpretation) -> FeatureTable:
    cells = [(answer, number) for answer in result.answers if TASKS[answer.task].in_cells for number in CELLS]
    corners = [corners_of(cell_bounds(answer.where, number)) for answer, number in cells]
    return table_of(result, GRID_CELLS, corners, [_cell_row(answer, number) for answer, number in cells])


def _answers_table(result: Interpretation) -> FeatureTable:
    corners = [corners_of(edges(answer.where)) for answer in result.answers]
    return table_of(result, ANSWERS, corners, [_answer_row(answer) for answer in result.answers])


def _cell_row(answer: SceneAnswer, number: int) -> dict[str, Any]:
    row, col = divmod(number - 1, CELLS_PER_SIDE)
    place = {"cell": number, "row": row + 1, "col": col + 1, "px_bbox": box_text(cell_bounds(answer.where, number))}
    unknown = answer.value is None or number in answer.unknown
    return answer_fields(answer) | place | {"present": None if unknown else number in answer.value}


def _answer_row(answer: SceneAnswer) -> dict[str, Any]:
    question, words, number = TASKS[answer.task].told(answer.label, answer.value, answer.prompt)
    if answer.unknown:
        words += f"{UNKNOWN_CELLS}{', '.join(map(str, sorted(answer.unknown)))})"
    told = {"question": question, "answer": words, "value": number, "px_bbox": box_text(edges(answer.where))}
    return answer_fields(answer) | told
