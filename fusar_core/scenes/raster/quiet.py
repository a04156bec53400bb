"""Opening rasters without the warnings of a library, where an answer of our own says more."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from rasterio.errors import NotGeoreferencedWarning


@contextmanager
def without_georeference_warning() -> Iterator[None]:
    """Silences rasterio's NotGeoreferencedWarning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield
