"""AlphaEarth embeddings from rasters of 64 bands: one file, a folder of them, or a remote one."""

from __future__ import annotations

import threading
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fusar_core.domain.schema import EMBEDDING_BANDS as BANDS
from fusar_core.errors import BadEmbeddings
from fusar_core.prior.aef.cache import DiskCache
from fusar_core.prior.aef.chunks import Memory, gather
from fusar_core.prior.aef.packing import pack, unpack
from fusar_core.prior.aef.quantisation import Mask, Vectors, decode, has_data, unit_vectors
from fusar_core.prior.aef.raster_file import CHUNK, RasterFile
from fusar_core.prior.aef.source import ATTRIBUTION, YEARS, Degrees, Progress, is_remote, nearest_year
from fusar_core.prior.spacetime import SpatioTemporalBox

REMOTE_WORKERS = 8

EDGE_TOLERANCE_PX = 0.01
"""How far beyond the edge a point may fall and still belong to the pixel there: a raster cut to a chip holds the nodes
on the chip's edges, whatever rounding says."""

SUFFIXES = (".tif", ".tiff", ".vrt")

_CACHE = "raster"

Array = npt.NDArray[Any]


class RasterSource:
    """Rasters of AlphaEarth vectors: GeoTIFF, COG or VRT, int8 codes or decoded floats, any CRS, rows up or down.

    In a folder each point is looked up in the files of the wanted year that hold it, by name, until one has data there.
    The year is read from the file's name, its folders' or its tags; files that do not say are taken for any year. Of a
    remote raster every chunk is kept in the disk cache; a local one is read as it is. Overviews are used for scenes
    with coarser pixels.

    Raises (at the first use) BadEmbeddings, BadCrs, SourceUnavailable.
    """

    attribution = ATTRIBUTION

    def __init__(self, location: str | Path, cache: DiskCache | None = None) -> None:
        self._location = location
        self._remote = is_remote(str(location))
        self._cache = (cache or DiskCache()) if self._remote else None
        self._memory = Memory()
        self._lock = threading.Lock()
        self.name = f"raster {location}"
        self.on_progress: Progress | None = None

    def year_used(self, year: int) -> int:
        """The nearest year that any raster states; of `YEARS` where none does."""
        stated = {raster.year for raster in self._rasters if raster.year is not None}
        return nearest_year(year, stated or YEARS)

    def covers(self, box: SpatioTemporalBox) -> bool:
        """Whether the bounds of any raster meet the box, whatever its year."""
        return any(raster.box.intersects(box) for raster in self._rasters)

    def sample(self, lon: Degrees, lat: Degrees, year: int, resolution_m: float = 0.0) -> tuple[Vectors, Mask]:
        """As any source: rasters of the year used are gone through in order until each point has found data."""
        used = self.year_used(year)
        values = np.zeros((len(lon), BANDS), np.float32)
        valid = np.zeros(len(lon), bool)
        for raster in self._rasters:
            if raster.year in (used, None) and not valid.all():
                todo = np.flatnonzero(~valid)
                values[todo], valid[todo] = self._sample_one(raster, lon[todo], lat[todo], resolution_m)
        return unit_vectors(values, valid, self.name)

    def close(self) -> None:
        """Closes the rasters, if any were opened at all."""
        for raster in self.__dict__.get("_rasters", []):  # only when they were opened at all
            raster.close()

    @cached_property
    def _rasters(self) -> list[RasterFile]:
        with self._lock:
            if self._remote:
                return [self._remembered(str(self._location))]
            path = Path(self._location)
            if not path.is_dir():
                return [RasterFile.open(str(path))]
            files = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES)
            stems = {p.with_suffix("") for p in files if p.suffix.lower() != ".vrt"}
            files = [p for p in files if p.suffix.lower() != ".vrt" or p.with_suffix("") not in stems]
            rasters = []
            for file in files:
                try:
                    rasters.append(RasterFile.open(str(file)))
                except BadEmbeddings:
                    continue  # other rasters may lie in the same folder
            if not rasters:
                raise BadEmbeddings(
                    f"{path} holds no raster of {BANDS} bands.", "Give the folder of AlphaEarth's GeoTIFFs."
                )
            return rasters

    def _remembered(self, url: str) -> RasterFile:
        """A remote raster, described from the disk cache when it was opened before, so that it works offline."""
        assert self._cache is not None
        kept = self._cache.get(_CACHE, url)
        if kept is not None:
            try:
                return RasterFile.from_json(kept)
            except (ValueError, KeyError, TypeError):
                self._cache.drop(_CACHE, url)
        raster = RasterFile.open(url)
        self._cache.put(_CACHE, url, raster.to_json())
        return raster

    def _sample_one(self, raster: RasterFile, lon: Degrees, lat: Degrees, resolution_m: float) -> tuple[Vectors, Mask]:
        level = raster.level_for(resolution_m)
        grid = raster.grids[level]
        t = EDGE_TOLERANCE_PX
        with np.errstate(invalid="ignore"):
            x, y = grid.from_lonlat(lon, lat)
            inside = (x >= -t) & (x <= grid.width + t) & (y >= -t) & (y <= grid.height + t)
        values = np.zeros((len(lon), BANDS), np.float32)
        found = np.zeros(len(lon), bool)
        column = np.clip(x[inside], 0, grid.width - 1).astype(np.int64)
        row = np.clip(y[inside], 0, grid.height - 1).astype(np.int64)
        chunk = (row // CHUNK) * -(-grid.width // CHUNK) + column // CHUNK
        raw, there = gather(
            chunk,
            row % CHUNK,
            column % CHUNK,
            partial(self._chunk, raster, level),
            raster.dtype,
            REMOTE_WORKERS if self._remote else 1,
            self.on_progress,
        )
        if raw.dtype == np.int8:
            there &= has_data(raw)
            values[inside] = decode(raw)
        else:
            there &= np.isfinite(raw).all(axis=1) & raw.any(axis=1)
            values[inside] = raw
        found[inside] = there
        return values, found

    def _chunk(self, raster: RasterFile, level: int, number: int) -> Array:
        key = f"{raster.path} {level} {number}"
        chunk = self._memory.get(key, partial(self._load, raster, level, number, key))
        assert chunk is not None
        return chunk

    def _load(self, raster: RasterFile, level: int, number: int, key: str) -> Array:
        if self._cache and (kept := self._cache.get(_CACHE, key)) is not None:
            try:
                return unpack(kept)
            except ValueError:
                self._cache.drop(_CACHE, key)
        chunk = raster.read(level, number)
        if self._cache:
            self._cache.put(_CACHE, key, pack(chunk))
        return chunk
