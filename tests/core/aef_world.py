"""A world of AlphaEarth vectors for tests: known at every pixel, written as a Zarr mosaic or as rasters.

The mosaic is written by zarr-python, with the public one's declared shape and layout, so that our reader is tested
against an independent writer; only the few chunks that a test needs are filled.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine

from fusar_core.prior.aef.lonlat_grid import WORLD

Array = np.ndarray[Any, Any]
Chunk = tuple[int, int]  # row and column in the table of the mosaic's chunks


def random_vectors(n: int = 200, seed: int = 5) -> Array:
    """float64 (n, 64) of unit length."""
    vectors = np.random.default_rng(seed).normal(size=(n, 64))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def encoded(vectors: Array) -> Array:
    """The published int8 encoding, written down a second time: sign(x) · √|x| · 127.5, rounded."""
    return np.round(np.sign(vectors) * np.sqrt(np.abs(vectors)) * 127.5).astype(np.int8)


def decoded(codes: Array) -> Array:
    """And back: (v / 127.5)² · sign(v), float64."""
    return (codes.astype(float) / 127.5) ** 2 * np.sign(codes.astype(float))


def real_vectors(folder: Path) -> Array:
    """The 2,880 real AlphaEarth vectors of the development data, float64 (2880, 64)."""
    rows = []
    for path in sorted(folder.glob("alphaearth_*.csv")):
        with open(path, newline="") as file:
            rows += [[float(row[f"A{i:02d}"]) for i in range(64)] for row in csv.DictReader(file)]
    return np.array(rows)


class World:
    """Every pixel of the mosaic's grid has a vector of a palette, in blocks of 16 × 16 pixels."""

    def __init__(self, palette: Array | None = None) -> None:
        self.palette = encoded(random_vectors()) if palette is None else palette

    def codes(self, row: Array, column: Array) -> Array:
        """int8 (…, 64) at pixels of the mosaic."""
        block = (np.asarray(row) // 16) * 73856093 + (np.asarray(column) // 16) * 19349663
        return self.palette[block % len(self.palette)]

    def codes_at(self, lon: Array, lat: Array) -> Array:
        """int8 (…, 64) of the pixels that hold the points."""
        row = np.floor((WORLD.north - np.asarray(lat)) / WORLD.step).astype(np.int64)
        return self.codes(row, np.floor((np.asarray(lon) - WORLD.west) / WORLD.step).astype(np.int64))

    def chunk(self, row: int, column: int) -> Array:
        """int8 (64, 256, 256) of one chunk."""
        rows, columns = np.mgrid[row * 256 : row * 256 + 256, column * 256 : column * 256 + 256]
        return np.moveaxis(self.codes(rows, columns), -1, 0)


def write_mosaic(folder: Path, chunks: dict[Chunk, Array], year: int = 2020, years: int = 9) -> Path:
    """A Zarr v3 mosaic in the public layout that holds the given chunks (int8 (64, 256, 256)) and nothing else."""
    import zarr

    array = zarr.open_group(folder, mode="w").create_array(
        "embeddings",
        shape=(years, 64, WORLD.height, WORLD.width),
        shards=(1, 64, 4096, 4096),
        chunks=(1, 64, 256, 256),
        dtype="int8",
        fill_value=-128,
        compressors=zarr.codecs.ZstdCodec(level=1),
        dimension_names=("time", "band", "y", "x"),
        attributes={"spatial:transform": [WORLD.step, 0.0, WORLD.west, 0.0, -WORLD.step, WORLD.north]},
    )
    for row in sorted({row for row, _ in chunks}):
        for first, last in _runs(sorted(column for r, column in chunks if r == row)):
            stripe = np.concatenate([chunks[row, column] for column in range(first, last + 1)], axis=2)
            array[year - 2017, :, row * 256 : row * 256 + 256, first * 256 : last * 256 + 256] = stripe
    return folder


def _runs(columns: list[int]) -> Iterable[tuple[int, int]]:
    """First and last of each run of neighbouring columns."""
    first = columns[0]
    for before, after in zip(columns, [*columns[1:], None], strict=True):
        if after is None or after != before + 1:
            yield first, before
            if after is not None:
                first = after


def chunks_of_box(west: float, south: float, east: float, north: float) -> list[Chunk]:
    """The mosaic's chunks that a box touches."""
    side = 256 * WORLD.step
    rows = range(int((WORLD.north - north) // side), int((WORLD.north - south) // side) + 1)
    columns = range(int((west - WORLD.west) // side), int((east - WORLD.west) // side) + 1)
    return [(row, column) for row in rows for column in columns]


def write_raster(path: Path, pixels: Array, transform: Affine, crs: str | None, **profile: Any) -> Path:
    """A tiled GeoTIFF of pixels (bands, H, W); `overviews=[2, 4]` builds averaged ones."""
    factors = profile.pop("overviews", [])
    tags = profile.pop("tags", {})
    settings = {
        "driver": "GTiff", "dtype": pixels.dtype, "count": len(pixels), "height": pixels.shape[1],
        "width": pixels.shape[2], "crs": crs, "transform": transform, "tiled": True, "blockxsize": 256,
        "blockysize": 256, "interleave": "band",
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(path, "w", **(settings | profile)) as dataset:
        dataset.write(pixels)
        dataset.update_tags(**tags)
    if factors:
        with rasterio.open(path, "r+") as dataset:
            dataset.build_overviews(factors, rasterio.enums.Resampling.average)
    return path
