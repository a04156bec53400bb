"""Turned chips: image, boxes, cells and anchors turn together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusar_core.domain.cells import cells_of
from fusar_core.tasks import DETECT, LOCATE, detection, localization
from training.data.instructions import instructions
from training.data.triplets import Target, Triplet
from training.stages.augmentation import TURNS, turned_image, turned_positions, turned_truth

sizes = st.integers(9, 40)


@st.composite
def chips(draw: st.DrawFn) -> tuple[np.ndarray, Triplet, tuple[int, int]]:
    """An image with one bright pixel, the triplet whose target is that pixel, and the pixel (x, y)."""
    width, height = draw(sizes), draw(sizes)
    x, y = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    image = np.zeros((height, width), np.uint8)
    image[y, x] = 255
    cover = [""] * 9
    (cell,) = cells_of([(x + 0.5, y + 0.5)], width, height)
    cover[cell - 1] = "water"
    target = Target("ship", (float(x), float(y), float(x + 1), float(y + 1)))
    triplet = Triplet("a", (width, height), (), image="a.png", targets=(target,), facts={"cover_by_cell": cover})
    return image, triplet, (x, y)


@given(chips(), st.sampled_from(TURNS))
def test_box_cell_and_anchor_stay_on_the_pixel_they_speak_of(case: tuple, turn: int) -> None:
    image, triplet, (x, y) = case
    turned, truth = turned_image(image, turn), turned_truth(triplet, turn)
    assert turned.shape == (truth.size[1], truth.size[0])
    ((row, column),) = np.argwhere(turned == 255)
    assert truth.targets[0].bbox == (column, row, column + 1, row + 1)

    anchor = np.array([[(y + 0.5) / image.shape[0], (x + 0.5) / image.shape[1]]], np.float32)
    ((down, along),) = turned_positions(anchor, turn)
    assert (int(down * turned.shape[0]), int(along * turned.shape[1])) == (row, column)

    middle = any(side % 3 and side * n // 3 in (x, y, x + 1, y + 1) for side in image.shape for n in (1, 2))
    if not middle:  # a pixel that a line of the grid cuts may change its cell when mirrored
        (cell,) = cells_of([(column + 0.5, row + 0.5)], *truth.size)
        assert truth.facts["cover_by_cell"][cell - 1] == "water"


@given(chips(), st.sampled_from(TURNS))
def test_answers_are_made_from_the_turned_truth(case: tuple, turn: int) -> None:
    image, triplet, _ = case
    truth = turned_truth(triplet, turn)
    ((row, column),) = np.argwhere(turned_image(image, turn) == 255)
    talks = {t.task: t for t in instructions(truth, np.random.default_rng(0), ("ship",), (DETECT, LOCATE))}
    assert talks[DETECT].answer == detection.write([(column, row, column + 1, row + 1)], "ship")
    cells = cells_of([(column + 0.5, row + 0.5)], *truth.size)
    assert talks[LOCATE].answer == localization.write(cells)


def test_the_eight_turns_differ_and_the_first_changes_nothing() -> None:
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert np.array_equal(turned_image(image, 0), image)
    assert len({(turned_image(image, t).shape, turned_image(image, t).tobytes()) for t in TURNS}) == 8


@pytest.mark.parametrize("turn", TURNS)
def test_what_no_longer_holds_is_dropped(turn: int, triplets: list[Triplet]) -> None:
    truth = turned_truth(triplets[0], turn)
    assert truth.conversations == ()
    assert replace(truth, targets=(), facts={}).place == triplets[0].place
    assert len(truth.targets) == len(triplets[0].targets)
