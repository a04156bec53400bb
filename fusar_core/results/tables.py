"""The table of features that writers take: one layer of a result."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pyproj
import shapely

from fusar_core.domain.schema import Layer


@dataclass(frozen=True)
class FeatureTable:
    """The features of one layer: polygons in map coordinates and one dict of values each.

    crs: None for a scene without georeference; its features lie at (x, −y) of their pixels, which is where QGIS shows
    such a raster. A table that was read back may hold rows without a geometry (None) and rows that an analyst drew.
    """

    layer: Layer
    crs: pyproj.CRS | None
    polygons: list[shapely.Polygon]
    rows: list[dict[str, Any]]
    metadata: dict[str, str] = field(default_factory=dict)
