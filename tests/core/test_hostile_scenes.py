"""Files that others made to do harm, or that are damaged: one sentence, no hang, no memory, no request."""

from __future__ import annotations

import json
import os
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from click.testing import CliRunner
from rasterio.control import GroundControlPoint
from scenes import sea, write

from fusar_core.commands.info import command
from fusar_core.errors import BadMask, FusarError, SceneUnreadable
from fusar_core.scenes.metadata.files import read_sidecar
from fusar_core.scenes.metadata.leaves import TooDeep, leaves_of_json, leaves_of_xml
from fusar_core.scenes.scene import SarScene
from fusar_core.scenes.water import WaterMask

VRT = (
    '<VRTDataset rasterXSize="{size}" rasterYSize="{size}"><VRTRasterBand dataType="Byte" band="1">{band}'
    "</VRTRasterBand></VRTDataset>"
)
SOURCE = '<SimpleSource><SourceFilename relativeToVRT="{relative}">{name}</SourceFilename></SimpleSource>'


@pytest.fixture
def address() -> Any:
    """A server that notes who asks it."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET

        def log_message(self, *_: Any) -> None:
            """Nothing is printed."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


# --- what is opened ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '<GDAL_WMS><Service name="TMS"><ServerUrl>{url}/${{z}}/${{x}}/${{y}}</ServerUrl></Service></GDAL_WMS>',
        "<WCS_GDAL><ServiceURL>{url}</ServiceURL><CoverageName>x</CoverageName></WCS_GDAL>",
        VRT.replace("{size}", "10").replace("{band}", SOURCE.format(relative=0, name="/vsicurl/{url}/a.tif")),
    ],
)
@pytest.mark.parametrize("suffix", [".tif", ".vrt", ".xml"])
def test_no_file_makes_a_request(tmp_path: Path, address: Any, text: str, suffix: str) -> None:
    url, asked = address
    path = tmp_path / f"scene{suffix}"
    path.write_text(text.format(url=url))
    with pytest.raises(SceneUnreadable):
        SarScene.open(path)
    with pytest.raises(FusarError), SarScene.open(write(tmp_path / "s.tif", sea(20, 20))) as scene:
        WaterMask.open(path, scene.grid)
    assert asked == []


def test_overviews_behind_an_address_are_not_fetched(tmp_path: Path, address: Any) -> None:
    url, asked = address
    path = write(tmp_path / "scene.tif", sea(600, 600))
    (tmp_path / "scene.tif.aux.xml").write_text(
        '<PAMDataset><Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">'
        f"/vsicurl/{url}/a.tif</MDI></Metadata></PAMDataset>"
    )
    with pytest.raises(SceneUnreadable, match="overviews"):
        SarScene.open(path)
    assert asked == []


def test_a_vrt_shows_rasters_of_this_computer_and_no_other_file(tmp_path: Path) -> None:
    write(tmp_path / "a_20210517.tif", sea(100, 100).astype(np.uint8))
    good = tmp_path / "good.vrt"
    good.write_text(VRT.format(size=100, band=SOURCE.format(relative=1, name="a_20210517.tif")))
    with SarScene.open(good) as scene:
        assert scene.read(scene.extent)[1].any()
    raw = VRT.replace('band="1"', 'band="1" subClass="VRTRawRasterBand"')
    for written in (
        raw.format(size=10, band='<SourceFilename relativeToVRT="0">/etc/passwd</SourceFilename>'),
        VRT.format(size=10, band=SOURCE.format(relative=1, name="inner.tif")),
    ):
        (tmp_path / "inner.tif").write_text("<GDAL_WMS/>")
        (tmp_path / "bad.vrt").write_text(written)
        with pytest.raises(SceneUnreadable, match="VRT that shows"):
            SarScene.open(tmp_path / "bad.vrt")


def test_the_text_of_a_vrt_is_no_raster_under_another_name(tmp_path: Path) -> None:
    (tmp_path / "v.tif").write_text(VRT.format(size=10, band=""))
    with pytest.raises(SceneUnreadable, match="text of a VRT"):
        SarScene.open(tmp_path / "v.tif")


def test_further_drivers_are_used_when_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "v.tif").write_text(VRT.format(size=10, band=""))
    monkeypatch.setenv("FUSAR_GDAL_DRIVERS", "VRT")
    SarScene.open(tmp_path / "v.tif").close()


# --- sizes ------------------------------------------------------------------------------------------------------------


def test_sizes_are_bounded_before_work(tmp_path: Path) -> None:
    (tmp_path / "huge.vrt").write_text(VRT.format(size=2_000_000_000, band=""))
    with pytest.raises(SceneUnreadable, match="2,000,000,000"):
        SarScene.open(tmp_path / "huge.vrt")
    many = tmp_path / "many.tif"
    with rasterio.open(many, "w", driver="GTiff", height=2, width=2, count=2000, dtype="uint8", SPARSE_OK="TRUE"):
        pass
    with pytest.raises(SceneUnreadable, match="2,000 bands"):
        SarScene.open(many)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no devices as files")
def test_devices_and_pipes_are_no_scenes(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.tif")
    for path in (Path("/dev/zero"), tmp_path / "pipe.tif"):
        with pytest.raises(SceneUnreadable, match="pipe or a device"):
            SarScene.open(path)
    scene = write(tmp_path / "scene.tif", sea(20, 20))
    with SarScene.open(scene) as opened, pytest.raises(BadMask, match="pipe or a device"):
        WaterMask.open("/dev/zero", opened.grid)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes as files")
def test_a_pipe_beside_a_scene_is_named_not_waited_for(tmp_path: Path) -> None:
    scene = write(tmp_path / "harbour.tif", sea(20, 20))
    os.mkfifo(tmp_path / "harbour.json")
    with pytest.raises(SceneUnreadable, match=r"harbour\.json"):
        SarScene.open(scene)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no devices as files")
def test_metadata_are_regular_files_of_bounded_size(tmp_path: Path) -> None:
    (tmp_path / "a.json").symlink_to("/dev/zero")
    assert not read_sidecar(tmp_path / "a.json")


def test_the_depth_and_the_names_of_metadata_are_bounded() -> None:
    value: Any = "2020-01-01"
    for _ in range(200):
        value = {"n" * 100_000: value}
    with pytest.raises(TooDeep):
        leaves_of_json(value)
    with pytest.raises(TooDeep):
        leaves_of_xml(b"<a>" * 200 + b"</a>" * 200)
    [(name, _)] = leaves_of_json({"x" * 1000: {"datetime": "2020"}})
    assert len(name) < 100
    assert name.endswith(".datetime")


# --- places -----------------------------------------------------------------------------------------------------------


def metres_labelled_degrees(path: Path) -> Path:
    return write(path, sea(100, 100).astype(np.uint16), crs="EPSG:4326")


@pytest.mark.parametrize(
    ("crs", "transform"),
    [
        ("EPSG:4326", Affine(10, 0, 400_000, 0, -10, 5_700_000)),
        ("EPSG:4326", Affine(9e-5, 0, 31.2, 0, -9e-5, 121.5)),  # latitude and longitude swapped
        ("EPSG:4326", Affine(9e-5, 0, 500.0, 0, -9e-5, 50)),
        ("EPSG:32631", Affine(10, 0, 4e9, 0, -10, 5_700_000)),
        ("EPSG:32631", Affine(10, 0, 1e300, 0, -10, 5_700_000)),
    ],
)
def test_a_place_that_is_not_on_the_earth_is_none_and_said(tmp_path: Path, crs: str, transform: Affine) -> None:
    path = write(tmp_path / "scene.tif", sea(100, 100).astype(np.uint16), crs=crs, transform=transform)
    with SarScene.open(path) as scene:
        assert (scene.geocoding, scene.grid.crs, scene.grid.pixel_size_m) == ("none", None, None)
        assert any("do not lie on the map" in w for w in scene.warnings)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_geotransform_that_is_not_finite_is_none_and_json_stays_json(tmp_path: Path, bad: float) -> None:
    path = write(tmp_path / "scene.tif", sea(50, 50), crs=None, transform=Affine.identity(), nodata=bad)
    (tmp_path / "scene.tif.aux.xml").write_text(
        f"<PAMDataset><SRS>EPSG:32631</SRS><GeoTransform>400000, {bad}, 0, 5700000, 0, -10</GeoTransform></PAMDataset>"
    )
    result = CliRunner().invoke(command, [str(path), "--json"], catch_exceptions=False)
    report = json.loads(result.stdout, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert report["geocoding"]["kind"] == "none"


def with_points(path: Path, places: list[tuple[float, float, float, float]]) -> Path:
    write(path, sea(120, 120).astype(np.uint16), crs=None, transform=Affine.identity())
    with rasterio.open(path, "r+") as file:
        file.gcps = [GroundControlPoint(r, c, x, y) for r, c, x, y in places], rasterio.CRS.from_epsg(4326)
    return path


RNG = np.random.default_rng(5)
CORNERS = [(0, 0), (0, 119), (119, 0), (119, 119), (60, 60), (30, 90), (90, 30)]


@pytest.mark.parametrize(
    "places",
    [
        [(r, c, float("nan"), 50.0) for r, c in CORNERS],
        [(r, c, 1e6 + c, 5e6 + r) for r, c in CORNERS],
        [(r, c, float(c), 90.0) for r, c in CORNERS],
        [(r, c, RNG.uniform(-180, 180), RNG.uniform(-90, 90)) for r, c in CORNERS],
        [(r, c, 1 + 1e-4 * abs(c - 60), 50 + 1e-4 * abs(r - 60)) for r, c in CORNERS],  # folded
    ],
    ids=["nan", "metres", "pole", "wild", "folded"],
)
def test_control_points_that_place_nothing_are_left_out_and_said(tmp_path: Path, places: list) -> None:
    with SarScene.open(with_points(tmp_path / "scene.tif", places)) as scene:
        assert scene.grid.height * scene.grid.width < 50_000_000
        if scene.geocoding == "none":
            assert any("control points" in w for w in scene.warnings)
        scene.read(scene.extent)


def test_damaged_geokeys_are_one_sentence(tmp_path: Path) -> None:
    path = write(tmp_path / "scene.tif", sea(50, 50).astype(np.uint16))
    content = bytearray(path.read_bytes())
    at = content.find(np.array([1, 1, 0], "<u2").tobytes())  # the head of the directory of keys
    assert at > 0
    for shift in range(6, 64, 2):
        damaged = bytearray(content)
        damaged[at + shift : at + shift + 2] = b"\xff\x7f"
        path.write_bytes(damaged)
        with suppress(FusarError), SarScene.open(path) as scene:  # any other error is the fault looked for
            assert scene.grid.width == 50
