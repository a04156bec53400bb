"""What pixels mean: kinds told apart, power and decibels right, one fixed stretch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fusar_core.domain.determination import (
    WINDOW_COPOL_DB,
    WINDOW_CROSSPOL_DB,
    Statement,
    determine,
    stated_in,
)
from fusar_core.domain.radiometry import Kind, Radiometry, possible
from fusar_core.errors import BadBand, SceneEmpty

RNG = np.random.default_rng(7)
SPECKLE = RNG.gamma(4.4, 1 / 4.4, 20_000)
SIGMA0 = (0.05 * SPECKLE).astype(np.float32)  # −13 dB
SIGMA0_DB = (10 * np.log10(SIGMA0)).astype(np.float32)
DIGITAL_NUMBERS = (80 * np.sqrt(SPECKLE)).astype(np.uint16)


def of(kind: Kind, window: tuple[float, float] | None = (-25.0, 5.0), **more: float) -> Radiometry:
    return Radiometry(kind, "by hand", True, window, "by hand", **more)


def whole(values: np.ndarray) -> np.ndarray:
    return np.ones(values.shape, bool)


@pytest.mark.parametrize(
    ("sample", "kind", "calibrated", "reason"),
    [
        (SIGMA0_DB, Kind.DB, True, "negative values"),
        (SIGMA0, Kind.INTENSITY, True, "linear power"),
        (DIGITAL_NUMBERS, Kind.AMPLITUDE, False, "whole numbers"),
        (DIGITAL_NUMBERS.astype(np.float32) * 40, Kind.AMPLITUDE, False, "digital numbers"),
        ((DIGITAL_NUMBERS / DIGITAL_NUMBERS.max()).astype(np.float32), Kind.AMPLITUDE, False, "normalised"),
        (DIGITAL_NUMBERS.astype(np.uint8), Kind.UINT8, False, "8-bit"),
        ((SIGMA0 + 1j * SIGMA0).astype(np.complex64), Kind.COMPLEX, False, "complex"),
    ],
)
def test_kinds_are_told_apart_by_their_values(sample: np.ndarray, kind: Kind, calibrated: bool, reason: str) -> None:
    found = determine(sample, dtype=sample.dtype)
    assert (found.kind, found.calibrated) == (kind, calibrated)
    assert reason in found.provenance


def test_decibels_of_digital_numbers_are_not_calibrated() -> None:
    db = (20 * np.log10(DIGITAL_NUMBERS + 1.0)).astype(np.float32)
    found = determine(db, dtype=db.dtype, stated=Statement(Kind.DB, None, "its name"))
    assert (found.kind, found.calibrated) == (Kind.DB, False)
    assert "2–98 %" in found.window_provenance


def test_words_are_believed_unless_the_values_contradict_them() -> None:
    power = Statement(Kind.INTENSITY, None, "tag UNITS")
    assert determine(DIGITAL_NUMBERS, dtype=np.uint16, stated=power).kind is Kind.INTENSITY
    contradicted = determine(SIGMA0_DB, dtype=np.float32, stated=power)
    assert contradicted.kind is Kind.DB
    assert "although tag UNITS" in contradicted.provenance
    decibels = Statement(Kind.DB, None, "the file name")
    assert determine(DIGITAL_NUMBERS, dtype=np.uint16, stated=decibels).kind is Kind.AMPLITUDE


def test_a_little_negative_power_is_what_noise_correction_leaves() -> None:
    power = np.concatenate([SIGMA0, np.full(100, -0.001, np.float32)])
    assert determine(power, dtype=np.float32, stated=Statement(Kind.INTENSITY, True, "its name")).kind is Kind.INTENSITY


@pytest.mark.parametrize(
    ("text", "kind", "calibrated"),
    [
        ("Sigma0_VV_db", Kind.DB, True),
        ("gamma nought, power", Kind.INTENSITY, True),
        ("Amplitude_VH", Kind.AMPLITUDE, None),
        ("S1_VV_VH_dB_utm18n", Kind.DB, None),
        ("uint8 amplitude, divided by the 99 percent quantile; not calibrated, not dB", Kind.AMPLITUDE, None),
        ("power or amplitude", None, None),
        ("feedback_dbl_powerful", None, None),
        ("", None, None),
    ],
)
def test_what_words_say_about_pixels(text: str, kind: Kind | None, calibrated: bool | None) -> None:
    found = stated_in(text, "it")
    assert (found.kind, found.calibrated) == (kind, calibrated)


@pytest.mark.parametrize(
    ("polarisation", "window"),
    [("VV", WINDOW_COPOL_DB), ("HH", WINDOW_COPOL_DB), ("VH", WINDOW_CROSSPOL_DB), ("HV", WINDOW_CROSSPOL_DB)],
)
def test_calibrated_scenes_share_the_window_of_their_polarisation(
    polarisation: str, window: tuple[float, float]
) -> None:
    assert determine(SIGMA0_DB, dtype=np.float32, polarisation=polarisation).window_db == window
    assert determine(SIGMA0, dtype=np.float32, polarisation=polarisation).window_db == window


def test_other_scenes_get_the_window_of_their_percentiles() -> None:
    found = determine(DIGITAL_NUMBERS, dtype=np.uint16, polarisation="VV")
    expected = np.percentile(20 * np.log10(DIGITAL_NUMBERS.astype(float)), [2, 98])
    assert found.window_db == pytest.approx(expected, abs=0.01)


def test_a_constant_scene_still_has_a_window() -> None:
    found = determine(np.full(500, 77, np.uint16), dtype=np.uint16)
    assert found.window_db is not None
    assert found.window_db[1] - found.window_db[0] == pytest.approx(3)


def test_bright_targets_do_not_turn_power_into_something_else() -> None:
    """A ship may be 40 dB; the sea around it says what the pixels are."""
    power = np.concatenate([SIGMA0, np.full(50, 2e4, np.float32)])
    found = determine(power, dtype=np.float32)
    assert (found.kind, found.calibrated) == (Kind.INTENSITY, True)


def test_what_no_radar_measures_is_refused() -> None:
    for values in (RNG.normal(0, 900, 5000), np.linspace(-80, 2500, 5000)):  # half of a complex image; a terrain model
        with pytest.raises(BadBand, match="no radar measures"):
            determine(values[values > -90].astype(np.float32), dtype=np.float32)


def test_without_pixels_nothing_can_be_said() -> None:
    with pytest.raises(SceneEmpty):
        determine(np.empty(0, np.uint16), dtype=np.uint16)


def test_power_of_each_kind() -> None:
    three = np.array([[3.0]], np.float32)
    assert of(Kind.AMPLITUDE).to_intensity(three, whole(three))[0, 0] == 9
    assert of(Kind.INTENSITY).to_intensity(three, whole(three))[0, 0] == 3
    assert of(Kind.DB).to_intensity(three, whole(three))[0, 0] == pytest.approx(10**0.3)
    assert of(Kind.COMPLEX).to_intensity(np.array([[3 + 4j]], np.complex64), whole(three))[0, 0] == 25
    eight = np.array([[16]], np.uint8)
    assert of(Kind.UINT8, None).to_intensity(eight, whole(eight))[0, 0] == 256  # no overflow
    assert of(Kind.INTENSITY).to_intensity(-three, whole(three))[0, 0] == 0


def test_scale_offset_and_calibration() -> None:
    stored = np.array([[-1350]], np.int16)  # decibels · 100
    hundredth = of(Kind.DB, scale=0.01)
    assert hundredth.to_db(stored, whole(stored))[0, 0] == pytest.approx(-13.5)
    assert hundredth.to_intensity(stored, whole(stored))[0, 0] == pytest.approx(10**-1.35)
    digital = np.array([[5000]], np.uint16)
    alos = of(Kind.AMPLITUDE, calibration_db=-83)
    assert alos.to_db(digital, whole(digital))[0, 0] == pytest.approx(20 * np.log10(5000) - 83, abs=1e-4)


@pytest.mark.parametrize("kind", [Kind.AMPLITUDE, Kind.INTENSITY, Kind.DB])
def test_sixteen_bit_pictures_from_the_table_equal_those_from_the_formula(kind: Kind) -> None:
    table = of(kind, (-20.0, 40.0) if kind is Kind.DB else (0.0, 50.0))
    for values in (
        np.arange(0, 65536, 7, dtype=np.uint16).reshape(1, -1),
        np.arange(-32768, 32767, 7, dtype=np.int16).reshape(1, -1),
    ):
        valid = whole(values)
        expected = table.to_uint8(values.astype(np.float64), valid)
        assert np.abs(table.to_uint8(values, valid).astype(int) - expected).max() <= 1


def test_eight_bit_passes_through() -> None:
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert (of(Kind.UINT8, None).to_uint8(values, whole(values)) == values).all()


@given(arrays(np.float32, (3, 4), elements=st.floats(width=32)), arrays(bool, (3, 4)), st.sampled_from(list(Kind)[:3]))
def test_what_is_not_valid_never_shows(values: np.ndarray, valid: np.ndarray, kind: Kind) -> None:
    """Whatever lies under nodata: NaN, infinities, huge fill."""
    meaning = of(kind)
    valid &= possible(values)
    before = values.copy()
    power, db, grey = (f(values, valid) for f in (meaning.to_intensity, meaning.to_db, meaning.to_uint8))
    assert (power.dtype, db.dtype, grey.dtype) == (np.float32, np.float32, np.uint8)
    assert (power[~valid] == 0).all()
    assert np.isnan(db[~valid]).all()
    assert (grey[~valid] == 0).all()
    assert (power >= 0).all()
    assert not np.isnan(db[valid]).any()
    assert np.array_equal(values, before, equal_nan=True)  # the stored pixels are left alone


@given(st.lists(st.floats(-80, 60), min_size=2, max_size=20))
def test_brighter_is_never_darker(levels: list[float]) -> None:
    values = np.array([sorted(levels)], np.float32)
    assert (np.diff(of(Kind.DB).to_uint8(values, whole(values)).astype(int)) >= 0).all()


def test_the_window_maps_to_black_and_white() -> None:
    values = np.array([[-25.0, -10.0, 5.0, -99.0, 30.0]], np.float32)
    assert of(Kind.DB).to_uint8(values, whole(values)).tolist() == [[0, 128, 255, 0, 255]]


def test_what_can_be_a_measurement() -> None:
    values = np.array([np.nan, np.inf, -np.inf, -9999, -99, 3.4e38, -3.4e38, -25, 0, 30], np.float32)
    assert possible(values).tolist() == [False] * 7 + [True] * 3
    scaled = np.array([-32768, -9999, -8999, -1350, 0, 500], np.int16)
    assert possible(scaled, scale=0.01).tolist() == [False, False, True, True, True, True]
    assert possible(np.array([0j, np.nan + 0j, 1 + 1j], np.complex64)).tolist() == [True, False, True]
