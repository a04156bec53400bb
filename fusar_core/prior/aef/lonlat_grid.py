"""The pixel grid in degrees of the public mosaic, which Earth Engine is asked for as well: one cache for both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fusar_core.prior.aef.chunks import Indices
from fusar_core.prior.aef.quantisation import Mask
from fusar_core.prior.aef.source import Degrees


@dataclass(frozen=True)
class LonLatGrid:
    """Square pixels in degrees, north up, cut into square chunks.

    west, north: outer corner of the first pixel. step: side of a pixel. height, width: pixels. chunk: side of a chunk
    in pixels; chunks are numbered row-major from the top left.
    """

    west: float
    north: float
    step: float
    height: int
    width: int
    chunk: int

    @property
    def chunks_across(self) -> int:
        """Chunks in a row of them, the last of which may be cut off by the edge."""
        return -(-self.width // self.chunk)

    def locate(self, lon: Degrees, lat: Degrees) -> tuple[Indices, Indices, Indices, Mask]:
        """The pixel that holds each point: number of its chunk, row and column inside it, all int64 (S,), and whether
        the point lies on the grid, bool (S,); where it does not, the numbers are those of the first pixel."""
        finite = np.isfinite(lon) & np.isfinite(lat)
        x = np.where(finite, (np.where(finite, lon, 0.0) - self.west) % 360.0, -1.0) / self.step
        y = np.where(finite, self.north - np.where(finite, lat, 0.0), -1.0) / self.step
        inside = (x >= 0) & (x < self.width) & (y >= 0) & (y < self.height)
        column = np.where(inside, x, 0).astype(np.int64)
        row = np.where(inside, y, 0).astype(np.int64)
        number = (row // self.chunk) * self.chunks_across + column // self.chunk
        return number, row % self.chunk, column % self.chunk, inside

    def position(self, number: int) -> tuple[int, int]:
        """Row and column of a chunk in the table of chunks."""
        return divmod(number, self.chunks_across)

    def coarser(self, level: int) -> LonLatGrid:
        """The same place with pixels 2^level times as large."""
        factor = 2**level
        return LonLatGrid(
            self.west, self.north, self.step * factor, -(-self.height // factor), -(-self.width // factor), self.chunk
        )


WORLD = LonLatGrid(-180.0, 83.68570533713473, 8.983111749910169e-05, 1859584, 4009984, 256)
"""The grid of the public mosaic: 10 m at the equator."""

METRES_PER_DEGREE = 111_320.0
"""Along a meridian, roughly; only to choose an overview."""
