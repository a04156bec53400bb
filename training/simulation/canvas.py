"""What a scene is painted on: land cover, mean backscatter, structures, and bright points, in pixels of the scene."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt

WATER, TREES, GRASS, FLOODED, CROPS, SHRUB, BUILT, BARE = range(8)
COVERS = ("water", "trees", "grass", "flooded_vegetation", "crops", "shrub", "built", "bare")
"""Classes of Dynamic World, by number."""

LEVELS_DB = {
    "C": (-20.0, -8.5, -12.5, -10.0, -11.0, -11.0, -6.5, -16.0),
    "X": (-18.0, -8.0, -11.0, -9.5, -10.0, -10.0, -5.5, -14.0),
    "L": (-23.0, -9.0, -17.0, -8.5, -15.0, -14.0, -7.0, -21.0),
}
"""Mean co-polarised backscatter of each class by band: usual values at 35° of incidence."""
CROSS_DB = -6.5
"""Cross-polarised against co-polarised backscatter of land; the sea falls by two more."""

Map = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Corners = tuple[tuple[float, float], ...]


def smooth(rng: np.random.Generator, side: int, length: float, along: float | None = None) -> Map:
    """(side, side) float32 field of mean 0, variance 1; correlation `length` pixels down and `along` pixels across.

    Random knots joined by cubic B-splines: a few thousand numbers are drawn, not one a pixel.
    """
    down, across = _splines(side, length), _splines(side, length if along is None else along)
    knots = rng.standard_normal((down.shape[1], across.shape[1]), np.float32)
    fine = down @ knots @ across.T
    return np.asarray((fine - fine.mean()) / (fine.std() + np.float32(1e-6)), np.float32)


def _splines(side: int, length: float) -> Map:
    return _spline_basis(side, max(4, math.ceil(side / max(length, 1.0)) + 3))


@lru_cache(maxsize=512)
def _spline_basis(side: int, knots: int) -> Map:
    """(side, knots) weights of the knots at each pixel: uniform cubic B-splines, four of them not zero."""
    at = 1 + np.linspace(0, knots - 3, side, endpoint=False)
    far = np.abs(at[:, None] - np.arange(knots))
    near, wide = 2 / 3 - far**2 + far**3 / 2, (2 - far) ** 3 / 6
    return np.where(far < 1, near, np.where(far < 2, wide, 0)).astype(np.float32)


@dataclass
class Canvas:
    """A square scene of side × side pixels of `gsd_m` metres while it is painted.

    levels_db: (8,) mean backscatter of each cover. cover: uint8. db: float32 mean backscatter. texture: float32, log
    of the texture's spread at each pixel. structure: what stands there all year. points: arrays (N, 3) of x, y in
    pixels and the peak intensity in dB that each would have alone.
    """

    side: int
    gsd_m: float
    rng: np.random.Generator
    levels_db: npt.NDArray[np.float32]
    cover: npt.NDArray[np.uint8] = field(init=False)
    db: Map = field(init=False)
    rough: Map = field(init=False)
    structure: Mask = field(init=False)
    points: list[npt.NDArray[np.float64]] = field(default_factory=list)

    def __post_init__(self) -> None:
        shape = (self.side, self.side)
        self.cover = np.zeros(shape, np.uint8)
        self.db = np.full(shape, self.levels_db[WATER], np.float32)
        self.rough = np.zeros(shape, np.float32)
        self.structure = np.zeros(shape, bool)
        self.y, self.x = np.mgrid[0 : self.side, 0 : self.side].astype(np.float32) + np.float32(0.5)

    def pixels(self, metres: float, least: float = 0.0) -> float:
        """A length in metres as pixels, not rounded, and no less than `least` pixels."""
        return max(least, metres / self.gsd_m)

    def smooth(self, length: float, along: float | None = None) -> Map:
        """(side, side) float32 random field of this scene, as the function `smooth`; correlation lengths in pixels."""
        return smooth(self.rng, self.side, length, along)

    def paint(self, where: Mask, cover: int, db: float | Map = 0.0, rough: float = 0.0) -> None:
        """Covers an area. db: added to the cover's level. rough: spread of the fine texture, natural logarithm."""
        self.cover[where] = cover
        self.db[where] = self.levels_db[cover] + (db[where] if isinstance(db, np.ndarray) else np.float32(db))
        self.rough[where] = rough

    def clear(self, where: Mask) -> None:
        """Takes the bright points off an area."""
        for i, points in enumerate(self.points):
            column, row = points[:, 0].astype(int), points[:, 1].astype(int)
            inside = (column >= 0) & (row >= 0) & (column < self.side) & (row < self.side)
            there = where[row.clip(0, self.side - 1), column.clip(0, self.side - 1)]
            self.points[i] = points[~(inside & there)]

    def frame(self, x: float, y: float, turn: float) -> tuple[Map, Map]:
        """Coordinates along and across a direction, from (x, y); turn in radians from the x axis towards y."""
        c, s = np.float32(math.cos(turn)), np.float32(math.sin(turn))
        dx, dy = self.x - np.float32(x), self.y - np.float32(y)
        return dx * c + dy * s, dy * c - dx * s

    def rectangle(self, x: float, y: float, length: float, width: float, turn: float) -> Mask:
        """(side, side) bool: pixels whose centre lies in an oriented rectangle around (x, y).

        length, width: in pixels, along and across. turn: radians from the x axis towards y.
        """
        along, across = self.frame(x, y, turn)
        return np.asarray((np.abs(along) < length / 2) & (np.abs(across) < width / 2))

    def add_points(self, x: npt.ArrayLike, y: npt.ArrayLike, db: npt.ArrayLike) -> None:
        """Adds bright points at x, y in pixels, which broadcast with their peak intensity in dB."""
        self.points.append(np.stack(np.broadcast_arrays(x, y, db), axis=1).astype(float))


def rectangle_corners(x: float, y: float, length: float, width: float, turn: float) -> Corners:
    """Corners of an oriented rectangle, in order around it."""
    c, s = math.cos(turn), math.sin(turn)
    halves = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    return tuple(
        (x + (a * length * c - b * width * s) / 2, y + (a * length * s + b * width * c) / 2) for a, b in halves
    )


def bounds(points: Sequence[tuple[float, float]], margin: float) -> tuple[float, float, float, float]:
    """Axis-aligned box (x1, y1, x2, y2) of points, `margin` pixels larger on every side."""
    x, y = zip(*points, strict=True)
    return (min(x) - margin, min(y) - margin, max(x) + margin, max(y) + margin)
