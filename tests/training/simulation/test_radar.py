"""The simulated radar: speckle of the looks asked for, as wide as the resolution; points where they are put."""

from __future__ import annotations

import numpy as np
import pytest

from training.simulation.canvas import LEVELS_DB, Canvas, smooth
from training.simulation.radar import Radar, image, to_uint8

SIDE = 256


def canvas(level_db: float = -10.0) -> Canvas:
    plain = Canvas(SIDE, 10.0, np.random.default_rng(0), np.array(LEVELS_DB["C"], np.float32))
    plain.db[:] = level_db
    return plain


@pytest.mark.parametrize("width_px", [1.0, 1.6, 2.6])
@pytest.mark.parametrize("enl", [1.0, 1.7, 3.0, 4.5, 9.0])
def test_an_even_surface_has_its_backscatter_and_the_looks_asked_for(enl: float, width_px: float) -> None:
    seen = image(canvas(), Radar(enl, (width_px, width_px), noise_db=-60), np.random.default_rng(1))
    assert seen.mean() == pytest.approx(0.1, rel=0.05)
    assert seen.mean() ** 2 / seen.var() == pytest.approx(enl, rel=0.15)


def test_single_look_speckle_is_exponential() -> None:
    seen = image(canvas(), Radar(1.0, (1.0, 1.0), 1.0, noise_db=-60), np.random.default_rng(1)) / 0.1
    for level in (0.1, 0.5, 1.0, 2.0, 4.0):
        assert (seen > level).mean() == pytest.approx(np.exp(-level), abs=0.01)


def test_speckle_is_as_wide_as_the_resolution_on_each_axis() -> None:
    seen = image(canvas(), Radar(1.0, (1.0, 3.0)), np.random.default_rng(1))
    seen = (seen - seen.mean()) / seen.std()
    beside, below = (seen[:, 1:] * seen[:, :-1]).mean(), (seen[1:] * seen[:-1]).mean()
    assert beside < 0.25 < 0.6 < below


def test_noise_adds_to_a_dark_surface() -> None:
    seen = image(canvas(-40.0), Radar(3.0, noise_db=-25.0), np.random.default_rng(1))
    assert 10 * np.log10(seen.mean()) == pytest.approx(-24.9, abs=0.3)


@pytest.mark.parametrize(("x", "y"), [(40.5, 60.5), (100.25, 30.8), (3.5, 250.5)])
def test_a_point_peaks_in_its_pixel_with_its_strength(x: float, y: float) -> None:
    one = canvas(-60.0)
    one.add_points([x], [y], [10.0])
    seen = image(one, Radar(1.0, (2.0, 2.0), noise_db=-60), np.random.default_rng(1))
    row, column = np.unravel_index(seen.argmax(), seen.shape)
    assert (row, column) == (int(y), int(x))
    assert 10 * np.log10(seen.max()) == pytest.approx(10.0, abs=2.0)  # between pixels it is seen weaker


def test_side_lobes_of_an_untapered_band_lie_13_db_below_and_taper_lowers_them() -> None:
    one = canvas(-80.0)
    one.add_points([128.5], [128.5], [20.0])

    def first_lobe(taper: float) -> float:
        row = image(one, Radar(1.0, (4.0, 4.0), taper, noise_db=-80), np.random.default_rng(1))[128]
        beyond = row[129 + int(np.argmax(np.diff(row[128:]) > 0)) :]  # from the first null on
        return float(10 * np.log10(beyond.max() / row.max()))

    assert first_lobe(1.0) == pytest.approx(-13.3, abs=1.0)
    assert first_lobe(0.2) < -22


def test_points_beyond_the_scene_do_not_wrap_around() -> None:
    one = canvas(-80.0)
    one.add_points([-3.0, SIDE + 100.0, -200.0], [50.0, 50.0, 50.0], [40.0, 60.0, 60.0])
    seen = image(one, Radar(1.0, (1.5, 1.5), 0.2, noise_db=-80), np.random.default_rng(1))
    assert 10 * np.log10(seen[:, SIDE // 2 :].max()) < 40 - 50


def test_stretches_show_what_they_say() -> None:
    db = np.array([[-25.0, -10.0, 5.0, 20.0]], np.float32)
    assert to_uint8(10 ** (db / 10), "window", 0).tolist() == [[0, 128, 255, 255]]
    field = (0.01 * np.random.default_rng(0).gamma(4, 0.25, (100, 100))).astype(np.float32)
    assert np.percentile(to_uint8(field, "linear", 40.0), 40) == pytest.approx(40, abs=2)
    field[:, 30:] *= 1e4  # much land: it must not all be white
    assert np.percentile(to_uint8(field, "linear", 40.0), 84) < 255
    spread = to_uint8(field, "percentiles", 0)
    assert (spread == 0).mean() == pytest.approx(0.02, abs=0.01)
    assert (spread == 255).mean() == pytest.approx(0.02, abs=0.01)


def test_a_stretch_of_the_product_does_not_depend_on_what_the_scene_shows() -> None:
    sea, town = np.full((8, 8), 10**-2.0, np.float32), np.full((8, 8), 10**-0.7, np.float32)
    both = np.concatenate([sea, town])
    assert np.unique(to_uint8(sea, "product", 30.0, -20.0, -7.0)).tolist() == [30]
    assert np.unique(to_uint8(both, "product", 30.0, -20.0, -7.0)).tolist() == [30, 134]
    assert to_uint8(town, "product", 90.0, -20.0, -7.0).max() == 150  # else they would be white


def test_smooth_fields_are_standardised_and_as_long_as_asked() -> None:
    rng = np.random.default_rng(0)
    short, long = smooth(rng, 200, 5), smooth(rng, 200, 60)
    for one in (short, long):
        assert one.mean() == pytest.approx(0, abs=1e-3)
        assert one.std() == pytest.approx(1, abs=1e-3)
    assert np.abs(np.diff(short, axis=0)).mean() > 5 * np.abs(np.diff(long, axis=0)).mean()
    streaks = smooth(rng, 200, 4, 80)
    assert np.abs(np.diff(streaks, axis=0)).mean() > 5 * np.abs(np.diff(streaks, axis=1)).mean()
