"""A band of an image in radar geometry, read on the grid of the scene that it was geocoded to."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from fusar_core.domain.tiling import Window
from fusar_core.scenes.raster.geocoding import Geocoded, Shifts
from fusar_core.scenes.raster.layer import Layer, Sample, Valid, Values

Positions = npt.NDArray[np.float64]


class WarpedLayer:
    """A layer whose pixels are moved to where they belong, nearest neighbour: values and their statistics stay."""

    def __init__(self, image: Layer, geocoded: Geocoded) -> None:
        self.image = image
        self.geocoded = geocoded
        self.extent = Window(0, 0, geocoded.grid.height, geocoded.grid.width)
        self.dtype = image.dtype
        self.nodata = image.nodata
        self.block_shape = image.block_shape

    @property
    def scale(self) -> float:
        return self.image.scale

    @property
    def offset(self) -> float:
        return self.image.offset

    @property
    def datasets(self) -> list[Any]:
        """As Layer.datasets."""
        return self.image.datasets

    @property
    def sample(self) -> Sample:
        """As Layer.sample; of the image as it was taken."""
        return self.image.sample

    def read(self, window: Window) -> tuple[Values, Valid]:
        """As Layer.read, in pixels of the scene's grid."""
        return self._read(window, (window.height, window.width))

    def read_decimated(self, window: Window, shape: tuple[int, int]) -> tuple[Values, Valid]:
        """As Layer.read_decimated, in pixels of the scene's grid."""
        return self._read(window, shape)

    def has_data(self, window: Window) -> bool:
        """As Layer.has_data."""
        inside = window.intersection(self.extent)
        part = self._image_part(inside) if inside else None
        return part is not None and self.image.has_data(part)

    def _read(self, window: Window, shape: tuple[int, int]) -> tuple[Values, Valid]:
        values, valid = np.zeros(shape, self.dtype), np.zeros(shape, bool)
        inside = window.intersection(self.extent)
        part = self._image_part(inside) if inside else None
        if part is None:
            return values, valid
        down, across = window.height / shape[0], window.width / shape[1]
        small = max(1, round(part.height / down)), max(1, round(part.width / across))
        whole = shape == (window.height, window.width)
        source, usable = self.image.read(part) if whole else self.image.read_decimated(part, small)
        y, x = _centres(window.row, shape[0], down), _centres(window.col, shape[1], across)
        to_source = np.float32(source.shape[1] / part.width), np.float32(source.shape[0] / part.height)
        for lines, (shift_x, shift_y) in self.geocoded.strips(x, y):
            column = _index(shift_x, x - part.col, to_source[0])
            line = _index(shift_y, (y[lines] - part.row)[:, None], to_source[1])
            here = (column >= 0) & (column < source.shape[1]) & (line >= 0) & (line < source.shape[0])
            index = line * source.shape[1] + column
            source.take(index, out=values[lines], mode="clip")
            usable.take(index, out=valid[lines], mode="clip")
            if not here.all():
                values[lines][~here] = 0
                valid[lines] &= here
        return values, valid

    def _image_part(self, window: Window) -> Window | None:
        """The part of the image that a window of the grid is made of, a pixel larger all around."""
        x, y = np.array([window.col, window.right], float), np.array([window.row, window.bottom], float)
        least, greatest = self.geocoded.shift_range(x, y)
        if not (np.isfinite(least).all() and np.isfinite(greatest).all()):
            return None
        left, top = math.floor(x[0] + least[0]) - 1, math.floor(y[0] + least[1]) - 1
        right, bottom = math.ceil(x[1] + greatest[0]) + 1, math.ceil(y[1] + greatest[1]) + 1
        return Window(top, left, bottom - top, right - left).intersection(self.image.extent)


def _centres(start: int, count: int, step: float) -> Positions:
    """Grid coordinates of the centres of pixels `step` wide."""
    return np.asarray(start + (np.arange(count) + 0.5) * step, np.float64)


def _index(shift: Shifts, at: Positions, scale: np.float32) -> npt.NDArray[np.int32]:
    """Rows or columns of the source under shifted positions `at`; negative where the model has no answer.

    At full size only the fraction is rounded with the shift: a pixel falls alike whatever window it is read in.
    """
    with np.errstate(invalid="ignore"):
        if scale != 1:
            return _whole((shift + at.astype(np.float32)) * scale)
        first = np.floor(at)
        return _whole(shift + (at - first).astype(np.float32)) + first.astype(np.int32)


def _whole(position: npt.NDArray[np.float32]) -> npt.NDArray[np.int32]:
    """Rounded down; the least integer for NaN."""
    return np.floor(position, out=position).astype(np.int32)
