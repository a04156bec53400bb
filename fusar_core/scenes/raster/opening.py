"""From the path a user names to an open raster: which files, which band, which georeference, what is known of it."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from fusar_core.domain.determination import Statement, stated_in
from fusar_core.domain.extent import known_crs
from fusar_core.domain.grid import Grid
from fusar_core.errors import BadBand
from fusar_core.scenes.acquisition import Acquisition, read_acquisition
from fusar_core.scenes.metadata.orbit import with_flight_direction
from fusar_core.scenes.raster.banding import BandPlace, layer_of, number_bands
from fusar_core.scenes.raster.bands import BandChoice, BandInfo, choose
from fusar_core.scenes.raster.geocoding import Geocoded
from fusar_core.scenes.raster.layer import Layer
from fusar_core.scenes.raster.opened import OpenFile, images_of, open_file
from fusar_core.scenes.raster.parts import scene_files
from fusar_core.scenes.raster.placing import place
from fusar_core.scenes.raster.quiet import without_georeference_warning
from fusar_core.scenes.raster.warped import WarpedLayer

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


def open_scene_raster(
    given: str | os.PathLike[str], band: str | int | None = None, year: int | None = None, crs: str | None = None
) -> Source:
    """Opens a raster, or those of a product, and finds out what it is.

    Raises SceneNotFound, SceneUnreadable, BadBand, BadCrs, BadOption (impossible year).
    """
    given_crs = known_crs(crs) if crs else None
    parts = scene_files(given, band)
    with ExitStack() as on_error, without_georeference_warning():
        opened: list[OpenFile] = []
        for name in parts.files:
            for inner in images_of(name, parts.warnings):
                opened.append(open_file(inner))
                on_error.callback(opened[-1].dataset.close)
        acquisition = read_acquisition(opened[0].name.path, opened[0].tags, year)
        places = [BandPlace(file, index) for file in opened for index in file.indexes]
        bands = number_bands(places, acquisition)
        choice = choose(bands, parts.band)
        chosen = [places[b.index - 1] for b in choice.bands]
        grid, geocoding, geocoded, warned = place([c.file.dataset for c in chosen], opened[0].name.shown, given_crs)
        images = [layer_of(places, b) for b in choice.bands]
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


def _stated(file: OpenFile, index: int, acquisition: Acquisition) -> Statement:
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
