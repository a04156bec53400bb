"""Chips of a simulated scene as triplets: what is cut, what is true of it, and what its image leaves open."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from fusar_core.domain.tiling import Window
from training.data.triplets import Target, Triplet
from training.data.truth import clip
from training.simulation.ambiguity import LABELS, P_SHIP, SURFACES
from training.simulation.bodies import Body
from training.simulation.canvas import BUILT, COVERS, TREES, WATER
from training.simulation.scene import SimulatedScene

LEAST_VISIBLE = 0.5
"""Of a body's box, for it to count in a chip that cuts it."""
SOURCE = "simulation"
A_LITTLE = 0.02
"""Share of a chip that is too little to call the chip after it."""


def windows(scene: SimulatedScene, chip_px: int) -> list[Window]:
    """The chips of a scene, row by row, none overlapping."""
    steps = range(0, scene.spec.side_px - chip_px + 1, chip_px)
    return [Window(row, column, chip_px, chip_px) for row in steps for column in steps]


def triplet_of(scene: SimulatedScene, window: Window, name: str, place: str) -> Triplet:
    """The triplet of a chip: no conversations, image `images/NAME.png`, anchors `anchors/NAME.npz`."""
    targets = [
        Target(b.label, box, b.kind, b.length_m) for b in scene.targets if (box := box_in(window, b)) is not None
    ]
    x, y = [window.col, window.right] * 2, [window.row, window.row, window.bottom, window.bottom]
    lon, lat = scene.grid.to_lonlat(x, y)
    return Triplet(
        id=name,
        size=(window.width, window.height),
        conversations=(),
        image=f"images/{name}.png",
        anchors=f"anchors/{name}.npz",
        targets=tuple(targets),
        footprint=tuple(round(float(v), 7) for v in (lon.min(), lat.min(), lon.max(), lat.max())),  # type: ignore[arg-type]
        place=place,
        gsd_m=scene.spec.gsd_m,
        year=scene.spec.year,
        source=SOURCE,
        facts={**ground_of(scene, window), **left_open(scene, window)},
    )


def box_in(window: Window, body: Body) -> tuple[float, float, float, float] | None:
    """A body's box in chip pixels, cut to the chip; None when most of it lies elsewhere."""
    x1, y1, x2, y2 = body.bbox
    moved = (x1 - window.col, y1 - window.row, x2 - window.col, y2 - window.row)
    seen = clip(moved, (window.width, window.height))
    if seen is None or (seen[2] - seen[0]) * (seen[3] - seen[1]) < LEAST_VISIBLE * (x2 - x1) * (y2 - y1):
        return None
    return tuple(round(v, 1) for v in seen)  # type: ignore[return-value]


def ground_of(scene: SimulatedScene, window: Window) -> dict[str, Any]:
    """`kind`; `cover_share`: {class: share}; `cover_by_cell`: the dominant class of each of the nine cells."""
    cover = scene.cover[window.row : window.bottom, window.col : window.right]
    shares = np.bincount(cover.ravel(), minlength=len(COVERS)) / cover.size
    cells = [c for band in np.array_split(cover, 3, axis=0) for c in np.array_split(band, 3, axis=1)]
    by_cell = [COVERS[int(np.bincount(c.ravel(), minlength=len(COVERS)).argmax())] for c in cells]
    return {
        "kind": kind_in(scene, window, shares),
        "cover_share": {COVERS[i]: round(float(s), 3) for i, s in enumerate(shares) if s >= 0.001},
        "cover_by_cell": by_cell,
    }


def kind_in(scene: SimulatedScene, window: Window, shares: npt.NDArray[np.float64]) -> str:
    """The kind of place that a chip shows: the scene's, unless it shows another part of it."""
    if shares[WATER] > 1 - A_LITTLE:
        return "open_sea"
    if scene.kind not in ("coast", "harbour", "river", "open_sea") and not scene.surfaces:
        return scene.kind
    if shares[WATER] > A_LITTLE:
        return "coast" if scene.surfaces else scene.kind
    here = (slice(window.row, window.bottom), slice(window.col, window.right))
    if any(s.what == "apron" and s.mask[here].mean() > A_LITTLE for s in scene.surfaces):
        return "airfield"
    return {BUILT: "town", TREES: "forest"}.get(int(shares.argmax()), "farmland")


def left_open(scene: SimulatedScene, window: Window) -> dict[str, Any]:
    """`ambiguous`, and if so what may be there given the image alone.

    `hypotheses`: [{"p", "ships": boxes, "planes": boxes}], every combination of what the dark surfaces in the chip may
    be; or `independent`: [{"bbox", "p_ship"}], for bright points at sea.
    """
    if points := _boxes(window, scene.points):
        return {"ambiguous": True, "independent": [{"bbox": box, "p_ship": P_SHIP} for box in points]}
    groups = [boxes for surface in scene.surfaces if (boxes := _boxes(window, surface.bodies))]
    if not groups:
        return {"ambiguous": False}
    hypotheses = []
    for what in product(SURFACES, repeat=len(groups)):
        one: dict[str, Any] = {"p": float(np.prod([SURFACES[w] for w in what])), "ships": [], "planes": []}
        for surface, boxes in zip(what, groups, strict=True):
            if (name := f"{LABELS[surface]}s") in one:
                one[name] = one[name] + boxes
        hypotheses.append(one | {"p": round(one["p"], 6)})
    return {"ambiguous": True, "hypotheses": hypotheses}


def _boxes(window: Window, bodies: Iterable[Body]) -> list[list[float]]:
    return [list(box) for body in bodies if (box := box_in(window, body)) is not None]
