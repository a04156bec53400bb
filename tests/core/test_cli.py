"""The command: files in, files out; bad input gets one sentence, a stable code, and leaves nothing half-written."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from affine import Affine
from rasterio.warp import transform_bounds
from scenes import an_old_result, plant, sea, ships_scene, write

from fusar_core.cli import main
from fusar_core.commands.stopping import Stop

CENTRES = [(120.0, 90.0), (504.0, 300.0), (700.0, 504.0), (850.0, 640.0)]
FUSAR = [sys.executable, "-c", "from fusar_core.cli import main; main()"]


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    return ships_scene(tmp_path / "scène 1.tif", CENTRES)


def run(*arguments: Any) -> int:
    with pytest.raises(SystemExit) as exit_:
        main([str(a) for a in arguments])
    return int(exit_.value.code or 0)


def columns(path: Path, layer: str | None = None) -> dict[str, list[Any]]:
    meta, _, geometry, data = pyogrio.raw.read(path, layer=layer)
    found = {
        name: [None if v is None or v != v else v for v in column]
        for name, column in zip(meta["fields"], data, strict=True)
    }
    return found | {"geometry": list(shapely.from_wkb(geometry)), "crs": [meta["crs"]]}


def test_interpret_writes_all_layers(scene: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.gpkg"
    assert run("interpret", scene, "--out", out, "--json") == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["counts"] == {"ship": 4}
    assert summary["acquired"].startswith("2024-06-01")
    found = columns(out, "detections")
    assert found["crs"] == ["EPSG:32631"]
    assert set(found["review"]) == {"unreviewed"}
    assert all(150 < length < 260 for length in found["length_m"])  # 20 px of 10 m, give or take the speckle
    for polygon, (x, y) in zip(sorted(found["geometry"], key=lambda p: p.centroid.x), sorted(CENTRES), strict=True):
        assert polygon.centroid.distance(shapely.Point(400_000 + 10 * x, 5_700_000 - 10 * y)) < 30
    cells = columns(out, "grid_cells")
    of_scene = [i for i, chip in enumerate(cells["chip"]) if chip == "scene"]
    assert [cells["cell"][i] for i in of_scene if cells["present"][i]] == [1, 5, 9]
    top_left = cells["geometry"][of_scene[0]].bounds
    assert top_left[0] == 400_000
    assert top_left[3] == 5_700_000
    answers = columns(out, "answers")
    assert answers["value"][answers["chip"].index("scene")] == 4
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.gpkg", scene.name]


@pytest.mark.parametrize("form", ["shp", "geojson"])
def test_other_formats_hold_the_same_targets(scene: Path, tmp_path: Path, form: str) -> None:
    assert run("interpret", scene, "--out", tmp_path / f"o.{form}", "--format", form) == 0
    assert len(columns(tmp_path / f"o.{form}")["class"]) == 4
    assert (tmp_path / f"o_grid_cells.{form}").exists()
    assert (tmp_path / f"o_answers.{form}").exists()


def test_export_converts(scene: Path, tmp_path: Path) -> None:
    run("interpret", scene, "--out", tmp_path / "a.gpkg")
    for form in ("shp", "geojson", "csv"):
        assert run("export", tmp_path / "a.gpkg", tmp_path / f"b.{form}") == 0
    from_gpkg, from_shp = columns(tmp_path / "a.gpkg", "detections"), columns(tmp_path / "b.shp")
    assert from_shp["length_m"] == from_gpkg["length_m"]
    assert from_shp["parse"] == from_gpkg["parse_status"]
    assert len((tmp_path / "b.csv").read_text(encoding="utf-8").splitlines()) == 5


def test_a_map_is_drawn(scene: Path, tmp_path: Path) -> None:
    assert run("interpret", scene, "--out", tmp_path / "a.gpkg", "--map", tmp_path / "a.png") == 0
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_run_gives_the_same_layers(scene: Path, tmp_path: Path) -> None:
    for name in ("a.gpkg", "b.gpkg"):
        run("interpret", scene, "--out", tmp_path / name)
    for layer in ("detections", "grid_cells", "answers"):
        assert columns(tmp_path / "a.gpkg", layer) == columns(tmp_path / "b.gpkg", layer)


def test_extent_in_another_crs(scene: Path, tmp_path: Path) -> None:
    with rasterio.open(scene) as src:
        west, south, east, north = transform_bounds(src.crs, "EPSG:4326", 404_000, 5_694_000, 408_000, 5_698_000)
    extent = f"{west},{south},{east},{north},EPSG:4326"
    assert run("interpret", scene, "--out", tmp_path / "a.gpkg", "--extent", extent) == 0
    assert len(columns(tmp_path / "a.gpkg", "detections")["class"]) == 2


def test_targets_outside_the_water_mask_are_not_reported(scene: Path, tmp_path: Path) -> None:
    west = shapely.box(400_000, 5_690_000, 406_000, 5_701_000)
    pyogrio.raw.write(
        tmp_path / "water.gpkg",
        shapely.to_wkb([west]),
        [],
        [],
        geometry_type="Polygon",
        crs="EPSG:32631",
        driver="GPKG",
    )
    assert run("interpret", scene, "--out", tmp_path / "a.gpkg", "--water-mask", tmp_path / "water.gpkg") == 0
    assert len(columns(tmp_path / "a.gpkg", "detections")["class"]) == 2


def test_a_scene_without_georeference_works_in_pixels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = ships_scene(tmp_path / "s.tif", CENTRES, crs=None, transform=Affine.identity())
    assert run("interpret", path, "--out", tmp_path / "a.gpkg", "--json", "--map", tmp_path / "a.png") == 0
    assert any("georeference" in w for w in json.loads(capsys.readouterr().out)["warnings"])
    found = columns(tmp_path / "a.gpkg", "detections")
    assert found["crs"] == [None]
    assert set(found["length_m"]) == {None}
    assert sorted(round(p.centroid.y, -1) for p in found["geometry"]) == [-640, -500, -300, -90]


def test_an_unknown_year_is_asked_for_where_a_prior_needs_it_and_does_not_stop(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = ships_scene(tmp_path / "s.tif", CENTRES, tags={})
    assert run("interpret", path, "--out", tmp_path / "a.gpkg", "--json") == 0
    assert not any("year" in w for w in json.loads(capsys.readouterr().out)["warnings"])
    assert run("info", path, "--json") == 0
    assert any("--year" in w for w in json.loads(capsys.readouterr().out)["warnings"])
    assert run("interpret", path, "--out", tmp_path / "a.gpkg", "--json", "--prior", "mosaic") == 0
    assert any("--year" in w for w in json.loads(capsys.readouterr().out)["warnings"])
    assert run("interpret", path, "--out", tmp_path / "a.gpkg", "--json", "--year", "2021") == 0
    assert json.loads(capsys.readouterr().out)["acquired"] == "2021"


def test_a_one_pixel_raster(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "s.tif", np.full((1, 1), 9, np.uint16), tiled=False)
    assert run("interpret", path, "--out", tmp_path / "a.gpkg", "--json", "--map", tmp_path / "a.png") == 0
    assert json.loads(capsys.readouterr().out)["counts"] == {"ship": 0}


def truncated(tmp_path: Path) -> Path:
    whole = ships_scene(tmp_path / "whole.tif", CENTRES)
    part = tmp_path / "part.tif"
    part.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    return part


def junk(tmp_path: Path) -> Path:
    (tmp_path / "junk.tif").write_bytes(b"hello")
    return tmp_path / "junk.tif"


def all_nodata(tmp_path: Path) -> Path:
    return write(tmp_path / "none.tif", np.zeros((200, 200), np.uint16), nodata=0)


def huge_and_empty(tmp_path: Path) -> Path:
    path = tmp_path / "huge.tif"
    profile = {"driver": "GTiff", "height": 200_000, "width": 200_000, "count": 1, "dtype": "uint16", "nodata": 0}
    with rasterio.open(
        path, "w", **profile, tiled=True, blockxsize=512, blockysize=512, sparse_ok=True, bigtiff="yes",
        crs="EPSG:32631", transform=Affine(10, 0, 0, 0, -10, 6_000_000),
    ):  # fmt: skip
        pass
    return path


CASES = {
    "missing file": (lambda t: t / "no.tif", [], "SCENE_NOT_FOUND"),
    "not a raster": (junk, [], "SCENE_UNREADABLE"),
    "a folder": (lambda t: t, [], "SCENE_UNREADABLE"),
    "truncated": (truncated, [], "SCENE_UNREADABLE"),
    "all nodata": (all_nodata, [], "SCENE_EMPTY"),
    "200,000 × 200,000 without data": (huge_and_empty, [], "SCENE_EMPTY"),
    "empty extent": (None, ["--extent", "401000,5699000,401000,5699500"], "BAD_EXTENT"),
    "extent elsewhere": (None, ["--extent", "0,0,10,10"], "BAD_EXTENT"),
    "extent of words": (None, ["--extent", "here"], "BAD_EXTENT"),
    "extent of NaN": (None, ["--extent", "nan,0,1,1"], "BAD_EXTENT"),
    "extent in an unknown CRS": (None, ["--extent", "0,0,1,1,EPSG:1"], "BAD_CRS"),
    "unknown class": (None, ["--classes", "tank"], "UNKNOWN_CLASS"),
    "unknown task": (None, ["--tasks", "dance"], "UNKNOWN_TASK"),
    "unknown engine": (None, ["--engine", "oracle"], "UNKNOWN_ENGINE"),
    "unknown band": (None, ["--band", "HV"], "BAD_BAND"),
    "overlap too large": (None, ["--chip-overlap", "100000"], "BAD_OPTION"),
    "mask that is none": (None, ["--water-mask", __file__], "BAD_MASK"),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make, options, code = CASES[case]
    scene = make(tmp_path) if make else ships_scene(tmp_path / "s.tif", CENTRES)
    results = tmp_path / "results"
    results.mkdir()
    before = an_old_result(results / "old.gpkg")
    assert run("interpret", scene, "--out", results / "old.gpkg", "--json", *options) == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out)["error"]["code"] == code
    assert f"[{code}]" in printed.err
    assert "Traceback" not in printed.err
    assert (results / "old.gpkg").read_bytes() == before
    leftovers = {p.name for p in results.iterdir()} - {"old.gpkg", "old.gpkg.partial"}
    assert not leftovers


@pytest.mark.parametrize("out", ["missing/a.gpkg", "a.tiff", "folder.gpkg"])
def test_bad_output(out: str, scene: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "folder.gpkg").mkdir()
    assert run("interpret", scene, "--out", tmp_path / out, "--json") == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] in ("OUTPUT_UNWRITABLE", "BAD_OPTION")


def test_resume_of_another_run_is_refused(scene: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.gpkg.partial").write_bytes(b'{"format":1,"run":{"scene":"other"}}\n')
    assert run("interpret", scene, "--out", tmp_path / "a.gpkg", "--resume", "--json") == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "RESUME_MISMATCH"


@pytest.mark.parametrize("kill", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_killed_can_be_resumed(tmp_path: Path, kill: signal.Signals) -> None:
    image = sea(2600, 2600)
    for x in range(100, 2500, 300):
        plant(image, x, x)
    scene = write(tmp_path / "s.tif", image.astype(np.uint16))
    arguments = [*FUSAR, "interpret", str(scene), "--chip-overlap", "1880"]  # many chips: time to kill it
    out, journal = tmp_path / "a.gpkg", tmp_path / "a.gpkg.partial"
    before = an_old_result(out)
    process = subprocess.Popen(
        [*arguments, "--out", str(out)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        # A test run in the background ignores Ctrl-C, and its children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60
    while (not journal.exists() or journal.read_bytes().count(b"\n") < 3) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(kill)
    _, words = process.communicate(timeout=60)
    assert process.returncode == (-signal.SIGKILL if kill == signal.SIGKILL else 130)
    assert "Traceback" not in words
    assert out.read_bytes() == before
    finished = journal.read_bytes().count(b"\n") - 1
    subprocess.run([*arguments, "--out", str(out), "--resume"], check=True, capture_output=True)
    whole = tmp_path / "whole.gpkg"
    subprocess.run([*arguments, "--out", str(whole)], check=True, capture_output=True)
    assert finished >= 2
    assert not journal.exists()
    for layer in ("detections", "grid_cells", "answers"):
        assert columns(out, layer) == columns(whole, layer)


def test_a_run_is_asked_to_stop_once_and_broken_off_the_second_time() -> None:
    stop = Stop()
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), stop.by_signal():
        assert not stop.asked()
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.asked()
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


def declared_extras() -> dict[str, set[str]]:
    """Extra → packages of its own, as pyproject.toml declares them."""
    project = tomllib.loads((Path(__file__).resolve().parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"].items()
    names = {extra: [re.split(r"[^\w.-]", line)[0] for line in wanted] for extra, wanted in extras}
    return {extra: {name.lower() for name in found if name != project["name"]} for extra, found in names.items()}


def test_doctor_reports_the_installation(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("doctor", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["packages"]["rasterio"] == rasterio.__version__
    assert {extra: set(packages) for extra, packages in found["extras"].items()} == declared_extras()
    assert found["devices"][0] == "cpu"
    assert run("doctor") == 0
    assert "[model]" in capsys.readouterr().out


def test_an_unknown_option_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("interpret", "--dance") == 2
    assert "No such option" in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="a full device is simulated by the kernel's file-size limit")
def test_a_full_disk_leaves_the_previous_result(scene: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.gpkg"
    before = an_old_result(out)
    code = (
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "from fusar_core.cli import main\n"
        f"main(['interpret', {str(scene)!r}, '--out', {str(out)!r}, '--json'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["code"] == "DISK_FULL", done.stderr
    assert out.read_bytes() == before
