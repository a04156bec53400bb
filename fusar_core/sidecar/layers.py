"""Result layers on their way to the client: GeoJSON in parts, with the CRS beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyproj

from fusar_core.results.tables import FeatureTable
from fusar_core.sidecar.call import Call

FEATURES_AT_ONCE = 1000
"""Features in one message: enough to be quick, little enough for the client to stay responsive."""


def send_table(call: Call, table: FeatureTable, crs: Any, *, partial: bool) -> None:
    """Sends a whole layer, in parts; one without features is sent all the same, so that its metadata arrive."""
    features = geojson(table)
    for start in range(0, max(1, len(features)), FEATURES_AT_ONCE):
        part = features[start : start + FEATURES_AT_ONCE]
        call.features(table.layer.name, part, crs=crs, provisional=False, partial=partial, metadata=table.metadata)


def geojson(table: FeatureTable) -> list[dict[str, Any]]:
    """The features of a table as GeoJSON objects, coordinates in the table's CRS; those without a place left out."""
    features = []
    for polygon, row in zip(table.polygons, table.rows, strict=True):
        ring = [[x, y] for x, y in polygon.exterior.coords]
        if np.isfinite(ring).all():
            geometry = {"type": "Polygon", "coordinates": [ring]}
            features.append({"type": "Feature", "geometry": geometry, "properties": json_row(row)})
    return features


def json_row(row: dict[str, Any]) -> dict[str, Any]:
    """The row with values that JSON has: no NaN, no infinity."""
    return {k: None if isinstance(v, float) and not np.isfinite(v) else v for k, v in row.items()}


def crs_definition(crs: pyproj.CRS | None) -> dict[str, str | None] | None:
    """A CRS as the client reads it: authority id where it has one, and WKT."""
    if crs is None:
        return None
    authority = crs.to_authority()
    return {"authid": ":".join(authority) if authority else None, "wkt": crs.to_wkt()}
