"""The eight kinds of places, painted with their targets; how many of them lie in a chip."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy import ndimage

from training.simulation import terrain
from training.simulation.bodies import (
    Body,
    Taken,
    add_building,
    add_crane_row,
    add_plane,
    add_ship,
    add_tank,
    add_wake,
    plane_size,
    ship_size,
)
from training.simulation.canvas import BARE, BUILT, CROSS_DB, GRASS, WATER, Canvas, Map, Mask
from training.simulation.spec import SceneSpec

SHIPS_IN_CELL = (0.04, 0.25, 0.2, 0.15, 0.12, 0.09, 0.07, 0.05, 0.03)
"""Probability of 0, 1, 2 … ships in a cell of open water."""
PLANES_IN_CELL = (0.12, 0.24, 0.22, 0.17, 0.12, 0.08, 0.05)
CUT = 0.05
"""Share of targets that may lie across the border of two chips."""
TARGET_OVER_SEA_DB = (12.0, 27.0)
LEAST_OVER_SEA_DB, LEAST_PER_LOOK_DB = 9.0, 6.0
"""Nobody can be asked to count what cannot be seen: 9 dB, and 6 dB more where speckle has a single look."""

Within = tuple[float, float, float, float]


class Layout:
    """Paints one scene of a kind: `Layout(canvas, spec).paint()`; `bodies` are what came to lie there.

    wind_db: mean backscatter of the sea in this polarisation. dark_db: with the sensor's noise.
    """

    def __init__(self, canvas: Canvas, spec: SceneSpec) -> None:
        self.canvas, self.rng, self.spec = canvas, canvas.rng, spec
        self.wind_db = spec.wind_db + (CROSS_DB - 2 if spec.cross else 0.0)
        self.dark_db = float(10 * np.log10(10 ** (self.wind_db / 10) + 10 ** (spec.noise_db / 10)))
        self.town = "city" if spec.coarse else "town"
        self.bodies: list[Body] = []
        self.taken = Taken()
        self.everywhere = np.ones((canvas.side, canvas.side), bool)
        self.least_db = LEAST_OVER_SEA_DB + LEAST_PER_LOOK_DB / spec.enl
        self.over_sea_db = float(self.rng.uniform(*TARGET_OVER_SEA_DB)) + LEAST_PER_LOOK_DB / 2 / spec.enl
        self.smear = float(self.rng.exponential(spec.smear_px)) if self.rng.random() < 0.45 else 0.0
        self.lane = float(self.rng.choice([self.rng.uniform(0, math.pi), self.rng.normal(math.pi / 2, 0.2)]))

    def paint(self) -> None:
        """Paints the kind of the spec, one of the eight places."""
        {
            "open_sea": self._open_sea, "coast": self._coast, "river": self._river,
            "harbour": self._port if self.spec.coarse else self._harbour,
            "airfield": self._airfield, "town": self._inland, "farmland": self._inland, "forest": self._inland,
        }[self.spec.kind](self.spec.kind)  # fmt: skip

    def squares(self) -> Iterator[Within]:
        """The squares that targets are dealt to, as x1, y1, x2, y2."""
        side, cell = self.canvas.side, self.spec.cell_px
        steps = range(0, side, cell)
        return ((x, y, min(x + cell, side), min(y + cell, side)) for y in steps for x in steps)

    def inside(self, within: Within, margin: float) -> Within:
        """The part of a square where a body of that half length lies whole; seldom the entire square."""
        if self.rng.random() < CUT:
            return within
        x1, y1, x2, y2 = within
        m = min(margin + 2, (x2 - x1) / 2 - 1, (y2 - y1) / 2 - 1)
        return (x1 + m, y1 + m, x2 - m, y2 - m)

    def dealt(self, weights: tuple[float, ...]) -> int:
        """A number drawn from 0, 1, 2 …; weights: of each, need not add up to 1."""
        return int(self.rng.choice(len(weights), p=np.array(weights) / sum(weights)))

    def _open_sea(self, kind: str) -> None:
        terrain.sea(self.canvas, self.everywhere, self.wind_db)
        self.ships(terrain.room(self.everywhere))

    def _coast(self, kind: str) -> None:
        water, _ = terrain.coast(self.canvas, self.rng.uniform(0.04, 0.2))
        self.shore(water, self._some_land())
        self.ships(terrain.room(water))

    def _river(self, kind: str) -> None:
        water = terrain.river(self.canvas)
        self.shore(water, self._some_land())
        self.ships(terrain.room(water), most_px=26)

    def _some_land(self) -> str:
        kind = str(self.rng.choice(terrain.LANDS))
        return self.town if kind == "town" else kind

    def shore(self, water: Mask, what: str) -> None:
        """Land, a bright or dark edge, and water: the sea, or calmer than it."""
        canvas, rng = self.canvas, self.rng
        terrain.land(canvas, ~water, what)
        if rng.random() < 0.5:
            edge = ndimage.binary_dilation(water, iterations=int(rng.integers(1, 4))) & ~water
            canvas.paint(edge, BARE, rng.uniform(0, 9), 0.4)
        terrain.sea(canvas, water, self.wind_db - (rng.uniform(0, 6) if rng.random() < 0.5 else 0))

    def _harbour(self, kind: str) -> None:
        canvas, rng = self.canvas, self.rng
        water, turn = terrain.coast(canvas, rng.uniform(0.0, 0.07))
        self.shore(water, str(rng.choice(["town", "town", "mixed", "farmland"])))
        paved = ndimage.binary_dilation(water, iterations=round(canvas.pixels(rng.uniform(80, 300), 4))) & ~water
        canvas.paint(paved, BUILT, rng.uniform(-6, 2), 0.6)
        self._quay(paved & ndimage.binary_dilation(water, iterations=2))
        piers = [pier for _ in range(int(rng.integers(2, 7))) if (pier := self._pier(water, paved, turn))]
        if rng.random() < 0.4:
            self._breakwater(water, turn)
        for pier in piers:
            for _ in range(int(rng.poisson(1.2))):
                self._moor(water, *pier)
        self._yard(paved)
        self.ships(terrain.room(water), share=0.8)

    def _port(self, kind: str) -> None:
        """A port before a city, as coarse pixels show it: filled land with yards, basins and channels cut into it."""
        canvas, rng, side = self.canvas, self.rng, self.canvas.side
        water, turn = terrain.coast(canvas, rng.uniform(0.0, 0.07))
        self.shore(water, "city")
        for _ in range(int(rng.integers(2, 7))):
            self._fill(water, turn)
        for _ in range(int(rng.integers(0, 4))):
            x, y = rng.uniform(0, side, 2)
            long, wide = canvas.pixels(rng.uniform(600, 3000), 12), canvas.pixels(rng.uniform(80, 400), 5)
            water |= canvas.rectangle(x, y, long, wide, turn + rng.choice([0, math.pi / 2]) + rng.normal(0, 0.1))
        terrain.calm(canvas, water, WATER, self.wind_db - rng.uniform(0, 3))
        canvas.clear(water)
        for _ in range(int(rng.poisson(1.0))):
            self._breakwater(water, turn)
        self.ships(terrain.room(water), share=0.7)

    def _fill(self, water: Mask, turn: float) -> None:
        """A block of filled land in the water, or a yard on the shore. Taken off `water`."""
        canvas, rng, side = self.canvas, self.rng, self.canvas.side
        shoreline = ndimage.binary_dilation(water, iterations=round(canvas.pixels(rng.uniform(0, 900), 3))) & ~water
        rows, columns = np.nonzero(shoreline)
        if not len(rows):
            return
        i, across = int(rng.integers(len(rows))), turn + rng.choice([0, 0, math.pi / 2, 0.6]) + rng.normal(0, 0.1)
        long, wide = canvas.pixels(rng.uniform(400, 2200), 14), canvas.pixels(rng.uniform(150, 1000), 8)
        block = canvas.rectangle(columns[i], rows[i], min(long, side / 2), min(wide, side / 3), across)
        water &= ~block
        terrain.works(canvas, block, across, rng.uniform(2, 10))
        canvas.structure |= block

    def _quay(self, edge: Mask) -> None:
        """The wall at the water's edge, and what stands on it: bright in places, ragged."""
        canvas, rng = self.canvas, self.rng
        rows, columns = np.nonzero(edge & (canvas.smooth(20) > rng.uniform(-1.5, 1)))
        if not len(rows):
            return
        lit = rng.integers(0, len(rows), int(len(rows) * rng.uniform(0, 0.25)))
        level = rng.uniform(-3, 5) + rng.exponential(4, len(lit))
        canvas.add_points(columns[lit] + rng.random(len(lit)), rows[lit] + rng.random(len(lit)), np.minimum(level, 22))

    def _pier(self, water: Mask, paved: Mask, turn: float) -> tuple[float, float, float, float, float] | None:
        """A pier out from the quay: (x, y, length, width, turn). Taken off `water`."""
        canvas, rng = self.canvas, self.rng
        rows, columns = np.nonzero(paved)
        if not len(rows):
            return None
        i = int(rng.integers(len(rows)))
        length, width = canvas.pixels(rng.uniform(150, 700), 12), canvas.pixels(rng.uniform(15, 120), 2)
        along = turn + rng.normal(0, 0.1) + (math.pi / 2 if rng.random() < 0.15 else 0)
        x, y = columns[i] + math.cos(turn) * length * 0.35, rows[i] + math.sin(turn) * length * 0.35
        pier = canvas.rectangle(x, y, length, width, along) & water
        water &= ~pier
        canvas.paint(pier, BUILT, rng.uniform(-5, 6), 0.7)
        canvas.structure |= pier
        if rng.random() < 0.5:
            self.bodies += add_crane_row(canvas, x, y, length * 0.8, along)
        rows, columns = np.nonzero(pier)
        if len(rows):
            lit = rng.integers(0, len(rows), int(len(rows) * rng.uniform(0, 0.08)))
            canvas.add_points(columns[lit] + 0.5, rows[lit] + 0.5, rng.normal(4, 5, len(lit)))
        return x, y, length, width, along

    def _moor(self, water: Mask, x: float, y: float, length: float, width: float, along: float) -> None:
        """A ship alongside a pier, touching it or nearly so."""
        rng, side = self.rng, self.canvas.side
        kind, ship, beam = ship_size(rng, self.canvas.gsd_m, 6.0, max(8.0, 0.9 * length))
        off, there = ((width + beam) / 2 + rng.uniform(0, 1)) * rng.choice([-1, 1]), rng.uniform(-0.3, 0.45) * length
        x += math.cos(along) * there - math.sin(along) * off
        y += math.sin(along) * there + math.cos(along) * off
        afloat = 3 < x < side - 3 and 3 < y < side - 3 and water[int(y), int(x)]
        if afloat and self.taken.take(x, y, ship / 2):
            self.bodies.append(add_ship(self.canvas, x, y, (kind, ship, beam), along, self.ship_db()))

    def _breakwater(self, water: Mask, turn: float) -> None:
        canvas, rng = self.canvas, self.rng
        x, y = rng.uniform(0.2, 0.8, 2) * canvas.side
        along, across = canvas.frame(x, y, turn + math.pi / 2 + rng.normal(0, 0.2))
        bend = rng.uniform(-0.004, 0.004) * along**2
        wall = (
            (np.abs(across + bend) < canvas.pixels(rng.uniform(8, 20), 0.9))
            & (np.abs(along) < canvas.pixels(500))
            & water
        )
        water &= ~wall
        canvas.paint(wall, BUILT, rng.uniform(2, 10), 0.8)
        canvas.structure |= wall

    def _yard(self, paved: Mask) -> None:
        """Tanks or halls on the paved ground of a port."""
        canvas, rng = self.canvas, self.rng
        rows, columns = np.nonzero(paved)
        for _ in range(int(rng.integers(0, 14)) if len(rows) else 0):
            i, level = int(rng.integers(len(rows))), rng.uniform(-2, 10)
            x, y = float(columns[i]), float(rows[i])
            if rng.random() < 0.5:
                self.bodies.append(add_tank(canvas, x, y, min(canvas.pixels(rng.uniform(8, 40), 1.5), 12), level - 3))
            else:
                long, wide = canvas.pixels(rng.uniform(60, 250), 4), canvas.pixels(rng.uniform(25, 80), 2)
                self.bodies.append(add_building(canvas, x, y, long, wide, rng.uniform(0, math.pi), level))

    def ship_db(self) -> float:
        """Peak of one ship in dB, drawn around the scene's level over the dark sea, never below what can be seen."""
        return self.dark_db + max(self.over_sea_db + float(self.rng.normal(0, 3)), self.least_db)

    def ships(self, room: Map, share: float = 1.0, most_px: float = math.inf) -> None:
        """Ships under way or at anchor, each with room around it."""
        canvas, rng = self.canvas, self.rng
        crowd = rng.random() < 0.25  # a fleet of small ones
        most_px = min(most_px, self.spec.longest_ship_px)
        for square in self.squares():
            for _ in range(int(rng.binomial(self.dealt(SHIPS_IN_CELL), share))):
                size = ship_size(rng, canvas.gsd_m, 3.5, 14.0 if crowd else most_px)
                spot = self.taken.spot(rng, room, size[1] * 0.52 + 1, self.inside(square, size[1] / 2))
                if spot is None:
                    continue
                turn = float(rng.uniform(0, math.pi) if rng.random() < 0.4 else self.lane + rng.normal(0, 0.2))
                hull = len(canvas.points)
                ship = add_ship(canvas, *spot, size, turn, self.ship_db(), self.smear)
                self.bodies.append(ship)
                if rng.random() < 0.12:
                    add_wake(canvas, ship, *spot, turn, self.wind_db + rng.uniform(3, 9))
                if rng.random() < 0.12:  # a corner reflector: shows the sensor's side lobes
                    canvas.add_points([spot[0]], [spot[1]], [self.ship_db() + rng.uniform(6, 14)])
                if rng.random() < 0.05:  # the azimuth ambiguity of a strong ship
                    x, y, db = canvas.points[hull].T
                    canvas.add_points(x, y + rng.choice([-1, 1]) * rng.uniform(60, 200), db - 19)

    def _airfield(self, kind: str) -> None:
        canvas, rng, side = self.canvas, self.rng, self.canvas.side
        terrain.land(canvas, self.everywhere, str(rng.choice(["farmland", "mixed", "mixed", "town"])))
        meadow = canvas.smooth(side / 2) > rng.uniform(-1.5, 0)
        canvas.paint(meadow, GRASS, canvas.smooth(30) * 0.5, 0.15)
        canvas.clear(meadow)
        turn, tarmac = float(rng.uniform(0, math.pi)), float(rng.uniform(-9, -4))
        x, y = rng.uniform(0.1, 0.9, 2) * side
        self._pave(canvas.rectangle(x, y, 3 * side, canvas.pixels(rng.uniform(30, 60), 3), turn), tarmac - 3)
        for _ in range(int(rng.integers(1, 4))):
            (x, y), bearing = rng.uniform(0, 1, 2) * side, turn + float(rng.choice([0, 0, math.pi / 2, 0.6]))
            taxiway = canvas.rectangle(x, y, 2 * side, canvas.pixels(rng.uniform(15, 25), 1.6), bearing)
            self._pave(taxiway, tarmac - 2)
        usual, level = str(rng.choice(["", "fighter", "business jet", "airliner", "transport"])), rng.uniform(-3, 9)
        for square in self.squares():
            self._apron(square, turn, tarmac, usual, level)

    def _apron(self, square: Within, turn: float, tarmac: float, usual: str, level: float) -> None:
        """An apron in a square with aircraft side by side or scattered, and a terminal or hangars beside it."""
        canvas, rng = self.canvas, self.rng
        x1, y1, x2, y2 = square
        x, y = (
            rng.uniform(x1 + 0.3 * (x2 - x1), x2 - 0.3 * (x2 - x1)),
            rng.uniform(y1 + 0.3 * (y2 - y1), y2 - 0.3 * (y2 - y1)),
        )
        long, deep = rng.uniform(60, 150), rng.uniform(40, 110)
        apron = canvas.rectangle(x, y, long, deep, turn)
        self._pave(apron, tarmac + rng.normal(0, 1))
        hall_deep = canvas.pixels(rng.uniform(25, 70), 3)
        away = deep / 2 + hall_deep / 2 + 1
        for _ in range(int(rng.integers(0, 4))):
            u = rng.uniform(-0.5, 0.5) * long
            hx, hy = x + u * math.cos(turn) - away * math.sin(turn), y + u * math.sin(turn) + away * math.cos(turn)
            self.bodies.append(
                add_building(
                    canvas, hx, hy, canvas.pixels(rng.uniform(40, 160), 4), hall_deep, turn, level + rng.normal(2, 3)
                )
            )
        room = terrain.room(apron)
        heading = turn + float(rng.choice([0, 0.5, 1, 1.5])) * math.pi
        ordered = rng.random() < 0.6
        for _ in range(self.dealt(PLANES_IN_CELL)):
            size = plane_size(rng, canvas.gsd_m, usual if rng.random() < 0.75 else "")
            spot = self.taken.spot(rng, room, size[1] * 0.5, self.inside(square, size[1] * 0.6))
            if spot is not None:
                bearing = heading + rng.normal(0, 0.1) if ordered else rng.uniform(0, 2 * math.pi)
                self.bodies.append(add_plane(canvas, *spot, size, bearing, level + rng.normal(0, 2)))

    def _pave(self, where: Mask, db: float) -> None:
        self.canvas.paint(where, BUILT, db, 0.1)
        self.canvas.clear(where)

    def _inland(self, kind: str) -> None:
        """Land with a pond or a river at times, and buildings that elsewhere could be targets."""
        canvas, rng, side = self.canvas, self.rng, self.canvas.side
        terrain.land(canvas, self.everywhere, self.town if kind == "town" else kind)
        if self.spec.coarse:
            terrain.plots(canvas, self.everywhere, float(rng.uniform(0, math.pi)))
            return
        if rng.random() < 0.5:
            pond = canvas.smooth(side / 3) > rng.uniform(1.0, 2.0)
            terrain.calm(canvas, pond, WATER, self.wind_db - rng.uniform(0, 5))
        for _ in range(int(rng.poisson(2 * (side / self.spec.cell_px) ** 2))):
            long, wide = canvas.pixels(rng.uniform(20, 120), 3), canvas.pixels(rng.uniform(10, 40), 2)
            x, y = rng.uniform(5, side - 5, 2)
            self.bodies.append(
                add_building(canvas, x, y, min(long, 24), min(wide, 12), rng.uniform(0, math.pi), rng.uniform(-2, 10))
            )
