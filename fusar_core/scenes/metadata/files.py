"""Metadata beside or inside a raster (STAC, JSON, XML, tags) → what it says about the acquisition."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from fusar_core.domain.radiometry import Kind
from fusar_core.scenes.metadata.product_names import POLARISATION, Facts, moment, possible_year, radar_band

LARGEST_SIDECAR = 32 * 2**20
"""Bytes; the annotation of a whole Sentinel-1 swath has 2 MB."""

Leaves = list[tuple[str, str]]
"""(dotted lower-case name without punctuation, text) of every value, in the order of the document."""

# Names are compared by their end, so "imagingtime.start" is the `start` inside an `imagingTime`.
_START = [
    "startdatetime",
    "startatutc",
    "starttimestamp",
    "acquisitionstartutc",
    "acquisitionstarttime",
    "sensingstart",
    "rawdatastarttime",
    "imagingtime.start",
    "start.timeutc",
    "acquisitionstart",
    "acquisitiondatetime",
    "sensingtime",
    "starttime",
    "datetime",
    "acquisitiontime",
    "acquisitiondate",
    "sensingdate",
    "imagingdate",
    "acquired",
]
_SENSOR = [
    "platform",
    "umbrasatellitename",
    "satellitename",
    "spacecraftname",
    "satellite",
    "missionid",
    "mission",
    "sensor",
]
_BAND = ["sarfrequencyband", "frequencyband", "radarband"]
_POLARISATION = [
    "sarpolarizations",
    "polarizations",
    "polarisations",
    "polarization",
    "polarisation",
    "polarmode",
    "transmitterreceiverpolarisation",
    "pollayer",
]
_PASS = ["satorbitstate", "orbitstate", "satellitetrack", "passdirection", "orbitdirection", "pass", "direction"]
_HEADING = ["platformheading", "headingangle", "heading", "satheading"]
_INCIDENCE = [
    "viewincidenceangle",
    "angleincidencedegrees",
    "incidenceanglemidswath",
    "centerpixel.incidenceangle",
    "incidencecenter",
    "incidenceanglecenter",
    "incidenceangle",
]
_PRODUCT = ["sarproducttype", "producttype", "productlevel"]


def find_sidecars(path: Path) -> list[Path]:
    """JSON and XML files that belong to a raster: beside it under its name, or in the annotation folder of a SAFE.

    A file belongs to the raster when its name, without endings such as `_METADATA.json`, `.stac.json` or `.meta.xml`
    and without polarisations, is the beginning of the raster's name.
    """
    found = []
    wanted = _stem(path.name)
    try:
        beside = sorted(path.parent.iterdir())
    except OSError:
        return []
    for file in beside:
        stem = _stem(file.name)
        known = file.suffix.lower() in (".json", ".xml") and not file.name.lower().endswith(".aux.xml")
        if known and len(stem) >= 6 and (wanted == stem or wanted.startswith((stem + "_", stem + "-", stem + "."))):
            found.append(file)
    annotation = path.parent.parent / "annotation" / f"{path.stem}.xml"
    manifest = path.parent.parent / "manifest.safe"
    return found + [f for f in (annotation, manifest) if path.parent.name == "measurement" and f.is_file()]


def _stem(name: str) -> str:
    stem = re.sub(r"\.(?:tiff?|json|xml|img|vrt|jp2|dat)$", "", name, flags=re.IGNORECASE)
    stem = re.sub(r"(?:[._-](?:metadata|meta|extended|stac|v\d))+$", "", stem, flags=re.IGNORECASE)
    return re.sub(r"[._-](?:HH|HV|VH|VV|AHV|DH|DV)(?=[._-]|$)", "", stem, flags=re.IGNORECASE).lower()


def read_sidecar(path: Path) -> Facts:
    """What a JSON or XML file says; empty Facts when it cannot be read."""
    try:
        if path.stat().st_size > LARGEST_SIDECAR:
            return Facts()
        text = path.read_bytes()
        leaves = leaves_of_json(json.loads(text)) if path.suffix.lower() == ".json" else leaves_of_xml(text)
    except (OSError, ValueError, RecursionError, ElementTree.ParseError):
        return Facts()
    return facts_of(leaves)


def embedded_json(tags: Mapping[str, str]) -> tuple[str, Facts]:
    """Name of the tag that holds JSON metadata (ICEYE, Capella), and what it says."""
    for tag in ("ICEYE_PROPERTIES", "TIFFTAG_IMAGEDESCRIPTION"):
        text = tags.get(tag, "")
        if text.lstrip().startswith("{"):
            try:
                return tag, facts_of(leaves_of_json(json.loads(text)))
            except (ValueError, RecursionError):
                continue
    return "", Facts()


def leaves_of_json(value: Any, name: str = "") -> Leaves:
    """The values of a JSON document."""
    return list(_json_leaves(value, name))


def _json_leaves(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _json_leaves(inner, f"{name}.{_plain(str(key))}")
    elif isinstance(value, list):
        if all(isinstance(v, str) for v in value):
            yield name, " ".join(value)
        for inner in value:
            if isinstance(inner, Mapping | list):
                yield from _json_leaves(inner, name)
    elif value is not None and not isinstance(value, bool):
        yield name, str(value)


def leaves_of_xml(text: bytes) -> Leaves:
    """The text of every element of an XML document that has no children."""

    def walk(element: ElementTree.Element, name: str) -> Iterator[tuple[str, str]]:
        name = f"{name}.{_plain(element.tag.rpartition('}')[2])}"
        if len(element) == 0 and element.text and element.text.strip():
            yield name, element.text.strip()
        for child in element:
            yield from walk(child, name)

    return list(walk(ElementTree.fromstring(text), ""))


def leaves_of_tags(tags: Mapping[str, str]) -> Leaves:
    """The tags of a raster, without those that tell of processing."""
    return [(f".{_plain(key)}", str(value)) for key, value in tags.items() if not key.startswith("TIFFTAG_")]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def facts_of(leaves: Leaves) -> Facts:
    """What the values say about the acquisition, by the names they are known under among SAR providers."""

    def values(names: list[str]) -> Iterator[str]:
        for wanted in names:
            yield from (text for name, text in leaves if name.endswith("." + wanted))

    start, date_only, year = next((t for t in map(parse_time, values(_START)) if t[2] is not None), (None, None, None))
    sensor = next((s for s in map(_sensor, values(_SENSOR)) if s), None)
    letter = next((b.upper() for b in values(_BAND) if re.fullmatch(r"[PLSCX]", b, re.IGNORECASE)), None)
    states = (re.match(r"asc|desc|dec", text.strip(), re.IGNORECASE) for text in values(_PASS))
    going = next((m[0].lower() for m in states if m), None)
    kind, calibration_db = _calibration(values)
    return Facts(
        start=start,
        date_only=date_only,
        year=year,
        sensor=sensor,
        band=letter or radar_band(sensor),
        polarisations=_polarisations(values) or None,
        orbit_pass=None if going is None else ("ascending" if going == "asc" else "descending"),
        heading_deg=next(_numbers(values(_HEADING), -360, 360), None),
        incidence_deg=next(_numbers(values(_INCIDENCE), 1, 89), None),
        product=next((p for p in values(_PRODUCT) if len(p) < 40), None),
        optical=True if sensor and re.search(r"sentinel-?2|landsat", sensor, re.IGNORECASE) else None,
        kind=kind,
        calibrated=True if kind else None,
        calibration_db=calibration_db,
    )


def _polarisations(values: Any) -> tuple[str, ...]:
    for text in values(_POLARISATION):
        if found := POLARISATION.findall(re.sub(r"[^A-Za-z]+", " ", text)):
            return tuple(dict.fromkeys(p.upper() for p in found))
    sent = next(values(["transmitpolarization"]), "")
    received = next(values(["receivepolarization"]), "")
    both = (sent + received).upper()
    return (both,) if both in ("HH", "HV", "VH", "VV") else ()


def _numbers(texts: Iterator[str], low: float, high: float) -> Iterator[float]:
    for text in texts:
        try:
            number = float(text)
        except ValueError:
            continue
        if low <= number <= high:
            yield number


def _calibration(values: Any) -> tuple[Kind | None, float | None]:
    """Factors that turn digital numbers into sigma nought: Capella (amplitude) and ICEYE (power)."""
    if "sigma" in next(values(["image.radiometry"]), ""):
        for factor in _numbers(values(["image.scalefactor"]), 1e-30, 1e30):
            return Kind.AMPLITUDE, 20 * math.log10(factor)
    for factor in _numbers(values(["calibrationfactor"]), 1e-30, 1e30):
        return Kind.AMPLITUDE, 10 * math.log10(factor)
    return None, None


_SENSORS = (
    (r"^s(?:entinel)?-?1([a-d])?\b", "Sentinel-1"),
    (r"^gf-?3([bc])?$", "Gaofen-3"),
)


def _sensor(text: str) -> str | None:
    """The sensor under its usual name; None for text that is no name (`SAR`, `C-SAR`)."""
    text = text.strip()
    if not text or len(text) > 40 or re.fullmatch(r"(?:[a-z]-)?sar", text, re.IGNORECASE):
        return None
    for pattern, name in _SENSORS:
        if match := re.match(pattern, text, re.IGNORECASE):
            return name + (match[1] or "").upper() + text[match.end() :]
    return text


def parse_time(text: str) -> tuple[datetime | None, bool | None, int | None]:
    """A time as metadata write it → (UTC time, whether only the date is known, year); Nones when it is none.

    Understands ISO 8601 (with or without zone; UTC without), YYYYMMDD[hhmmss], DD.MM.YYYY and 02-MAY-2011 hh:mm:ss. Of
    a date such as 07/11/2020 only the year is certain.
    """
    text = text.strip()
    day_first = re.match(r"(\d\d)\.(\d\d)\.(\d{4})$", text)
    if day_first:
        text = f"{day_first[3]}-{day_first[2]}-{day_first[1]}"
    when: datetime | None = None
    date_only = False
    digits = re.sub(r"[T_ ]", "", text)
    if re.fullmatch(r"\d{8}|\d{14}", digits):
        when, date_only = moment(digits), len(digits) == 8
    elif re.match(r"\d{4}[-/]\d\d[-/]\d\d", text):
        iso = text[:10].replace("/", "-") + text[10:]
        iso = re.sub(r"(\.\d{6})\d+", r"\1", iso)
        date_only = len(iso) == 10
        try:
            when = datetime.fromisoformat(iso)
        except ValueError:
            when = None
    elif match := re.match(r"(\d\d-[A-Z]{3}-\d{4})(?: (\d\d:\d\d:\d\d))?", text, re.IGNORECASE):
        date_only = match[2] is None
        try:
            when = datetime.strptime(f"{match[1]} {match[2] or '00:00:00'}", "%d-%b-%Y %H:%M:%S")
        except ValueError:
            when = None
    elif (match := re.match(r"\d\d?/\d\d?/(\d{4})(?!\d)", text)) and possible_year(int(match[1])):
        return None, None, int(match[1])
    if when is None:
        return None, None, None
    try:
        when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except OverflowError:
        return None, None, None
    return (when, date_only, when.year) if possible_year(when.year) else (None, None, None)
