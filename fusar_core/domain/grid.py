"""The one grid value passed everywhere: the shape of a raster, its affine transform, and its CRS.

Conventions, the same as GDAL's: pixel coordinates are (x, y) = (column, row) with (0, 0) at the outer corner of the
first pixel, whose centre is (0.5, 0.5); rows grow downwards while latitude grows upwards.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyproj
from affine import Affine
from pyproj.enums import WktVersion

FloatArray = npt.NDArray[np.float64]

GEOD = pyproj.Geod(ellps="WGS84")

MOST_OFF_PX = 1.0
"""By which the middle of a grid may miss itself on the way to longitude and latitude and back."""


@dataclass(frozen=True)
class Grid:
    """Shape, affine and CRS of a raster; `crs` is None for an image without georeference.

    transform maps pixel (x, y) to map coordinates, rotation and shear included.
    """

    height: int
    width: int
    transform: Affine
    crs: pyproj.CRS | None

    @property
    def is_georeferenced(self) -> bool:
        """Whether there is a CRS; without one nothing can be put on a map or given a prior."""
        return self.crs is not None

    def to_map(self, x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Pixel (x, y) → map coordinates (easting or longitude, northing or latitude)."""
        x, y = np.asarray(x, float), np.asarray(y, float)
        a, b, c, d, e, f = self.transform[:6]
        return a * x + b * y + c, d * x + e * y + f

    def to_pixel(self, map_x: npt.ArrayLike, map_y: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Map coordinates → pixel (x, y)."""
        map_x, map_y = np.asarray(map_x, float), np.asarray(map_y, float)
        a, b, c, d, e, f = (~self.transform)[:6]
        return a * map_x + b * map_y + c, d * map_x + e * map_y + f

    @cached_property
    def _to_lonlat(self) -> pyproj.Transformer:
        if self.crs is None:
            raise ValueError("an image without georeference has no longitude and latitude")
        return pyproj.Transformer.from_crs(self.crs, "OGC:CRS84", always_xy=True)

    def to_lonlat(self, x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Pixel (x, y) → WGS 84 longitude and latitude in degrees; inf where the CRS has no answer."""
        lon, lat = self._to_lonlat.transform(*self.to_map(x, y))
        return np.asarray(lon, float), np.asarray(lat, float)

    def from_lonlat(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        """WGS 84 longitude and latitude in degrees → pixel (x, y).

        A raster in degrees may run past ±180° (0…360 rasters, scenes over the antimeridian): the longitude is first
        brought within half a turn of the raster's centre.
        """
        map_x, map_y = self._to_lonlat.transform(np.asarray(lon, float), np.asarray(lat, float), direction="INVERSE")
        map_x = np.asarray(map_x, float)
        if self.crs is not None and self.crs.is_geographic:
            centre = float(self.to_map(self.width / 2, self.height / 2)[0])
            map_x = centre + (map_x - centre + 180.0) % 360.0 - 180.0
        return self.to_pixel(map_x, map_y)

    def place_fault(self) -> str | None:
        """Why this grid cannot lie where it says, as the end of a sentence; None where it lies on the earth."""
        if self.crs is None:
            return None
        x, y = (np.array(v, float) for v in ((0.5, 0.0, 1.0, 1.0, 0.0), (0.5, 0.0, 0.0, 1.0, 1.0)))
        map_x, map_y = self.to_map(x * self.width, y * self.height)
        if not (np.isfinite(map_x).all() and np.isfinite(map_y).all()):
            return "lies at places that are no numbers"
        if self.crs.is_geographic:
            slack = max(abs(v) for v in (self.transform.a, self.transform.b, self.transform.d, self.transform.e))
            if np.abs(map_y).max() > 90 + slack or np.abs(map_x).max() > 360 + slack:
                west, east, south, north = (float(f(v)) for v in (map_x, map_y) for f in (np.min, np.max))
                where = f"longitude {west:.6g} … {east:.6g}, latitude {south:.6g} … {north:.6g}"
                return (
                    f"has coordinates that are no degrees on the earth ({where}), though its CRS is {self.crs_name()}"
                )
            return None
        with np.errstate(invalid="ignore"):
            lon, lat = self.to_lonlat(x * self.width, y * self.height)
            back = np.stack(self.from_lonlat(lon, lat))
            off = np.hypot(*(back - np.stack([x * self.width, y * self.height])))
        if not math.isfinite(float(off[0])) or off[0] > MOST_OFF_PX:
            return f"lies where {self.crs_name() or 'its CRS'} has no place on the earth"
        return None

    def footprint(self, points_per_edge: int = 11) -> list[tuple[float, float]]:
        """The outline as a closed ring of (lon, lat) in degrees, clockwise from the top-left corner.

        Longitudes are unwrapped: along a scene over the antimeridian they run on past ±180 and never jump.
        """
        t = np.linspace(0.0, 1.0, points_per_edge)[:-1]
        w, h = self.width, self.height
        x = np.concatenate([t * w, np.full_like(t, w), (1 - t) * w, np.zeros_like(t), [0.0]])
        y = np.concatenate([np.zeros_like(t), t * h, np.full_like(t, h), (1 - t) * h, [0.0]])
        lon, lat = self.to_lonlat(x, y)
        finite = np.isfinite(lon) & np.isfinite(lat)
        lon, lat = np.unwrap(lon[finite], period=360.0), lat[finite]
        return list(zip(lon.tolist(), lat.tolist(), strict=True))

    def pixel_size_at(self, x: float, y: float) -> tuple[float, float]:
        """Ground size (metres along a row, metres along a column) of the pixel around (x, y), on the ellipsoid."""
        lon, lat = self.to_lonlat([x - 0.5, x + 0.5, x, x], [y, y, y - 0.5, y + 0.5])
        _, _, along_row = GEOD.inv(lon[0], lat[0], lon[1], lat[1])
        _, _, along_column = GEOD.inv(lon[2], lat[2], lon[3], lat[3])
        return float(along_row), float(along_column)

    @cached_property
    def pixel_size_m(self) -> tuple[float, float] | None:
        """Ground size of the central pixel in metres (along a row, along a column); None without georeference.

        Geodesic, so right for degrees and for conformal projections far from their line of true scale (10 projected
        metres of EPSG:3395 are 8.3 m on the ground in Los Angeles).
        """
        if self.crs is None:
            return None
        size = self.pixel_size_at(self.width / 2, self.height / 2)
        return size if all(math.isfinite(s) and s > 0 for s in size) else None

    def crs_name(self) -> str:
        """Short name of the CRS: `EPSG:32611` where it has a code, its title otherwise, empty without one."""
        if self.crs is None:
            return ""
        authority = self.crs.to_authority(min_confidence=70)
        return ":".join(authority) if authority else str(self.crs.name)

    def crs_wkt(self) -> str:
        """The CRS as WKT 2, empty without one."""
        return "" if self.crs is None else str(self.crs.to_wkt(WktVersion.WKT2_2019))
