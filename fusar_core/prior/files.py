"""Anchors in files: NPZ in the official release's form with our fields added, and the older NPY tables."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np

from fusar_core.domain.anchors import Anchors
from fusar_core.domain.grid import FloatArray
from fusar_core.domain.schema import EMBEDDING_BANDS as BANDS
from fusar_core.errors import BadAnchors
from fusar_core.files import atomic_path
from fusar_core.prior.aef.quantisation import unit_vectors
from fusar_core.prior.npz import read_npy, read_npz

MAX_ANCHORS = 100_000
"""More than this in a file is taken for a mistake, or an attack."""

FIELDS = frozenset(
    {"features", "positions", "lon", "lat", "valid_fraction", "year_requested", "year_used", "source", "attribution"}
)
"""Members of an NPZ that are read."""
MOST_BYTES = MAX_ANCHORS * (BANDS + 6) * 8 + 64 * 1024

LEGACY_COLUMNS = 6 + BANDS
"""Columns of the older NPY files: lon, lat, row, col, x, y, A00…A63."""


def write_anchors(anchors: Anchors, file: Path | BinaryIO) -> None:
    """Writes NPZ: `features` and `positions` as the official release reads them, and all other fields.

    Raises OutputUnwritable.
    """
    fields = {
        "features": anchors.features.astype(np.float32),
        "positions": anchors.positions.astype(np.float32),
        "lon": anchors.lon,
        "lat": anchors.lat,
        "valid_fraction": np.float64(anchors.valid_fraction),
        "year_requested": np.int32(anchors.year_requested or 0),
        "year_used": np.int32(anchors.year_used or 0),
        "source": np.str_(anchors.source),
        "attribution": np.str_(anchors.attribution),
    }
    if isinstance(file, Path):
        with atomic_path(file) as temporary, open(temporary, "wb") as out:
            np.savez_compressed(out, **fields)  # type: ignore[arg-type]
    else:
        np.savez_compressed(file, **fields)  # type: ignore[arg-type]


def read_anchors(file: Path | BinaryIO, most_bytes: int = MOST_BYTES) -> Anchors:
    """Anchors from an NPZ (ours or the official release's) or an older NPY [S, 70], told apart by their content.

    most_bytes: of the arrays when unpacked, and of a file on disk. Of the older form positions are the rows' and
    columns' place between the least and the greatest of the samples.

    Raises BadAnchors for anything else, BadEmbeddings when the features are not of unit length.
    """
    name = str(file) if isinstance(file, Path) else "the anchors"
    try:
        content = _content(file, most_bytes) if isinstance(file, Path) else file.read(most_bytes + 1)
        if len(content) > most_bytes:
            raise ValueError(f"more than {most_bytes} bytes")
        anchors = _from_npz(content, most_bytes) if content[:2] == b"PK" else _from_npy(content)
    except BadAnchors:
        raise
    except Exception as cause:  # whatever numpy, zipfile and zlib raise for damaged files: a long list
        raise BadAnchors(
            f"{name} cannot be read as anchors: {cause}.",
            "Expected: NPZ with features [S, 64] and positions [S, 2], or NPY [S, 70].",
        ) from cause
    unit_vectors(anchors.features, np.asarray(anchors.features.any(axis=1)), name)
    return anchors


def _content(path: Path, most_bytes: int) -> bytes:
    if not path.is_file():  # a pipe would never end
        raise ValueError("it is no file")
    with open(path, "rb") as file:
        return file.read(most_bytes + 1)


def _from_npz(content: bytes, most_bytes: int) -> Anchors:
    said = read_npz(content, FIELDS, most_bytes)
    features = np.asarray(said["features"], np.float32)
    if len(features) > MAX_ANCHORS:
        raise ValueError(f"more than {MAX_ANCHORS} anchors")
    unknown = np.full(len(features), np.nan)
    return Anchors(
        features,
        np.asarray(said["positions"], np.float32),
        np.asarray(said.get("lon", unknown), np.float64),
        np.asarray(said.get("lat", unknown), np.float64),
        float(said.get("valid_fraction", 1.0 if len(features) else 0.0)),
        int(said.get("year_requested", 0)) or None,
        int(said.get("year_used", 0)) or None,
        str(said.get("source", "")),
        str(said.get("attribution", "")),
    )


def _from_npy(content: bytes) -> Anchors:
    table = read_npy(content)
    if table.ndim != 2 or table.shape[1] != LEGACY_COLUMNS or table.dtype.kind != "f":
        raise ValueError(f"a table {table.dtype} {table.shape}")
    lon, lat, x, y = (table[:, i].astype(np.float64) for i in (0, 1, 4, 5))
    positions = np.column_stack([_between(y), _between(x)]).astype(np.float32)
    return Anchors(table[:, 6:].astype(np.float32), positions, lon, lat, 1.0 if len(table) else 0.0)


def _between(values: FloatArray) -> FloatArray:
    """Place between the least and the greatest value; the middle when all are the same."""
    if not np.isfinite(values).all():
        raise ValueError("positions are NaN or infinite")
    span = np.ptp(values) if len(values) else 0.0
    return (values - values.min()) / span if span else np.full(len(values), 0.5)
