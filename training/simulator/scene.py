"""A simulated scene: its kind of place, its targets, and what an image alone cannot tell.

    scene = simulate(SceneSpec(kind="harbour", seed=7, side_px=336, gsd_m=10.0))
    scene.image, scene.cover, scene.bodies, scene.grid

Kinds beside the eight places: `dark` is a smooth dark surface with compact bright bodies, water with ships, an apron
with aircraft, or bare ground with sheds; `platforms` is a sea with bright points, ships or fixed platforms. What they
are is drawn after everything that can be seen, so the image says nothing about it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj
from affine import Affine
from scipy import ndimage

from fusar_core.grid import Grid
from training.simulator.bodies import Body, Taken, add_long, add_plane, add_wake, ship_size
from training.simulator.embeddings import EmbeddingField, widened
from training.simulator.ground import BARE, BUILT, GRASS, WATER, Ground, Map, Mask, cover_land, smooth
from training.simulator.imaging import intensity, to_uint8

KINDS = {
    "open_sea": 0.10, "coast": 0.09, "harbour": 0.13, "river": 0.02, "airfield": 0.16, "town": 0.02, "farmland": 0.02,
    "forest": 0.01, "dark": 0.32, "platforms": 0.13,
}  # fmt: skip
"""Kinds of scenes, and how often the benchmark has them."""
DARK = {"water": 0.5, "apron": 0.25, "bare": 0.25}
"""What a dark surface is, given its image."""
SHIP_SHARE = 0.6
"""Of bright points at sea; the others are platforms."""
BUSY = {0: 0.06, 1: 0.22, 2: 0.23, 3: 0.19, 4: 0.13, 5: 0.08, 6: 0.05, 8: 0.04}
"""Targets in 168 × 168 pixels, on average over a scene."""
PLATFORM_REACH_M = 90.0


@dataclass(frozen=True)
class SceneSpec:
    """What is to be simulated. Everything else follows from the seed.

    wind_db: mean backscatter of the sea. looks: of the speckle. stretch: see imaging.STRETCHES. lon, lat: centre.
    """

    kind: str
    seed: int
    side_px: int = 336
    gsd_m: float = 10.0
    wind_db: float = -18.0
    looks: float = 4.0
    resolution_px: float = 0.75
    stretch: str = "percentiles"
    lon: float = 0.0
    lat: float = 45.0
    year: int = 2024


@dataclass
class Scene:
    """A simulated scene and its truth. image: (H, W) uint8. cover: (H, W) uint8, see ground.COVERS. structure: (H, W)
    bool. bodies: targets (`ship`, `plane`) and confusers. alternatives: `dark` or `points`, when the image leaves open
    what the bodies are, else empty."""

    spec: SceneSpec
    kind: str
    image: npt.NDArray[np.uint8]
    cover: npt.NDArray[np.uint8]
    structure: Mask
    bodies: list[Body]
    alternatives: str = ""

    @cached_property
    def grid(self) -> Grid:
        """North-up UTM about the scene's centre."""
        zone = int((self.spec.lon + 180) // 6) + 1
        crs = pyproj.CRS.from_epsg((32600 if self.spec.lat >= 0 else 32700) + zone)
        x, y = pyproj.Transformer.from_crs("OGC:CRS84", crs, always_xy=True).transform(self.spec.lon, self.spec.lat)
        step, half = self.spec.gsd_m, self.spec.side_px * self.spec.gsd_m / 2
        transform = Affine(step, 0, round(x) - half, 0, -step, round(y) + half)
        return Grid(self.spec.side_px, self.spec.side_px, transform, crs)

    def prior(self, prior_information: float) -> EmbeddingField:
        """The scene's embeddings; the same variation whatever they tell about the cover."""
        rng = np.random.default_rng((self.spec.seed, 64))
        return EmbeddingField(self.grid, self.cover, self.structure, rng, prior_information)


def simulate(spec: SceneSpec) -> Scene:
    """The scene of a spec; the same spec gives the same scene. Raises KeyError for an unknown kind."""
    rng = np.random.default_rng((spec.seed, 1))
    ground = Ground(spec.side_px, spec.gsd_m, rng, spec.wind_db)
    secret = np.random.default_rng((spec.seed, 2))  # draws what the image must not tell
    build = _Builder(ground, secret)
    kind = build.kinds[spec.kind]() or spec.kind
    image = to_uint8(intensity(ground, spec.looks, spec.resolution_px), spec.stretch, rng)
    build.reveal()
    return Scene(spec, kind, image, ground.cover, ground.structure, build.bodies, build.alternatives)


class _Builder:
    """Lays out one scene."""

    def __init__(self, ground: Ground, secret: np.random.Generator) -> None:
        self.ground, self.rng, self.secret = ground, ground.rng, secret
        self.bodies: list[Body] = []
        self.taken = Taken([])
        self.alternatives = ""
        self.level_db = ground.wind_db + self.rng.uniform(14, 26)
        self.everywhere = np.ones((ground.side, ground.side), bool)
        self.reveal = lambda: None
        self.kinds = {
            "open_sea": self.open_sea, "coast": self.coast, "harbour": self.harbour, "river": self.river,
            "airfield": self.airfield, "town": self.town, "farmland": self.farmland, "forest": self.forest,
            "dark": self.dark, "platforms": self.platforms,
        }  # fmt: skip

    def many(self, share: float = 1.0) -> int:
        """How many targets a scene gets, `share` of it being where they can be."""
        mean = self.rng.choice(list(BUSY), p=np.array(list(BUSY.values())) / sum(BUSY.values()))
        return int(self.rng.poisson(mean * share * (self.ground.side / 168) ** 2))

    def open_sea(self) -> None:
        self.ground.level_db = self.ground.sea()
        self._ships(_room(self.everywhere), self.many())

    def coast(self) -> None:
        self._shore(0.13, "")

    def harbour(self) -> None:
        self._shore(0.05, "town" if self.rng.random() < 0.7 else "", port=True)

    def river(self) -> None:
        side, rng = self.ground.side, self.rng
        middle = side / 2 + smooth(rng, side, side / 2)[0] * side * 0.15 + rng.uniform(-0.2, 0.2) * side
        water = np.abs(self.ground.y - middle[None, :]) < rng.uniform(0.06, 0.22) * side
        self._water(water.T if rng.random() < 0.5 else water, "")

    def _shore(self, rough: float, land: str, port: bool = False) -> None:
        side, rng, ground = self.ground.side, self.rng, self.ground
        turn = rng.uniform(0, 2 * math.pi)
        out = (ground.x - side / 2) * math.cos(turn) + (ground.y - side / 2) * math.sin(turn)
        out += rough * side * smooth(rng, side, side / rng.uniform(2, 5)) + 0.02 * side * smooth(rng, side, side / 14)
        water = out > rng.uniform(-0.25, 0.25) * side
        self._water(water, land, turn if port else None)

    def _water(self, water: Mask, land: str, port: float | None = None) -> None:
        """Water with ships, land around it; port: the direction out to sea of quays and piers."""
        ground = self.ground
        cover_land(ground, ~water, land)
        if port is not None:
            self._port(water, port)
        ground.cover[water] = WATER
        ground.level_db = ground.sea(calm=port is not None or self.rng.random() < 0.4)
        self._ships(_room(water), self.many(float(water.mean())))

    def _port(self, water: Mask, turn: float) -> None:
        """Paved ground along the water, piers with cranes, and ships moored at them; takes the piers off `water`."""
        ground, rng = self.ground, self.rng
        paved = ndimage.binary_dilation(water, iterations=round(ground.pixels(150, 3))) & ~water
        ground.cover[paved] = BUILT
        ground.texture_db[paved] -= 3
        rows, columns = np.nonzero(paved)
        for _ in range(int(rng.integers(2, 6)) if len(rows) else 0):
            i = int(rng.integers(len(rows)))
            length, width = ground.pixels(rng.uniform(200, 700)), ground.pixels(rng.uniform(25, 110), 2.5)
            along = turn + rng.normal(0, 0.12) + (math.pi / 2 if rng.random() < 0.2 else 0)
            x, y = columns[i] + math.cos(turn) * length * 0.3, rows[i] + math.sin(turn) * length * 0.3
            pier = ground.rectangle(x, y, length, width, along)
            water &= ~pier
            ground.cover[pier] = BUILT
            ground.structure |= pier
            ground.texture_db[pier] -= 2
            at = np.argwhere(pier)
            if len(at):
                cranes = at[rng.integers(0, len(at), int(rng.integers(0, 10)))]
                ground.add_points(cranes[:, 1] + 0.5, cranes[:, 0] + 0.5, rng.normal(6, 4, len(cranes)))
            for _ in range(int(rng.poisson(1.3))):
                self._moor(water, x, y, length, width, along)

    def _moor(self, water: Mask, x: float, y: float, length: float, width: float, along: float) -> None:
        rng = self.rng
        ship, beam = ship_size(rng, self.ground.gsd_m)
        off, there = (width + beam) / 2 * rng.choice([-1, 1]), rng.uniform(-0.3, 0.45) * length
        x += math.cos(along) * there - math.sin(along) * off
        y += math.sin(along) * there + math.cos(along) * off
        side = self.ground.side
        if 2 < x < side - 2 and 2 < y < side - 2 and water[int(y), int(x)] and self.taken.free(x, y, ship / 2):
            self.taken.places.append((x, y, ship / 2))
            level = self.level_db + rng.normal(0, 3)
            self.bodies.append(add_long(self.ground, "ship", x, y, ship, beam, along, level))

    def _ships(self, room: Map, count: int) -> None:
        rng, ground = self.rng, self.ground
        for _ in range(count):
            length, width = ship_size(rng, ground.gsd_m)
            spot = self.taken.spot(rng, room, length * 0.55 + 1)
            if spot is None:
                continue
            turn = rng.uniform(0, math.pi)
            ship = add_long(ground, "ship", *spot, length, width, turn, self.level_db + rng.normal(0, 3))
            self.bodies.append(ship)
            if rng.random() < 0.15:
                add_wake(ground, ship, *spot, length, turn)
            if rng.random() < 0.12:
                ground.add_points([spot[0]], [spot[1]], [self.level_db + 14])

    def airfield(self) -> None:
        ground, rng, side = self.ground, self.rng, self.ground.side
        cover_land(ground, self.everywhere, str(rng.choice(["farmland", "mixed"])))
        ground.cover[smooth(rng, side, side / 3) > -0.3] = GRASS
        turn, x, y = rng.uniform(0, math.pi), side * rng.uniform(0.3, 0.7), side * rng.uniform(0.3, 0.7)
        across = np.array([-math.sin(turn), math.cos(turn)])
        off = ground.pixels(rng.uniform(120, 260))
        long, deep = ground.pixels(rng.uniform(300, 900)), ground.pixels(rng.uniform(120, 300))
        taxi, apron_at, hall_at = (np.array([x, y]) + across * far for far in (off, off + deep / 2, off + 1.1 * deep))
        runway = ground.rectangle(x, y, ground.pixels(3000), ground.pixels(rng.uniform(30, 60), 2.5), turn)
        taxiway = ground.rectangle(*taxi, ground.pixels(2500), ground.pixels(25, 2), turn)
        apron = ground.rectangle(*apron_at, long, deep, turn)
        hall = ground.rectangle(*hall_at, long * 0.8, ground.pixels(60, 3), turn)
        paved = (runway | taxiway | apron) & ~hall
        ground.cover[paved | hall] = BUILT
        ground.texture_db[paved] = rng.uniform(-13, -9)
        ground.texture_db[hall] = 4
        room = np.asarray(ndimage.distance_transform_edt(apron & ~hall), np.float32)
        usual, level = rng.uniform(12, 60), rng.uniform(-2, 6)
        for _ in range(2 + self.many(1.3)):
            length = ground.pixels(usual * rng.uniform(0.8, 1.25), 4)
            spot = self.taken.spot(rng, room, length * 0.52 + 0.5)
            if spot is not None:
                turned = rng.uniform(0, 2 * math.pi)
                self.bodies.append(add_plane(ground, *spot, length, turned, level + rng.normal(0, 2)))

    def town(self) -> None:
        self._inland("town")

    def farmland(self) -> None:
        self._inland("farmland")

    def forest(self) -> None:
        self._inland("forest")

    def _inland(self, land: str) -> None:
        """Land with a pond at times, and buildings that could be targets elsewhere."""
        ground, rng, side = self.ground, self.rng, self.ground.side
        cover_land(ground, self.everywhere, land)
        if rng.random() < 0.3:
            ground.cover[smooth(rng, side, side / 3) > 1.6] = WATER
            ground.level_db = ground.sea(calm=True)
        for _ in range(int(rng.poisson(2 * (side / 168) ** 2))):
            length, (x, y) = min(ship_size(rng, ground.gsd_m)[0], 16), rng.uniform(5, side - 5, 2)
            turn, level = rng.uniform(0, 3), rng.uniform(-4, 6)
            self.bodies.append(add_long(ground, "building", x, y, length, max(2, length / 2), turn, level))

    def dark(self) -> str:
        """A dark surface with compact bodies; what it is, is revealed after the image is made."""
        ground, rng, side = self.ground, self.rng, self.ground.side
        surface = self.everywhere
        ground.level_db = ground.sea(calm=True)
        if rng.random() < 0.4:
            surface = smooth(rng, side, side / 2) > -0.7
            cover_land(ground, ~surface)
        ground.cover[surface] = WATER  # what an image shows does not depend on the name
        room = _room(surface)
        found = []
        for _ in range(2 + self.many()):
            length = rng.uniform(4, 14)
            width, spot = length * rng.uniform(0.3, 1), self.taken.spot(rng, room, length * 0.55 + 1)
            if spot is not None:
                level = self.level_db - 4 + rng.normal(0, 3)
                found.append(add_long(ground, "", *spot, length, width, rng.uniform(0, math.pi), level))
        self.alternatives = "dark"
        what = str(self.secret.choice(list(DARK), p=list(DARK.values())))
        label, cover = {"water": ("ship", WATER), "apron": ("plane", BUILT), "bare": ("building", BARE)}[what]

        def reveal() -> None:
            ground.cover[surface] = cover
            self.bodies += [Body(label, body.box, body.length_m) for body in found]

        self.reveal = reveal
        return {"water": "open_sea" if surface.all() else "coast", "apron": "airfield", "bare": "farmland"}[what]

    def platforms(self) -> str:
        """A sea with bright points, each a ship or a platform; platforms stand there all year."""
        ground, rng = self.ground, self.rng
        ground.level_db = ground.sea()
        room = _room(self.everywhere)
        found = []
        for _ in range(1 + self.many(0.8)):
            length = rng.uniform(3.5, 11)
            width, spot = length * rng.uniform(0.45, 1), self.taken.spot(rng, room, length * 0.55 + 5)
            if spot is not None:
                level, turn = self.level_db + rng.normal(0, 3), rng.uniform(0, math.pi)
                found.append((spot, add_long(ground, "", *spot, length, width, turn, level)))
        self.alternatives = "points"

        def reveal() -> None:
            fixed = np.zeros((ground.side, ground.side), bool)
            for (x, y), body in found:
                is_ship = self.secret.random() < SHIP_SHARE
                self.bodies.append(Body("ship" if is_ship else "platform", body.box, body.length_m))
                if not is_ship:
                    fixed[int(y), int(x)] = True
            ground.structure |= widened(fixed, ground.pixels(PLATFORM_REACH_M, 12))

        self.reveal = reveal
        return "open_sea"


def _room(where: Mask) -> Map:
    """Pixels to the nearest place that is not `where`; the scene's own edges do not count."""
    far = ndimage.distance_transform_edt(np.pad(where, 20, mode="edge"))
    return np.asarray(far[20:-20, 20:-20], np.float32)


def facts_of(scene: Scene, rows: slice, columns: slice) -> dict[str, Any]:
    """Kind and land cover of a window: `kind`, `cover_share`, and the dominant cover of each of its nine cells."""
    from training.simulator.ground import COVERS

    cover = scene.cover[rows, columns]
    shares = np.bincount(cover.ravel(), minlength=len(COVERS)) / cover.size
    cells = [c for band in np.array_split(cover, 3, axis=0) for c in np.array_split(band, 3, axis=1)]
    return {
        "kind": scene.kind,
        "cover_share": {COVERS[i]: round(float(s), 3) for i, s in enumerate(shares) if s >= 0.001},
        "cover_by_cell": [COVERS[int(np.bincount(c.ravel(), minlength=len(COVERS)).argmax())] for c in cells],
    }
