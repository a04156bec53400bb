"""What was written, in a form that can be compared line by line: files of every kind that the program makes."""

from __future__ import annotations

import gzip
import hashlib
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import rasterio
import shapely
from PIL import Image

STRIPS = 16
"""Of a picture, hashed one by one: a diff then says where a picture changed."""


def read(text: str) -> Any:
    """JSON, JSON lines, or lines."""
    try:
        return json.loads(text)
    except ValueError:
        lines = text.splitlines()
    try:
        return [json.loads(line) for line in lines]
    except ValueError:
        return lines


def contents(path: Path) -> Any:
    """What a file holds, in a form that can be compared line by line; `absent` where there is none."""
    if not path.exists():
        return "absent"
    by_suffix: dict[str, Callable[[Path], Any]] = {
        ".gpkg": layers, ".shp": layers, ".png": picture, ".npz": arrays, ".tif": raster,
        ".jsonl": lambda p: [json.loads(line) for line in p.read_text("utf-8").splitlines()],
        ".gz": lambda p: json.loads(gzip.decompress(p.read_bytes())),
    }  # fmt: skip
    if path.suffix in by_suffix:
        return by_suffix[path.suffix](path)
    if path.suffix in (".json", ".geojson", ".csv", ".cpg", ".prj", ".md", ".txt", ".partial"):
        return read(path.read_text("utf-8"))
    return "there"


def folder(root: Path) -> dict[str, Any]:
    """Path within a folder → what the file holds."""
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): contents(path) for path in paths}


def layers(path: Path) -> dict[str, Any]:
    """Layer → CRS, fields, metadata, and every feature in its order; for a GeoPackage also the tables' columns."""
    found: dict[str, Any] = {}
    for name, geometry in pyogrio.list_layers(path):
        info = pyogrio.read_info(path, layer=name)
        meta, fids, shapes, columns = pyogrio.raw.read(path, layer=name, return_fids=True)
        outlines = shapely.to_wkt(shapely.from_wkb(shapes), rounding_precision=7, trim=True)
        found[name] = {
            "crs": info["crs"],
            "geometry": geometry,
            "fields": [[field, str(kind)] for field, kind in zip(info["fields"], info["dtypes"], strict=True)],
            "metadata": info["layer_metadata"],
            "features": [
                {"fid": int(fid), "wkt": outline}
                | {f: plain(c[i]) for f, c in zip(meta["fields"], columns, strict=True)}
                for i, (fid, outline) in enumerate(zip(fids, outlines, strict=True))
            ],
        }
    if path.suffix == ".gpkg":
        with closing(sqlite3.connect(path)) as tables:
            for name in found:
                found[name]["columns"] = [row[1:4] for row in tables.execute(f'PRAGMA table_info("{name}")')]
    return found


def plain(value: Any) -> Any:
    """A value of JSON; null for what is not known."""
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and value != value else value


def picture(path: Path) -> dict[str, Any]:
    """Size and texts of a PNG, and hashes of its pixels by strips from the top."""
    with Image.open(path) as opened:
        pixels = np.asarray(opened)
        texts = {key: value for key, value in opened.info.items() if isinstance(value, str)}
        return {
            "size": opened.size,
            "mode": opened.mode,
            "texts": texts,
            "strips": [digest(strip) for strip in np.array_split(pixels, STRIPS)],
        }


def arrays(path: Path) -> dict[str, Any]:
    """Shape and hash of every array, and its first values."""
    with np.load(path) as opened:
        return {name: _array(opened[name]) for name in sorted(opened.files)}


def raster(path: Path) -> dict[str, Any]:
    """Place, tags and pixels of a raster."""
    with rasterio.open(path) as opened:
        about = {"crs": str(opened.crs), "transform": list(opened.transform)[:6], "tags": opened.tags()}
        return about | {"nodata": opened.nodata, "values": _array(opened.read())}


def _array(values: Any) -> dict[str, Any]:
    first = [plain(value) for value in values.ravel()[:4]]
    return {"shape": values.shape, "type": str(values.dtype), "first": first, "hash": digest(values)}


def digest(values: Any) -> str:
    """A hash of an array or of bytes."""
    content = values if isinstance(values, bytes) else np.ascontiguousarray(values).tobytes()
    return hashlib.sha256(content).hexdigest()[:16]


def keys(value: Any) -> Any:
    """Of nested objects the keys alone."""
    return {key: keys(inner) for key, inner in value.items()} if isinstance(value, dict) else type(value).__name__
