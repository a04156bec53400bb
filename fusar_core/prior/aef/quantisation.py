"""The int8 encoding of AlphaEarth vectors, and the guard against vectors that are something else.

Every public copy stores x = (v / 127.5)² · sign(v) as int8 v, -128 where there is no data. Linear decoding (v / 127.5)
distorts every angle between vectors and is the usual mistake; unit length gives it away.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fusar_core.errors import BadEmbeddings

NODATA = -128
UNIT_TOLERANCE = 0.02
"""How far the length of a decoded vector may lie from 1 by quantisation alone (real ones: 0.994–1.006)."""

SHORTEST, LONGEST = 0.5, 1.05
"""Lengths outside of which a vector is damaged. Shorter than 1 are means over pixels, stretched to 1 again."""

Codes = npt.NDArray[np.int8]
Vectors = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


def _decoding_table() -> Vectors:
    v = np.arange(256, dtype=np.uint8).view(np.int8).astype(np.float64)
    table = (v / 127.5) ** 2 * np.sign(v)
    table[NODATA + 256] = 0.0
    return table.astype(np.float32)


_TABLE = _decoding_table()


def decode(codes: Codes) -> Vectors:
    """int8 codes → float32 values in -1…1, any shape; -128 (no data) becomes 0."""
    return _TABLE[codes.view(np.uint8)]


def encode(values: npt.NDArray[np.floating[Any]]) -> Codes:
    """Values in -1…1 → int8 codes, any shape: the inverse of `decode` (half a code of rounding, never -128)."""
    codes = np.rint(np.sqrt(np.abs(values)) * 127.5) * np.sign(values)
    return np.asarray(np.clip(codes, -127, 127), np.int8)


def has_data(codes: Codes) -> Mask:
    """Which rows of (S, 64) codes are vectors: no band is -128, and not all are 0, as in unmarked padding."""
    return np.asarray((codes != NODATA).all(axis=1) & codes.any(axis=1))


def unit_vectors(values: npt.NDArray[np.floating[Any]], valid: Mask, where: str) -> tuple[Vectors, Mask]:
    """The guard behind every source: (S, 64) decoded values → the same with unit length, and which rows are vectors.

    Vectors of length 1 ± 0.02 stay as they are. Shorter ones (down to 0.5) are means of several pixels, as overviews
    and the mosaic at the borders of UTM zones hold them: they are stretched to length 1. Damaged rows are masked.

    where: the source, for the message. Raises BadEmbeddings, naming the likely cause, when the values as a whole are
    not of unit length.
    """
    vectors = values.astype(np.float32, copy=True)
    valid = valid & np.isfinite(vectors).all(axis=1)
    vectors[~valid] = 0.0
    length = np.linalg.norm(vectors, axis=1)
    sound = valid & (length >= SHORTEST) & (length <= LONGEST)
    if valid.any():
        middle = float(np.median(length[valid]))
        if middle > 1 + UNIT_TOLERANCE or middle < SHORTEST:
            raise BadEmbeddings(
                f"The vectors of {where} have length {middle:.3g} where AlphaEarth's have 1: "
                f"{_likely_cause(vectors[valid])}.",
                "Give the embeddings as published: int8 codes, or decoded as (v/127.5)²·sign(v).",
            )
    off = sound & (np.abs(length - 1) > UNIT_TOLERANCE)
    vectors[off] /= length[off, None]
    vectors[~sound] = 0.0
    return vectors, sound


def _likely_cause(vectors: Vectors) -> str:
    middle = float(np.median(np.linalg.norm(vectors, axis=1)))
    squared = float(np.median(np.linalg.norm(vectors.astype(np.float64) ** 2, axis=1)))
    if abs(squared - 1) <= UNIT_TOLERANCE:
        return "they look decoded linearly (v/127.5), without the square"
    if middle > 20:
        return "they look like int8 codes that were not decoded"
    if middle < SHORTEST:
        return "they look averaged over very different places, or scaled"
    return "they are not AlphaEarth embeddings, or damaged"
