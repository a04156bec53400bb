"""Rows of an evaluation → scores with n, 95 % intervals and floors; and paired tests against a baseline's rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from fusar_core.errors import BadResults
from fusar_core.scoring.captions import score_captions
from fusar_core.scoring.classification import score_classification
from fusar_core.scoring.counting import score_counting
from fusar_core.scoring.detection import IOU_THRESHOLDS, DetectionCase, f1_statistic, score_detection
from fusar_core.scoring.grid import score_grid
from fusar_core.scoring.intervals import Proportion, mcnemar, paired_bootstrap
from fusar_core.tasks import CLASSIFY, COUNT, DESCRIBE, DETECT, LOCATE
from training.evaluation.cases import Row

PRESENT = "with targets"
"""Of counting and grids, the cases in which there is something: the others are answered by saying nothing."""


def scores(rows: Sequence[Row]) -> dict[str, Any]:
    """Task → what its scorer says, over all cases, by class, and of counts and grids over cases with targets."""
    found: dict[str, Any] = {}
    for task in dict.fromkeys(row["task"] for row in rows):
        mine = [row for row in rows if row["task"] == task]
        found[task] = {"all": _scored(task, mine), "parsed": _parsed(mine)}
        classes = sorted({row["class"] for row in mine} - {""})
        if task != CLASSIFY and len(classes) > 1:
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
    if task == DETECT:
        return score_detection([_case(row) for row in rows]).as_dict()
    truths, answers = [row["truth"] for row in rows], [row["answer"] for row in rows]
    if task == COUNT:
        return score_counting(truths, answers).as_dict()
    if task == LOCATE:
        return score_grid([frozenset(t) for t in truths], [_set(a) for a in answers]).as_dict()
    if task == CLASSIFY:
        return score_classification(truths, answers).as_dict()
    return score_captions(truths, [a or "" for a in answers]).as_dict()


def _set(cells: Sequence[int] | None) -> frozenset[int] | None:
    return None if cells is None else frozenset(cells)


def _case(row: Row) -> DetectionCase:
    hits = np.array(row["hits"], bool).reshape(-1, len(IOU_THRESHOLDS))
    confidence = None if row["scores"] is None else np.array(row["scores"], float)
    return DetectionCase(row["targets"], hits, confidence, unparsable=row["answer"] is None)


def right(row: Row) -> bool:
    """Whether an answer is exactly true (count, cells, class)."""
    return bool(row["answer"] == row["truth"])


def compared(rows: Sequence[Row], baseline: Sequence[Row]) -> dict[str, Any]:
    """Paired tests of rows against a baseline's on the same cases, task by task; differences are rows − baseline.

    McNemar's exact test for what is right or wrong, paired bootstrap for F1. Raises BadResults for other cases.
    """
    found: dict[str, Any] = {}
    for task in dict.fromkeys(row["task"] for row in rows):
        first, second = (_by_case(side, task) for side in (rows, baseline))
        if not second:
            continue
        if first.keys() != second.keys() or any(first[k]["truth"] != second[k]["truth"] for k in first):
            raise BadResults(f"The baseline's cases of '{task}' are others.", "Evaluate both on the same triplets.")
        pairs = [(first[key], second[key]) for key in first]
        if task == DETECT:
            tables = [
                [(np.sum(_case(p[s]).hits[:, 0]), p[s]["predictions"], p[s]["targets"]) for p in pairs] for s in (0, 1)
            ]
            found[task] = {f"f1@{IOU_THRESHOLDS[0]}": paired_bootstrap(*tables, f1_statistic).as_dict()}
        elif task != DESCRIBE:
            test = mcnemar([right(p[0]) for p in pairs], [right(p[1]) for p in pairs]).as_dict()
            gain = np.mean([right(p[0]) for p in pairs]) - np.mean([right(p[1]) for p in pairs])
            found[task] = {"accuracy": {**test, "difference": round(float(gain), 4)}}
    return found


def _by_case(rows: Sequence[Row], task: str) -> dict[tuple[Any, ...], Row]:
    return {(r["id"], r["class"], *r.get("box", ())): r for r in rows if r["task"] == task}
