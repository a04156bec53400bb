"""Places and conditions of the parts of the benchmark: which share neither ground nor the distribution of conditions.

Each region has its own UTM zones; within them scenes lie on a lattice far wider than a scene.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from training.errors import BadRecipe
from training.simulation.spec import SceneSpec

SPACING_DEG = 0.25
"""Between the centres of scenes: at least 13 km at the latitudes used."""
LATITUDES = (-55.0, 60.0)
ZONE_DEG = 4.0
"""The middle of a zone of 6°, so that neighbouring zones stay apart as well."""
WIDEST_M = 10_000.0

KINDS = {
    "open_sea": 0.22, "coast": 0.1, "harbour": 0.11, "river": 0.015, "airfield": 0.13, "town": 0.01, "farmland": 0.01,
    "forest": 0.005, "dark_surface": 0.26, "bright_points": 0.14,
}  # fmt: skip
"""How often the benchmark has each kind of scene: few of those without targets."""
WATERS = {"open_sea": 0.5, "coast": 0.17, "harbour": 0.2, "river": 0.03, "bright_points": 0.1}
"""What collections of ship chips show: no dark smooth surfaces that turn out to be an apron."""
SHORES = {
    "harbour": 0.32,
    "coast": 0.18,
    "town": 0.26,
    "open_sea": 0.1,
    "river": 0.06,
    "farmland": 0.06,
    "forest": 0.02,
}
"""What a whole product of a coast shows: most of it is land."""
GSD_M = {
    "airfield": (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0), "harbour": (2.0, 3.0, 4.0, 5.0, 8.0, 10.0),
    "river": (3.0, 5.0, 8.0, 10.0), "dark_surface": (2.5, 3.0, 4.0, 5.0), "bright_points": (4.0, 5.0, 6.0, 8.0, 10.0),
}  # fmt: skip
OTHER_GSD_M = (1.5, 3.0, 4.0, 5.0, 5.0, 8.0, 10.0, 10.0, 15.0, 20.0)
COARSE_GSD_M = (5.0, 8.0, 10.0, 10.0, 15.0, 20.0)
BANDS = {"C": 0.5, "X": 0.35, "L": 0.15}
STRETCHES = {"linear": 0.66, "percentiles": 0.14, "window": 0.2}
COARSE_STRETCHES = {"product": 0.7, "percentiles": 0.1, "window": 0.2}


@dataclass(frozen=True)
class Region:
    """number: of the stream of random draws. zones: UTM. wind_db: backscatter of the sea. enl: looks, log-uniform.
    width_px: of the impulse response. cross: share of cross-polarised scenes. grey: of a linear stretch, log-uniform.
    kinds: how often it has each kind of scene. longest_ship_px, smear_px: see SceneSpec. coarse, border: shares of
    scenes that are so.
    """

    number: int
    zones: tuple[int, ...]
    wind_db: tuple[float, float]
    enl: tuple[float, float]
    width_px: tuple[float, float]
    cross: float
    grey: tuple[float, float]
    kinds: Mapping[str, float] = field(default_factory=lambda: KINDS)
    longest_ship_px: float = SceneSpec.longest_ship_px
    smear_px: float = SceneSpec.smear_px
    coarse: float = 0.0
    border: float = 0.0


REGIONS = {
    "base": Region(1, (4, 10, 14, 18, 22), (-28.0, -12.0), (1.0, 10.0), (1.0, 3.0), 0.3, (7.0, 150.0)),
    "tune": Region(2, (27, 31, 34, 37, 40), (-26.5, -13.0), (1.1, 9.0), (1.05, 2.8), 0.25, (8.0, 135.0)),
    "test": Region(3, (46, 50, 52, 54, 56), (-25.0, -14.0), (1.2, 8.0), (1.1, 2.6), 0.2, (9.0, 120.0)),
    "seas": Region(
        4,
        (2, 7, 24, 43, 59),
        (-26.0, -12.5),
        (1.05, 9.5),
        (1.0, 2.9),
        0.25,
        (7.5, 140.0),
        kinds=WATERS,
        longest_ship_px=110.0,
        smear_px=6.0,
    ),
    "shores": Region(
        5,
        (12, 16, 20, 29, 48),
        (-26.0, -13.0),
        (1.5, 12.0),
        (1.1, 2.8),
        0.45,
        (12.0, 80.0),
        kinds=SHORES,
        smear_px=4.0,
        coarse=0.75,
        border=0.25,
    ),
}


def spec_of(region: str, seed: int, number: int, side_px: int, cell_px: int = 168) -> SceneSpec:
    """The scene of that number in a region. Two numbers never share ground; two regions neither.

    cell_px: side of the squares that targets are dealt to.

    Raises BadRecipe for an unknown region, a scene wider than the places allow, and a number beyond the last place.
    """
    if region not in REGIONS:
        raise BadRecipe(f"There is no region '{region}'.", f"Regions: {', '.join(REGIONS)}.")
    where = REGIONS[region]
    rng = np.random.default_rng((seed, where.number, number))
    shares = np.array(list(where.kinds.values()))
    kind = str(rng.choice(list(where.kinds), p=shares / shares.sum()))
    coarse, border = (share > 0 and bool(rng.random() < share) for share in (where.coarse, where.border))
    gsd_m = float(rng.choice(COARSE_GSD_M if coarse else GSD_M.get(kind, OTHER_GSD_M)))
    gsd_m = min(gsd_m, WIDEST_M / side_px)
    lon, lat = place_of(region, number)
    looks = float(np.exp(rng.uniform(*np.log(where.enl))))
    width = float(rng.uniform(*where.width_px))
    even = float(np.exp(rng.normal(0, 0.2)))
    stretches = COARSE_STRETCHES if coarse else STRETCHES
    return SceneSpec(
        kind=kind,
        seed=int(rng.integers(2**31)),
        side_px=side_px,
        gsd_m=gsd_m,
        band=str(rng.choice(list(BANDS), p=list(BANDS.values()))),
        cross=bool(rng.random() < where.cross),
        wind_db=float(rng.uniform(*where.wind_db)),
        enl=looks,
        width_px=(max(1.0, width * even), max(1.0, width / even)),
        taper=float(rng.choice([0.2, 0.4, 0.6, 0.75, 0.9])),
        tilt=float(rng.choice([0.0, 0.0, rng.normal(0, 0.2)])),
        noise_db=float(rng.uniform(-33, -25)),
        stretch=str(rng.choice(list(stretches), p=list(stretches.values()))),
        grey=float(np.exp(rng.uniform(*np.log(where.grey)))),
        lon=lon,
        lat=lat,
        year=int(rng.integers(2017, 2026)),
        cell_px=cell_px,
        longest_ship_px=where.longest_ship_px,
        smear_px=where.smear_px,
        coarse=coarse,
        border=border,
    )


def place_of(region: str, number: int) -> tuple[float, float]:
    """Longitude and latitude of the centre of a scene. Raises BadRecipe beyond the last place."""
    zones = REGIONS[region].zones
    columns = round(ZONE_DEG / SPACING_DEG)
    zone, cell = zones[number % len(zones)], number // len(zones)
    lat = LATITUDES[0] + SPACING_DEG * (cell // columns)
    if abs(lat) < SPACING_DEG:  # a scene on the equator would lie in two hemispheres
        lat += SPACING_DEG / 2
    if lat > LATITUDES[1]:
        raise BadRecipe(f"Region '{region}' has no room for a scene number {number}.", "Make fewer chips.")
    return (zone - 1) * 6 - 180 + (6 - ZONE_DEG) / 2 + SPACING_DEG * (cell % columns + 0.5), lat
