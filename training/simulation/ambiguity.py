"""Scenes whose image does not tell what is there: all that can be seen is drawn first, what it is afterwards.

`dark_surface`: smooth dark surfaces with compact bright bodies. Each surface is water with ships, an apron with
aircraft, or bare ground with sheds. `bright_points`: bright points at sea, each a ship or a platform.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from training.simulation import terrain
from training.simulation.bodies import Body, add_compact
from training.simulation.canvas import BARE, BUILT, CROPS, WATER, Mask
from training.simulation.layouts import Layout

SURFACES = {"water": 0.52, "apron": 0.27, "bare": 0.21}
"""What a dark surface is, given the image."""
P_SHIP = 0.65
"""That a bright point at sea is a ship, given the image."""
REACH_M = (60.0, 100.0)
"""A platform shows in a prior of 10 m pixels up to this far from its middle."""
NODE_PX = 10.0
"""A chip of 168 pixels has a node of its prior about so often: one at least shall see a platform."""
IN_CELL = (0.04, 0.17, 0.19, 0.17, 0.14, 0.11, 0.09, 0.06, 0.03)
LABELS = {"water": "ship", "apron": "plane", "bare": "building"}


@dataclass
class Surface:
    """A dark surface, the bodies on it, and what it turned out to be."""

    mask: Mask
    bodies: list[Body]
    what: str = ""


def paint_dark(layout: Layout) -> list[Surface]:
    """One to three dark surfaces, land between them; not yet said what they are."""
    canvas, rng = layout.canvas, layout.rng
    masks = _parted(layout)
    between = ~np.logical_or.reduce(masks)
    if between.any():
        terrain.land(canvas, between, str(rng.choice(["farmland", "forest", "mixed", "town"])))
    surfaces = []
    for mask in masks:
        terrain.calm(canvas, mask, WATER, layout.wind_db - float(rng.uniform(1, 7)))
        room, bodies = terrain.room(mask), []
        for square in layout.squares():
            x1, y1, x2, y2 = (int(v) for v in square)
            share = float(mask[y1:y2, x1:x2].mean()) ** 0.6
            for _ in range(int(rng.binomial(layout.dealt(IN_CELL), share))):
                length = canvas.pixels(rng.uniform(14, 80))
                length = float(np.clip(length, 4, 22))
                spot = layout.taken.spot(rng, room, length * 0.55 + 1.5, layout.inside(square, length / 2))
                if spot is not None:
                    width = max(1.4, length * rng.triangular(0.12, 0.2, 0.5))
                    bodies.append(add_compact(canvas, *spot, length, width, rng.uniform(0, math.pi), layout.ship_db()))
        surfaces.append(Surface(mask, bodies))
    return surfaces


def _parted(layout: Layout) -> list[Mask]:
    """The scene, or parts of it with a strip of land between them."""
    canvas, rng, side = layout.canvas, layout.rng, layout.canvas.side
    parts = int(rng.choice([1, 2, 3], p=[0.25, 0.4, 0.35]))
    strip = rng.uniform(5, 20)
    warp_x, warp_y = 0.05 * side * canvas.smooth(side / 5), 0.05 * side * canvas.smooth(side / 5)
    at = rng.uniform(0.15, 0.85, (parts, 2)) * side
    far = np.stack([np.hypot(canvas.x + warp_x - x, canvas.y + warp_y - y) for x, y in at])
    if parts == 1:
        island = canvas.smooth(side / rng.uniform(2, 4)) > rng.uniform(0.6, 2.5)
        return [~island]
    nearest = np.sort(far, axis=0)
    strips = nearest[1] - nearest[0] < strip
    return [(far.argmin(0) == i) & ~strips for i in range(parts)]


def reveal_dark(layout: Layout, surfaces: list[Surface], secret: np.random.Generator) -> str:
    """Says what the surfaces are; returns the kind of scene."""
    canvas = layout.canvas
    for surface in surfaces:
        surface.what = str(secret.choice(list(SURFACES), p=list(SURFACES.values())))
        bare = int(secret.choice([BARE, BARE, CROPS]))
        canvas.cover[surface.mask] = {"water": WATER, "apron": BUILT, "bare": bare}[surface.what]
        label = LABELS[surface.what]
        surface.bodies = [Body(label, b.bbox, b.corners, b.length_m) for b in surface.bodies]
        layout.bodies += surface.bodies
    found = {surface.what for surface in surfaces}
    if "water" in found:
        return "open_sea" if found == {"water"} and all(s.mask.all() for s in surfaces) else "coast"
    return "airfield" if "apron" in found else "farmland"


def paint_points(layout: Layout) -> list[Body]:
    """A sea, at times with a coast, and bright points far enough from each other for a prior to tell them apart."""
    canvas, rng = layout.canvas, layout.rng
    water = layout.everywhere
    if rng.random() < 0.25:
        water, _ = terrain.coast(canvas, rng.uniform(0.04, 0.15))
        layout.shore(water, str(rng.choice(terrain.LANDS)))
    terrain.sea(canvas, water, layout.wind_db)
    room, apart, found = terrain.room(water), reach_px(canvas.gsd_m, 1.0), []
    for square in layout.squares():
        for _ in range(layout.dealt(IN_CELL)):
            length = float(np.clip(canvas.pixels(rng.uniform(30, 110)), 3.5, 14))
            spot = layout.taken.spot(rng, room, max(length * 0.55, apart * 0.75), layout.inside(square, length / 2))
            if spot is not None:
                width = max(1.4, length * rng.triangular(0.15, 0.25, 0.7))
                found.append(add_compact(canvas, *spot, length, width, rng.uniform(0, math.pi), layout.ship_db()))
    return found


def reach_px(gsd_m: float, share: float) -> float:
    """How far a platform shows in a prior; share: 0 for the least, 1 for the most."""
    low, high = REACH_M
    return max((low + share * (high - low)) / gsd_m, 0.75 * NODE_PX)


def reveal_points(layout: Layout, points: list[Body], secret: np.random.Generator) -> str:
    """Says which points are ships; platforms leave their trace in the prior. Returns the kind of scene."""
    canvas = layout.canvas
    for body in points:
        is_ship = secret.random() < P_SHIP
        layout.bodies.append(Body("ship" if is_ship else "platform", body.bbox, body.corners, body.length_m))
        reach = reach_px(canvas.gsd_m, float(secret.random()))
        if not is_ship:
            x1, y1, x2, y2 = body.bbox
            canvas.structure |= np.hypot(canvas.x - (x1 + x2) / 2, canvas.y - (y1 + y2) / 2) < reach
    return "open_sea" if (canvas.cover == WATER).all() else "coast"


def widened(mask: Mask, pixels: float) -> Mask:
    """The mask and what lies within so many pixels of it."""
    return np.asarray(ndimage.distance_transform_edt(~mask) <= pixels) if mask.any() else mask
