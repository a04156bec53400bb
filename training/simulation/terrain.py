"""Water and land: seas with wind, swell and slicks; towns, cities, fields, forests; coasts and rivers as masks."""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage

from training.simulation.canvas import BARE, BUILT, CROPS, FLOODED, GRASS, SHRUB, TREES, WATER, Canvas, Map, Mask

LANDS = ("town", "farmland", "forest", "mixed")
WIDEST_PLOT_PX = 110.0
"""So that a chip shows what lies around open ground: alone it would look like the sea."""
LANE_M = (30.0, 60.0)
"""Between the rows of halls or stacks in a works or a container yard."""


def sea(canvas: Canvas, where: Mask, wind_db: float) -> None:
    """Water under wind: gusts, streaks along the wind, swell where pixels resolve it, now and then a slick."""
    rng, side = canvas.rng, canvas.side
    db = wind_db + rng.uniform(0.2, 1.3) * canvas.smooth(rng.uniform(50, 200))
    if rng.random() < 0.5:
        thin, long = rng.uniform(3, 8), rng.uniform(60, 200)
        streaks = canvas.smooth(thin, long) if rng.random() < 0.5 else canvas.smooth(long, thin)
        db += rng.uniform(0.2, 0.9) * streaks
    wave = canvas.pixels(rng.uniform(60, 350))
    if wave > 4 and rng.random() < 0.35:
        along, _ = canvas.frame(0, 0, rng.uniform(0, math.pi))
        db += rng.uniform(0.2, 1.0) * np.sin(along * np.float32(2 * math.pi / wave) + 1.5 * canvas.smooth(4 * wave))
    if rng.random() < 0.12:
        slick = canvas.smooth(side / rng.uniform(2, 5), side / rng.uniform(2, 5)) - rng.uniform(0.8, 1.6)
        db -= rng.uniform(3, 7) * np.clip(3 * slick, 0, 1)
    canvas.paint(where, WATER, np.asarray(db - canvas.levels_db[WATER], np.float32), rng.uniform(0, 0.35))


def calm(canvas: Canvas, where: Mask, cover: int, level_db: float) -> None:
    """A smooth dark surface: calm water as well as an apron, a dry lake, a bare flat. All look the same."""
    db = level_db + canvas.rng.uniform(0.1, 0.8) * canvas.smooth(canvas.rng.uniform(40, 160))
    canvas.paint(where, cover, np.asarray(db - canvas.levels_db[cover], np.float32), 0.05)


def land(canvas: Canvas, where: Mask, kind: str) -> None:
    """Covers an area as one of LANDS, or as a city."""
    if kind == "town":
        town(canvas, where)
    elif kind == "city":
        city(canvas, where)
    elif kind == "farmland":
        fields(canvas, where)
    elif kind == "forest":
        patches(canvas, where, (TREES, TREES, TREES, GRASS, SHRUB), canvas.rng.uniform(20, 60))
    else:
        patches(canvas, where, (TREES, GRASS, SHRUB, CROPS, FLOODED, BARE), canvas.rng.uniform(20, 70))
    lines(canvas, where, int(canvas.rng.poisson(1.5)))


def patches(canvas: Canvas, where: Mask, covers: tuple[int, ...], length: float) -> None:
    """Natural land: each pixel is the cover with the highest of as many smooth scores; relief shades it."""
    scores = np.stack([canvas.smooth(length) for _ in covers])
    cover = np.array(covers, np.uint8)[scores.argmax(0)]
    relief = canvas.rng.uniform(0.3, 1.8) * canvas.smooth(canvas.rng.uniform(12, 40))
    relief += canvas.rng.uniform(0.3, 2.2) * canvas.smooth(canvas.rng.uniform(1.6, 5))
    roughness = np.array([0.1, 0.45, 0.2, 0.3, 0.2, 0.3, 0.5, 0.15], np.float32)
    canvas.cover[where] = cover[where]
    canvas.db[where] = (canvas.levels_db[cover] + relief)[where]
    canvas.rough[where] = roughness[cover][where]


def fields(canvas: Canvas, where: Mask) -> None:
    """Bent parcels, each with its own level; some are meadows, some ploughed; tracks between them."""
    rng = canvas.rng
    along, across = canvas.frame(0, 0, rng.uniform(0, math.pi))
    bend_u, bend_v = 3 * canvas.smooth(60), 3 * canvas.smooth(60)
    long, wide = canvas.pixels(rng.uniform(150, 500), 6), canvas.pixels(rng.uniform(80, 250), 4)
    u, v = (along + bend_u) / long, (across + bend_v) / wide
    at = u.astype(int) % 61, v.astype(int) % 53
    kinds = rng.choice([CROPS, CROPS, CROPS, GRASS, BARE], (61, 53), p=[0.3, 0.3, 0.2, 0.12, 0.08]).astype(np.uint8)
    levels = rng.normal(0, rng.uniform(0.8, 2.5), (61, 53)).astype(np.float32)
    cover = kinds[at]
    canvas.cover[where] = cover[where]
    canvas.db[where] = (canvas.levels_db[cover] + levels[at] + 0.6 * canvas.smooth(25))[where]
    canvas.rough[where] = 0.2
    if rng.random() < 0.6:
        track = (np.abs(u - np.rint(u)) * long < 0.6) & where
        canvas.db[track] -= 3


def town(canvas: Canvas, where: Mask) -> None:
    """Blocks between dark streets: roofs, corner reflectors, fronts that face the radar, parks."""
    rng = canvas.rng
    turn = rng.uniform(0, math.pi / 2)
    along, across = canvas.frame(0, 0, turn)
    bend = canvas.pixels(rng.uniform(0, 60)) * canvas.smooth(canvas.side / 2)
    long, wide, street = (
        canvas.pixels(rng.uniform(70, 220), 5),
        canvas.pixels(rng.uniform(40, 110), 4),
        canvas.pixels(14, 1.1),
    )
    u, v = along + bend, across + bend
    streets = (u % long < street) | (v % wide < street)
    block = (u // long).astype(int) % 67, (v // wide).astype(int) % 59
    levels = rng.normal(0, rng.uniform(1, 3.5), (67, 59)).astype(np.float32)
    lit = rng.exponential(rng.uniform(1, 6), (2, 67, 59)).astype(np.float32)
    fronts = (v % wide < street + 1.3) * lit[0][block] + (u % long < street + 1.3) * lit[1][block]
    roofs = rng.uniform(1.5, 3.5) * canvas.smooth(canvas.pixels(rng.uniform(12, 25), 1.6))
    db = levels[block] + roofs + canvas.smooth(40) + np.where(streets, rng.uniform(-11, -4), fronts)
    canvas.paint(where, BUILT, np.asarray(db, np.float32), rng.uniform(0.3, 0.9))
    park = where & (canvas.smooth(30) > rng.uniform(1.2, 2.5))
    canvas.paint(park, int(rng.choice([TREES, GRASS])), 0.0, 0.3)
    rows, columns = np.nonzero(where & ~streets & ~park)
    if not len(rows):
        return
    dense = np.exp(0.9 * canvas.smooth(canvas.side / 5))[rows, columns]
    level, count = rng.uniform(-2, 6), int(len(rows) * rng.uniform(0.004, 0.03))
    picked = rng.choice(len(rows), count, p=dense / dense.sum())
    bright = level + rng.exponential(5, count)
    canvas.add_points(columns[picked] + rng.random(count), rows[picked] + rng.random(count), np.minimum(bright, 18))
    fronts = rng.choice(len(rows), int(len(rows) * rng.uniform(0.0002, 0.0012)), p=dense / dense.sum())
    for at in fronts:  # double bounce along fronts
        length, front = rng.uniform(0.3, 0.9) * long, turn + rng.choice([0, math.pi / 2], p=[0.7, 0.3])
        off = np.linspace(-0.5, 0.5, max(3, int(length * 1.2))) * length
        x, y = columns[at] + off * math.cos(front), rows[at] + off * math.sin(front)
        canvas.add_points(x, y, level + rng.normal(5, 3) + rng.normal(0, 2, len(off)))


def city(canvas: Canvas, where: Mask) -> None:
    """A city that pixels of 5 to 20 m no longer resolve: quarters of their own brightness, grain, a faint lattice of
    streets, works that saturate, parks and dark water between them.
    """
    rng, side = canvas.rng, canvas.side
    turn = float(rng.choice([0, 0, rng.uniform(0, math.pi / 2)]))
    along, across = canvas.frame(0, 0, turn)
    bend = canvas.pixels(rng.uniform(0, 100)) * canvas.smooth(side / 2)
    grain = rng.uniform(1.5, 3.5) * canvas.smooth(rng.uniform(1.5, 3)) + rng.uniform(0.3, 1.5) * canvas.smooth(8)
    quarters = rng.uniform(0.5, 2) * canvas.smooth(rng.uniform(20, 60))
    every = canvas.pixels(rng.uniform(70, 250), 4), canvas.pixels(rng.uniform(70, 250), 4)
    street = ((along + bend) % every[0] < 1.2) | ((across + bend) % every[1] < 1.2)
    db = grain + quarters - np.where(street, rng.uniform(0, 5), 0)
    canvas.paint(where, BUILT, np.asarray(db, np.float32), rng.uniform(0.2, 0.5))
    bright = where & (canvas.smooth(rng.uniform(15, 40)) > rng.uniform(0.8, 2.2))
    works(canvas, bright, turn + rng.normal(0, 0.3), rng.uniform(4, 9))
    park = where & ~bright & (canvas.smooth(rng.uniform(15, 40)) > rng.uniform(1.0, 2.4))
    dark = rng.uniform(-9, -3) + rng.uniform(0.5, 2) * canvas.smooth(3)
    canvas.paint(park, int(rng.choice([GRASS, BARE, TREES])), np.asarray(dark, np.float32), 0.3)
    if rng.random() < 0.4:
        pond = where & ~bright & (canvas.smooth(rng.uniform(10, 25)) > rng.uniform(1.8, 2.6))
        calm(canvas, pond, WATER, float(canvas.levels_db[WATER]) - rng.uniform(0, 3))
    dry = where & (canvas.cover != WATER)
    glints(canvas, dry, rng.uniform(0.0002, 0.004), rng.uniform(2, 9))
    plots(canvas, dry, turn)
    lines(canvas, where, int(rng.poisson(3)))


def plots(canvas: Canvas, where: Mask, turn: float) -> None:
    """Open ground: dark fields, flats and airfields with a few sheds on them, which are no boats on a pond."""
    rng = canvas.rng
    rows, columns = np.nonzero(where)
    for _ in range(int(rng.poisson(2.5)) if len(rows) else 0):
        i, along = int(rng.integers(len(rows))), turn + rng.normal(0, 0.05)
        long, wide = (min(canvas.pixels(metres, 10), WIDEST_PLOT_PX) for metres in rng.uniform(200, 1800, 2))
        plot = where & canvas.rectangle(columns[i], rows[i], long, wide, along)
        if rng.random() < 0.5:
            plot &= canvas.smooth(rng.uniform(8, 30)) > rng.uniform(-1.5, 0)
        dark = rng.uniform(-8, 0) + rng.uniform(0.3, 1.5) * canvas.smooth(rng.uniform(2, 20))
        canvas.paint(plot, int(rng.choice([GRASS, GRASS, BARE, CROPS])), np.asarray(dark, np.float32), 0.2)
        canvas.clear(plot)
        glints(canvas, plot, rng.uniform(0, 0.0008), rng.uniform(-2, 6))
        there = np.argwhere(plot)
        for row, column in there[rng.integers(0, len(there), int(rng.poisson(2.5)))] if len(there) else ():
            size = canvas.pixels(rng.uniform(20, 120), 2), canvas.pixels(rng.uniform(15, 50), 1.5)
            shed = plot & canvas.rectangle(column, row, *size, along + rng.choice([0, math.pi / 2]))
            canvas.paint(shed, BUILT, rng.uniform(1, 13), 0.6)


def works(canvas: Canvas, where: Mask, turn: float, db: float) -> None:
    """Halls, stacks of containers or refineries in rows: next to white, with dark lanes and yards between."""
    rng = canvas.rng
    along, across = canvas.frame(0, 0, turn)
    row = canvas.pixels(rng.uniform(*LANE_M), 3)
    lane = (across % row < 1.3) | (along % (row * rng.uniform(2, 6)) < 1.3)
    level = db + rng.uniform(1, 3) * canvas.smooth(rng.uniform(2, 8)) - np.where(lane, rng.uniform(3, 10), 0)
    yards = canvas.smooth(rng.uniform(8, 20)) > rng.uniform(0.6, 2)
    canvas.paint(where, BUILT, np.asarray(np.where(yards, -rng.uniform(4, 10), level), np.float32), 0.5)


def glints(canvas: Canvas, where: Mask, share: float, db: float) -> None:
    """Single bright points on that share of an area's pixels: corners of houses, poles, cars."""
    rows, columns = np.nonzero(where)
    picked = canvas.rng.integers(0, len(rows), int(len(rows) * share)) if len(rows) else np.empty(0, int)
    level = db + canvas.rng.normal(0, 4, len(picked))
    canvas.add_points(
        columns[picked] + canvas.rng.random(len(picked)), rows[picked] + canvas.rng.random(len(picked)), level
    )


def lines(canvas: Canvas, where: Mask, count: int) -> None:
    """Roads and railways: thin, bent, dark or bright."""
    rng, side = canvas.rng, canvas.side
    for _ in range(count):
        x, y = rng.uniform(0, side, 2)
        _, across = canvas.frame(x, y, rng.uniform(0, math.pi))
        bent = across + rng.uniform(0, 0.1) * side * canvas.smooth(side / rng.uniform(1, 3))
        canvas.db[where & (np.abs(bent) < canvas.pixels(rng.uniform(6, 20), 0.6))] += rng.choice([-6, -6, -4, 5])


def coast(canvas: Canvas, roughness: float) -> tuple[Mask, float]:
    """Which pixels are water, and the direction out to sea in radians."""
    rng, side = canvas.rng, canvas.side
    turn = float(rng.uniform(0, 2 * math.pi))
    out, _ = canvas.frame(side / 2, side / 2, turn)
    out = out + np.float32(roughness * side) * canvas.smooth(side / rng.uniform(2, 5))
    out += np.float32(roughness * side / 5) * canvas.smooth(side / rng.uniform(10, 20))
    return np.asarray(out > rng.uniform(-0.35, 0.05) * side), turn


def river(canvas: Canvas) -> Mask:
    """Water across the scene, straight or winding."""
    rng, side = canvas.rng, canvas.side
    _, across = canvas.frame(side / 2, side / 2, rng.uniform(0, math.pi))
    middle = rng.uniform(0.02, 0.12) * side * canvas.smooth(side / rng.uniform(1.5, 3))
    swell = rng.uniform(0.06, 0.2) * side * (1 + 0.2 * canvas.smooth(side / 4))
    return np.asarray(np.abs(across + middle + rng.uniform(-0.15, 0.15) * side) < swell)


def room(where: Mask) -> Map:
    """Pixels to the nearest place that is not `where`, to within two; the scene's own edges do not count."""
    if where.all():
        return np.full(where.shape, 1e6, np.float32)
    half = np.pad(where[::2, ::2], 12, mode="edge")
    far = 2 * ndimage.distance_transform_edt(half)[12:-12, 12:-12].astype(np.float32) - 1
    height, width = where.shape
    return np.asarray(far.repeat(2, axis=0).repeat(2, axis=1)[:height, :width])
