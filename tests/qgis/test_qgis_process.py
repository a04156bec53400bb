"""Without a window: `qgis_process` finds the provider of the installed plugin and runs its algorithms."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import FUSAR, ROOT, SAMPLE, WATER
from osgeo import gdal, ogr

from fusar_qgis.provider.provider import ALGORITHMS

gdal.UseExceptions()
ogr.UseExceptions()
PROGRAM = shutil.which("qgis_process.bin") or shutil.which("qgis_process")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="this QGIS has no qgis_process")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's home with the plugin installed from its zip, and enabled."""
    folder = tmp_path_factory.mktemp("Jürgen Groß")
    plugins = folder / ".local/share/QGIS/QGIS3/profiles/default/python/plugins"
    plugins.mkdir(parents=True)
    package = folder / "fusar_qgis.zip"
    subprocess.run([ROOT / ".venv/bin/python", ROOT / "scripts/package.py", "--out", package], check=True)
    shutil.unpack_archive(package, plugins)
    run(folder, "plugins", "enable", "fusar_qgis")
    return folder


def run(home: Path, *words: str, engine: Path | str = FUSAR, folder: Path | None = None) -> subprocess.CompletedProcess:
    keep = {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8", "QT_QPA_PLATFORM": "offscreen"}
    environ = keep | {"XDG_RUNTIME_DIR": str(home), "FUSAR_ENGINE": str(engine), "GDAL_PAM_ENABLED": "NO"}
    return subprocess.run(
        [PROGRAM, *words], env=environ, capture_output=True, text=True, timeout=120, check=False, cwd=folder
    )


def test_the_algorithms_are_listed(home: Path) -> None:
    listed = run(home, "list").stdout
    for algorithm in ALGORITHMS:
        assert f"fusar:{algorithm.ID}" in listed


def test_a_scene_is_interpreted_and_exported(home: Path, tmp_path: Path) -> None:
    found, shown = tmp_path / "ships 1.gpkg", tmp_path / "ships.geojson"
    inputs = ["--INPUT=" + str(SAMPLE), "--WATER_MASK=" + str(WATER), "--DETECTIONS=" + str(found)]
    done = run(home, "run", "fusar:interpret_scene", "--json", *inputs)
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout[done.stdout.index("{") :])["results"]
    opened = ogr.Open(str(found))
    assert opened.GetLayer().GetFeatureCount() >= results["COUNT"] > 20
    done = run(home, "run", "fusar:export_detections", f"--INPUT={found}", f"--OUTPUT={shown}")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(shown.read_text("utf-8"))["features"]) == opened.GetLayer().GetFeatureCount()


def test_without_an_engine_it_fails_with_a_sentence(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "o.gpkg"
    inputs = ["--INPUT=" + str(SAMPLE), f"--DETECTIONS={out}"]
    done = run(home, "run", "fusar:interpret_scene", *inputs, engine="/nowhere/fusar")
    assert done.returncode != 0
    assert "/nowhere/fusar" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert not out.exists()


def count(path: Path) -> int:
    opened = ogr.Open(str(path))  # the layer lives as long as this
    return opened.GetLayer().GetFeatureCount()


def test_the_line_of_the_user_guide_word_for_word(home: Path, tmp_path: Path) -> None:
    """From a folder of the user's, with names relative to it; and so the others that name files."""
    lines = (ROOT / "docs" / "user-guide.md").read_text("utf-8").splitlines()
    (line,) = [line for line in lines if line.startswith("qgis_process ")]
    folder = tmp_path / "Häfen 1"
    folder.mkdir()
    for file in (SAMPLE, WATER):
        shutil.copy(file, folder)
    done = run(home, *line.split()[1:], folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    whole = count(folder / "ships.gpkg")
    again = run(home, *line.split()[1:], "WATER_MASK=harbour_water.geojson", folder=folder)
    assert again.returncode == 0, again.stdout + again.stderr
    assert 20 < count(folder / "ships.gpkg") < whole
    gdal.Translate(str(folder / "water.tif"), str(SAMPLE), outputType=gdal.GDT_Byte, scaleParams=[[0, 1, 1, 1]])
    words = [*line.split()[1:], "WATER_MASK=water.tif", "OVERWRITE=true"]
    assert run(home, *words, folder=folder).returncode == 0
    lost = run(home, *line.split()[1:], "ENGINE=fusar", "ENGINE_OPTIONS=model=no model", folder=folder)
    assert str(folder / "no model") in lost.stdout + lost.stderr or "PyTorch" in lost.stdout + lost.stderr
