"""A simulated SAR scene with its truth.

scene = simulate(SceneSpec(kind="harbour", seed=7, side_px=672, gsd_m=5.0))
scene.image, scene.cover, scene.targets, scene.grid
write_scene(scene, Path("harbour"))
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt
import pyproj
from affine import Affine

from fusar_core.domain.grid import Grid
from training.simulation import ambiguity
from training.simulation.bodies import Body
from training.simulation.canvas import BUILT, CROSS_DB, LEVELS_DB, WATER, Canvas, Map, Mask
from training.simulation.layouts import Layout
from training.simulation.radar import image, to_uint8
from training.simulation.spec import TARGETS, SceneSpec


@dataclass
class SimulatedScene:
    """A simulated scene and its truth.

    kind: the place it is. image: uint8 (H, W). intensity: float32 (H, W), 1 is 0 dB. Beyond the edge of the product,
    where the spec asks for one, both are 0. cover: uint8 (H, W), see canvas.COVERS. structure: bool (H, W), what stands
    there all year. bodies: targets and confusers. surfaces, points: what the image leaves open (see `ambiguity`).
    """

    spec: SceneSpec
    kind: str
    image: npt.NDArray[np.uint8]
    intensity: Map
    cover: npt.NDArray[np.uint8]
    structure: Mask
    bodies: list[Body]
    surfaces: list[ambiguity.Surface] = field(default_factory=list)
    points: list[Body] = field(default_factory=list)

    @property
    def targets(self) -> list[Body]:
        """Bodies of a class that is asked for: what a detector has to find."""
        return [b for b in self.bodies if b.label in TARGETS]

    @property
    def confusers(self) -> list[Body]:
        """Bodies that only look like targets, such as buildings and platforms: what it has to leave alone."""
        return [b for b in self.bodies if b.label not in TARGETS]

    @cached_property
    def grid(self) -> Grid:
        """North-up UTM about the scene's centre, corners at whole pixels."""
        zone = min(int((self.spec.lon + 180) // 6) + 1, 60)
        crs, to_map = _utm((32600 if self.spec.lat >= 0 else 32700) + zone)
        x, y = to_map.transform(self.spec.lon, self.spec.lat)
        step, half = self.spec.gsd_m, self.spec.side_px * self.spec.gsd_m / 2
        transform = Affine(step, 0, round((x - half) / step) * step, 0, -step, round((y + half) / step) * step)
        return Grid(self.spec.side_px, self.spec.side_px, transform, crs)


@lru_cache(maxsize=128)
def _utm(code: int) -> tuple[pyproj.CRS, pyproj.Transformer]:
    crs = pyproj.CRS.from_epsg(code)
    return crs, pyproj.Transformer.from_crs("OGC:CRS84", crs, always_xy=True)


def simulate(spec: SceneSpec) -> SimulatedScene:
    """The scene of a spec; the same spec gives the same scene."""
    rng = np.random.default_rng((spec.seed, 1))
    secret = np.random.default_rng((spec.seed, 2) if spec.secret is None else (spec.secret, 3))
    canvas = Canvas(spec.side_px, spec.gsd_m, rng, levels(spec, rng))
    layout = Layout(canvas, spec)
    kind, surfaces, points = spec.kind, [], []
    if kind == "dark_surface":
        surfaces = ambiguity.paint_dark(layout)
    elif kind == "bright_points":
        points = ambiguity.paint_points(layout)
    else:
        layout.paint()
    intensity = image(canvas, spec.radar, rng)
    shown = to_uint8(intensity, spec.stretch, spec.grey, layout.dark_db, float(canvas.levels_db[BUILT]))
    if kind == "dark_surface":
        kind = ambiguity.reveal_dark(layout, surfaces, secret)
    elif kind == "bright_points":
        kind = ambiguity.reveal_points(layout, points, secret)
    bodies = [b for b in layout.bodies if _seen(b, spec.side_px)]
    if spec.border:
        outside = _outside(spec, canvas, bodies, rng)
        shown[outside] = 0
        intensity[outside] = 0
        bodies = [b for b in bodies if not _under(b, outside).any()]
    return SimulatedScene(spec, kind, shown, intensity, canvas.cover, canvas.structure, bodies, surfaces, points)


def levels(spec: SceneSpec, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Mean backscatter of each cover in this scene: the band's usual ones, and what season and incidence change."""
    usual = np.array(LEVELS_DB[spec.band], np.float32) + (CROSS_DB if spec.cross else 0.0)
    usual += rng.normal(0, 1.2, len(usual)).astype(np.float32) + rng.normal(0, 1.0)
    usual[WATER] = spec.wind_db
    return usual.astype(np.float32)


def _outside(spec: SceneSpec, canvas: Canvas, bodies: list[Body], rng: np.random.Generator) -> Mask:
    """What lies beyond the edge of the product: a strip of up to a third, a little turned; none that cuts a target."""
    turn = float(rng.integers(4)) * math.pi / 2 + rng.normal(0, 0.08)
    along, _ = canvas.frame(spec.side_px / 2, spec.side_px / 2, turn)
    outside = along > rng.uniform(1 / 6, 1 / 2) * spec.side_px
    boxes = [_under(b, outside) for b in bodies if b.label in TARGETS]
    cut = any(box.any() and not box.all() for box in boxes)
    return np.zeros_like(outside) if cut else outside


def _under(body: Body, outside: Mask) -> Mask:
    """The part of a mask under a body's box."""
    x1, y1, x2, y2 = (max(0, round(v)) for v in body.bbox)
    return outside[y1 : y2 + 1, x1 : x2 + 1]


def _seen(body: Body, side: int) -> bool:
    x1, y1, x2, y2 = body.bbox
    return x2 > 0 and y2 > 0 and x1 < side and y1 < side
