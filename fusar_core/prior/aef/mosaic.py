"""AlphaEarth embeddings from the public Zarr mosaic, anonymously, or from a copy of it in a local folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fusar_core.errors import SourceUnavailable, UnknownSource
from fusar_core.prior.aef.cache import DiskCache
from fusar_core.prior.aef.chunks import Memory, gather
from fusar_core.prior.aef.quantisation import (
    LONGEST,
    SHORTEST,
    Codes,
    Mask,
    Vectors,
    decode,
    has_data,
    unit_vectors,
)
from fusar_core.prior.aef.ranges import FolderReader, HttpReader, RangeReader
from fusar_core.prior.aef.source import ATTRIBUTION, Degrees, Progress, is_remote, nearest_year
from fusar_core.prior.aef.zarr_shards import ABSENT, DamagedChunk, Layout, decode_chunk, parse_index, parse_layout
from fusar_core.prior.spacetime import SpatioTemporalBox

PUBLIC_MOSAIC = "https://data.source.coop/tge-labs/aef-mosaic"

WORKERS = 8
"""Chunks fetched at a time. More gain little, cost 10 MB each, and slow one another down on a thin line, where the
public server cuts answers that take long."""

_CACHE = "mosaic"


class MosaicSource:
    """The mosaic at a URL or in a folder.

    Each chunk (256 × 256 pixels, all bands, about 3 MB) and each shard's index is fetched once and kept in the disk
    cache, missing shards too; a local folder is read as it is. It has no overviews: wide scenes read many chunks.
    """

    attribution = ATTRIBUTION

    def __init__(
        self, location: str = PUBLIC_MOSAIC, cache: DiskCache | None = None, reader: RangeReader | None = None
    ) -> None:
        """reader: how bytes are read, when not by the defaults of FolderReader and HttpReader.

        Raises UnknownSource when a local folder holds no mosaic.
        """
        remote = is_remote(location)
        if not remote and not (Path(location).expanduser() / "embeddings" / "zarr.json").is_file():
            raise UnknownSource(
                f"'{location}' holds no AlphaEarth mosaic.", "Give a folder with embeddings/zarr.json, or its URL."
            )
        self._reader = reader or (HttpReader(location) if remote else FolderReader(Path(location).expanduser()))
        self._cache = (cache or DiskCache()) if remote else None
        self._memory = Memory()
        self._place = self._reader.location
        self.name = f"mosaic {self._place}"
        self.on_progress: Progress | None = None

    def year_used(self, year: int) -> int:
        """The nearest year of the mosaic's own time axis, which its metadata says; reads it the first time."""
        return nearest_year(year, self._layout.years)

    def covers(self, box: SpatioTemporalBox) -> bool:
        """Always: it spans the whole Earth. Open sea and poles simply hold no data."""
        return True  # the whole Earth; open sea and poles simply hold no data

    def sample(self, lon: Degrees, lat: Degrees, year: int, resolution_m: float = 0.0) -> tuple[Vectors, Mask]:
        """As any source; `resolution_m` is not used, since there are no overviews."""
        layout = self._layout
        used = self.year_used(year)
        chunk, row, column, inside = layout.grid.locate(lon, lat)
        codes = np.zeros((len(lon), 64), np.int8)
        found = np.zeros(len(lon), bool)
        codes[inside], found[inside] = gather(
            chunk[inside], row[inside], column[inside], partial(self._chunk, used), np.int8, WORKERS, self.on_progress
        )
        return unit_vectors(decode(codes), found & has_data(codes), self.name)

    def close(self) -> None:
        """Closes the connections; chunks stay in the disk cache."""
        self._reader.close()

    @cached_property
    def _layout(self) -> Layout:
        array = self._metadata("embeddings/zarr.json")
        if not array:
            raise UnknownSource(f"'{self._place}' holds no AlphaEarth mosaic.", "Check the address.")
        return parse_layout(array, self._metadata("zarr.json"), self._place)

    def _metadata(self, path: str) -> dict[str, Any]:
        """A JSON file of the mosaic; empty when there is none."""
        content = self._cached(path, "", partial(self._reader.whole, path))
        try:
            metadata = json.loads(content or b"{}")
            if isinstance(metadata, dict):
                return metadata
        except ValueError:
            pass
        if self._cache:
            self._cache.drop(_CACHE, self._key(path, ""))
        raise UnknownSource(f"{path} of '{self._place}' is no JSON object.", "Check the address.")

    def _chunk(self, year: int, number: int) -> Codes | None:
        return self._memory.get((year, number), partial(self._load_chunk, year, number))

    def _load_chunk(self, year: int, number: int) -> Codes | None:
        """The chunk's int8 codes; None where there is no data. What arrived damaged is fetched once more."""
        row, column = self._layout.grid.position(number)
        shard = self._layout.shard_path(year, row, column)
        place = self._layout.place_in_index(row, column)
        try:
            codes = self._read_chunk(shard, place)
            if codes is None or _plausible(codes):
                return codes
        except DamagedChunk:
            pass
        self._memory.drop(shard)
        if self._cache:
            for part in ("index", str(place)):
                self._cache.drop(_CACHE, self._key(shard, part))
        try:
            return self._read_chunk(shard, place)
        except DamagedChunk as cause:
            raise SourceUnavailable(
                f"Chunk {place} of {self._place}/{shard} is damaged: {cause}.", "Try again later, or another source."
            ) from cause

    def _read_chunk(self, shard: str, place: int) -> Codes | None:
        index = self._memory.get(shard, partial(self._read_index, shard))
        if index is None:
            return None
        start, length = (int(v) for v in index[place])
        if start == length == ABSENT:
            return None
        content = self._cached(shard, str(place), partial(self._reader.part, shard, start, length))
        if content is None:
            raise DamagedChunk("its shard does not reach there")
        return decode_chunk(content, self._layout.grid.chunk)

    def _read_index(self, shard: str) -> npt.NDArray[np.uint64] | None:
        content = self._cached(shard, "index", partial(self._reader.tail, shard, self._layout.index_bytes))
        return None if content is None else parse_index(content)

    def _cached(self, path: str, part: str, fetch: Callable[[], bytes | None]) -> bytes | None:
        """A part of a file by way of the disk cache; None when there is no such file, which is remembered as well."""
        if self._cache is None:
            return fetch()
        kept = self._cache.get(_CACHE, self._key(path, part))
        if kept is None:
            kept = fetch() or b""
            self._cache.put(_CACHE, self._key(path, part), kept)
        return kept or None

    def _key(self, path: str, part: str) -> str:
        return f"{self._place}/{path} {part}"


def _plausible(codes: Codes) -> bool:
    """Whether a few hundred of a chunk's vectors have about unit length: zstd alone does not find every flipped bit."""
    some = codes[:, 8::17, 8::17].reshape(len(codes), -1).T
    length = np.linalg.norm(decode(some[has_data(some)]), axis=1)
    return bool(((length > SHORTEST) & (length < LONGEST)).all())
