"""Ships, aircraft, and what looks like them: groups of scatterers of real lengths, and their boxes.

A compact body looks the same whatever it is: whether it is a ship, a parked aircraft seen coarsely, a shed or a
platform is decided by the ground, which is what the prior knows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.data.triplets import Box
from training.simulator.ground import Ground, Map, Points

SHIP_LENGTH_M = (15.0, 350.0)
MOST_PX, LEAST_PX = 52.0, 3.5


@dataclass(frozen=True)
class Body:
    """Something bright. label: `ship`, `plane`, or what a confuser is. box: (x1, y1, x2, y2) in scene pixels."""

    label: str
    box: Box
    length_m: float


@dataclass
class Taken:
    """Places that are occupied: (x, y, radius) in pixels."""

    places: list[tuple[float, float, float]]

    def free(self, x: float, y: float, radius: float) -> bool:
        return all(math.hypot(x - px, y - py) > radius + pr + 2 for px, py, pr in self.places)

    def spot(self, rng: np.random.Generator, room: Map, radius: float, tries: int = 40) -> tuple[float, float] | None:
        """A place with that much room around it, now taken; None when none was found. room: pixels to the border."""
        rows, columns = np.nonzero(room > radius)
        for _ in range(tries if len(rows) else 0):
            i = int(rng.integers(len(rows)))
            x, y = columns[i] + float(rng.random()), rows[i] + float(rng.random())
            if self.free(x, y, radius):
                self.places.append((x, y, radius))
                return x, y
        return None


def hull(x: float, y: float, length: float, width: float, turn: float) -> list[tuple[float, float]]:
    """Corners of an oriented rectangle, in order around it."""
    c, s = math.cos(turn), math.sin(turn)
    halves = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    return [(x + (a * length * c - b * width * s) / 2, y + (a * length * s + b * width * c) / 2) for a, b in halves]


def bounds(points: Sequence[tuple[float, float]], margin: float = 0.5) -> Box:
    """Axis-aligned box of points; the margin is what the impulse response adds."""
    x, y = zip(*points, strict=True)
    return (min(x) - margin, min(y) - margin, max(x) + margin, max(y) + margin)


def ship_size(rng: np.random.Generator, gsd_m: float) -> tuple[float, float]:
    """Length and width in pixels: log-normal lengths about 100 m, slender hulls, what a chip can show."""
    low, high = max(SHIP_LENGTH_M[0], LEAST_PX * gsd_m), min(SHIP_LENGTH_M[1], MOST_PX * gsd_m)
    metres = float(np.clip(math.exp(rng.normal(4.6, 0.75)), low, high))
    return metres / gsd_m, max(1.4, metres / gsd_m / rng.uniform(4.5, 7.5))


def add_long(
    ground: Ground, label: str, x: float, y: float, length: float, width: float, turn: float, level_db: float
) -> Body:
    """A long body: scatterers all over, often a superstructure towards one end."""
    rng = ground.rng
    count = max(4, int(length * rng.uniform(1.0, 2.5)))
    u, v = rng.uniform(-0.5, 0.5, count) * length, rng.uniform(-0.45, 0.45, count) * width
    db = level_db + rng.normal(0, 3.0, count)
    if rng.random() < 0.6:
        more = max(2, count // 5)
        u = np.concatenate([u, np.clip(rng.normal(rng.choice([-0.35, 0.35]), 0.05, more), -0.5, 0.5) * length])
        v = np.concatenate([v, rng.uniform(-0.45, 0.45, more) * width])
        db = np.concatenate([db, level_db + rng.normal(4, 3, more)])
    _place(ground, u, v, db, x, y, turn)
    return Body(label, bounds(hull(x, y, length, width, turn)), round(length * ground.gsd_m, 1))


def add_plane(ground: Ground, x: float, y: float, length: float, turn: float, level_db: float) -> Body:
    """An aircraft seen finely: fuselage, swept wings, engines, tail."""
    rng, span = ground.rng, length * ground.rng.uniform(0.85, 1.1)
    body, wing = max(4, int(length * 0.9)), max(4, int(span * 0.8))
    across = rng.uniform(-0.5, 0.5, wing) * span
    u = [rng.uniform(-0.5, 0.5, body) * length, 0.05 * length - 0.25 * abs(across), [-0.45 * length] * 2]
    v = [rng.normal(0, 0.03 * length, body), across, rng.uniform(-0.15, 0.15, 2) * span]
    engines = 0.18 * span * np.array([-1, 1])
    u, v = np.concatenate([*u, [0.05 * length] * 2]), np.concatenate([*v, engines])
    db = level_db + rng.normal(0, 3.5, len(u))
    db[-2:] += 4
    points = _place(ground, u, v, db, x, y, turn)
    return Body("plane", bounds([(px, py) for px, py, _ in points], 0.8), round(length * ground.gsd_m, 1))


def add_wake(ground: Ground, ship: Body, x: float, y: float, length: float, turn: float) -> None:
    """A bright line behind a ship that fades out."""
    rng = ground.rng
    far = np.linspace(0, 1, int(length * 2) + 4)
    bearing, reach = turn + rng.normal(0, 0.05), length / 2 + far * length * rng.uniform(1, 3)
    x_, y_ = x + math.cos(bearing) * reach, y + math.sin(bearing) * reach
    ground.add_points(x_, y_, ground.wind_db + 6 - 7 * far + rng.normal(0, 1.5, len(far)))


def _place(ground: Ground, u: Points, v: Points, db: Points, x: float, y: float, turn: float) -> Points:
    """Scatterers along (u) and across (v) a body → the ground's points."""
    c, s = math.cos(turn), math.sin(turn)
    ground.add_points(x + u * c - v * s, y + u * s + v * c, db)
    return ground.points[-1]
