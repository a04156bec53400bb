"""Shuffled anchors: each chip gets those of another place, and each set of anchors is used once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.data.shuffling import donors_of
from training.data.triplets import Triplet
from training.errors import BadTriplet


def chips(places: list[str], without: tuple[int, ...] = ()) -> list[Triplet]:
    """A chip a place, with anchors but for some."""
    return [
        Triplet(str(i), (8, 8), (), place=place, anchors=None if i in without else f"{i}.npz")
        for i, place in enumerate(places)
    ]


@given(st.integers(2, 12), st.integers(1, 5), st.integers(0, 99))
def test_no_chip_keeps_its_place(places: int, each: int, seed: int) -> None:
    named = [f"place {i}" for i in range(places) for _ in range(each)]
    donors = donors_of(chips(named), seed)
    assert sorted(donors) == list(range(len(named)))
    assert all(named[donor] != place for donor, place in zip(donors, named, strict=True))
    assert donors.tolist() == donors_of(chips(named), seed).tolist()


def test_the_same_seed_gives_the_same_donors_for_ever() -> None:
    """Published answers were given to these."""
    places = [f"place {i // 3}" for i in range(12)]
    assert donors_of(chips(places), 20).tolist() == [4, 7, 11, 9, 10, 2, 3, 0, 5, 1, 8, 6]
    assert donors_of(chips(places), 1).tolist() == [10, 9, 5, 7, 11, 8, 2, 4, 0, 1, 3, 6]


@given(st.sets(st.integers(0, 11), max_size=8), st.integers(0, 99))
def test_who_has_anchors_stays_as_it_was(without: set[int], seed: int) -> None:
    places = [f"place {i}" for i in range(12)]
    donors = donors_of(chips(places, tuple(without)), seed).tolist()
    assert sorted(donors) == list(range(12))
    assert all((donor == i) == (i in without) for i, donor in enumerate(donors))
    assert all((donor in without) == (i in without) for i, donor in enumerate(donors))


def test_chips_without_a_place_are_places_of_their_own() -> None:
    assert donors_of(chips(["", "", ""]), 1).tolist() != [0, 1, 2]


def test_too_few_places_are_refused() -> None:
    with pytest.raises(BadTriplet, match="too few places"):
        donors_of(chips(["a", "a", "b"]), 1)
    with pytest.raises(BadTriplet, match="too few places"):
        donors_of(chips(["a", "b", "c"], without=(1, 2)), 1)
