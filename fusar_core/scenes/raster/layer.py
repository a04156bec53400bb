"""One band of an open raster: windowed reads with their valid pixels, and what can be known of it without reading all.

Positions are pixels of the raster; reads may reach past its edges. Calls are serialised: GDAL datasets are not made for
several threads.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property
from threading import RLock
from typing import Any

import numpy as np
import numpy.typing as npt
from rasterio.enums import MaskFlags, Resampling
from rasterio.windows import Window as RasterWindow

from fusar_core.domain.determination import decibel_scale
from fusar_core.domain.radiometry import possible
from fusar_core.domain.tiling import Window
from fusar_core.errors import SceneUnreadable
from fusar_core.scenes.raster.quiet import RASTER_ERRORS, reason_of

Lock = AbstractContextManager[Any]
Values = npt.NDArray[Any]
Valid = npt.NDArray[np.bool_]

SAMPLE_SIDE = 8
"""A sample is a lattice of at most 8 × 8 windows…"""
SAMPLE_WINDOW = 256
"""…of at most 256 × 256 pixels: 4 Mpx of a scene of any size."""
STRIP_PIXELS = 2_000_000
"""Pixels of whole lines decoded for one row of sample windows where a raster is stored line by line."""
LEAST_CLEAN = 0.25
"""Share of the valid pixels that windows without fill must hold to speak for the scene."""
LEAST_NEGATIVE = 0.02
"""Share of negative pixels above which they are decibels; noise-corrected power has few."""
SOLID = 32
"""Side in pixels of a block that holds nothing but zeros only where it is fill."""
SCATTERED = 0.5
"""Share of zeros in such a block up to which they are scattered pixels, not the edge of a patch of fill."""
MOST_FILL = 0.05
"""A sample window with more fill than this may hold the noise at the border of the swath."""
SEARCH_PIXELS = 4_000_000_000
"""Pixels read in search of data where the sample finds none."""
DECIMATE_WITHOUT_AVERAGE = 400_000_000
"""Above this many pixels a quick look without overviews picks pixels instead of averaging them."""


@dataclass(frozen=True)
class Sample:
    """Pixels of a raster, spread over it. values: (N,) valid ones, without those near fill where others suffice.

    valid_fraction: of all sampled pixels. impossible: (M,) finite pixels that the file holds for valid, though no radar
    measures such values. zero_fraction: of exact zeros scattered among valid pixels, which are taken for fill.
    """

    values: Values
    valid_fraction: float
    impossible: Values
    zero_fraction: float = 0.0

    @property
    def impossible_fraction(self) -> float:
        """Share of the pixels that the file holds for valid."""
        return self.impossible.size / max(1, self.impossible.size + self.values.size)


class Layer:
    """A band of a raster, read window by window. lock: shared by the layers of one dataset."""

    def __init__(self, dataset: Any, index: int, name: str, lock: Lock | None = None) -> None:
        self.dataset = dataset
        self._lock = lock or RLock()
        self.index = index
        self.name = name
        self.extent = Window(0, 0, dataset.height, dataset.width)
        stored = dataset.dtypes[index - 1]
        self.dtype = np.dtype("complex64" if stored.startswith("complex_int") else stored)
        self.nodata = dataset.nodatavals[index - 1]
        self.scale, self.offset = _finite(dataset.scales[index - 1], 1.0), _finite(dataset.offsets[index - 1], 0.0)
        self.factor_taken = False
        flags = dataset.mask_flag_enums[index - 1]
        self.masked = MaskFlags.per_dataset in flags or MaskFlags.alpha in flags
        self.block_shape: tuple[int, int] = dataset.block_shapes[index - 1]
        self._sparse = dataset.driver in ("GTiff", "COG")
        self._fill = _fill_value(self.nodata, self.dtype)

    @property
    def datasets(self) -> list[Any]:
        """The open files that it reads."""
        return [self.dataset]

    def read(self, window: Window) -> tuple[Values, Valid]:
        """Pixels as stored and which of them are valid, both (H, W); outside the raster 0 and not valid.

        Exact zeros are not valid (a detected echo never vanishes, and Sentinel-1 fills with 0), except in 8-bit images,
        whose shadows are 0, and in decibels.

        Raises SceneUnreadable when the file breaks off.
        """
        inside = window.intersection(self.extent)
        if inside == window:
            return self._read(window)
        values = np.zeros((window.height, window.width), self.dtype)
        valid = np.zeros((window.height, window.width), bool)
        if inside is not None:
            rows = slice(inside.row - window.row, inside.bottom - window.row)
            cols = slice(inside.col - window.col, inside.right - window.col)
            values[rows, cols], valid[rows, cols] = self._read(inside)
        return values, valid

    def read_decimated(self, window: Window, shape: tuple[int, int]) -> tuple[Values, Valid]:
        """The part of the raster inside `window` brought to a smaller shape, from overviews where there are some.

        Real pixels are averaged, complex ones picked (their mean loses the power); so are those of rasters without
        overviews that are too large to read whole.
        """
        overviews = bool(self.dataset.overviews(self.index))
        large = window.height * window.width > DECIMATE_WITHOUT_AVERAGE and not overviews
        average = self.dtype.kind != "c" and not large and shape != (window.height, window.width)
        return self._read(window, shape, Resampling.average if average else Resampling.nearest)

    def _read(
        self, window: Window, shape: tuple[int, int] | None = None, resampling: Any = Resampling.nearest
    ) -> tuple[Values, Valid]:
        values, valid = self._fetch(window, shape, resampling)
        if not self._zero_is_data:
            valid &= values != 0
        return values, valid

    def _fetch(
        self, window: Window, shape: tuple[int, int] | None = None, resampling: Any = Resampling.nearest
    ) -> tuple[Values, Valid]:
        """Pixels of a window inside the raster, with zeros taken for valid."""
        values, declared = self._declared(window, shape, resampling)
        valid = possible(values, self.scale, self.offset)
        if declared is not None:
            valid &= declared
        return values, valid

    def _declared(
        self, window: Window, shape: tuple[int, int] | None = None, resampling: Any = Resampling.nearest
    ) -> tuple[Values, Valid | None]:
        """Pixels of a window inside the raster, and which the file holds for valid; None where it says nothing."""
        part = RasterWindow(window.col, window.row, window.width, window.height)
        try:
            with self._lock:
                values = self.dataset.read(self.index, window=part, out_shape=shape, resampling=resampling)
                mask = self.dataset.read_masks(self.index, window=part, out_shape=shape) if self.masked else None
        except RASTER_ERRORS as cause:
            raise SceneUnreadable(
                f"{self.name} cannot be read at row {window.row}, column {window.col}: {reason_of(cause)}.",
                "The file is damaged or incomplete: fetch it again.",
            ) from cause
        declared = None if self._fill is None else values != self._fill
        if mask is not None:
            declared = mask != 0 if declared is None else declared & (mask != 0)
        return values, declared

    def take_factor(self, factor: float) -> bool:
        """Takes a factor that a tag names for the scale of the band, if that makes decibels of its pixels."""
        parts = [self._declared(window) for window in self._lattice() if self.has_data(window)]
        known = [values.ravel() if declared is None else values[declared] for values, declared in parts]
        numbers = _joined(known, self.dtype)
        numbers = numbers[np.isfinite(numbers)].astype(np.float64)
        scale = decibel_scale(numbers, factor) if numbers.size else None
        self.scale = scale or self.scale
        self.factor_taken = scale is not None
        return self.factor_taken

    def has_data(self, window: Window) -> bool:
        """Whether the window may hold data: False only when it lies outside the raster or in blocks never written."""
        inside = window.intersection(self.extent)
        if inside is None:
            return False
        if not self._sparse:
            return True
        high, wide = self.block_shape
        rows = range(inside.row // high, (inside.bottom - 1) // high + 1)
        cols = range(inside.col // wide, (inside.right - 1) // wide + 1)
        known = self._written[rows.start : rows.stop, cols.start : cols.stop]
        if (known > 0).any():
            return True
        with self._lock:
            for row, col in np.argwhere(known == UNKNOWN).tolist():
                tag = f"BLOCK_OFFSET_{cols.start + col}_{rows.start + row}"
                known[row, col] = self.dataset.get_tag_item(tag, "TIFF", bidx=self.index) is not None
                if known[row, col]:
                    return True
        return False

    @cached_property
    def _written(self) -> npt.NDArray[np.int8]:
        """Of each block: written or not, or not yet asked. Blocks of a TIFF that were never written are absent."""
        high, wide = self.block_shape
        return np.full((-(-self.extent.height // high), -(-self.extent.width // wide)), UNKNOWN, np.int8)

    @property
    def _zero_is_data(self) -> bool:
        return self.dtype == np.uint8 or (self.dtype.kind in "fi" and self._survey[0])

    @cached_property
    def _survey(self) -> tuple[bool, Sample]:
        """Whether exact zeros are measurements, and a sample; see `read` and `sample`."""
        parts, beyond = [], []
        for window in self._lattice():
            if self.has_data(window):
                values, declared = self._declared(window)
                valid = possible(values, self.scale, self.offset)
                beyond.append(_impossible(values, valid, declared))
                parts.append((values, valid if declared is None else valid & declared))
        zero_is_data = self.dtype == np.uint8 or (self.dtype.kind in "fi" and self._in_decibels(parts))
        total = sum(window.height * window.width for window in self._lattice())
        clean: list[Values] = []
        filled: list[Values] = []
        zeros = 0
        for values, valid in parts:
            if not zero_is_data:
                zero = values == 0
                if zero.any():
                    zeros += _scattered(zero & valid)
                    valid &= ~zero
            if count := np.count_nonzero(valid):
                (clean if count >= (1 - MOST_FILL) * valid.size else filled).append(values[valid])
        pixels = sum(v.size for v in (*clean, *filled))
        if sum(v.size for v in clean) < LEAST_CLEAN * pixels:
            clean += filled
        taken, out = _joined(clean, self.dtype), _joined(beyond, self.dtype)
        return zero_is_data, Sample(taken, pixels / total, out, zeros / max(1, zeros + pixels))

    def _in_decibels(self, parts: list[tuple[Values, Valid]]) -> bool:
        """Whether pixels are decibels whose zeros do not fill solid blocks, in the sample or in the corners.

        Decibels may be cut off at 0, and a city then has scattered zeros; fill lies in patches.
        """
        bottom, right = max(0, self.extent.height - SOLID), max(0, self.extent.width - SOLID)
        corners = [Window(row, col, SOLID, SOLID) for row in {0, bottom} for col in {0, right}]
        corners = [c for c in corners if c.intersection(self.extent) == c and self.has_data(c)]
        for values in (*(v for v, _ in parts), *(self._fetch(c)[0] for c in corners)):
            rows, cols = values.shape[0] // SOLID, values.shape[1] // SOLID
            blocks = (values[: rows * SOLID, : cols * SOLID] == 0).reshape(rows, SOLID, cols, SOLID)
            if blocks.all(axis=(1, 3)).any():
                return False
        negative = sum(np.count_nonzero(values[valid] < 0) for values, valid in parts)
        nonzero = sum(np.count_nonzero(valid & (values != 0)) for values, valid in parts)
        return bool(negative > LEAST_NEGATIVE * nonzero)

    @cached_property
    def sample(self) -> Sample:
        """Valid pixels spread over the raster, bounded in number whatever its size; empty when none is found.

        Windows with much fill are left out where others suffice: fill comes with the noise at the border of the swath.
        """
        sample = self._survey[1]
        if sample.values.size or sample.impossible.size:
            return sample
        return replace(sample, values=_joined(list(self._search()), self.dtype), valid_fraction=0.0)

    def _lattice(self) -> Iterator[Window]:
        high, wide = self.block_shape
        height = SAMPLE_WINDOW
        if wide >= self.extent.width > SAMPLE_WINDOW:  # stored line by line: reading a window decodes whole lines
            height = max(1, min(height, STRIP_PIXELS // self.extent.width))
        for row in _starts(self.extent.height, height, high):
            for col in _starts(self.extent.width, SAMPLE_WINDOW, wide):
                bottom, right = min(row + height, self.extent.height), min(col + SAMPLE_WINDOW, self.extent.width)
                yield Window(row, col, bottom - row, right - col)

    def _search(self) -> Iterator[Values]:
        """Valid pixels of the first windows that hold any, in reading order; gives up after SEARCH_PIXELS."""
        high, wide = self.block_shape
        height = max(high, SAMPLE_WINDOW // high * high)
        width = max(wide, 4 * SAMPLE_WINDOW // wide * wide)
        found = searched = 0
        for row in range(0, self.extent.height, height):
            if not self.has_data(Window(row, 0, height, self.extent.width)):
                continue
            for col in range(0, self.extent.width, width):
                window = Window(row, col, height, width)
                if not self.has_data(window):
                    continue
                values, valid = self.read(window)
                searched += valid.size
                if valid.any():
                    found += int(valid.sum())
                    yield values[valid]
                if found >= SAMPLE_WINDOW**2 or searched >= SEARCH_PIXELS:
                    return


UNKNOWN = -1


def _fill_value(nodata: float | None, dtype: np.dtype[Any]) -> Any:
    """Nodata as a pixel holds it; None where no pixel can, or where it is NaN, which never is valid."""
    if nodata is None or math.isnan(nodata):
        return None
    if dtype.kind not in "iu":
        return dtype.type(nodata)
    limits = np.iinfo(dtype)
    return dtype.type(nodata) if nodata == int(nodata) and limits.min <= nodata <= limits.max else None


def _finite(number: float | None, otherwise: float) -> float:
    return float(number) if number and math.isfinite(number) else otherwise


def _impossible(values: Values, valid: Valid, declared: Valid | None) -> Values:
    """The finite pixels that the file holds for valid and no radar measures."""
    if values.dtype.kind == "u" or valid.all():
        return values[:0, :0].ravel()
    out = ~valid if declared is None else declared & ~valid
    return values[out & np.isfinite(values)]


def _scattered(zero: Valid) -> int:
    """How many zeros stand among other pixels, not in patches."""
    rows, cols = zero.shape[0] // SOLID, zero.shape[1] // SOLID
    blocks = zero[: rows * SOLID, : cols * SOLID].reshape(rows, SOLID, cols, SOLID).sum(axis=(1, 3))
    return int(blocks[blocks <= SCATTERED * SOLID**2].sum())


def _joined(parts: list[Values], dtype: np.dtype[Any]) -> Values:
    return np.concatenate(parts) if parts else np.empty(0, dtype)


def _starts(length: int, window: int, block: int) -> list[int]:
    """Offsets of at most SAMPLE_SIDE windows along an axis: side by side where they cover it, else in the middle of
    equal parts and on block borders."""
    count = -(-length // window)
    if count <= SAMPLE_SIDE:
        return [i * window for i in range(count)]
    part = length / SAMPLE_SIDE
    middles = [int((i + 0.5) * part - window / 2) for i in range(SAMPLE_SIDE)]
    return [m // block * block for m in middles] if block <= window else middles
