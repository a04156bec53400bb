"""The detector on made images: ships found, clutter left alone, nothing odd at edges, masks and degenerate input."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusar_core.domain.answers import Detection
from fusar_core.engines.cfar import Settings
from fusar_core.engines.cfar.clutter import block_moments, by_blocks, measure
from fusar_core.engines.cfar.detector import detect, score_of
from fusar_core.engines.cfar.settings import scale_for

Image = npt.NDArray[np.float32]
TEN_METRES = (10.0, 10.0)
LOOKS = 4.4


def sea(shape: tuple[int, int], seed: int = 0, inverse_shape: float = 0.0) -> Image:
    """Speckle of 4.4 looks and mean 1, times texture in cells of 16 pixels."""
    rng = np.random.default_rng(seed)
    image = rng.gamma(LOOKS, 1 / LOOKS, shape)
    if inverse_shape:
        cells = rng.gamma(1 / inverse_shape, inverse_shape, (shape[0] // 16 + 1, shape[1] // 16 + 1))
        image *= np.kron(cells, np.ones((16, 16)))[: shape[0], : shape[1]]
    return image.astype(np.float32)


def add_ship(image: Image, x: float, y: float, length: float, width: float, degrees: float, level: float) -> None:
    ys, xs = np.mgrid[0 : image.shape[0], 0 : image.shape[1]] + 0.5
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    along, across = (xs - x) * c + (ys - y) * s, (ys - y) * c - (xs - x) * s
    image[(abs(along) <= length / 2) & (abs(across) <= width / 2)] += level


def everywhere(image: Image) -> npt.NDArray[np.bool_]:
    return np.ones(image.shape, bool)


def sides(found: Detection) -> tuple[float, float]:
    a, b, c, _ = found.corners
    return math.dist(a, b), math.dist(b, c)


def is_at(found: Detection, x: float, y: float, within: float = 3.0) -> bool:
    return math.dist(found.centre, (x, y)) <= within


@pytest.mark.parametrize("inverse_shape", [0.0, 0.25])
def test_every_planted_ship_and_nothing_else_is_found(inverse_shape: float) -> None:
    image = sea((800, 800), 1, inverse_shape)
    ships = [(100.0 + 150 * i, 100.0 + 150 * j, 8.0 + 2 * i + j, 25.0 * i + 7 * j) for i in range(5) for j in range(5)]
    for x, y, length, degrees in ships:
        add_ship(image, x, y, length, 3, degrees, 40.0)
    found = detect(image, everywhere(image), TEN_METRES)
    assert all(any(is_at(d, x, y) for d in found) for x, y, _, _ in ships)
    assert len(found) == len(ships)


@pytest.mark.parametrize("inverse_shape", [0.0, 0.1, 0.25])
def test_false_alarms_keep_to_the_nominal_rate(inverse_shape: float) -> None:
    rate, above, pixels = 1e-4, 0, 0
    for seed in range(3):
        image = sea((1024, 1024), 10 + seed, inverse_shape)
        scale = scale_for(Settings(), TEN_METRES)
        blocks = block_moments(image, everywhere(image), scale.smoothing, scale.block)
        clutter = measure(blocks, scale, replace(Settings(), seed_rate=rate))
        above += int((by_blocks(blocks.smooth, 8) > clutter.seed[:, :, None, None]).sum())
        pixels += image.size
    assert rate / 4 < above / pixels < rate * 4


@settings(max_examples=25, deadline=None)
@given(st.floats(25, 50), st.floats(5, 10), st.floats(0, 180))
def test_length_width_and_direction_of_a_ship_are_right(length: float, width: float, degrees: float) -> None:
    image = sea((160, 160), 2)
    add_ship(image, 80.4, 79.7, length, width, degrees, 200.0)
    (found,) = detect(image, everywhere(image), TEN_METRES)
    long, short = max(sides(found)), min(sides(found))
    assert is_at(found, 80.4, 79.7, 1.0)
    assert long == pytest.approx(length, abs=2.0)
    assert short == pytest.approx(width, abs=2.0)
    (x0, y0), (x1, y1), (x2, y2), _ = found.corners
    dx, dy = (x1 - x0, y1 - y0) if sides(found)[0] >= sides(found)[1] else (x2 - x1, y2 - y1)
    off = (math.degrees(math.atan2(dy, dx)) - degrees + 90) % 180 - 90
    assert abs(off) <= math.degrees(math.atan2(2.0, length))


def test_the_box_of_a_slanting_ship_goes_around_its_pixels() -> None:
    image = sea((160, 160), 3)
    ys, xs = np.mgrid[0:160, 0:160] + 0.5
    along, across = ((xs - 80) + (ys - 80)) / math.sqrt(2), ((ys - 80) - (xs - 80)) / math.sqrt(2)
    image[(along / 25) ** 2 + (across / 6) ** 2 <= 1] += 200.0
    (found,) = detect(image, everywhere(image), TEN_METRES)
    x1, y1, x2, y2 = found.bbox
    half = math.sqrt((25**2 + 6**2) / 2)  # of an ellipse at 45°, where the rectangle's corners reach 22
    assert (x1, y1, x2, y2) == pytest.approx((80 - half, 80 - half, 80 + half, 80 + half), abs=1.6)
    assert max(x for x, _ in found.corners) > x2 + 1


@pytest.mark.parametrize("factor", [1e-12, 0.03, 7.0, 1e14])
def test_the_unit_of_intensity_does_not_matter(factor: float) -> None:
    image = sea((300, 300), 4)
    add_ship(image, 100, 100, 12, 4, 30, 60)
    add_ship(image, 220, 180, 20, 5, 100, 25)
    one, other = (detect(i.astype(np.float32), everywhere(image), TEN_METRES) for i in (image, image * factor))
    assert len(one) == 2
    assert [d.corners for d in one] == [d.corners for d in other]
    assert [d.score for d in one] == pytest.approx([d.score for d in other], rel=1e-4)


def test_the_same_image_gives_the_same_detections() -> None:
    image = sea((300, 300), 5)
    add_ship(image, 100, 100, 12, 4, 30, 60)
    assert detect(image, everywhere(image), TEN_METRES) == detect(image.copy(), everywhere(image), TEN_METRES)


def test_the_image_is_left_as_it_was() -> None:
    image, valid = sea((200, 200), 6), np.ones((200, 200), bool)
    valid[:50] = False
    before = image.copy()
    detect(image, valid, TEN_METRES)
    assert np.array_equal(image, before)


def test_nodata_edges_and_nan_lines_are_no_targets_and_hide_none() -> None:
    image = sea((400, 400), 7)
    add_ship(image, 300, 200, 20, 5, 0, 80)
    valid = everywhere(image)
    valid[:, :120] = False
    image[:, :120] = 1e6
    valid[250] = False
    image[250] = np.nan
    valid[np.triu_indices(400, 250)] = False
    image[np.triu_indices(400, 250)] = 0
    found = detect(image, valid, TEN_METRES)
    assert len(found) == 1
    assert is_at(found[0], 300, 200)


def test_nan_and_inf_are_left_out_even_where_they_are_called_valid() -> None:
    image = sea((200, 200), 8)
    image[50:60, 50:90], image[120, 100:130] = np.inf, np.nan
    add_ship(image, 150, 60, 15, 4, 20, 80)
    found = detect(image, everywhere(image), TEN_METRES)
    assert [is_at(d, 150, 60) for d in found] == [True]


def test_targets_on_land_are_left_out_where_a_water_mask_says_so() -> None:
    image = sea((400, 400), 9)
    water = np.ones((400, 400), bool)
    water[:, :200] = False
    image[:, :200] *= 8
    for x in (100, 300):
        add_ship(image, x, 200, 20, 5, 0, 400)
    add_ship(image, 205, 100, 20, 4, 90, 80)  # moored two pixels off the shore
    assert any(is_at(d, 100, 200) for d in detect(image, everywhere(image), TEN_METRES))
    moored, free = sorted(detect(image, everywhere(image), TEN_METRES, None, water), key=lambda d: d.centre[0])
    assert is_at(moored, 205, 100)
    assert is_at(free, 300, 200)


def test_all_land_gives_nothing() -> None:
    image = sea((100, 100), 10)
    assert detect(image, everywhere(image), TEN_METRES, None, np.zeros((100, 100), bool)) == []


@pytest.mark.parametrize("pixel", [None, TEN_METRES, (0.5, 0.5), (30.0, 30.0), (300.0, 300.0)])
@pytest.mark.parametrize(
    "image",
    [
        np.zeros((64, 64), np.float32),
        np.full((64, 64), 7.0, np.float32),
        np.full((200, 30), 65025.0, np.float32),
        np.ones((1, 1), np.float32),
        np.full((1, 900), 3.0, np.float32),
        np.full((50, 50), np.nan, np.float32),
        np.zeros((0, 10), np.float32),
    ],
    ids=["zero", "constant", "saturated", "one pixel", "one row", "nan", "empty"],
)
def test_an_image_without_contrast_holds_nothing(image: Image, pixel: tuple[float, float] | None) -> None:
    assert detect(image, everywhere(image), pixel) == []


def test_no_valid_pixel_gives_nothing() -> None:
    image = sea((64, 64), 11)
    assert detect(image, np.zeros((64, 64), bool), TEN_METRES) == []


@pytest.mark.parametrize(("x", "y"), [(0, 150), (300, 150), (150, 0), (150, 300), (0, 0)])
def test_a_ship_across_the_edge_is_found_as_far_as_it_is_seen(x: float, y: float) -> None:
    image = sea((300, 300), 12)
    add_ship(image, x, y, 30, 10, 0, 100)
    (found,) = detect(image, everywhere(image), TEN_METRES)
    x1, y1, x2, y2 = found.bbox
    seen = max(0, x - 15), max(0, y - 5), min(300, x + 15), min(300, y + 5)
    assert (x1, y1, x2, y2) == pytest.approx(seen, abs=2.5)


@pytest.mark.parametrize("pixel_m", [1.0, 3.0, 10.0, 20.0, 30.0])
def test_ships_are_found_at_every_resolution(pixel_m: float) -> None:
    """Ships of 240 × 40 m, a kilometre and more apart, as pixels of 1 to 30 m show them."""
    metres = 2400 if pixel_m < 3 else 8000
    side = round(metres / pixel_m)
    image = sea((side, side), 13)
    at = [(metres / 4, metres / 4, 20.0), (3 * metres / 4, metres / 3, 75.0), (metres / 2, 3 * metres / 4, 140.0)]
    for x, y, degrees in at:
        add_ship(image, x / pixel_m, y / pixel_m, 240 / pixel_m, max(40 / pixel_m, 1.5), degrees, 60.0)
    found = detect(image, everywhere(image), (pixel_m, pixel_m))
    assert len(found) == len(at)
    for x, y, _ in at:
        (ship,) = (d for d in found if is_at(d, x / pixel_m, y / pixel_m, 60 / pixel_m))
        assert max(sides(ship)) * pixel_m == pytest.approx(240, abs=max(20, 1.5 * pixel_m))


def test_a_small_boat_of_two_coarse_pixels_is_found() -> None:
    image = sea((200, 200), 14)
    image[100, 100:102] += 60
    (found,) = detect(image, everywhere(image), (30.0, 30.0))
    assert is_at(found, 101, 100.5, 1.0)


def test_unequal_pixels_count_by_their_own_size() -> None:
    """A bar of 40 columns of 10 m and 10 rows of 40 m is 400 m both ways."""
    image = sea((200, 400), 15)
    image[95:105, 180:220] += 80
    assert len(detect(image, everywhere(image), (10.0, 40.0))) == 1
    image[60:140, 180:220] += 80  # 3.2 km
    assert detect(image, everywhere(image), (10.0, 40.0)) == []


def test_what_is_larger_than_any_ship_or_smaller_than_one_is_left_out() -> None:
    image = sea((400, 400), 16)
    add_ship(image, 200, 100, 90, 12, 10, 80)  # 900 m
    image[300, 300] += 5000  # bright, and one pixel of 10 m; smoothing makes it 3 × 3
    found = detect(image, everywhere(image), TEN_METRES)
    assert not any(is_at(d, 200, 100, 20) for d in found)
    assert all(max(sides(d)) <= 2 for d in found)


def test_a_target_among_others_as_bright_is_land() -> None:
    image = sea((400, 400), 17)
    rng = np.random.default_rng(17)
    for _ in range(120):
        x, y = rng.uniform(150, 250, 2)
        add_ship(image, x, y, 6, 3, rng.uniform(0, 180), 60)
    add_ship(image, 330, 330, 15, 4, 0, 60)
    found = detect(image, everywhere(image), TEN_METRES)
    assert any(is_at(d, 330, 330) for d in found)
    assert sum(150 < d.centre[0] < 250 and 150 < d.centre[1] < 250 for d in found) <= 3


def test_a_fleet_is_no_land() -> None:
    """Nine ships side by side, two lengths apart: each has more bright pixels around it than a free target may."""
    image = sea((400, 400), 19)
    at = [(160 + 40 * i, 160 + 25 * j) for i in range(3) for j in range(3)]
    for x, y in at:
        add_ship(image, x, y, 20, 6, 0, 60)
    found = detect(image, everywhere(image), TEN_METRES)
    assert len(found) == 9
    assert all(any(is_at(d, x, y) for d in found) for x, y in at)


def test_the_bright_pieces_of_a_breakwater_are_no_ships() -> None:
    image = sea((400, 400), 20)
    image[200:203, 100:300] += 4.0
    for x in (120, 180, 240, 290):
        image[200:203, x : x + 6] += 12.0
    add_ship(image, 200, 250, 12, 4, 0, 12)
    found = detect(image, everywhere(image), TEN_METRES)
    assert [is_at(d, 200, 250) for d in found] == [True]


def test_side_lobes_do_not_make_a_bright_ship_too_long() -> None:
    image = sea((400, 400), 21)
    add_ship(image, 200, 200, 25, 5, 90, 20_000)
    image[100:300, 199:202] += 60.0
    (found,) = detect(image, everywhere(image), TEN_METRES)
    assert max(sides(found)) == pytest.approx(25, abs=2)


def test_brighter_ships_have_more_contrast_and_higher_scores() -> None:
    image = sea((200, 600), 18)
    for k, level in enumerate((15, 60, 240)):
        add_ship(image, 100 + 200 * k, 100, 15, 5, 0, level)
    found = sorted(detect(image, everywhere(image), TEN_METRES), key=lambda d: d.centre[0])
    scores = [d.score for d in found]
    contrasts = [d.contrast_db for d in found]
    assert scores == sorted(scores)
    assert all(0 < s < 1 for s in scores)
    assert contrasts == pytest.approx([10 * math.log10(1 + level) for level in (15, 60, 240)], abs=1.0)


@given(st.floats(1, 1e6), st.floats(1, 1e6))
def test_scores_grow_with_significance(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert 0 < score_of(low) <= score_of(high) <= 1


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 70), st.integers(1, 70), st.integers(0, 2**32 - 1), st.sampled_from([None, (10.0, 10.0), (1.0, 2.0)])
)
def test_images_of_any_size_are_looked_at_without_complaint(
    height: int, width: int, seed: int, pixel: tuple[float, float] | None
) -> None:
    rng = np.random.default_rng(seed)
    image = rng.exponential(1.0, (height, width)).astype(np.float32) ** 3
    valid = rng.random((height, width)) < 0.9
    with np.errstate(all="raise", under="ignore"):
        for d in detect(image, valid, pixel):
            x1, y1, x2, y2 = d.bbox
            assert -1 <= x1 < x2 <= width + 1
            assert -1 <= y1 < y2 <= height + 1
