"""A result field registered in a test passes every layer without another edit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyogrio
import pytest
from scenes import ships_scene
from sidecar_client import Client

COMMAND = [sys.executable, str(Path(__file__).with_name("toy_field.py"))]


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """One ship, some 20 pixels long."""
    return ships_scene(tmp_path / "s.tif", [(120.0, 90.0)], shape=(300, 300))


def run(*words: object) -> None:
    done = subprocess.run([*COMMAND, *map(str, words)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def values(path: Path, name: str, layer: str | None = None) -> list[float]:
    meta, _, _, columns = pyogrio.raw.read(path, layer=layer)
    return list(dict(zip(meta["fields"], columns, strict=True))[name])


def test_it_stands_in_every_file(scene: Path, tmp_path: Path) -> None:
    for name in ("r.gpkg", "r.geojson", "r.shp"):
        run("interpret", scene, "--out", tmp_path / name)
    [width] = values(tmp_path / "r.gpkg", "pixels_wide", "detections")
    assert 15 < width < 25
    assert values(tmp_path / "r.geojson", "pixels_wide") == pytest.approx([width])
    assert values(tmp_path / "r.shp", "px_wide") == pytest.approx([width])
    run("export", tmp_path / "r.gpkg", tmp_path / "e.shp")
    assert values(tmp_path / "e.shp", "px_wide") == pytest.approx([width])


def test_a_batch_and_a_resumed_run_have_it(scene: Path, tmp_path: Path) -> None:
    (tmp_path / ".fusar").mkdir()
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import toy_field; toy_field.register()\n"
        "from fusar_core.batch.work import Listed, Run, interpret_listed\n"
        f"print(interpret_listed(Listed({str(scene)!r}), 'many', {str(tmp_path)!r}, Run()).status)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "done\n", done.stderr
    run("interpret", scene, "--out", tmp_path / "one.gpkg", "--resume")
    many = values(tmp_path / "many.gpkg", "pixels_wide", "detections")
    assert many == values(tmp_path / "one.gpkg", "pixels_wide", "detections")


def test_the_sidecar_sends_it(scene: Path) -> None:
    client = Client([*COMMAND, "sidecar"])
    try:
        client.ask("interpret", scene=str(scene))
        [found] = client.layers(provisional=False)["detections"]
        assert 15 < found["properties"]["pixels_wide"] < 25
        json.dumps(found)
    finally:
        client.close()
