"""Paired tests of one results file against another on the same cases: is the difference more than luck?"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fusar_core.errors import BadResults
from fusar_core.evaluation.scoring.counting import absolute_error
from fusar_core.evaluation.scoring.detection import IOU_THRESHOLDS, f1_statistic
from fusar_core.evaluation.scoring.grid import jaccard, meets
from fusar_core.evaluation.scoring.intervals import McNemar, PairedBootstrap, mcnemar, mean_of, paired_bootstrap
from fusar_core.tasks import COUNT, DETECT

Row = Mapping[str, Any]
Comparison = dict[str, McNemar | PairedBootstrap]

_GIVE = "Give a file that `fusar evaluate --out` wrote."
_SAME = "Evaluate both engines with the same --dataset, --task and --classes."


def read_results(path: Path, results_format: str) -> dict[str, Any]:
    """A results file of `fusar evaluate`.

    Raises BadResults when it cannot be read, is of another format, or lacks its rows.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as cause:
        raise BadResults(f"{path} cannot be read: {cause.strerror}.", _GIVE) from cause
    except (ValueError, RecursionError) as cause:
        raise BadResults(f"{path} is no JSON: {cause}.", _GIVE) from cause
    if not isinstance(content, dict) or content.get("format") != results_format:
        raise BadResults(f"{path} is not of the format {results_format}.", _GIVE)
    if not isinstance(content.get("rows"), list):
        raise BadResults(f"{path} has no rows.", _GIVE)
    return content


def compare(task: str, rows: Sequence[Row], baseline: Sequence[Row]) -> Comparison:
    """Tests rows of `fusar evaluate` against a baseline's rows of the same task; differences are rows − baseline.

    McNemar for what is right or wrong, paired bootstrap for F1, mean absolute error and mean Jaccard.
    Raises BadResults when the cases, or what is true of them, are not the same.
    """
    try:
        first, second = _by_case(rows), _by_case(baseline)
        if first.keys() != second.keys():
            odd = sorted(first.keys() ^ second.keys())[0]
            raise BadResults(f"The baseline is about other cases: {odd} is in one of the two only.", _SAME)
        truth = "targets" if task == DETECT else "truth"
        for key in first:
            if first[key][truth] != second[key][truth]:
                raise BadResults(f"The baseline was scored against another truth for {key}.", _SAME)
        pairs = [(first[key], second[key]) for key in first]
        return _detection(pairs) if task == DETECT else _counting(pairs) if task == COUNT else _grid(pairs)
    except (KeyError, TypeError, IndexError, ValueError) as cause:
        raise BadResults(f"The rows of the baseline are damaged: {cause!r}.", _SAME) from cause


def _by_case(rows: Sequence[Row]) -> dict[tuple[str, str], Row]:
    return {(row["image"], row["class"]): row for row in rows}


def _detection(pairs: Sequence[tuple[Row, Row]]) -> Comparison:
    def table(side: int, k: int) -> list[tuple[float, float, float]]:
        return [(p[side]["hits"][k], p[side]["predictions"], p[side]["targets"]) for p in pairs]

    return {
        f"f1@{iou}": paired_bootstrap(table(0, k), table(1, k), f1_statistic) for k, iou in enumerate(IOU_THRESHOLDS)
    }


def _counting(pairs: Sequence[tuple[Row, Row]]) -> Comparison:
    def right(side: int) -> list[bool]:
        return [p[side]["answer"] == p[side]["truth"] for p in pairs]

    def errors(side: int) -> list[tuple[float, float]]:
        return [(absolute_error(p[side]["truth"], p[side]["answer"]), 1) for p in pairs]

    return {"accuracy": mcnemar(right(0), right(1)), "mae": paired_bootstrap(errors(0), errors(1), mean_of(0, 1))}


def _grid(pairs: Sequence[tuple[Row, Row]]) -> Comparison:
    def sets(side: int) -> list[tuple[frozenset[int], frozenset[int] | None]]:
        return [
            (frozenset(p[side]["truth"]), None if p[side]["answer"] is None else frozenset(p[side]["answer"]))
            for p in pairs
        ]

    first, second = sets(0), sets(1)
    overlaps = [[(jaccard(t, a), 1) for t, a in side] for side in (first, second)]
    return {
        "acc_100": mcnemar([a == t for t, a in first], [a == t for t, a in second]),
        "acc_50": mcnemar([o[0] >= 0.5 for o in overlaps[0]], [o[0] >= 0.5 for o in overlaps[1]]),
        "top_1": mcnemar([meets(t, a) for t, a in first], [meets(t, a) for t, a in second]),
        "mean_jaccard": paired_bootstrap(overlaps[0], overlaps[1], mean_of(0, 1)),
    }


def verdict(result: McNemar | PairedBootstrap) -> str:
    """One clause for a table: the difference and how likely luck alone makes one as large."""
    if isinstance(result, McNemar):
        only = f"only this right {result.only_first}, only baseline right {result.only_second}"
        return f"{only}, p = {result.p_value:.3g}"
    if result.difference is None or result.interval is None or math.isnan(result.difference):
        return "undefined"
    low, high = result.interval
    return f"{result.difference:+.3f} [{low:+.3f}, {high:+.3f}], p = {result.p_value:.3g}"
