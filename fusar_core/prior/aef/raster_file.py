"""One raster of 64 bands: what it is, and its pixels chunk by chunk."""

from __future__ import annotations

import json
import os
import queue
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlsplit

import numpy as np
import numpy.typing as npt
import pyproj
import rasterio
from affine import Affine
from rasterio.errors import RasterioError
from rasterio.windows import Window as RasterWindow

from fusar_core.domain.grid import Grid
from fusar_core.domain.schema import EMBEDDING_BANDS as BANDS
from fusar_core.domain.tiling import Window
from fusar_core.errors import BadCrs, BadEmbeddings, SceneUnreadable, SourceUnavailable
from fusar_core.prior.aef.quantisation import NODATA
from fusar_core.prior.aef.source import YEARS, is_remote
from fusar_core.prior.spacetime import SpatioTemporalBox
from fusar_core.scenes.raster.drivers import open_raster
from fusar_core.scenes.raster.names import raster_name

CHUNK = 256
"""Side of the squares that are read at once, in pixels."""

PATIENCE = {"GDAL_HTTP_TIMEOUT": 60, "GDAL_HTTP_CONNECTTIMEOUT": 10}
"""Seconds. Set for good: options that an Env takes back belong to all threads, and of two Envs at once the second keeps
what it found of the first's. (So a folder once stayed unlisted, and every file beside a scene unseen.)"""
_OF_A_FILE = "empty_dir=yes&max_retry=5&retry_delay=0.5"
"""What GDAL is told with an address instead: not to list the folder, and to ask again."""
CUT_OFF = "It may be another format, or cut off: copy it again."

_YEAR = re.compile(r"(?<!\d)(20\d\d)(?!\d)")

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class RasterFile:
    """What is known of a raster: the grids of its levels (full size first, then its overviews), its year if it says
    one, and how it stores vectors: `int8` codes or `float32` values."""

    path: str
    grids: tuple[Grid, ...]
    dtype: str
    nodata: float | None
    year: int | None
    _idle: dict[int, queue.SimpleQueue[Any]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def open(cls, path: str) -> RasterFile:
        """Raises BadEmbeddings when it is no raster of 64 bands, BadCrs without georeference, SourceUnavailable."""
        with _gdal(path), _opened(path) as dataset:
            if dataset.count != BANDS:
                raise BadEmbeddings(
                    f"{path} has {dataset.count} band{'s' if dataset.count > 1 else ''}; AlphaEarth's vectors have"
                    f" {BANDS}.",
                    "Give a raster with the bands A00 to A63.",
                )
            kind = np.dtype(dataset.dtypes[0])
            if kind.kind not in "fi":
                raise BadEmbeddings(
                    f"{path} holds {kind} pixels; AlphaEarth's vectors are int8 codes or floats.",
                    "Export it as signed bytes, or decoded.",
                )
            if dataset.crs is None:
                raise BadCrs(f"{path} has no coordinate reference system.", "Assign the one it was made in.")
            crs = pyproj.CRS.from_wkt(dataset.crs.to_wkt())
            grids = [Grid(dataset.height, dataset.width, dataset.transform, crs)]
            year = _year_of(path, dataset.tags())
            nodata = dataset.nodata
            levels = len(dataset.overviews(1))
        for level in range(levels):
            with _gdal(path), _opened(path, overview_level=level) as dataset:
                grids.append(Grid(dataset.height, dataset.width, dataset.transform, crs))
        return cls(path, tuple(grids), "int8" if kind.kind == "i" else "float32", nodata, year)

    @classmethod
    def from_json(cls, content: bytes) -> RasterFile:
        """The raster that `to_json` wrote: what the disk cache keeps of a remote one, instead of opening it again."""
        said = json.loads(content)
        crs = pyproj.CRS.from_wkt(said["crs"])
        grids = tuple(Grid(h, w, Affine(*transform), crs) for h, w, transform in said["grids"])
        return cls(said["path"], grids, said["dtype"], said["nodata"], said["year"])

    def to_json(self) -> bytes:
        """All that is known of it as UTF-8 JSON, CRS as WKT; open data sets are not part of it."""
        said = {
            "path": self.path,
            "grids": [(g.height, g.width, g.transform[:6]) for g in self.grids],
            "crs": self.grids[0].crs_wkt(),
            "dtype": self.dtype,
            "nodata": self.nodata,
            "year": self.year,
        }
        return json.dumps(said).encode()

    @cached_property
    def box(self) -> SpatioTemporalBox:
        """What it covers, in degrees. The year is the raster's, or the first there is, where it states none."""
        grid = self.grids[0]
        return SpatioTemporalBox.of_window(grid, Window(0, 0, grid.height, grid.width), self.year or YEARS[0])

    def level_for(self, resolution_m: float) -> int:
        """The coarsest level with pixels no larger than asked for; full size when even its own are."""
        sizes = [max(g.pixel_size_m or (np.inf, np.inf)) for g in self.grids]
        return max((i for i, size in enumerate(sizes) if size <= 1.01 * resolution_m), default=0)

    def read(self, level: int, number: int) -> Array:
        """A chunk of a level: int8 codes or float32 values (64, ≤ 256, ≤ 256); NaN or -128 where nodata."""
        row, column = divmod(number, -(-self.grids[level].width // CHUNK))
        window = RasterWindow(
            column * CHUNK,
            row * CHUNK,
            min(CHUNK, self.grids[level].width - column * CHUNK),
            min(CHUNK, self.grids[level].height - row * CHUNK),
        )
        with _gdal(self.path), self._dataset(level) as dataset:
            pixels = dataset.read(window=window)
        empty = ~np.isfinite(pixels) | (pixels == NODATA if self.nodata is None else pixels == self.nodata)
        if self.dtype == "float32":
            return np.where(empty, np.float32(np.nan), pixels.astype(np.float32))
        codes = np.where(empty, NODATA, pixels)
        if codes.dtype != np.int8 and np.abs(codes.astype(np.int64)).max() > 128:
            raise BadEmbeddings(
                f"{self.path} holds values up to {np.abs(codes.astype(np.int64)).max()}; AlphaEarth's codes are -127 to"
                " 127.",
                "Export the embeddings as signed bytes, or decoded as floats.",
            )
        return codes.astype(np.int8)

    @contextmanager
    def _dataset(self, level: int) -> Iterator[Any]:
        """An open dataset of that level that no other thread uses."""
        idle = self._idle.setdefault(level, queue.SimpleQueue())
        try:
            dataset = idle.get_nowait()
        except queue.Empty:
            dataset = _opened(self.path, **({"overview_level": level - 1} if level else {}))
        try:
            yield dataset
        finally:
            idle.put(dataset)

    def close(self) -> None:
        """Closes its data sets; to be called once no thread reads from it any more."""
        for idle in self._idle.values():
            while not idle.empty():
                idle.get().close()


def _opened(path: str, **options: Any) -> Any:
    """The rasterio dataset of a path or an address, to be closed by the caller."""
    if not is_remote(path):
        return open_raster(raster_name(path), **options)
    with rasterio.Env():
        rasterio.env.setenv(**{k: v for k, v in PATIENCE.items() if k not in os.environ})
    address = path.removeprefix("/vsicurl/")
    if address.startswith(("http://", "https://")):
        path = f"/vsicurl?{_OF_A_FILE}&url={quote(address, safe='')}"
    driver = "VRT" if urlsplit(address).path.lower().endswith(".vrt") else "GTiff"  # never a service's description
    return rasterio.open(path, driver=driver, **options)


@contextmanager
def _gdal(path: str) -> Iterator[None]:
    """GDAL's errors become ours."""
    try:
        yield
    except SceneUnreadable as cause:
        raise BadEmbeddings(cause.message, CUT_OFF) from cause
    except RasterioError as cause:
        if is_remote(path):
            raise SourceUnavailable(f"{path} cannot be read: {cause}.", "Check the address and the network.") from cause
        raise BadEmbeddings(f"{path} cannot be read as a raster: {cause}.", CUT_OFF) from cause


def _year_of(path: str, tags: dict[str, str]) -> int | None:
    """The year that the file's name says, or its folders' from the innermost, or its tags; None when nothing does."""
    parts = path.replace("\\", "/").split("/")
    said = [*reversed(parts[-3:]), *(tags.get(name, "") for name in ("year", "YEAR", "AEF_YEAR"))]
    for text in said:
        years = [int(y) for y in _YEAR.findall(text) if int(y) in YEARS]
        if len(set(years)) == 1:
            return years[0]
    return None
