"""Every target once: on seams, in overlaps, cut by chips without overlap."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusar_core.domain.answers import Detection
from fusar_core.domain.tiling import ChipWindow, Window, tile
from fusar_core.interpretation.merging import Target, merge, to_scene

EXTENT = Window(0, 0, 500, 1000)


def box(x1: float, y1: float, x2: float, y2: float, score: float = 0.9, label: str = "ship") -> Detection:
    return Detection(label, score, ((x1, y1), (x2, y1), (x2, y2), (x1, y2)))


def seen_by(chips: list[ChipWindow], ship: Detection) -> list[Target]:
    """What each chip would report of a ship: the part of it inside its window."""
    found = []
    x1, y1, x2, y2 = ship.bbox
    for chip in chips:
        w = chip.window
        a, b, c, d = max(x1, w.col), max(y1, w.row), min(x2, w.right), min(y2, w.bottom)
        if a < c and b < d:
            found.append(Target(box(a, b, c, d, ship.score, ship.label), chip))
    return found


def test_a_ship_on_a_seam_is_one_ship() -> None:
    chips = tile(EXTENT, 504, overlap=100)
    seam = chips[0].keep.right
    merged = merge(seen_by(chips, box(seam - 20, 200, seam + 20, 210)), 100)
    assert [t.detection.bbox for t in merged] == [(seam - 20, 200, seam + 20, 210)]


def test_a_ship_whose_centre_both_chips_put_on_the_other_side_is_not_lost() -> None:
    chips = tile(EXTENT, 504, overlap=100)
    left, right = chips[0], chips[1]
    seam = left.keep.right
    views = [Target(box(seam - 9, 100, seam + 10, 108), left), Target(box(seam - 10, 100, seam + 9, 108), right)]
    assert not any(t.chip.keep.contains(*t.detection.centre) for t in views)
    assert len(merge(views, 100)) == 1


def test_halves_cut_by_chips_without_overlap_are_joined() -> None:
    chips = tile(EXTENT, 500, overlap=0)
    merged = merge(seen_by(chips, box(480, 200, 530, 210, score=0.7)), 0)
    assert len(merged) == 1
    assert merged[0].detection.bbox == pytest.approx((480, 200, 530, 210))


def test_two_ships_side_by_side_at_a_seam_stay_two() -> None:
    chips = tile(EXTENT, 500, overlap=0)
    views = [Target(box(470, 100, 490, 110), chips[0]), Target(box(510, 100, 530, 110), chips[1])]
    assert len(merge(views, 0)) == 2


def test_of_two_views_the_owners_is_kept_even_if_it_scores_less() -> None:
    chips = tile(EXTENT, 504, overlap=100)
    seam = chips[0].keep.right
    owner = Target(box(seam - 30, 50, seam - 2, 60, score=0.6), chips[0])
    other = Target(box(seam - 29, 50, seam - 1, 60, score=0.8), chips[1])
    assert merge([other, owner], 100)[0] == owner


def test_classes_do_not_suppress_one_another() -> None:
    chip = tile(Window(0, 0, 100, 100), 504)[0]
    assert len(merge([Target(box(1, 1, 9, 9), chip), Target(box(1, 1, 9, 9, label="aircraft"), chip)], 0)) == 2


def test_overlapping_boxes_of_one_chip_stay_apart_below_the_threshold() -> None:
    chip = tile(Window(0, 0, 100, 100), 504)[0]
    apart = [Target(box(0, 0, 20, 10), chip), Target(box(12, 0, 32, 10), chip)]
    same = [Target(box(0, 0, 20, 10), chip), Target(box(2, 0, 22, 10), chip)]
    assert len(merge(apart, 0)) == 2
    assert len(merge(same, 0)) == 1


def test_to_scene_moves_by_the_window_not_the_keep_area() -> None:
    chip = ChipWindow(0, Window(100, 200, 504, 504), Window(150, 250, 404, 404))
    assert to_scene(box(1, 2, 3, 4), chip).bbox == (201, 102, 203, 104)


@given(
    ships=st.lists(
        st.tuples(st.integers(0, 23), st.integers(0, 11), st.integers(6, 36)), max_size=20, unique_by=lambda s: s[:2]
    ),
    overlap=st.integers(60, 200),
    order=st.randoms(use_true_random=False),
)
def test_well_separated_ships_come_out_once_each_whatever_the_order(
    ships: list[tuple[int, int, int]], overlap: int, order: object
) -> None:
    chips = tile(EXTENT, 300, overlap)
    boxes = [box(2 + 41 * i, 3 + 41 * j, 2 + 41 * i + length, 9 + 41 * j) for i, j, length in ships]
    views = [view for b in boxes for view in seen_by(chips, b)]
    order.shuffle(views)  # type: ignore[attr-defined]
    merged = merge(views, overlap)
    assert sorted(t.detection.bbox for t in merged) == sorted(b.bbox for b in boxes)
