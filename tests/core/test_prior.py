"""A scene interpreted with its prior: every chip gets its anchors, the result says of which year and from where."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyogrio
import pytest
from aef_world import decoded, encoded, random_vectors, write_raster
from affine import Affine
from scenes import UTM, ships_scene

from fusar_core.cli import main
from fusar_core.domain.answers import Request
from fusar_core.engines.base import NO_HOOKS, Answers, Hooks
from fusar_core.engines.cfar import CfarEngine
from fusar_core.interpretation.interpret import interpret
from fusar_core.interpretation.scope import Scope
from fusar_core.prior.opening import open_prior
from fusar_core.scenes.scene import SarScene


class Notes(CfarEngine):
    """The detector as if it took anchors, noting those it is given."""

    takes_prior = True

    def __init__(self) -> None:
        super().__init__()
        self.given: list[object] = []

    def tiling(self, pixel_size_m: tuple[float, float] | None) -> tuple[int, int]:
        return 504, 100

    def answer(self, requests: Iterable[Request], hooks: Hooks = NO_HOOKS) -> Answers:
        def noted() -> Iterator[Request]:
            for request in requests:
                self.given.append(request.chip.anchors)
                yield request

        return super().answer(noted(), hooks)


@pytest.fixture
def aef(tmp_path: Path) -> Path:
    """Two vectors: the western half of the scene has one, the eastern half the other."""
    west, east = encoded(random_vectors(2))
    pixels = np.empty((64, 90, 110), np.int8)
    pixels[:, :, :55], pixels[:, :, 55:] = west[:, None, None], east[:, None, None]
    return write_raster(tmp_path / "aef.tif", pixels, Affine(100, 0, 399_000, 0, -100, 5_701_000), UTM["crs"])


def test_every_chip_gets_the_anchors_of_its_place(tmp_path: Path, aef: Path) -> None:
    path = ships_scene(tmp_path / "s.tif", [(120, 90)], (504, 1100))
    with SarScene.open(path) as scene, open_prior(scene.grid, scene.acquisition.year, str(aef)) as found:
        engine, prior = Notes(), found.sampler
        result = interpret(scene, engine, Scope(sampler=prior))
    assert result.aef_year == prior.year_used
    assert len(engine.given) == result.chips >= 3
    west, east = decoded(encoded(random_vectors(2)))
    first, last = engine.given[0], engine.given[-1]
    x = first.positions[:, 1] * 504  # the border between the vectors lies at 404 500 m, column 450
    assert np.allclose(first.features[x < 440] @ west, 1, atol=0.02)
    assert np.allclose(first.features[x > 460] @ east, 1, atol=0.02)
    assert np.allclose(last.features @ east, 1, atol=0.02)
    assert (x < 440).sum() > 200
    assert (x > 460).sum() > 10


def test_no_prior_is_claimed_of_an_engine_that_takes_none(
    tmp_path: Path, aef: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = ships_scene(tmp_path / "s.tif", [(120, 90)], (400, 400))
    with pytest.raises(SystemExit):
        main(["interpret", str(path), "--out", str(tmp_path / "o.gpkg"), "--prior", str(aef), "--json"])
    assert json.loads(capsys.readouterr().out)["prior"] is None


def test_the_result_says_year_source_and_attribution(
    tmp_path: Path, aef: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CfarEngine, "takes_prior", True)
    path = ships_scene(tmp_path / "s.tif", [(120, 90)], (400, 400))
    out = tmp_path / "o.gpkg"
    with pytest.raises(SystemExit):
        main(["interpret", str(path), "--out", str(out), "--prior", str(aef), "--json"])
    said = json.loads(capsys.readouterr().out)["prior"]
    assert said["year_requested"] == 2024
    assert "Google DeepMind" in said["attribution"]
    meta, _, _, columns = pyogrio.raw.read(out, layer="answers")
    years = dict(zip(meta["fields"], columns, strict=True))["aef_year"]
    assert set(years) == {said["year_used"]}
    metadata = pyogrio.read_info(out, layer="detections")["layer_metadata"]
    assert metadata["aef_year_requested"] == "2024"
    assert "Google DeepMind" in metadata["attribution"]


@pytest.mark.parametrize(
    ("profile", "reason"),
    [({"tags": {}}, "year"), ({"crs": None, "transform": Affine.identity()}, "georeference")],
    ids=["no year", "no georeference"],
)
def test_where_a_prior_is_impossible_the_scene_goes_on_without(
    tmp_path: Path, aef: Path, profile: dict[str, object], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = ships_scene(tmp_path / "s.tif", [(120, 90)], (400, 400), **profile)
    with pytest.raises(SystemExit) as ended:
        main(["interpret", str(path), "--out", str(tmp_path / "o.gpkg"), "--prior", str(aef), "--json"])
    summary = json.loads(capsys.readouterr().out)
    assert ended.value.code == 0
    assert summary["prior"] is None
    assert any(reason in w and "prior" in w for w in summary["warnings"])
    assert summary["counts"] == {"ship": 1}


def test_a_prior_of_another_place_is_an_error(
    tmp_path: Path, aef: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CfarEngine, "takes_prior", True)
    path = ships_scene(tmp_path / "s.tif", [(120, 90)], (400, 400), transform=Affine(10, 0, 700_000, 0, -10, 4_000_000))
    with pytest.raises(SystemExit):
        main(["interpret", str(path), "--out", str(tmp_path / "o.gpkg"), "--prior", str(aef), "--json"])
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "SOURCE_ELSEWHERE"
    assert not (tmp_path / "o.gpkg").exists()
