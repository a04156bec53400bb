"""The sample scene is what its README says: small, georeferenced, openly simulated, and true to its truth."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
import shapely
from pyproj import Transformer
from rasterio.features import rasterize
from scipy import ndimage
from shapely.geometry import shape

SAMPLE = Path(__file__).resolve().parents[2] / "resources" / "sample"

Sigma0 = npt.NDArray[np.float64]


@pytest.fixture(scope="module")
def scene() -> rasterio.DatasetReader:
    with rasterio.open(SAMPLE / "harbour.tif") as opened:
        yield opened


@pytest.fixture(scope="module")
def sigma0(scene: rasterio.DatasetReader) -> Sigma0:
    return (scene.read(1) * scene.scales[0]) ** 2


def features(name: str) -> list[dict[str, Any]]:
    collection = json.loads((SAMPLE / name).read_text(encoding="utf-8"))
    assert collection["type"] == "FeatureCollection"
    return list(collection["features"])


def outlines(scene: rasterio.DatasetReader, kind: str) -> list[tuple[dict[str, Any], shapely.Polygon]]:
    """The truth of one kind, brought into pixel coordinates."""
    to_map = Transformer.from_crs("OGC:CRS84", scene.crs, always_xy=True)

    def to_pixel(lonlat: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(~scene.transform @ np.array(to_map.transform(*lonlat.T)))

    found = [f for f in features("harbour_truth.geojson") if f["properties"]["kind"] == kind]
    return [(f["properties"], shapely.transform(shape(f["geometry"]), to_pixel)) for f in found]


def mask(outline: shapely.Geometry, like: Sigma0) -> npt.NDArray[np.bool_]:
    return rasterize([outline], like.shape, all_touched=True).astype(bool)


@pytest.fixture(scope="module")
def water(scene: rasterio.DatasetReader, sigma0: Sigma0) -> npt.NDArray[np.bool_]:
    (feature,) = features("harbour_water.geojson")
    to_map = Transformer.from_crs("OGC:CRS84", scene.crs, always_xy=True)
    sea = shapely.transform(shape(feature["geometry"]), lambda p: np.column_stack(to_map.transform(*p.T)))
    return rasterize([sea], sigma0.shape, transform=scene.transform).astype(bool)


def test_it_is_small_tiled_compressed_and_says_that_it_is_simulated(scene: rasterio.DatasetReader) -> None:
    assert sum(f.stat().st_size for f in SAMPLE.iterdir() if f.is_file()) < 3_000_000
    assert scene.profile["tiled"]
    assert scene.profile["compress"] == "deflate"
    assert (scene.dtypes, scene.nodata, scene.res) == (("uint16",), 0, (10.0, 10.0))
    assert scene.crs.to_epsg() == 32629
    tags = scene.tags()
    assert "imulated" in tags["TIFFTAG_IMAGEDESCRIPTION"]
    assert "simulated" in tags["SENSOR"]
    assert tags["ACQUISITION_START_TIME"].startswith("2024-05-14")
    assert tags["POLARISATION"] == "VV"


def test_nodata_is_one_strip_at_the_edge_of_the_swath(sigma0: Sigma0) -> None:
    labels, count = ndimage.label(sigma0 == 0)
    assert count == 1
    assert labels[-1, 0] == 1
    assert 0.002 < (labels == 1).mean() < 0.02


def test_backscatter_and_speckle_are_those_of_a_sentinel_1_grd(sigma0: Sigma0, water: npt.NDArray[np.bool_]) -> None:
    sea = sigma0[990:1060, 800:900]  # a stretch of open water between the anchored ships
    assert water[990:1060, 800:900].all()
    level = 10 * np.log10(sea.mean())
    assert -21 < level < -16
    looks = sea.mean() ** 2 / sea.var()
    assert 2.7 < looks < 4.4  # texture lowers the 4.4 of the radar
    rough = sea - sea.mean()
    assert 0.45 < (rough[:, 1:] * rough[:, :-1]).mean() / rough.var() < 0.8  # neighbours share a resolution cell
    land = sigma0[20:250, 900:1150]
    assert -11 < 10 * np.log10(land.mean()) < -5
    assert 10 * np.log10(sigma0[260:340, 600:720].mean()) > -3  # the town


def test_the_truth_lies_within_the_scene(scene: rasterio.DatasetReader) -> None:
    inside = shapely.box(0, 0, scene.width, scene.height)
    for kind, least in (("ship", 30), ("ghost", 3), ("not_ship", 4)):
        found = outlines(scene, kind)
        assert len(found) >= least
        assert all(inside.contains(outline) for _, outline in found)
    for feature in features("harbour_truth.geojson") + features("harbour_water.geojson"):
        assert shape(feature["geometry"]).is_valid
        assert shape(feature["geometry"]).exterior.is_ccw  # RFC 7946


def test_ships_have_the_size_and_heading_they_claim(scene: rasterio.DatasetReader) -> None:
    for properties, outline in outlines(scene, "ship"):
        corners = np.array(outline.exterior.coords)[:4]
        sides = np.diff(corners, axis=0)[:2] * 10
        lengths = np.hypot(*sides.T)
        assert max(lengths) == pytest.approx(properties["length_m"], rel=0.01, abs=0.2)
        assert min(lengths) == pytest.approx(properties["width_m"], rel=0.01, abs=0.2)
        east, south = sides[np.argmax(lengths)]
        bearing = np.degrees(np.arctan2(east, -south)) + 1.39  # convergence of the grid here
        assert (properties["heading_deg"] - bearing + 90) % 180 - 90 == pytest.approx(0, abs=0.6)


def test_ships_at_sea_shine_where_the_truth_says(scene: rasterio.DatasetReader, sigma0: Sigma0) -> None:
    large = [(p, o) for p, o in outlines(scene, "ship") if p["length_m"] >= 45 and p["where"] != "quay"]
    assert len(large) == 15
    for properties, outline in large:
        ship, around = mask(outline.buffer(1), sigma0), mask(outline.buffer(40), sigma0)
        assert 10 * np.log10(sigma0[ship].max() / np.median(sigma0[around])) > 12, properties
        rows, cols = np.nonzero(mask(outline.buffer(8), sigma0))
        weight = sigma0[rows, cols]
        centre = np.average(cols + 0.5, weights=weight), np.average(rows + 0.5, weights=weight)
        assert outline.buffer(0.7).contains(shapely.Point(centre)), properties


def test_ghosts_lie_one_shift_along_the_flight_from_something_bright(
    scene: rasterio.DatasetReader, sigma0: Sigma0
) -> None:
    shift = float(scene.tags()["AZIMUTH_AMBIGUITY_SHIFT_M"]) / 10
    bearing = np.radians(float(scene.tags()["PLATFORM_HEADING"]) - 1.39)
    ghosts = outlines(scene, "ghost")
    for properties, outline in ghosts:
        brightest = []
        for sign in (1, -1):
            dx, dy = sign * shift * np.sin(bearing), -sign * shift * np.cos(bearing)
            moved = mask(shapely.affinity.translate(outline, dx, dy), sigma0)
            brightest.append(sigma0[moved].max() if moved.any() else 0.0)
        assert 10 * np.log10(max(brightest)) > 3, properties
    clear = [o for p, o in ghosts if p["peak_db"] > 10]
    assert len(clear) >= 2
    for outline in clear:
        around = np.median(sigma0[mask(outline.buffer(40), sigma0)])
        assert 10 * np.log10(sigma0[mask(outline, sigma0)].max() / around) > 7


def test_the_water_mask_holds_the_ships_and_not_the_land(
    scene: rasterio.DatasetReader, sigma0: Sigma0, water: npt.NDArray[np.bool_]
) -> None:
    assert 0.4 < water.mean() < 0.7
    for properties, outline in outlines(scene, "ship"):
        x, y = outline.centroid.coords[0]
        assert water[int(y), int(x)], properties
    assert not water[sigma0 == 0].any()
    assert not water[300, 650]  # the town
    assert 10 * np.log10(np.median(sigma0[~water & (sigma0 > 0)]) / np.median(sigma0[water])) > 5


def test_the_script_makes_the_same_scene_again(tmp_path: Path) -> None:
    subprocess.run([sys.executable, SAMPLE / "make_sample.py", "--out", tmp_path], check=True)
    with rasterio.open(tmp_path / "harbour.tif") as again, rasterio.open(SAMPLE / "harbour.tif") as kept:
        difference = np.abs(again.read(1).astype(int) - kept.read(1).astype(int))
        assert again.profile == kept.profile
        assert again.tags() == kept.tags()
    assert (difference > 0).mean() < 1e-4  # another machine's FFT may round a few pixels otherwise
    assert difference.max() <= 2
    assert (tmp_path / "harbour_truth.geojson").read_text() == (SAMPLE / "harbour_truth.geojson").read_text()
    assert (tmp_path / "harbour_water.geojson").read_text() == (SAMPLE / "harbour_water.geojson").read_text()
