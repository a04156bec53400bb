"""Flags ghosts: faint copies of bright targets, which a radar shows a constant way along its flight or its look.

Echoes of pulses are told apart by their Doppler shift modulo the pulse repetition frequency (PRF), so a strong target
appears a second time, 20 to 30 dB weaker, λ·R·PRF/(2v) ahead of and behind itself (Cumming & Wong, Digital Processing
of SAR Data (2005), § 5.4). A faint target that merely lies there is no proof: among ships at anchor that happens all
the time. So a displacement is believed only when more faint targets share it than share any displacement of the same
length in directions in which no ghosts can lie.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from fusar_core.domain.answers import Detection
from fusar_core.domain.grid import GEOD, Grid
from fusar_core.scenes.acquisition import Acquisition

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

AZIMUTH = "azimuth_ambiguity"
RANGE = "range_ambiguity"

LIGHT_SPEED = 299_792_458.0

# Sentinel-1 (product annotations of ESA: radarFrequency, prf, slantRangeTime; orbit: Torres et al. 2012, Remote Sensing
# of Environment 120, 9–24).
S1_WAVELENGTH_M = LIGHT_SPEED / 5.405000454e9
S1_SPEED_M_S = 7590.0
S1_INCLINATION_DEG = 98.18
S1_IW_PRF_HZ = {"IW1": 1717.129, "IW2": 1451.627, "IW3": 1685.817}
S1_IW_SLANT_RANGE_M = {"IW1": (800e3, 850e3), "IW2": (845e3, 910e3), "IW3": (900e3, 970e3)}

UNKNOWN_SHIFTS_M = (2500.0, 8000.0)
"""Where ghosts of C- and X-band satellites lie; those of L-band ones lie further away than open water goes on."""
REPEAT_SHIFTS_M = (1000.0, 8000.0)

LEAST_RATIO_DB = 10.0
"""By how much the energy of a target (contrast times area) exceeds that of its ghost; sensors promise over 20 dB, but
saturated pixels and thresholds hide a part of it."""
RATIOS_DB = ((LEAST_RATIO_DB, 22.0), (15.0, 27.0), (20.0, 32.0), (25.0, math.inf))
"""A radar weakens all ghosts much alike: groups are looked for in these bands."""
HARMONIC_RATIO_DB = 15.0
ACROSS_M = 150.0
"""How far from the line of flight through its source a ghost may lie, beside the uncertainty of the direction."""
ALONG_M = 200.0
"""By how much the displacements of ghosts of one group may differ: the slant range changes across the scene."""
STEP_M = 100.0
STEP_DEG = 0.5
BAND_M = 50e3
"""Width, across the flight, of the strips in which a common displacement is looked for."""
LEAST_GHOSTS = 3
DECOY_GAP_DEG = 12.0
MOST_GROUPS = 6


@dataclass(frozen=True)
class Lines:
    """Directions in which ghosts may lie and how far away.

    flag: what they are called. headings_deg: clockwise from north, ± tolerance_deg. shifts_m: displacements that may
    occur (low, high). least: smallest number of ghosts that counts as a group.
    """

    flag: str
    headings_deg: tuple[float, ...]
    tolerance_deg: float
    shifts_m: tuple[tuple[float, float], ...]
    least: int

    def directions(self) -> FloatArray:
        """Headings to try, in degrees."""
        steps = np.arange(-self.tolerance_deg, self.tolerance_deg + STEP_DEG / 2, STEP_DEG)
        return np.concatenate([heading + steps for heading in self.headings_deg])

    def decoys(self) -> list[FloatArray]:
        """The same set of directions turned to where no ghosts can lie, as often as fits."""
        gap = DECOY_GAP_DEG + self.tolerance_deg
        turned = []
        for turn in range(10, 180, 10):
            off = [(h + turn - g + 90) % 180 - 90 for h in self.headings_deg for g in self.headings_deg]
            if min(map(abs, off)) >= gap:
                turned.append(self.directions() + turn)
        return turned


def shift_m(wavelength_m: float, slant_range_m: float, prf_hz: float, speed_m_s: float) -> float:
    """Displacement of the first azimuth ambiguity on the ground: λ·R·PRF/(2v), v being the satellite's speed."""
    return wavelength_m * slant_range_m * prf_hz / (2.0 * speed_m_s)


def sentinel1_shifts_m() -> tuple[tuple[float, float], ...]:
    """Displacements (least, greatest) in the three sub-swaths of Sentinel-1's IW mode."""
    return tuple(
        (
            shift_m(S1_WAVELENGTH_M, S1_IW_SLANT_RANGE_M[name][0], prf, S1_SPEED_M_S),
            shift_m(S1_WAVELENGTH_M, S1_IW_SLANT_RANGE_M[name][1], prf, S1_SPEED_M_S),
        )
        for name, prf in S1_IW_PRF_HZ.items()
    )


def sentinel1_headings_deg(latitude_deg: float) -> tuple[float, float]:
    """Directions of flight over ground (ascending, descending) at a latitude, clockwise from north.

    Spherical orbit geometry with the Earth turning underneath; near the orbit's turning points both become ∓90°.
    """
    sine = math.cos(math.radians(S1_INCLINATION_DEG)) / max(math.cos(math.radians(latitude_deg)), 1e-6)
    east = max(-1.0, min(1.0, sine))
    north = math.sqrt(1.0 - east * east)
    ground_speed = 6790.0
    earth = 465.1 * math.cos(math.radians(latitude_deg))
    drift = math.degrees(math.atan2(ground_speed * east - earth, ground_speed * north))
    return drift % 360.0, (180.0 - drift) % 360.0


def flag_ambiguities(detections: Sequence[Detection], grid: Grid, acquisition: Acquisition) -> list[Detection]:
    """The detections of a scene, those that are ghosts of others flagged.

    detections: in scene pixels, merged over chips; those without contrast or already flagged are left as they are.
    grid: of the scene; without georeference nothing is flagged. acquisition: sensor, orbit pass and heading narrow down
    where ghosts may lie; where they are unknown both passes of a near-polar orbit are tried.
    """
    flagged = list(detections)
    usable = [i for i, d in enumerate(detections) if d.contrast_db is not None and not d.flags]
    size = grid.pixel_size_m
    if len(usable) < 2 or size is None:
        return flagged
    x, y = np.array([detections[i].centre for i in usable]).T
    lon, lat = grid.to_lonlat(x, y)
    energy = np.array([_energy_db(detections[i], size) for i in usable])
    found = _ghosts(lon, lat, energy, _lines(acquisition, float(np.median(lat))))
    for at, flag in found.items():
        i = usable[at]
        flagged[i] = replace(flagged[i], flags=(*flagged[i].flags, flag))
    return flagged


def _energy_db(detection: Detection, pixel_size_m: tuple[float, float]) -> float:
    """Contrast times area, in dB: what is left of it when brightness saturates is the size."""
    (x0, y0), (x1, y1), _, (x3, y3) = detection.corners
    pixels = abs((x1 - x0) * (y3 - y0) - (x3 - x0) * (y1 - y0))
    assert detection.contrast_db is not None
    return detection.contrast_db + 10 * math.log10(max(pixels * pixel_size_m[0] * pixel_size_m[1], 1.0))


def _lines(acquisition: Acquisition, latitude_deg: float) -> list[Lines]:
    """Where ghosts may lie, as narrowly as is known."""
    sentinel1 = (acquisition.sensor or "").startswith("Sentinel-1")
    ascending, descending = sentinel1_headings_deg(latitude_deg)
    if acquisition.heading_deg is not None:
        headings, tolerance = [acquisition.heading_deg], 1.5
    elif acquisition.orbit_pass in ("ascending", "descending"):
        headings, tolerance = [ascending if acquisition.orbit_pass == "ascending" else descending], 2.0
    else:
        headings, tolerance = [ascending, descending], 2.0
    if not sentinel1 and acquisition.heading_deg is None:
        tolerance = 3.0  # orbits of other satellites are inclined a little differently
    least = LEAST_GHOSTS - sentinel1 - (len(headings) == 1)
    shifts = sentinel1_shifts_m() if sentinel1 else (UNKNOWN_SHIFTS_M,)
    across = tuple(heading + 90.0 for heading in headings)
    return [
        Lines(AZIMUTH, tuple(headings), tolerance, shifts, least),
        Lines(RANGE, across, tolerance, (REPEAT_SHIFTS_M,), LEAST_GHOSTS + 2),
    ]


@dataclass(frozen=True)
class _Pairs:
    """Pairs of targets. faint, bright: their numbers, by energy; east, north: from the bright one to the faint one, in
    metres; ratio: of their energies, in dB."""

    faint: IntArray
    bright: IntArray
    east: FloatArray
    north: FloatArray
    ratio: FloatArray

    def where(self, keep: BoolArray) -> _Pairs:
        return _Pairs(self.faint[keep], self.bright[keep], self.east[keep], self.north[keep], self.ratio[keep])

    def along_and_across(self, heading_deg: float) -> tuple[FloatArray, FloatArray]:
        """Distances along a direction (negative behind) and across it, in metres."""
        sine, cosine = math.sin(math.radians(heading_deg)), math.cos(math.radians(heading_deg))
        return self.east * sine + self.north * cosine, np.abs(self.east * cosine - self.north * sine)


@dataclass(frozen=True)
class _Peak:
    """A displacement shared by many faint targets: how many more than chance explains, how many, direction, metres."""

    excess: float
    count: int
    heading_deg: float
    shift_m: float


def _ghosts(lon: FloatArray, lat: FloatArray, energy_db: FloatArray, lines: list[Lines]) -> dict[int, str]:
    """Number of each ghost → its flag."""
    farthest = 2 * max(high for line in lines for _, high in line.shifts_m) + ALONG_M
    pairs = _pairs(lon, lat, energy_db, farthest)
    flags: dict[int, str] = {}
    for line in lines:
        strip = _strips(lon, lat, line.headings_deg[0])
        for number in np.unique(strip):
            here = pairs.where(strip[pairs.bright] == number)
            for _ in range(MOST_GROUPS):
                here = here.where(~np.isin(here.faint, list(flags)) & ~np.isin(here.bright, list(flags)))
                group = _group(here, line)
                if not group.size:
                    break
                flags.update(dict.fromkeys(group.tolist(), line.flag))
    return flags


def _pairs(lon: FloatArray, lat: FloatArray, energy_db: FloatArray, farthest_m: float) -> _Pairs:
    """All pairs of targets no farther apart than that."""
    phi, theta = np.radians(lat), np.radians(lon)
    on_sphere = 6_371_000.0 * np.column_stack([np.cos(phi) * np.cos(theta), np.cos(phi) * np.sin(theta), np.sin(phi)])
    found = cKDTree(on_sphere).query_pairs(farthest_m, output_type="ndarray").astype(np.int64)
    difference = energy_db[found[:, 1]] - energy_db[found[:, 0]]
    faint = np.where(difference > 0, found[:, 0], found[:, 1])
    bright = np.where(difference > 0, found[:, 1], found[:, 0])
    azimuth, _, distance = GEOD.inv(lon[bright], lat[bright], lon[faint], lat[faint])
    azimuth, distance = np.radians(np.asarray(azimuth, float)), np.asarray(distance, float)
    return _Pairs(faint, bright, distance * np.sin(azimuth), distance * np.cos(azimuth), np.abs(difference))


def _strips(lon: FloatArray, lat: FloatArray, heading_deg: float) -> IntArray:
    """Number of the strip along the flight in which each target lies."""
    east = (lon - lon[0] + 180.0) % 360.0 - 180.0
    east = east * np.cos(np.radians(lat)) * 111_195.0
    north = (lat - lat[0]) * 111_195.0
    heading = math.radians(heading_deg)
    across = east * math.cos(heading) - north * math.sin(heading)
    return np.asarray((across - across.min()) // BAND_M, np.int64)


def _group(pairs: _Pairs, line: Lines) -> IntArray:
    """The largest group of ghosts among the pairs: sources stand above their ghosts by much the same ratio."""
    best = np.zeros(0, np.int64)
    equal = pairs.where(pairs.ratio < LEAST_RATIO_DB)
    for low, high in RATIOS_DB:
        group = _common(pairs.where((pairs.ratio >= low) & (pairs.ratio < high)), equal, line)
        if group.size > best.size:
            best = group
    return best


def _common(unequal: _Pairs, equal: _Pairs, line: Lines) -> IntArray:
    """The faint targets of the displacement that most of them share; none when chance does as much."""
    nothing = np.zeros(0, np.int64)
    if not unequal.faint.size:
        return nothing
    peak = _peak(unequal, equal, line.directions(), line.shifts_m)
    along, across = unequal.along_and_across(peak.heading_deg)
    first = (across <= ACROSS_M) & (np.abs(np.abs(along) - peak.shift_m) <= ALONG_M)
    # Two ghosts of one target, as far ahead of it as behind it, are as good as three anywhere.
    both_sides = np.intersect1d(unequal.bright[first & (along > 0)], unequal.bright[first & (along < 0)]).size
    if peak.count + both_sides < line.least:
        return nothing
    chance = [_peak(unequal, equal, decoy, line.shifts_m).excess for decoy in line.decoys()]
    usual, most = (float(np.mean(chance)), max(chance)) if chance else (0.0, 0.0)
    if peak.excess <= most or peak.excess < usual + 3.0 * math.sqrt(usual) + 1.0:
        return nothing
    second = (across <= 2 * ACROSS_M) & (np.abs(np.abs(along) - 2 * peak.shift_m) <= 2 * ALONG_M)
    second &= np.isin(unequal.bright, unequal.bright[first]) & (unequal.ratio >= HARMONIC_RATIO_DB)
    return np.asarray(np.unique(unequal.faint[first | second]), np.int64)


def _peak(
    unequal: _Pairs, equal: _Pairs, directions_deg: FloatArray, shifts_m: tuple[tuple[float, float], ...]
) -> _Peak:
    """The direction and displacement that most faint targets share with bright ones.

    Rows and grids of anchored ships share displacements too, but those hold between ships of equal brightness as well:
    the share of ships that have such a partner is what chance explains.
    """
    everyone = np.unique(np.concatenate([equal.faint, equal.bright, unequal.faint, unequal.bright])).size
    faints = np.unique(unequal.faint).size
    best = _Peak(0.0, 0, float(directions_deg[0]), 0.0)
    for heading in directions_deg:
        along, across = unequal.along_and_across(float(heading))
        near = across <= ACROSS_M
        along, faint = np.abs(along[near]), unequal.faint[near]
        if len(along) <= best.excess:
            continue
        equal_along, equal_across = equal.along_and_across(float(heading))
        near = equal_across <= ACROSS_M
        equal_along, first, second = np.abs(equal_along[near]), equal.faint[near], equal.bright[near]
        for low, high in shifts_m:
            for shift in np.arange(low, high + STEP_M, STEP_M):
                ghosts = np.unique(faint[np.abs(along - shift) <= ALONG_M])
                if ghosts.size <= best.excess:
                    continue
                like = np.abs(equal_along - shift) <= ALONG_M
                # A second ghost lies as far from the first as that from its ship: ghosts' own partners are no evidence.
                like &= ~np.isin(first, ghosts) & ~np.isin(second, ghosts)
                alike = np.unique(np.concatenate([first[like], second[like]])).size
                excess = ghosts.size - faints * alike / max(1, everyone - ghosts.size)
                if excess > best.excess:
                    best = _Peak(float(excess), int(ghosts.size), float(heading), float(shift))
    return best
