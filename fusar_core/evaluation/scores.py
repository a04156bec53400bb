"""Rows of an evaluation → scores with n, 95 % intervals and floors, by task and part of the cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from fusar_core.scoring.clutter import INSHORE, OFFSHORE
from fusar_core.scoring.intervals import Proportion
from fusar_core.scoring.measures import PRESENT, Row
from fusar_core.tasks import scored_task

ALL, PARSED = "all", "parsed"
"""Names of the scores over all cases of a task, and of the share of its answers that could be read."""


def scores(rows: Sequence[Row]) -> dict[str, Any]:
    """Task → part → what the task says of its rows; of `parsed`, the share of answers that could be read.

    Raises UnknownTask for tasks that nobody knows, or knows how to score.
    """
    found: dict[str, Any] = {}
    for task in dict.fromkeys(row["task"] for row in rows):
        mine = [row for row in rows if row["task"] == task]
        found[task] = {name: scored_task(task).score(part) for name, part in parts(task, mine).items()}
        found[task][PARSED] = _parsed(mine)
    return found


def parts(task: str, rows: Sequence[Row]) -> dict[str, list[Row]]:
    """All rows of a task, those of each group of clutter, of each class where there are several, and of questions about
    a class those with targets; what is empty is left out."""
    found = {ALL: list(rows)}
    found |= {group: [row for row in rows if row.get("group") == group] for group in (OFFSHORE, INSHORE)}
    classes = classes_of(task, rows)
    if len(classes) > 1:
        found |= {name: [row for row in rows if row["class"] == name] for name in classes}
    found[PRESENT] = [row for row in rows if row.get("present")]
    return {name: part for name, part in found.items() if part}


def classes_of(task: str, rows: Sequence[Row]) -> list[str]:
    """The classes that a task was asked about, in alphabetical order."""
    return sorted({row["class"] for row in rows} - {""}) if scored_task(task).per_class else []


def _parsed(rows: Sequence[Row]) -> dict[str, Any]:
    """Share of answers that could be read, and why the others could not."""
    status = Counter(row["parse_status"] for row in rows)
    readable = sum(row["answer"] is not None for row in rows)
    return {**Proportion(readable, len(rows)).as_dict(), "status": dict(status.most_common())}
