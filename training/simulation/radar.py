"""From ground to image: every look is imaged coherently, then the looks' intensities are averaged.

White complex reflectivity × backscatter, plus bright points of random phase, goes through the sensor's band: so speckle
is as wide as the resolution, points get side lobes, and edges are as soft as the sensor makes them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage

from training.simulation.canvas import Canvas, Map

MOST_LOOKS = 3
"""Looks that are imaged; more are had by averaging over neighbours, as resampling does."""
WINDOWS_DB = {"window": (-25.0, 5.0), "window_cross": (-30.0, 0.0)}
"""The fixed stretches of calibrated scenes."""
STRETCHES = (*WINDOWS_DB, "percentiles", "linear", "product")
BRIGHT = 215.0
"""Grey that 85 % of a linearly stretched scene stay below."""
TOWN = 150.0
"""Grey that the towns of a product may have at most."""
BLUR_GRID = 64
MOST_BLUR_PX = 8.0
EDGE = 8
"""Pixels around a scene that are imaged with it, since the transform wraps around."""


@dataclass(frozen=True)
class Radar:
    """A sensor as far as an image shows it.

    enl: equivalent number of looks. width_px: −3 dB width of the impulse response across range and azimuth. taper:
    weight of the band's edges, 1 for a sinc with side lobes at −13 dB. tilt: of the azimuth axis from the image's
    columns, radians. noise_db: thermal noise.
    """

    enl: float = 4.0
    width_px: tuple[float, float] = (1.5, 1.5)
    taper: float = 0.75
    tilt: float = 0.0
    noise_db: float = -27.0


def image(canvas: Canvas, radar: Radar, rng: np.random.Generator) -> Map:
    """(side, side) float32 intensity; 1 is a backscatter of 0 dB."""
    side = canvas.side
    full = fft.next_fast_len(side + 2 * EDGE)
    spectrum, clutter_gain, peak = _band(full, radar.width_px, radar.taper, radar.tilt)
    db = canvas.db
    if canvas.rough.any():
        db = db + canvas.rough * np.float32(10 / math.log(10)) * rng.standard_normal((side, side), np.float32)
    mean = np.exp(db * np.float32(math.log(10) / 10)) + np.float32(10 ** (radar.noise_db / 10))
    amplitude = np.sqrt(np.pad(mean, ((EDGE, full - side - EDGE),) * 2, mode="edge") / 2) / np.float32(clutter_gain)
    x, y, strength = _inside(canvas, full)
    weights, blur = _looks(radar)
    total = np.zeros((full, full), np.float32)
    for weight in weights:
        field = np.empty((full, full), np.complex64)
        field.real = rng.standard_normal((full, full), np.float32)
        field.imag = rng.standard_normal((full, full), np.float32)
        field *= amplitude
        phases = np.exp(2j * np.pi * rng.random(len(x)))
        _splat(field, x, y, (strength / peak) * phases)
        field = fft.fft2(field, overwrite_x=True)
        field *= spectrum
        look = fft.ifft2(field, overwrite_x=True)
        total += np.float32(weight) * (look.real**2 + look.imag**2)
    if blur:
        kernel = _kernel(blur)
        total = ndimage.convolve1d(ndimage.convolve1d(total, kernel, axis=0), kernel, axis=1)
    return np.asarray(total[EDGE : EDGE + side, EDGE : EDGE + side] / np.float32(weights.sum()))


def _inside(canvas: Canvas, full: int) -> tuple[npt.NDArray[np.float64], ...]:
    """Bright points on the imaged square: x, y of its pixels' centres, and amplitude."""
    if not canvas.points:
        return np.empty(0), np.empty(0), np.empty(0)
    x, y, db = np.concatenate(canvas.points).T
    x, y = x + EDGE - 0.5, y + EDGE - 0.5
    keep = (x >= 0) & (y >= 0) & (x < full - 1) & (y < full - 1) & (x < canvas.side + 2 * EDGE)
    keep &= y < canvas.side + 2 * EDGE
    return x[keep], y[keep], 10 ** (db[keep] / 20)


def _splat(field: npt.NDArray[np.complex64], x: npt.ArrayLike, y: npt.ArrayLike, value: npt.ArrayLike) -> None:
    """Adds points between pixels to the four around them."""
    x, y, value = np.asarray(x), np.asarray(y), np.asarray(value)
    column, row = x.astype(int), y.astype(int)
    east, south = x - column, y - row
    for right, u in ((0, 1 - east), (1, east)):
        for down, v in ((0, 1 - south), (1, south)):
            np.add.at(field, (row + down, column + right), (value * u * v).astype(np.complex64))


@lru_cache(maxsize=64)
def _band(full: int, width_px: tuple[float, float], taper: float, tilt: float) -> tuple[Map, float, float]:
    """The band on the transform's frequencies; amplitude of white noise behind it; peak of a point behind it."""
    f = fft.fftfreq(full).astype(np.float32)
    across, down = f[None, :], f[:, None]
    c, s = np.float32(math.cos(tilt)), np.float32(math.sin(tilt))
    weight = np.ones((full, full), np.float32)
    axes = (across * c + down * s, down * c - across * s) if tilt else (across, down)
    for axis, width in zip(axes, width_px, strict=True):
        band = min(1.0, 0.886 * (1 + 0.45 * (1 - taper)) / width)  # tapering widens the response
        ramp = np.clip((band / 2 - np.abs(axis)) * full / 2 + 0.5, 0, 1)
        weight *= ramp * (taper + (1 - taper) * np.cos(np.pi * np.clip(axis / band, -0.5, 0.5)) ** 2)
    return weight, float(np.sqrt(np.mean(weight**2, dtype=float))), float(np.mean(weight, dtype=float))


def _looks(radar: Radar) -> tuple[Map, float]:
    """Weights of the looks, and the blur in pixels after them, that give the equivalent number of looks.

    (Σw)² / Σw² of the looks is met by a last look of less weight; the rest by averaging over neighbours.
    """
    n = math.ceil(radar.enl - 1e-9) - 1
    if n >= MOST_LOOKS:
        return np.ones(MOST_LOOKS, np.float32), _blur(radar, MOST_LOOKS / radar.enl)
    # (n + w)² = L (n + w²), 0 < w ≤ 1
    a, b, c = radar.enl - 1, -2 * n, n * (radar.enl - n)
    w = 1.0 if n == 0 else (-b - math.sqrt(max(b * b - 4 * a * c, 0))) / (2 * a)
    return np.array([1.0] * n + [w], np.float32), 0.0


def _blur(radar: Radar, keep: float) -> float:
    """Standard deviation in pixels of the Gaussian that leaves that share of the variance of the sensor's speckle."""
    band, _, _ = _band(BLUR_GRID, radar.width_px, radar.taper, radar.tilt)
    correlation = fft.ifft2(band**2)
    power = np.abs(fft.fft2(np.abs(correlation / correlation[0, 0]) ** 2))
    low, high = 0.0, MOST_BLUR_PX
    for _ in range(16):
        middle = (low + high) / 2
        passed = np.abs(fft.fft(_kernel(middle), BLUR_GRID)) ** 2
        left = float(passed @ power @ passed / power.sum())
        low, high = (middle, high) if left > keep else (low, middle)
    return high


def _kernel(blur: float) -> Map:
    """Weights of a Gaussian at whole pixels."""
    far = np.arange(-math.ceil(3 * blur), math.ceil(3 * blur) + 1)
    weights = np.exp(-0.5 * (far / max(blur, 1e-3)) ** 2)
    return np.asarray(weights / weights.sum(), np.float32)


def to_uint8(
    power: Map, stretch: str, grey: float, sea_db: float = -20.0, land_db: float = -7.0
) -> npt.NDArray[np.uint8]:
    """The 8-bit image: what is shown of a scene.

    stretch: a fixed window of decibels for calibrated scenes, `percentiles` (2–98 %) of decibels for others, as the
    engine does; or `linear`, amplitude with the darker half of the scene around that grey but most of the brighter half
    not yet white, as published chips have it; or `product`, amplitude as in the whole product that the scene was cut
    from: its sea (sea_db) at that grey, unless its towns (land_db) were white then, whatever the scene shows of either.
    """
    if stretch == "linear":
        amplitude = np.sqrt(power)
        dark, bright = np.percentile(amplitude[::3, ::3], [40, 85]).clip(1e-9)
        shown = amplitude * np.float32(min(grey / dark, BRIGHT / bright))
    elif stretch == "product":
        shown = np.sqrt(power) * np.float32(min(grey / 10 ** (sea_db / 20), TOWN / 10 ** (land_db / 20)))
    else:
        db = 10 * np.log10(power + np.float32(1e-9))
        low, high = WINDOWS_DB.get(stretch) or np.percentile(db[::3, ::3], [2, 98])
        low, high = ((low + high) / 2 - 1.5, (low + high) / 2 + 1.5) if high - low < 3 else (low, high)
        shown = (db - np.float32(low)) * np.float32(255 / (high - low))
    return np.asarray(np.clip(shown + np.float32(0.5), 0, 255), np.uint8)
