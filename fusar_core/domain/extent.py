"""From an extent in any CRS to the window of scene pixels that it covers."""

from __future__ import annotations

import math

import numpy as np
import pyproj

from fusar_core.domain.grid import FloatArray, Grid
from fusar_core.domain.tiling import Window
from fusar_core.errors import BadCrs, BadExtent

POINTS_PER_SIDE = 33
"""Of the lattices laid over the extent and over the scene: 33 bend a 250 km edge by less than a metre between them."""
ROUND_TRIP_DEG = 1e-6
SLACK_PX = 1e-6
"""Rounding of coordinates that must not add a row or column."""


def window_of_extent(grid: Grid, bounds: tuple[float, float, float, float], crs: str | None = None) -> Window:
    """The smallest window of pixels that holds an extent, cut off at the edges of the scene.

    bounds: xmin, ymin, xmax, ymax in `crs`, or without one in the map units of the scene ((x, −y) of the pixels where
    it has no georeference). Edges are followed as curves. Degrees may run past ±180: over the antimeridian give e.g.
    179.5 … 180.5.

    Raises BadExtent when the extent is malformed or does not meet the scene, BadCrs when the CRS is unknown or the
    scene has none.
    """
    xmin, ymin, xmax, ymax = (float(b) for b in bounds)
    shown = f"{xmin:.10g},{ymin:.10g},{xmax:.10g},{ymax:.10g}" + (f" ({crs})" if crs else "")
    if not all(math.isfinite(b) for b in (xmin, ymin, xmax, ymax)):
        raise BadExtent(f"The extent {shown} has values that are no numbers.", "Give xmin,ymin,xmax,ymax.")
    if xmin >= xmax or ymin >= ymax:
        raise BadExtent(
            f"The extent {shown} is empty.",
            "Give xmin,ymin,xmax,ymax with xmin < xmax and ymin < ymax; over the antimeridian e.g. 179.5,…,180.5,….",
        )
    given = _crs_of(grid, crs)
    t = np.linspace(0.0, 1.0, POINTS_PER_SIDE)
    map_x, map_y = (a.ravel() for a in np.meshgrid(xmin + t * (xmax - xmin), ymin + t * (ymax - ymin)))
    found: list[tuple[FloatArray, FloatArray]] = []
    if given is None or given == grid.crs:
        found += [grid.to_pixel(map_x + turn, map_y) for turn in _turns(given)]
    else:
        exact = _pixels_of(grid, given, map_x, map_y)
        found += exact or _scene_points_inside(grid, given, (xmin, ymin, xmax, ymax))
    windows = [w for x, y in found if (w := _around(x, y, grid)) is not None]
    if not windows:
        raise BadExtent(
            f"The extent {shown} does not meet the scene.",
            "Give it in the map units of the scene, or append its CRS, e.g. ,EPSG:4326.",
        )
    row, col = min(w.row for w in windows), min(w.col for w in windows)
    return Window(row, col, max(w.bottom for w in windows) - row, max(w.right for w in windows) - col)


def known_crs(crs: str) -> pyproj.CRS:
    """A CRS in the words of a user: `EPSG:n`, WKT, PROJ. Raises BadCrs."""
    try:
        return pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError as cause:
        raise BadCrs(f"'{crs}' is no known coordinate reference system.", "Write e.g. EPSG:4326.") from cause


def _crs_of(grid: Grid, crs: str | None) -> pyproj.CRS | None:
    if crs is None:
        return grid.crs
    given = known_crs(crs)
    if grid.crs is None:
        raise BadCrs(
            f"The scene has no georeference, so an extent in {crs} means nothing.",
            "Give it in pixels: x from 0 rightwards, y from 0 downwards to negative values.",
        )
    return given


def _turns(crs: pyproj.CRS | None) -> tuple[float, ...]:
    """Whole turns of longitude under which the same place may be written."""
    return (0.0, -360.0, 360.0) if crs is not None and crs.is_geographic else (0.0,)


def _pixels_of(
    grid: Grid, given: pyproj.CRS, map_x: FloatArray, map_y: FloatArray
) -> list[tuple[FloatArray, FloatArray]]:
    """Scene pixels of points in another CRS, in every turn of longitude. A lattice with points where either CRS has no
    answer is dropped: the scene's own points must do."""
    assert grid.crs is not None
    to_scene = pyproj.Transformer.from_crs(given, grid.crs, always_xy=True)
    x, y = (np.asarray(v, float) for v in to_scene.transform(map_x, map_y))
    back_x, back_y = to_scene.transform(x, y, direction="INVERSE")
    unit = ROUND_TRIP_DEG if given.is_geographic else ROUND_TRIP_DEG * 111_320
    with np.errstate(invalid="ignore"):
        off_x = np.abs(np.asarray(back_x, float) - map_x)
        if given.is_geographic:
            off_x = np.abs((off_x + 180.0) % 360.0 - 180.0)
        if not ((off_x < unit) & (np.abs(np.asarray(back_y, float) - map_y) < unit)).all():
            return []
    if grid.crs.is_geographic:
        x = np.unwrap(x.reshape(POINTS_PER_SIDE, -1), period=360.0, axis=1)
        x = np.unwrap(x, period=360.0, axis=0).ravel()
    return [grid.to_pixel(x + turn, y) for turn in _turns(grid.crs)]


def _scene_points_inside(
    grid: Grid, given: pyproj.CRS, bounds: tuple[float, float, float, float]
) -> list[tuple[FloatArray, FloatArray]]:
    """The cells of a lattice over the scene that have a corner inside the extent, for extents that reach where the
    scene's CRS has no answer (the whole world, say); up to one cell, 3 % of the scene, too large."""
    assert grid.crs is not None
    xmin, ymin, xmax, ymax = bounds
    xs, ys = np.linspace(0, grid.width, POINTS_PER_SIDE), np.linspace(0, grid.height, POINTS_PER_SIDE)
    x, y = (a.ravel() for a in np.meshgrid(xs, ys))
    to_given = pyproj.Transformer.from_crs(grid.crs, given, always_xy=True)
    map_x, map_y = (np.asarray(v, float) for v in to_given.transform(*grid.to_map(x, y)))
    if given.is_geographic:
        map_x = (xmin + xmax) / 2 + (map_x - (xmin + xmax) / 2 + 180.0) % 360.0 - 180.0
    with np.errstate(invalid="ignore"):
        inside = (map_x >= xmin) & (map_x <= xmax) & (map_y >= ymin) & (map_y <= ymax)
    x, y = x[inside], y[inside]
    step_x, step_y = xs[1], ys[1]
    return [(np.concatenate([x - step_x, x + step_x]), np.concatenate([y - step_y, y + step_y]))]


def _around(x: FloatArray, y: FloatArray, grid: Grid) -> Window | None:
    """The window of whole pixels around points, cut off at the scene's edges."""
    finite = np.isfinite(x) & np.isfinite(y)
    if not finite.any():
        return None
    x, y = x[finite], y[finite]
    left, top = (max(0, math.floor(min(v) + SLACK_PX)) for v in (x, y))
    right = min(grid.width, math.ceil(x.max() - SLACK_PX))
    bottom = min(grid.height, math.ceil(y.max() - SLACK_PX))
    return Window(top, left, bottom - top, right - left) if right > left and bottom > top else None
