"""Labels in vector files (GeoPackage, shapefile, GeoJSON …), as boxes in the pixels of a scene."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyogrio
import pyogrio.errors
import pyproj
import shapely

from fusar_core.domain.grid import Grid
from fusar_core.results.rows import ground_sizes
from training.data.builders.options import Naming
from training.data.triplets import Box, Target
from training.errors import BadLabels


@dataclass(frozen=True)
class VectorLabels:
    """Labels as a file holds them. crs: None where it says none. sizes_m: of points, NaN where nobody says."""

    path: Path
    crs: pyproj.CRS | None
    geometries: npt.NDArray[Any]
    names: list[str]
    sizes_m: npt.NDArray[np.float64]


@dataclass(frozen=True)
class SceneLabels:
    """What lies on one scene, in its pixels: targets, and areas whose targets nobody knows."""

    targets: list[Target] = field(default_factory=list)
    ignored: list[shapely.Geometry] = field(default_factory=list)


def read_labels(
    path: Path,
    class_field: str | None = None,
    *,
    layer: str | None = None,
    name: str = "",
    size_field: str | None = None,
    size_m: float | None = None,
) -> VectorLabels:
    """Reads labels: polygons, lines, or points of a size.

    class_field: the field that names what each is, or `name` for all. size_field, size_m: metres across of points, by a
    field or for all.

    Raises BadLabels, naming the field or the feature that is wrong.
    """
    if not path.exists():
        raise BadLabels(f"There is no file {path}.", "Give a GeoPackage, a shapefile or a GeoJSON.")
    try:
        meta, _, wkb, columns = pyogrio.raw.read(path, layer=layer)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError) as cause:
        raise BadLabels(f"{path} cannot be read: {cause}", "Give a vector file, and its layer by --layer.") from cause
    values = dict(zip(meta["fields"], columns, strict=True))
    for wanted in (class_field, size_field):
        if wanted is not None and wanted not in values:
            raise BadLabels(f"{path} has no field '{wanted}'.", f"It has: {', '.join(values) or 'none'}.")
    if class_field is None and not name:
        raise BadLabels(f"Nobody says what the features of {path} are.", "Give --class-field, or --name for all.")
    geometries = shapely.from_wkb(wkb)
    names = [name if class_field is None else str(v).strip() for v in values.get(class_field or "", geometries)]
    for i, geometry in enumerate(geometries):
        if geometry is None or geometry.is_empty:
            raise BadLabels(f"Feature {i + 1} of {path} has no geometry.", "Remove it.")
        if names[i] in ("", "None", "nan"):
            raise BadLabels(f"Feature {i + 1} of {path} has no '{class_field}'.", "Say what it is, or remove it.")
    sizes = np.full(len(names), np.nan if size_m is None else size_m)
    if size_field is not None:
        own = np.array([np.nan if v is None else v for v in values[size_field]], float)
        sizes = np.where(np.isfinite(own) & (own > 0), own, sizes)
    crs = pyproj.CRS.from_user_input(meta["crs"]) if meta["crs"] else None
    return VectorLabels(path, crs, geometries, names, sizes)


def labels_on(labels: VectorLabels, grid: Grid, naming: Naming) -> SceneLabels:
    """The labels that lie on a scene, in its pixels.

    Without a CRS on both sides, coordinates are (x, −y) of pixels, as the layers of scenes without georeference have.
    A target's length is that of the smallest rectangle around it, on the ellipsoid. Each point of a multipoint is a
    label of its own, with the name and size of its feature; any other feature is one, however many parts it has.

    Raises BadLabels where only one side has a CRS, and for points without size.
    """
    if (labels.crs is None) != (grid.crs is None):
        side = f"{labels.path} has no coordinate reference system" if labels.crs is None else "The scene has none"
        raise BadLabels(f"{side}, so its labels cannot be laid over the scene.", "Give both one, or neither.")
    found = SceneLabels()
    whole = shapely.box(0, 0, grid.width, grid.height)
    for i, geometry in _in_pixels(labels, grid):
        if not shapely.intersects(geometry, whole):
            continue
        area, length_m = _extended(labels, i, geometry, grid)
        if labels.names[i] in naming.ignore:
            found.ignored.append(area)
        elif target := naming.target(labels.names[i], _bounds(area), length_m):
            found.targets.append(target)
    return found


def _in_pixels(labels: VectorLabels, grid: Grid) -> Iterator[tuple[int, shapely.Geometry]]:
    """Index of the feature and geometry in pixels (x, y) of each label that has a place in the scene's CRS."""
    for i, geometry in enumerate(_moved(labels, grid)):
        points_alone = shapely.get_dimensions(geometry) == 0
        for part in shapely.points(shapely.get_coordinates(geometry)) if points_alone else [geometry]:
            if np.isfinite(shapely.get_coordinates(part)).all():
                yield i, part


def _moved(labels: VectorLabels, grid: Grid) -> npt.NDArray[Any]:
    """Geometries in pixels (x, y), not finite where the scene's CRS has no place for a vertex."""
    if labels.crs is None:
        return np.asarray(shapely.transform(shapely.force_2d(labels.geometries), lambda xy: xy * [1.0, -1.0]))
    to_lonlat = pyproj.Transformer.from_crs(labels.crs, "OGC:CRS84", always_xy=True)

    def there(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(grid.from_lonlat(*to_lonlat.transform(xy[:, 0], xy[:, 1])))

    return np.asarray(shapely.transform(shapely.force_2d(labels.geometries), there))


def _extended(
    labels: VectorLabels, i: int, geometry: shapely.Geometry, grid: Grid
) -> tuple[shapely.Geometry, float | None]:
    """The area of a label in pixels, and its length in metres; points become squares of their size."""
    if geometry.geom_type == "Point":
        size = float(labels.sizes_m[i])
        if not size > 0:
            raise BadLabels(
                f"Feature {i + 1} of {labels.path} is a point of no size.", "Give --size-field or --size-m, in metres."
            )
        across = grid.pixel_size_at(geometry.x, geometry.y) if grid.crs is not None else (1.0, 1.0)
        half_x, half_y = size / across[0] / 2, size / across[1] / 2
        return shapely.box(geometry.x - half_x, geometry.y - half_y, geometry.x + half_x, geometry.y + half_y), size
    x1, y1, x2, y2 = geometry.bounds
    if x2 - x1 < 1 or y2 - y1 < 1 or shapely.area(geometry) == 0:  # lines, and what is thinner than a pixel
        geometry = shapely.buffer(geometry, 0.5, cap_style="square", join_style="mitre")
    if grid.crs is None:
        return geometry, None
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(geometry))[:4].tolist()
    a, b, c, d = ((x, y) for x, y in corners)
    return geometry, ground_sizes(grid, [(a, b, c, d)])[0][0]


def _bounds(geometry: shapely.Geometry) -> Box:
    x1, y1, x2, y2 = map(float, geometry.bounds)
    return x1, y1, x2, y2
