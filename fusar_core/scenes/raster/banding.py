"""The bands of the files of a scene, numbered on, and the layer that each is read by."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fusar_core.scenes.acquisition import Acquisition
from fusar_core.scenes.metadata.companions import companion_in
from fusar_core.scenes.raster.bands import BandInfo, describe_bands, halves
from fusar_core.scenes.raster.containers import covariance_polarisation
from fusar_core.scenes.raster.layer import Layer
from fusar_core.scenes.raster.opened import OpenFile
from fusar_core.scenes.raster.pair import PairLayer


@dataclass(frozen=True)
class BandPlace:
    """A band of a file."""

    file: OpenFile
    index: int


def number_bands(places: list[BandPlace], acquisition: Acquisition) -> tuple[BandInfo, ...]:
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
            bands.append(BandInfo(n + 1, info.name, info.polarisation, partner, _companion(info.name)))
    return tuple(bands)


def _companion(name: str) -> str | None:
    """What a band is if no radar image, by its name; the phase of a SICD product is called P."""
    return "a phase" if name == "P" else companion_in(name)


def _by_file(places: list[BandPlace]) -> Iterator[tuple[OpenFile, list[int]]]:
    for file in {id(p.file): p.file for p in places}.values():
        yield file, [n for n, p in enumerate(places) if p.file is file]


def _is_complex(place: BandPlace) -> bool:
    return str(place.file.dataset.dtypes[place.index - 1]).startswith("complex")


def _band_name(place: BandPlace) -> str:
    """The description of a band, or what its format has instead of one."""
    dataset = place.file.dataset
    own = dataset.tags(place.index)
    named = dataset.descriptions[place.index - 1] or own.get("POLARIMETRIC_INTERP") or own.get("NITF_ISUBCAT") or ""
    if place.file.name.part and place.file.name.text.startswith(("HDF5:", "NETCDF:")):
        return covariance_polarisation(place.file.name.part.rpartition("/")[2])
    alone = dataset.count == 1 and place.file.name.text.lower().endswith(".img")  # of a folder of SNAP
    return named if not alone or halves([named, named], ["", ""]) else Path(place.file.name.shown).stem


def _ceos_polarisation(file: OpenFile) -> str:
    return file.tags.get("CEOS_SENSOR_ID", "")


def layer_of(places: list[BandPlace], band: BandInfo) -> Layer:
    """The layer of a band, of both its bands where they are the halves of a complex image."""
    real = _single(places[band.index - 1])
    return real if band.partner is None else PairLayer(real, _single(places[band.partner - 1]))


def _single(place: BandPlace) -> Layer:
    layer = Layer(place.file.dataset, place.index, place.file.name.text, place.file.lock)
    tags = {k.lower(): v for k, v in {**place.file.tags, **place.file.dataset.tags(place.index)}.items()}
    try:
        factor = float(tags.get("scale_factor", "1"))
    except ValueError:
        factor = 1.0
    if layer.scale == 1.0 and factor not in (0.0, 1.0) and layer.dtype.kind in "if" and math.isfinite(factor):
        layer.take_factor(abs(factor))
    return layer
