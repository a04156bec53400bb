"""In which direction Sentinel-1 flew over a place at a time, for scenes whose metadata are lost."""

from __future__ import annotations

import math
import re
from dataclasses import replace

from fusar_core.scenes.acquisition import Acquisition

INCLINATION_DEG = 98.18
REVOLUTIONS_PER_DAY = 175 / 12
"""Sentinel-1 flies 175 orbits in its 12 days of repetition, in a dawn–dusk orbit (ESA, Sentinel-1 user guide)."""


def with_flight_direction(
    acquisition: Acquisition, lon: float, lat: float, line_heading_deg: float | None = None
) -> Acquisition:
    """The acquisition with orbit pass and heading, where it is Sentinel-1's and they follow from what is known. From a
    sensor that a text only mentions nothing follows, unless the lines of the image say the same.

    lon, lat: of the middle of the scene, degrees. line_heading_deg: direction of increasing lines of an image in radar
    geometry, which is that of flight.
    """
    if not re.fullmatch(r"Sentinel-1[A-D]?", acquisition.sensor or ""):
        return acquisition
    if acquisition.facts.mentioned and line_heading_deg is None:
        return acquisition
    heading, orbit_pass = acquisition.heading_deg, acquisition.orbit_pass
    origin = dict(acquisition.provenance)
    if heading is None and line_heading_deg is not None:
        heading, origin["heading_deg"] = line_heading_deg, "direction of the image lines"
    if orbit_pass is None and heading is not None:
        orbit_pass = "descending" if 90 < heading % 360 < 270 else "ascending"
        origin["orbit_pass"] = "from the heading"
    if orbit_pass is None and acquisition.start is not None and not acquisition.date_only:
        hour = (acquisition.start.hour + acquisition.start.minute / 60 + lon / 15) % 24
        orbit_pass = "descending" if hour < 12 else "ascending"
        origin["orbit_pass"] = f"local solar time {hour:.1f} h: Sentinel-1 descends at dawn and ascends at dusk"
    if heading is None and orbit_pass is not None and abs(lat) < 80:
        heading = ground_heading_deg(lat, descending=orbit_pass == "descending")
        origin["heading_deg"] = f"Sentinel-1's orbit at latitude {lat:.1f}°, {orbit_pass}"
    return replace(acquisition, heading_deg=heading, orbit_pass=orbit_pass, provenance=origin)


def ground_heading_deg(lat: float, *, descending: bool) -> float:
    """Direction of Sentinel-1's track over the turning earth at a latitude below 80°, clockwise from north, 0…360.

    Spherical earth: sin(azimuth) · cos(latitude) = cos(inclination), minus the earth's own speed eastwards.
    """
    cosine = math.cos(math.radians(lat))
    azimuth = math.asin(max(-1.0, math.cos(math.radians(INCLINATION_DEG)) / cosine))
    east = REVOLUTIONS_PER_DAY * math.sin(azimuth) - cosine
    north = REVOLUTIONS_PER_DAY * math.cos(azimuth) * (-1 if descending else 1)
    return math.degrees(math.atan2(east, north)) % 360
