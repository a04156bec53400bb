"""The threshold is the quantile of the clutter's distribution: against closed forms, quadrature and random numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special, stats

from fusar_core.engines.cfar.threshold import exceedance, multiplier, quantile


@pytest.mark.parametrize("looks", [0.8, 4.4, 40.0])
@pytest.mark.parametrize("rate", [1e-2, 1e-6, 1e-9])
def test_without_texture_it_is_the_gamma_quantile(looks: float, rate: float) -> None:
    assert quantile(looks, 0.0, rate) == pytest.approx(stats.gamma.isf(rate, looks, scale=1 / looks), rel=1e-6)


def k_density(t: float, looks: float, shape: float) -> float:
    """Density of K-distributed intensity of unit mean, by its Bessel function."""
    product = looks * shape
    scale = 2 * product ** ((looks + shape) / 2) / (special.gamma(looks) * special.gamma(shape))
    return float(scale * t ** ((looks + shape) / 2 - 1) * special.kv(looks - shape, 2 * np.sqrt(product * t)))


@pytest.mark.parametrize(("looks", "shape"), [(1.0, 0.5), (4.4, 4.0), (10.0, 1.0), (3.0, 20.0)])
@pytest.mark.parametrize("t", [0.5, 3.0, 12.0])
def test_with_texture_it_is_the_k_distribution(looks: float, shape: float, t: float) -> None:
    tail, _ = integrate.quad(k_density, t, np.inf, args=(looks, shape), epsabs=0, limit=200)
    assert exceedance(t, looks, 1 / shape) == pytest.approx(tail, rel=1e-5)


@pytest.mark.parametrize(("looks", "inverse_shape"), [(4.4, 0.0), (4.4, 0.13), (39.0, 0.5), (1.0, 3.0)])
def test_of_random_clutter_the_wanted_share_lies_above(looks: float, inverse_shape: float) -> None:
    rng = np.random.default_rng(3)
    clutter = rng.gamma(looks, 1 / looks, 1_000_000)
    if inverse_shape:
        clutter *= rng.gamma(1 / inverse_shape, inverse_shape, clutter.size)
    above = np.mean(clutter > multiplier(looks, inverse_shape, 1e-3))
    assert above == pytest.approx(1e-3, rel=0.15)


@given(st.floats(0.5, 200), st.floats(0, 20), st.floats(0, 20))
def test_rougher_clutter_needs_a_higher_threshold(looks: float, a: float, b: float) -> None:
    smooth, rough = sorted((a, b))
    low, high = multiplier(looks, [smooth, rough], 1e-6)
    assert 1 < low <= high
