"""Boxes as answers say them: on a grid of pixels, in reading order, never without area."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusar_core.tasks import detection
from training.data.triplets import Box, Target
from training.data.truth import boxes_of, cells, clip, written


def test_boxes_are_cut_to_the_chip_and_those_beside_it_left_out() -> None:
    targets = [Target("ship", (-5, 2, 4, 6)), Target("ship", (10, 2, 14, 6)), Target("plane", (1, 1, 3, 3))]
    assert boxes_of(targets, "ship", (10, 8)) == [(0, 2, 4, 6)]
    assert clip((3, 3, 3, 9), (10, 8)) is None


def test_cells_are_half_open_and_row_major() -> None:
    assert cells([(2, 0, 4, 2)], (9, 9)) == {2}  # the centre lies on the border: x = 3 belongs to the second cell
    assert cells([(8, 8, 9, 9), (0, 3, 1, 4)], (9, 9)) == {9, 4}


@pytest.mark.parametrize(
    ("box", "step", "said"),
    [
        ((10.4, 20.6, 30.5, 41.2), 1, (10, 21, 31, 41)),
        ((10, 21, 31, 41), 4, (12, 20, 32, 40)),
        ((9.1, 9.2, 9.4, 9.3), 1, (9, 9, 10, 10)),  # both sides would vanish: outwards
        ((6.5, 6.5, 7.5, 7.5), 8, (0, 0, 8, 8)),
        ((61, 47, 62, 48), 4, (60, 44, 62, 48)),  # the last line is the chip's edge, also between lines
    ],
)
def test_coordinates_go_to_the_nearest_line(box: Box, step: int, said: Box) -> None:
    assert written([box], (62, 48), step) == [said]


def test_boxes_are_said_in_reading_order_and_once() -> None:
    boxes: list[Box] = [(5, 26, 9, 32), (30, 10, 40, 20), (50, 2, 55, 8), (30.2, 10.1, 40, 20.3)]  # 28 px are a line
    assert written(boxes, (62, 48)) == [(30, 10, 40, 20), (50, 2, 55, 8), (5, 26, 9, 32)]


@st.composite
def chips_with_boxes(draw: st.DrawFn) -> tuple[tuple[int, int], list[Box]]:
    width, height = draw(st.integers(8, 600)), draw(st.integers(8, 600))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    boxes = []
    for _ in range(draw(st.integers(0, 6))):
        x, y = rng.uniform(-5, width), rng.uniform(-5, height)
        if box := clip((x, y, x + rng.exponential(10), y + rng.exponential(10)), (width, height)):
            boxes.append(box)
    return (width, height), boxes


@given(chips_with_boxes(), st.integers(1, 16))
def test_written_boxes_stay_near_keep_an_area_and_are_read_back(
    chip: tuple[tuple[int, int], list[Box]], step: int
) -> None:
    (width, height), boxes = chip
    said = written(boxes, (width, height), step)
    for x1, y1, x2, y2 in said:
        assert 0 <= x1 < x2 <= width
        assert 0 <= y1 < y2 <= height
        assert all(v % step == 0 or v in (width, height) for v in (x1, y1, x2, y2))
    for box in boxes:  # no side moves by a step or more
        assert any(all(abs(a - b) < step for a, b in zip(box, other, strict=True)) for other in said)
    reading = detection.read(detection.write(said, "ship"), "ship", width, height)
    assert (reading.status, reading.value) == ("ok", said)
