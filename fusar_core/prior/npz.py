"""Reads NPY and NPZ within bounds: whatever a file says of its own size is not believed, but measured."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Container
from typing import Any

import numpy as np
import numpy.typing as npt

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Ways of packing that `numpy.savez` has; others unpack without a bound."""
MOST_MEMBERS = 64
ENCRYPTED = 0x1

Array = npt.NDArray[Any]


class NpzError(ValueError):
    """The file is damaged, too large, or packed in a way that is not taken."""


def read_npz(content: bytes, names: Container[str], most_bytes: int) -> dict[str, Array]:
    """The arrays of an NPZ that bear one of the names; others are not unpacked.

    most_bytes: of all of them together, unpacked. Raises NpzError, and what zipfile and zlib raise for damage.
    """
    found: dict[str, Array] = {}
    left = most_bytes
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        if len(members) > MOST_MEMBERS:
            raise NpzError(f"{len(members)} members")
        for member in members:
            name = member.filename.removesuffix(".npy")
            if name not in names:
                continue
            if name in found:
                raise NpzError(f"two members {name}")
            unpacked = _unpacked(archive, member, left)
            left -= len(unpacked)
            found[name] = read_npy(unpacked)
    return found


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most_bytes: int) -> bytes:
    if member.compress_type not in METHODS or member.flag_bits & ENCRYPTED:
        raise NpzError(f"member {member.filename[:40]} is packed in a way that is not taken; use numpy.savez")
    with archive.open(member) as file:
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise NpzError(f"more than {most_bytes} bytes when unpacked")
    return content


def read_npy(content: bytes) -> Array:
    """The array of an NPY whose header says no more than there is. Raises NpzError, ValueError."""
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}.get(version)
    if read is None:
        raise NpzError(f"NPY version {version}")
    shape, _, dtype = read(file)
    if dtype.hasobject:
        raise NpzError("objects in an array")
    size = math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or size != len(content) - file.tell():
        raise NpzError(f"an array of {size} bytes in {len(content)}")
    return np.load(io.BytesIO(content), allow_pickle=False)  # type: ignore[no-any-return]
