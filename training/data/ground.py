"""Which footprints lie near each other on the ground, in metres, also over the antimeridian and around the poles.

A footprint is [lon_min, lat_min, lon_max, lat_max] in degrees; lon_max < lon_min crosses the antimeridian (RFC 7946).
Distances are never taken for longer than they are, nor chips for smaller, so that what is called far apart is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import shapely

Footprint = tuple[float, float, float, float]

LEAST_M_PER_DEGREE, MOST_M_PER_DEGREE = 110_570.0, 111_700.0
"""Metres in a degree of latitude, or of longitude at the equator: between these everywhere on WGS 84."""
SLACK_DEG, SLACK_M = 1e-9, 1e-3
"""Rounding: shares of ground smaller than these are none."""


def side_m(footprint: Footprint) -> float:
    """The longer side of a footprint in metres."""
    _, south, _, north = footprint
    nearest = 0.0 if south < 0.0 < north else min(abs(south), abs(north))  # to the equator, where degrees are widest
    width = _width_deg(footprint) * math.cos(math.radians(nearest))
    return max(width, north - south) * MOST_M_PER_DEGREE


def block_of(footprint: Footprint, block_km: float) -> tuple[int, int]:
    """Row and column of the block that holds the middle of a footprint: about `block_km` squares, row by row."""
    middle = (footprint[1] + footprint[3]) / 2
    step = 1000.0 * block_km / MOST_M_PER_DEGREE
    row = math.floor(middle / step)
    narrow = max(math.cos(math.radians((row + 0.5) * step)), 1e-6)
    lon = (footprint[0] + _width_deg(footprint) / 2 + 180.0) % 360.0
    return row, math.floor(lon / (step / narrow))


def gap_m(a: Footprint, b: Footprint) -> float:
    """Metres between two footprints along longitude or latitude, whichever is more; 0 where they touch or overlap.

    Longitudes are measured on the parallel where they are closest.
    """
    far_north = min(90.0, max(abs(a[1]), abs(a[3]), abs(b[1]), abs(b[3])))
    dx = _lon_gap_deg(a, b) * math.cos(math.radians(far_north))
    dy = max(a[1], b[1]) - min(a[3], b[3])
    return max(dx, dy, 0.0) * LEAST_M_PER_DEGREE


def overlap(a: Footprint, b: Footprint) -> bool:
    """Whether two footprints share an area."""
    return _lon_gap_deg(a, b) < -SLACK_DEG and min(a[3], b[3]) - max(a[1], b[1]) > SLACK_DEG


def near(a: Footprint, b: Footprint, buffer_chips: float) -> bool:
    """Whether two footprints overlap, or have less than `buffer_chips` sides of the larger one between them."""
    return overlap(a, b) or gap_m(a, b) < buffer_chips * max(side_m(a), side_m(b)) - SLACK_M


def near_pairs(
    ones: Sequence[Footprint], others: Sequence[Footprint], buffer_chips: float = 1.0
) -> Iterator[tuple[int, int]]:
    """All (i, j) for which `near(ones[i], others[j], buffer_chips)`, each once, in order."""
    there = {(i, j) for i, j in _reached(ones, others, buffer_chips)}
    back = {(i, j) for j, i in _reached(others, ones, buffer_chips)}
    return ((i, j) for i, j in sorted(there | back) if near(ones[i], others[j], buffer_chips))


def _reached(ones: Sequence[Footprint], others: Sequence[Footprint], buffer_chips: float) -> Iterator[tuple[int, int]]:
    """Candidates: pairs (i, j) where others[j] touches the buffer of ones[i], at least."""
    if not ones or not others:
        return
    tallest = max(north - south for _, south, _, north in others)
    boxes, owner = _unrolled(others)
    grown, asker = _unrolled([_grown(f, buffer_chips * side_m(f), tallest) for f in ones])
    for i, j in shapely.STRtree(boxes).query(grown).T:
        yield int(asker[i]), int(owner[j])


def _grown(footprint: Footprint, metres: float, tallest: float) -> Footprint:
    """A footprint with a margin. tallest: degrees by which what touches it may reach on towards a pole."""
    west, south, _, north = footprint
    margin = metres / LEAST_M_PER_DEGREE + SLACK_DEG
    south, north = south - margin, north + margin
    narrow = math.cos(math.radians(min(90.0, max(abs(south), abs(north)) + tallest)))
    aside = min(margin / narrow, 360.0) if narrow > 1e-9 else 360.0
    width = _width_deg(footprint) + 2 * aside
    return (-180.0, south, 180.0, north) if width >= 360.0 else (west - aside, south, west - aside + width, north)


def _unrolled(footprints: Sequence[Footprint]) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.int_]]:
    """Boxes within −180…180, cut at the antimeridian, and which footprint each is of."""
    boxes, owner = [], []
    for index, footprint in enumerate(footprints):
        west = (footprint[0] + 180.0) % 360.0 - 180.0
        east = west + _width_deg(footprint)
        for first, last in ((west, min(east, 180.0)), (-180.0, east - 360.0)):
            if last >= first:
                boxes.append(shapely.box(first, footprint[1], last, footprint[3]))
                owner.append(index)
    return np.array(boxes, object), np.array(owner, int)


def _width_deg(footprint: Footprint) -> float:
    width = footprint[2] - footprint[0]
    return 360.0 if width >= 360.0 else width % 360.0


def _lon_gap_deg(a: Footprint, b: Footprint) -> float:
    """Degrees of longitude between two footprints the shorter way round; negative where they share some."""
    eastwards = (b[0] - a[0]) % 360.0 - _width_deg(a)
    westwards = (a[0] - b[0]) % 360.0 - _width_deg(b)
    return min(eastwards, westwards)
