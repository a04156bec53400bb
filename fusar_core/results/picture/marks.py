"""What a map marks in its panel: oriented boxes with their scores, and the 3 × 3 grid with its counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fusar_core.domain.answers import Detection
from fusar_core.domain.cells import CELLS, cell_of
from fusar_core.domain.schema import CELLS_PER_SIDE
from fusar_core.results.picture.sheet import Box, Sheet

CLASS_COLOURS = ("#19e3ff", "#ff5fd2", "#9dff3c", "#b79bff", "#ff8f8f", "#7fffd4")
"""Colours of the classes in their order; saturated, as the scene itself is grey."""
FLAG_COLOUR = "#ffb000"
"""Colour of flagged targets, which are not counted, whatever their class; their outlines are also dashed."""
DASHED: Any = (0, (2.2, 1.3))

LEAST_SIDE = 11.0
"""Shortest side in picture pixels at which a box is drawn; smaller ones could not be seen."""
CROWD = 400
"""From so many targets on, outlines are thin and carry no scores."""
_MOST_SCORES = 120
_SCORE_POINTS = 6.2


def colours_of(detections: Sequence[Detection], classes: Sequence[str]) -> dict[str, str]:
    """The colour of each class: those named first, then others as they occur."""
    labels = dict.fromkeys([*classes, *(d.label for d in detections)])
    return {label: CLASS_COLOURS[i % len(CLASS_COLOURS)] for i, label in enumerate(labels)}


def is_drawn_larger(corners: npt.ArrayLike, scale: tuple[float, float]) -> bool:
    """Whether a side of a box is too short to be seen; scale: picture pixels per scene pixel along x and y."""
    points = np.asarray(corners, float) * scale
    sides = points[1:3] - points[0:2]
    return bool(np.hypot(*sides.T).min() < LEAST_SIDE)


def visible_outline(corners: npt.ArrayLike, scale: tuple[float, float]) -> npt.NDArray[np.float64]:
    """(4, 2) corners of the outline that is drawn for an oriented box, in scene pixels.

    scale: picture pixels per scene pixel along x and y. A box whose sides are all long enough comes back unchanged;
    else its short sides are drawn out about the same centre and along the same axes. A point becomes an upright square.
    """
    if not is_drawn_larger(corners, scale):
        return np.asarray(corners, float)
    points = np.asarray(corners, float) * scale
    along, across = points[1] - points[0], points[2] - points[1]
    lengths = np.array([np.hypot(*along), np.hypot(*across)])
    turned = along if lengths[0] >= lengths[1] else np.array([across[1], -across[0]])
    unit = turned / np.hypot(*turned) if lengths.max() > 1e-9 else np.array([1.0, 0.0])
    half = np.maximum(lengths, LEAST_SIDE) / 2
    u, v = unit * half[0], np.array([-unit[1], unit[0]]) * half[1]
    centre = points.mean(axis=0)
    return np.asarray(np.array([centre - u - v, centre + u - v, centre + u + v, centre - u + v]) / scale)


def draw_boxes(sheet: Sheet, detections: Sequence[Detection], colours: dict[str, str]) -> None:
    """Outlines of all detections: unflagged ones solid in the colour of their class, flagged ones dashed."""
    from matplotlib.collections import PolyCollection

    crowded = len(detections) > CROWD
    for label, flagged in sorted({(d.label, bool(d.flags)) for d in detections}):
        group = [d for d in detections if d.label == label and bool(d.flags) == flagged]
        outlines = PolyCollection(
            [visible_outline(d.corners, sheet.panel.scale) for d in group],
            facecolors="none",
            edgecolors=FLAG_COLOUR if flagged else colours[label],
            linewidths=0.8 if crowded else 1.2,
            linestyles=DASHED if flagged else "solid",
            joinstyle="miter",
            path_effects=None if crowded else sheet.halo,
            zorder=3 if flagged else 4,
        )
        sheet.axes.add_collection(outlines, autolim=False)


def draw_scores(
    sheet: Sheet, detections: Sequence[Detection], colours: dict[str, str], avoid: Sequence[Box] = ()
) -> int:
    """Scores beside their boxes, the highest first, each only where it covers no box, no other score and
    nothing of `avoid` (pixels of the picture).

    Returns how many were written.
    """
    taken = [_bounds(sheet, d) for d in detections]
    if len(detections) > CROWD:
        return 0
    width, height = sheet.text_size("0.00", _SCORE_POINTS)
    written = 0
    for i in sorted(range(len(detections)), key=lambda i: -detections[i].score)[:_MOST_SCORES]:
        others = [*taken[:i], *taken[i + 1 :], *avoid]
        for place in _places_beside(taken[i], width, height):
            if sheet.panel.holds(place, 3) and not any(_overlap(place, other) for other in others):
                colour = FLAG_COLOUR if detections[i].flags else colours[detections[i].label]
                sheet.text(*place[:2], f"{detections[i].score:.2f}", _SCORE_POINTS, color=colour, halo=True)
                taken.append(place)
                written += 1
                break
    return written


def _places_beside(box: Box, width: float, height: float, gap: float = 4.0) -> list[Box]:
    """Where words of this size could stand: right, left, above, below."""
    x1, y1, x2, y2 = box
    middle_x, middle_y = (x1 + x2 - width) / 2, (y1 + y2 - height) / 2
    corners = [(x2 + gap, middle_y), (x1 - gap - width, middle_y), (middle_x, y1 - gap - height), (middle_x, y2 + gap)]
    return [(x, y, x + width, y + height) for x, y in corners]


def _bounds(sheet: Sheet, detection: Detection) -> Box:
    outline = visible_outline(detection.corners, sheet.panel.scale)
    (x1, y1), (x2, y2) = outline.min(axis=0), outline.max(axis=0)
    return sheet.panel.box(x1, y1, x2, y2)


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def draw_grid(sheet: Sheet, detections: Sequence[Detection], *, partly: bool = False) -> dict[str, Box]:
    """The 3 × 3 grid of the panel; in each cell, where there is room, its number and how many targets are in it.

    partly: whether there may be more than these. Returns the labels and where they stand.
    """
    panel, window = sheet.panel, sheet.panel.window
    counts = dict.fromkeys(CELLS, 0)
    for detection in detections:
        x, y = detection.centre
        if not detection.flags and window.contains(x, y):
            counts[cell_of(x - window.col, y - window.row, window.width, window.height)] += 1
    for i in range(1, CELLS_PER_SIDE):
        style: Any = {"color": "white", "linewidth": 0.7, "alpha": 0.55, "linestyle": (0, (6, 4)), "zorder": 2}
        sheet.axes.axvline(window.col + window.width * i / CELLS_PER_SIDE, **style)
        sheet.axes.axhline(window.row + window.height * i / CELLS_PER_SIDE, **style)
    labels: dict[str, Box] = {}
    width, height = window.width / CELLS_PER_SIDE, window.height / CELLS_PER_SIDE
    for cell, count in counts.items():
        words = f"cell {cell}: {(f'≥ {count}' if count else '?') if partly else count}"
        text_width, text_height = sheet.text_size(words, 7)
        if text_width + 20 < panel.width / CELLS_PER_SIDE and text_height + 16 < panel.height / CELLS_PER_SIDE:
            row, col = divmod(cell - 1, CELLS_PER_SIDE)
            x, y = window.col + col * width, window.row + row * height
            left, top = (math.floor(corner) + 8 for corner in panel.box(x, y, x + width, y + height)[:2])
            sheet.text(left, top, words, 7, color="white" if count else "#aab4bc", halo=True)
            labels[words] = (left, top, left + text_width, top + text_height)
    return labels
