"""Where and when: B = [lon_min, lat_min, lon_max, lat_max, y] (paper eq. 1) and its regular grid of nodes (eq. 2)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fusar_core.domain.grid import FloatArray, Grid
from fusar_core.domain.tiling import Window
from fusar_core.errors import BadExtent, BadOption

POINTS_PER_EDGE = 17
"""Points of a chip's edge that are taken to degrees; between them an edge of 5 km bends by less than a centimetre."""


MOST_NODES = 1000
"""Along a side of a sampling grid: more than the pixels that embeddings have under a chip."""


@dataclass(frozen=True)
class SpatioTemporalBox:
    """A box of longitudes and latitudes (degrees, WGS 84) in one year.

    lon_max < lon_min means that the box crosses the antimeridian, as in GeoJSON (RFC 7946). A box around a pole spans
    -180…180 and ends at latitude ±90.

    Raises BadExtent for bounds that are NaN, infinite, out of range, or empty.
    """

    lon_min: float
    lat_min: float
    lon_max: float
    lat_max: float
    year: int

    def __post_init__(self) -> None:
        bounds = (self.lon_min, self.lat_min, self.lon_max, self.lat_max)
        if not all(math.isfinite(b) for b in bounds):
            raise BadExtent(f"The bounds {bounds} are not all finite numbers.", "Check the scene's georeference.")
        if not (-180 <= self.lon_min <= 180 and -180 <= self.lon_max <= 180 and -90 <= self.lat_min <= 90):
            raise BadExtent(
                f"The bounds {bounds} are no longitudes and latitudes.", "Give degrees within ±180 and ±90."
            )
        if not self.lat_min < self.lat_max <= 90 or self.lon_min == self.lon_max:
            raise BadExtent(f"The box {bounds} is empty.", "Give lon_min, lat_min, lon_max, lat_max in this order.")

    @classmethod
    def of_window(cls, grid: Grid, window: Window, year: int) -> SpatioTemporalBox:
        """The smallest box around a window of a raster, whatever its CRS and rotation.

        Longitudes are taken relative to the window's centre, so that a window over the antimeridian stays narrow; a
        window that holds a pole gets every longitude. Corners where the CRS has no answer are left out.

        Raises BadExtent when no part of the window has a longitude and latitude.
        """
        t = np.linspace(0.0, 1.0, POINTS_PER_EDGE)
        x, y = (a.ravel() for a in np.meshgrid(window.col + t * window.width, window.row + t * window.height))
        lon, lat = grid.to_lonlat(x, y)
        finite = np.isfinite(lon) & np.isfinite(lat)
        if not finite.any():
            raise BadExtent(
                f"The window at row {window.row}, column {window.col} has no longitude and latitude.",
                "Its CRS does not reach that far.",
            )
        lon, lat = lon[finite], lat[finite]
        centre = lon[len(lon) // 2]
        turned = (lon - centre + 180.0) % 360.0 - 180.0
        west, east = centre + float(turned.min()), centre + float(turned.max())
        lat_min, lat_max = float(lat.min()), float(lat.max())
        north, south = _holds_pole(grid, window, 90.0), _holds_pole(grid, window, -90.0)
        if north or south or east - west >= 360.0:
            return cls(-180.0, -90.0 if south else lat_min, 180.0, 90.0 if north else lat_max, year)
        return cls(_wrapped(west), lat_min, _wrapped(east), lat_max, year)

    @property
    def crosses_antimeridian(self) -> bool:
        """Whether it goes over ±180° of longitude: then lon_max is smaller than lon_min."""
        return self.lon_max < self.lon_min

    @property
    def width_deg(self) -> float:
        """Longitudes spanned, in degrees."""
        return self.lon_max - self.lon_min + (360.0 if self.crosses_antimeridian else 0.0)

    def nodes(self, n_lon: int = 18, n_lat: int = 18) -> tuple[FloatArray, FloatArray]:
        """Longitudes and latitudes of the regular grid over the box (eq. 2), each float64 (n_lat · n_lon,).

        First and last nodes lie on the bounds; rows from north to south, each from west to east. One node along an axis
        stands in the middle.

        Raises BadOption for two nodes along an axis: the Gaussians around them (eq. 7) vanish over the image between.
        """
        lon = self.lon_min + self.width_deg * _steps(n_lon)
        lat = self.lat_max - (self.lat_max - self.lat_min) * _steps(n_lat)
        lon = np.where(lon > 180.0, lon - 360.0, lon)
        lon, lat = np.meshgrid(lon, lat)
        return lon.ravel(), lat.ravel()

    def intersects(self, other: SpatioTemporalBox) -> bool:
        """Whether the two boxes share any place; the year does not matter."""
        if self.lat_min > other.lat_max or other.lat_min > self.lat_max:
            return False
        return (other.lon_min - self.lon_min) % 360.0 <= self.width_deg or (
            self.lon_min - other.lon_min
        ) % 360.0 <= other.width_deg


def _steps(n: int) -> FloatArray:
    """Fractions 0…1 at which the nodes of one axis stand."""
    if n < 1 or n == 2 or n > MOST_NODES:
        raise BadOption(
            f"A sampling grid of {n} nodes along a side is of no use.",
            f"Give 1 for the centre only, or 3 to {MOST_NODES}.",
        )
    return np.array([0.5]) if n == 1 else np.linspace(0.0, 1.0, n)


def _wrapped(lon: float) -> float:
    return lon if -180.0 <= lon <= 180.0 else (lon + 180.0) % 360.0 - 180.0


def _holds_pole(grid: Grid, window: Window, lat: float) -> bool:
    """Whether the pole lies inside the window. In degrees a pole is a line along the edge: never inside."""
    if grid.crs is None or grid.crs.is_geographic:
        return False
    with np.errstate(invalid="ignore"):
        x, y = grid.from_lonlat(0.0, lat)
    if not (np.isfinite(x) and np.isfinite(y)):
        return False
    return bool(window.col < x < window.right and window.row < y < window.bottom)
