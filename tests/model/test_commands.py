"""The commands with a model: every task end to end on a scene with anchors, and what is said to wrong input."""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import rasterio
from affine import Affine
from scenes import plant, ships_scene

from fusar_core.cli import main
from fusar_core.domain.grid import Grid
from fusar_core.domain.tiling import Window
from fusar_core.scenes.scene import SarScene

DATA = Path(os.environ.get("FUSAR_TEST_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
REAL_SCENE = DATA / "scenes" / "la_long_beach_harbour_S1_VH_20201107_utm11n_10m.tif"
REAL_VECTORS = DATA / "aef" / "alphaearth_s1_dw_samples_california_coast_2024.csv"
CHIP = Window(300, 1200, 112, 112)
SMALL = Window(50, 50, 60, 60)


def run(*arguments) -> int:
    with pytest.raises(SystemExit) as exit_:
        main([str(a) for a in arguments])
    return int(exit_.value.code or 0)


@pytest.fixture(scope="module", params=["made", "real"])
def scene(request, tmp_path_factory) -> Path:
    """A generated scene, and a real Sentinel-1 one where the development data is at hand; with a ship in the corner."""
    if request.param == "made":
        return ships_scene(tmp_path_factory.mktemp("scene") / "scene.tif", [(1260, 350), (42, 56)], shape=(500, 1400))
    if not REAL_SCENE.exists():
        pytest.skip(f"no {REAL_SCENE.name} (it belongs to the development data)")
    path = tmp_path_factory.mktemp("scene") / REAL_SCENE.name
    shutil.copyfile(REAL_SCENE, path)
    with rasterio.open(path, "r+") as raster:
        image = raster.read(1)
        plant(image, 42, 56, value=image.max())
        raster.write(image, 1)
    return path


@pytest.fixture(scope="module")
def embeddings(scene, tmp_path_factory) -> Path:
    """A 64-band raster of AEF vectors in int8 codes under the scene; real vectors where the data is at hand."""
    if REAL_VECTORS.exists():
        with open(REAL_VECTORS, newline="") as file:
            rows = list(csv.DictReader(file))
        vectors = np.array([[float(row[f"A{i:02d}"]) for i in range(64)] for row in rows])
    else:
        vectors = np.random.default_rng(0).normal(size=(300, 64))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    with SarScene.open(scene) as opened:
        lon, lat = zip(*opened.grid.footprint(), strict=True)
    step = 0.002
    height, width = (int((max(v) - min(v)) / step) + 4 for v in (lat, lon))
    picks = np.random.default_rng(1).integers(0, len(vectors), (height, width))
    codes = np.round(127.5 * np.sqrt(np.abs(vectors)) * np.sign(vectors)).astype(np.int8)[picks]
    path = tmp_path_factory.mktemp("aef") / "aef.tif"
    transform = Affine(step, 0, min(lon) - step, 0, -step, max(lat) + step)
    profile = {"driver": "GTiff", "count": 64, "height": height, "width": width, "dtype": "int8", "nodata": -128}
    with rasterio.open(path, "w", **profile, crs="EPSG:4326", transform=transform) as dst:
        dst.write(np.moveaxis(codes, -1, 0))
    return path


def extent_of(scene: Path, window: Window) -> str:
    """A window of scene pixels in map units, as commands take it."""
    with SarScene.open(scene) as opened:
        return bounds(opened.grid, window)


def bounds(grid: Grid, window: Window) -> str:
    x, y = grid.to_map([window.col, window.right], [window.row, window.bottom])
    return f"{min(x)},{min(y)},{max(x)},{max(y)}"


def columns(path: Path, layer: str) -> list[dict]:
    meta, _, _, data = pyogrio.raw.read(path, layer=layer)
    return [dict(zip(meta["fields"], row, strict=True)) for row in zip(*data, strict=True)]


def test_interpret_answers_detect_count_locate_and_describe(scene, embeddings, taught, tiny, tmp_path, capsys):
    out = tmp_path / "out.gpkg"
    options = ["--engine", "fusar", "--model", taught, "--prior", embeddings, "--extent", extent_of(scene, CHIP)]
    tasks = ["--tasks", "detect,count,locate,describe", "--out", out, "--json"]
    assert run("interpret", scene, *options, *tasks) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["engine"] == "fusar"
    assert summary["counts"] == {"ship": 2}
    assert summary["prior"]["attribution"].startswith("The AlphaEarth Foundations")
    found = columns(out, "detections")
    boxes = [f"{1200 + x1},{300 + y1},{1200 + x2},{300 + y2}" for x1, y1, x2, y2 in tiny.boxes]
    assert sorted(row["px_bbox"] for row in found) == sorted(boxes)
    assert all(0.5 < row["score"] <= 1 and row["model"].startswith(taught.name) for row in found)
    answers = {row["task"]: row for row in columns(out, "answers") if row["parse_status"] == "ok"}
    assert answers["count"]["value"] == 3  # the model's own word, kept beside the count of its boxes
    assert answers["locate"]["answer"] == "1, 5"
    assert answers["describe"]["answer"] == "A harbour."
    assert all(0.5 < row["score"] <= 1 and row["prompt"] for row in answers.values())


def test_without_a_prior_the_same_model_says_otherwise(scene, taught, tmp_path, capsys):
    out = tmp_path / "out.gpkg"
    options = ["--engine", "fusar", "--model", taught, "--extent", extent_of(scene, CHIP)]
    assert run("interpret", scene, *options, "--out", out, "--json") == 0
    assert json.loads(capsys.readouterr().out)["counts"] == {"ship": 0}


def test_classify_names_the_class_in_a_box(scene, embeddings, taught, capsys):
    box = ["--box", extent_of(scene, Window(28, 28, 56, 28)), "--model", taught]
    assert run("classify", scene, *box, "--prior", embeddings) == 0
    assert capsys.readouterr().out.startswith("ship  0.9")
    assert run("classify", scene, *box, "--classes", "plane,ship", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["class"] == "plane"
    assert "[28, 28, 56, 84]" in said["prompt"]


def test_ask_answers_in_words(scene, embeddings, taught, capsys):
    question = [scene, "Is this a harbour?", "--model", taught, "--extent", extent_of(scene, CHIP)]
    assert run("ask", *question, "--prior", embeddings) == 0
    assert capsys.readouterr().out == "Yes.\n"
    assert run("ask", *question, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["answer"], said["parse_status"], said["chip"]) == ("No.", "ok", "x1200y300")
    assert 0.5 < said["score"] <= 1


def test_ask_goes_chip_by_chip_over_a_larger_extent(scene, taught, capsys):
    wide = extent_of(scene, Window(300, 1200, 112, 150))
    assert run("ask", scene, "Is this a harbour?", "--model", taught, "--extent", wide) == 0
    assert capsys.readouterr().out.splitlines() == ["x1200y300  No.", "x1312y300  No."]


def test_evaluate_scores_a_model(taught, tmp_path, capsys):
    from PIL import Image

    images = [{"id": i, "file_name": f"{i}.png", "width": 112, "height": 112} for i in range(3)]
    for image in images:
        pixels = np.random.default_rng(image["id"]).integers(0, 255, (112, 112)).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / image["file_name"])
    boxes = [{"id": 1, "image_id": 0, "category_id": 1, "bbox": [10, 10, 20, 20]}]
    coco = {"images": images, "annotations": boxes, "categories": [{"id": 1, "name": "ship"}]}
    (tmp_path / "coco.json").write_text(json.dumps(coco))
    options = ["--dataset", tmp_path / "coco.json", "--images", tmp_path, "--task", "count", "--json"]
    assert run("evaluate", *options, "--engine", "fusar", "--model", taught) == 0
    scores = json.loads(capsys.readouterr().out)
    assert scores["engine"] == "fusar"
    assert not any("demonstration" in said for said in scores["warnings"])
    assert run("evaluate", *options[:-1], "--engine", "fusar") == 0  # fusar-nano
    assert "is a demonstration model" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--engine", "fusar", "--model", "/nowhere"], "BAD_CHECKPOINT"),
        (["--engine", "cfar", "--model", "/nowhere"], "BAD_OPTION"),
        (["--engine", "cfar", "--tasks", "describe"], "UNSUPPORTED_TASK"),
        (["--engine", "cfar", "--tasks", "classify"], "UNKNOWN_TASK"),
        (["--engine", "fusr"], "UNKNOWN_ENGINE"),
    ],
)
def test_wrong_options_leave_nothing_behind(tmp_path, capsys, options, code):
    scene = ships_scene(tmp_path / "scene.tif", [(100, 100)], shape=(200, 200))
    assert run("interpret", scene, "--out", tmp_path / "out.gpkg", "--json", *options) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == code
    assert [p.name for p in tmp_path.iterdir() if p.suffix in (".gpkg", ".partial")] == []


def test_wrong_questions(taught, tmp_path, capsys):
    scene = ships_scene(tmp_path / "scene.tif", [(100, 100)], shape=(200, 200))
    model = ["--model", taught, "--json"]
    for arguments, code in (
        (["classify", scene, "--box", "1,2,3", *model], "BAD_EXTENT"),
        (["classify", scene, "--box", "0,0,10,10", *model], "BAD_EXTENT"),
        (
            ["classify", scene, "--box", extent_of(scene, SMALL), "--classes", "tank,ship", *model],
            "UNKNOWN_CLASS",
        ),
        (["classify", scene, "--box", extent_of(scene, SMALL), "--classes", "ship", *model], "BAD_OPTION"),
        (["ask", scene, " ", *model], "BAD_OPTION"),
        (["ask", scene, "Ships?", "--engine", "cfar"], "UNSUPPORTED_TASK"),
    ):
        assert run(*arguments) == 1
        said = capsys.readouterr()
        assert f"[{code}]" in said.err, arguments


def test_an_empty_box_is_said_to_be_one(scene, taught, capsys):
    if scene.name == REAL_SCENE.name:
        return  # a made sea is known to be empty
    box = ["--box", extent_of(scene, Window(300, 300, 40, 40)), "--model", taught]
    assert run("classify", scene, *box) == 0
    assert capsys.readouterr().out == "nothing there: the box is like its surroundings\n"
    assert run("classify", scene, *box, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["class"], said["parse_status"], said["demonstration"]) == (None, "nothing", False)


def test_fusar_nano_says_that_it_is_a_demonstration(scene, tmp_path, capsys):
    extent = ["--extent", extent_of(scene, Window(0, 0, 168, 168))]
    assert run("interpret", scene, "--engine", "fusar", *extent, "--out", tmp_path / "out.gpkg") == 0
    assert "is a demonstration model" in capsys.readouterr().out
    metadata = pyogrio.read_info(tmp_path / "out.gpkg", layer="detections")["layer_metadata"]
    assert metadata["demonstration"] == "yes"
    assert run("classify", scene, "--box", extent_of(scene, Window(28, 28, 56, 28))) == 0
    assert "is a demonstration model" in capsys.readouterr().err
    assert run("ask", scene, "Is this a harbour?", *extent) == 0
    assert "is a demonstration model" in capsys.readouterr().err
    assert run("ask", scene, "Why?", *extent) == 1
    assert "[UNKNOWN_QUESTION]" in capsys.readouterr().err
