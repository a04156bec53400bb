"""When, by which sensor and how a scene was acquired: every value with where it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path

from fusar_core.domain.schema import FIRST_YEAR
from fusar_core.errors import BadOption
from fusar_core.scenes.metadata.facts import facts_of
from fusar_core.scenes.metadata.files import embedded_json, embedded_xml, find_sidecars, read_sidecar
from fusar_core.scenes.metadata.leaves import leaves_of_tags
from fusar_core.scenes.metadata.product_names import (
    Facts,
    mentioned_in,
    parse_product_name,
    possible_year,
    timestamp_in,
)
from fusar_core.scenes.metadata.times import parse_time

_PRODUCT_TAGS = (
    *("SOURCE_PRODUCT", "PRODUCT", "PRODUCT_NAME", "PRODUCT_ID", "SCENE_ID", "TITLE", "ORIGINAL_NAME", "MPH_PRODUCT"),
    *("PRODUCT_FILE_NAME", "TIFFTAG_IMAGEDESCRIPTION", "TIFFTAG_DOCUMENTNAME"),
)
LONGEST_NAME = 1000
"""Letters of a tag in which the name of a product is looked for."""


@dataclass(frozen=True)
class Acquisition:
    """How a scene was acquired; None where nothing says.

    start: beginning of the acquisition in UTC; midnight when date_only. band: letter of the radar frequency.
    orbit_pass: `ascending` or `descending`. heading_deg: direction of flight over ground, clockwise from north.
    incidence_deg: at the middle of the scene. optical: no radar image. facts: all that was found, merged; provenance:
    field → where its value comes from. processed: when the file was written, which is never the acquisition.
    """

    start: datetime | None = None
    date_only: bool = False
    year: int | None = None
    sensor: str | None = None
    band: str | None = None
    polarisations: tuple[str, ...] = ()
    orbit_pass: str | None = None
    heading_deg: float | None = None
    incidence_deg: float | None = None
    product: str | None = None
    optical: bool = False
    facts: Facts = field(default_factory=Facts, repr=False)
    provenance: Mapping[str, str] = field(default_factory=dict)
    processed: datetime | None = None
    warnings: tuple[str, ...] = ()

    @property
    def acquired(self) -> str | None:
        """Time as text, as far as it is known: `2020-11-07T13:52:41Z`, `2020-11-07`, `2020` or None."""
        if self.start is None:
            return None if self.year is None else str(self.year)
        return f"{self.start:%Y-%m-%d}" if self.date_only else f"{self.start:%Y-%m-%dT%H:%M:%SZ}"


def read_acquisition(path: Path, tags: Mapping[str, str], year: int | None = None) -> Acquisition:
    """All that is known of an acquisition from the user, the files beside the raster, its tags and its name.

    Raises BadOption for a year in which no SAR satellite flew.
    """
    sidecars = [(f"{file.name}", read_sidecar(file)) for file in find_sidecars(path)]
    return gather(path, tags, sidecars, year)


def gather(
    path: Path, tags: Mapping[str, str], sidecars: Iterable[tuple[str, Facts]] = (), year: int | None = None
) -> Acquisition:
    """Merges what the sources say, the most trustworthy first: user, sidecars, embedded JSON, product name,
    acquisition tags, time stamp in the file name. The tag TIFFTAG_DATETIME is when the file was written: a hint only.

    sidecars: (name, facts) of files beside the raster.

    Raises BadOption for a year in which no SAR satellite flew.
    """
    if year is not None and not possible_year(year):
        raise BadOption(f"The year {year} cannot be that of a SAR acquisition.", f"Give one from {FIRST_YEAR} on.")
    tag, embedded = embedded_json(tags)
    names = [(f"product name {n}", n) for n in (path.stem, path.name, *(p.name for p in list(path.parents)[:3]))]
    known = [(t, tags[t][:LONGEST_NAME]) for t in _PRODUCT_TAGS if t in tags and not tags[t].lstrip().startswith("{")]
    names += [
        (f"product name {value if len(value) < 100 else value[:99] + '…'} in tag {t}", value) for t, value in known
    ]
    sources = [
        ("given by the user", Facts(year=year)),
        *sidecars,
        (f"JSON in tag {tag}", embedded),
        ("XML in the file", embedded_xml(tags)),
        *((where, parse_product_name(name)) for where, name in names),
        ("tags of the raster", facts_of(leaves_of_tags(tags))),
        (f"time stamp in the file name {path.name}", timestamp_in(path.stem)),
        ("tag TIFFTAG_IMAGEDESCRIPTION", mentioned_in(tags.get("TIFFTAG_IMAGEDESCRIPTION", "")[:LONGEST_NAME])),
        (f"file name {path.name}", mentioned_in(path.stem)),
    ]
    return _merge(sources, tags)


def year_unknown(acquisition: Acquisition) -> str:
    """A sentence for a scene of which nobody knows the year, empty for others: only a prior needs it."""
    if acquisition.year is not None:
        return ""
    processed = acquisition.processed
    hint = f" (the file was written in {processed.year}, which need not be the year)" if processed else ""
    return f"Nothing says in which year the scene was acquired{hint}: give it with --year, for a prior."


def _merge(sources: list[tuple[str, Facts]], tags: Mapping[str, str]) -> Acquisition:
    found: dict[str, object] = {}
    provenance: dict[str, str] = {}
    warnings = []
    for where, facts in sources:
        for name in (f.name for f in fields(Facts)):
            value = getattr(facts, name)
            if value is None or name in ("date_only", "mentioned"):
                continue
            if name == "start" and found.get("year", facts.year) != facts.year:
                warnings.append(f"The year {found['year']} is {provenance['year']}, but {where} says {facts.year}.")
                continue
            if name not in found:
                found[name], provenance[name] = value, where
                if name == "sensor":
                    found["mentioned"] = facts.mentioned
                if name == "start":
                    found["date_only"] = facts.date_only
    processed = parse_time(tags.get("TIFFTAG_DATETIME", "").replace(":", "-", 2))[0]
    merged = Facts(**found)  # type: ignore[arg-type]
    return Acquisition(
        start=merged.start,
        date_only=bool(merged.date_only),
        year=merged.year,
        sensor=merged.sensor,
        band=merged.band,
        polarisations=merged.polarisations or (),
        orbit_pass=merged.orbit_pass,
        heading_deg=merged.heading_deg,
        incidence_deg=merged.incidence_deg,
        product=merged.product,
        optical=bool(merged.optical),
        facts=merged,
        provenance=provenance,
        processed=processed,
        warnings=tuple(warnings),
    )
