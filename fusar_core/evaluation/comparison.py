"""Paired tests of one engine's rows against another's on the same cases: is the difference more than luck?

What is right or wrong is tested by McNemar's exact test, case by case, and everything by a paired bootstrap that draws
whole places: chips of one place, and classes of one chip, are not independent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from fusar_core.errors import BadResults
from fusar_core.evaluation.cases import Key, key_of
from fusar_core.scoring.intervals import FloatArray, mcnemar, paired_bootstrap
from fusar_core.scoring.measures import MEAN, RIGHT, Measure, Row
from fusar_core.scoring.places import places_of, sum_by_place
from fusar_core.tasks import TASKS, VARIANTS, scored_task

_SAME = "Evaluate both on the same data, with the same classes and the same targets a chip."


def compared(rows: Sequence[Row], baseline: Sequence[Row]) -> dict[str, Any]:
    """Task → measure (`Task.measures`) → test of rows against a baseline's; differences are rows − baseline.

    p_value: McNemar's where what is measured is right or wrong (then p_value_by_place is the bootstrap's), else the
    bootstrap's. Tasks that only one of the two was asked are left out. Raises BadResults for other cases, another
    truth, or damaged rows.
    """
    with _damage_named():
        return {
            task: {
                name: test
                for name, measure in scored_task(task).measures.items()
                if (test := _tested(first, second, measure))
            }
            for task, first, second in _shared(rows, baseline)
        }


def _tested(first: Mapping[Key, Row], second: Mapping[Key, Row], measure: Measure) -> dict[str, Any]:
    """The test of one measure; empty where no case counts."""
    keys = [key for key in first if measure.among(first[key])]
    if not keys:
        return {}
    sides = [[side[key] for key in keys] for side in (first, second)]
    places = places_of(sides[0])
    columns = [measure.columns(side) for side in sides]
    tables = [sum_by_place(side, places) for side in columns]
    test = paired_bootstrap(tables[0], tables[1], measure.statistic).as_dict() | {"places": len(tables[0])}
    if measure.exact:
        exact = mcnemar(*(list(map(bool, side[:, 0])) for side in columns)).as_dict()
        of_places = {"p_value_by_place": test["p_value"], "places": test["places"]}
        test = {**exact, "difference": test["difference"], "interval_95": test["interval_95"], **of_places}
    return {**test, "n": len(keys)}


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
        for name, measure in scored_task(task).measures.items():
            keys = [key for key, row in seeds[0][1].items() if measure.among(row)]
            if keys:
                sides = [[[seed[side][key] for key in keys] for seed in seeds] for side in (1, 2)]
                found[task][name] = _pooled_test(sides, measure)
    return found


def _pooled_test(sides: Sequence[Sequence[Sequence[Row]]], measure: Measure) -> dict[str, Any]:
    """sides: of runs and of baselines, for each seed the rows in the same order."""
    places = places_of(sides[0][0])
    columns = [[measure.columns(rows) for rows in side] for side in sides]
    tables = [sum_by_place(np.sum(side, axis=0), places) for side in columns]
    test = paired_bootstrap(tables[0], tables[1], measure.statistic).as_dict()
    values = [[_value(one, measure) for one in side] for side in columns]
    by_seed = [round(a - b, 4) for a, b in zip(*values, strict=True)]
    return {**test, "places": len(tables[0]), "n": len(sides[0][0]), "by_seed": by_seed}


def against_levels(runs: Sequence[Sequence[Row]], levels: Sequence[float]) -> dict[str, Any]:
    """Accuracy of runs of several seeds minus a ceiling, with a bootstrap over places as in `pooled`.

    levels: for each case the probability that somebody else is right; the rows of every run are of these cases, in this
    order. That is an expectation: how the truth of these cases happened to fall is part of the interval.
    """
    places = places_of(runs[0])
    right_ones = sum_by_place(np.sum([RIGHT(rows) for rows in runs], axis=0), places)
    expected = sum_by_place(len(runs) * np.array([(level, 1.0) for level in levels]), places)
    test = paired_bootstrap(right_ones, expected, MEAN).as_dict()
    return {**test, "places": len(right_ones), "n": len(levels)}


def require_same(cases: Mapping[Key, Any], baseline: Iterable[Row]) -> None:
    """Makes sure, before anything is asked, that a baseline is about the cases that will be. cases: key → truth.

    Raises BadResults.
    """
    with _damage_named():
        known: dict[str, dict[Key, Row]] = {}
        for row in baseline:
            known.setdefault(row["task"], {})[key_of(row)] = row
        for task, theirs in known.items():
            ours = {key: truth for key, truth in cases.items() if key[1] == task}
            if ours:
                _require_same(task, ours, theirs)


def verdict(test: Mapping[str, Any]) -> str:
    """A test in one clause: the difference and how likely luck alone makes one as large."""
    if "only_this" in test:
        only = f"only this right {test['only_this']}, only baseline right {test['only_baseline']}"
        return f"{only}, p = {test['p_value']:.3g}"
    if test["difference"] is None or test["interval_95"] is None:
        return "undefined"
    low, high = test["interval_95"]
    return f"{test['difference']:+.3f} [{low:+.3f}, {high:+.3f}], p = {test['p_value']:.3g}"


def _shared(rows: Sequence[Row], baseline: Sequence[Row]) -> Iterator[tuple[str, dict[Key, Row], dict[Key, Row]]]:
    """The tasks that both sides were asked, with the rows of each by their case."""
    for task in dict.fromkeys(row["task"] for row in rows):
        first, second = ({key_of(row): row for row in side if row["task"] == task} for side in (rows, baseline))
        if second and (task in TASKS or task in VARIANTS):
            _require_same(task, {key: row["truth"] for key, row in first.items()}, second)
            yield task, first, second


def _require_same(task: str, truths: Mapping[Key, Any], baseline: Mapping[Key, Row]) -> None:
    if odd := sorted(truths.keys() ^ baseline.keys(), key=str):
        raise BadResults(f"The baseline's cases of '{task}' are others: {odd[0]} is in one of the two only.", _SAME)
    for key, row in baseline.items():
        # Results of version 0.1 say of true boxes how many there are.
        same = row["truth"] == truths[key] if row["truth"] is not None else row["targets"] == len(truths[key])
        if not same:
            raise BadResults(f"The baseline was scored against another truth for {key}.", _SAME)


@contextmanager
def _damage_named() -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, IndexError, ValueError, AttributeError) as cause:
        raise BadResults(f"The rows of the baseline are damaged: {cause!r}.", _SAME) from cause


def _value(columns: FloatArray, measure: Measure) -> float:
    return float(measure.statistic(columns.sum(0, keepdims=True))[0])
