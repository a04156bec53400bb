"""From the detections of overlapping chips to the targets of a scene: every target once, also on a seam."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely

from fusar_core.domain.answers import Corners, Detection
from fusar_core.domain.tiling import ChipWindow

MIN_IOU = 0.5
"""Two boxes of one class that overlap this much are one target (design: seams)."""
MIN_CONTAINED = 0.7
"""A box seen by another chip that lies this far inside a target is a part of it."""
SEAM_PX = 2.0
"""How close to the edge of its chip a box must end to count as cut off there."""


@dataclass(frozen=True)
class Target:
    """A detection in scene pixels and the chip it came from, with what the engine said there."""

    detection: Detection
    chip: ChipWindow
    prompt: str = ""
    raw_text: str = ""
    parse_status: str = "ok"


def to_scene(detection: Detection, chip: ChipWindow) -> Detection:
    """The detection moved from chip pixels to scene pixels."""
    corners = tuple((x + chip.window.col, y + chip.window.row) for x, y in detection.corners)
    return replace(detection, corners=corners)  # type: ignore[arg-type]


def merge(targets: Sequence[Target], overlap: int) -> list[Target]:
    """The targets of a scene from those of its chips, strongest first where two are the same.

    targets: in scene pixels. overlap: least overlap of the chips in pixels. A chip speaks for its keep area; a margin
    around it makes sure that a target on a seam, whose centre the two chips may see slightly differently, is not
    disowned by both. What overlaps then is one target, and two halves cut by the chips' edges are joined.
    Result in reading order (row, then column), whatever order the chips came in.
    """
    margin = min(overlap / 4, 32.0)
    owned = [t for t in targets if _owns(t.chip, t.detection.centre, margin)]
    owned.sort(key=lambda t: (-_depth(t), -t.detection.score, t.detection.centre[::-1]))
    kept = _join_halves(_suppress(owned))
    return sorted(kept, key=lambda t: (t.detection.centre[1], t.detection.centre[0]))


def _owns(chip: ChipWindow, centre: tuple[float, float], margin: float) -> bool:
    x, y = centre
    keep, window = chip.keep, chip.window
    # Where the keep area ends with the extent there is no neighbour to take over, so nothing is disowned there.
    left = keep.col - (margin if keep.col > window.col else 0)
    top = keep.row - (margin if keep.row > window.row else 0)
    right = keep.right + (margin if keep.right < window.right else 0)
    bottom = keep.bottom + (margin if keep.bottom < window.bottom else 0)
    return left <= x < right and top <= y < bottom


def _depth(target: Target) -> bool:
    """Whether the chip owns the target's centre outright: such a view goes before one from the margin."""
    return target.chip.keep.contains(*target.detection.centre)


def _polygons(targets: Sequence[Target]) -> list[shapely.Polygon]:
    return [shapely.Polygon(t.detection.corners) for t in targets]


def _suppress(targets: list[Target]) -> list[Target]:
    """Non-maximum suppression in the order given."""
    polygons = _polygons(targets)
    tree = shapely.STRtree(polygons)
    alive = np.ones(len(targets), bool)
    for i, target in enumerate(targets):
        if not alive[i]:
            continue
        for j in tree.query(polygons[i]):
            if j > i and alive[j] and _same(target, targets[j], polygons[i], polygons[j]):
                alive[j] = False
    return [t for t, a in zip(targets, alive, strict=True) if a]


def _same(a: Target, b: Target, polygon_a: shapely.Polygon, polygon_b: shapely.Polygon) -> bool:
    if a.detection.label != b.detection.label:
        return False
    shared = polygon_a.intersection(polygon_b).area
    smaller, union = min(polygon_a.area, polygon_b.area), polygon_a.area + polygon_b.area - shared
    if union <= 0:
        return a.detection.corners == b.detection.corners
    if shared / union >= MIN_IOU:
        return True
    return a.chip != b.chip and smaller > 0 and shared / smaller >= MIN_CONTAINED


def _join_halves(targets: list[Target]) -> list[Target]:
    """Joins boxes that two neighbouring chips both cut off at the seam between them (chips without enough overlap)."""
    pending = [t for t in targets if _cut_off(t)]
    done = [t for t in targets if not _cut_off(t)]
    while pending:
        target = pending.pop(0)
        half = next((t for t in pending if _halves(target, t)), None)
        if half is None:
            done.append(target)
        else:
            pending.remove(half)
            pending.insert(0, _joined(target, half))
    return done


def _cut_off(target: Target) -> bool:
    """Whether the box ends at the edge of its chip, where a neighbour may hold the rest."""
    (x1, y1, x2, y2), window = target.detection.bbox, target.chip.window
    gaps = x1 - window.col, y1 - window.row, window.right - x2, window.bottom - y2
    return min(gaps) <= SEAM_PX


def _halves(a: Target, b: Target) -> bool:
    if a.chip == b.chip or a.detection.label != b.detection.label:
        return False
    (ax1, ay1, ax2, ay2), (bx1, by1, bx2, by2) = a.detection.bbox, b.detection.bbox
    wa, wb = a.chip.window, b.chip.window
    for a1, a2, b1, b2, ca1, ca2, cb1, cb2, edge_a, edge_b in (
        (ax1, ax2, bx1, bx2, ay1, ay2, by1, by2, (wa.col, wa.right), (wb.col, wb.right)),
        (ay1, ay2, by1, by2, ax1, ax2, bx1, bx2, (wa.row, wa.bottom), (wb.row, wb.bottom)),
    ):
        side_by_side = min(ca2, cb2) - max(ca1, cb1) >= 0.5 * min(ca2 - ca1, cb2 - cb1)
        b_follows = abs(a2 - edge_a[1]) <= SEAM_PX and abs(b1 - edge_b[0]) <= SEAM_PX and edge_a[1] >= edge_b[0]
        a_follows = abs(b2 - edge_b[1]) <= SEAM_PX and abs(a1 - edge_a[0]) <= SEAM_PX and edge_b[1] >= edge_a[0]
        touching = max(a1, b1) - min(a2, b2) <= SEAM_PX
        if side_by_side and touching and (b_follows or a_follows):
            return True
    return False


def _joined(a: Target, b: Target) -> Target:
    both = shapely.MultiPoint([*a.detection.corners, *b.detection.corners])
    ring = shapely.oriented_envelope(both).exterior.coords[:4]
    corners: Corners = tuple((float(x), float(y)) for x, y in ring)  # type: ignore[assignment]
    stronger = max(a, b, key=lambda t: t.detection.score)
    flags = tuple(sorted({*a.detection.flags, *b.detection.flags}))
    joined = replace(stronger.detection, corners=corners, flags=flags, inset=(0.0, 0.0, 0.0, 0.0))
    return replace(stronger, detection=joined)
