"""Simulated scenes: a spec gives one scene, its truth lies where the image shows it, and files say the same."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from click.testing import CliRunner

from fusar_core.domain.tiling import Window
from fusar_core.prior.aef import open_source
from fusar_core.prior.anchors import sample_anchors
from fusar_core.scenes.scene import SarScene
from training.errors import BadRecipe
from training.simulation.bodies import PLANES, SHIPS, add_plane, add_ship, plane_size, ship_size
from training.simulation.canvas import BUILT, LEVELS_DB, WATER, Canvas
from training.simulation.scene import simulate
from training.simulation.scene_file import main
from training.simulation.spec import KINDS, PLACES, SceneSpec
from training.simulation.writing import embeddings, write_scene


@pytest.mark.parametrize("kind", KINDS)
def test_a_spec_gives_one_scene_and_another_seed_another(kind: str) -> None:
    spec = SceneSpec(kind, seed=3, side_px=168)
    one, two = simulate(spec), simulate(spec)
    assert one.image.dtype == np.uint8
    assert one.image.shape == one.cover.shape == one.structure.shape == (168, 168)
    assert np.array_equal(one.image, two.image)
    assert np.array_equal(one.intensity, two.intensity)
    assert np.array_equal(one.cover, two.cover)
    assert np.array_equal(one.structure, two.structure)
    assert one.bodies == two.bodies
    assert one.kind in PLACES
    assert not np.array_equal(one.image, simulate(replace(spec, seed=4)).image)


def test_ships_lie_on_water_and_stand_out() -> None:
    found = 0
    for kind in ("open_sea", "harbour", "coast", "river"):
        for seed in range(4):
            scene = simulate(SceneSpec(kind, seed, gsd_m=5.0, enl=8.0))
            sea = np.median(scene.intensity[scene.cover == WATER])
            for ship in (b for b in scene.targets if b.label == "ship"):
                x1, y1, x2, y2 = (int(np.clip(v, 0, 335)) for v in ship.bbox)
                assert scene.intensity[y1 : y2 + 1, x1 : x2 + 1].max() > 4 * sea
                x, y = np.mean(ship.corners, axis=0).astype(int)
                assert scene.cover[y, x] == WATER
                found += 1
    assert found > 50


def test_aircraft_stand_on_paved_ground() -> None:
    found = 0
    for seed in range(6):
        scene = simulate(SceneSpec("airfield", seed, gsd_m=2.0))
        for plane in (b for b in scene.targets if b.label == "plane"):
            x, y = np.mean(plane.corners, axis=0).astype(int)
            assert scene.cover[y, x] == BUILT
            assert PLANES[plane.kind][0] * 0.6 <= plane.length_m <= PLANES[plane.kind][1] * 1.3
            found += 1
    assert found > 12


@pytest.mark.parametrize("seed", range(12))
def test_boxes_hold_their_scatterers_and_are_not_wider_than_needed(seed: int) -> None:
    rng = np.random.default_rng(seed)
    canvas = Canvas(128, 3.0, rng, np.array(LEVELS_DB["C"], np.float32))
    turn = float(rng.uniform(0, 2 * np.pi))
    if seed % 2:
        body = add_ship(canvas, 64.0, 64.0, ship_size(rng, 3.0), turn, 0.0)
    else:
        body = add_plane(canvas, 64.0, 64.0, plane_size(rng, 3.0), turn, 0.0)
    x, y, db = np.concatenate(canvas.points).T
    x, y = x[db > -50], y[db > -50]  # aircraft lose some
    x1, y1, x2, y2 = body.bbox
    inside = (x > x1 - 1) & (x < x2 + 1) & (y > y1 - 1) & (y < y2 + 1)
    assert inside.all()
    assert x2 - x1 < np.ptp(x) + 6
    assert y2 - y1 < np.ptp(y) + 6
    corners = np.array(body.corners)
    assert (corners.min(0) >= [x1 - 3, y1 - 3]).all() or body.label == "plane"  # wings do not fill their rectangle


def test_ships_have_the_lengths_of_their_kind() -> None:
    rng = np.random.default_rng(0)
    for gsd_m in (1.0, 3.0, 10.0, 20.0):
        for _ in range(100):
            kind, length, width = ship_size(rng, gsd_m)
            short, long, _, slimmer = SHIPS[kind]
            assert short - 1e-6 <= length * gsd_m <= max(long, 3.5 * gsd_m) + 1e-6
            assert length / width <= slimmer + 1e-6


def test_the_grid_places_the_scene_around_its_centre() -> None:
    scene = simulate(SceneSpec("open_sea", 1, side_px=100, gsd_m=7.0, lon=-70.3, lat=-33.1))
    assert scene.grid.crs_name() == "EPSG:32719"
    lon, lat = scene.grid.to_lonlat(50.0, 50.0)
    assert (float(lon), float(lat)) == pytest.approx((-70.3, -33.1), abs=1e-4)
    assert scene.grid.pixel_size_m == pytest.approx((7.0, 7.0), rel=2e-3)
    north = scene.grid.to_lonlat(50.0, 0.0)[1]
    assert north > lat  # rows run south


def test_bands_and_polarisation_change_the_land() -> None:
    spec = SceneSpec("forest", 5, side_px=168)
    level = {
        (band, cross): float(np.median(simulate(replace(spec, band=band, cross=cross)).intensity))
        for band in ("C", "L")
        for cross in (False, True)
    }
    assert level["C", True] < 0.5 * level["C", False]
    assert level["L", False] != pytest.approx(level["C", False], rel=0.01)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"kind": "moon"}, "moon"),
        ({"band": "Q"}, "Q"),
        ({"stretch": "gamma"}, "gamma"),
        ({"side_px": 8}, "8 pixels"),
        ({"cell_px": 8}, "cells of 8"),
        ({"side_px": 100_000}, "100000"),
        ({"gsd_m": 0.0}, "gsd_m 0.0"),
        ({"enl": 0.5}, "enl 0.5"),
        ({"width_px": (0.5, 1.0)}, "0.5"),
        ({"lat": 89.0}, "89.0"),
        ({"lon": 200.0}, "200.0"),
    ],
)
def test_impossible_scenes_are_refused(changed: dict[str, object], said: str) -> None:
    with pytest.raises(BadRecipe, match=said):
        SceneSpec(**{"kind": "coast", "seed": 1, **changed})  # type: ignore[arg-type]


def test_files_say_what_the_scene_says(tmp_path: Path) -> None:
    scene = simulate(SceneSpec("harbour", 3, side_px=200, gsd_m=5.0))
    files = write_scene(scene, tmp_path / "new")
    with SarScene.open(files["amplitude"]) as opened:
        assert opened.grid.crs_name() == scene.grid.crs_name()
        assert opened.grid.transform.almost_equals(scene.grid.transform)
    with rasterio.open(files["amplitude"]) as raster:
        assert raster.dtypes == ("uint16",)
        kept = raster.read(1).astype(float) / 1000
        assert np.abs(kept - np.sqrt(scene.intensity)).max() < 0.002 or scene.intensity.max() > 4000
    with rasterio.open(files["cover"]) as raster:
        assert np.array_equal(raster.read(1), scene.cover)
    truth = json.loads(files["truth"].read_text())["features"]
    assert [f["properties"]["kind"] for f in truth] == [b.label for b in scene.bodies]
    for feature, body in zip(truth, scene.bodies, strict=True):
        x, y = scene.grid.from_lonlat(*np.array(feature["geometry"]["coordinates"][0]).T)
        assert np.allclose(np.column_stack([x, y])[:-1], body.corners, atol=0.02)


def test_the_written_prior_is_read_by_the_engine_and_agrees_with_the_field(tmp_path: Path) -> None:
    scene = simulate(SceneSpec("coast", 4, side_px=200, gsd_m=5.0))
    files = write_scene(scene, tmp_path)
    read = sample_anchors(scene.grid, Window(0, 0, 200, 200), scene.spec.year, open_source(files["prior"]))
    assert read.valid_fraction == 1.0
    assert len(read) > 150
    y, x = (read.positions * 200).T.astype(float)
    from training.simulation.embeddings import EmbeddingField

    field = EmbeddingField(scene.grid, scene.cover, scene.structure, scene.spec.seed, 1.0)
    same = (field.at(x, y) * read.features).sum(1)
    assert np.median(same) > 0.9  # the raster holds its pixels' centres, the field is asked between them


def test_beyond_the_edge_of_the_product_there_is_no_data(tmp_path: Path) -> None:
    spec = SceneSpec("harbour", 5, side_px=200, gsd_m=10.0, border=True)
    scene, whole = simulate(spec), simulate(replace(spec, border=False))
    outside = scene.intensity == 0
    assert 0.1 < outside.mean() < 0.6
    assert not scene.image[outside].any()
    for shown, full in ((scene.image, whole.image), (scene.intensity, whole.intensity)):
        assert np.array_equal(shown[~outside], full[~outside])
    assert len(scene.bodies) < len(whole.bodies)
    files = write_scene(scene, tmp_path)
    with rasterio.open(files["amplitude"]) as raster:
        assert raster.nodata == 0
        assert np.array_equal(raster.read(1) == 0, outside)
    with SarScene.open(files["amplitude"]) as opened:
        assert np.array_equal(opened.read(opened.extent)[1], ~outside)


def test_embeddings_of_a_large_scene_are_those_of_all_its_pixels_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = simulate(SceneSpec("coast", 4, side_px=200, gsd_m=5.0))
    in_parts, transform = embeddings(scene, 1.0)
    monkeypatch.setattr("training.simulation.writing.ROWS_AT_ONCE", 1000)
    at_once, _ = embeddings(scene, 1.0)
    assert in_parts.shape == (64, 100, 100)
    assert np.abs(in_parts.astype(int) - at_once).max() <= 1  # sums are rounded otherwise
    assert transform[:6] == (10, 0, scene.grid.transform.c, 0, -10, scene.grid.transform.f)


def test_a_scene_from_the_command_line(tmp_path: Path) -> None:
    place = ("--lon", "-70.3", "--lat", "-33.1", "--year", "2021")
    asked = ["--out", str(tmp_path / "s"), "--kind", "harbour", "--side", "128", "--gsd", "5", "--seed", "7", *place]
    done = CliRunner().invoke(main, asked)
    assert done.exit_code == 0, done.output
    names = {Path(line).name for line in done.output.splitlines()}
    assert names == {"amplitude.tif", "truth.geojson", "cover.tif", "aef_2021.tif"} == {
        f.name for f in (tmp_path / "s").iterdir()
    }  # fmt: skip
    with SarScene.open(tmp_path / "s" / "amplitude.tif") as opened:
        assert (opened.grid.crs_name(), opened.grid.width) == ("EPSG:32719", 128)
    assert "holds files already" in CliRunner().invoke(main, asked).output
    wrong = CliRunner().invoke(main, ["--out", str(tmp_path / "t"), "--kind", "moon"])
    assert wrong.exit_code == 1
    assert "'moon' is no kind of scene" in wrong.output
