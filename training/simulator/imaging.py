"""From ground to image: texture, speckle of L looks with the sensor's resolution, bright points with side lobes, and
the stretch to 8 bits."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from training.simulator.ground import WATER, Ground, Map

STRETCHES = {"window": 0.2, "percentiles": 0.25, "amplitude": 0.35, "contrast": 0.2}
"""How 8-bit images come about, and how often: a fixed window of decibels, percentiles of decibels (what the engine does
with uncalibrated scenes), amplitude up to a percentile, amplitude up to some standard deviations above its mean."""
NOISE_DB = -27.0


def intensity(ground: Ground, looks: float, resolution_px: float) -> Map:
    """(side, side) float32 power. looks: equivalent number of looks before the impulse response smooths it.

    resolution_px: standard deviation of the impulse response.
    """
    rng, side = ground.rng, ground.side
    texture = np.where(ground.cover == WATER, 0.12, 0.35) * rng.standard_normal((side, side), np.float32)
    clutter = 10 ** (ground.backscatter_db() / 10) * np.exp(texture)
    speckle = rng.standard_gamma(looks, (side, side)).astype(np.float32) / np.float32(looks)
    steady = max(looks, 3.0)
    flicker = rng.standard_gamma(steady, (side, side)).astype(np.float32) / np.float32(steady)
    seen = ndimage.gaussian_filter(clutter * speckle, resolution_px * 0.7)
    return np.asarray(
        seen + 10 ** (NOISE_DB / 10) * flicker + _points(ground, resolution_px) * np.sqrt(flicker), np.float32
    )


def _points(ground: Ground, resolution_px: float) -> Map:
    """Power of the bright points: each spread by the impulse response, the strongest with side lobes."""
    rng, side = ground.rng, ground.side
    power = np.zeros((side, side), np.float32)
    if not ground.points:
        return power
    x, y, db = np.concatenate(ground.points).T
    x, y, strength = x - 0.5, y - 0.5, 10 ** (db / 10)
    column, row = np.floor(x).astype(int), np.floor(y).astype(int)
    for right, east in ((0, column + 1 - x), (1, x - column)):
        for down, south in ((0, row + 1 - y), (1, y - row)):
            inside = (column + right >= 0) & (column + right < side) & (row + down >= 0) & (row + down < side)
            share = (strength * east * south)[inside]
            np.add.at(power, (row[inside] + down, column[inside] + right), share)
    if not power.any():
        return power
    seen = ndimage.gaussian_filter(power, resolution_px) * (4.8 * resolution_px**2)
    strongest = np.where(power > np.quantile(power[power > 0], 0.9), power, 0)
    lobes = rng.uniform(0, 0.06) / (1 + (1.7 * np.arange(-8, 9)) ** 2)
    across = [ndimage.convolve1d(strongest, lobes, axis=axis) for axis in (0, 1)]
    return np.asarray(seen + across[0] + across[1], np.float32)


def to_uint8(power: Map, stretch: str, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """The 8-bit image of a scene; see STRETCHES."""
    if stretch == "window":
        shown = (10 * np.log10(power + 1e-9) + 25) / 30
    elif stretch == "percentiles":
        db = 10 * np.log10(power + 1e-9)
        low, high = np.percentile(db[::3, ::3], [2, 98])
        shown = (db - low) / max(high - low, 6)
    else:
        amplitude = np.sqrt(power)
        if stretch == "amplitude":
            top = max(np.percentile(amplitude[::2, ::2], rng.uniform(98.5, 99.9)), 4 * np.median(amplitude))
        else:
            top = amplitude.mean() + 3.5 * amplitude.std()
        shown = amplitude / top
    return (np.clip(shown, 0, 1) * 255).astype(np.uint8)
