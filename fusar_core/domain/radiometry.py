"""What the pixel values of a SAR raster mean, and how they become linear power, decibels and 8-bit images.

`fusar_core.domain.determination` chooses the kind and the stretch, once per scene; every chip of it is treated alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

LEAST_VALUE = -90.0
"""No physical pixel lies below: decibels end above −90, amplitudes and powers at zero (noise-corrected: just below)."""
GREATEST_VALUE = 1e18
"""No physical pixel lies above: its square must still fit in float32. Undeclared fill such as 3.4e38 does."""


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


def is_cross_polarised(polarisation: str | None) -> bool:
    """Whether transmitted and received polarisation differ (VH, HV)."""
    return polarisation in ("VH", "HV")


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
