"""Requests that give one layer at the end."""

from __future__ import annotations

from qgis.core import QgsCoordinateReferenceSystem, QgsFeature

from .. import layers


def collect(
    algorithm, method: str, request: dict, feedback
) -> tuple[dict, list[QgsFeature], QgsCoordinateReferenceSystem]:
    """Asks the engine; returns its summary, the features and their CRS. Raises EngineError."""
    features: list[QgsFeature] = []
    summary = algorithm.ask_engine(
        method,
        request,
        feedback,
        lambda layer, message: features.extend(layers.features_of(layer, message["geojson"])),
    )
    return summary, features, layers.crs_of(summary.get("crs"))
