"""The int8 encoding of AlphaEarth vectors, and the guard against wrongly decoded ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from aef_world import encoded, random_vectors, real_vectors
from hypothesis import given
from hypothesis import strategies as st

from fusar_core.errors import BadEmbeddings
from fusar_core.prior.aef.quantisation import decode, encode, has_data, unit_vectors

ALL = np.ones(200, bool)


@given(st.integers(-127, 127))
def test_every_code_decodes_by_the_published_formula_and_encodes_back(code: int) -> None:
    codes = np.array([code], np.int8)
    assert decode(codes)[0] == pytest.approx(np.sign(code) * (code / 127.5) ** 2, abs=1e-7)
    assert encode(decode(codes))[0] == code


def test_nodata_decodes_to_zero_and_is_never_made_by_encoding() -> None:
    assert decode(np.array([-128], np.int8))[0] == 0
    assert encode(np.array([-1.0, -2.0, 1.0])).tolist() == [-127, -127, 127]


def test_real_vectors_are_codes_of_unit_length(real_data: Path) -> None:
    real = real_vectors(real_data / "aef")
    assert len(real) == 2880
    codes = encode(real)
    np.testing.assert_allclose(decode(codes), real, atol=1e-6)
    vectors, valid = unit_vectors(decode(codes), has_data(codes), "real vectors")
    assert valid.all()
    np.testing.assert_array_equal(vectors, decode(codes))  # raw: nothing is stretched


def test_nodata_in_one_band_is_nodata_in_all_and_zero_padding_is_no_vector() -> None:
    codes = encoded(random_vectors(3))
    codes[1, 17] = -128
    codes[2] = 0
    assert has_data(codes).tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("wrongly", "cause"),
    [
        (lambda codes: codes / 127.5, "decoded linearly"),
        (lambda codes: codes / 128.0, "decoded linearly"),
        (lambda codes: codes.astype(float), "not decoded"),
        (lambda codes: (codes / 127.5) ** 2 * np.sign(codes) * 3, "not AlphaEarth"),
        (lambda codes: (codes / 127.5) ** 2 * np.sign(codes) * 0.1, "scaled"),
    ],
)
def test_wrong_decoding_is_refused_with_its_likely_cause(wrongly, cause: str) -> None:
    with pytest.raises(BadEmbeddings, match=cause):
        unit_vectors(wrongly(encoded(random_vectors()).astype(np.float64)), ALL, "a file")


def test_means_of_pixels_are_stretched_to_unit_length_and_others_left_raw() -> None:
    vectors = random_vectors()
    mixed = vectors.copy()
    mixed[::2] = 0.6 * vectors[::2] + 0.4 * vectors[1::2]
    result, valid = unit_vectors(mixed, ALL, "an overview")
    assert valid.all()
    np.testing.assert_allclose(np.linalg.norm(result, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(result[1::2], vectors[1::2], atol=1e-6)


def test_single_damaged_vectors_are_masked_and_nan_too() -> None:
    vectors = random_vectors()
    vectors[3] *= 2
    vectors[4] = np.nan
    result, valid = unit_vectors(vectors, ALL, "a file")
    assert np.flatnonzero(~valid).tolist() == [3, 4]
    assert not result[~valid].any()
