"""The radar: from backscatter and bright points to a multilook amplitude image like a Sentinel-1 IW GRD.

Every look is imaged coherently: complex Gaussian reflectivity plus points, through the impulse response, plus the two
first azimuth ambiguities, plus thermal noise; the looks' intensities are then averaged.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from ground import MARGIN_M, SIDE, STEP_M
from scipy import fft

PIXEL_M = 10.0
EDGE = round(MARGIN_M / PIXEL_M)
GHOST_DEFOCUS_M2 = 1_100.0  # quadratic azimuth phase of the ghosts: smears them by about ±25 m at the band's edges


@dataclass(frozen=True)
class Radar:
    """Sentinel-1 IW, sub-swath 2, as far as an image shows it.

    flight_bearing_deg: from grid north. ambiguity_db: level of each first azimuth ambiguity below its source.
    look_weights: five range looks whose bands overlap; their effective number is (Σw)²/Σw² = 4.4.
    """

    flight_bearing_deg: float
    incidence_deg: float = 38.0
    wavelength_m: float = 0.05546576
    slant_range_m: float = 860_000.0
    prf_hz: float = 1451.6
    velocity_m_s: float = 7_590.0
    resolution_range_m: float = 20.4
    resolution_azimuth_m: float = 22.5
    noise_db: float = -24.0
    ambiguity_db: float = -25.5
    look_weights: tuple[float, ...] = (0.421, 1.0, 1.0, 1.0, 0.421)

    @property
    def look_bearing_deg(self) -> float:
        return self.flight_bearing_deg + 90.0

    @property
    def ambiguity_shift_m(self) -> float:
        """λ R PRF / (2 v): how far along the flight direction the ghosts of a target lie from it."""
        return self.wavelength_m * self.slant_range_m * self.prf_hz / (2 * self.velocity_m_s)

    @property
    def ambiguity_shift_xy_m(self) -> tuple[float, float]:
        """The shift of the ghost ahead (east, south)."""
        bearing = math.radians(self.flight_bearing_deg)
        return self.ambiguity_shift_m * math.sin(bearing), -self.ambiguity_shift_m * math.cos(bearing)

    def azimuth_displacement_m(self, speed_m_s: float, heading_deg: float) -> float:
        """How far ahead along the flight direction a moving ship is imaged: R v_r / v, v_r > 0 towards the radar."""
        away = math.cos(math.radians(heading_deg - self.look_bearing_deg)) * math.sin(math.radians(self.incidence_deg))
        return -self.slant_range_m * speed_m_s * away / self.velocity_m_s


def _spectrum(radar: Radar) -> tuple[npt.NDArray[np.complex64], npt.NDArray[np.float32]]:
    """The impulse response's spectrum, and the azimuth frequency, on the full grid's frequencies (cycles a metre).

    Hamming-weighted (0.7) bands; the bandwidth follows from the −3 dB width. Scaled so that reflectivity of unit
    cross section a square metre comes out with unit mean intensity. Moves the image by half a cell, so that samples of
    the 10 m grid lie at the centres of its pixels and not of their upper left cells.
    """
    f = fft.fftfreq(SIDE, STEP_M)
    east, south = f[None, :], f[:, None]
    bearing = math.radians(radar.flight_bearing_deg)
    azimuth = east * math.sin(bearing) - south * math.cos(bearing)
    across = east * math.cos(bearing) + south * math.sin(bearing)
    spectrum = np.ones((SIDE, SIDE))
    for axis, resolution in ((across, radar.resolution_range_m), (azimuth, radar.resolution_azimuth_m)):
        band = 0.886 * 1.19 / resolution
        spectrum *= np.where(np.abs(axis) <= band / 2, 0.7 + 0.3 * np.cos(2 * np.pi * axis / band), 0.0)
    # white reflectivity of variance STEP² a cell → mean intensity STEP² · mean|H|², which shall be 1
    spectrum /= STEP_M * math.sqrt(float(np.mean(spectrum**2)))
    half_cell = np.exp(1j * math.pi * STEP_M * (east + south))
    return (spectrum * half_cell).astype(np.complex64), azimuth.astype(np.float32)


def _crop(spectrum: npt.NDArray[np.complex64]) -> npt.NDArray[np.complex64]:
    """Spectrum of the 5 m grid → of the 10 m grid; lossless, as the band is narrower than the new Nyquist limit."""
    half = SIDE // 4
    keep = np.r_[0:half, SIDE - half : SIDE]
    return spectrum[np.ix_(keep, keep)]


def _moved(image: npt.NDArray[np.complex64], shift_xy_m: tuple[float, float]) -> npt.NDArray[np.complex64]:
    """The image moved by whole pixels, nothing coming in from outside."""
    dx, dy = (round(s / PIXEL_M) for s in shift_xy_m)
    out = np.zeros_like(image)
    height, width = image.shape
    out[max(dy, 0) : height + min(dy, 0), max(dx, 0) : width + min(dx, 0)] = image[
        max(-dy, 0) : height + min(-dy, 0), max(-dx, 0) : width + min(-dx, 0)
    ]
    return out


def image(
    rng: np.random.Generator, radar: Radar, backscatter: npt.NDArray[np.float32], points: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """(H, W) float64 intensity at 10 m (1 = σ⁰ of 0 dB), the points' ghosts alone, and the mean clutter alone.

    backscatter: σ⁰ on the 5 m grid. points: (N, 3) x, y in metres, cross section in m².
    """
    spectrum, azimuth = _spectrum(radar)
    defocus = np.exp(1j * math.pi * GHOST_DEFOCUS_M2 * azimuth**2).astype(np.complex64)
    rows = np.rint((points[:, 1] + MARGIN_M) / STEP_M - 0.5).astype(int)
    cols = np.rint((points[:, 0] + MARGIN_M) / STEP_M - 0.5).astype(int)
    inside = (rows >= 0) & (rows < SIDE) & (cols >= 0) & (cols < SIDE)
    rows, cols, size = rows[inside], cols[inside], np.sqrt(points[inside, 2])
    scale = np.sqrt((backscatter + np.float32(10 ** (radar.noise_db / 10))) / 2) * np.float32(STEP_M)
    shift = radar.ambiguity_shift_xy_m
    behind = (-shift[0], -shift[1])
    ghost_gain = np.float32(10 ** (radar.ambiguity_db / 20))

    total = np.zeros((SIDE // 2, SIDE // 2))
    ghosts = np.zeros_like(total)
    for weight in radar.look_weights:
        bright = np.zeros((SIDE, SIDE), np.complex64)
        np.add.at(bright, (rows, cols), size * np.exp(2j * np.pi * rng.random(len(size))))
        bright_spectrum = fft.fft2(bright) * spectrum
        clutter = np.empty((SIDE, SIDE), np.complex64)
        clutter.real = rng.standard_normal((SIDE, SIDE), dtype=np.float32) * scale
        clutter.imag = rng.standard_normal((SIDE, SIDE), dtype=np.float32) * scale
        all_spectrum = fft.fft2(clutter) * spectrum + bright_spectrum
        look = fft.ifft2(_crop(all_spectrum)) / 4
        smeared = fft.ifft2(_crop(all_spectrum * defocus)) / 4
        look = look + ghost_gain * (_moved(smeared, shift) + _moved(smeared, behind))
        total += weight * np.abs(look) ** 2
        echo = fft.ifft2(_crop(bright_spectrum * defocus)) / 4
        ghosts += weight * np.abs(ghost_gain * (_moved(echo, shift) + _moved(echo, behind))) ** 2
    norm = sum(radar.look_weights)
    inner = slice(EDGE, -EDGE)
    clutter_mean = (2 * (scale / np.float32(STEP_M)) ** 2).reshape(SIDE // 2, 2, SIDE // 2, 2).mean((1, 3))
    return total[inner, inner] / norm, ghosts[inner, inner] / norm, clutter_mean[inner, inner]
