"""The ground of a simulated scene: land cover, mean backscatter in dB, and the bright points of towns.

Levels are those of C band, VV; X and L bands shift them (`Ground.band_db`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import ndimage

WATER, TREES, GRASS, FLOODED, CROPS, SHRUB, BUILT, BARE = range(8)
COVERS = ("water", "trees", "grass", "flooded_vegetation", "crops", "shrub", "built", "bare")
"""Classes of Dynamic World, by number."""
LEVEL_DB = np.array([-20.0, -8.5, -13.5, -11.5, -12.0, -11.5, -7.0, -17.5], np.float32)
PAVED_DB = -11.0
"""Tarmac against its surroundings: runways and aprons are among the darkest things on land."""
DENSITY_DB = 0.6

Map = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Points = npt.NDArray[np.float64]


def smooth(rng: np.random.Generator, side: int, length: float) -> Map:
    """(side, side) float32 field of mean 0 and variance 1 with a correlation length in pixels: random knots, joined by
    cubic B-splines."""
    knots = max(4, math.ceil(side / length) + 3)
    basis = _splines(side, knots)
    fine = basis @ rng.standard_normal((knots, knots)).astype(np.float32) @ basis.T
    return np.asarray((fine - fine.mean()) / (fine.std() + 1e-6), np.float32)


@lru_cache(maxsize=256)
def _splines(side: int, knots: int) -> Map:
    """(side, knots) weights of the knots at each pixel: uniform cubic B-splines, four of them not zero."""
    at = 1 + np.linspace(0, knots - 3, side, endpoint=False)
    far = np.abs(at[:, None] - np.arange(knots))
    near, wide = 2 / 3 - far**2 + far**3 / 2, (2 - far) ** 3 / 6
    return np.where(far < 1, near, np.where(far < 2, wide, 0)).astype(np.float32)


@dataclass
class Ground:
    """What lies where, on side × side pixels of `gsd_m` metres.

    cover: (side, side) uint8. level_db: mean backscatter of water. texture_db: what land adds to its cover's level.
    structure: what stands there all year. points: (N, 3) x, y in pixels and strength in dB, of everything bright.
    """

    side: int
    gsd_m: float
    rng: np.random.Generator
    wind_db: float
    cover: npt.NDArray[np.uint8] = field(init=False)
    level_db: Map = field(init=False)
    texture_db: Map = field(init=False)
    structure: Mask = field(init=False)
    points: list[Points] = field(default_factory=list)

    def __post_init__(self) -> None:
        shape = (self.side, self.side)
        self.cover = np.zeros(shape, np.uint8)
        self.level_db = np.full(shape, self.wind_db, np.float32)
        self.texture_db = np.zeros(shape, np.float32)
        self.structure = np.zeros(shape, bool)
        self.y, self.x = np.mgrid[0 : self.side, 0 : self.side].astype(np.float32)

    def pixels(self, metres: float, least: float = 0.0) -> float:
        return max(least, metres / self.gsd_m)

    def rectangle(self, x: float, y: float, length: float, width: float, turn: float) -> Mask:
        """Pixels of a rectangle about (x, y); turn in radians from the x axis, clockwise as rows grow downwards."""
        along = (self.x - x) * math.cos(turn) + (self.y - y) * math.sin(turn)
        across = (self.y - y) * math.cos(turn) - (self.x - x) * math.sin(turn)
        return np.asarray((np.abs(along) < length / 2) & (np.abs(across) < width / 2))

    def add_points(self, x: npt.ArrayLike, y: npt.ArrayLike, db: npt.ArrayLike) -> None:
        self.points.append(np.stack(np.broadcast_arrays(x, y, db), axis=1).astype(float))

    def sea(self, calm: bool = False) -> Map:
        """Backscatter of water in dB: wind, gusts, streaks; calm water is up to 7 dB darker."""
        rng, level = self.rng, self.wind_db - (self.rng.uniform(3, 7) if calm else 0.0)
        gusts = rng.uniform(0.2, 1.2) * smooth(rng, self.side, rng.uniform(40, 150))
        streaks = ndimage.gaussian_filter1d(smooth(rng, self.side, 8), rng.uniform(5, 20), axis=int(rng.integers(2)))
        return np.asarray(level + gusts + rng.uniform(0, 0.6) * streaks / (streaks.std() + 1e-6), np.float32)

    def backscatter_db(self) -> Map:
        """(side, side) mean backscatter in dB of everything but the bright points."""
        land = LEVEL_DB[self.cover] + self.texture_db + DENSITY_DB * smooth(self.rng, self.side, 25)
        return np.where(self.cover == WATER, self.level_db, land).astype(np.float32)


def cover_land(ground: Ground, where: Mask, kind: str = "") -> None:
    """Covers an area as `town`, `farmland`, `forest` or `mixed`; one of them when no kind is given."""
    kind = kind or str(ground.rng.choice(["town", "farmland", "forest", "mixed"]))
    if kind == "town":
        _town(ground, where)
    elif kind == "farmland":
        _fields(ground, where)
    elif kind == "forest":
        _patches(ground, where, (TREES, TREES, TREES, GRASS, SHRUB), ground.rng.uniform(20, 60))
    else:
        _patches(ground, where, (TREES, GRASS, SHRUB, CROPS, FLOODED), ground.rng.uniform(20, 70))


def _patches(ground: Ground, where: Mask, covers: tuple[int, ...], length: float) -> None:
    scores = np.stack([smooth(ground.rng, ground.side, length) for _ in covers])
    ground.cover[where] = np.array(covers, np.uint8)[scores.argmax(0)][where]


def _fields(ground: Ground, where: Mask) -> None:
    """Bent rectangular parcels, each with its own level; some are meadows."""
    rng, turn = ground.rng, ground.rng.uniform(0, math.pi)
    wide, long = (ground.pixels(rng.uniform(120, 350), 4) for _ in range(2))
    bend_u, bend_v = 3 * smooth(rng, ground.side, 60), 3 * smooth(rng, ground.side, 60)
    u = ((ground.x * math.cos(turn) + ground.y * math.sin(turn) + bend_u) / wide).astype(int) % 61
    v = ((ground.y * math.cos(turn) - ground.x * math.sin(turn) + bend_v) / long).astype(int) % 53
    levels, meadows = rng.normal(0, 2.2, (61, 53)).astype(np.float32), rng.random((61, 53)) < 0.15
    ground.texture_db[where] += levels[u, v][where]
    ground.cover[where] = CROPS
    ground.cover[where & meadows[u, v]] = GRASS


def _town(ground: Ground, where: Mask) -> None:
    """Blocks between dark streets, with corner reflectors and fronts of buildings."""
    rng, turn = ground.rng, ground.rng.uniform(0, math.pi / 2)
    ground.cover[where] = BUILT
    long, wide = ground.pixels(rng.uniform(60, 120), 4), ground.pixels(rng.uniform(40, 90), 4)
    street_px = ground.pixels(14, 1.2)
    u = ground.x * math.cos(turn) + ground.y * math.sin(turn)
    v = ground.y * math.cos(turn) - ground.x * math.sin(turn)
    street = (u % long < street_px) | (v % wide < street_px)
    ground.texture_db[where & street] -= 7
    rows, columns = np.nonzero(where & ~street)
    count = int(len(rows) * rng.uniform(0.01, 0.035))
    if not count:
        return
    picked = rng.integers(0, len(rows), count)
    ground.add_points(columns[picked] + rng.random(count), rows[picked] + rng.random(count), rng.normal(3, 5, count))
    for middle in rng.integers(0, len(rows), len(rows) // 1500):  # double bounce along fronts
        length = rng.uniform(0.3, 0.9) * long
        along = np.linspace(-0.5, 0.5, max(3, int(length))) * length
        front = turn + (math.pi / 2 if rng.random() < 0.5 else 0)
        x, y = columns[middle] + along * math.cos(front), rows[middle] + along * math.sin(front)
        ground.add_points(x, y, rng.normal(5, 3) + rng.normal(0, 2, len(along)))
