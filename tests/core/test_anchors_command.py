"""`fusar anchors` and `fusar cache`: from a scene and a source to a file and a picture."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aef_servers import Fault, FileServer
from aef_world import World, chunks_of_box, decoded, write_mosaic, write_raster
from affine import Affine
from PIL import Image
from scenes import UTM, sea, write

from fusar_core.cli import main
from fusar_core.domain.anchors import Anchors
from fusar_core.prior.aef import ATTRIBUTION
from fusar_core.prior.aef.lonlat_grid import WORLD
from fusar_core.prior.files import read_anchors
from fusar_core.results.picture.anchors import colour_field, draw_preview

WEST, NORTH = 9.85, 45.06
DEGREES = {"crs": "EPSG:4326", "transform": Affine(WORLD.step, 0, WEST, 0, -WORLD.step, NORTH)}


def run(*arguments: Any) -> int:
    with pytest.raises(SystemExit) as exit_:
        main([str(a) for a in arguments])
    return int(exit_.value.code or 0)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FUSAR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("FUSAR_CACHE_LIMIT_GB", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    tags = {"ACQUISITION_START_TIME": "2020-06-01T05:50:00Z"}
    return write(tmp_path / "scene.tif", sea(300, 400), tags=tags, **DEGREES)


@pytest.fixture(scope="module")
def mosaic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    world = World()
    places = chunks_of_box(WEST, NORTH - 0.03, WEST + 0.04, NORTH)
    return write_mosaic(tmp_path_factory.mktemp("mosaic"), {place: world.chunk(*place) for place in places})


@pytest.fixture
def server(mosaic: Path) -> Iterator[FileServer]:
    with FileServer(folder=mosaic) as running:
        yield running


def test_a_scene_gets_its_anchors_and_a_picture(
    scene: Path, server: FileServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, picture = tmp_path / "anchors.npz", tmp_path / "anchors.png"
    assert run("anchors", scene, "--source", f"mosaic:{server.url}", "--out", out, "--preview", picture, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["anchors"] == 324
    assert told["valid_fraction"] == 1.0
    assert told["year_used"] == 2020
    assert told["attribution"] == ATTRIBUTION
    anchors = read_anchors(out)
    np.testing.assert_allclose(anchors.features, decoded(World().codes_at(anchors.lon, anchors.lat)), atol=1e-6)
    assert anchors.attribution == ATTRIBUTION
    with Image.open(picture) as drawn:
        assert drawn.width > 1000
        pixels = np.asarray(drawn.convert("RGB").resize((100, 70))).reshape(-1, 3)
        assert len(np.unique(pixels, axis=0)) > 100


def test_extent_grid_and_year_can_be_chosen(scene: Path, mosaic: Path, tmp_path: Path, capsys: Any) -> None:
    extent = f"{WEST + 0.005},{NORTH - 0.02},{WEST + 0.015},{NORTH - 0.01},EPSG:4326"
    chosen = ("--extent", extent, "--grid", "5", "--year", "1999")
    assert run("anchors", scene, "--source", f"mosaic:{mosaic}", "--out", tmp_path / "a.npz", *chosen) == 0
    words = capsys.readouterr().out
    assert "1999" in words
    assert "no data" in words  # 2017 is empty in this mosaic: it goes on, and says so
    anchors = read_anchors(tmp_path / "a.npz")
    assert (anchors.year_requested, anchors.year_used, len(anchors)) == (1999, 2017, 0)
    assert run("anchors", scene, "--source", mosaic, "--out", tmp_path / "a.npz", *chosen[:4]) == 0
    anchors = read_anchors(tmp_path / "a.npz")
    assert len(anchors) == 25
    assert anchors.lon.min() == pytest.approx(WEST + 0.005, abs=1e-4)
    assert anchors.lat.max() == pytest.approx(NORTH - 0.01, abs=1e-4)


def test_a_second_run_needs_no_network_and_the_cache_can_be_shown_and_cleared(
    scene: Path, mosaic: Path, tmp_path: Path, own_cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with FileServer(folder=mosaic) as server:
        arguments = ("anchors", scene, "--source", f"mosaic:{server.url}", "--out", tmp_path / "a.npz")
        assert run(*arguments) == 0
    assert run(*arguments) == 0
    capsys.readouterr()
    assert run("cache", "show", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["folder"] == str(own_cache)
    assert shown["sources"]["mosaic"]["entries"] > 4
    assert run("cache") == 0
    assert "10,000.0 MB" in capsys.readouterr().out
    assert run("cache", "clear") == 0
    assert "freed" in capsys.readouterr().out
    assert run("cache", "show", "--json") == 0
    assert json.loads(capsys.readouterr().out)["bytes"] == 0


def test_two_programs_may_fill_one_cache_at_once(scene: Path, server: FileServer, tmp_path: Path) -> None:
    outs = [tmp_path / "one.npz", tmp_path / "two.npz"]
    fusar = [sys.executable, "-c", "from fusar_core.cli import main; main()"]
    source = f"mosaic:{server.url}"
    programs = [
        subprocess.Popen([*fusar, "anchors", scene, "--source", source, "--out", out], stdout=subprocess.DEVNULL)
        for out in outs
    ]
    assert [program.wait(60) for program in programs] == [0, 0]
    one, two = (read_anchors(out) for out in outs)
    np.testing.assert_array_equal(one.features, two.features)
    assert len(one) == 324
    before = len(server.requests)
    assert run("anchors", scene, "--source", source, "--out", outs[0]) == 0
    assert len(server.requests) == before


def no_georeference(folder: Path) -> tuple[Any, ...]:
    return write(folder / "plain.tif", sea(64, 64), crs=None, transform=Affine.identity()), "--year", 2020


def no_year(folder: Path) -> tuple[Any, ...]:
    return (write(folder / "undated.tif", sea(64, 64), tags={}, **DEGREES),)


def three_bands(folder: Path) -> tuple[Any, ...]:
    path = write_raster(folder / "rgb.tif", np.ones((3, 64, 64), np.uint8), DEGREES["transform"], "EPSG:4326")
    return folder / "scene.tif", "--source", path


def elsewhere(folder: Path) -> tuple[Any, ...]:
    path = write_raster(folder / "aef.tif", np.ones((64, 64, 64), np.int8), UTM["transform"], UTM["crs"])
    return folder / "scene.tif", "--source", path


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (lambda folder: (folder / "scene.tif", "--source", "no/such/file"), "UNKNOWN_SOURCE"),
        (lambda folder: (folder / "scene.tif", "--grid", 2), "BAD_OPTION"),
        (lambda folder: (folder / "scene.tif", "--extent", "1,2,3"), "BAD_EXTENT"),
        (lambda folder: (folder / "missing.tif",), "SCENE_NOT_FOUND"),
        (no_georeference, "BAD_CRS"),
        (no_year, "UNKNOWN_YEAR"),
        (three_bands, "BAD_EMBEDDINGS"),
        (elsewhere, "SOURCE_ELSEWHERE"),
    ],
)
def test_bad_input_is_one_sentence_with_its_code_and_leaves_no_file(
    scene: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], given: Any, code: str
) -> None:
    out = tmp_path / "results" / "a.npz"
    out.parent.mkdir()
    arguments = [*given(tmp_path), "--out", out]
    if "--source" not in arguments:
        arguments += ["--source", "none"]
    assert run("anchors", *arguments) == 1
    assert f"[{code}]" in capsys.readouterr().err
    assert list(out.parent.iterdir()) == []


def test_no_network_is_said_and_the_file_from_before_stays(
    scene: Path, server: FileServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.npz"
    out.write_bytes(b"PK from before")
    server.faults.append(Fault("403", times=100))
    assert run("anchors", scene, "--source", f"mosaic:{server.url}", "--out", out) == 1
    assert "[SOURCE_UNAVAILABLE]" in capsys.readouterr().err
    assert out.read_bytes() == b"PK from before"


def test_each_place_of_the_picture_has_the_colour_of_its_nearest_anchor() -> None:
    features = np.zeros((4, 64), np.float32)
    features[:, 1], features[:, 16], features[:, 9] = [0.3, 0, 0, -0.3], [0, 0.3, 0, -0.3], [0, 0, 0.3, -0.3]
    positions = np.array([[0.25, 0.25], [0.25, 0.75], [0.75, 0.25], [0.75, 0.75]], np.float32)
    field = colour_field(Anchors(features, positions, np.zeros(4), np.zeros(4)), (100, 200))
    assert field.shape == (250, 500, 4)
    for (y, x), colour in zip(positions, [(1, 0.5, 0.5), (0.5, 1, 0.5), (0.5, 0.5, 1), (0, 0, 0)], strict=True):
        np.testing.assert_allclose(field[int(y * 250) + 20, int(x * 500) - 20], (*colour, 1))


def test_places_far_from_any_anchor_stay_grey_and_no_anchors_draw_too(tmp_path: Path) -> None:
    y, x = (axis.ravel() for axis in np.mgrid[0.05:0.5:10j, 0.05:0.5:10j])
    features = np.repeat(np.eye(1, 64, dtype=np.float32), 100, axis=0)
    part = Anchors(features, np.column_stack([y, x]).astype(np.float32), x, y)
    field = colour_field(part, (300, 300))
    assert (field[50:240, 50:240, 3] == 1).all()
    assert (field[320:, 320:, 3] == 0).all()
    none = Anchors(
        np.zeros((0, 64), np.float32), np.zeros((0, 2), np.float32), np.zeros(0), np.zeros(0), 0.0, 2020, 2020
    )
    draw_preview(none, np.zeros((40, 60), np.uint8), tmp_path / "none.png", "a scene")
    assert (tmp_path / "none.png").stat().st_size > 1000
