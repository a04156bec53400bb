"""What the pixel values of a SAR raster mean, and how they become linear power, decibels and 8-bit images.

The kind and the stretch are chosen once per scene, from its name, tags and a sample of its pixels, and recorded with
their reasons; every chip of the scene is then treated alike.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from fusar_core.errors import BadBand, SceneEmpty

WINDOW_COPOL_DB = (-25.0, 5.0)
WINDOW_CROSSPOL_DB = (-30.0, 0.0)
PERCENTILES = (2.0, 98.0)

LEAST_VALUE = -90.0
"""No physical pixel lies below: decibels end above −90, amplitudes and powers at zero (noise-corrected: just below)."""
GREATEST_VALUE = 1e18
"""No physical pixel lies above: its square must still fit in float32. Undeclared fill such as 3.4e38 does."""

PLAUSIBLE_MEDIAN_DB = (-45.0, 6.0)
"""Where the median of calibrated backscatter (sigma0, gamma0, beta0) of any scene lies."""
DB_RANGE = (-90.0, 90.0)


class Kind(StrEnum):
    """What one pixel value is."""

    AMPLITUDE = "amplitude"
    INTENSITY = "intensity"
    DB = "dB"
    UINT8 = "8-bit"
    COMPLEX = "complex"


@dataclass(frozen=True)
class Radiometry:
    """Meaning of the pixel values of one scene and the fixed stretch of its images.

    kind: `8-bit` is an image that somebody already stretched; its linear power is that of an amplitude. provenance:
    why we believe it. calibrated: whether powers are absolute (sigma0, gamma0 or beta0). window_db: what becomes 0 and
    255 in 8-bit images; None for 8-bit input, which is passed through. scale, offset: stored value · scale + offset =
    value. calibration_db: added to every decibel value (−83 for ALOS mosaics).
    """

    kind: Kind
    provenance: str
    calibrated: bool
    window_db: tuple[float, float] | None
    window_provenance: str
    scale: float = 1.0
    offset: float = 0.0
    calibration_db: float = 0.0

    def to_intensity(self, values: npt.NDArray[Any], valid: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
        """Stored pixels → float32 linear power of the same shape, 0 where not valid."""
        with np.errstate(all="ignore"):
            power = self._power(values)
        if not valid.all():
            power[~valid] = 0.0
        return power

    def to_db(self, values: npt.NDArray[Any], valid: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
        """Stored pixels → float32 decibels of the same shape, NaN where not valid and −inf where a valid power is 0."""
        with np.errstate(all="ignore"):
            db = self._db(values)
        if not valid.all():
            db[~valid] = np.nan
        return db

    def to_uint8(self, values: npt.NDArray[Any], valid: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
        """Stored pixels → uint8 image with the scene's fixed stretch, 0 where not valid."""
        if self.window_db is None:
            image = values.astype(np.uint8)
        elif values.dtype in (np.uint16, np.int16):
            table = self._unsigned_greys if values.dtype == np.uint16 else self._signed_greys
            image = table[values.view(np.uint16)]
        else:
            image = self._stretch(values)
        if not valid.all():
            image[~valid] = 0
        return image

    def _linear(self, values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """The stored numbers as float32 (a new array), after scale and offset."""
        linear = values.astype(np.float32)
        if self.scale != 1.0 or self.offset != 0.0:
            linear = linear * np.float32(self.scale) + np.float32(self.offset)
        return linear

    def _power(self, values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        gain = np.float32(10.0 ** (self.calibration_db / 10))
        if self.kind is Kind.COMPLEX:
            power = np.square(values.real.astype(np.float32)) + np.square(values.imag.astype(np.float32))
        elif self.kind is Kind.DB:
            linear = self._linear(values)
            linear *= np.float32(math.log(10) / 10)
            power = np.exp(linear, out=linear)
        elif self.kind is Kind.INTENSITY:
            linear = self._linear(values)
            power = np.maximum(linear, 0, out=linear)
        else:
            linear = self._linear(values)
            power = np.square(linear, out=linear)
        if gain != 1.0:
            power *= gain
        return np.asarray(power, np.float32)

    def _db(self, values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        if self.kind is Kind.DB:
            return self._linear(values) + np.float32(self.calibration_db)
        power = self._power(values)
        db = np.log10(power, out=power)
        db *= np.float32(10)
        return db

    def _stretch(self, values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        assert self.window_db is not None
        low, high = self.window_db
        with np.errstate(all="ignore"):
            grey = self._db(values)
            grey -= np.float32(low)
            grey *= np.float32(255 / (high - low))
            grey += np.float32(0.5)
            np.clip(grey, 0, 255, out=grey)
            return grey.astype(np.uint8)

    @cached_property
    def _unsigned_greys(self) -> npt.NDArray[np.uint8]:
        """The grey of every uint16 code: a look-up is several times as fast as a logarithm a pixel."""
        return self._stretch(np.arange(65536, dtype=np.uint16))

    @cached_property
    def _signed_greys(self) -> npt.NDArray[np.uint8]:
        """The grey of every int16 code, in the order of its bit pattern."""
        return self._stretch(np.arange(65536, dtype=np.uint16).view(np.int16))


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


def is_cross_polarised(polarisation: str | None) -> bool:
    """Whether transmitted and received polarisation differ (VH, HV)."""
    return polarisation in ("VH", "HV")


def determine(
    sample: npt.NDArray[Any],
    *,
    dtype: npt.DTypeLike,
    polarisation: str | None = None,
    stated: Statement | None = None,
    scale: float = 1.0,
    offset: float = 0.0,
) -> Radiometry:
    """Chooses kind and stretch of a scene from a sample of its valid pixels.

    sample: (N,) valid pixels as stored, without nodata and border noise. dtype: of the raster. stated: what its name
    and tags say, believed unless the values contradict it. scale, offset: of the raster band.

    Raises SceneEmpty when the sample is empty, BadBand when the values are none that a radar measures.
    """
    dtype = np.dtype(dtype)
    stated = stated or Statement()
    if sample.size == 0:
        raise SceneEmpty("the scene holds no valid pixel, so its radiometry cannot be determined.")
    if dtype == np.uint8 and scale == 1.0 and offset == 0.0:
        return Radiometry(Kind.UINT8, "8-bit pixels: already stretched", False, None, "8-bit pixels are passed through")
    numbers = sample if dtype.kind == "c" else sample.astype(np.float64) * scale + offset
    kind, provenance = _kind_of(numbers, dtype, stated)
    plain = Radiometry(
        kind, provenance, False, None, "", scale, offset, stated.calibration_db if kind is stated.kind else 0.0
    )
    db = plain.to_db(sample, np.ones(sample.shape, bool))
    db = db[np.isfinite(db)]
    calibrated = _is_calibrated(numbers, db, dtype, stated)
    window, why = _window(db, polarisation if calibrated else None, calibrated)
    return Radiometry(kind, provenance, calibrated, window, why, scale, offset, plain.calibration_db)


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
    if stated.kind in (Kind.AMPLITUDE, Kind.INTENSITY) and not signed:
        return stated.kind, stated.provenance
    contradicted = f", although {stated.provenance}" if stated.kind else ""
    if signed and high > DB_RANGE[1]:
        raise BadBand(
            f"The band holds values in {shown}, which no radar measures.",
            "Is it half of a complex image, a terrain model, or decibels times a factor? Choose another band or file.",
        )
    if signed:
        return Kind.DB, f"negative values in {shown}: decibels{contradicted}"
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


def possible(values: npt.NDArray[Any], scale: float = 1.0, offset: float = 0.0) -> npt.NDArray[np.bool_]:
    """Which stored pixels can be measurements at all: not NaN, infinite, or beyond what any radar measures."""
    if values.dtype.kind == "u":
        return np.ones(values.shape, bool)
    likely: npt.NDArray[np.bool_]
    with np.errstate(all="ignore"):
        if values.dtype.kind == "c":
            likely = np.abs(values) < GREATEST_VALUE
        else:
            least = (LEAST_VALUE - offset) / scale if scale > 0 else -math.inf
            likely = values > least
            likely &= values < GREATEST_VALUE
    return likely
