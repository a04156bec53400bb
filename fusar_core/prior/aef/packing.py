"""Arrays as compressed bytes, for the disk cache. Zstandard is Python's own from 3.14 on, its backport before."""

from __future__ import annotations

import io
import sys
from typing import Any

import numpy as np
import numpy.typing as npt

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from fusar_core.prior.npz import read_npy

__all__ = ["pack", "unpack", "zstd"]

MOST_BYTES = 256 * 2**20
"""Of an array in the cache, unpacked; a chunk of the mosaic has 16 MiB."""


def pack(array: npt.NDArray[Any]) -> bytes:
    """An array as NPY, compressed."""
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return zstd.compress(file.getvalue(), level=1)


def unpack(content: bytes) -> npt.NDArray[Any]:
    """The array that `pack` was given. Raises ValueError for anything else."""
    try:
        unpacked = zstd.ZstdDecompressor().decompress(content, max_length=MOST_BYTES + 1)
    except (zstd.ZstdError, EOFError) as cause:
        raise ValueError(str(cause)) from cause
    if len(unpacked) > MOST_BYTES:
        raise ValueError(f"more than {MOST_BYTES} bytes")
    return read_npy(unpacked)
