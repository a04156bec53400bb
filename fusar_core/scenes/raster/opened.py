"""One file of a scene, opened: its raster, which of its bands hold data, its tags; and sizes that no scene has."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import RLock
from typing import Any

from rasterio.enums import ColorInterp

from fusar_core.errors import SceneUnreadable
from fusar_core.scenes.metadata.files import XML_TAG
from fusar_core.scenes.raster.containers import HDF5, radar_images
from fusar_core.scenes.raster.drivers import open_raster
from fusar_core.scenes.raster.layer import Lock
from fusar_core.scenes.raster.names import RasterName, raster_name
from fusar_core.scenes.raster.quiet import RASTER_ERRORS, reason_of

MOST_BANDS = 1024
MOST_PIXELS = 10**11
"""Of a raster: a square of 3,000 km in pixels of 10 m, in 400,000 chips."""
LARGEST_BLOCK = 4 * 2**30
"""Bytes that GDAL decodes at once to read a single pixel, at…"""
MOST_PIXEL_BYTES = 16


@dataclass(frozen=True)
class OpenFile:
    """One file of a scene. indexes: its bands with data, 1-based, without masks."""

    name: RasterName
    dataset: Any
    indexes: list[int]
    tags: dict[str, str]
    lock: Lock = field(default_factory=RLock)


def images_of(name: RasterName, warnings: list[str]) -> list[RasterName]:
    """The name itself, or the names of the radar images in a container (HDF5) that holds many rasters.

    Adds to the warnings what was left out.
    """
    if name.part or name.file is None or not name.text.lower().endswith(HDF5):
        return [name]
    with open_raster(name) as container:
        inner = list(container.subdatasets)
    images = radar_images(inner)
    if images.others:
        warnings.append(f"Read is {images.what}, not {', '.join(images.others)}.")
    return [raster_name(text) for text in images.names] or [name]


def open_file(name: RasterName) -> OpenFile:
    dataset = open_raster(name)
    try:
        _refuse_sizes(dataset, name)
        if dataset.count == 0:
            inner = "; ".join(dataset.subdatasets[:5])
            raise SceneUnreadable(
                f"'{name.text}' holds no raster of its own.", f"Name one of its parts: {inner}." if inner else ""
            )
        indexes = [i for i in dataset.indexes if dataset.colorinterp[i - 1] is not ColorInterp.alpha]
        return OpenFile(name, dataset, indexes or list(dataset.indexes), _tags(dataset))
    except RASTER_ERRORS as cause:
        dataset.close()
        raise SceneUnreadable(f"'{name.text}' is damaged: {reason_of(cause)}.", "Fetch it again.") from cause
    except BaseException:
        dataset.close()
        raise


def _refuse_sizes(dataset: Any, name: RasterName) -> None:
    """Raises SceneUnreadable for sizes that no scene has, before any work is done for them."""
    if dataset.count == 0:
        return
    high, wide = dataset.block_shapes[0] if dataset.count <= MOST_BANDS else (1, 1)
    if dataset.count > MOST_BANDS:
        what, most = f"{dataset.count:,} bands", f"{MOST_BANDS:,}"
    elif dataset.width * dataset.height > MOST_PIXELS:
        what, most = f"{dataset.width:,} × {dataset.height:,} px", f"{MOST_PIXELS:,} px"
    elif min(high, dataset.height) * min(wide, dataset.width) * MOST_PIXEL_BYTES > LARGEST_BLOCK:
        raise SceneUnreadable(
            f"'{name.text}' is stored in blocks of {wide:,} × {high:,} px, too large to be read.",
            "Rewrite it in tiles: gdal_translate -co TILED=YES.",
        )
    else:
        return
    raise SceneUnreadable(f"'{name.text}' has {what}; a scene has at most {most}.", "Cut out the part that you need.")


def _tags(dataset: Any) -> dict[str, str]:
    """The tags of a raster, those of GDAL's IMAGERY domain and of its one band among them."""
    found = {**dataset.tags(ns="IMAGERY"), **(dataset.tags(1) if dataset.count == 1 else {}), **dataset.tags()}
    if dataset.driver == "NITF":  # SICD: its metadata are XML in a data extension
        found |= {XML_TAG: next(iter(dataset.tags(ns="xml:DES").values()), "")}
    return {k: v for k, v in found.items() if isinstance(v, str)}
