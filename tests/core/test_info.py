"""`fusar info`: everything about a scene, for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from click.testing import CliRunner
from scenes import sea, write

from fusar_core.commands.info import command
from fusar_core.errors import BadBand, SceneNotFound
from fusar_core.scenes.scene import SarScene

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")

NAME = "S1A_IW_GRDH_1SDV_20201107T135241_20201107T135306_035143_041A16_322B.tif"


def info(*arguments: object) -> str:
    result = CliRunner().invoke(command, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def report(*arguments: object) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(info(*arguments, "--json"))
    return loaded


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    return write(tmp_path / NAME, sea(120, 200).astype(np.uint16), nodata=0, tags={})


def test_json_holds_everything(scene: Path) -> None:
    found = report(scene)
    assert found["path"] == str(scene)
    assert (found["driver"], found["width"], found["height"], found["dtype"]) == ("GTiff", 200, 120, "uint16")
    assert found["nodata"] == 0
    assert found["bands"] == [{"index": 1, "name": "", "polarisation": None}]
    assert found["crs"] == "EPSG:32631"
    assert found["transform"] == [10, 0, 400_000, 0, -10, 5_700_000]
    assert found["geocoding"] == {"kind": "affine"}
    assert found["pixel_size_m"] == pytest.approx([10, 10], rel=1e-3)
    assert found["acquisition"]["acquired"] == "2020-11-07T13:52:41Z"
    assert found["acquisition"]["year"] == 2020
    assert "product name" in found["acquisition"]["provenance"]["acquired"]
    assert found["radiometry"]["kind"] == "amplitude"
    assert found["radiometry"]["calibrated"] is False
    assert len(found["radiometry"]["window_db"]) == 2
    assert found["valid_fraction"] == 1
    assert found["warnings"] == []


def test_the_footprint_is_a_closed_ring_of_degrees(scene: Path) -> None:
    ring = report(scene)["footprint"]
    assert ring[0] == ring[-1]
    with SarScene.open(scene) as opened:
        lon, lat = opened.grid.to_lonlat([0, 200], [0, 120])
    assert ring[0] == pytest.approx([float(lon[0]), float(lat[0])], abs=1e-5)
    assert [float(lon[1]), float(lat[1])] == pytest.approx(ring[len(ring) // 2], abs=1e-5)


def test_text_says_the_same_in_lines(scene: Path) -> None:
    text = info(scene)
    lines = dict(line.split(maxsplit=1) for line in text.splitlines())
    assert lines["scene"] == str(scene)
    assert "200 × 120 px" in lines["format"]
    assert lines["CRS"] == "EPSG:32631"
    assert "on the ground" in text
    assert "2020-11-07T13:52:41Z" in lines["acquired"]
    assert "not calibrated" in lines["radiometry"]
    assert len({line[:14].rstrip() == line[:14] for line in text.splitlines()}) == 1  # aligned


def test_options_reach_the_scene(tmp_path: Path) -> None:
    image = np.stack([sea(50, 60), sea(50, 60)])
    path = write(tmp_path / "S1_VV_VH.tif", image, tags={})
    found = report(path, "--band", "VV", "--year", "2019")
    assert found["band"]["label"] == "VV"
    assert found["acquisition"]["year"] == 2019
    assert found["acquisition"]["provenance"]["year"] == "given by the user"


def test_a_scene_of_which_little_is_known(tmp_path: Path) -> None:
    image = np.full((40, 50), np.nan, np.float32)
    path = write(tmp_path / "s.tif", image, crs=None, transform=Affine.identity(), tags={}, nodata=np.nan)
    found = report(path)
    assert found["footprint"] is None
    assert found["pixel_size_m"] is None
    assert found["crs"] is None
    assert found["radiometry"] is None
    assert found["valid_fraction"] == 0
    assert len(found["warnings"]) == 3  # place, year, pixels
    assert "unknown" in info(path)


def test_json_is_strict(tmp_path: Path) -> None:
    """NaN is no JSON: a nodata value of NaN must not break other programs' parsers."""
    path = write(tmp_path / "s.tif", sea(40, 50), nodata=np.nan)
    text = info(path, "--json")
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))


def test_errors_are_raised_for_the_command_to_show(tmp_path: Path, scene: Path) -> None:
    with pytest.raises(SceneNotFound):
        info(tmp_path / "nowhere.tif")
    with pytest.raises(BadBand):
        info(scene, "--band", "HV")
