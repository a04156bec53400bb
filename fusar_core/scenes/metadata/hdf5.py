"""What an HDF5 product (NISAR, ICEYE SLC) says of its acquisition: its scalar values, by h5py where it is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fusar_core.scenes.metadata.leaves import DEEPEST, LONGEST_VALUE, NAME_PARTS, Leaves, dotted

MOST_OBJECTS = 20_000
MOST_VALUES = 16
"""Of a list such as that of polarisations."""


def leaves_of_hdf5(path: Path) -> Leaves:
    """The scalar values of a file; none without h5py, or when the file is damaged."""
    try:
        import h5py  # type: ignore[import-untyped]
    except ImportError:
        return []
    found: Leaves = []
    try:
        with h5py.File(path, "r") as file:
            _walk(file, (), found, [MOST_OBJECTS], h5py)
    except (OSError, RuntimeError, ValueError, KeyError):
        return found
    return found


def _walk(group: Any, name: tuple[str, ...], found: Leaves, left: list[int], h5py: Any) -> None:
    for key in group:
        left[0] -= 1
        if left[0] < 0 or len(name) > DEEPEST:
            return
        if not isinstance(group.get(key, getlink=True), h5py.HardLink):
            continue  # links lead to other files
        inner = group[key]
        if isinstance(inner, h5py.Group):
            _walk(inner, (*name, key), found, left, h5py)
        elif isinstance(inner, h5py.Dataset) and _is_value(inner):
            found.append((dotted((*name, key)[-NAME_PARTS:]), _text(inner[()])))


def _is_value(dataset: Any) -> bool:
    """Whether a data set is a value of the metadata, kept in this file."""
    few = dataset.size is not None and dataset.size <= MOST_VALUES and len(dataset.shape) <= 1
    return few and dataset.dtype.kind in "SOUif" and not dataset.external


def _text(value: Any) -> str:
    items = value.tolist() if hasattr(value, "tolist") else value
    items = items if isinstance(items, list) else [items]
    words = [i.decode("utf-8", "replace") if isinstance(i, bytes) else str(i) for i in items]
    return " ".join(words).strip("\0 ")[:LONGEST_VALUE]
