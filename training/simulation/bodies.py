"""Ships, aircraft and what looks like them: groups of scatterers of real lengths, and their boxes.

A `compact` body looks the same whatever it is: a ship, an aircraft seen coarsely, a shed, a platform. What it is, is
decided by the ground, which is what a prior knows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from training.data.triplets import Box
from training.simulation.canvas import Canvas, Corners, Map, bounds, rectangle_corners

BOX_MARGIN_PX = 0.5
"""What the impulse response adds to a body on every side."""
HULL_ENDS = 0.3
SHIPS = {
    "fishing boat": (15, 45, 3.5, 4.5), "tug": (20, 40, 2.8, 3.6), "ferry": (60, 200, 5.0, 7.0),
    "cargo ship": (70, 230, 5.5, 7.2), "tanker": (90, 340, 5.2, 6.6), "container ship": (120, 365, 6.2, 8.2),
}  # fmt: skip
"""Kinds of ships: shortest and longest in metres, least and greatest length ÷ width."""
PLANES = {
    "fighter": (14, 22, 0.6, 0.75, 2, 50), "business jet": (13, 30, 0.85, 1.0, 2, 25),
    "airliner": (33, 74, 0.88, 1.0, 2, 28), "large airliner": (56, 76, 0.9, 1.05, 4, 35),
    "transport": (25, 54, 0.95, 1.25, 4, 8),
}  # fmt: skip
"""Kinds of aircraft: shortest and longest in metres, least and greatest span ÷ length, engines, sweep in degrees."""

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Body:
    """Something bright. label: `ship`, `plane`, or what a confuser is (`crane`, `tank`, `building`, `platform`).

    kind: the fine class. bbox: (x1, y1, x2, y2) in scene pixels. corners: of the oriented outline.
    """

    label: str
    bbox: Box
    corners: Corners
    length_m: float
    kind: str = ""


@dataclass
class Taken:
    """Places that are occupied: (x, y, radius) in pixels."""

    places: list[tuple[float, float, float]] = field(default_factory=list)

    def take(self, x: float, y: float, radius: float) -> bool:
        """Takes a place when it is free."""
        if any((x - px) ** 2 + (y - py) ** 2 < (radius + pr + 2) ** 2 for px, py, pr in self.places):
            return False
        self.places.append((x, y, radius))
        return True

    def spot(
        self, rng: np.random.Generator, room: Map, radius: float, within: tuple[float, float, float, float]
    ) -> tuple[float, float] | None:
        """A place with that much room around it, now taken.

        room: pixels to what is in the way. within: x1, y1, x2, y2.
        """
        x1, y1, x2, y2 = within
        side = len(room)
        for x, y in zip(rng.uniform(x1, x2, 24), rng.uniform(y1, y2, 24), strict=True):
            at = room[min(max(int(y), 0), side - 1), min(max(int(x), 0), side - 1)]
            if at > radius and self.take(float(x), float(y), radius):
                return float(x), float(y)
        return None


def _outline(
    canvas: Canvas,
    label: str,
    kind: str,
    x: float,
    y: float,
    length: float,
    width: float,
    turn: float,
    ends: float = 1.0,
) -> Body:
    """A body of that outline. ends: width of its ends as a share of its own, less than 1 for hulls."""
    corners = rectangle_corners(x, y, length, width, turn)
    edge = corners
    if ends < 1:
        middle = rectangle_corners(x, y, length * 0.6, width, turn)
        edge = (*middle, *rectangle_corners(x, y, length, width * ends, turn))
    return Body(label, bounds(edge, BOX_MARGIN_PX), corners, round(length * canvas.gsd_m, 1), kind)


def _put(canvas: Canvas, u: Values, v: Values, db: Values, x: float, y: float, turn: float) -> None:
    """Scatterers along (u) and across (v) a body → bright points of the canvas."""
    c, s = math.cos(turn), math.sin(turn)
    canvas.add_points(x + u * c - v * s, y + u * s + v * c, db)


def ship_size(
    rng: np.random.Generator, gsd_m: float, least_px: float = 3.5, most_px: float = 46.0
) -> tuple[str, float, float]:
    """Kind, length and width in pixels of a ship that shows at this pixel size."""
    fitting = [k for k, v in SHIPS.items() if v[1] > 1.2 * least_px * gsd_m and v[0] < most_px * gsd_m]
    kind = str(rng.choice(fitting or ["tanker"]))
    short, long, slim, slimmer = SHIPS[kind]
    low, high = max(short / gsd_m, least_px), min(long / gsd_m, most_px)
    length = low * (max(high, low) / low) ** float(rng.random())
    return kind, length, max(1.3, length / rng.uniform(slim, slimmer))


def add_ship(
    canvas: Canvas, x: float, y: float, size: tuple[str, float, float], turn: float, level_db: float, smear: float = 0.0
) -> Body:
    """A ship: hull, superstructure at the stern, what stands on deck by kind. smear: pixels along the columns by which
    motion spreads its echoes."""
    rng, (kind, length, width) = canvas.rng, size
    u, v, db = _hull(rng, length, width, level_db)
    aft = kind in ("cargo ship", "tanker", "container ship")
    stern = rng.choice([-0.38, 0.38]) if aft else rng.uniform(-0.3, 0.3)
    db += rng.uniform(2, 9) * (np.abs(u - stern) < 0.08)
    if kind == "cargo ship":
        db += rng.uniform(2, 6) * (np.sin(u * 2 * math.pi * rng.integers(2, 5)) > 0.6)
    if kind == "tanker":
        db += rng.uniform(2, 5) * (np.abs(v) < 0.1) - 2
    u, v = u * length + rng.normal(0, 0.3, len(u)), v * width + rng.normal(0, 0.3, len(u))
    _put(canvas, u, v, db, x, y, turn)
    if smear:
        off = rng.laplace(0, smear, len(u))
        px, py = x + u * math.cos(turn) - v * math.sin(turn), y + u * math.sin(turn) + v * math.cos(turn)
        canvas.add_points(px, py + off, db - rng.uniform(5, 11) - np.abs(off) / max(smear, 0.5) * 2)
    return _outline(canvas, "ship", kind, x, y, length, width, turn, HULL_ENDS)


def _hull(rng: np.random.Generator, length: float, width: float, level_db: float) -> tuple[Values, Values, Values]:
    """Scatterers of a slender body, as shares of its length and width, and their level: few or many, with gaps, the
    side that faces the radar brighter."""
    count = int(min(260, 3 + length * width * rng.uniform(0.3, 1.0)))
    u, v = rng.uniform(-0.5, 0.5, count), rng.uniform(-0.5, 0.5, count)
    u[:2] = -0.46, 0.46
    v *= np.sqrt(np.clip(1 - np.abs(2 * u) ** rng.uniform(2, 6), 0.05, 1))  # bow and stern taper
    db = level_db - 2 + 10 * np.log10(rng.exponential(1.0, count) + 0.03) * rng.uniform(0.4, 1.2)
    db += rng.uniform(0, 6) * (v * rng.choice([-1, 1]) > 0.2)
    db += rng.uniform(0, 4) * np.sin(2 * math.pi * (u * rng.uniform(0.5, 2) + rng.random()))
    return u, v, db


def add_compact(canvas: Canvas, x: float, y: float, length: float, width: float, turn: float, level_db: float) -> Body:
    """A body of which only outline and brightness can be seen; its label is still to be given."""
    rng = canvas.rng
    u, v, db = _hull(rng, length, width, level_db)
    if rng.random() < 0.5:
        db += rng.uniform(2, 8) * (np.abs(u - rng.uniform(-0.4, 0.4)) < 0.1)
    _put(canvas, u * length, v * width, db, x, y, turn)
    return _outline(canvas, "", "", x, y, length, width, turn, HULL_ENDS)


def plane_size(rng: np.random.Generator, gsd_m: float, kind: str = "") -> tuple[str, float]:
    """Kind and length in pixels of an aircraft."""
    fitting = [k for k, v in PLANES.items() if v[1] > 5 * gsd_m and v[0] < 40 * gsd_m]
    kind = kind if kind in fitting else str(rng.choice(fitting or ["large airliner"]))
    short, long = PLANES[kind][:2]
    return kind, float(np.clip(rng.uniform(short, long) / gsd_m, 4.5, 42))


def add_plane(canvas: Canvas, x: float, y: float, size: tuple[str, float], turn: float, level_db: float) -> Body:
    """An aircraft seen finely: nose, fuselage, wings, engines, tail; strong and weak scatterers, some lost."""
    rng, (kind, length) = canvas.rng, size
    _, _, least, most, engines, sweep = PLANES[kind]
    span, back = length * rng.uniform(least, most), math.tan(math.radians(sweep))
    along = np.linspace(-0.48, 0.5, max(4, int(length * 0.45)))
    out = np.linspace(-0.5, 0.5, max(5, int(span * 0.5)))
    at = (np.arange(engines) - (engines - 1) / 2) * (0.32 if engines == 2 else 0.2)
    tail = np.array([-0.5, 0.0, 0.5]) * 0.38
    u = [along * length, 0.1 * length - np.abs(out) * span * back, 0.16 * length - np.abs(at) * span * back]
    u.append(-0.44 * length - np.abs(tail) * span * back * 0.6)
    v = [np.zeros(len(along)), out * span, at * span, tail * span]
    relative = [rng.normal(-1, 3.5, len(along)), rng.normal(-4, 3.5, len(out)), rng.normal(4, 2, engines)]
    relative.append(rng.normal(0, 3, 3))
    us, vs, db = np.concatenate(u), np.concatenate(v), level_db + np.concatenate(relative)
    db[[0, len(along) - 1]] += rng.uniform(0, 5, 2)
    shown = rng.random(len(us)) < 0.85
    _put(
        canvas,
        us + rng.normal(0, 0.25, len(us)),
        vs + rng.normal(0, 0.25, len(us)),
        np.where(shown, db, -60),
        x,
        y,
        turn,
    )
    body = us - (us.max() + us.min()) / 2  # the outline lies around the middle of what is seen
    shift = (us.max() + us.min()) / 2
    cx, cy = x + shift * math.cos(turn), y + shift * math.sin(turn)
    ends = [
        (0.5, 0),
        (0.1 - 0.5 * span / length * back, 0.5),
        (0.1 - 0.5 * span / length * back, -0.5),
        (-0.5, 0.19),
        (-0.5, -0.19),
    ]
    tips = [
        (
            x + a * length * math.cos(turn) - b * span * math.sin(turn),
            y + a * length * math.sin(turn) + b * span * math.cos(turn),
        )
        for a, b in ends
    ]
    corners = rectangle_corners(cx, cy, float(np.ptp(body)) + 1, span, turn)
    return Body("plane", bounds(tips, BOX_MARGIN_PX), corners, round(length * canvas.gsd_m, 1), kind)


def add_wake(canvas: Canvas, ship: Body, x: float, y: float, turn: float, level_db: float) -> None:
    """What a moving ship leaves: a line behind it that fades, at times a V of two."""
    rng = canvas.rng
    length = ship.length_m / canvas.gsd_m
    far = np.linspace(0, 1, int(length * 3) + 6)
    reach = length / 2 + far * length * rng.uniform(1, 4)
    for bearing in rng.choice([-0.2, 0.2], int(rng.integers(1, 3)), replace=False) * rng.uniform(0.1, 1):
        x_, y_ = x + math.cos(turn + bearing) * reach, y + math.sin(turn + bearing) * reach
        canvas.add_points(x_, y_, level_db - 7 * far + rng.normal(0, 2, len(far)))


def add_crane_row(canvas: Canvas, x: float, y: float, length: float, turn: float) -> list[Body]:
    """Cranes along a quay."""
    rng, found = canvas.rng, []
    for u in np.arange(-length / 2, length / 2, max(canvas.pixels(rng.uniform(50, 120)), 3)):
        cx, cy = x + u * math.cos(turn), y + u * math.sin(turn)
        reach = canvas.pixels(rng.uniform(25, 60), 1.5)
        _put(canvas, np.linspace(-0.5, 0.5, 4) * reach, np.zeros(4), rng.normal(5, 4, 4), cx, cy, turn + math.pi / 2)
        found.append(_outline(canvas, "crane", "", cx, cy, reach, max(1.5, reach / 4), turn + math.pi / 2))
    return found


def add_tank(canvas: Canvas, x: float, y: float, radius: float, level_db: float) -> Body:
    """A storage tank: the arc that faces the radar, and a point for the roof."""
    rng, facing = canvas.rng, canvas.rng.choice([0.0, math.pi]) + canvas.rng.normal(0, 0.2)
    angle = facing + np.linspace(-1.1, 1.1, max(4, int(3 * radius)))
    canvas.add_points(x + radius * np.cos(angle), y + radius * np.sin(angle), level_db + rng.normal(0, 2, len(angle)))
    canvas.add_points([x - 0.5 * radius * math.cos(facing)], [y], [level_db + 4])
    return _outline(canvas, "tank", "", x, y, 2 * radius, 2 * radius, 0.0)


def add_building(canvas: Canvas, x: float, y: float, length: float, width: float, turn: float, level_db: float) -> Body:
    """A building: bright where wall and ground meet, on one or two sides, and a fainter roof."""
    rng = canvas.rng
    corners = rectangle_corners(x, y, length, width, turn)
    for (ax, ay), (bx, by) in list(pairwise((*corners, corners[0])))[: int(rng.integers(1, 3))]:
        at = np.linspace(0, 1, max(3, int(math.hypot(bx - ax, by - ay) * 1.2)))
        canvas.add_points(ax + at * (bx - ax), ay + at * (by - ay), level_db + rng.normal(0, 2.5, len(at)))
    count = int(2 + length * width * 0.2)
    _put(
        canvas,
        rng.uniform(-0.5, 0.5, count) * length,
        rng.uniform(-0.5, 0.5, count) * width,
        level_db - 9 + rng.normal(0, 3, count),
        x,
        y,
        turn,
    )
    return _outline(canvas, "building", "", x, y, length, width, turn)
