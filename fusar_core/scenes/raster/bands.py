"""The bands of a SAR raster: their polarisations, and which one is interpreted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fusar_core.domain.radiometry import is_cross_polarised
from fusar_core.errors import BadBand
from fusar_core.scenes.metadata.product_names import POLARISATION


@dataclass(frozen=True)
class BandInfo:
    """One band. index: 1-based, as in GDAL. name: its description, empty without one.

    partner: index of the band with the imaginary part, where this is the real part of a complex image. companion: what
    it is if no radar image (an elevation model, a mask).
    """

    index: int
    name: str
    polarisation: str | None
    partner: int | None = None
    companion: str | None = None

    @property
    def label(self) -> str:
        """What to call it: its polarisation, else its name, else its number."""
        return self.polarisation or self.name or f"band {self.index}"


@dataclass(frozen=True)
class BandChoice:
    """What is interpreted: one band, or the mean of the powers of several. reason: why, for the record."""

    bands: tuple[BandInfo, ...]
    reason: str

    @property
    def label(self) -> str:
        return "+".join(b.label for b in self.bands)

    @property
    def polarisation(self) -> str | None:
        """Polarisation that decides the stretch: that of the strongest, co-polarised, band."""
        stated = [b.polarisation for b in self.bands]
        return next((p for p in stated if p and not is_cross_polarised(p)), stated[0])


def describe_bands(names: Sequence[str | None], texts: Sequence[str], product: Sequence[str]) -> tuple[BandInfo, ...]:
    """Bands with the polarisation that their name states, or else the file as a whole.

    names: band descriptions. texts: of the file, in falling trust (a POLARISATION tag, the file name); believed when
    they state exactly as many polarisations as there are bands. product: polarisations of the whole product, which may
    hold more than the file; believed under the same condition.
    """
    stated = [polarisations_in(name or "") for name in names]
    if not any(stated):
        for guess in (*map(polarisations_in, texts), tuple(product)):
            if len(guess) == len(names):
                stated = [(p,) for p in guess]
                break
    return tuple(
        BandInfo(i, name or "", found[0] if len(found) == 1 else None)
        for i, (name, found) in enumerate(zip(names, stated, strict=True), 1)
    )


_HALF = r"(?P<half>i|q|re|im|real|imag|imaginary)"
_HALVES = (
    re.compile(rf"{_HALF}(?:[_ -](?P<rest>.+))?", re.IGNORECASE),  # i_VV, q_VV (SNAP); I, Q (SICD)
    re.compile(rf"(?P<rest>.+)[_ -]{_HALF}", re.IGNORECASE),  # s_i, s_q (ICEYE)
)


def halves(names: Sequence[str], units: Sequence[str]) -> dict[int, int]:
    """Which bands are the real and the imaginary part of a complex image, by name or unit: index → index, from 0."""
    found: dict[str, dict[str, list[int]]] = {}
    for index, (name, unit) in enumerate(zip(names, units, strict=True)):
        match = next((m for pattern in _HALVES if (m := pattern.fullmatch(name.strip()))), None)
        half = match["half"].lower() if match else unit.strip().lower() if unit.lower() in ("real", "imaginary") else ""
        if half:
            key = (match["rest"] or "").lower() if match else ""
            found.setdefault(key, {}).setdefault("q" if half in ("q", "im", "imag", "imaginary") else "i", []).append(
                index
            )
    return {p["i"][0]: p["q"][0] for p in found.values() if len(p.get("i", ())) == 1 and len(p.get("q", ())) == 1}


def polarisations_in(text: str) -> tuple[str, ...]:
    """The polarisations that stand in a text as words of their own, each once: `S1_VV_VH_dB` → VV, VH."""
    return tuple(dict.fromkeys(p.upper() for p in POLARISATION.findall(text)))


def choose(bands: Sequence[BandInfo], wanted: Any = None) -> BandChoice:
    """The band to interpret.

    wanted: number, name or polarisation (in any case), or several joined by `+` for the mean of their powers. None: the
    cross-polarised band where there is one, since the sea is darker in it and ships stand out; else the first.

    Raises BadBand when there is no such band.
    """
    images = [b for b in bands if b.companion is None]
    if not images:
        raise BadBand(
            "The raster has no band with radar data.",
            f"It holds {', '.join(dict.fromkeys(b.companion or '' for b in bands))}." if bands else "",
        )
    if wanted is None:
        bands = images
        cross = [b for b in bands if is_cross_polarised(b.polarisation)]
        if len(bands) == 1:
            return BandChoice((bands[0],), "the only band")
        if cross:
            return BandChoice((cross[0],), "cross-polarised: ships stand out of a darker sea")
        return BandChoice((bands[0],), "the first band")
    parts = [p.strip() for p in str(wanted).split("+")]
    chosen = tuple(dict.fromkeys(_find(bands, part) for part in parts))
    return BandChoice(chosen, "asked for" if len(chosen) == 1 else "asked for: mean of the powers")


def _find(bands: Sequence[BandInfo], wanted: str) -> BandInfo:
    for band in bands:
        if wanted.isdecimal() and int(wanted) == band.index:
            return band
    for band in bands:
        if wanted and wanted.casefold() in (band.name.casefold(), (band.polarisation or "").casefold()):
            return band
    known = ", ".join(f"{b.index} ({b.label})" if b.label != f"band {b.index}" else str(b.index) for b in bands)
    raise BadBand(f"The raster has no band '{wanted}'.", f"It has: {known}.")
