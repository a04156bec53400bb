"""The data set summary of a CEOS leader file (ERS, ALOS, ALOS-2, RADARSAT-1): when, by what and how it was taken.

Source: CEOS SAR data products format, facility-independent data set summary record; byte positions agree between the
leaders of ESA, JAXA and CSA.
"""

from __future__ import annotations

import re
from dataclasses import replace

from fusar_core.scenes.metadata.product_names import POLARISATION, Facts
from fusar_core.scenes.metadata.sensors import radar_band, sensor_name
from fusar_core.scenes.metadata.times import parse_time

DESCRIPTOR = 720
"""Bytes of the file descriptor before the summary."""
SUMMARY_TYPES = (b"\n\n\x1f\x14", b"\x12\n\x12\x14", b"\n\n\x12\x14")
SUMMARY_BYTES = 512


def facts_of_leader(content: bytes) -> Facts:
    """What a leader says; empty Facts when it is none."""
    summary = content[DESCRIPTOR : DESCRIPTOR + SUMMARY_BYTES]
    if len(summary) < SUMMARY_BYTES or summary[4:8] not in SUMMARY_TYPES:
        return Facts()

    def text(start: int, end: int) -> str:
        return summary[start:end].decode("ascii", "replace").strip()

    sensor = sensor_name(text(396, 412))
    chain = text(412, 444)
    letter = re.search(r"(?<![A-Z0-9])([PLSCX])(?![A-Z0-9])", chain)
    start, date_only, year = parse_time(text(68, 100)[:14])
    heading = next((h for h in (_number(text(148, 164)), _number(text(468, 476))) if h is not None), None)
    stated = text(100, 116).lower()
    going = stated if stated in ("ascending", "descending") else None
    if going is None and heading is not None:
        going = "descending" if 90 < heading % 360 < 270 else "ascending"
    incidence = _number(text(484, 492))
    polarisations = tuple(p.upper() for p in POLARISATION.findall(chain))
    return replace(
        Facts(sensor=sensor, band=letter[1] if letter else radar_band(sensor), polarisations=polarisations or None),
        start=start,
        date_only=date_only,
        year=year,
        orbit_pass=going,
        heading_deg=heading,
        incidence_deg=incidence if incidence and 1 <= incidence <= 89 else None,
    )


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if -360 <= value <= 360 else None
