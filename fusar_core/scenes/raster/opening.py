"""From the path a user names to an open raster: which files, which band, which georeference, what is known of it."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import Any

from rasterio.enums import ColorInterp

from fusar_core.domain.determination import Statement, stated_in
from fusar_core.domain.grid import Grid
from fusar_core.errors import BadBand, SceneUnreadable
from fusar_core.scenes.acquisition import Acquisition, read_acquisition
from fusar_core.scenes.metadata.companions import companion_in
from fusar_core.scenes.metadata.orbit import with_flight_direction
from fusar_core.scenes.raster.bands import BandChoice, BandInfo, choose, describe_bands, halves
from fusar_core.scenes.raster.containers import HDF5, covariance_polarisation, radar_images
from fusar_core.scenes.raster.drivers import open_raster
from fusar_core.scenes.raster.geocoding import Geocoded
from fusar_core.scenes.raster.layer import Layer, Lock
from fusar_core.scenes.raster.names import RasterName, raster_name
from fusar_core.scenes.raster.pair import PairLayer
from fusar_core.scenes.raster.parts import scene_files
from fusar_core.scenes.raster.placing import place
from fusar_core.scenes.raster.quiet import RASTER_ERRORS, reason_of, without_georeference_warning
from fusar_core.scenes.raster.warped import WarpedLayer

MOST_BANDS = 1024
MOST_PIXELS = 10**11
"""Of a raster: a square of 3,000 km in pixels of 10 m, in 400,000 chips."""
LARGEST_BLOCK = 4 * 2**30
"""Bytes that GDAL decodes at once to read a single pixel, at…"""
MOST_PIXEL_BYTES = 16

AnyLayer = Layer | WarpedLayer


@dataclass
class Source:
    """An open raster. layers: the chosen bands, all on the same grid. stated: of each, what words say about its pixels.

    path: as the user gave it, a string where it is one of GDAL's own names. name: what to call it. part: of its
    product.
    geocoding: `affine`, `gcp`, `rpc` or `none`; geocoded: how, for gcp and rpc.
    """

    path: Path | str
    name: str
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
    part: str = ""
    warnings: list[str] = field(default_factory=list)

    def close(self) -> None:
        for layer in self.layers:
            for dataset in layer.datasets:
                dataset.close()


@dataclass(frozen=True)
class _File:
    """One file of a scene. indexes: its bands with data, 1-based, without masks."""

    name: RasterName
    dataset: Any
    indexes: list[int]
    tags: dict[str, str]
    lock: Lock = field(default_factory=RLock)


@dataclass(frozen=True)
class _Place:
    """A band of a file."""

    file: _File
    index: int


def open_source(given: str | os.PathLike[str], band: str | int | None = None, year: int | None = None) -> Source:
    """Opens a raster, or those of a product, and finds out what it is.

    Raises SceneNotFound, SceneUnreadable, BadBand, BadOption (impossible year).
    """
    parts = scene_files(given, band)
    with ExitStack() as on_error, without_georeference_warning():
        opened: list[_File] = []
        for name in parts.files:
            for inner in _images_of(name, parts.warnings):
                opened.append(_open_file(inner))
                on_error.callback(opened[-1].dataset.close)
        acquisition = read_acquisition(opened[0].name.path, opened[0].tags, year)
        places = [_Place(file, index) for file in opened for index in file.indexes]
        bands = _number(places, acquisition)
        choice = choose(bands, parts.band)
        chosen = [places[b.index - 1] for b in choice.bands]
        grid, geocoding, geocoded, warned = place([c.file.dataset for c in chosen], opened[0].name.shown)
        images = [_layer(places, b) for b in choice.bands]
        layers: list[AnyLayer] = [WarpedLayer(image, geocoded) for image in images] if geocoded else list(images)
        if len({(x.extent, x.dtype.kind == "c") for x in layers}) > 1:
            raise BadBand(f"The bands {choice.label} cannot be combined: they differ in size or kind.")
        if grid.is_georeferenced:
            lon, lat = (float(v) for v in grid.to_lonlat(grid.width / 2, grid.height / 2))
            lines = geocoded.heading_deg if geocoded is not None and geocoding == "gcp" else None
            acquisition = with_flight_direction(acquisition, lon, lat, lines)
        source = Source(
            path=Path(given) if _is_path(given) else os.fspath(given),
            name=Path(given).name if _is_path(given) else opened[0].name.shown,
            files=list(dict.fromkeys(file.name.file for file in opened if file.name.file is not None)),
            driver=opened[0].dataset.driver,
            grid=grid,
            geocoding=geocoding,
            geocoded=geocoded,
            bands=bands,
            band=choice,
            layers=layers,
            stated=[_stated(c.file, c.index, acquisition) for c in chosen],
            acquisition=acquisition,
            part=parts.part,
            warnings=[*parts.warnings, *warned, *_about_bands(choice, images, acquisition), *acquisition.warnings],
        )
        on_error.pop_all()
    used = [dataset for image in images for dataset in image.datasets]
    for dataset in {id(f.dataset): f.dataset for f in opened if f.dataset not in used}.values():
        dataset.close()
    return source


def _is_path(given: str | os.PathLike[str]) -> bool:
    try:
        return Path(given).exists()
    except (OSError, ValueError):
        return False


def _images_of(name: RasterName, warnings: list[str]) -> list[RasterName]:
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


def _open_file(name: RasterName) -> _File:
    dataset = open_raster(name)
    try:
        _refuse_sizes(dataset, name)
        if dataset.count == 0:
            inner = "; ".join(dataset.subdatasets[:5])
            raise SceneUnreadable(
                f"'{name.text}' holds no raster of its own.", f"Name one of its parts: {inner}." if inner else ""
            )
        indexes = [i for i in dataset.indexes if dataset.colorinterp[i - 1] is not ColorInterp.alpha]
        return _File(name, dataset, indexes or list(dataset.indexes), _tags(dataset))
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
    return {k: v for k, v in found.items() if isinstance(v, str)}


def _number(places: list[_Place], acquisition: Acquisition) -> tuple[BandInfo, ...]:
    """The bands of all files, numbered on; the two halves of a complex image are one of them."""
    names = [_band_name(place) for place in places]
    pairs = halves(names, [p.file.dataset.units[p.index - 1] or "" for p in places])
    if acquisition.facts.halves and len(places) == 2 and not any(names) and not _is_complex(places[0]):
        pairs = {0: 1}
    imaginary = set(pairs.values())
    bands: list[BandInfo] = []
    for file, numbers in _by_file(places):
        kept = [n for n in numbers if n not in imaginary]
        known = [names[n] for n in kept]
        texts = [file.tags.get(t, "") for t in ("POLARISATION", "POLARIZATION")]
        texts += [Path(file.name.shown).stem, _ceos_polarisation(file)]
        for n, info in zip(kept, describe_bands(known, texts, acquisition.polarisations), strict=True):
            partner = pairs[n] + 1 if n in pairs else None
            bands.append(BandInfo(n + 1, info.name, info.polarisation, partner, companion_in(info.name)))
    return tuple(bands)


def _by_file(places: list[_Place]) -> Iterator[tuple[_File, list[int]]]:
    for file in {id(p.file): p.file for p in places}.values():
        yield file, [n for n, p in enumerate(places) if p.file is file]


def _is_complex(place: _Place) -> bool:
    return str(place.file.dataset.dtypes[place.index - 1]).startswith("complex")


def _band_name(place: _Place) -> str:
    """The description of a band, or what its format has instead of one."""
    dataset = place.file.dataset
    own = dataset.tags(place.index)
    named = dataset.descriptions[place.index - 1] or own.get("POLARIMETRIC_INTERP") or ""
    if place.file.name.part and place.file.name.text.startswith(("HDF5:", "NETCDF:")):
        return covariance_polarisation(place.file.name.part.rpartition("/")[2])
    alone = dataset.count == 1 and place.file.name.text.lower().endswith(".img")  # of a folder of SNAP
    return named if not alone or halves([named, named], ["", ""]) else Path(place.file.name.shown).stem


def _ceos_polarisation(file: _File) -> str:
    return file.tags.get("CEOS_SENSOR_ID", "")


def _layer(places: list[_Place], band: BandInfo) -> Layer:
    """The layer of a band, of both its bands where they are the halves of a complex image."""
    real = _single(places[band.index - 1])
    return real if band.partner is None else PairLayer(real, _single(places[band.partner - 1]))


def _single(place: _Place) -> Layer:
    layer = Layer(place.file.dataset, place.index, place.file.name.text, place.file.lock)
    tags = {k.lower(): v for k, v in {**place.file.tags, **place.file.dataset.tags(place.index)}.items()}
    try:
        factor = float(tags.get("scale_factor", "1"))
    except ValueError:
        factor = 1.0
    if layer.scale == 1.0 and factor not in (0.0, 1.0) and layer.dtype.kind in "if" and math.isfinite(factor):
        layer.take_factor(abs(factor))
    return layer


def _about_bands(choice: BandChoice, images: list[Layer], acquisition: Acquisition) -> list[str]:
    """What the user should know of the chosen bands."""
    said = [f"{b.label} is {b.companion}, no radar image: results mean nothing." for b in choice.bands if b.companion]
    said += [
        f"The bands {b.index} and {b.partner} are read as the real and imaginary part of a complex image."
        for b in choice.bands
        if b.partner is not None
    ]
    said += [
        f"Pixels of band {layer.index} are taken times {layer.scale:g} for decibels, after the tag scale_factor."
        for layer in images
        if layer.factor_taken
    ]
    if acquisition.optical:
        said.append(f"This is an image of {acquisition.sensor}, an optical sensor: results mean nothing.")
    return said


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
        (Path(file.name.shown).stem, "the file name"),
    ]
    found = [s for s in (stated_in(text, where) for text, where in texts) if s.kind or s.calibrated]
    kind = next((s for s in found if s.kind), None)
    calibrated = next((s for s in found if s.calibrated), None)
    if kind is None:
        return calibrated or Statement()
    return kind if calibrated is None else Statement(kind.kind, True, kind.provenance)
