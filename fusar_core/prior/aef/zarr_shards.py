"""The part of Zarr v3 that the AlphaEarth mosaic is stored in: int8, sharded, zstd, the index at the end of a shard.

zarr-python reads it too; measured against it (docs/anchors.md) this reader makes half the requests, keeps chunks on
disk compressed as they came, and can tell a damaged answer from a missing one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fusar_core.domain.schema import EMBEDDING_BANDS as BANDS
from fusar_core.errors import UnknownSource
from fusar_core.prior.aef.lonlat_grid import WORLD, LonLatGrid
from fusar_core.prior.aef.packing import zstd
from fusar_core.prior.aef.quantisation import NODATA, Codes
from fusar_core.prior.aef.source import YEARS

ABSENT = 2**64 - 1
"""Offset and length in the index of a chunk without data."""


class DamagedChunk(Exception):
    """Bytes of a shard that cannot be what was written."""


@dataclass(frozen=True)
class Layout:
    """How an array embeddings[time, band, y, x] lies in its shards.

    grid: its pixels on the Earth and its chunks. chunks_per_shard: along one side. years: of the time axis.
    """

    grid: LonLatGrid
    chunks_per_shard: int
    years: tuple[int, ...]

    @property
    def index_bytes(self) -> int:
        """Length of a shard's index: offset and length of each chunk as uint64, and a CRC-32C of four bytes."""
        return self.chunks_per_shard**2 * 16 + 4

    def shard_path(self, year: int, chunk_row: int, chunk_column: int) -> str:
        """File of the shard that holds a chunk, below the mosaic. Raises ValueError for a year not in `years`."""
        n = self.chunks_per_shard
        return f"embeddings/c/{self.years.index(year)}/0/{chunk_row // n}/{chunk_column // n}"

    def place_in_index(self, chunk_row: int, chunk_column: int) -> int:
        """Number of a chunk in the index of its shard, row by row from 0; chunk_row, chunk_column: in the grid."""
        n = self.chunks_per_shard
        return (chunk_row % n) * n + chunk_column % n


def parse_layout(array: Any, group: Any, where: str) -> Layout:
    """The layout that the metadata (zarr.json of the array, and of its group) describe.

    Raises UnknownSource when it is not the layout of the AlphaEarth mosaic.
    """
    try:
        codec = array["codecs"][0]
        sharding = codec["configuration"]
        _, bands, height, width = shape = array["shape"]
        shard, chunk = array["chunk_grid"]["configuration"]["chunk_shape"], sharding["chunk_shape"]
        readable = (
            array["zarr_format"] == 3
            and array["data_type"] == "int8"
            and array["fill_value"] == NODATA
            and codec["name"] == "sharding_indexed"
            and len(array["codecs"]) == 1
            and [c["name"] for c in sharding["codecs"]] == ["bytes", "zstd"]
            and [c["name"] for c in sharding["index_codecs"]] == ["bytes", "crc32c"]
            and sharding.get("index_location", "end") == "end"
            and array["chunk_key_encoding"]["name"] == "default"
            and bands == shard[1] == chunk[1] == BANDS
            and shard[0] == chunk[0] == 1
            and shard[2] == shard[3]
            and chunk[2] == chunk[3]
            and shard[2] % chunk[2] == 0
        )
        if not readable:
            raise ValueError
        attributes = {**group.get("attributes", {}), **array.get("attributes", {})}
        west, north, step = _georeference(attributes, (height, width))
        years = tuple(int(y) for y in attributes.get("years", YEARS[: shape[0]]))
        grid = LonLatGrid(west, north, step, height, width, chunk[2])
    except (KeyError, IndexError, TypeError, ValueError) as cause:
        raise UnknownSource(
            f"{where} is not laid out as the AlphaEarth mosaic.",
            "Expected: Zarr v3, int8 embeddings[time, 64, y, x] in degrees, sharded, zstd, -128 where empty.",
        ) from cause
    return Layout(grid, shard[2] // chunk[2], years)


def _georeference(attributes: dict[str, Any], shape: tuple[int, int]) -> tuple[float, float, float]:
    """West edge, north edge and pixel side in degrees; the public mosaic's when nothing is said and the size is its."""
    transform = attributes.get("spatial:transform") or attributes.get("transform")
    if transform is None:
        if shape != (WORLD.height, WORLD.width):
            raise ValueError
        return WORLD.west, WORLD.north, WORLD.step
    a, b, west, d, e, north = (float(v) for v in transform)
    crs = attributes.get("proj:code") or attributes.get("crs") or "EPSG:4326"
    if crs not in ("EPSG:4326", "OGC:CRS84") or b or d or a <= 0 or abs(a + e) > 1e-9 * a:
        raise ValueError
    return west, north, a


def parse_index(content: bytes) -> npt.NDArray[np.uint64]:
    """(chunks, 2) offsets and lengths of a shard's chunks. Raises DamagedChunk when the checksum does not agree."""
    table, checksum = content[:-4], content[-4:]
    if crc32c(table) != int.from_bytes(checksum, "little"):
        raise DamagedChunk("the index of a shard does not agree with its checksum")
    return np.frombuffer(table, "<u8").reshape(-1, 2)


def decode_chunk(content: bytes, side: int) -> Codes:
    """A stored chunk → int8 (64, side, side). Raises DamagedChunk."""
    size = BANDS * side * side
    try:
        decompressor = zstd.ZstdDecompressor()
        raw = decompressor.decompress(content, max_length=size + 1)
    except zstd.ZstdError as cause:
        raise DamagedChunk(str(cause)) from cause
    if len(raw) != size or not decompressor.eof:
        raise DamagedChunk(f"a chunk of {len(raw)} bytes, not {size}")
    return np.frombuffer(raw, np.int8).reshape(BANDS, side, side)


def _crc_table() -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


_CRC_TABLE = _crc_table()


def crc32c(content: bytes) -> int:
    """CRC-32C (Castagnoli, RFC 3720). Byte by byte: 0.4 ms for an index, once a shard."""
    crc = 0xFFFFFFFF
    for byte in content:
        crc = _CRC_TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF
