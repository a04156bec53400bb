"""The invented harbour: coast, port, town, ships and false targets, in metres east (x) and south (y) of the corner.

The frame of the port itself is (u, v): u along the shore, v out to sea.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely.affinity import affine_transform, rotate, translate
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

SIDE_M = 12_000.0
PORT_ORIGIN = (6_200.0, 4_600.0)
SHORE_ANGLE_DEG = 18.0  # the shore runs east and this much to the south

COAST = [
    (-600, 2650), (700, 2930), (1800, 3330), (2900, 3480), (3700, 3830), (4600, 4080), (5600, 4430), (6800, 4800),
    (7900, 5080), (8900, 5480), (9800, 5690), (10900, 6130), (11800, 6320), (12600, 6600),
]  # fmt: skip


@dataclass(frozen=True)
class Ship:
    """A ship as built and where it lies: centre (x, y), length and beam in metres, heading from grid north."""

    what: str
    x: float
    y: float
    length_m: float
    width_m: float
    heading_deg: float
    where: str = "anchorage"
    speed_m_s: float = 0.0

    @property
    def outline(self) -> Polygon:
        half_length, half_width = self.length_m / 2, self.width_m / 2
        hull = rotate(box(-half_width, -half_length, half_width, half_length), self.heading_deg, origin=(0, 0))
        return translate(hull, self.x, self.y)  # y runs south, so a positive turn is clockwise, as headings are


@dataclass(frozen=True)
class Harbour:
    """Everything that lies on the ground; geometries in metres, arrays (N, 2) of (x, y).

    blocks: built-up blocks between streets with their level in dB relative to the middle of the town.
    """

    land: BaseGeometry
    breakwaters: list[LineString]
    blocks: list[tuple[Polygon, float]]
    forest: BaseGeometry
    yards: list[Polygon]
    sheds: list[Polygon]
    tanks: list[Point]
    jetties: list[LineString]
    river: LineString
    roads: list[LineString]
    cranes: npt.NDArray[np.float64]
    ships: list[Ship]
    not_ships: list[tuple[str, BaseGeometry]]
    sheltered: BaseGeometry

    @property
    def water(self) -> BaseGeometry:
        """Where a nautical chart shows water: the sea and the basins, without quays, piers, breakwaters and islet."""
        solid = [
            self.land,
            *(line.buffer(18) for line in self.breakwaters),
            *(line.buffer(12) for line in self.jetties),
        ]
        solid += [shape for what, shape in self.not_ships if what == "lighthouse islet"]
        river = self.river.buffer(45).intersection(self.land)
        return box(0, 0, SIDE_M, SIDE_M).difference(shapely.union_all(solid)).union(river).buffer(0)


def from_port(geometry: BaseGeometry) -> BaseGeometry:
    """A geometry of the port's (u, v) frame, brought into (x, y)."""
    c, s = math.cos(math.radians(SHORE_ANGLE_DEG)), math.sin(math.radians(SHORE_ANGLE_DEG))
    return affine_transform(geometry, [c, -s, s, c, *PORT_ORIGIN])


def _coastline(seed: int) -> Polygon:
    """Land north of the control points, with bights and points of a few tens of metres."""
    rng = np.random.default_rng(seed)
    x, y = np.array(COAST, float).T
    fine = np.arange(x[0], x[-1], 20.0)
    bights = ((40, 2300), (22, 900), (9, 310), (4, 130))  # height, length
    wiggle = sum(a * np.sin(2 * np.pi * (fine / w + rng.random())) for a, w in bights)
    edge = np.interp(fine, x, y) + wiggle
    return Polygon([(-600, -600), *zip(fine, edge, strict=True), (12_600, -600)])


def _berthed(what: str, u: float, v: float, length: float, width: float, along_v: bool, where: str = "quay") -> Ship:
    at = from_port(Point(u, v))
    return Ship(what, at.x, at.y, length, width, SHORE_ANGLE_DEG + (0 if along_v else 90), where)


def _blocks(
    rng: np.random.Generator, area: Polygon, turn_deg: float, size: tuple[float, float], level_db: float
) -> list[tuple[Polygon, float]]:
    """Blocks on a street grid that thins out towards the edge of the area; every fourth street is an avenue."""
    c, s = math.cos(math.radians(turn_deg)), math.sin(math.radians(turn_deg))
    middle_x, middle_y = area.centroid.x, area.centroid.y
    reach = area.hausdorff_distance(area.centroid) + 300
    found: list[tuple[Polygon, float]] = []
    for i in range(-40, 40):
        for j in range(-60, 60):
            u = i * (size[0] + 16) + (i // 4) * 22 + rng.normal(0, 2)
            v = j * (size[1] + 16) + (j // 4) * 22 + rng.normal(0, 2)
            if math.hypot(u, v) > reach:
                continue
            block = affine_transform(box(u, v, u + size[0], v + size[1]), [c, -s, s, c, middle_x, middle_y])
            inward = area.exterior.distance(block.centroid) * (1 if area.contains(block.centroid) else -1)
            if rng.random() < 1 / (1 + math.exp(-inward / 90 + 0.5)) and rng.random() > 0.06:
                found.append((block, level_db + min(inward / 250, 3.0) + rng.normal(0, 2.0)))
    return found


def _ships() -> list[Ship]:
    anchored = [
        Ship("container ship", 3300, 9330, 330, 48, 171),
        Ship("bulk carrier", 8150, 8420, 289, 45, 231),
        Ship("tanker", 10120, 10060, 250, 44, 181),
        Ship("bulk carrier", 5350, 8300, 225, 32, 248),
        Ship("container ship", 6830, 10540, 208, 30, 289),
        Ship("tanker", 4640, 10620, 183, 32, 347),
        Ship("bulk carrier", 9480, 7620, 180, 30, 222),
        Ship("general cargo ship", 2210, 7260, 145, 22, 240),
        Ship("tanker", 7390, 9410, 128, 20, 318),
        Ship("general cargo ship", 10870, 8640, 108, 17, 176),
        Ship("general cargo ship", 3890, 7530, 90, 14, 251),
        Ship("general cargo ship", 5220, 9450, 88, 13, 214),
        Ship("gas tanker", 8890, 11210, 78, 13, 266),
        Ship("coaster", 1650, 10060, 62, 11, 235),
    ]
    moored = [
        _berthed("container ship", -274, 380, 300, 43, True),
        _berthed("container ship", -281, 800, 172, 27, True),
        _berthed("bulk carrier", 441, 420, 200, 32, True),
        _berthed("bulk carrier", 132, 200, 120, 18, True),
        _berthed("general cargo ship", 1250, 518, 118, 18, False),
        _berthed("ro-ro ferry", 1560, 520, 142, 24, False),
        _berthed("tanker", 1710, 1214, 170, 28, False),
    ]
    boats = [
        Ship("trawler", 840, 6480, 32, 8, 130, "open water"),
        Ship("trawler", 2970, 5720, 38, 9, 95, "open water"),
        Ship("fishing boat", 6320, 7560, 22, 6, 160, "open water"),
        Ship("fishing boat", 11150, 10860, 24, 7, 20, "open water"),
        Ship("tug", 6130, 6830, 30, 11, 215, "open water"),
        Ship("pilot boat", 4680, 8860, 18, 5, 300, "open water"),
        Ship("fishing boat", 2650, 11130, 20, 6, 75, "open water"),
    ]
    boats += [_berthed("fishing boat", u, v, 18 + 2 * i, 6, True) for i, (u, v) in enumerate(FISHING_BERTHS)]
    under_way = [Ship("general cargo ship", 6560, 7930, 135, 21, 330, "under way", 5.5)]
    return anchored + moored + boats + under_way


FISHING_BERTHS = [(530, -180), (530, -60), (818, -300), (818, -220), (818, -20)]


def build(seed: int = 20240514) -> Harbour:
    """The harbour; the seed moves only the small bights of the coast and the oil tanks."""
    rng = np.random.default_rng(seed)
    terminal = Polygon([(-1500, -300), (-300, -300), (-300, 1120), (-1150, 1120), (-1500, 800)])
    bulk_pier = Polygon([(150, -300), (420, -300), (420, 760), (150, 760)])
    cargo_quay = Polygon([(860, -300), (2050, -300), (2050, 420), (1800, 500), (860, 500)])
    made = shapely.union_all([from_port(p) for p in (terminal, bulk_pier, cargo_quay)])
    basin = from_port(Polygon([(500, -420), (850, -420), (850, 600), (500, 600)]))
    land = shapely.union_all([_coastline(seed), made]).difference(basin)

    breakwaters = [
        LineString([(-1900, -150), (-1890, 900), (-1700, 1480), (-1250, 1880), (-500, 2120), (60, 2160)]),
        LineString([(2420, -150), (2400, 1050), (2180, 1560), (1720, 1890), (760, 2030)]),
    ]
    enclosed = Polygon([*breakwaters[0].coords, *reversed(breakwaters[1].coords)])
    stacks = [box(-1440 + 190 * i, -130 + 300 * j, -1290 + 190 * i, 130 + 300 * j) for i in range(6) for j in range(4)]
    yards = [s for s in stacks if terminal.buffer(-30).contains(s)]
    sheds = [box(190, 20 + 180 * i, 340, 130 + 180 * i) for i in range(4)]
    sheds += [box(900 + 210 * i, 120 + 170 * j, 1070 + 210 * i, 225 + 170 * j) for i in range(4) for j in range(2)]
    sheds += [box(900 + 260 * i, -560, 1110 + 260 * i, -440) for i in range(5)]
    tanks = [
        Point(1850 + 115 * i + rng.normal(0, 4), -330 + 110 * j + rng.normal(0, 4)).buffer(rng.choice([22, 32, 40]))
        for i in range(6) for j in range(4)
    ]  # fmt: skip
    cranes = [(-300, v) for v in (130, 290, 350, 410, 470, 700, 770, 840)] + [(-700, 1115), (415, 330), (415, 500)]
    jetty = [LineString([(1700, 490), (1700, 1180)]), LineString([(1590, 1180), (1830, 1180)])]
    town = Polygon(
        [(-1700, -420), (-1500, -1750), (-300, -2450), (1500, -2300), (2150, -1200), (800, -620), (300, -480)]
    )
    suburb = Polygon([(2350, -350), (2500, -1300), (3700, -1500), (4300, -700), (3600, -330)])
    bends = np.linspace(0, 1, 120)
    drift = 260 * np.sin(13 * bends) + 110 * np.sin(31 * bends + 1) + 60 * np.sin(53 * bends)
    river = LineString(np.column_stack([1500 - 300 * bends + drift * (1.1 - bends), -600 + 4100 * bends]))
    roads = [
        LineString([(-600, 1500), (2200, 2050), (4600, 1650), (7600, 2350), (10_300, 3700), (12_600, 4100)]),
        LineString([(6900, 4100), (7050, 3200), (7600, 2350), (8300, 900), (8200, -600)]),
        LineString([(-600, 2250), (1700, 2800), (3600, 3250), (5100, 3750)]),
    ]
    blocks = _blocks(rng, from_port(town), 27, (106, 62), 0.0) + _blocks(rng, from_port(suburb), -8, (86, 48), -3.0)
    blocks += _blocks(rng, Point(4350, 1600).buffer(330), 12, (80, 50), -4.0)
    blocks += _blocks(rng, Point(8350, 850).buffer(260), 40, (80, 50), -4.0)
    blocks += _blocks(rng, Point(600, 2300).buffer(300), 5, (90, 45), -4.0)
    forest = shapely.union_all([
        Polygon([(9200, -600), (12_600, -600), (12_600, 3200), (11_400, 3300), (10_300, 2300), (9300, 1500)]),
        Polygon([(2100, -600), (4300, -600), (4050, 700), (2900, 1150), (2150, 500)]),
        Polygon([(9000, 4500), (10_900, 5000), (12_600, 5650), (12_600, 6350), (10_900, 5850), (9300, 5320)]),
    ])  # fmt: skip
    islet = Polygon([(-70, -20), (-20, -45), (55, -30), (75, 25), (10, 45), (-55, 30)])
    platform = box(-33, -24, 33, 24)
    buoys = [(5560, 7480), (5930, 7540), (5020, 8020), (7020, 11_480)]
    not_ships: list[tuple[str, BaseGeometry]] = [
        ("platform", translate(rotate(platform, 30), 1120, 8780)),
        ("lighthouse islet", translate(islet, 11_020, 7480)),
        *(("buoy", Point(xy).buffer(8)) for xy in buoys),
    ]  # fmt: skip
    return Harbour(
        land=land,
        breakwaters=[from_port(b) for b in breakwaters],
        blocks=[b for b in blocks if land.contains(b[0])],
        forest=forest.intersection(land),
        yards=[from_port(y) for y in yards],
        sheds=[from_port(s) for s in sheds],
        tanks=[from_port(t) for t in tanks],
        jetties=[from_port(j) for j in jetty],
        river=river,
        roads=roads,
        cranes=np.array([from_port(Point(c)).coords[0] for c in cranes]),
        ships=_ships(),
        not_ships=not_ships,
        sheltered=from_port(enclosed).difference(land),
    )


def as_polygons(geometry: BaseGeometry) -> list[Polygon]:
    """The polygons of a polygon or multipolygon, slivers under 100 m² left out."""
    parts = geometry.geoms if isinstance(geometry, MultiPolygon) else [geometry]
    return [p for p in parts if isinstance(p, Polygon) and p.area > 100]
