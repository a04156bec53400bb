"""A picture of anchors beside and over the radar image, as in the paper's Fig. 3."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from fusar_core.domain.anchors import Anchors
from fusar_core.files import atomic_path

CHANNELS = (1, 16, 9)
"""Embedding channels shown as red, green and blue: those of the paper, and of Earth Engine's own picture."""

SPAN = 0.3
"""Channel values from -0.3 to 0.3 become colours 0 to 1, as Earth Engine shows them."""

DPI = 130
PANEL_INCHES = 6.0
FIELD_SIDE = 500


def draw_preview(anchors: Anchors, image: npt.NDArray[np.uint8], path: Path, title: str) -> None:
    """Writes a PNG: the image with the nodes on the left, the anchors' colours over it on the right.

    image: uint8 (H, W) of exactly the chip that the anchors belong to. Each place has the colour of its nearest anchor;
    places without any nearby stay grey.

    Raises OutputUnwritable.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    height, width = image.shape
    panel_height = PANEL_INCHES * min(max(height / width, 0.4), 1.6)
    figure: Any = Figure(
        figsize=(2 * PANEL_INCHES, panel_height + 0.9), dpi=DPI, facecolor="white", layout="constrained"
    )
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    for axes in (left, right):
        axes.imshow(image, cmap="gray", vmin=0, vmax=255, extent=(0, 1, 1, 0), aspect=height / width)
        axes.set(xlim=(0, 1), ylim=(1, 0), xticks=[], yticks=[])
    y, x = anchors.positions.T
    if len(anchors):
        field = colour_field(anchors, (height, width))
        right.imshow(field, extent=(0, 1, 1, 0), aspect=height / width, interpolation="nearest", alpha=0.75)
    between_points = 72 * PANEL_INCHES / max(1.0, len(anchors) ** 0.5)
    dot = min(30.0, (0.22 * between_points) ** 2)  # square points: a fifth of the way to the next node
    left.scatter(x, y, s=dot, c="#ffd23f", edgecolors="#1c2730", linewidths=0.4, clip_on=False, zorder=3)
    right.scatter(x, y, s=dot / 4, c="white", linewidths=0, clip_on=False, zorder=3)
    left.set_title("radar image and nodes", fontsize=9)
    right.set_title(f"embedding channels {', '.join(map(str, CHANNELS))} as red, green, blue", fontsize=9)
    years = f"{anchors.year_used}"
    if anchors.year_used != anchors.year_requested:
        years += f" for {anchors.year_requested}"
    told = f"{len(anchors)} anchors, {anchors.valid_fraction:.0%} of nodes, year {years}"
    figure.suptitle(f"{title}  ·  {told}", fontsize=10)
    figure.supxlabel(anchors.attribution, fontsize=7, color="#5b6b78")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png")


def colour_field(anchors: Anchors, shape: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Colours of the nearest anchors over the chip: float32 (h, w, 4), transparent where none is near.

    shape: height and width of the chip, whose ratio says what near means. h and w are at most 500.
    """
    largest = max(shape)
    h, w = (max(1, round(FIELD_SIDE * side / largest)) for side in shape)
    ratio = np.array([h, w], float)
    tree = cKDTree(anchors.positions * ratio)
    # In a regular grid the fourth neighbour (the point itself is the first found) is one in the wider direction.
    to_neighbour, _ = tree.query(anchors.positions * ratio, k=[min(5, len(anchors))])
    spacing = float(np.median(to_neighbour))
    rows, columns = np.mgrid[:h, :w]
    distance, nearest = tree.query(np.column_stack([rows.ravel() + 0.5, columns.ravel() + 0.5]))
    colours = np.clip(anchors.features[:, CHANNELS] / (2 * SPAN) + 0.5, 0, 1)
    field = np.ones((h * w, 4), np.float32)
    field[:, :3] = colours[nearest]
    field[:, 3] = distance <= (0.75 * spacing if spacing > 0 else largest)
    return field.reshape(h, w, 4)
