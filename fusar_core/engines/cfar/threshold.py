"""The threshold of a constant false-alarm rate: quantiles of gamma- and K-distributed intensity, from a table."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

FloatArray = npt.NDArray[np.float64]

INVERSE_SHAPES: FloatArray = np.concatenate([[0.0], np.geomspace(3e-3, 20.0, 27)])
"""1/ν of the table's nodes: 0 is pure speckle (gamma), 1 very spiky sea, 20 no sea at all."""
LOOKS_RANGE = (0.3, 300.0)
LOOKS_STEP = math.log(1.04)
"""Looks are rounded to steps of 4 %, so that a scene needs few tables."""
_NODES = 120
_LARGEST_SHAPE = 1e4


def exceedance(t: npt.ArrayLike, looks: float, inverse_shape: float) -> FloatArray:
    """P(I > t) of K-distributed intensity I of unit mean.

    I = X·Y with X ~ gamma(looks)/looks (speckle) and Y ~ gamma(ν)/ν (texture), ν = 1/inverse_shape; without texture the
    gamma distribution itself. Integrated over ln Y by the trapezoid rule, which converges geometrically for such smooth
    integrands. Source: Ward, Tough & Watts, Sea Clutter (2006), ch. 4.
    """
    t = np.asarray(t, float)
    if inverse_shape * _LARGEST_SHAPE < 1.0:
        return np.asarray(special.gammaincc(looks, looks * t), float)
    log_y, weights = _texture_nodes(inverse_shape)
    return np.asarray(special.gammaincc(looks, looks * t[..., None] * np.exp(-log_y)) @ weights, float)


def _texture_nodes(inverse_shape: float) -> tuple[FloatArray, FloatArray]:
    """Nodes ln y and weights of the texture's distribution; its mean is 1."""
    shape = 1.0 / inverse_shape
    low = special.gammaincinv(shape, 1e-14) / shape
    high = special.gammainccinv(shape, 1e-30) / shape
    log_y = np.linspace(math.log(max(low, 1e-9)), math.log(high), _NODES)
    log_weights = shape * log_y - shape * np.exp(log_y) + shape * math.log(shape) - special.gammaln(shape)
    return log_y, np.exp(log_weights) * (log_y[1] - log_y[0])


def quantile(looks: float, inverse_shape: float, false_alarm_rate: float, at_least: float = 1e-9) -> float:
    """The t with P(I > t) = false_alarm_rate, in units of the mean. at_least: a bound that is known, to search less."""

    def too_likely(log_t: float) -> float:
        return math.log(max(float(exceedance(math.exp(log_t), looks, inverse_shape)), 1e-300) / false_alarm_rate)

    low = math.log(at_least)
    high, step = low, 0.25
    while too_likely(high) > 0:
        low, high, step = high, high + step, step * 2
    return math.exp(optimize.brentq(too_likely, low, high, xtol=1e-7)) if high > low else at_least


@lru_cache(maxsize=512)
def _table(looks_step: int, false_alarm_rate: float) -> FloatArray:
    looks = math.exp(looks_step * LOOKS_STEP)
    quantiles: list[float] = []
    for inverse_shape in INVERSE_SHAPES:  # texture only ever raises the quantile
        quantiles.append(quantile(looks, inverse_shape, false_alarm_rate, quantiles[-1] if quantiles else 1e-9))
    return np.array(quantiles)


def multiplier(looks: float, inverse_shape: npt.ArrayLike, false_alarm_rate: float) -> FloatArray:
    """q(L, 1/ν, PFA): what the local mean is multiplied with to become a threshold.

    looks: equivalent number of looks, clamped to `LOOKS_RANGE` and rounded to the nearest step of the table.
    inverse_shape: array of 1/ν, interpolated linearly between the table's nodes and clamped to them.
    """
    looks = min(max(looks, LOOKS_RANGE[0]), LOOKS_RANGE[1])
    table = _table(round(math.log(looks) / LOOKS_STEP), false_alarm_rate)
    return np.asarray(np.interp(np.asarray(inverse_shape, float), INVERSE_SHAPES, table), float)
