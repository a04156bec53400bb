"""Paired tests of one engine's rows against another's on the same cases.

What is right or wrong is tested by McNemar's exact test, case by case, and everything by a paired bootstrap that draws
whole places: chips of one place, and classes of one chip, are not independent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fusar_core.errors import BadResults
from fusar_core.scoring.caption_intervals import CAPTION_MEASURES, caption_table
from fusar_core.scoring.counting import absolute_error
from fusar_core.scoring.detection import IOU_THRESHOLDS, f1_statistic
from fusar_core.scoring.grid import jaccard
from fusar_core.scoring.intervals import FloatArray, Statistic, mcnemar, mean_of, paired_bootstrap
from fusar_core.scoring.places import places_of, sum_by_place
from fusar_core.tasks import CLASSIFY, COUNT, DESCRIBE, DETECT, LOCATE
from training.evaluation.cases import Row
from training.evaluation.plan import FINE, Key, key_of
from training.evaluation.scores import PRESENT, right

_SAME = "Evaluate both on the same triplets, with the same --classes and the same targets a chip."
_MEAN = mean_of(0, 1)


@dataclass(frozen=True)
class Measure:
    """A metric made from sums over rows. columns: (rows, k), what each of some rows adds. among: rows that count.
    exact: the first column is 1 where a row is right and 0 where it is wrong, so that McNemar's test applies."""

    columns: Callable[[Sequence[Row]], FloatArray]
    statistic: Statistic = _MEAN
    among: Callable[[Row], bool] = lambda row: True
    exact: bool = False


def _each(columns: Callable[[Row], tuple[float, ...]]) -> Callable[[Sequence[Row]], FloatArray]:
    """The columns of rows that say for themselves what they add."""
    return lambda rows: np.array([columns(row) for row in rows], float)


def _overlap(row: Row) -> tuple[float, float]:
    answer = None if row["answer"] is None else frozenset(row["answer"])
    return jaccard(frozenset(row["truth"]), answer), 1.0


def _found(k: int) -> Callable[[Sequence[Row]], FloatArray]:
    return _each(lambda row: (sum(hits[k] for hits in row["hits"]), row["predictions"], row["targets"]))


_RIGHT = _each(lambda row: (right(row), 1))
_ACCURACY = Measure(_RIGHT, exact=True)
_WITH_TARGETS = Measure(_RIGHT, among=lambda row: bool(row["present"]), exact=True)
MEASURES: dict[str, dict[str, Measure]] = {
    COUNT: {
        "accuracy": _ACCURACY,
        f"accuracy {PRESENT}": _WITH_TARGETS,
        "mae": Measure(_each(lambda row: (absolute_error(row["truth"], row["answer"]), 1))),
    },
    LOCATE: {"accuracy": _ACCURACY, f"accuracy {PRESENT}": _WITH_TARGETS, "mean_jaccard": Measure(_each(_overlap))},
    CLASSIFY: {"accuracy": _ACCURACY},
    FINE: {"accuracy": _ACCURACY},
    DETECT: {f"f1@{iou}": Measure(_found(k), f1_statistic) for k, iou in enumerate(IOU_THRESHOLDS)},
    DESCRIBE: {name: Measure(caption_table, statistic) for name, statistic in CAPTION_MEASURES.items()},
}
"""What is tested of each task; the accuracy of `locate` is Acc@100."""


def compared(rows: Sequence[Row], baseline: Sequence[Row]) -> dict[str, Any]:
    """Task → measure → test of rows against a baseline's; differences are rows − baseline.

    p_value: McNemar's where what is measured is right or wrong (then p_value_by_place is the bootstrap's), else the
    bootstrap's. Tasks that only one of the two was asked are left out. Raises BadResults for other cases.
    """
    found: dict[str, Any] = {}
    for task, first, second in _shared(rows, baseline):
        found[task] = {}
        for name, measure in MEASURES[task].items():
            keys = [key for key in first if measure.among(first[key])]
            if not keys:
                continue
            sides = [[side[key] for key in keys] for side in (first, second)]
            places = places_of(sides[0])
            tables = [_by_place([side], measure, places) for side in sides]
            test = paired_bootstrap(tables[0], tables[1], measure.statistic).as_dict() | {"places": len(tables[0])}
            if measure.exact:
                exact = mcnemar([right(row) for row in sides[0]], [right(row) for row in sides[1]]).as_dict()
                of_places = {"p_value_by_place": test["p_value"], "places": test["places"]}
                test = {**exact, "difference": test["difference"], "interval_95": test["interval_95"], **of_places}
            found[task][name] = {**test, "n": len(keys)}
    return found


def pooled(runs: Sequence[Sequence[Row]], baselines: Sequence[Sequence[Row]]) -> dict[str, Any]:
    """The same for runs of several seeds against as many baselines: task → measure → paired bootstrap over places.

    Run i is paired with baseline i. A place is drawn with all seeds, so the test is about these seeds on other places;
    `by_seed` shows how much seeds differ. Raises BadResults for other cases, ValueError for other numbers of runs.
    """
    pairs = [list(_shared(a, b)) for a, b in zip(runs, baselines, strict=True)]
    found: dict[str, Any] = {}
    for seeds in zip(*pairs, strict=True):
        task = seeds[0][0]
        if any(other[0] != task or other[1].keys() != seeds[0][1].keys() for other in seeds):
            raise BadResults(f"The seeds were asked other cases of '{task}'.", _SAME)
        found[task] = {}
        for name, measure in MEASURES[task].items():
            keys = [key for key, row in seeds[0][1].items() if measure.among(row)]
            if not keys:
                continue
            sides = [[[seed[side][key] for key in keys] for seed in seeds] for side in (1, 2)]
            places = places_of(sides[0][0])
            tables = [_by_place(side, measure, places) for side in sides]
            test = paired_bootstrap(tables[0], tables[1], measure.statistic).as_dict() | {
                "places": len(tables[0]),
                "n": len(keys),
            }
            values = [[_value(rows, measure) for rows in side] for side in sides]
            found[task][name] = {**test, "by_seed": [round(a - b, 4) for a, b in zip(*values, strict=True)]}
    return found


def against_levels(runs: Sequence[Sequence[Row]], levels: Sequence[float]) -> dict[str, Any]:
    """Accuracy of runs of several seeds minus a ceiling, with a bootstrap over places as in `pooled`.

    levels: for each case the probability that somebody else is right; the rows of every run are of these cases, in this
    order. That is an expectation: how the truth of these cases happened to fall is part of the interval.
    """
    places = places_of(runs[0])
    right_ones = sum_by_place(np.sum([_RIGHT(rows) for rows in runs], axis=0), places)
    expected = sum_by_place(len(runs) * np.array([(level, 1.0) for level in levels]), places)
    test = paired_bootstrap(right_ones, expected, _MEAN).as_dict()
    return {**test, "places": len(right_ones), "n": len(levels)}


def require_same(cases: Mapping[Key, Any], baseline: Iterable[Row]) -> None:
    """Makes sure, before anything is asked, that a baseline is about the cases that will be. cases: key → truth.

    Raises BadResults.
    """
    known: dict[str, dict[Key, Any]] = {}
    for row in baseline:
        known.setdefault(row["task"], {})[key_of(row)] = row["truth"]
    for task, theirs in known.items():
        ours = {key: truth for key, truth in cases.items() if key[1] == task}
        if ours and ours != theirs:
            raise _others(task)


def _shared(rows: Sequence[Row], baseline: Sequence[Row]) -> Iterable[tuple[str, dict[Key, Row], dict[Key, Row]]]:
    """The tasks that both sides were asked, with the rows of each by their case."""
    for task in dict.fromkeys(row["task"] for row in rows if row["task"] in MEASURES):
        first, second = ({key_of(row): row for row in side if row["task"] == task} for side in (rows, baseline))
        if not second:
            continue
        if first.keys() != second.keys() or any(first[k]["truth"] != second[k]["truth"] for k in first):
            raise _others(task)
        yield task, first, second


def _others(task: str) -> BadResults:
    return BadResults(f"The baseline's cases of '{task}' are others, or were scored against another truth.", _SAME)


def _by_place(runs: Sequence[Sequence[Row]], measure: Measure, places: Sequence[int]) -> FloatArray:
    """(places, k): the columns of a measure summed over all runs, whose rows are in the same order."""
    return sum_by_place(np.sum([measure.columns(rows) for rows in runs], axis=0), places)


def _value(rows: Sequence[Row], measure: Measure) -> float:
    return float(measure.statistic(measure.columns(rows).sum(0, keepdims=True))[0])
