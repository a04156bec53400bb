"""Rows of an evaluation → scores with n, 95 % intervals and floors, and the ceiling of a reader without prior."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from fusar_core.errors import UnknownTask
from fusar_core.scoring.caption_intervals import scored_captions
from fusar_core.scoring.classification import score_classification
from fusar_core.scoring.counting import score_counting
from fusar_core.scoring.detection import IOU_THRESHOLDS, DetectionCase, score_detection
from fusar_core.scoring.grid import score_grid
from fusar_core.scoring.intervals import Proportion
from fusar_core.tasks import CLASSIFY, COUNT, DESCRIBE, DETECT, LOCATE
from training.data.triplets import Triplet
from training.evaluation.cases import Row
from training.evaluation.plan import FINE

PRESENT = "with targets"
"""Of counts and cells, the cases in which there is something: the others are answered by saying nothing."""


def right(row: Row) -> bool:
    """Whether an answer is exactly true (count, cells, class)."""
    return bool(row["answer"] == row["truth"])


def scores(rows: Sequence[Row]) -> dict[str, Any]:
    """Task → what its scorer says, over all cases, by class, and of counts and grids over cases with targets."""
    found: dict[str, Any] = {}
    for task in dict.fromkeys(row["task"] for row in rows):
        mine = [row for row in rows if row["task"] == task]
        found[task] = {"all": _scored(task, mine), "parsed": _parsed(mine)}
        classes = sorted({row["class"] for row in mine} - {""})
        if task not in (CLASSIFY, FINE) and len(classes) > 1:
            found[task] |= {name: _scored(task, [r for r in mine if r["class"] == name]) for name in classes}
        if task in (COUNT, LOCATE) and (present := [row for row in mine if row["present"]]):
            found[task][PRESENT] = _scored(task, present)
    return found


def _parsed(rows: Sequence[Row]) -> dict[str, Any]:
    """Share of answers that could be read, and why the others could not."""
    status = Counter(row["parse_status"] for row in rows)
    readable = sum(row["answer"] is not None for row in rows)
    return {**Proportion(readable, len(rows)).as_dict(), "status": dict(status.most_common())}


def _scored(task: str, rows: Sequence[Row]) -> dict[str, Any]:
    """What the scorer of a task says. Raises UnknownTask for a task that has none."""
    if task == DETECT:
        return score_detection([_case(row) for row in rows]).as_dict()
    truths, answers = [row["truth"] for row in rows], [row["answer"] for row in rows]
    if task == COUNT:
        return score_counting(truths, answers).as_dict()
    if task == LOCATE:
        return score_grid([frozenset(t) for t in truths], [_set(a) for a in answers]).as_dict()
    if task in (CLASSIFY, FINE):
        return score_classification(truths, answers).as_dict()
    if task == DESCRIBE:
        return scored_captions(rows)
    raise UnknownTask(f"Nobody knows how '{task}' is scored.", "Say in training/evaluation/scores.py how it is.")


def _set(cells: Sequence[int] | None) -> frozenset[int] | None:
    return None if cells is None else frozenset(cells)


def _case(row: Row) -> DetectionCase:
    hits = np.array(row["hits"], bool).reshape(-1, len(IOU_THRESHOLDS))
    confidence = None if row["scores"] is None else np.array(row["scores"], float)
    return DetectionCase(row["targets"], hits, confidence, unparsable=row["answer"] is None)


def ceiling(triplets: Sequence[Triplet], rows: Sequence[Row]) -> dict[str, float]:
    """Best expected accuracy, on exactly these cases, of a perfect reader of the image who knows no prior: by task, and
    by task and class (`count ship`). Empty where the triplets do not say what their images leave open."""
    found: dict[str, list[float]] = defaultdict(list)
    for row, best in zip(rows, best_without_prior(triplets, rows), strict=True):
        if best is not None:
            found[row["task"]].append(best)
            found[f"{row['task']} {row['class']}"].append(best)
    return {name: round(float(np.mean(values)), 4) for name, values in found.items()}


def best_without_prior(triplets: Sequence[Triplet], rows: Sequence[Row]) -> list[float | None]:
    """For each case the probability that a perfect reader of the image who knows no prior is right; None for tasks
    without a ceiling, and everywhere where the triplets do not say what their images leave open."""
    known = {t.id: t for t in triplets}
    if not any(t.facts.get("hypotheses") or t.facts.get("independent") for t in triplets):
        return [None] * len(rows)
    from training.simulation.ceiling import best_cells, best_class, best_count

    found: list[float | None] = []
    for row in rows:
        triplet, task = known[row["id"]], row["task"]
        if task in (COUNT, LOCATE):
            found.append((best_count if task == COUNT else best_cells)(triplet, row["class"]))
        else:
            found.append(best_class(triplet, row["box"]) if task == CLASSIFY else None)
    return found
