"""What the values of metadata say about an acquisition, by the names they are known under among SAR providers."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from fusar_core.domain.radiometry import Kind
from fusar_core.scenes.metadata.leaves import Leaves
from fusar_core.scenes.metadata.product_names import POLARISATION, Facts
from fusar_core.scenes.metadata.sensors import radar_band, sensor_name
from fusar_core.scenes.metadata.times import parse_time

# Names are compared by their end, so "imagingtime.start" is the `start` inside an `imagingTime`.
_START = [
    "startdatetime",
    "imgscenestartdatetime",
    "zerodopplerstarttime",
    "firstlinetime",
    "startatutc",
    "starttimestamp",
    "acquisitionstartutc",
    "acquisitionstarttime",
    "sensingstart",
    "rawdatastarttime",
    "imagingtime.start",
    "start.timeutc",
    "acquisitionstart",
    "collectstart",
    "acquisitiondatetime",
    "sensingtime",
    "starttime",
    "datetime",
    "acquisitiontime",
    "acquisitiondate",
    "sensingdate",
    "imgscenecenterdatetime",
    "lbiobservationdate",
    "imagingdate",
    "acquired",
]
_SENSOR = [
    "platform",
    "umbrasatellitename",
    "satellitename",
    "satelliteid",
    "satelliteidentifier",
    "lbisatellite",
    "collectorname",
    "sensorname",
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
    "polarizationsinproduct",
    "listofpolarizations",
    "mds1txrxpolar",
    "mds2txrxpolar",
    "txrcvpolarizationproc",
    "txrcvpolarization",
    "mdstxrxpolar",
    "sensorid",
    "pollayer",
]
_PASS = [
    "satorbitstate",
    "orbitstate",
    "satellitetrack",
    "passdirection",
    "orbitpassdirection",
    "orbitdirection",
    "pass",
    "direction",
]
_HEADING = ["platformheading", "headingangle", "heading", "satheading"]
_INCIDENCE = [
    "viewincidenceangle",
    "incidenceang",
    "incidencemidswath",
    "angleincidencedegrees",
    "incidenceanglemidswath",
    "centerpixel.incidenceangle",
    "incidencecenter",
    "incidenceanglecenter",
    "incidenceangle",
]
_PRODUCT = ["sarproducttype", "producttype", "pdsproductid", "productlevel", "modetype"]


def facts_of(leaves: Leaves) -> Facts:
    """What the values say about the acquisition, by the names they are known under among SAR providers."""

    def values(names: list[str]) -> Iterator[str]:
        for wanted in names:
            yield from (text for name, text in leaves if name.endswith("." + wanted))

    start, date_only, year = next((t for t in map(parse_time, values(_START)) if t[2] is not None), (None, None, None))
    sensor = next((s for s in map(sensor_name, values(_SENSOR)) if s), None)
    letter = next((b.upper() for b in values(_BAND) if re.fullmatch(r"[PLSCX]", b, re.IGNORECASE)), None)
    states = (re.match(r"asc|desc|dec", text.strip(), re.IGNORECASE) for text in values(_PASS))
    going = next((m[0].lower() for m in states if m), None)
    kind, calibration_db = _calibration(values)
    own = [(name, text) for name, text in leaves if "source" not in name.rpartition(".")[0]]  # not what it was made of
    product = next((t for p in _PRODUCT for n, t in own if n.endswith("." + p) and len(t) < 40), None)
    if product == "GCOV":  # NISAR: covariances, whose diagonal is gamma nought in power
        kind = Kind.INTENSITY
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
        product=product,
        optical=True if sensor and re.search(r"sentinel-?2|landsat", sensor, re.IGNORECASE) else None,
        kind=kind,
        calibrated=True if kind else None,
        calibration_db=calibration_db,
    )


def _polarisations(values: Any) -> tuple[str, ...]:
    for name in _POLARISATION:
        if found := [p for text in values([name]) for p in _stated_polarisations(text)]:
            return tuple(dict.fromkeys(found))
    sent = next(values(["transmitpolarization"]), "")
    received = next(values(["receivepolarization"]), "")
    both = (sent + received).upper()
    return (both,) if both in ("HH", "HV", "VH", "VV") else ()


def _stated_polarisations(text: str) -> list[str]:
    """`VV VH`, `VV/VH`, `V:V` (SICD), `HHHV` (Gaofen-3) → VV, VH …"""
    plain = re.sub(r"(?<![A-Za-z])([HV]):([HV])(?![A-Za-z])", r"\1\2", text, flags=re.IGNORECASE)
    if run := re.fullmatch(r"(?:HH|HV|VH|VV){2,4}", plain.strip(), re.IGNORECASE):
        plain = re.sub(r"(..)", r"\1 ", run[0])
    return [p.upper() for p in POLARISATION.findall(re.sub(r"[^A-Za-z]+", " ", plain))]


def _numbers(texts: Iterator[str], low: float, high: float) -> Iterator[float]:
    for text in texts:
        try:
            number = float(text)
        except ValueError:
            continue
        if low <= number <= high:
            yield number


def _calibration(values: Any) -> tuple[Kind | None, float | None]:
    """Factors that turn digital numbers into sigma or gamma nought: Capella, JAXA (amplitude) and ICEYE (power)."""
    if "sigma" in next(values(["image.radiometry"]), ""):
        for factor in _numbers(values(["image.scalefactor"]), 1e-30, 1e30):
            return Kind.AMPLITUDE, 20 * math.log10(factor)
    equation = re.fullmatch(r"10\*log10\(DN\^2\)([+-]\d+(?:\.\d+)?)", next(values(["backscatterconversioneq"]), ""))
    if equation is not None:  # JAXA
        return Kind.AMPLITUDE, float(equation[1])
    for factor in _numbers(values(["calibrationfactor"]), 1e-30, 1e30):
        return Kind.AMPLITUDE, 10 * math.log10(factor)
    return None, None
