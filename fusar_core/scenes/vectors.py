"""What is raised over vector files that are damaged, by whichever library meets the damage first."""

from __future__ import annotations

import pyogrio.errors
import pyproj
import shapely

VECTOR_ERRORS = (
    *(pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError),
    *(pyproj.exceptions.ProjError, shapely.errors.ShapelyError),
    *(OSError, RuntimeError, ValueError, OverflowError),
)
"""ValueError among them: names and values that are no UTF-8 (UnicodeDecodeError), dates that are none."""
