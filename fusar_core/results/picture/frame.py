"""Numbers for the frame of a map: graticule ticks on its edges, the length of its scale bar, the direction of north."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from fusar_core.domain.grid import GEOD, Grid
from fusar_core.domain.tiling import Window

FloatArray = npt.NDArray[np.float64]
Edge = Literal["top", "bottom", "left", "right"]
"""A side of the window in the scene's own pixels, wherever a map shows it."""

_STEPS_ARC_S = tuple(
    unit * step
    for unit, steps in (
        (0.01, (1, 2, 5)),
        (0.1, (1, 2, 5)),
        (1, (1, 2, 5, 10, 15, 20, 30)),
        (60, (1, 2, 5, 10, 15, 20, 30)),
        (3600, (1, 2, 5, 10, 15, 20, 30, 45, 60, 90)),
    )
    for step in steps
)
"""Steps between graticule lines that people read easily, in seconds of arc: 0.01″ to 90°."""


@dataclass(frozen=True)
class Tick:
    """A mark on an edge: `at` is the pixel x (top, bottom) or y (left, right) in the scene."""

    at: float
    label: str


def degrees_label(value: float, step_arc_s: float, hemispheres: str) -> str:
    """An angle in degrees, minutes and seconds, no finer than the step: 118°15′W.

    hemispheres: letters of the positive and the negative half, `EW` or `NS`.
    """
    decimals = 0 if step_arc_s >= 1 else (1 if step_arc_s >= 0.1 else 2)
    total = round(abs(value) * 3600, decimals)
    degrees, rest = divmod(total, 3600)
    minutes, seconds = divmod(rest, 60)
    text = f"{degrees:.0f}°"
    if step_arc_s < 3600 or rest > 1e-6:
        text += f"{minutes:02.0f}′"
    if step_arc_s < 60 or seconds > 1e-6:
        text += f"{seconds:0{decimals + 3 if decimals else 2}.{decimals}f}″"
    letter = "" if total == 0 or total == 180 * 3600 else hemispheres[0 if value > 0 else 1]
    return text + letter


def graticule(grid: Grid, window: Window, edge: Edge, most: int) -> list[Tick]:
    """Where meridians or parallels cross an edge of the window: at most `most` ticks.

    Of the two families the one that the edge cuts more squarely is used, so a scene that is turned by a quarter gets
    parallels along its bottom. Empty without georeference, or where the CRS has no answer along the edge.
    """
    if not grid.is_georeferenced:
        return []
    level = edge in ("top", "bottom")
    along = np.linspace(0.0, window.width if level else window.height, 257)
    across = {"top": window.row, "bottom": window.bottom, "left": window.col, "right": window.right}[edge]
    fixed = np.full_like(along, across)
    x, y = (window.col + along, fixed) if level else (fixed, window.row + along)
    lon, lat = grid.to_lonlat(x, y)
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        return []
    lon = np.unwrap(lon, period=360.0)
    east_west = abs(lon[-1] - lon[0]) * math.cos(math.radians(float(lat.mean())))
    values, letters = (lon, "EW") if east_west >= abs(lat[-1] - lat[0]) else (lat, "NS")
    start = window.col if level else window.row
    step, found = _crossings(along, values, most)
    return [Tick(start + at, degrees_label(_wrapped(v) if letters == "EW" else v, step, letters)) for at, v in found]


def _wrapped(lon: float) -> float:
    return (lon + 180.0) % 360.0 - 180.0


def _crossings(along: FloatArray, values: FloatArray, most: int) -> tuple[float, list[tuple[float, float]]]:
    """The finest step (seconds of arc) with at most `most` multiples along the edge, and each (position, multiple)."""
    low, high = float(values.min()), float(values.max())
    order = np.argsort(values)
    if not high > low:
        return _STEPS_ARC_S[0], []
    for step in _STEPS_ARC_S:
        degrees = step / 3600
        first, last = math.ceil(low / degrees - 1e-9), math.floor(high / degrees + 1e-9)
        if last - first + 1 <= most:
            multiples = [k * degrees for k in range(first, last + 1)]
            positions = np.interp(multiples, values[order], along[order])
            return step, list(zip(positions.tolist(), multiples, strict=True))
    return _STEPS_ARC_S[-1], []


def pixel_ticks(start: float, length: float, most: int) -> list[Tick]:
    """Ticks at round pixel numbers, for images without georeference."""
    step = nice_below(max(length / max(most, 1), 1.0), up=True)
    first, last = math.ceil(start / step), math.floor((start + length) / step)
    return [Tick(k * step, f"{k * step:.0f}") for k in range(first, last + 1)]


def nice_below(value: float, up: bool = False) -> float:
    """The next of 1, 2, 5 × 10ⁿ at or below a positive value; at or above with `up`."""
    decade = 10.0 ** math.floor(math.log10(value))
    steps = [m * decade for m in (1.0, 2.0, 5.0, 10.0)]
    if up:
        return next(s for s in steps if s >= value * (1 - 1e-9))
    return max(s for s in steps if s <= value * (1 + 1e-9))


def scale_bar(grid: Grid, window: Window, share: float = 0.22) -> tuple[float, float] | None:
    """(metres, pixels along a row) of a bar of round length, at most `share` of the window's width.

    Geodesic, at the window's centre. None without georeference.
    """
    if not grid.is_georeferenced:
        return None
    metre_px, _ = grid.pixel_size_at(window.col + window.width / 2, window.row + window.height / 2)
    if not (math.isfinite(metre_px) and metre_px > 0):
        return None
    metres = nice_below(metre_px * window.width * share)
    return metres, metres / metre_px


def metres_label(metres: float) -> str:
    """A round length as people write it: 50 cm, 200 m, 5 km."""
    if metres >= 1000:
        return f"{metres / 1000:g} km"
    return f"{metres:g} m" if metres >= 1 else f"{metres * 100:g} cm"


def ground_aspect(grid: Grid, window: Window) -> float:
    """Ground height of a pixel over its width at the window's centre; 1 without georeference."""
    if not grid.is_georeferenced:
        return 1.0
    width, height = grid.pixel_size_at(window.col + window.width / 2, window.row + window.height / 2)
    return height / width if math.isfinite(height / width) and width > 0 and height > 0 else 1.0


def turned_to_north(grid: Grid, window: Window) -> tuple[bool, bool]:
    """Whether a map should show the scene flipped from left to right, and from top to bottom.

    A raster in the order of its acquisition may be mirrored; shown as stored, a coast would lie on the wrong side.
    Of the two ways that are not mirrored, the one with north further up is taken. Never without georeference.
    """
    north, east = north_in_pixels(grid, window), _direction(grid, window, 90.0)
    if north is None or east is None:
        return False, False
    mirrored = east[0] * north[1] - east[1] * north[0] > 0  # unmirrored, north lies a quarter turn left of east
    ways = ((True, False), (False, True)) if mirrored else ((False, False), (True, True))
    return max(ways, key=lambda flip: north[1] if flip[1] else -north[1])


def north_in_pixels(grid: Grid, window: Window) -> tuple[float, float] | None:
    """The (x, y) direction of true north at the window's centre, in ground proportions and of length 1.

    None without georeference.
    """
    return _direction(grid, window, 0.0)


def _direction(grid: Grid, window: Window, bearing_deg: float) -> tuple[float, float] | None:
    """The (x, y) direction of a bearing at the window's centre, in ground proportions and of length 1."""
    if not grid.is_georeferenced:
        return None
    x, y = window.col + window.width / 2, window.row + window.height / 2
    lon, lat = grid.to_lonlat([x, x + 0.5, x], [y, y, y + 0.5])
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        return None
    bearing_of_x, _, _ = GEOD.inv(lon[0], lat[0], lon[1], lat[1])
    bearing_of_y, _, _ = GEOD.inv(lon[0], lat[0], lon[2], lat[2])
    mirrored = -1.0 if math.sin(math.radians(bearing_of_y - bearing_of_x)) < 0 else 1.0
    angle = math.radians(bearing_deg - bearing_of_x) * mirrored  # from the x axis towards the y axis
    return math.cos(angle), math.sin(angle)
