"""The commands in front of a real worker: what they write is what the engine on this computer writes."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import rasterio
from affine import Affine
from scenes import write

from fusar_core import SarScene
from fusar_core.cli import main

pytestmark = pytest.mark.skipif(find_spec("ray") is None or find_spec("torch") is None, reason="needs the extra worker")


def run(*arguments) -> int:
    with pytest.raises(SystemExit) as exit_:
        main([str(a) for a in arguments])
    return int(exit_.value.code or 0)


@pytest.fixture(scope="module")
def scene(tmp_path_factory) -> Path:
    """Nine chips of 112 px and parts of others."""
    image = np.random.default_rng(5).integers(1, 255, (350, 400)).astype(np.uint8)
    return write(tmp_path_factory.mktemp("scene") / "scene.tif", image)


@pytest.fixture(scope="module")
def embeddings(scene) -> Path:
    """A 64-band raster of unit vectors in int8 codes under the scene, nodata in its west."""
    with SarScene.open(scene) as opened:
        lon, lat = zip(*opened.grid.footprint(), strict=True)
    step = 0.002
    height, width = (int((max(v) - min(v)) / step) + 4 for v in (lat, lon))
    vectors = np.random.default_rng(1).normal(size=(height, width, 64))
    vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
    codes = np.round(127.5 * np.sqrt(np.abs(vectors)) * np.sign(vectors)).astype(np.int8)
    codes[:, : width // 2] = -128
    path = scene.with_name("aef.tif")
    transform = Affine(step, 0, min(lon) - step, 0, -step, max(lat) + step)
    profile = {"driver": "GTiff", "count": 64, "height": height, "width": width, "dtype": "int8", "nodata": -128}
    with rasterio.open(path, "w", **profile, crs="EPSG:4326", transform=transform) as dst:
        dst.write(np.moveaxis(codes, -1, 0))
    return path


def rows(path: Path, layer: str) -> list[tuple]:
    """A layer without who answered; scores to the digits that do not depend on who shared the batch."""
    meta, _, geometry, data = pyogrio.raw.read(path, layer=layer)
    found = [dict(zip(meta["fields"], row, strict=True)) for row in zip(*data, strict=True)]
    for row in found:
        del row["engine"], row["model"]
        row["score"] = None if row["score"] is None else round(float(row["score"]), 2)
    return sorted(zip(map(bytes, geometry), [json.dumps(r, default=str, sort_keys=True) for r in found], strict=True))


def test_interpret_with_a_prior_writes_the_same_layers(
    worker, taught, scene, embeddings, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("FUSAR_API_KEY", worker.key)
    shared = ["interpret", scene, "--prior", embeddings, "--tasks", "detect,count,locate,describe"]
    assert run(*shared, "--engine", worker.url, "--out", tmp_path / "there.gpkg") == 0
    assert run(*shared, "--engine", "fusar", "--model", taught, "--out", tmp_path / "here.gpkg") == 0
    for layer in ("detections", "grid_cells", "answers"):
        assert rows(tmp_path / "there.gpkg", layer) == rows(tmp_path / "here.gpkg", layer)
    found = rows(tmp_path / "there.gpkg", "detections")
    assert found  # where there is a prior
    assert pyogrio.read_info(tmp_path / "there.gpkg", layer="detections")["layer_metadata"]["prior"]


def test_classify_and_ask_say_the_same(worker, taught, scene, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("FUSAR_API_KEY", worker.key)
    place = "400280,5699160,400560,5699720"
    for command in (
        ["classify", scene, "--box", place],
        ["ask", scene, "Is this a harbour?", "--extent", place],
    ):
        said = []
        for engine in (["--engine", worker.url], ["--engine", "fusar", "--model", taught]):
            assert run(*command, "--json", *engine) == 0
            answer = json.loads(capsys.readouterr().out)
            said.append({k: answer[k] for k in ("class", "answer", "raw_text", "parse_status") if k in answer})
        assert said[0] == said[1]


def test_a_batch_through_the_worker(worker, scene, embeddings, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("FUSAR_API_KEY", worker.key)
    (tmp_path / "twin.tif").write_bytes(scene.read_bytes())
    shared = ["--engine", worker.url, "--prior", embeddings, "--tasks", "detect"]
    assert run("interpret", scene, *shared, "--out", tmp_path / "single.gpkg") == 0
    capsys.readouterr()
    assert (
        run("batch", scene, tmp_path / "twin.tif", "--out", tmp_path / "out", "--workers", "2", "--json", *shared) == 0
    )
    summary = json.loads(capsys.readouterr().out)
    assert summary["done"] == 2
    assert rows(tmp_path / "out" / "scene.gpkg", "detections") == rows(tmp_path / "single.gpkg", "detections")
    assert summary["counts"]["ship"] == 2 * len(rows(tmp_path / "single.gpkg", "detections"))


def test_a_wrong_key_is_told(worker, scene, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("FUSAR_API_KEY", "wrong")
    assert run("interpret", scene, "--engine", worker.url, "--out", tmp_path / "out.gpkg") == 1
    assert "[WORKER_AUTH]" in capsys.readouterr().err
