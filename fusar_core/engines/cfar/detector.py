"""The bright-target detector as one pure function on an array."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from fusar_core.domain.answers import Detection
from fusar_core.engines.cfar.clutter import block_moments, measure
from fusar_core.engines.cfar.settings import LABEL, Scale, Settings, scale_for
from fusar_core.engines.cfar.targets import Candidate, find_targets

SCORE_INTERCEPT = 0.1
SCORE_SLOPE = 1.35
SAFE_RANGE = (1e-9, 1e9)
"""Brightest intensities whose sums of squares fit in float32; images outside are scaled first."""


def detect(
    intensity: npt.NDArray[np.float32],
    valid: npt.NDArray[np.bool_],
    pixel_size_m: tuple[float, float] | None,
    settings: Settings | None = None,
    water: npt.NDArray[np.bool_] | None = None,
) -> list[Detection]:
    """Finds ships as targets that stand out from the clutter around them.

    intensity: (H, W) float32 linear power, in any unit: only ratios matter. valid: (H, W) bool. pixel_size_m: metres
    (along a row, along a column), None when unknown. water: (H, W) bool, True where targets may lie.
    Returns detections in reading order, corners in pixels (0, 0 at the outer corner of the first pixel).
    """
    settings = settings or Settings()
    usable = valid & np.isfinite(intensity)
    if water is not None:
        usable &= water
    if not usable.any():
        return []
    top, left, usable = _trimmed(usable)
    intensity = intensity[top : top + usable.shape[0], left : left + usable.shape[1]]
    if not usable.all():
        intensity = np.where(usable, intensity, np.float32(0))
    scale = scale_for(settings, pixel_size_m)
    intensity, usable = _averaged(intensity, usable, scale.looks)
    brightest = float(intensity.max(initial=0.0))
    if brightest <= 0.0:
        return []
    if not SAFE_RANGE[0] < brightest < SAFE_RANGE[1]:
        intensity = intensity * np.float32(2.0 ** -math.frexp(brightest)[1])
    blocks = block_moments(intensity, usable, scale.smoothing, scale.block)
    clutter = measure(blocks, scale, settings)
    return [_detection(c, scale, left, top) for c in find_targets(blocks, clutter, scale, settings)]


def score_of(excess: float) -> float:
    """Score in (0, 1) of a target whose intensity is on average `excess` ≥ 1 times its growing threshold.

    The share of such targets that were ships among the development chips of SSDD (a logistic curve in ln excess, see
    docs/results.md): a score of 0.9 was right nine times out of ten there. Elsewhere it still orders the targets by
    significance, but the share depends on the sea and on how much land there is.
    """
    odds = math.exp(SCORE_INTERCEPT) * math.pow(max(excess, 0.0), SCORE_SLOPE)
    return odds / (1.0 + odds)


def _trimmed(usable: npt.NDArray[np.bool_]) -> tuple[int, int, npt.NDArray[np.bool_]]:
    """First row and column that hold a usable pixel, and the mask from there to the last ones."""
    rows, cols = np.flatnonzero(usable.any(axis=1)), np.flatnonzero(usable.any(axis=0))
    return int(rows[0]), int(cols[0]), usable[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]


def _averaged(
    intensity: npt.NDArray[np.float32], usable: npt.NDArray[np.bool_], looks: tuple[int, int]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Means of looks[0] × looks[1] pixels; usable where all of them are. What does not fill a cell is cut off."""
    down, across = looks
    if looks == (1, 1):
        return intensity, usable
    height, width = intensity.shape[0] // down * down, intensity.shape[1] // across * across
    if not height or not width:
        return intensity, usable
    rows = np.add.reduce(intensity[:height].reshape(-1, down, intensity.shape[1]), axis=1)[:, :width]
    mean = np.add.reduce(rows.reshape(len(rows), -1, across), axis=2)
    mean *= np.float32(1 / (down * across))
    whole = np.logical_and.reduce(usable[:height].reshape(-1, down, usable.shape[1]), axis=1)[:, :width]
    return mean, np.logical_and.reduce(whole.reshape(len(whole), -1, across), axis=2)


def _detection(candidate: Candidate, scale: Scale, column: int, row: int) -> Detection:
    """The candidate in pixels of the image whose part from (row, column) on was looked at."""
    down, across = scale.looks
    corners = candidate.rectangle.shrunk(scale.blur).corners(across, down)
    top, left, bottom, right = candidate.box
    blur_y, blur_x = min(scale.blur, (bottom - top - 1) / 2), min(scale.blur, (right - left - 1) / 2)
    xs, ys = zip(*corners, strict=True)
    gaps = (
        (left + blur_x) * across - min(xs),
        (top + blur_y) * down - min(ys),
        max(xs) - (right - blur_x) * across,
        max(ys) - (bottom - blur_y) * down,
    )
    inset = max(0.0, gaps[0]), max(0.0, gaps[1]), max(0.0, gaps[2]), max(0.0, gaps[3])
    return Detection(
        label=LABEL,
        score=score_of(candidate.excess),
        corners=tuple((x + column, y + row) for x, y in corners),  # type: ignore[arg-type]
        contrast_db=10 * math.log10(candidate.contrast) if candidate.contrast > 0 else None,
        inset=inset,
    )
