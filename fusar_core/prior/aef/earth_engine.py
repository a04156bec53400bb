"""AlphaEarth embeddings from Google Earth Engine, with the user's own project and credentials."""

from __future__ import annotations

import json
import math
import os
import threading
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from fusar_core.domain.schema import EMBEDDING_BANDS as BANDS
from fusar_core.errors import MissingExtra, SourceDenied, SourceUnavailable
from fusar_core.prior.aef.cache import DiskCache
from fusar_core.prior.aef.chunks import Memory, gather
from fusar_core.prior.aef.lonlat_grid import METRES_PER_DEGREE, WORLD
from fusar_core.prior.aef.packing import pack, unpack
from fusar_core.prior.aef.quantisation import NODATA, Codes, Mask, Vectors, decode, has_data, unit_vectors
from fusar_core.prior.aef.source import ATTRIBUTION, Degrees, Progress, nearest_year
from fusar_core.prior.spacetime import SpatioTemporalBox

COLLECTION = "GOOGLE/SATELLITE_EMBEDDING/V1/ANNUAL"
BAND_NAMES = [f"A{i:02d}" for i in range(BANDS)]

WORKERS = 8
"""Requests at a time; Earth Engine allows 40 to a project."""

RETRIES = 5
"""Further tries of the client for answers 429 and 5xx and for broken connections, with doubling pauses."""

_CACHE = "earth-engine"


class EarthEngineSource:
    """The annual collection, read by `computePixels` chunk by chunk.

    Chunks are those of the mosaic's grid (256 × 256 pixels): vectors are encoded as int8 on the server, so that a
    request is 4.2 MB, far below the limit of 48 MB. For scenes with coarser pixels Earth Engine averages on its side.
    """

    attribution = ATTRIBUTION
    name = f"earth-engine {COLLECTION}"

    def __init__(
        self,
        project: str | None = None,
        cache: DiskCache | None = None,
        credentials: Any | None = None,
        url: str | None = None,
    ) -> None:
        """project: id of the Cloud project that is asked; the one of the credentials when None. credentials: of
        google-auth; by default the service account of GOOGLE_APPLICATION_CREDENTIALS, or what `earthengine
        authenticate` stored. url: another endpoint of the service."""
        self._project = project
        self._credentials = credentials
        self._url = url
        self._cache = cache or DiskCache()
        self._memory = Memory()
        self._lock = threading.Lock()
        self._client: Any | None = None
        self.on_progress: Progress | None = None

    def year_used(self, year: int) -> int:
        """The nearest year of `YEARS`; nothing is asked of Earth Engine."""
        return nearest_year(year)

    def covers(self, box: SpatioTemporalBox) -> bool:
        """Always: the collection is global. Places without data come as such from `sample`."""
        return True

    def sample(self, lon: Degrees, lat: Degrees, year: int, resolution_m: float = 0.0) -> tuple[Vectors, Mask]:
        """As any source; for a coarse `resolution_m` Earth Engine averages to pixels larger by a power of two."""
        used = self.year_used(year)
        level = max(0, math.floor(math.log2(max(1.0, 1.01 * resolution_m / (WORLD.step * METRES_PER_DEGREE)))))
        chunk, row, column, inside = WORLD.coarser(level).locate(lon, lat)
        codes = np.zeros((len(lon), BANDS), np.int8)
        found = np.zeros(len(lon), bool)
        load = partial(self._chunk, used, level)
        codes[inside], found[inside] = gather(
            chunk[inside], row[inside], column[inside], load, np.int8, WORKERS, self.on_progress
        )
        return unit_vectors(decode(codes), found & has_data(codes), self.name)

    def close(self) -> None:
        """Nothing to let go of; chunks stay in the disk cache."""
        pass

    def _chunk(self, year: int, level: int, number: int) -> Codes | None:
        return self._memory.get((year, level, number), partial(self._load, year, level, number))

    def _load(self, year: int, level: int, number: int) -> Codes | None:
        key = f"{COLLECTION} {year} {level} {number}"
        if (kept := self._cache.get(_CACHE, key)) is not None:
            try:
                return unpack(kept) if kept else None  # an empty entry: known to hold no data
            except ValueError:
                self._cache.drop(_CACHE, key)
        codes = self._compute(year, level, number)
        nothing = bool((codes == NODATA).all())
        self._cache.put(_CACHE, key, b"" if nothing else pack(codes))
        return None if nothing else codes

    def _compute(self, year: int, level: int, number: int) -> Codes:
        """One chunk, encoded as int8 by the server: int8 (64, 256, 256)."""
        ee = self._connect()
        grid = WORLD.coarser(level)
        row, column = grid.position(number)
        side = grid.chunk * grid.step
        west, north = grid.west + column * side, grid.north - row * side
        bounds = ee.Geometry.Rectangle([west, north - side, west + side, north], None, False)
        images = ee.ImageCollection(COLLECTION).filterDate(f"{year}-01-01", f"{year + 1}-01-01").filterBounds(bounds)
        # A masked image below all others: over open sea the collection is empty, and its mosaic would have no bands.
        blank = ee.Image.constant([0] * BANDS).rename(BAND_NAMES).toFloat().selfMask()
        vectors = ee.ImageCollection([blank]).merge(images.select(BAND_NAMES)).mosaic()
        codes = vectors.abs().sqrt().multiply(127.5).multiply(vectors.signum()).round().clamp(-127, 127)
        request = {
            "expression": codes.unmask(NODATA, False).toInt8(),
            "fileFormat": "NUMPY_NDARRAY",
            "grid": {
                "dimensions": {"width": grid.chunk, "height": grid.chunk},
                "affineTransform": {
                    "scaleX": grid.step,
                    "shearX": 0,
                    "translateX": west,
                    "shearY": 0,
                    "scaleY": -grid.step,
                    "translateY": north,
                },
                "crsCode": "EPSG:4326",
            },
        }
        try:
            pixels = ee.data.computePixels(request)
            return np.stack([pixels[name] for name in BAND_NAMES]).astype(np.int8)
        except (ValueError, KeyError) as cause:
            raise SourceUnavailable("Earth Engine answered with something else than pixels.", "Try again.") from cause
        except Exception as cause:
            raise _explained(cause, self._project) from cause

    def _connect(self) -> Any:
        """The client, initialised at its first use.

        Raises MissingExtra, SourceDenied, SourceUnavailable.
        """
        with self._lock:
            if self._client is None:
                try:
                    import ee
                except ImportError as cause:
                    raise MissingExtra.of("earthengine", "Earth Engine needs its Python client.") from cause
                chosen = self._project or self._credentials or self._url
                if chosen or not ee.data.is_initialized():  # else: the caller's own session
                    try:
                        ee.data.setMaxRetries(1)  # without a network it would try for half a minute
                        credentials = self._credentials or _service_account() or "persistent"
                        ee.Initialize(credentials, url=self._url, project=self._project)
                    except Exception as cause:
                        raise _explained(cause, self._project) from cause
                    finally:
                        ee.data.setMaxRetries(RETRIES)
                self._client = ee
            return self._client


def _service_account() -> Any | None:
    """Credentials of the service account that GOOGLE_APPLICATION_CREDENTIALS names, if it is one."""
    path = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
    if not path:
        return None
    try:
        key = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as cause:
        raise SourceDenied(
            f"The key file {path} of GOOGLE_APPLICATION_CREDENTIALS cannot be read.", "Correct or unset the variable."
        ) from cause
    if key.get("type") != "service_account":
        return None
    from ee import oauth
    from google.oauth2 import service_account

    try:
        return service_account.Credentials.from_service_account_info(key, scopes=oauth.SCOPES)  # type: ignore[no-untyped-call]
    except ValueError as cause:
        raise SourceDenied(f"{path} is no valid key of a service account: {cause}", "Create a new key.") from cause


def _explained(cause: Exception, project: str | None) -> Exception:
    """The error to raise for what the Earth Engine client raised."""
    if isinstance(cause, SourceDenied):
        return cause
    text = " ".join(str(cause).split())
    status = getattr(cause.__context__, "status_code", None)
    if "authorize access" in text or "earthengine authenticate" in text or type(cause).__name__ == "RefreshError":
        return SourceDenied(
            "There are no valid credentials for Earth Engine.",
            "Run `earthengine authenticate`, or let GOOGLE_APPLICATION_CREDENTIALS name a service account's key file.",
        )
    if "no project found" in text:
        return SourceDenied("Earth Engine needs a Cloud project.", "Give it as earth-engine:PROJECT.")
    if status in (401, 403, 404) or "permission" in text.lower() or "not registered" in text:
        return SourceDenied(
            f"Earth Engine refuses project '{project or 'of the credentials'}': {text}",
            "Give one that is registered for Earth Engine and yours to use, as earth-engine:PROJECT.",
        )
    return SourceUnavailable(f"Earth Engine does not answer as expected: {text}", "Check the network and try again.")
