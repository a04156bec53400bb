"""Small generated SAR scenes: speckle over sea, with ships planted where the test wants them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine

from fusar_core.domain.schema import LAYERS
from fusar_core.results.tables import FeatureTable
from fusar_core.results.vector_io import write_layers

SEA = 60.0
SHIP = 1500.0
LOOKS = 4.4  # equivalent number of looks of a Sentinel-1 GRD
UTM = {"crs": "EPSG:32631", "transform": Affine(10, 0, 400_000, 0, -10, 5_700_000)}


def sea(height: int, width: int, seed: int = 1) -> np.ndarray[Any, Any]:
    """(H, W) float32 amplitude of fully developed speckle."""
    rng = np.random.default_rng(seed)
    return SEA * np.sqrt(rng.gamma(LOOKS, 1 / LOOKS, (height, width))).astype(np.float32)


def plant(
    image: np.ndarray[Any, Any], x: float, y: float, length: int = 20, width: int = 4, value: float = SHIP
) -> None:
    """A ship of the given pixels lying along the row, centred on (x, y)."""
    top, left = round(y - width / 2), round(x - length / 2)
    image[max(top, 0) : top + width, max(left, 0) : left + length] = value


def write(path: Path, image: np.ndarray[Any, Any], **profile: Any) -> Path:
    """A tiled GeoTIFF of the image (H, W) or (bands, H, W), in UTM unless told otherwise; tags by `tags=`."""
    bands = image[None] if image.ndim == 2 else image
    tags = profile.pop("tags", {"ACQUISITION_START_TIME": "2024-06-01T05:50:00Z"})
    defaults = {"driver": "GTiff", "dtype": bands.dtype, "tiled": True, "blockxsize": 256, "blockysize": 256, **UTM}
    count, height, width = bands.shape
    with rasterio.open(path, "w", **(defaults | profile | {"count": count, "height": height, "width": width})) as dst:
        dst.write(bands)
        dst.update_tags(**tags)
    return path


def ships_scene(
    path: Path, centres: list[tuple[float, float]], shape: tuple[int, int] = (700, 900), **profile: Any
) -> Path:
    """A uint16 scene of sea with ships at the given (x, y)."""
    image = sea(*shape)
    for x, y in centres:
        plant(image, x, y)
    return write(path, image.astype(np.uint16), **profile)


def an_old_result(path: Path) -> bytes:
    """Writes a result without targets, of another day, where a new one is to go; its bytes."""
    write_layers([FeatureTable(layer, None, [], []) for layer in LAYERS], path)
    return path.read_bytes()
