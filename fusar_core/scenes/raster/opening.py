"""From the path a user names to an open raster: which files, which band, which georeference, what is known of it."""

from __future__ import annotations

import os
import re
import zipfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import Any

import pyproj
import rasterio
from affine import Affine
from rasterio.enums import ColorInterp
from rasterio.errors import RasterioError

from fusar_core.domain.grid import Grid
from fusar_core.domain.radiometry import Statement, stated_in
from fusar_core.errors import BadBand, SceneNotFound, SceneUnreadable
from fusar_core.scenes.acquisition import Acquisition, read_acquisition
from fusar_core.scenes.metadata.orbit import with_flight_direction
from fusar_core.scenes.raster.bands import BandChoice, BandInfo, choose, describe_bands
from fusar_core.scenes.raster.geocoding import Geocoded, geocode_by_points, geocode_by_rpc
from fusar_core.scenes.raster.layer import Layer, Lock
from fusar_core.scenes.raster.quiet import without_georeference_warning
from fusar_core.scenes.raster.warped import WarpedLayer

PIXEL_SPACE = Affine(1, 0, 0, 0, -1, 0)
"""Where QGIS shows a raster without georeference: pixel (x, y) at (x, −y)."""

BLOCK_CACHE_BYTES = 256 * 2**20
"""GDAL's own default, 5 % of the machine's memory, would let the memory of a run grow with the machine."""


AnyLayer = Layer | WarpedLayer


@dataclass
class Source:
    """An open raster. layers: the chosen bands, all on the same grid. stated: of each, what words say about its pixels.

    geocoding: `affine`, `gcp`, `rpc` or `none`; geocoded: how, for gcp and rpc.
    """

    path: Path
    files: list[Path]
    driver: str
    grid: Grid
    geocoding: str
    geocoded: Geocoded | None
    bands: tuple[BandInfo, ...]
    band: BandChoice
    layers: list[AnyLayer]
    stated: list[Statement]
    acquisition: Acquisition
    warnings: list[str] = field(default_factory=list)

    def close(self) -> None:
        for layer in self.layers:
            layer.dataset.close()


@dataclass(frozen=True)
class _File:
    """One file of a scene. indexes: its bands with data, 1-based, without masks."""

    path: Path
    dataset: Any
    indexes: list[int]
    tags: dict[str, str]
    lock: Lock = field(default_factory=RLock)


def open_source(path: Path, band: str | int | None = None, year: int | None = None) -> Source:
    """Opens a raster, or the measurements of a Sentinel-1 SAFE folder, and finds out what it is.

    Raises SceneNotFound, SceneUnreadable, BadBand, BadOption (impossible year).
    """
    with ExitStack() as on_error, without_georeference_warning():
        opened = [_open_file(p) for p in raster_files(path)]
        for file in opened:
            on_error.callback(file.dataset.close)
        acquisition = read_acquisition(opened[0].path, opened[0].tags, year)
        bands = _number(opened, acquisition)
        choice = choose(bands, band)
        places = [(file, index) for file in opened for index in file.indexes]
        chosen = [places[b.index - 1] for b in choice.bands]
        grid, geocoding, geocoded, warned = _georeference([file for file, _ in chosen])
        images = [Layer(file.dataset, index, str(file.path), file.lock) for file, index in chosen]
        layers: list[AnyLayer] = [WarpedLayer(image, geocoded) for image in images] if geocoded else list(images)
        if len({(x.extent, x.dtype.kind == "c") for x in layers}) > 1:
            raise BadBand(f"The bands {choice.label} cannot be combined: they differ in size or kind.")
        if grid.is_georeferenced:
            lon, lat = (float(v) for v in grid.to_lonlat(grid.width / 2, grid.height / 2))
            lines = geocoded.heading_deg if geocoded is not None and geocoding == "gcp" else None
            acquisition = with_flight_direction(acquisition, lon, lat, lines)
        if acquisition.optical:
            warned.append(f"This is an image of {acquisition.sensor}, an optical sensor: results mean nothing.")
        source = Source(
            path=path,
            files=[file.path for file in opened],
            driver=opened[0].dataset.driver,
            grid=grid,
            geocoding=geocoding,
            geocoded=geocoded,
            bands=bands,
            band=choice,
            layers=layers,
            stated=[_stated(file, index, acquisition) for file, index in chosen],
            acquisition=acquisition,
            warnings=[*warned, *acquisition.warnings],
        )
        on_error.pop_all()
    unused = [file.dataset for file in opened if file.dataset not in [image.dataset for image in images]]
    for dataset in unused:
        dataset.close()
    return source


def raster_files(path: Path) -> list[Path]:
    """The rasters of a scene: the file itself, or the measurement TIFFs of a Sentinel-1 SAFE product, which may be its
    folder, its manifest, or the zip archive it came in.

    Raises SceneNotFound, SceneUnreadable for a folder or archive that is no SAFE.
    """
    try:
        found = path.exists()
    except (OSError, ValueError) as cause:
        raise SceneNotFound(f"There is no file '{path}': {cause}.", "Check the path.") from cause
    if not found:
        if str(path).startswith("/vsi") or re.match(r"[A-Z0-9_]{3,}:", str(path)):
            return [path]  # a virtual file or subdataset of GDAL's
        raise SceneNotFound(f"There is no file '{path}'.", "Check the path.")
    folder = path.parent if path.name.lower() == "manifest.safe" else path
    if folder.is_dir():
        inside = list((folder / "measurement").glob("*"))
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            inside = [Path(f"/vsizip/{{{path.absolute()}}}/{n}") for n in archive.namelist() if "/measurement/" in n]
    else:
        return [path]
    files = sorted(p for p in inside if p.suffix.lower() in (".tif", ".tiff"))
    if not files:
        raise SceneUnreadable(f"'{folder}' is no Sentinel-1 SAFE product.", "Name the raster file in it.")
    swath = re.compile(r"^s1[a-d]-([a-z0-9]+)-")
    first = swath.match(files[0].name.lower())
    # Swaths of an SLC lie in different places: only the first is one scene.
    return [f for f in files if first is None or (m := swath.match(f.name.lower())) is None or m[1] == first[1]]


def _open_raster(name: str, shown: Path) -> Any:
    name = re.sub(r"^(/vsi\w+/(?:https?|ftp)):/(?=[^/])", r"\1://", name)  # a Path makes one slash of two
    if "GDAL_CACHEMAX" not in os.environ:
        with rasterio.Env():
            rasterio.env.setenv(GDAL_CACHEMAX=BLOCK_CACHE_BYTES)  # outlives the Env, unlike an option given to it
    try:
        return rasterio.open(name)
    except (RasterioError, OSError, ValueError) as cause:
        raise SceneUnreadable(
            f"'{shown}' cannot be read as a raster: {str(cause).rstrip('.')}.",
            "Give a GeoTIFF or another format that GDAL reads.",
        ) from cause


def _open_file(path: Path) -> _File:
    dataset = _open_raster(str(path), path)
    try:
        if dataset.count == 0:
            inner = "; ".join(dataset.subdatasets[:5])
            raise SceneUnreadable(
                f"'{path}' holds no raster of its own.", f"Name one of its parts: {inner}." if inner else ""
            )
        indexes = [i for i in dataset.indexes if dataset.colorinterp[i - 1] is not ColorInterp.alpha]
        embedded = {k: v for k, v in dataset.tags().items() if isinstance(v, str)}
        return _File(path, dataset, indexes or list(dataset.indexes), embedded)
    except BaseException:
        dataset.close()
        raise


def _number(opened: list[_File], acquisition: Acquisition) -> tuple[BandInfo, ...]:
    """The bands of all files, numbered on."""
    bands: list[BandInfo] = []
    for file in opened:
        names = [file.dataset.descriptions[i - 1] for i in file.indexes]
        texts = [file.tags.get("POLARISATION", ""), file.tags.get("POLARIZATION", ""), file.path.stem]
        for info in describe_bands(names, texts, acquisition.polarisations):
            bands.append(BandInfo(len(bands) + 1, info.name, info.polarisation))
    return tuple(bands)


def _stated(file: _File, index: int, acquisition: Acquisition) -> Statement:
    """What words say about the pixels of a band, the most trustworthy first."""
    facts, origin = acquisition.facts, acquisition.provenance
    if facts.kind is not None:
        return Statement(facts.kind, facts.calibrated, origin["kind"], facts.calibration_db or 0.0)
    own = file.dataset.tags(index)
    texts = [
        (file.dataset.units[index - 1] or "", "the unit of the band"),
        (own.get("UNITS", "") or file.tags.get("UNITS", ""), "tag UNITS"),
        (file.dataset.descriptions[index - 1] or "", "the name of the band"),
        (file.path.stem, "the file name"),
    ]
    found = [s for s in (stated_in(text, where) for text, where in texts) if s.kind or s.calibrated]
    kind = next((s for s in found if s.kind), None)
    calibrated = next((s for s in found if s.calibrated), None)
    if kind is None:
        return calibrated or Statement()
    return kind if calibrated is None else Statement(kind.kind, True, kind.provenance)


def _georeference(files: list[_File]) -> tuple[Grid, str, Geocoded | None, list[str]]:
    """The common grid of the chosen bands, how it is known (`affine`, `gcp`, `rpc`, `none`), and warnings."""
    first = files[0].dataset
    transform = first.transform
    placed = not (transform.is_identity or transform == PIXEL_SPACE or transform.is_degenerate)
    crs = _crs(first.crs) if placed and first.crs else None
    if crs is not None:
        return Grid(first.height, first.width, transform, crs), "affine", None, []
    for kind, present, geocode in (("gcp", first.gcps[0], geocode_by_points), ("rpc", first.rpcs, geocode_by_rpc)):
        if present and not placed and (geocoded := geocode(first)) is not None:
            if not all(_same_grid(geocoded, geocode(f.dataset)) for f in files[1:]):
                raise BadBand("The bands cannot be combined: they lie in different places.")
            return geocoded.grid, kind, geocoded, []
    why = "has a geotransform, but no known CRS" if placed else "has no georeference"
    warned = [f"{files[0].path.name} {why}: sizes are in pixels, and the results do not lie on the map."]
    return Grid(first.height, first.width, transform if placed else PIXEL_SPACE, None), "none", None, warned


def _crs(crs: Any) -> pyproj.CRS | None:
    """The CRS, unless it has no place on the earth (a site's own coordinates)."""
    try:
        known = pyproj.CRS.from_wkt(crs.to_wkt())
    except (RasterioError, pyproj.exceptions.CRSError):
        return None
    return known if known.is_geographic or known.is_projected else None


def _same_grid(geocoded: Geocoded, other: Geocoded | None) -> bool:
    return (
        other is not None
        and (other.grid.height, other.grid.width) == (geocoded.grid.height, geocoded.grid.width)
        and other.grid.transform.almost_equals(geocoded.grid.transform)
    )
