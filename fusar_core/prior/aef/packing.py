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

__all__ = ["pack", "unpack", "zstd"]


def pack(array: npt.NDArray[Any]) -> bytes:
    """An array as NPY, compressed."""
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return zstd.compress(file.getvalue(), level=1)


def unpack(content: bytes) -> npt.NDArray[Any]:
    """The array that `pack` was given. Raises ValueError for anything else."""
    try:
        array = np.load(io.BytesIO(zstd.decompress(content)), allow_pickle=False)
    except (zstd.ZstdError, EOFError) as cause:
        raise ValueError(str(cause)) from cause
    if not isinstance(array, np.ndarray):
        raise ValueError("not an NPY file")
    return array
