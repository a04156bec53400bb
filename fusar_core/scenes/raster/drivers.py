"""Opening a raster with drivers allowed by name, so that no file makes requests or reads others unless it was asked to.

GDAL guesses a format from a file's content: a `.tif` that holds the text of a VRT or of a WMS would read any file of
this computer, or fetch from any address. Only formats that hold their own pixels are tried; a VRT is opened under a
name that says so, and may then show what lies on this computer in formats that are allowed themselves.
"""

from __future__ import annotations

import html
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import rasterio

from fusar_core.errors import SceneUnreadable
from fusar_core.scenes.raster.names import ARCHIVES, NETWORK, RasterName
from fusar_core.scenes.raster.quiet import RASTER_ERRORS, reason_of
from fusar_core.scenes.regular import head_of, read_bounded, refuse_special

MORE_DRIVERS = "FUSAR_GDAL_DRIVERS"
"""Environment variable with names of further drivers, separated by commas, for who wants to open e.g. a WMS."""

DRIVERS = (
    *("GTiff", "NITF", "HFA", "ENVI", "JP2OpenJPEG", "JP2KAK", "JP2ECW", "PNG", "JPEG", "netCDF", "HDF5", "HDF5Image"),
    *("SAFE", "RS2", "RCM", "TSX", "COSAR", "ESAT", "JAXAPALSAR", "SAR_CEOS", "CEOS", "AirSAR", "CPG", "GFF"),
    *("PCIDSK", "ISCE", "ROI_PAC", "ERS", "EHdr", "PAux", "RMF", "RST", "ILWIS", "KEA", "GPKG", "PNM", "BMP", "GIF"),
    *("WEBP", "AAIGrid"),
)
"""Tried in this order; those that this GDAL was built without are passed over."""
BY_MAGIC = (
    (b"II*\0", "GTiff"), (b"MM\0*", "GTiff"), (b"II+\0", "GTiff"), (b"MM\0+", "GTiff"), (b"NITF", "NITF"),
    (b"\x89PNG", "PNG"), (b"\xff\xd8\xff", "JPEG"), (b"EHFA", "HFA"), (b"PRODUCT=", "ESAT"),
)  # fmt: skip
BY_PREFIX = {
    "HDF5": "HDF5Image", "NETCDF": "netCDF", "GTIFF_DIR": "GTiff", "GTIFF_RAW": "GTiff", "NITF_IM": "NITF",
}  # fmt: skip
UNKNOWN_FORMAT = "not recognized as being in a supported file format"
LARGEST_VRT = 64 * 2**20
DEEPEST_VRT = 3
BLOCK_CACHE_BYTES = 256 * 2**20
"""GDAL's own default, 5 % of the machine's memory, would let the memory of a run grow with the machine."""
_BLANK = b"\xef\xbb\xbf \r\n\t"
_ADDRESS = re.compile(
    rf"{NETWORK.pattern}|/vsi(?!{'|'.join(k[3:] for k in ARCHIVES)})|(?:https?|ftp)://|^(?!HDF5|NETCDF|NITF_IM|GTIFF_DIR|RADARSAT_2_CALIB|[A-Z]:[/\\])\w{{2,}}:",
    re.IGNORECASE,
)
"""What names no file of this computer: an address, or one of GDAL's drivers that asks a service."""
_SOURCES = re.compile(r"<(Source(?:Filename|Dataset)|GDALDataset)\b([^>]*)>([^<]*)<", re.IGNORECASE)


def open_raster(name: RasterName, **options: Any) -> Any:
    """The rasterio dataset of a name, opened with options of the driver's, to be closed by the caller.

    Raises SceneUnreadable when it is no raster, or one that is not opened under such a name.
    """
    if "GDAL_CACHEMAX" not in os.environ:
        with rasterio.Env():
            rasterio.env.setenv(GDAL_CACHEMAX=BLOCK_CACHE_BYTES)  # outlives the Env, unlike an option given to it
    drivers = _drivers_for(name)
    reason = ""
    for driver in drivers:
        try:
            dataset = rasterio.open(name.text, driver=driver, **options)
        except RASTER_ERRORS as cause:
            said = reason_of(cause)
            if UNKNOWN_FORMAT not in said and (not reason or driver == drivers[0]):
                reason = said
            continue
        _refuse_overviews(dataset, name)
        return dataset
    raise SceneUnreadable(
        f"'{name.text}' cannot be read as a raster: {reason or _what_it_is(name)}.",
        "Give a GeoTIFF or another format that GDAL reads.",
    )


def _drivers_for(name: RasterName) -> list[str]:
    """The drivers to try on a name, the likeliest first."""
    more = [d.strip() for d in os.environ.get(MORE_DRIVERS, "").split(",") if d.strip()]
    known = [d for d in (*DRIVERS, *more) if d in _built_in()]
    if name.text.startswith("vrt://"):
        return ["VRT"]
    if name.file is None or name.part:
        if name.part and (likely := BY_PREFIX.get(name.text.partition(":")[0].upper())):
            return [likely]
        return [*known, "VRT"] if _is_vrt(name) else known
    refuse_special(name.file)
    if _is_vrt(name):
        if "VRT" not in more:
            check_vrt(name.file)
        return ["VRT"]
    head = head_of(name.file, 16)
    likely = next((driver for magic, driver in BY_MAGIC if head.startswith(magic)), "")
    if head.startswith(b"\x89HDF"):
        likely = "netCDF" if name.text.lower().endswith((".nc", ".nc4", ".cdf")) else "HDF5"
    if head.lstrip(_BLANK).startswith(b"<"):
        _refuse_addresses(name.file)
    return [likely, *(d for d in known if d != likely)] if likely else known


@cache
def _built_in() -> frozenset[str]:
    with rasterio.Env() as env:
        return frozenset(env.drivers())


def _is_vrt(name: RasterName) -> bool:
    return name.text.lower().endswith(".vrt")


def check_vrt(path: Path, depth: int = 0) -> None:
    """Raises SceneUnreadable when a VRT shows more than rasters of this computer in formats that are allowed."""
    content = read_bounded(path, LARGEST_VRT)
    if content is None or depth > DEEPEST_VRT:
        raise SceneUnreadable(f"'{path}' is a VRT too large or too deep to be checked.", "Give the rasters themselves.")
    text = content.decode("utf-8", "replace")
    raw = "VRTRawRasterBand" in text
    for _, attributes, written in _SOURCES.findall(text):
        source = html.unescape(written).strip()
        relative = re.search(r"relativeToVRT\s*=\s*[\"']1", attributes, re.IGNORECASE) is not None
        if _ADDRESS.search(source) or source.startswith("<"):
            raise _refused(path, source, "an address")
        if raw and (not relative or ".." in Path(source).parts):
            raise _refused(path, source, "the raw content of a file elsewhere")
        _check_source(path, path.parent / source if relative else Path(source), depth)


def _check_source(vrt: Path, file: Path, depth: int) -> None:
    refuse_special(file)
    if file.suffix.lower() == ".vrt":
        check_vrt(file, depth + 1)
    elif head_of(file, 64).lstrip(_BLANK).startswith((b"<", b"{")) and file.name.lower() != "product.xml":
        raise _refused(vrt, str(file), "text that is no raster")


def _refused(vrt: Path, source: str, what: str) -> SceneUnreadable:
    shown = source if len(source) <= 80 else source[:77] + "…"
    return SceneUnreadable(
        f"'{vrt}' is a VRT that shows {what} ('{shown}'), which is read only when asked for.",
        f"If you trust it, set {MORE_DRIVERS}=VRT, or give the rasters themselves.",
    )


def _refuse_addresses(path: Path) -> None:
    """A product's XML names its own images, never GDAL's virtual file systems."""
    content = read_bounded(path, LARGEST_VRT)
    if content is None or b"/vsi" in content:
        raise SceneUnreadable(f"'{path}' is XML that names files behind addresses.", "Give a GeoTIFF.")


def _refuse_overviews(dataset: Any, name: RasterName) -> None:
    """Closes a raster whose tags, or the .aux.xml beside it, send its reader elsewhere for overviews."""
    elsewhere = dataset.tags(ns="OVERVIEWS").get("OVERVIEW_FILE", "")
    if _ADDRESS.search(elsewhere.removeprefix(":::BASE:::")) and not name.remote:
        dataset.close()
        raise SceneUnreadable(
            f"'{name.text}' has overviews behind an address ('{elsewhere[:80]}'), which is not asked.",
            "Remove the .aux.xml beside it, or its tag OVERVIEW_FILE.",
        )


def _what_it_is(name: RasterName) -> str:
    if name.file and not name.part and name.file.is_file() and name.file.stat().st_size == 0:
        return "the file is empty"
    head = head_of(name.file).lstrip(_BLANK) if name.file else b""
    if head.startswith(b"<VRTDataset"):
        return "it is the text of a VRT, which is opened only under a name that ends in .vrt"
    if re.match(rb"<(?:GDAL_WMS|GDAL_WMTS|WCS_GDAL|WMS|WMT|Capabilities|GDALTileIndex)", head):
        return "it is the description of a service on the network, which is not fetched"
    return "it is in no format that is opened"
