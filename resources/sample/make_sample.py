"""Makes the sample scene: `python resources/sample/make_sample.py [--out DIR]`.

Writes harbour.tif (simulated SAR amplitude), harbour_truth.geojson (what was planted where) and harbour_water.geojson
(charted water, for `--water-mask`). The same seed gives the same files. See README.md in this folder.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj
import rasterio
import shapely
from affine import Affine
from scipy import fft, ndimage
from shapely.affinity import translate
from shapely.geometry import MultiPoint, Polygon, mapping
from shapely.geometry.base import BaseGeometry

sys.path.insert(0, str(Path(__file__).resolve().parent))
import ground
from layout import SIDE_M, Harbour, Ship, build
from radar import PIXEL_M, Radar, image

SEED = 20240514
CRS = "EPSG:32629"
CENTRE_LONLAT = (-6.690, 37.053)  # Playa de Castilla, a straight sandy shore of the Gulf of Cádiz without any harbour
FLIGHT_BEARING_TRUE_DEG = 347.0  # an ascending pass at this latitude
ACQUIRED = "2024-05-14T18:27:31Z"
CALIBRATION = 600.0  # digital number of a pixel with σ⁰ = 0 dB; written as the scale of the band
GHOST_OVER_SEA_DB = 6.0  # a ghost is in the truth where its own power is this far above the water around it
SIDE_PX = round(SIDE_M / PIXEL_M)


@dataclass(frozen=True)
class Frame:
    """Where the local metres (x east, y south) lie on the map."""

    east: float
    north: float
    convergence_deg: float

    @classmethod
    def at_centre(cls) -> Frame:
        east, north = pyproj.Transformer.from_crs("OGC:CRS84", CRS, always_xy=True).transform(*CENTRE_LONLAT)
        convergence = pyproj.Proj(CRS).get_factors(*CENTRE_LONLAT).meridian_convergence
        return cls(round(east - SIDE_M / 2, -1), round(north + SIDE_M / 2, -1), convergence)

    @property
    def transform(self) -> Affine:
        return Affine(PIXEL_M, 0, self.east, 0, -PIXEL_M, self.north)

    def to_lonlat(self, geometry: BaseGeometry) -> BaseGeometry:
        """Local metres → longitude and latitude, exterior rings counter-clockwise (RFC 7946), 7 decimals."""
        to_geographic = pyproj.Transformer.from_crs(CRS, "OGC:CRS84", always_xy=True)

        def move(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
            return np.column_stack(to_geographic.transform(self.east + xy[:, 0], self.north - xy[:, 1])).round(7)

        return shapely.orient_polygons(shapely.transform(geometry, move))


def draws(what: str) -> np.random.Generator:
    """Random numbers for one part of the scene, so that a change to one part leaves the others as they are."""
    return np.random.default_rng([SEED, *what.encode()])


def swath(radar: Radar) -> Polygon:
    """What the pass saw of the scene's square: the near-range edge of the swath cuts off the lower left corner."""
    slope = math.tan(math.radians(radar.flight_bearing_deg))  # east per metre north, negative
    foot = 620.0  # metres of the lower border outside the swath
    return Polygon([(foot, SIDE_M), (foot + slope * SIDE_M, 0), (SIDE_M, 0), (SIDE_M, SIDE_M)])


def all_points(harbour: Harbour, radar: Radar) -> npt.NDArray[np.float64]:
    """(N, 3) x, y, cross section of every ship and structure, moving ships where the radar puts them."""
    bearing = math.radians(radar.flight_bearing_deg)
    found = [ground.structure_points(draws("structures"), harbour, radar.look_bearing_deg)]
    rng = draws("ships")
    for ship in harbour.ships:
        ahead = radar.azimuth_displacement_m(ship.speed_m_s, ship.heading_deg)
        shift = (ahead * math.sin(bearing), -ahead * math.cos(bearing))
        found.append(ground.ship_points(rng, ship, radar.look_bearing_deg, radar.incidence_deg, shift))
    return np.vstack(found)


def ghost_outlines(
    ghosts: npt.NDArray[np.float64], clutter: npt.NDArray[np.float64], harbour: Harbour, seen: Polygon
) -> list[tuple[Polygon, float, tuple[float, float]]]:
    """Rectangles around the ghosts that stand out of open water: (rectangle, peak over the water in dB, peak's x, y).

    ghosts, clutter: mean intensity at 10 m of the ghosts alone, and of everything without bright points and ghosts.
    """
    open_water = harbour.water.intersection(seen).buffer(-50)
    hulls = shapely.union_all([s.outline.buffer(60) for s in harbour.ships])
    ratio = ghosts / ndimage.uniform_filter(clutter, 31)
    over = ndimage.maximum_filter(ratio, 5) > ground.db(GHOST_OVER_SEA_DB)
    labels, count = ndimage.label(over, np.ones((3, 3)))
    found = []
    for index in range(1, count + 1):
        rows, cols = np.nonzero((labels == index) & (ratio > 1.0))
        pixels = np.column_stack([cols, rows])
        corners = np.vstack([pixels + corner for corner in ((0, 0), (0, 1), (1, 0), (1, 1))]) * PIXEL_M
        outline = MultiPoint(corners).minimum_rotated_rectangle
        best = int(np.argmax(ratio[rows, cols]))
        peak = (PIXEL_M * (cols[best] + 0.5), PIXEL_M * (rows[best] + 0.5))
        if open_water.contains(shapely.Point(peak)) and not hulls.intersects(outline):
            found.append((outline, 10 * math.log10(ratio[rows[best], cols[best]]), peak))
    return found


def source_of(peak: tuple[float, float], harbour: Harbour, radar: Radar) -> str:
    """What a ghost is the ghost of: the nearest ship or crane one shift ahead or behind."""
    dx, dy = radar.ambiguity_shift_xy_m
    candidates = [(s.what, s.outline) for s in harbour.ships]
    candidates += [("quay crane", shapely.Point(c).buffer(15)) for c in harbour.cranes]
    candidates += [("container stack", g) for g in harbour.yards]
    candidates += [("warehouse", g) for g in harbour.sheds] + [("tank", g) for g in harbour.tanks]
    candidates += [("town block", b) for b, _ in harbour.blocks]
    origins = [shapely.Point(peak[0] - k * dx, peak[1] - k * dy) for k in (1, -1)]
    return min(candidates, key=lambda item: min(item[1].distance(o) for o in origins))[0]


def truth(
    harbour: Harbour,
    radar: Radar,
    frame: Frame,
    ghosts: npt.NDArray[np.float64],
    clutter: npt.NDArray[np.float64],
) -> dict[str, Any]:
    """The planted ships, the ghosts that stand out, and the false targets, as a GeoJSON feature collection."""
    seen = swath(radar)
    bearing = math.radians(radar.flight_bearing_deg)
    features: list[dict[str, Any]] = []

    def add(shape: BaseGeometry, **properties: Any) -> None:
        features.append({"type": "Feature", "properties": properties, "geometry": mapping(frame.to_lonlat(shape))})

    for ship in harbour.ships:
        ahead = radar.azimuth_displacement_m(ship.speed_m_s, ship.heading_deg)
        imaged = translate(ship.outline, ahead * math.sin(bearing), -ahead * math.cos(bearing))
        if seen.contains(imaged):
            add(imaged, kind="ship", what=ship.what, where=ship.where, **_size(ship, frame))
    for outline, peak_db, peak in ghost_outlines(ghosts, clutter, harbour, seen):
        what = f"azimuth ambiguity of a {source_of(peak, harbour, radar)}"
        add(outline, kind="ghost", what=what, where=_where(peak, harbour), peak_db=round(peak_db, 1))
    for what, shape in harbour.not_ships:
        add(shape.minimum_rotated_rectangle, kind="not_ship", what=what, where="open water")
    return {"type": "FeatureCollection", "name": "harbour_truth", "features": features}


def _where(xy: tuple[float, float], harbour: Harbour) -> str:
    return "harbour" if harbour.sheltered.contains(shapely.Point(xy)) else "open water"


def _size(ship: Ship, frame: Frame) -> dict[str, float]:
    heading = (ship.heading_deg + frame.convergence_deg) % 360  # grid → true north
    return {"length_m": ship.length_m, "width_m": ship.width_m, "heading_deg": round(heading, 1)}


def write_scene(path: Path, intensity: npt.NDArray[np.float64], radar: Radar, frame: Frame) -> None:
    """uint16 amplitude digital numbers, 0 outside the swath, with the acquisition's tags."""
    numbers = np.clip(np.rint(CALIBRATION * np.sqrt(intensity)), 1, 65_535).astype(np.uint16)
    local = Affine(PIXEL_M, 0, 0, 0, PIXEL_M, 0)
    numbers[~rasterio.features.rasterize([swath(radar)], numbers.shape, transform=local).astype(bool)] = 0
    options = {"tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "deflate", "predictor": 2, "zlevel": 9}
    with rasterio.open(
        path, "w", driver="GTiff", height=SIDE_PX, width=SIDE_PX, count=1, dtype="uint16", nodata=0, crs=CRS,
        transform=frame.transform, **options,
    ) as out:  # fmt: skip
        out.write(numbers, 1)
        out.set_band_description(1, "VV")
        out.scales = (1 / CALIBRATION,)
        out.update_tags(
            TIFFTAG_IMAGEDESCRIPTION="Simulated SAR scene of an invented harbour; not a measurement",
            TIFFTAG_COPYRIGHT="MIT licence, part of FUSAR for QGIS",
            SENSOR="Sentinel-1 IW GRDH (simulated)",
            ACQUISITION_START_TIME=ACQUIRED,
            POLARISATION="VV",
            BAND="C",
            ORBIT_DIRECTION="ASCENDING",
            PLATFORM_HEADING=f"{FLIGHT_BEARING_TRUE_DEG:.1f}",
            LOOK_DIRECTION="RIGHT",
            INCIDENCE_ANGLE=f"{radar.incidence_deg:.1f}",
            UNITS="amplitude: square root of sigma0, after the band's scale",
            AZIMUTH_AMBIGUITY_SHIFT_M=f"{radar.ambiguity_shift_m:.0f}",
        )


def make(out: Path) -> None:
    """Writes the three files into a folder."""
    frame = Frame.at_centre()
    radar = Radar(flight_bearing_deg=FLIGHT_BEARING_TRUE_DEG - frame.convergence_deg)
    harbour = build(SEED)
    points = all_points(harbour, radar)
    with fft.set_workers(-1):
        backscatter = ground.mean_backscatter(draws("backscatter"), harbour)
        intensity, ghosts, clutter = image(draws("speckle"), radar, backscatter, points)
    out.mkdir(parents=True, exist_ok=True)
    write_scene(out / "harbour.tif", intensity, radar, frame)
    (out / "harbour_truth.geojson").write_text(_lines(truth(harbour, radar, frame, ghosts, clutter)), encoding="utf-8")
    sea = frame.to_lonlat(harbour.water.intersection(swath(radar)).simplify(2.0))
    properties = {"kind": "water", "what": "charted water: sea, basins and river without quays, breakwaters and islet"}
    feature = {"type": "Feature", "properties": properties, "geometry": mapping(sea)}
    collection = {"type": "FeatureCollection", "name": "harbour_water", "features": [feature]}
    (out / "harbour_water.geojson").write_text(_lines(collection), encoding="utf-8")


def _lines(collection: dict[str, Any]) -> str:
    """GeoJSON with one feature a line, so that differences can be read."""
    head = {key: value for key, value in collection.items() if key != "features"}
    features = ",\n".join(json.dumps(f, ensure_ascii=False) for f in collection["features"])
    return json.dumps(head)[:-1] + ', "features": [\n' + features + "\n]}\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make the simulated sample scene.")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent, help="folder (default: this one)")
    make(parser.parse_args().out)
