"""What the radar meets: mean backscatter with texture on a 5 m grid, and the bright points of ships and structures.

Levels are those of C band, VV, 38° of incidence, wind of about 5 m/s.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import shapely
from affine import Affine
from layout import SIDE_M, Harbour, Ship, as_polygons
from rasterio.features import rasterize
from scipy import fft, ndimage
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

STEP_M = 5.0
MARGIN_M = 400.0  # simulated around the scene so that its edges have neighbours; cut off afterwards
SIDE = round((SIDE_M + 2 * MARGIN_M) / STEP_M)
TO_METRES = Affine(STEP_M, 0, -MARGIN_M, 0, STEP_M, -MARGIN_M)

FloatArray = npt.NDArray[np.float64]
Raster = npt.NDArray[np.float32]


SEA_DB = -19.0


def db(value: float) -> float:
    """Decibels → linear power."""
    return float(10.0 ** (value / 10.0))


def _burn(shapes: list[BaseGeometry], all_touched: bool = False) -> npt.NDArray[np.bool_]:
    shapes = [s for s in shapes if not s.is_empty]
    if not shapes:
        return np.zeros((SIDE, SIDE), bool)
    return rasterize(shapes, (SIDE, SIDE), transform=TO_METRES, all_touched=all_touched).astype(bool)


def smooth_noise(
    rng: np.random.Generator, length_m: float, across_m: float | None = None, bearing_deg: float = 0.0
) -> Raster:
    """(SIDE, SIDE) float32 standard normal field with Gaussian correlation.

    length_m: correlation length along the bearing; across_m: across it (the same when None).
    """
    across_m = across_m or length_m
    fy, fx = fft.fftfreq(SIDE, STEP_M)[:, None], fft.rfftfreq(SIDE, STEP_M)[None, :]
    s, c = math.sin(math.radians(bearing_deg)), math.cos(math.radians(bearing_deg))
    along, across = fx * s - fy * c, fx * c + fy * s
    weight = np.exp(-(np.pi**2) * ((along * length_m) ** 2 + (across * across_m) ** 2)).astype(np.float32)
    white = fft.rfft2(rng.standard_normal((SIDE, SIDE), dtype=np.float32))
    field = fft.irfft2(white * weight, (SIDE, SIDE))
    return ((field - field.mean()) / field.std()).astype(np.float32)


def gamma_texture(normal: Raster, order: float) -> Raster:
    """Standard normal → gamma of mean 1 and the given order, so that speckle × texture is K distributed.

    Wilson and Hilferty's cube transform: exact enough (1 %) for order ≥ 2 and without a quantile per pixel.
    """
    third = 1.0 / (9.0 * order)
    texture = np.maximum(1.0 - third + normal * math.sqrt(third), 0.0) ** 3
    return (texture / texture.mean()).astype(np.float32)


def sea(rng: np.random.Generator, harbour: Harbour) -> Raster:
    """σ⁰ of the sea: wind streaks, gusts, swell, a slick, calm water behind the breakwaters, K texture."""
    wind = 0.55 * smooth_noise(rng, 1400, 320, 250) + 0.45 * smooth_noise(rng, 420, 110, 250)
    gusts = 0.5 * smooth_noise(rng, 3500)
    level_db = SEA_DB + 0.9 * wind + 0.9 * gusts
    x = np.arange(SIDE) * STEP_M - MARGIN_M
    y = x[:, None]
    level_db += (0.16e-3 * (SIDE_M / 2 - x)).astype(np.float32)  # σ⁰ falls with incidence
    phase = 2 * np.pi * (0.62 * x + 0.78 * y) / 165.0 + 1.3 * smooth_noise(rng, 700)
    level_db += (0.32 * np.sin(phase) * (1 + 0.4 * smooth_noise(rng, 600))).astype(np.float32)
    slick = _burn([LineString([(600, 11_400), (1500, 10_900), (2600, 11_000), (3600, 10_500)]).buffer(130)])
    wander = ndimage.gaussian_filter(slick.astype(np.float32), 12) * (1 + 0.5 * smooth_noise(rng, 150))
    level_db -= 4.5 * np.clip(wander, 0, 1)
    calm = ndimage.gaussian_filter(_burn([harbour.sheltered]).astype(np.float32), 8)
    level_db -= 4.5 * calm
    texture = gamma_texture(smooth_noise(rng, 26, 18, 250), 14.0)
    return (10 ** (level_db / 10) * texture).astype(np.float32)


def _fields(rng: np.random.Generator) -> Raster:
    """dB offsets of a patchwork of fields: bent rectangular parcels, each with its own level."""
    x = np.arange(SIDE) * STEP_M
    y = x[:, None]
    bend_x, bend_y = 260 * smooth_noise(rng, 1800), 260 * smooth_noise(rng, 1800)
    level = np.zeros((SIDE, SIDE), np.float32)
    for angle, width, height, share in ((0.35, 330, 210, 1.0), (-0.25, 180, 420, 0.3)):
        u = ((x * math.cos(angle) + y * math.sin(angle) + bend_x) / width).astype(int) % 97
        v = ((y * math.cos(angle) - x * math.sin(angle) + bend_y) / height).astype(int) % 89
        table = rng.normal(0, 1, (97, 89)).astype(np.float32)
        level += share * table[u, v]
    return level


def land(rng: np.random.Generator, harbour: Harbour) -> Raster:
    """σ⁰ of the land without its bright points."""
    level_db = -10.2 + 1.9 * _fields(rng) + 0.5 * smooth_noise(rng, 250)
    order = np.full((SIDE, SIDE), 9.0, np.float32)
    forest = _burn([harbour.forest])
    level_db[forest] = -8.3 + 0.5 * smooth_noise(rng, 200)[forest]
    order[forest] = 5.0
    beach = _burn([harbour.land.boundary.buffer(45)])
    dunes = _burn([harbour.land.boundary.buffer(170)]) & ~forest
    level_db[dunes] = -11.5 + 0.8 * smooth_noise(rng, 60)[dunes]
    level_db[beach] = -16.5
    level_db[_burn([road.buffer(16) for road in harbour.roads])] = -17.0
    level_db[_burn([port_area(harbour)])] = -10.5
    level_db[_burn([block.buffer(16) for block, _ in harbour.blocks])] = -12.5  # streets
    levels = [(block, 100 + level) for block, level in harbour.blocks]
    built = rasterize(levels, (SIDE, SIDE), transform=TO_METRES, dtype="float32")
    level_db = np.where(built > 0, built - 100 - 6.5, level_db)
    order[built > 0] = 2.5
    level_db[_burn(list(harbour.tanks))] = -9.0
    marsh = _burn([harbour.river.buffer(150)])
    level_db[marsh] = -13.5 + 1.2 * smooth_noise(rng, 45)[marsh]
    level_db[_burn([harbour.river.buffer(45)])] = -20.5
    return (10 ** (level_db / 10) * _variable_texture(smooth_noise(rng, 13), order)).astype(np.float32)


def _variable_texture(normal: Raster, order: Raster) -> Raster:
    third = 1.0 / (9.0 * order)
    return np.maximum(1.0 - third + normal * np.sqrt(third), 0.0).astype(np.float32) ** 3


def port_area(harbour: Harbour) -> BaseGeometry:
    """Paved ground of the port: around yards, sheds and tanks."""
    paved = [g.buffer(170) for g in [*harbour.yards, *harbour.sheds, *harbour.tanks]]
    return shapely.union_all(paved).intersection(harbour.land)


def mean_backscatter(rng: np.random.Generator, harbour: Harbour) -> Raster:
    """(SIDE, SIDE) float32 σ⁰ of everything spread out: land, sea, surf, breakwaters, wake."""
    is_land = _burn([harbour.land])
    ground = np.where(is_land, land(rng, harbour), sea(rng, harbour))
    surf = _burn([harbour.land.boundary.buffer(40)]) & ~is_land & ~_burn([harbour.sheltered.buffer(200)])
    ground[surf] *= (db(3.5) * gamma_texture(smooth_noise(rng, 45), 3.0))[surf]
    for ship in harbour.ships:
        if ship.speed_m_s:
            ground[_burn([_wake(ship, 1500, 22)])] *= db(-3.5)  # the smoothed, turbulent wake
    rubble = _burn([b.buffer(14) for b in harbour.breakwaters], all_touched=True)
    ground[rubble] = db(-4.5) * gamma_texture(smooth_noise(rng, 12), 2.0)[rubble]
    ground[_burn([j.buffer(9) for j in harbour.jetties], all_touched=True)] = db(-4.0)
    for what, shape in harbour.not_ships:
        if what == "lighthouse islet":
            ground[_burn([shape])] = db(-3.0)
    return ground


def _wake(ship: Ship, length: float, width: float) -> Polygon:
    s, c = math.sin(math.radians(ship.heading_deg)), math.cos(math.radians(ship.heading_deg))
    return LineString([(ship.x, ship.y), (ship.x - length * s, ship.y + length * c)]).buffer(
        width / 2, cap_style="flat"
    )


def ship_rcs_m2(length_m: float, incidence_deg: float) -> float:
    """Mean radar cross section of a steel ship, 0.08 L^(7/3) (0.78 + 0.11 θ), after Vachon et al. (1997)."""
    return 0.08 * length_m ** (7 / 3) * (0.78 + 0.11 * incidence_deg)


def ship_points(
    rng: np.random.Generator, ship: Ship, look_bearing_deg: float, incidence_deg: float, shift_xy: tuple[float, float]
) -> FloatArray:
    """(N, 3) x, y, cross section in m² of one ship's scatterers.

    Half of the power comes from the side that faces the radar (hull and sea make a corner), a quarter from the
    superstructure, the rest from deck and cargo; each share is scattered over points by an exponential law.
    """
    length, width = ship.length_m, ship.width_m
    facing = math.cos(math.radians(ship.heading_deg + 90 - look_bearing_deg))  # +1: starboard is the far side
    broadside = 1.0 + 5.0 * abs(facing) ** 12  # the hull flashes when it lies square to the look direction
    wooden = db(-5.0) if length < 45 else 1.0
    total = ship_rcs_m2(length, incidence_deg) * wooden * broadside * db(float(rng.normal(-2.5, 1.5)))

    count = max(4, round(length / 5))
    along = rng.uniform(-0.5, 0.5, count) * length
    side = np.where(rng.random(count) < 0.6, -math.copysign(0.45, facing), rng.uniform(-0.4, 0.4, count)) * width
    power = rng.exponential(1.0, count) * 0.75 / count
    bridge_at = {"container ship": -0.25, "ro-ro ferry": 0.3}.get(ship.what, -0.4) * length
    n_bridge = max(2, round(length / 40))
    along = np.append(along, bridge_at + rng.normal(0, 0.02 * length, n_bridge))
    side = np.append(side, rng.uniform(-0.4, 0.4, n_bridge) * width)
    power = np.append(power, rng.exponential(1.0, n_bridge) * 0.25 / n_bridge)

    s, c = math.sin(math.radians(ship.heading_deg)), math.cos(math.radians(ship.heading_deg))
    x = ship.x + shift_xy[0] + along * s + side * c
    y = ship.y + shift_xy[1] - along * c + side * s
    return np.column_stack([x, y, power / power.sum() * total])


def _edge_points(
    rng: np.random.Generator,
    line: LineString,
    every_m: float,
    median_dbsm: float,
    spread_db: float,
    facing: float | None = None,
) -> FloatArray:
    """Bright points along a line; with `facing`, brighter where the line lies square to that bearing."""
    at = np.arange(0, line.length, every_m) + rng.uniform(0, every_m)
    points = np.array([line.interpolate(d).coords[0] for d in at if d < line.length])
    if not len(points):
        return np.zeros((0, 3))
    level = rng.normal(median_dbsm, spread_db, len(points))
    if facing is not None:
        ahead = np.array([line.interpolate(min(d + 1, line.length)).coords[0] for d in at if d < line.length]) - points
        bearing = np.degrees(np.arctan2(ahead[:, 0], -ahead[:, 1]))
        level += 9.0 * np.abs(np.sin(np.radians(bearing - facing))) ** 8 - 4.0
    return np.column_stack([points, 10 ** (level / 10)])


def _inside_points(
    rng: np.random.Generator, area: BaseGeometry, per_m2: float, median_dbsm: float, spread_db: float
) -> FloatArray:
    x1, y1, x2, y2 = area.bounds
    xy = rng.uniform((x1, y1), (x2, y2), (rng.poisson((x2 - x1) * (y2 - y1) * per_m2), 2))
    xy = xy[shapely.contains_xy(area, xy[:, 0], xy[:, 1])]
    return np.column_stack([xy, 10 ** (rng.normal(median_dbsm, spread_db, len(xy)) / 10)])


def structure_points(rng: np.random.Generator, harbour: Harbour, look_bearing_deg: float) -> FloatArray:
    """(N, 3) x, y, cross section in m² of buildings, stacks, cranes, tanks and everything else ashore."""
    found: list[FloatArray] = []
    for block, level in harbour.blocks:
        walls = LineString(block.buffer(-6).exterior.coords)
        found.append(_edge_points(rng, walls, 11, 20.0 + level, 5.5, look_bearing_deg))
    for yard in harbour.yards:
        filled = rng.normal(0, 2.5)
        for row in _rows(yard, 22.0):
            found.append(_edge_points(rng, row, 9, 21.5 + filled + rng.normal(0, 2.5), 5.0))
    for shed in harbour.sheds:
        found.append(_edge_points(rng, LineString(shed.exterior.coords), 8, 22.0, 4.5, look_bearing_deg))
        found.append(_inside_points(rng, shed, 1 / 500, 19.0, 4.0))
    for tank in harbour.tanks:
        centre, radius = tank.centroid, math.sqrt(tank.area / math.pi)
        toward = math.radians(look_bearing_deg + 180)
        front = (centre.x + radius * math.sin(toward), centre.y - radius * math.cos(toward))
        found.append(np.array([[*front, db(31 + rng.normal(0, 2))], [centre.x, centre.y, db(22)]]))
    for line in harbour.breakwaters:
        found.append(_edge_points(rng, line, 14, 16.0, 4.5))
    for jetty in harbour.jetties:
        found.append(_edge_points(rng, jetty, 20, 22.0, 3.5))
    for x, y in harbour.cranes:
        booms = np.array([x, y]) + rng.normal(0, 14, (5, 2))
        found.append(np.column_stack([booms, 10 ** (rng.normal(37.5, 3.5, 5) / 10)]))
    for polygon in as_polygons(harbour.land.intersection(port_area(harbour).buffer(60))):
        quay = LineString(polygon.exterior.coords).intersection(harbour.land.boundary.buffer(1))
        for part in getattr(quay, "geoms", [quay]):
            if isinstance(part, LineString):
                found.append(_edge_points(rng, part, 12, 21.0, 4.0, look_bearing_deg))
    for road in harbour.roads:
        for side in (-24, 24):
            found.append(_edge_points(rng, road.parallel_offset(side), 26, 14.5, 4.5))
    farms = harbour.land.difference(shapely.union_all([harbour.forest, harbour.river.buffer(200)]))
    found.append(_inside_points(rng, farms, 1 / 160_000, 24.0, 5.0))
    for what, shape in harbour.not_ships:
        centre = shape.centroid
        if what == "platform":
            legs = np.array(shape.minimum_rotated_rectangle.exterior.coords[:4])
            found.append(np.column_stack([legs, 10 ** (rng.normal(37.0, 2.0, 4) / 10)]))
            found.append(_inside_points(rng, shape, 1 / 250, 30.0, 3.0))
        elif what == "lighthouse islet":
            found.append(np.array([[centre.x, centre.y, db(36.0)]]))
            found.append(_edge_points(rng, LineString(shape.exterior.coords), 15, 22.0, 4.0))
        else:
            found.append(np.array([[centre.x, centre.y, db(25.5 + rng.normal(0, 1))]]))
    return np.vstack(found)


def _rows(yard: Polygon, every_m: float) -> list[LineString]:
    """Rows of stacked containers: lines across a yard, parallel to its first edge."""
    corners = np.array(yard.exterior.coords[:4])
    a, b = corners[1] - corners[0], corners[3] - corners[0]
    count = int(np.hypot(*b) // every_m)
    return [
        LineString([corners[0] + b * (i + 0.5) / count, corners[0] + b * (i + 0.5) / count + a]) for i in range(count)
    ]
