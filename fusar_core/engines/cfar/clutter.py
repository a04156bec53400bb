"""Local statistics of the clutter: block moments of smoothed intensity, targets censored, and the threshold they give.

The full image is passed over once, in strips that fit the processor's cache; everything else happens on a grid of
blocks, with 1/64 of the pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage, special

from fusar_core.engines.cfar.settings import Scale, Settings
from fusar_core.engines.cfar.threshold import multiplier

Float32Array = npt.NDArray[np.float32]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

STRIP_PIXELS = 131_072
"""Pixels of a strip: half a megabyte of float32, which a core's own cache holds."""
LEVEL_PERCENTILES = (10.0, 25.0)
"""Of the block means around: both are sea, also where up to three quarters of the surroundings are land."""
SPECKLE_PERCENTILE = 30.0
"""Of the variation inside blocks: that of blocks without texture, targets or edges."""
CENSOR_RATE = 1e-4
MOST_CENSORED = 0.25
"""Share of a block that may be censored; beyond, it is land or a ship, and what remains of it is no clutter either."""
LEAST_LIT = 0.1
"""Share of blocks that must be brighter than 0 for the others to be nodata that nobody declared, not a black sea."""
LEAST_MEAN = 1e-7
"""How far below the brightest pixel clutter can lie, so that a black sea has a threshold too."""
LEAST_SAMPLES = 0.1
"""Share of the ring that must hold clutter for its moments to be used."""


def by_blocks(pixels: npt.NDArray[Any], side: int) -> npt.NDArray[Any]:
    """(h·side, w·side) pixels seen as (h, w, side, side), without copying."""
    h, w = pixels.shape[0] // side, pixels.shape[1] // side
    return pixels.reshape(h, side, w, side).swapaxes(1, 2)


@dataclass
class Blocks:
    """Smoothed intensity and its moments on a grid of blocks.

    smooth: (h·b, w·b) float32 sums over the smoothing window, 0 where not usable; b is the side of a block. usable: the
    same shape, None when every pixel of the image is. n, s1, s2: (h, w) number of usable pixels, their sum and sum of
    squares. peak: (h, w) maximum.
    """

    smooth: Float32Array
    usable: BoolArray | None
    n: FloatArray
    s1: FloatArray
    s2: FloatArray
    peak: Float32Array
    side: int

    def tiles(self, which: BoolArray) -> tuple[Float32Array, BoolArray | None]:
        """(k, b, b) smoothed pixels of the blocks in `which`, row-major, and which of them are usable."""
        usable = None if self.usable is None else by_blocks(self.usable, self.side)[which]
        return by_blocks(self.smooth, self.side)[which], usable


@dataclass(frozen=True)
class Clutter:
    """What the sea, or whatever surrounds a target, looks like, for each block.

    mean: (h, w) of the smoothed intensity. inverse_shape: 1/ν of its texture. looks: ENL of the smoothed image. seed,
    grow, link: thresholds, from the highest to the lowest.
    """

    mean: FloatArray
    inverse_shape: FloatArray
    looks: float
    seed: FloatArray
    grow: FloatArray
    link: FloatArray


def block_moments(intensity: Float32Array, usable: BoolArray, smoothing: int, side: int) -> Blocks:
    """Averages over `smoothing` × `smoothing` pixels (odd) and sums up over blocks of `side` × `side` pixels.

    intensity: (H, W) float32, 0 where not usable. The image is continued beyond its edges by its edge pixels. Beside
    unusable pixels the average counts them as 0: a little too low, but nothing bright leaks in and no target is lost.
    """
    height, width = intensity.shape
    h, w, reach = -(-height // side), -(-width // side), smoothing // 2
    smooth = np.zeros((h * side, w * side), np.float32)
    n = np.full((h, w), float(side * side))
    padded_usable = None
    if smooth.shape != intensity.shape or not usable.all():
        padded_usable = np.zeros(smooth.shape, bool)
        padded_usable[:height, :width] = usable
        by_rows = np.add.reduce(padded_usable.view(np.uint8).reshape(h, side, -1), axis=1, dtype=np.uint8)
        n = np.add.reduce(by_rows.reshape(h, w, side), axis=2, dtype=np.uint8).astype(float)
    s1, s2, peak = np.zeros((h, w)), np.zeros((h, w)), np.zeros((h, w), np.float32)
    rows = max(1, STRIP_PIXELS // (side * w * side)) * side
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        strip = smooth[top : -(-bottom // side) * side]
        strip[: bottom - top, :width] = _smoothed(intensity, top, bottom, reach)
        if padded_usable is not None:
            strip *= padded_usable[top : top + len(strip)]
        blocks = slice(top // side, top // side + len(strip) // side)
        s1[blocks] = _sums(strip, side)
        s2[blocks] = _sums(np.square(strip), side)
        by_rows = np.maximum.reduce(strip.reshape(-1, side, w * side), axis=1)
        peak[blocks] = by_rows.reshape(-1, w, side).max(2)
    return Blocks(smooth, padded_usable, n, s1, s2, peak, side)


def _sums(strip: Float32Array, side: int) -> FloatArray:
    """Sums over blocks; over rows first, which adds whole lines at once."""
    width = strip.shape[1]
    by_rows = np.add.reduce(strip.reshape(-1, side, width), axis=1)
    return np.asarray(np.add.reduce(by_rows.reshape(-1, width // side, side), axis=2), float)


def _smoothed(intensity: Float32Array, top: int, bottom: int, reach: int) -> Float32Array:
    """Rows [top, bottom) of the sums over (2·reach + 1)² pixels."""
    height, width = intensity.shape
    if reach == 0:
        return intensity[top:bottom]
    rows = np.clip(np.arange(top - reach, bottom + reach), 0, height - 1)
    strip = np.empty((len(rows), width + 2 * reach), np.float32)
    strip[:, reach:-reach] = (
        intensity[rows[0] : rows[-1] + 1] if rows[0] + len(rows) == rows[-1] + 1 else intensity[rows]
    )
    strip[:, :reach] = strip[:, reach : reach + 1]
    strip[:, -reach:] = strip[:, -reach - 1 : -reach]
    across = strip[:, :width].copy()
    for shift in range(1, 2 * reach + 1):
        across += strip[:, shift : shift + width]
    total = across[: bottom - top].copy()
    for shift in range(1, 2 * reach + 1):
        total += across[shift : shift + bottom - top]
    return total


def measure(blocks: Blocks, scale: Scale, settings: Settings) -> Clutter:
    """Clutter and thresholds from block moments, after field practice: robust start, censor, repeat once.

    The start is a low percentile of the block means around; pixels far above it are targets or land and leave the
    moments, then 1/ν = max((cv² + 1)/(1 + 1/L) − 1, 0) and T = μ·q(L, 1/ν, PFA). Moments of the product model: Oliver &
    Quegan, Understanding SAR Images (2004), ch. 5.
    """
    full = np.maximum(blocks.n, 1.0)
    mean = blocks.s1 / full
    some = blocks.n >= blocks.side**2 / 2
    if not some.any():
        nowhere = np.full(mean.shape, np.inf)
        return Clutter(nowhere, np.zeros_like(mean), 1.0, nowhere, nowhere, nowhere)
    if (some & (mean > 0)).sum() >= LEAST_LIT * some.sum():
        some &= mean > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        variation = (blocks.s2 / full / np.square(mean) - 1.0)[some & (mean > 0)]
    looks = settings.enl or 1.0 / max(np.percentile(variation, SPECKLE_PERCENTILE) if variation.size else 1.0, 1e-3)
    floor = LEAST_MEAN * float(blocks.peak.max())
    level, spread = _first_guess(mean, some, 3 * scale.background)
    ceiling = level * multiplier(looks, spread, CENSOR_RATE)
    for _ in range(2):
        n, s1, s2 = _censored(blocks, ceiling)
        mean, inverse_shape = _ring_statistics(n, s1, s2, scale, level, looks)
        mean = np.maximum(mean, floor)
        ceiling = mean * multiplier(looks, inverse_shape, settings.grow_rate)
    seed = mean * multiplier(looks, inverse_shape, settings.seed_rate)
    link = mean * multiplier(looks, inverse_shape, settings.link_rate)
    return Clutter(mean, inverse_shape, looks, seed, ceiling, link)


def _censored(blocks: Blocks, ceiling: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Moments without the pixels above the ceiling, and without the blocks of which that leaves too little."""
    n, s1, s2 = blocks.n.copy(), blocks.s1.copy(), blocks.s2.copy()
    touched = blocks.peak > ceiling
    tiles, usable = blocks.tiles(touched)
    dark = tiles <= ceiling[touched].astype(np.float32)[:, None, None]
    if usable is not None:
        dark &= usable
    kept = np.where(dark, tiles, np.float32(0))
    n[touched], s1[touched] = dark.sum((1, 2)), kept.sum((1, 2), dtype=float)
    s2[touched] = np.square(kept).sum((1, 2), dtype=float)
    lost = n < (1.0 - MOST_CENSORED) * blocks.n
    for moment in (n, s1, s2):
        moment[lost] = 0.0
    return n, s1, s2


def _ring_statistics(
    n: FloatArray, s1: FloatArray, s2: FloatArray, scale: Scale, level: FloatArray, looks: float
) -> tuple[FloatArray, FloatArray]:
    """Mean of the ring around each block, and 1/ν of the texture around it.

    Where the ring holds little clutter the mean is that of a box three times as wide. A ring shows too few crests and
    troughs of the sea for its own variance to be trusted: the texture is that of the wide box, each block of which is
    first divided by the mean of its own ring, as the pixels to be tested are.
    """
    outer, inner, wide = scale.background, scale.guard, 3 * scale.background
    count, total = (_box_sum(m, outer) - (_box_sum(m, inner) if inner >= 0 else 0.0) for m in (n, s1))
    blocks_in_ring = (2 * outer + 1) ** 2 - ((2 * inner + 1) ** 2 if inner >= 0 else 0)
    mean = level.copy()
    enough = (count >= LEAST_SAMPLES * blocks_in_ring * scale.block**2) & (total > 0)
    mean[enough] = total[enough] / count[enough]
    wide_n = _box_sum(n, wide)
    if not enough.all():
        wide_mean = _box_sum(s1, wide) / np.maximum(wide_n, 1.0)
        fallback = ~enough & (wide_mean > 0) & (wide_n >= LEAST_SAMPLES * blocks_in_ring * scale.block**2)
        mean[fallback] = wide_mean[fallback]
    known = mean > 0
    ratio = _box_sum(np.divide(s1, mean, out=np.zeros_like(s1), where=known), wide)
    square = _box_sum(np.divide(s2, np.square(mean), out=np.zeros_like(s2), where=known), wide)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio /= wide_n
        inverse_shape = np.where(ratio > 0, square / wide_n / np.square(ratio) / (1.0 + 1.0 / looks) - 1.0, 0.0)
    return np.where(ratio > 0, mean * ratio, mean), np.maximum(inverse_shape, 0.0)


def _box_sum(a: FloatArray, radius: int) -> FloatArray:
    """Sums over (2·radius + 1)² cells, those outside the grid being 0, by running sums."""
    for axis in (0, 1):
        running = np.cumsum(a, axis)
        a = np.empty_like(running)
        # Views with the axis in front; what is written through them is written into `a`.
        c, out = np.moveaxis(running, axis, 0), np.moveaxis(a, axis, 0)
        inside = max(0, len(c) - radius)
        out[:inside] = c[radius:]
        out[inside:] = c[-1]
        out[radius + 1 :] -= c[: max(0, inside - 1)]
    return a


def _first_guess(mean: FloatArray, some: BoolArray, radius: int) -> tuple[FloatArray, FloatArray]:
    """Mean of the sea and 1/ν of its texture from low percentiles of the block means around, were they normal.

    mean: of each block, where `some` says so. radius: in blocks. What is brighter than the sea does not matter.
    """
    low, high = _local_percentiles(mean, some, radius)
    z_low, z_high = (float(special.ndtri(p / 100)) for p in LEVEL_PERCENTILES)
    deviation = (high - low) / (z_high - z_low)
    level = high - z_high * deviation
    return level, np.square(deviation / np.maximum(level, np.finfo(float).tiny))


def _local_percentiles(values: FloatArray, some: BoolArray, radius: int) -> FloatArray:
    """(2, h, w): `LEVEL_PERCENTILES` over (2·radius + 1)² cells around each, among those in `some`; 0 without any.

    Taken on a coarse grid of centres, from every n-th cell, and interpolated: it is only a first guess.
    """
    h, w = values.shape
    step, thin = max(1, radius), max(1, radius // 8)
    centre_rows, centre_cols = _centres(h, step), _centres(w, step)
    padded = np.where(some, values, np.inf)
    coarse = np.full((2, len(centre_rows), len(centre_cols)), np.nan)
    for i, row in enumerate(centre_rows):
        band = padded[max(0, row - radius) : row + radius + 1 : thin]
        for j, col in enumerate(centre_cols):
            window = band[:, max(0, col - radius) : col + radius + 1 : thin]
            found = window[np.isfinite(window)]
            if found.size:
                ranks = [int(found.size * p / 100) for p in LEVEL_PERCENTILES]
                coarse[:, i, j] = np.partition(found, ranks)[ranks]
    missing = np.isnan(coarse[0])
    if missing.all():
        return np.zeros((2, h, w))
    if missing.any():
        nearest = ndimage.distance_transform_edt(missing, return_distances=False, return_indices=True)
        coarse = coarse[:, nearest[0], nearest[1]]
    at = np.meshgrid(
        np.interp(np.arange(h), centre_rows, np.arange(len(centre_rows))),
        np.interp(np.arange(w), centre_cols, np.arange(len(centre_cols))),
        indexing="ij",
    )
    return np.stack([ndimage.map_coordinates(c, at, order=1, mode="nearest") for c in coarse])


def _centres(length: int, step: int) -> npt.NDArray[np.int64]:
    count = max(1, round(length / step))
    return (np.arange(count) * length + length // 2) // count
