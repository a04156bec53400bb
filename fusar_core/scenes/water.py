"""Where targets may lie: a water mask, vector or raster, read window by window on the grid of a scene."""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from threading import RLock
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyogrio
import pyproj
import rasterio
import shapely
from affine import Affine
from rasterio import features
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window as RasterWindow

from fusar_core.domain.grid import Grid
from fusar_core.domain.tiling import Window
from fusar_core.errors import BadMask, SceneUnreadable
from fusar_core.scenes.raster.drivers import open_raster
from fusar_core.scenes.raster.names import raster_name
from fusar_core.scenes.raster.quiet import RASTER_ERRORS, reason_of, without_georeference_warning
from fusar_core.scenes.regular import head_of, is_special
from fusar_core.scenes.vectors import VECTOR_ERRORS

Mask = npt.NDArray[np.bool_]

LARGEST_PIECE = 2000
"""Corners of a polygon above which it is cut in two, so that rasterising a chip does not walk a whole coastline."""
SMALLEST_PIECE_PX = 64
POINTS_PER_SIDE = 33
POLYGON, MULTIPOLYGON, COLLECTION = 3, 6, 7  # shapely's type numbers
WITHOUT_POLYGONS = (
    "Point",
    "MultiPoint",
    "LineString",
    "MultiLineString",
    "CircularString",
    "CompoundCurve",
    "MultiCurve",
)
"""Declared types of layers that hold no polygon; layers of any other, or of none, may hold some."""
FOREIGN = re.compile(rb"<(?:OGR|GDAL_|WFS|WMS|WMT|Capabilities|VRT)", re.IGNORECASE)
"""How a file begins that describes a source elsewhere, such as a data base or a service on the network."""


class WaterMask(ABC):
    """Says of every scene pixel whether it is water. Use as a context manager, or call `close`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def open(cls, path: str | os.PathLike[str], grid: Grid) -> WaterMask:
        """Opens a mask for a scene with this grid.

        A vector file holds polygons of water; a raster is water where it is neither 0 nor nodata. Both are brought to
        the scene's CRS and grid. Without a CRS a raster must have the size of the scene, and polygons its map units
        ((x, −y) of the pixels where it has no georeference).

        Raises BadMask when the file cannot be read or covers no part of the scene.
        """
        path = Path(path)
        if not path.exists():
            raise BadMask(f"There is no water mask '{path}'.", "Check the path.")
        if is_special(path):
            raise BadMask(f"'{path}' is no file but a pipe or a device.", "Give e.g. a GeoPackage or a GeoTIFF.")
        if FOREIGN.match(head_of(path, 512).lstrip(b"\xef\xbb\xbf \r\n\t")) and path.suffix.lower() != ".vrt":
            raise BadMask(f"'{path}' describes a source elsewhere, which is not fetched.", "Export it to a GeoPackage.")
        try:
            layers = pyogrio.list_layers(path)
        except VECTOR_ERRORS:
            return RasterMask(path, grid)
        return VectorMask(path, grid, [str(name) for name, kind in layers if _may_hold_polygons(kind)])

    @abstractmethod
    def read(self, window: Window) -> Mask:
        """(H, W) bool, True on water; False outside the scene or the mask."""

    def close(self) -> None:  # noqa: B027 - nothing is held open by default
        """Closes the files."""

    def fingerprint(self) -> dict[str, Any]:
        """What makes this mask this one, as JSON-able values."""
        stat = self.path.stat()
        return {"name": self.path.name, "size": stat.st_size, "modified": stat.st_mtime_ns}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class VectorMask(WaterMask):
    """Polygons, kept in scene pixels and rasterised as chips are read. A pixel is water when its centre is."""

    def __init__(self, path: Path, grid: Grid, layers: list[str]) -> None:
        super().__init__(path)
        self._extent = Window(0, 0, grid.height, grid.width)
        pieces = [p for layer in layers for g in _polygons(path, layer, grid) for p in _pieces(g)]
        if not pieces:
            raise BadMask(
                f"The water mask '{path}' has no polygon in the scene.",
                "Give polygons of water that overlap the scene, with the right CRS.",
            )
        self._tree = shapely.STRtree(pieces)

    def read(self, window: Window) -> Mask:
        mask = np.zeros((window.height, window.width), bool)
        inside = window.intersection(self._extent)
        if inside is None:
            return mask
        near = self._tree.query(shapely.box(inside.col, inside.row, inside.right, inside.bottom))
        if near.size:
            part = features.rasterize(
                self._tree.geometries.take(near),
                out_shape=(inside.height, inside.width),
                transform=Affine.translation(inside.col, inside.row),
                dtype=np.uint8,
            )
            top, left = inside.row - window.row, inside.col - window.col
            mask[top : top + inside.height, left : left + inside.width] = part != 0
        return mask


class RasterMask(WaterMask):
    """A raster, warped onto the scene's grid (nearest neighbour) as chips are read."""

    def __init__(self, path: Path, grid: Grid) -> None:
        super().__init__(path)
        self._lock = RLock()
        try:
            with without_georeference_warning():
                self._dataset = open_raster(raster_name(path))
        except SceneUnreadable as cause:
            raise BadMask(
                f"The water mask '{path}' can be read neither as vector nor as raster: {cause.message.rstrip('.')}.",
                "Give e.g. a GeoPackage or a GeoTIFF.",
            ) from cause
        try:
            self._view = self._aligned(grid)
            covered = self._view.read_masks(1, out_shape=(min(grid.height, 512), min(grid.width, 512)))
        except BaseException:
            self._dataset.close()
            raise
        if not covered.any():
            self.close()
            raise BadMask(
                f"The water mask '{path}' covers no part of the scene.", "Give one of the same place, with its CRS."
            )

    def _aligned(self, grid: Grid) -> Any:
        mask = self._dataset
        if grid.crs is None or mask.crs is None:
            if mask.shape != (grid.height, grid.width):
                raise BadMask(
                    f"The water mask '{self.path}' has {mask.width} × {mask.height} pixels and the scene "
                    f"{grid.width} × {grid.height}, and they cannot be matched without a CRS.",
                    "Give a mask of the same size, or georeference both.",
                )
            return mask
        return WarpedVRT(
            mask,
            crs=rasterio.crs.CRS.from_wkt(grid.crs.to_wkt()),
            transform=grid.transform,
            width=grid.width,
            height=grid.height,
            add_alpha=mask.nodata is None,
        )

    def read(self, window: Window) -> Mask:
        mask = np.zeros((window.height, window.width), bool)
        inside = window.intersection(Window(0, 0, self._view.height, self._view.width))
        if inside is None:
            return mask
        part = RasterWindow(inside.col, inside.row, inside.width, inside.height)
        try:
            with self._lock:
                values = self._view.read(1, window=part)
                covered = self._view.read_masks(1, window=part)
        except RASTER_ERRORS as cause:
            raise _unreadable(self.path, cause) from cause
        top, left = inside.row - window.row, inside.col - window.col
        water = (values != 0) & (values == values) & (covered != 0)
        mask[top : top + inside.height, left : left + inside.width] = water
        return mask

    def close(self) -> None:
        if hasattr(self, "_view") and self._view is not self._dataset:
            self._view.close()
        self._dataset.close()


def _unreadable(path: Path, cause: Exception) -> BadMask:
    return BadMask(
        f"The water mask '{path}' cannot be read: {reason_of(cause)}.", "The file is damaged: fetch it again."
    )


def _may_hold_polygons(kind: str | None) -> bool:
    declared = re.sub(r" ?(?:Z|M|ZM|25D)$|^(?:2\.5D|3D) (?:Measured )?|^Measured ", "", str(kind or "Unknown"))
    return declared not in WITHOUT_POLYGONS and kind is not None


def _refuse_curves(path: Path, coded: Any, shapes: Any) -> None:
    """Raises BadMask when shapes were lost because they are bent or surfaces in space, which shapely cannot read."""
    lost = sum(c is not None and s is None for c, s in zip(coded, shapes, strict=True))
    if lost:
        raise BadMask(
            f"{lost} shapes of the water mask '{path}' are curves or surfaces that cannot be read.",
            "Convert them to polygons: ogr2ogr -nlt CONVERT_TO_LINEAR OUT.gpkg FILE.",
        )


def _parts_of(shapes: Any) -> Any:
    """The polygons among shapes, those inside collections and surfaces too."""
    collected = shapely.get_type_id(shapes) == COLLECTION
    while collected.any():
        shapes = np.concatenate([shapes[~collected], shapely.get_parts(shapes[collected])])
        collected = shapely.get_type_id(shapes) == COLLECTION
    return shapes[np.isin(shapely.get_type_id(shapes), (POLYGON, MULTIPOLYGON))]


def _polygons(path: Path, layer: str, grid: Grid) -> Iterator[Any]:
    """The polygons of a layer that meet the scene, in scene pixels, cut off just outside it."""
    try:
        info = pyogrio.read_info(path, layer=layer)
        crs = pyproj.CRS.from_user_input(info["crs"]) if info["crs"] else None
        west, south, east, north = bounds = _bounds_in(grid, crs)
        turns = (0.0, -360.0, 360.0) if crs is not None and crs.is_geographic else (0.0,)
        for turn in turns:
            box = (bounds[0] - turn, south, bounds[2] - turn, north)
            _, _, coded, _ = pyogrio.raw.read(path, layer=layer, columns=[], bbox=box, force_2d=True)
            shapes = shapely.from_wkb(coded, on_invalid="ignore")
            _refuse_curves(path, coded, shapes)
            shapes = _parts_of(shapes)
            shapes = np.where(shapely.is_valid(shapes), shapes, shapely.make_valid(shapes))
            for shape in shapes:
                moved = shapely.transform(shape, lambda xy, by=turn: xy + np.array([by, 0.0])) if turn else shape
                yield from _in_pixels(shapely.clip_by_rect(moved, west, south, east, north), grid, crs)
    except VECTOR_ERRORS as cause:
        raise _unreadable(path, cause) from cause


def _bounds_in(grid: Grid, crs: pyproj.CRS | None) -> tuple[float, float, float, float]:
    """Bounds of the scene in the mask's CRS, one lattice step larger; longitudes run on past ±180."""
    xs, ys = np.linspace(0, grid.width, POINTS_PER_SIDE), np.linspace(0, grid.height, POINTS_PER_SIDE)
    x, y = grid.to_map(*np.meshgrid(xs, ys))
    if crs is not None and grid.crs is not None:
        x, y = pyproj.Transformer.from_crs(grid.crs, crs, always_xy=True).transform(x, y)
        if crs.is_geographic:
            x = np.unwrap(np.unwrap(x, period=360.0, axis=1), period=360.0, axis=0)
    x, y = x[np.isfinite(x) & np.isfinite(y)], y[np.isfinite(x) & np.isfinite(y)]
    if x.size == 0:
        raise BadMask("The scene lies where the water mask's CRS has no answer.", "Reproject the mask.")
    pad_x, pad_y = (np.ptp(x) + 1e-9) / POINTS_PER_SIDE, (np.ptp(y) + 1e-9) / POINTS_PER_SIDE
    return float(x.min() - pad_x), float(y.min() - pad_y), float(x.max() + pad_x), float(y.max() + pad_y)


def _in_pixels(shape: Any, grid: Grid, crs: pyproj.CRS | None) -> Iterator[Any]:
    """The polygons of a shape in scene pixels; edges are followed as they curve."""
    if shape.is_empty:
        return
    xmin, ymin, xmax, ymax = shape.bounds
    shape = shapely.segmentize(shape, max(xmax - xmin, ymax - ymin, 1e-12) / POINTS_PER_SIDE)
    transformer = pyproj.Transformer.from_crs(crs, grid.crs, always_xy=True) if crs and grid.crs else None

    def to_pixel(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        x, y = xy.T
        if transformer is not None:
            x, y = transformer.transform(x, y)
        if grid.crs is not None and grid.crs.is_geographic:
            centre = float(grid.to_map(grid.width / 2, grid.height / 2)[0])
            x = centre + (x - centre + 180.0) % 360.0 - 180.0
        return np.stack(grid.to_pixel(x, y), axis=1)

    shape = shapely.transform(shape, to_pixel)
    if not np.isfinite(shapely.get_coordinates(shape)).all():
        return
    scene = shapely.box(0, 0, grid.width, grid.height)
    for part in shapely.get_parts(shape if shape.is_valid else shapely.make_valid(shape)):
        if part.geom_type == "Polygon" and part.intersection(scene).area > 0:
            yield part


def _pieces(polygon: Any) -> Iterator[Any]:
    """The polygon, or parts of it with few corners each."""
    xmin, ymin, xmax, ymax = polygon.bounds
    wide, high = xmax - xmin, ymax - ymin
    if shapely.get_num_coordinates(polygon) <= LARGEST_PIECE or max(wide, high) < SMALLEST_PIECE_PX:
        yield polygon
        return
    x, y = ((xmin + xmax) / 2, ymax) if wide > high else (xmax, (ymin + ymax) / 2)
    rest = (x, ymin) if wide > high else (xmin, y)
    for half in ((xmin, ymin, x, y), (*rest, xmax, ymax)):
        for part in shapely.get_parts(shapely.clip_by_rect(polygon, *half)):
            if part.geom_type == "Polygon":
                yield from _pieces(part)
