"""Which radiometry a scene has: chosen from its name, its tags and a sample of its pixels, with the reasons.

No guess is made from one clue. Values that no radar measures are looked at before they are left out: a raster that is
full of them holds something else than backscatter, and is refused.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fusar_core.domain.radiometry import Kind, Radiometry, is_cross_polarised
from fusar_core.errors import BadBand, SceneEmpty

WINDOW_COPOL_DB = (-25.0, 5.0)
WINDOW_CROSSPOL_DB = (-30.0, 0.0)
PERCENTILES = (2.0, 98.0)

PLAUSIBLE_MEDIAN_DB = (-45.0, 6.0)
"""Where the median of calibrated backscatter (sigma0, gamma0, beta0) of any scene lies."""
DB_RANGE = (-90.0, 90.0)
MOST_IMPOSSIBLE = 0.01
"""Share of valid pixels that may have values beyond any radar's; above it, the raster is no measurement of one."""
FILL_VALUES = 3
"""So few different values are fill that nobody declared, however many pixels hold them."""
ASYMMETRY = 0.1
"""Of the 10 and 90 % quantiles, to their distance: decibels of speckle lean by more (0.22 for one look, 0.1 for 4)."""
FACTORS = (10.0, 100.0, 1000.0)
"""By which decibels are multiplied to be kept as whole numbers."""


@dataclass(frozen=True)
class Statement:
    """What a product name, a tag or a band description says about its pixels; None where it says nothing."""

    kind: Kind | None = None
    calibrated: bool | None = None
    provenance: str = ""
    calibration_db: float = 0.0


_DENIED = re.compile(r"\b(?:not|no)\s+\w+", re.IGNORECASE)
_WORDS: tuple[tuple[Kind, str], ...] = (
    (Kind.DB, r"(?<![a-z])(?:db|decibels?)(?![a-z])"),
    (Kind.INTENSITY, r"(?<![a-z])(?:power|intensity)(?![a-z])"),
    (Kind.AMPLITUDE, r"(?<![a-z])(?:amplitude|amp|magnitude)(?![a-z])"),
)
_CALIBRATED = re.compile(r"(?<![a-z])(?:sigma|gamma|beta)[ _-]?(?:0|nought|naught|zero)", re.IGNORECASE)


def stated_in(text: str, where: str) -> Statement:
    """What free text (a band description, a unit, a UNITS tag, a file name) says about the pixels.

    where: how to name the text in the provenance. Negations ("not dB") are not mistaken for statements.
    """
    plain = _DENIED.sub(" ", text)
    kinds = [kind for kind, words in _WORDS if re.search(words, plain, re.IGNORECASE)]
    kind = kinds[0] if len(kinds) == 1 else None
    calibrated = True if _CALIBRATED.search(plain) else None
    if kind is None and calibrated is None:
        return Statement()
    shown = text if len(text) <= 60 else text[:57] + "…"
    return Statement(kind, calibrated, f"{where} says “{shown}”")


def determine(
    sample: npt.NDArray[Any],
    *,
    dtype: npt.DTypeLike,
    polarisation: str | None = None,
    stated: Statement | None = None,
    scale: float = 1.0,
    offset: float = 0.0,
    impossible: npt.NDArray[Any] | None = None,
) -> Radiometry:
    """Chooses kind and stretch of a scene from a sample of its valid pixels.

    sample: (N,) valid pixels as stored, without nodata and border noise. dtype: of the raster. stated: what its name
    and tags say, believed unless the values contradict it. scale, offset: of the raster band. impossible: (M,) pixels
    that the file holds for valid, left out of the sample because no radar measures such values.

    Raises SceneEmpty when the sample is empty, BadBand when the values are none that a radar measures.
    """
    dtype = np.dtype(dtype)
    stated = stated or Statement()
    if impossible is not None and not is_fill(impossible) and impossible.size > MOST_IMPOSSIBLE * sample.size:
        raise _no_backscatter(np.concatenate([sample, impossible]).astype(np.float64) * scale + offset)
    if sample.size == 0:
        raise SceneEmpty("the scene holds no valid pixel, so its radiometry cannot be determined.")
    if dtype == np.uint8 and scale == 1.0 and offset == 0.0:
        return Radiometry(Kind.UINT8, "8-bit pixels: already stretched", False, None, "8-bit pixels are passed through")
    numbers = sample if dtype.kind == "c" else sample.astype(np.float64) * scale + offset
    kind, provenance = _kind_of(numbers, dtype, stated)
    applies = kind is stated.kind or (kind is Kind.COMPLEX and stated.kind is Kind.AMPLITUDE)  # of its magnitude
    if stated.calibration_db and not applies:
        stated = replace(stated, calibrated=False, calibration_db=0.0)
    plain = Radiometry(kind, provenance, False, None, "", scale, offset, stated.calibration_db if applies else 0.0)
    db = plain.to_db(sample, np.ones(sample.shape, bool))
    db = db[np.isfinite(db)]
    calibrated = _is_calibrated(numbers, db, dtype, stated)
    window, why = _window(db, polarisation if calibrated else None, calibrated)
    return Radiometry(kind, provenance, calibrated, window, why, scale, offset, plain.calibration_db)


def is_fill(values: npt.NDArray[Any]) -> bool:
    """Whether pixels hold so few different values that they are fill (−9999, −32768), not measurements."""
    return len(np.unique(values[: 2**16])) <= FILL_VALUES and len(np.unique(values)) <= FILL_VALUES


def is_symmetric(numbers: npt.NDArray[Any]) -> bool:
    """Whether values lie about zero as the real or imaginary half of a complex image does; decibels never do."""
    low, middle, high = (float(v) for v in np.percentile(numbers, [10, 50, 90]))
    return abs(middle) < ASYMMETRY / 2 * (high - low) and abs(low + high) < ASYMMETRY * (high - low)


def decibel_scale(numbers: npt.NDArray[Any], factor: float) -> float | None:
    """What stored numbers are to be multiplied by, where a tag names a factor and they are decibels with it.

    Writers mean either stored · factor or stored / factor. None unless exactly one of them gives values that a radar
    measures: negative for the most part, and within the range of decibels.
    """
    fitting = [s for s in {factor, 1 / factor} if _are_decibels(numbers * s)]
    return fitting[0] if len(fitting) == 1 and not _are_decibels(numbers) else None


def _are_decibels(numbers: npt.NDArray[Any]) -> bool:
    low, middle, high = (float(v) for v in np.percentile(numbers, [0, 50, 100]))
    return DB_RANGE[0] <= low and high <= DB_RANGE[1] and PLAUSIBLE_MEDIAN_DB[0] <= middle < 0 and high - low >= 3


def _no_backscatter(numbers: npt.NDArray[Any]) -> BadBand:
    """The refusal of values that are no backscatter, with what they look like."""
    shown = f"{np.min(numbers):.4g}…{np.max(numbers):.4g}"
    if is_symmetric(numbers):
        return BadBand(
            f"The band holds values in {shown}, as many above zero as below, which no radar measures: it looks like "
            "half of a complex image.",
            "Name the file with both halves, with bands called i_… and q_…, or a detected product (amplitude, power).",
        )
    if factor := next((f for f in FACTORS if _are_decibels(numbers / f)), None):
        return BadBand(
            f"The band holds values in {shown}, which no radar measures: they look like decibels times {factor:.0f}.",
            f"Say so in the file, e.g. gdal_edit.py -scale {1 / factor:g} FILE, and try again.",
        )
    return BadBand(
        f"The band holds values in {shown}, which no radar measures.",
        "Is it half of a complex image, a terrain model, or decibels times a factor? Choose another band or file.",
    )


def _kind_of(numbers: npt.NDArray[Any], dtype: np.dtype[Any], stated: Statement) -> tuple[Kind, str]:
    if dtype.kind == "c":
        return Kind.COMPLEX, f"complex pixels ({dtype.name})"
    low, high = float(np.min(numbers)), float(np.max(numbers))
    negative = float(np.mean(numbers < 0))
    # A few negative powers are what the subtraction of thermal noise leaves behind.
    signed = negative > 0.02 or (negative > 0 and stated.kind is None)
    shown = f"{low:.4g}…{high:.4g}"
    if stated.kind is Kind.DB and DB_RANGE[0] <= low and high <= DB_RANGE[1]:
        return Kind.DB, stated.provenance
    if signed and is_symmetric(numbers):
        raise _no_backscatter(numbers)
    if stated.kind in (Kind.AMPLITUDE, Kind.INTENSITY) and not signed:
        return stated.kind, stated.provenance
    contradicted = f", although {stated.provenance}" if stated.kind else ""
    if signed and high > DB_RANGE[1]:
        raise _no_backscatter(numbers)
    if signed:
        return Kind.DB, f"negative values in {shown}: taken as decibels{contradicted}"
    if dtype.kind in "ui":
        return Kind.AMPLITUDE, f"whole numbers in {shown}: amplitude of a detected product{contradicted}"
    if np.isclose(high, 1.0, atol=1e-6):
        return Kind.AMPLITUDE, f"values in {shown}, up to 1 exactly: taken as normalised amplitude{contradicted}"
    median = float(np.median(numbers))
    if 10 * math.log10(max(median, 1e-30)) > PLAUSIBLE_MEDIAN_DB[1]:
        return Kind.AMPLITUDE, f"median {median:.4g}, too high for power: taken as digital numbers{contradicted}"
    return Kind.INTENSITY, f"non-negative values, median {median:.4g}: taken as linear power{contradicted}"


def _is_calibrated(
    numbers: npt.NDArray[Any], db: npt.NDArray[np.float32], dtype: np.dtype[Any], stated: Statement
) -> bool:
    """Stated, or real-valued pixels whose median is that of backscatter; digital numbers are not."""
    if db.size == 0:
        return False
    if stated.calibrated is not None:
        return stated.calibrated
    normalised = dtype.kind == "f" and bool(np.isclose(np.max(numbers), 1.0, atol=1e-6)) and bool(np.min(numbers) >= 0)
    plausible = PLAUSIBLE_MEDIAN_DB[0] <= float(np.median(db)) <= PLAUSIBLE_MEDIAN_DB[1]
    return dtype.kind == "f" and plausible and not normalised


def _window(db: npt.NDArray[np.float32], polarisation: str | None, calibrated: bool) -> tuple[tuple[float, float], str]:
    if calibrated and polarisation:
        fixed = WINDOW_CROSSPOL_DB if is_cross_polarised(polarisation) else WINDOW_COPOL_DB
        return fixed, f"fixed window of calibrated {polarisation}"
    if db.size == 0:
        return (-1.0, 1.0), "no pixel has power"
    low, high = (float(p) for p in np.percentile(db, PERCENTILES))
    if high - low < 3.0:  # a constant image has no contrast to stretch
        low, high = (low + high) / 2 - 1.5, (low + high) / 2 + 1.5
    return (low, high), "2–98 % of the valid pixels of the scene"
