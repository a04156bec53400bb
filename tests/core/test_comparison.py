"""Paired tests of rows: McNemar by hand, bootstrap over places, several seeds together."""

from __future__ import annotations

from typing import Any

import pytest

from fusar_core.errors import BadResults
from fusar_core.evaluation.cases import key_of
from fusar_core.evaluation.comparison import compared, pooled, require_same
from fusar_core.scoring.measures import PRESENT


def counts(answers: list[int | None], chips_a_place: int = 1) -> list[dict[str, Any]]:
    """A row a chip; the truth is 1 of even chips, 0 of odd ones."""
    return [
        {"id": str(i), "place": str(i // chips_a_place), "task": "count", "class": "ship", "truth": (i + 1) % 2,
         "answer": answer, "present": i % 2 == 0}
        for i, answer in enumerate(answers)
    ]  # fmt: skip


def boxes(hits: list[int], predictions: int = 1) -> list[dict[str, Any]]:
    """A row a chip with one target; found at every IoU or not."""
    return [
        {"id": str(i), "task": "detect", "class": "ship", "truth": [[0, 0, 1, 1]], "answer": [], "targets": 1,
         "predictions": predictions, "hits": [[hit] * 3] + [[0] * 3] * (predictions - 1)}
        for i, hit in enumerate(hits)
    ]  # fmt: skip


def test_mcnemar_by_hand() -> None:
    right = [1, 0] * 5
    wrong = [2, 0] * 4 + [1, 0]
    test = compared(counts(right), counts(wrong))["count"]["accuracy"]
    assert (test["only_this"], test["only_baseline"]) == (4, 0)
    assert test["p_value"] == pytest.approx(2 * 0.5**4)
    assert test["difference"] == pytest.approx(0.4)
    assert test["interval_95"][0] <= 0.4 <= test["interval_95"][1]


def test_cases_with_targets_are_tested_apart() -> None:
    tests = compared(counts([1, 5] * 4), counts([None, 5] * 4))["count"]
    assert tests["accuracy"]["difference"] == pytest.approx(0.5)
    assert tests[f"accuracy {PRESENT}"]["difference"] == 1
    assert tests[f"accuracy {PRESENT}"]["n"] == 4
    assert tests["mae"]["difference"] == pytest.approx(-0.5)  # what cannot be read is off by 1 here


def test_chips_of_one_place_are_drawn_together() -> None:
    good, bad = [1, 0] * 8, [0, 1] * 4 + [1, 0] * 4
    alone = compared(counts(good), counts(bad))["count"]["accuracy"]
    together = compared(counts(good, 8), counts(bad, 8))["count"]["accuracy"]
    assert (alone["places"], together["places"]) == (16, 2)
    assert alone["p_value"] == together["p_value"]
    assert alone["p_value_by_place"] < 0.01
    assert together["p_value_by_place"] > 0.4  # of two places a quarter of the draws are the one without difference


def test_f1_differs_as_by_hand_at_every_threshold() -> None:
    tests = compared(boxes([1, 1, 1, 0]), boxes([1, 0, 0, 0], predictions=2))["detect"]
    assert list(tests) == ["f1@0.25", "f1@0.5", "f1@0.75"]
    assert tests["f1@0.5"]["difference"] == pytest.approx(2 * 3 / 8 - 2 * 1 / 12)


def test_seeds_are_pooled_pair_by_pair() -> None:
    first, second = counts([1, 0, 1, 0]), counts([1, 0, 1, 1])
    baseline = counts([0, 0, 0, 0])
    test = pooled([first, second], [baseline, baseline])["count"]["accuracy"]
    assert test["by_seed"] == [0.5, 0.25]
    assert test["difference"] == pytest.approx(0.375)
    assert test["n"] == 4
    with pytest.raises(ValueError, match="zip"):
        pooled([first], [baseline, baseline])
    with pytest.raises(BadResults, match="seeds"):
        pooled([first, first[:2]], [baseline, baseline[:2]])


def test_other_cases_and_other_truths_are_refused() -> None:
    rows = counts([1, 0])
    with pytest.raises(BadResults, match="others"):
        compared(rows, rows[1:])
    with pytest.raises(BadResults, match="another truth"):
        compared(rows, [{**row, "truth": 7} for row in rows])
    require_same({key_of(row): row["truth"] for row in rows}, rows)
    with pytest.raises(BadResults, match="another truth"):
        require_same({key_of(row): 7 for row in rows}, rows)
    assert compared(rows, boxes([1])) == {}
