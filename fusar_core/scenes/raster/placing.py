"""Where an open raster lies: by its geotransform, its control points or its polynomials, if that is on the earth."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pyproj
from affine import Affine

from fusar_core.domain.grid import Grid
from fusar_core.errors import BadBand, BadCrs, FusarError
from fusar_core.scenes.raster.geocoding import Geocoded, geocode_by_points, geocode_by_rpc
from fusar_core.scenes.raster.quiet import RASTER_ERRORS

PIXEL_SPACE = Affine(1, 0, 0, 0, -1, 0)
"""Where QGIS shows a raster without georeference: pixel (x, y) at (x, −y)."""
Placed = tuple[Grid, str, Geocoded | None, list[str]]
"""A grid, how it is known (`affine`, `gcp`, `rpc`, `none`), and warnings."""


def place(datasets: list[Any], name: str, given: pyproj.CRS | None = None) -> Placed:
    """The common place of the rasters whose bands are read together.

    given: the CRS of the coordinates where the user says so; it goes before the file's own.

    Raises BadBand when they lie in different places, BadCrs when the scene cannot lie in the CRS given.
    """
    first = datasets[0]
    transform, warned = _transform(first, name)
    placed = transform is not None
    own = _crs(first) if placed else None
    crs = (given or own) if placed else None
    if transform is not None and crs is not None:
        grid = Grid(first.height, first.width, transform, crs)
        fault = grid.place_fault()
        if fault is None:
            if given is not None and own is not None and given != own:
                warned.append(f"{name} is placed in the CRS given, {_in_words(given)}; the file says {_in_words(own)}.")
            return grid, "affine", None, warned
        if given is not None:
            raise BadCrs(f"{name} {fault}.", "Give the CRS that its coordinates are in.")
        return _nowhere(first, transform, [f"{name} {fault}: {_UNPLACED} Give it the right CRS (--crs)."])
    if not placed:
        for kind, geocode in (("gcp", partial(_by_points, given=given)), ("rpc", _by_polynomials)):
            geocoded = geocode(first, warned, name)
            if geocoded is not None:
                if not all(_same_grid(geocoded, geocode(d, [], name)) for d in datasets[1:]):
                    raise BadBand("The bands cannot be combined: they lie in different places.")
                if given is not None and kind == "rpc":
                    warned.append(f"{name} is placed by polynomials (RPC); the CRS given is not used.")
                return geocoded.grid, kind, geocoded, warned
    why = "has a geotransform, but no known CRS" if placed else "has no georeference"
    return _nowhere(first, transform, [*warned, f"{name} {why}: {_UNPLACED}"])


_UNPLACED = "sizes are in pixels, and the results do not lie on the map."


def _nowhere(dataset: Any, transform: Affine | None, warned: list[str]) -> Placed:
    return Grid(dataset.height, dataset.width, transform or PIXEL_SPACE, None), "none", None, warned


def _transform(dataset: Any, name: str) -> tuple[Affine | None, list[str]]:
    """The geotransform, where there is one that means something; warnings about one that does not."""
    transform = dataset.transform
    if not all(math.isfinite(v) for v in transform[:6]):
        return None, [f"The geotransform of {name} holds values that are no numbers and is left out."]
    if transform.is_identity or transform == PIXEL_SPACE or transform.is_degenerate:
        return None, []
    return transform, []


def _crs(dataset: Any) -> pyproj.CRS | None:
    """The CRS, unless it is damaged or has no place on the earth (a site's own coordinates)."""
    try:
        known = pyproj.CRS.from_wkt(dataset.crs.to_wkt()) if dataset.crs else None
    except (*RASTER_ERRORS, pyproj.exceptions.CRSError):
        return None
    return known if known is not None and (known.is_geographic or known.is_projected) else None


def _in_words(crs: pyproj.CRS) -> str:
    return ":".join(crs.to_authority() or ()) or crs.name


def _by_points(dataset: Any, warned: list[str], name: str, given: pyproj.CRS | None = None) -> Geocoded | None:
    if not dataset.gcps[0]:
        return None
    return _usable(partial(geocode_by_points, given=given), dataset, warned, f"The control points of {name}")


def _by_polynomials(dataset: Any, warned: list[str], name: str) -> Geocoded | None:
    if not dataset.rpcs:
        return None
    return _usable(geocode_by_rpc, dataset, warned, f"The rational polynomials (RPC) of {name}")


def _usable(geocode: Callable[[Any], Geocoded | None], dataset: Any, warned: list[str], what: str) -> Geocoded | None:
    """What a geocoding gives, or a warning where it gives no place."""
    try:
        geocoded = geocode(dataset)
    except FusarError:
        raise
    except (*RASTER_ERRORS, pyproj.exceptions.ProjError, np.linalg.LinAlgError):
        geocoded = None
    if geocoded is None or geocoded.grid.place_fault() is not None:
        warned.append(f"{what} define no place on the earth and are left out.")
        return None
    return geocoded


def _same_grid(geocoded: Geocoded, other: Geocoded | None) -> bool:
    return (
        other is not None
        and (other.grid.height, other.grid.width) == (geocoded.grid.height, geocoded.grid.width)
        and other.grid.transform.almost_equals(geocoded.grid.transform)
    )
