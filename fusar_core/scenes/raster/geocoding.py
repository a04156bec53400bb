"""Geocoding of products that carry ground control points or rational polynomials (RPC) instead of a geotransform.

The scene gets the affine grid that fits the image best, rotated like the image, so that its lines and columns stay
those of the radar and pixels keep their size. What an affine grid cannot follow (over a wide swath, hundreds of
metres) is a smooth shift of pixels: a thin plate spline through all control points, or the RPC model. It is computed
once on a lattice; fusar_core.scenes.raster.warped applies it while reading.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.transform import GCPTransformer, RPCTransformer

from fusar_core.domain.grid import GEOD, Grid
from fusar_core.errors import SceneUnreadable

Points = npt.NDArray[np.float64]
Shifts = npt.NDArray[np.float32]

MOST_POINTS = 1000
"""Control points used at most: fitting the spline costs their number cubed."""
LATTICE_NODES = 2**16
"""Of the lattice on which the shift is computed: 80 px apart in a full Sentinel-1 scene, closer than control points…"""
LEAST_STEP_PX = 16
"""…but not closer than this: the shift is smooth."""
EDGE_POINTS = 65
MOST_ENLARGED = 4
"""Times the lines or columns of an image that its grid may have: it is rotated like the image, so hardly more…"""
MOST_ADDED_PX = 2048
"""…or this many more, of small images."""
MOST_SHIFTED = 0.5
"""Of the longer side of an image: what is shifted by more is folded, not bent."""


@dataclass(frozen=True)
class Geocoded:
    """Where an image lies, and which of its pixels belongs where.

    grid: of the scene. shift: (2, rows, columns) float32, image (x, y) minus grid (x, y) in pixels, at the grid points
    (step_px · column, step_px · row). method: in words. affine_residual_m: how far the control points lie from the grid
    alone (median, largest): what the shift corrects. heading_deg: direction of increasing lines on the ground,
    clockwise from north.
    """

    grid: Grid
    step_px: int
    shift: Shifts
    method: str
    affine_residual_m: tuple[float, float]
    heading_deg: float

    def strips(self, x: Points, y: Points) -> Iterator[tuple[slice, Shifts]]:
        """The shift at columns `x` (W,) and lines `y` (H,) of the grid, both rising, a strip of lines at a time.

        Yields which of the lines, and their shift (2, lines, W): bilinear between the lattice points.
        """
        column, across = self._cells(x, 2)
        line, along = self._cells(y, 1)
        across, along = across.astype(np.float32), along.astype(np.float32)
        for row in range(int(line[0]), int(line[-1]) + 1):
            lines = slice(*np.searchsorted(line, [row, row + 1]).tolist())
            west, east = self.shift[:, row : row + 2, column], self.shift[:, row : row + 2, column + 1]
            top, below = np.moveaxis(west + across * (east - west), 1, 0)
            strip = along[lines][:, None] * (below - top)[:, None]
            strip += top[:, None]
            yield lines, strip

    def shift_range(self, x: Points, y: Points) -> tuple[Shifts, Shifts]:
        """Least and greatest shift (2,) between the given columns and lines; NaN where the model has no answer."""
        column, _ = self._cells(x[[0, -1]], 2)
        line, _ = self._cells(y[[0, -1]], 1)
        nodes = self.shift[:, line[0] : line[1] + 2, column[0] : column[1] + 2]
        return np.fmin.reduce(nodes, axis=(1, 2)), np.fmax.reduce(nodes, axis=(1, 2))

    def _cells(self, at: Points, axis: int) -> tuple[npt.NDArray[np.intp], Points]:
        """Lattice cell and position within it (0…1) of grid coordinates along an axis of `shift`."""
        cell = np.clip((at // self.step_px).astype(np.intp), 0, self.shift.shape[axis] - 2)
        return cell, at / self.step_px - cell


def working_crs(lon: float, lat: float) -> pyproj.CRS:
    """UTM zone of a place, WGS 84; polar stereographic (UPS) beyond 84° north and 80° south."""
    if lat >= 84:
        return pyproj.CRS.from_epsg(5041)
    if lat <= -80:
        return pyproj.CRS.from_epsg(5042)
    zone = int(((lon + 180) % 360) // 6) + 1
    return pyproj.CRS.from_epsg((32600 if lat >= 0 else 32700) + zone)


def control_points(dataset: Any, given: pyproj.CRS | None = None) -> tuple[Points, Points, pyproj.CRS] | None:
    """Control points of a raster in a metric CRS: pixels (N, 2) as (x, y), map (N, 2), CRS. None when they do not
    define a place (fewer than three, or along a line).

    Longitudes are unwrapped first, so that points on both sides of the antimeridian stay neighbours. Heights are not
    used. given: the CRS of the points where the user says so.
    """
    points, crs = dataset.gcps
    unique = list({(p.col, p.row): p for p in points}.values())
    unique = unique[:: max(1, -(-len(unique) // MOST_POINTS))]
    if len(unique) < 3:
        return None
    pixels = np.array([(p.col, p.row) for p in unique], float)
    places = np.array([(p.x, p.y) for p in unique], float)
    if not (np.isfinite(places).all() and np.isfinite(pixels).all()):
        return None
    source = given or (pyproj.CRS.from_wkt(crs.to_wkt()) if crs else pyproj.CRS.from_epsg(4326))
    if source.is_geographic:
        if np.abs(places[:, 1]).max() > 90 or np.abs(places[:, 0]).max() > 360:
            return None
        places[:, 0] = places[0, 0] + (places[:, 0] - places[0, 0] + 180) % 360 - 180
        target = working_crs(*places.mean(axis=0))
        to_map = pyproj.Transformer.from_crs(source, target, always_xy=True)
        places = np.stack(to_map.transform(places[:, 0], places[:, 1]), axis=1)
        source = target
    if not source.is_projected or not np.isfinite(places).all() or not (_is_area(pixels) and _is_area(places)):
        return None
    return pixels, places, source


def _is_area(points: Points) -> bool:
    """Whether points span an area, not a line or a single place."""
    long, short = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    return bool(short > 1e-6 * max(long, 1))


def geocode_by_points(dataset: Any, given: pyproj.CRS | None = None) -> Geocoded | None:
    """Places a raster by a thin plate spline through its control points; None when they do not define a place. given:
    the CRS of the points where the user says so."""
    found = control_points(dataset, given)
    if found is None:
        return None
    pixels, places, crs = found
    points = [GroundControlPoint(row=y, col=x, x=e, y=n) for (x, y), (e, n) in zip(pixels, places, strict=True)]
    with GCPTransformer(points, tps=True) as spline:
        return _geocoded(
            dataset,
            crs,
            (pixels, places),
            to_map=lambda xy: np.stack(spline.xy(xy[:, 1], xy[:, 0], offset="ul"), axis=1),
            to_image=lambda en: np.stack(spline.rowcol(en[:, 0], en[:, 1], op=np.positive)[::-1], axis=1),
            method=f"thin plate spline through {len(pixels)} control points",
        )


def geocode_by_rpc(dataset: Any) -> Geocoded | None:
    """Places a raster by its rational polynomials, at sea level or at the height nearest to it that they are made for;
    None when they define no place.

    Raises SceneUnreadable when the polynomials place no part of the raster.
    """
    rpc = dataset.rpcs
    height = min(max(0.0, rpc.height_off - rpc.height_scale), rpc.height_off + rpc.height_scale)
    crs = working_crs(rpc.long_off, rpc.lat_off)
    project = pyproj.Transformer.from_crs("OGC:CRS84", crs, always_xy=True)
    with RPCTransformer(rpc, RPC_HEIGHT=height) as model:

        def to_map(xy: Points) -> Points:
            return np.stack(project.transform(*model.xy(xy[:, 1], xy[:, 0], offset="ul")), axis=1)

        def to_image(en: Points) -> Points:
            lon, lat = project.transform(en[:, 0], en[:, 1], direction="INVERSE")
            lon = rpc.long_off + (lon - rpc.long_off + 180) % 360 - 180
            return np.stack(model.rowcol(lon, lat, op=np.positive)[::-1], axis=1)

        across, along = np.meshgrid(np.linspace(0, dataset.width, 9), np.linspace(0, dataset.height, 9))
        pixels = np.stack([across.ravel(), along.ravel()], axis=1)
        places = to_map(pixels)
        finite = np.isfinite(places).all(axis=1)
        if finite.sum() < 3:
            raise SceneUnreadable(f"The rational polynomials (RPC) of {dataset.name} place it nowhere.")
        return _geocoded(
            dataset,
            crs,
            (pixels[finite], places[finite]),
            to_map=to_map,
            to_image=to_image,
            method=f"rational polynomials (RPC) at {height:.0f} m above the ellipsoid",
        )


def fit_affine(pixels: Points, places: Points) -> Affine:
    """The affine transform that fits pixel (x, y) → map best, in least squares."""
    design = np.column_stack([pixels, np.ones(len(pixels))])
    coefficients, *_ = np.linalg.lstsq(design, places, rcond=None)
    return Affine(*coefficients[:, 0], *coefficients[:, 1])


def _geocoded(
    dataset: Any,
    crs: pyproj.CRS,
    control: tuple[Points, Points],
    *,
    to_map: Callable[[Points], Points],
    to_image: Callable[[Points], Points],
    method: str,
) -> Geocoded | None:
    """The best affine grid around the whole image, and the shift from it; None when it folds or flees the image."""
    affine = fit_affine(*control)
    if affine.is_degenerate:
        return None
    residuals = np.hypot(*(_apply(affine, control[0]) - control[1]).T)
    outline = to_map(_outline(dataset.width, dataset.height))
    outline = _apply(~affine, outline[np.isfinite(outline).all(axis=1)])
    if not len(outline) or not np.isfinite(outline).all() or _flees(outline, dataset):
        return None
    left, top = (int(v) for v in np.floor(outline.min(axis=0) + 1e-6))
    right, bottom = (int(v) for v in np.ceil(outline.max(axis=0) - 1e-6))
    east, north = _apply(affine, np.array([[left, top]], float))[0].tolist()
    transform = Affine(affine.a, affine.b, east, affine.d, affine.e, north)
    grid = Grid(bottom - top, right - left, transform, crs)
    step = max(LEAST_STEP_PX, math.ceil(math.sqrt(grid.width * grid.height / LATTICE_NODES)))
    x, y = (step * np.arange(-(-size // step) + 1.0) for size in (grid.width, grid.height))
    nodes = np.stack([a.ravel() for a in np.meshgrid(x, y)], axis=1)
    shift = to_image(_apply(grid.transform, nodes)) - nodes
    finite = shift[np.isfinite(shift).all(axis=1)]
    if not len(finite) or np.abs(finite).max() > MOST_SHIFTED * max(dataset.width, dataset.height) + MOST_ADDED_PX:
        return None
    middle = np.array([[dataset.width / 2, dataset.height / 2 + step] for step in (-0.5, 0.5)])
    lon, lat = pyproj.Transformer.from_crs(crs, "OGC:CRS84", always_xy=True).transform(*_apply(affine, middle).T)
    return Geocoded(
        grid=grid,
        step_px=step,
        shift=shift.T.reshape(2, len(y), len(x)).astype(np.float32),
        method=method,
        affine_residual_m=(float(np.median(residuals)), float(residuals.max())),
        heading_deg=float(GEOD.inv(lon[0], lat[0], lon[1], lat[1])[0] % 360),
    )


def _flees(outline: Points, dataset: Any) -> bool:
    """Whether the outline of an image, in pixels of its grid, is far larger than the image itself."""
    wide, high = np.ptp(outline, axis=0).tolist()
    most_wide, most_high = (MOST_ENLARGED * side + MOST_ADDED_PX for side in (dataset.width, dataset.height))
    return bool(wide > most_wide or high > most_high)


def _apply(transform: Affine, points: Points) -> Points:
    a, b, c, d, e, f = transform[:6]
    x, y = points.T
    return np.stack([a * x + b * y + c, d * x + e * y + f], axis=1)


def _outline(width: int, height: int) -> Points:
    t = np.linspace(0.0, 1.0, EDGE_POINTS)
    x = np.concatenate([t * width, np.full_like(t, width), t * width, np.zeros_like(t)])
    y = np.concatenate([np.zeros_like(t), t * height, np.full_like(t, height), t * height])
    return np.stack([x, y], axis=1)
