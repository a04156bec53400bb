"""The split into offshore-like and inshore-like chips."""

from __future__ import annotations

import numpy as np
import pytest

from fusar_core.scoring.clutter import BRIGHT_LEVEL, INSHORE, OFFSHORE, bright_fraction, clutter_group


def test_only_bright_pixels_outside_the_targets_count() -> None:
    image = np.zeros((10, 10), np.uint8)
    image[0, 0:4] = BRIGHT_LEVEL  # bright, outside
    image[1, 0:4] = BRIGHT_LEVEL - 1  # not quite bright
    image[5:7, 5:10] = 255  # the target: 10 pixels
    assert bright_fraction(image, [(5, 5, 10, 7)]) == 4 / 90
    assert bright_fraction(image, []) == 14 / 100


def test_a_pixel_that_a_box_touches_belongs_to_the_target() -> None:
    image = np.full((4, 4), 255, np.uint8)
    assert bright_fraction(image, [(0.9, 0.9, 1.1, 1.1)]) == 1.0
    image[:2, :2] = 0
    assert bright_fraction(~image, [(0.9, 0.9, 1.1, 1.1)]) == 0.0


def test_boxes_past_the_edges_and_all_over() -> None:
    image = np.full((4, 4), 255, np.uint8)
    assert bright_fraction(image, [(-9, -9, -5, -5)]) == 1.0
    assert bright_fraction(image, [(-9, -9, 99, 99)]) == 0.0


@pytest.mark.parametrize(("fraction", "group"), [(0.0, OFFSHORE), (0.0399, OFFSHORE), (0.04, INSHORE), (1.0, INSHORE)])
def test_less_than_4_percent_is_offshore_like(fraction: float, group: str) -> None:
    assert clutter_group(fraction) == group
