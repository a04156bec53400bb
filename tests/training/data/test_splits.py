"""Parts of a split share nothing: no place, no ground within a buffer, no image; leaks are refused with their pair."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from fusar_core.errors import BadOption
from training.data.ground import Footprint, block_of, gap_m, near, near_pairs, overlap, side_m
from training.data.splits import assert_disjoint, content_hash, groups_of, split, split_blocks
from training.data.triplets import Triplet
from training.errors import LeakingSplit

GEOD = Geod(ellps="WGS84")
CHIP = 0.01  # degrees, 1.1 km


def chip(name: str, lon: float, lat: float, size: float = CHIP, place: str = "") -> Triplet:
    return Triplet(name, (9, 9), (), image=f"{name}.png", footprint=(lon, lat, lon + size, lat + size), place=place)


def bare(name: str, place: str = "", scene: str | None = None) -> Triplet:
    return Triplet(name, (9, 9), (), image=f"{name}.png", place=place, scene=scene)


def names(groups: list[list[int]], triplets: list[Triplet]) -> list[set[str]]:
    return [{triplets[i].id for i in group} for group in groups]


# --- ground -----------------------------------------------------------------------------------------------------------


def test_distances_over_the_antimeridian() -> None:
    west, east = (179.98, 0.0, 179.99, 0.01), (-179.99, 0.0, -179.98, 0.01)
    over = (179.985, 0.0, -179.985, 0.01)
    assert gap_m(west, east) == pytest.approx(GEOD.inv(179.99, 0, -179.99, 0)[2], rel=0.01)
    assert overlap(west, over)
    assert overlap(over, east)
    assert not overlap(west, east)
    assert list(near_pairs([west], [east, over], 1.0)) == [(0, 1)]
    assert list(near_pairs([west], [east, over], 2.5)) == [(0, 0), (0, 1)]


def test_degrees_of_longitude_shrink_towards_the_poles() -> None:
    a, b = (10.0, 80.0, 10.1, 80.01), (10.15, 80.0, 10.25, 80.01)
    assert gap_m(a, b) == pytest.approx(GEOD.inv(10.1, 80.01, 10.15, 80.01)[2], rel=0.02)
    assert near(a, b, 1.0)
    assert not near((10.0, 0.0, 10.01, 0.01), (10.06, 0.0, 10.07, 0.01), 1.0)


def test_a_footprint_around_a_pole_is_near_all_that_lies_there() -> None:
    pole, far = (-180.0, 89.9, 180.0, 90.0), (77.0, 89.95, 78.0, 89.96)
    assert list(near_pairs([pole], [far, (77.0, 60.0, 78.0, 60.1)], 1.0)) == [(0, 0)]


def test_neighbours_side_by_side_are_apart_only_without_a_buffer() -> None:
    a, b = (0.0, 0.0, 0.01, 0.01), (0.01, 0.0, 0.02, 0.01)
    assert not near(a, b, 0.0)
    assert near(a, b, 0.1)


def test_the_buffer_is_that_of_the_larger_chip() -> None:
    small, large = (0.0, 0.0, 0.001, 0.001), (0.006, 0.0, 0.016, 0.01)
    assert near(small, large, 1.0)
    assert list(near_pairs([small], [large], 1.0)) == [(0, 0)]
    assert not near(small, (0.003, 0.0, 0.004, 0.001), 1.0)


@st.composite
def footprints(draw: st.DrawFn) -> Footprint:
    """Anywhere, crowded around a few places: the antimeridian, the equator, high latitudes."""
    lon0, lat0 = draw(st.sampled_from([(180.0, 0.0), (10.0, 60.0), (-179.99, 85.0), (0.0, -0.01)]))
    lon, lat = lon0 + draw(st.floats(-0.1, 0.1)), lat0 + draw(st.floats(-0.05, 0.05))
    width, height = draw(st.floats(0.002, 0.03)), draw(st.floats(0.002, 0.03))
    west, east = ((v + 180.0) % 360.0 - 180.0 for v in (lon, lon + width))
    return west, lat, east, lat + height


@given(st.lists(footprints(), max_size=8), st.lists(footprints(), max_size=8), st.floats(0, 3))
def test_the_search_finds_what_comparing_all_pairs_finds(
    ones: list[Footprint], others: list[Footprint], buffer: float
) -> None:
    expected = [(i, j) for i, a in enumerate(ones) for j, b in enumerate(others) if near(a, b, buffer)]
    assert list(near_pairs(ones, others, buffer)) == expected


@given(footprints(), footprints())
def test_a_gap_is_never_longer_than_the_ground_between(a: Footprint, b: Footprint) -> None:
    corners = [[(f[i], f[j]) for i in (0, 2) for j in (1, 3)] for f in (a, b)]
    shortest = min(GEOD.inv(*p, *q)[2] for p in corners[0] for q in corners[1])
    assert gap_m(a, b) <= shortest + 1e-6
    assert gap_m(a, b) == gap_m(b, a)


@given(footprints())
def test_a_chip_is_never_taken_for_smaller_than_it_is(f: Footprint) -> None:
    west, south, east, north = f
    assert side_m(f) >= GEOD.inv(west, south, east, south)[2]
    assert side_m(f) >= GEOD.inv(west, south, west, north)[2]


# --- groups and parts -------------------------------------------------------------------------------------------------


def test_ground_links_through_neighbours_and_places_link_at_any_distance() -> None:
    row = [chip(f"r{i}", i * 1.5 * CHIP, 0.0) for i in range(5)]  # half a chip between neighbours
    apart = [chip("x", 1.0, 0.0, place="p"), chip("y", 5.0, 5.0, place="p"), chip("z", 9.0, 9.0)]
    found = names(groups_of([*row, *apart]), [*row, *apart])
    assert found == [{"r0", "r1", "r2", "r3", "r4"}, {"x", "y"}, {"z"}]
    assert len(groups_of(row, buffer_chips=0.0)) == 5


def test_without_footprint_the_scene_the_place_or_the_image_links() -> None:
    triplets = [
        bare("a", "p"),
        bare("b", "p"),
        bare("c", scene="s.tif"),
        bare("d", scene="s.tif"),
        bare("e"),
        bare("f"),
    ]
    assert names(groups_of(triplets), triplets) == [{"a", "b"}, {"c", "d"}, {"e"}, {"f"}]
    hashes = {"a": "1", "e": "2", "f": "2"}
    assert {"e", "f"} in names(groups_of(triplets, hash_of=lambda t: hashes.get(t.id)), triplets)


def test_proportions_are_kept_whatever_the_order_and_seeds_differ() -> None:
    triplets = [chip(f"c{i}", (i % 20) * 0.1, (i // 20) * 0.1) for i in range(200)]
    parts = split(triplets, {"train": 0.7, "val": 0.1, "test": 0.2}, seed=3)
    assert {name: len(members) for name, members in parts.parts.items()} == {"train": 140, "val": 20, "test": 40}
    assert parts.groups == 200
    assert parts.notes == []
    assert parts["train"] == [t for t in triplets if t in parts["train"]]  # in the order of the input
    shuffled = random.Random(1).sample(triplets, 200)
    again = split(shuffled, {"train": 0.7, "val": 0.1, "test": 0.2}, seed=3)
    assert {t.id for t in again["test"]} == {t.id for t in parts["test"]}
    other = split(triplets, {"train": 0.7, "val": 0.1, "test": 0.2}, seed=4)
    assert {t.id for t in other["test"]} != {t.id for t in parts["test"]}


def test_large_groups_are_told_of() -> None:
    triplets = [bare(f"a{i}", "big") for i in range(90)] + [bare(f"b{i}", f"b{i}") for i in range(10)]
    parts = split(triplets, {"train": 0.5, "test": 0.5})
    assert {len(members) for members in parts.parts.values()} == {90, 10}
    assert any("90 triplets where 50 were wanted" in note for note in parts.notes)
    assert any("no footprint" in note for note in parts.notes)


def test_every_part_gets_something() -> None:
    triplets = [bare(f"a{i}", "big") for i in range(98)] + [bare("x", "x"), bare("y", "y")]
    parts = split(triplets, {"train": 98, "val": 1, "test": 1})
    assert all(parts.parts.values())


@pytest.mark.parametrize("proportions", [{}, {"train": 0.0, "test": 1.0}, {"train": -1.0}])
def test_impossible_proportions(proportions: dict[str, float]) -> None:
    with pytest.raises(BadOption, match="share above 0"):
        split([bare("a")], proportions)


def test_too_few_groups() -> None:
    with pytest.raises(BadOption, match=r"form 1 independent group"):
        split([bare("a", "p"), bare("b", "p")], {"train": 0.5, "test": 0.5})


@st.composite
def worlds(draw: st.DrawFn) -> list[Triplet]:
    """Chips with and without footprints, places and scenes, some of them neighbours, some over the antimeridian."""
    triplets = []
    for i in range(draw(st.integers(2, 25))):
        place = draw(st.sampled_from(["", "", "", "p", "q"]))
        scene = draw(st.sampled_from([None, None, None, "s.tif"]))
        footprint = draw(st.none() | footprints())
        triplets.append(Triplet(f"t{i}", (9, 9), (), image=f"{i}.png", place=place, scene=scene, footprint=footprint))
    return triplets


@given(worlds(), st.floats(0, 2), st.integers(0, 9), st.dictionaries(st.sampled_from(["t0", "t1", "t5"]), st.just("h")))
def test_no_split_ever_leaks(triplets: list[Triplet], buffer: float, seed: int, hashes: dict[str, str]) -> None:
    try:
        parts = split(
            triplets, {"train": 3, "test": 1}, seed=seed, buffer_chips=buffer, hash_of=lambda t: hashes.get(t.id)
        )
    except BadOption:
        assert len(groups_of(triplets, buffer, lambda t: hashes.get(t.id))) < 2
        return
    assert sorted(t.id for part in parts.parts.values() for t in part) == sorted(t.id for t in triplets)
    assert_disjoint(parts["train"], parts["test"], buffer, lambda t: hashes.get(t.id))


# --- blocks of one place ----------------------------------------------------------------------------------------------


def test_one_large_scene_is_cut_into_blocks_with_a_buffer_between() -> None:
    scene = [
        replace(chip(f"{i}-{j}", 4 + i * CHIP, 52 + j * CHIP, place="scene"), scene="s.tif")
        for i in range(40)
        for j in range(40)
    ]
    parts = split_blocks(scene, {"train": 0.8, "test": 0.2}, block_km=8)
    assert len(parts["test"]) >= 200
    assert sum(map(len, parts.parts.values())) + len(parts.dropped) == 1600
    assert parts.dropped
    assert_disjoint(parts["train"], parts["test"])
    assert len({t.place for t in parts["test"]}) > 1
    assert all(t.place.startswith("scene block ") for t in parts["test"])


def test_blocks_need_ground_and_room() -> None:
    with pytest.raises(BadOption, match="no footprint, the first is a"):
        split_blocks([bare("a")], {"train": 1}, 5)
    with pytest.raises(BadOption, match=r"holds 1 block"):
        split_blocks([chip("a", 0.0, 0.0), chip("b", 0.001, 0.0)], {"train": 1, "test": 1}, 50)


def test_blocks_are_about_square_at_any_latitude() -> None:
    for lat in (0.5, 45.2, 70.1, -33.0):
        west = [block_of((lon, lat, lon + 0.001, lat + 0.001), 10.0)[1] for lon in (5.0, 5.0 + 10 / 111.3 / 0.7)]
        assert 0 <= west[1] - west[0] <= 2
        assert (
            block_of((5.0, lat, 5.001, lat + 0.001), 10.0)[0] != block_of((5.0, lat + 0.1, 5.001, lat + 0.101), 10.0)[0]
        )


# --- leaks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        (chip("a", 0.0, 0.0), chip("b", 0.005, 0.0), "a and b are in different parts and have overlapping ground"),
        (chip("a", 0.0, 0.0), chip("b", 0.015, 0.0), r"a and b .* ground only 5\d\d m apart"),
        (chip("a", 179.995, 0.0), chip("b", -179.99, 0.0), "ground only"),
        (bare("a", "p"), bare("b", "p"), "the place 'p' in common"),
        (bare("a", scene="s.tif"), bare("b", scene="s.tif"), r"the scene 's\.tif' in common"),
        (bare("a"), bare("a"), "the id 'a' in common"),
    ],
)
def test_leaks_are_refused_by_name(one: Triplet, other: Triplet, words: str) -> None:
    innocent = [chip(f"i{i}", 50.0 + i, 50.0) for i in range(3)]
    with pytest.raises(LeakingSplit, match=words):
        assert_disjoint([*innocent, one], [other])


def test_equal_images_leak_under_any_name(tmp_path: Path, make: Callable[..., Triplet]) -> None:
    one, other = make("a"), make("b")
    (tmp_path / "images/b.png").write_bytes((tmp_path / "images/a.png").read_bytes())
    assert_disjoint([one], [other])
    with pytest.raises(LeakingSplit, match=r"a and b .* the same pixels"):
        assert_disjoint([one], [other], hash_of=lambda t: content_hash(t, tmp_path))


def test_what_cannot_be_checked_is_said() -> None:
    notes = assert_disjoint([bare("a", "p"), chip("c", 0.0, 0.0)], [bare("b")])
    assert notes == [
        "2 of 3 triplets have no footprint: shared ground cannot be seen, only places, scenes and equal pixels.",
        "1 of these have no place or scene either: each counts as a place of its own.",
    ]
    assert assert_disjoint([chip("a", 0.0, 0.0)], [chip("b", 1.0, 0.0)]) == []
