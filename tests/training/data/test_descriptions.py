"""Descriptions from templates: short, regular, true, and read back."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusar_core.tasks.classification import SYNONYMS
from training.data.descriptions import cells_said, counts_said, describe
from training.data.triplets import Target
from training.data.truth import boxes_of, cells
from training.data.words import KINDS, article, kind_in_words, plural

SIZE = (90, 90)
SHIPS = [Target("ship", (5, 5, 15, 9)), Target("ship", (7, 9, 15, 14)), Target("ship", (65, 40, 85, 50))]
COVER = ["water", "water", "built"] * 2 + ["trees", "crops", "bare_ground"]


def test_geography_then_cover_then_targets() -> None:
    assert describe(SHIPS, SIZE, {"kind": "harbour", "cover_by_cell": COVER}) == (
        "A harbour. Land cover by cell: water, water, built; water, water, built; trees, crops, bare ground. "
        "3 ships in cells 1, 6. No planes."
    )


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"kind": "open_sea", "cover_by_cell": ["water"] * 9}, "Open sea. Land cover: water. "),
        ({"cover_share": {"water": 0.6, "built": 0.3, "crops": 0.06, "trees": 0.04}},
         "Land cover: mostly water, then built and crops. "),
        ({"cover_share": {"water": 0.98, "built": 0.02}}, "Land cover: water. "),
        ({}, ""),
    ],
)  # fmt: skip
def test_what_is_not_known_is_not_spoken_of(facts: dict[str, object], sentence: str) -> None:
    assert describe([], SIZE, facts) == f"{sentence}No planes. No ships."


def test_one_target_in_one_cell() -> None:
    assert describe([Target("plane", (40, 40, 50, 50))], SIZE) == "1 plane in cell 5. No ships."


def test_classes_that_nobody_labelled_are_not_denied() -> None:
    assert describe(SHIPS[:1], SIZE, classes=("ship",)) == "1 ship in cell 1."


def test_phrasings_vary_only_when_asked_and_repeat_with_their_seed() -> None:
    facts = {"kind": "town"}
    plain = describe(SHIPS, SIZE, facts, np.random.default_rng(1))
    assert plain == describe(SHIPS, SIZE, facts)
    drawn = {describe(SHIPS, SIZE, facts, np.random.default_rng(s), varied=True) for s in range(60)}
    assert len(drawn) > 10
    once, again = (describe(SHIPS, SIZE, facts, np.random.default_rng(7), varied=True) for _ in range(2))
    assert once == again


def test_the_vocabulary_is_small() -> None:
    rng = np.random.default_rng(0)
    words: set[str] = set()
    for kind in KINDS:
        for seed in range(40):
            facts = {"kind": kind, "cover_by_cell": rng.permutation(COVER).tolist()}
            words.update(
                re.findall(r"[A-Za-z]+", describe(SHIPS, SIZE, facts, np.random.default_rng(seed), varied=True))
            )
    assert len(words) < 60


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 99), st.booleans())
def test_counts_are_read_back(ships: int, planes: int, seed: int, varied: bool) -> None:
    rng = np.random.default_rng(seed)
    targets = [Target(label, (x, y, x + 3, y + 3)) for label, n in (("ship", ships), ("plane", planes))
               for x, y in rng.uniform(0, 86, (n, 2)).tolist()]  # fmt: skip
    text = describe(targets, SIZE, {"kind": "coast", "cover_by_cell": COVER}, rng, varied=varied)
    assert counts_said(text, ("ship", "plane"), {}) == {"ship": {ships}, "plane": {planes}}
    for (label,), said in cells_said(text, ("ship", "plane"), {}):
        assert said == cells(boxes_of(targets, label, SIZE), SIZE)
    assert len(cells_said(text, ("ship", "plane"), {})) == (ships > 0) + (planes > 0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Three large bright ships lie at anchor, and no aircraft.", {"ship": {3}, "plane": {0}}),
        ("A single vessel; twenty-one airplanes on the apron.", {"ship": {1}, "plane": {21}}),
        ("Two ships, of which 1 ship is moored.", {"ship": {1, 2}, "plane": set()}),
        ("A busy harbour in cells 1 to 9.", {"ship": set(), "plane": set()}),
        ("Cells 1 and 9 hold two ships, cell 5 a large plane.", {"ship": {2}, "plane": {1}}),
        ("There are not any boats. Planes are parked.", {"ship": {0}, "plane": set()}),
    ],
)
def test_counts_in_freer_words(text: str, said: dict[str, set[int]]) -> None:
    assert counts_said(text, ("ship", "plane"), SYNONYMS) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 ship in cell 9, bottom right.", [("ship", {9})]),
        ("Two vessels (cells 1 and 9); one plane in cell number 5.", [("ship", {1, 9}), ("plane", {5})]),
        ("Three ships lie in cells 4, 5, and 6. Cell 9 is dark.", [("ship", {4, 5, 6})]),
        ("Five boats in cells 1 to 3, 7 and 9", [("ship", {1, 2, 3, 7, 9})]),
        ("Cells one and 3-4 hold 3 ships.", [("ship", {1, 3, 4})]),
        ("2 ships in cells 1, 9, 1 plane in cell 5.", [("ship plane", {1, 5, 9})]),
        ("No planes, one ship in cell 2; no boats in cells 3 to 9.", [("ship", {2})]),
        ("A ship in cell 12 or cells 1 to 999999999999.", [("ship", {*range(1, 10), 12, 999999999999})]),
        ("Ships in all cells. A ship of 3.5 pixels. Land in cell 3.", []),
    ],
)
def test_cells_in_freer_words(text: str, said: list[tuple[str, set[int]]]) -> None:
    expected = [(frozenset(labels.split()), frozenset(cells)) for labels, cells in said]
    assert cells_said(text, ("ship", "plane"), SYNONYMS) == expected


def test_words() -> None:
    assert kind_in_words("oil_field") == "an oil field"
    assert kind_in_words("open_sea") == "open sea"
    assert (plural("ship"), plural("bus"), plural("aircraft")) == ("ships", "buses", "aircraft")
    assert (article("airfield"), article("town")) == ("an", "a")
