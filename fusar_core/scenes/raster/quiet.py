"""The warnings and errors of the raster library, where an answer of our own says more."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from rasterio._err import CPLE_BaseError
from rasterio.errors import NotGeoreferencedWarning, RasterioError

RASTER_ERRORS = (RasterioError, CPLE_BaseError, OSError, ValueError, MemoryError, OverflowError, SystemError)
"""What rasterio raises over a damaged file. CPLE_BaseError is GDAL's own, which rasterio does not wrap everywhere."""


def reason_of(cause: BaseException) -> str:
    """What the library says of an error, as part of a sentence."""
    if isinstance(cause, MemoryError):
        return "it does not fit into memory"
    return str(cause.__cause__ or cause).strip().rstrip(".")


@contextmanager
def without_georeference_warning() -> Iterator[None]:
    """Silences rasterio's NotGeoreferencedWarning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield
