"""A simulated scene as files that any GIS and the engine read: amplitude, truth, embeddings, land cover."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from affine import Affine

from fusar_core.domain.schema import EMBEDDING_BANDS as BANDS
from fusar_core.files import atomic_path, write_error
from fusar_core.prior.aef.quantisation import NODATA, encode
from training.simulation.embeddings import PIXEL_M, EmbeddingField
from training.simulation.scene import SimulatedScene

DN_AT_0_DB = 1000.0
"""Digital number of an amplitude of 1."""
NO_DATA = 0
"""Amplitude beyond the edge of the product; within it the least is 1."""
ROWS_AT_ONCE = 64
"""Of embeddings: a large scene has millions of them, and each takes a kilobyte or two on the way."""


def write_scene(scene: SimulatedScene, folder: Path, prior_information: float = 1.0) -> dict[str, Path]:
    """Writes amplitude.tif (uint16, 0 is no data), truth.geojson (targets and confusers), cover.tif (uint8, 0–7 of
    Dynamic World) and aef_YEAR.tif (64 bands of int8 codes, 10 m); returns them as `amplitude`, `truth`, `cover`,
    `prior`.

    Raises OutputUnwritable.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        raise write_error(folder, cause) from cause
    names = {"amplitude": "amplitude.tif", "truth": "truth.geojson", "cover": "cover.tif"}
    files = {what: folder / name for what, name in names.items()}
    files["prior"] = folder / f"aef_{scene.spec.year}.tif"
    amplitude = np.clip(np.sqrt(scene.intensity) * DN_AT_0_DB + 0.5, 1, 65535).astype(np.uint16)
    amplitude[scene.intensity == 0] = NO_DATA
    polarisation = "VH" if scene.spec.cross else "VV"
    says = {"TIFFTAG_IMAGEDESCRIPTION": f"Simulated SAR amplitude, {polarisation}", "YEAR": str(scene.spec.year)}
    _write(files["amplitude"], amplitude[None], scene.grid.transform, scene, says, nodata=NO_DATA)
    _write(files["cover"], scene.cover[None], scene.grid.transform, scene, {})
    codes, transform = embeddings(scene, prior_information)
    _write(files["prior"], codes, transform, scene, {"YEAR": str(scene.spec.year)}, nodata=NODATA)
    with atomic_path(files["truth"]) as temporary:
        temporary.write_text(truth(scene), "utf-8")
    return files


def _write(
    file: Path, bands: npt.NDArray[Any], transform: Affine, scene: SimulatedScene, tags: dict[str, str], **more: Any
) -> None:
    count, height, width = bands.shape
    with (
        atomic_path(file) as temporary,
        rasterio.open(
            temporary, "w", driver="GTiff", count=count, height=height, width=width, dtype=bands.dtype.name,
            crs=scene.grid.crs_wkt(), transform=transform, compress="deflate", tiled=True, interleave="band", **more,
        ) as raster,
    ):  # fmt: skip
        raster.write(bands)
        raster.update_tags(**tags)


def embeddings(scene: SimulatedScene, prior_information: float) -> tuple[npt.NDArray[np.int8], Affine]:
    """Codes (64, H, W) on pixels of 10 m that cover the scene, and their transform."""
    field = EmbeddingField(scene.grid, scene.cover, scene.structure, scene.spec.seed, prior_information)
    side = math.ceil(scene.spec.side_px * scene.spec.gsd_m / PIXEL_M)
    step = PIXEL_M / scene.spec.gsd_m
    codes = np.empty((BANDS, side, side), np.int8)
    for row in range(0, side, ROWS_AT_ONCE):
        rows = np.arange(row, min(row + ROWS_AT_ONCE, side))
        x, y = np.meshgrid((np.arange(side) + 0.5) * step, (rows + 0.5) * step)
        codes[:, rows] = encode(field.at(x.ravel(), y.ravel())).T.reshape(BANDS, len(rows), side)
    t = scene.grid.transform
    return codes, Affine(PIXEL_M, 0, t.c, 0, -PIXEL_M, t.f)


def truth(scene: SimulatedScene) -> str:
    """Everything bright as a GeoJSON feature collection, one feature a line; `kind` is the label."""
    lines = []
    for body in scene.bodies:
        x, y = zip(*body.corners, body.corners[0], strict=True)
        lon, lat = scene.grid.to_lonlat(x, y)
        ring = [[round(float(a), 7), round(float(b), 7)] for a, b in zip(lon, lat, strict=True)]
        properties = {"kind": body.label, "what": body.kind, "length_m": body.length_m}
        feature = {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring]}}
        lines.append(json.dumps(feature))
    return '{"type": "FeatureCollection", "name": "truth", "features": [\n' + ",\n".join(lines) + "\n]}\n"
