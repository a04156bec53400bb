"""Shuffled anchors: each chip gets those of another place, and each set of anchors is used once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.data.shuffling import donors_of
from training.data.triplets import Triplet
from training.errors import BadTriplet


def chips(places: list[str]) -> list[Triplet]:
    return [Triplet(str(i), (8, 8), (), place=place) for i, place in enumerate(places)]


@given(st.integers(2, 12), st.integers(1, 5), st.integers(0, 99))
def test_no_chip_keeps_its_place(places: int, each: int, seed: int) -> None:
    named = [f"place {i}" for i in range(places) for _ in range(each)]
    donors = donors_of(chips(named), seed)
    assert sorted(donors) == list(range(len(named)))
    assert all(named[donor] != place for donor, place in zip(donors, named, strict=True))
    assert donors.tolist() == donors_of(chips(named), seed).tolist()


def test_chips_without_a_place_are_places_of_their_own() -> None:
    assert donors_of(chips(["", "", ""]), 1).tolist() != [0, 1, 2]


def test_too_few_places_are_refused() -> None:
    with pytest.raises(BadTriplet, match="too few places"):
        donors_of(chips(["a", "a", "b"]), 1)
