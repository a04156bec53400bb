"""The oriented rectangle of least area around a set of pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fusar_core.domain.answers import Corners

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Rectangle:
    """An oriented rectangle in pixels (x right, y down). axis: unit vector (x, y) along its first pair of sides; along,
    across: extents (low, high) of the projections on the axis and on its normal (−y, x of the axis)."""

    axis: tuple[float, float]
    along: tuple[float, float]
    across: tuple[float, float]

    @property
    def sides(self) -> tuple[float, float]:
        """Lengths in pixels of the sides along the axis and across it; neither need be the longer."""
        return self.along[1] - self.along[0], self.across[1] - self.across[0]

    def sizes(self, down: float, across: float) -> tuple[float, float]:
        """The sides where a pixel is `down` high and `across` wide."""
        (ux, uy), (first, second) = self.axis, self.sides
        return first * math.hypot(ux * across, uy * down), second * math.hypot(uy * across, ux * down)

    def shrunk(self, by: float) -> Rectangle:
        """Every side moved inwards by so many pixels, as far as a side of one pixel remains."""
        (a0, a1), (b0, b1) = self.along, self.across
        a, b = (max(0.0, min(by, (side - 1) / 2)) for side in self.sides)
        return Rectangle(self.axis, (a0 + a, a1 - a), (b0 + b, b1 - b))

    def corners(self, scale_x: float = 1.0, scale_y: float = 1.0) -> Corners:
        """The four corners in order around it, in pixels scaled along x and y."""
        ux, uy = self.axis
        (a0, a1), (b0, b1) = self.along, self.across
        points = [
            ((a * ux - b * uy) * scale_x, (a * uy + b * ux) * scale_y)
            for a, b in ((a0, b0), (a1, b0), (a1, b1), (a0, b1))
        ]
        return points[0], points[1], points[2], points[3]


def convex_hull(points: FloatArray) -> FloatArray:
    """Corners (K, 2) of the convex hull of (N, 2) points, in order around it, collinear points left out."""
    ordered = np.unique(points, axis=0).tolist()
    if len(ordered) < 3:
        return np.array(ordered)

    def chain(run: list[list[float]]) -> list[list[float]]:
        hull: list[list[float]] = []
        for x, y in run:
            while len(hull) > 1:
                (ax, ay), (bx, by) = hull[-2], hull[-1]
                if (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0:
                    break
                hull.pop()
            hull.append([x, y])
        return hull[:-1]

    return np.array(chain(ordered) + chain(ordered[::-1]))


def smallest_rectangle(rows: npt.NDArray[np.int64], cols: npt.NDArray[np.int64]) -> Rectangle:
    """The rectangle of least area around the pixels (rows, cols).

    It goes around the pixels' centres, half a pixel away on every side: exact for bars along the axes, and right to a
    pixel for rotated ones, whose outline runs through the middle of their border pixels. One side of it lies along an
    edge of the convex hull (Freeman & Shapira 1975). Coordinates have (0, 0) at the outer corner of the first pixel.
    """
    centres = convex_hull(_row_ends(rows, cols))
    edges = np.diff(np.vstack([centres, centres[:1]]), axis=0)
    lengths = np.hypot(edges[:, 0], edges[:, 1])
    axes = edges[lengths > 0] / lengths[lengths > 0, None]
    axes = np.vstack([[[1.0, 0.0]], axes])
    along = axes @ centres.T
    across = np.column_stack([-axes[:, 1], axes[:, 0]]) @ centres.T
    areas = (np.ptp(along, axis=1) + 1) * (np.ptp(across, axis=1) + 1)
    best = int(np.argmin(areas))
    return Rectangle(
        (float(axes[best, 0]), float(axes[best, 1])),
        (float(along[best].min() - 0.5), float(along[best].max() + 0.5)),
        (float(across[best].min() - 0.5), float(across[best].max() + 0.5)),
    )


def _row_ends(rows: npt.NDArray[np.int64], cols: npt.NDArray[np.int64]) -> FloatArray:
    """Centres (x, y) of the first and last pixel of every row: the hull's corners are among them."""
    order = np.lexsort((cols, rows))
    rows, cols = rows[order], cols[order]
    starts = np.flatnonzero(np.r_[True, rows[1:] != rows[:-1]])
    ends = np.r_[starts[1:], len(rows)] - 1
    at = np.concatenate([starts, ends])
    return np.column_stack([cols[at] + 0.5, rows[at] + 0.5])
