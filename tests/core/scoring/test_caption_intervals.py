"""Descriptions: sums over captions give the scorer's values, intervals draw places whole, the floor is one sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fusar_core.evaluation.comparison import compared
from fusar_core.scoring.caption_intervals import CAPTION_MEASURES, caption_table, scored_captions
from fusar_core.scoring.captions import score_captions

REFERENCES = [
    "A harbour with three ships.",
    "Open sea. No ships.",
    "Open sea. No ships.",
    "An airport with two planes.",
]
SAID = [
    "This image shows a harbour with two ships.",
    "Open sea. No ships.",
    None,
    "An airport with two planes at night.",
]


def rows(said: list[str | None], references: list[str] = REFERENCES, chips_a_place: int = 1) -> list[dict[str, Any]]:
    return [
        {
            "id": str(i),
            "place": str(i // chips_a_place),
            "task": "describe",
            "class": "",
            "truth": truth,
            "answer": answer,
        }
        for i, (truth, answer) in enumerate(zip(references, said, strict=True))
    ]


def test_sums_over_captions_give_the_values_of_the_scorer() -> None:
    sums = caption_table(rows(SAID)).sum(0, keepdims=True)
    score = score_captions(REFERENCES, [s or "" for s in SAID])
    found = {name: statistic(sums)[0] for name, statistic in CAPTION_MEASURES.items()}
    assert [found[f"bleu_{n}"] for n in (1, 2, 3, 4)] == [pytest.approx(value, abs=1e-12) for value in score.bleu]
    assert found["cider"] == pytest.approx(score.cider, abs=1e-9)
    silent = caption_table(rows([None] * 4)).sum(0, keepdims=True)
    assert [float(statistic(silent)[0]) for statistic in CAPTION_MEASURES.values()] == [0] * 5


def test_scores_lie_in_intervals_that_draw_whole_places() -> None:
    score = scored_captions(rows(SAID))
    for name, (low, high) in ((k, v) for k, v in score["intervals_95"].items() if k != "stripped"):
        assert low < score[name] < high
    low, high = score["intervals_95"]["stripped"]["bleu_4"]
    assert low < score["stripped"]["bleu_4"] < high
    together = scored_captions(rows(SAID, chips_a_place=4))
    assert np.ptp(together["intervals_95"]["bleu_4"]) == 0  # of one place every draw is the same
    assert together["bleu_4"] == score["bleu_4"]


def test_the_floor_is_the_most_frequent_reference_said_of_every_chip() -> None:
    floor = scored_captions(rows(SAID))["floor"]
    constant = score_captions(REFERENCES, ["Open sea. No ships."] * 4).as_dict()
    assert floor["answer"] == "Open sea. No ships."
    assert {name: floor[name] for name in CAPTION_MEASURES} == {name: constant[name] for name in CAPTION_MEASURES}
    assert 0 < floor["bleu_1"] < 1


def test_captions_are_tested_against_a_baseline() -> None:
    many = REFERENCES * 5
    tests = compared(rows(list(many), many), rows(SAID * 5, many))["describe"]
    assert list(tests) == list(CAPTION_MEASURES)
    for measure in ("bleu_4", "cider"):
        perfect, other = (score_captions(many, [s or "" for s in said]).as_dict() for said in (many, SAID * 5))
        assert tests[measure]["difference"] == pytest.approx(perfect[measure] - other[measure], abs=0.01)
        assert tests[measure]["p_value"] < 0.05
        assert (tests[measure]["places"], tests[measure]["n"]) == (20, 20)
    same = compared(rows(SAID), rows(SAID))["describe"]["bleu_4"]
    assert (same["difference"], same["p_value"]) == (0, 1)
