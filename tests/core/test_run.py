"""One description of a run, and one result, whoever asks: the command, a batch, the sidecar's client, the library."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pyogrio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import ships_scene
from sidecar_client import Client

from fusar_core.batch.listing import Listed
from fusar_core.batch.work import STATE, interpret_listed
from fusar_core.cli import main
from fusar_core.engines.cfar import CfarEngine
from fusar_core.errors import BadExtent, BadOption, FusarError
from fusar_core.interpretation.run import Run, opened
from fusar_core.interpretation.scope import Watch
from fusar_core.remote.secret import Secret
from fusar_core.results.features import feature_tables
from fusar_core.sidecar.layers import geojson

CENTRES = [(120.0, 90.0), (504.0, 300.0), (700.0, 504.0), (850.0, 640.0)]


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    return ships_scene(tmp_path / "scene.tif", CENTRES)


@pytest.fixture
def client() -> Iterator[Client]:
    found = Client()
    yield found
    found.close()


class SmallChips(CfarEngine):
    """The detector over many chips, so that there is something left to cancel."""

    def tiling(self, pixel_size_m: tuple[float, float] | None) -> tuple[int, int]:
        return 300, 60


def as_stored(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows without what file formats cannot tell apart: text that is empty or absent, 1 and true."""
    return [{k: v for k, v in row.items() if v not in ("", None)} for row in rows]


def written(path: Path, layer: str) -> list[dict[str, Any]]:
    meta, _, _, columns = pyogrio.raw.read(path, layer=layer)
    rows = [dict(zip(meta["fields"], values, strict=True)) for values in zip(*columns, strict=True)]
    return as_stored([{k: None if v != v else v for k, v in row.items()} for row in rows])


def test_command_batch_sidecar_and_library_say_the_same(scene: Path, tmp_path: Path, client: Client) -> None:
    with pytest.raises(SystemExit):
        main(["interpret", str(scene), "--out", str(tmp_path / "one.gpkg")])
    (tmp_path / STATE).mkdir()
    record = interpret_listed(Listed(str(scene)), "many", str(tmp_path), Run())
    answer = client.ask("interpret", scene=str(scene))["result"]
    sent = client.layers(provisional=False)
    with opened(Run(scene=str(scene))) as ready:
        tables = feature_tables(ready.interpret())
    for table in tables:
        name = table.layer.name
        expected = as_stored([feature["properties"] for feature in geojson(table)])
        assert as_stored([feature["properties"] for feature in sent[name]]) == expected
        assert written(tmp_path / "one.gpkg", name) == written(tmp_path / "many.gpkg", name) == expected
        metadata = [pyogrio.read_info(tmp_path / f, layer=name)["layer_metadata"] for f in ("one.gpkg", "many.gpkg")]
        assert metadata[0] == metadata[1] == {k: v for k, v in table.metadata.items() if v}
        assert answer["metadata"] == table.metadata
    assert record.counts == answer["counts"] == {"ship": 4}


def test_what_is_left_of_a_cancelled_run_tells_how_it_came_about(tmp_path: Path) -> None:
    path = ships_scene(tmp_path / "wide.tif", [(100, 100), (900, 900)], (1400, 1400))
    run, seen = Run(scene=str(path)), []

    def lend(_: Run) -> AbstractContextManager[SmallChips]:
        return nullcontext(SmallChips())

    watch = Watch(cancelled=lambda: len(seen) > 1, on_progress=lambda done, _: seen.append(done))
    with opened(run, watch, lend) as ready:
        part = ready.interpret()
        tables = feature_tables(part)
    with opened(run, lend=lend) as ready:
        whole = ready.interpret()
    assert not part.complete
    assert 0 < part.read < part.chips == whole.read == whole.chips
    for field in ("engine", "model", "settings", "warnings", "tasks", "classes", "extent"):
        assert getattr(part, field) == getattr(whole, field), field
    assert [len(table.rows) for table in tables] == [len(part.targets), 0, 0], "nothing is derived from a part"


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, Run()),
        ({"scene": Path("s.tif"), "tasks": "count, detect,count"}, Run(scene="s.tif", tasks=("count", "detect"))),
        ({"scene": "s.tif", "classes": ["ship", "plane", "ship"]}, Run(scene="s.tif", classes=("ship", "plane"))),
        ({"extent": "1,2,3,4,EPSG:4326"}, Run(extent=(1, 2, 3, 4), extent_crs="EPSG:4326")),
        ({"extent": [1, 2, 3, 4], "extent_crs": "EPSG:4326"}, Run(extent=(1, 2, 3, 4), extent_crs="EPSG:4326")),
        ({"band": "", "year": None, "crs": "", "water_mask": Path("w.gpkg")}, Run(water="w.gpkg")),
        ({"crs": "EPSG:32631"}, Run(crs="EPSG:32631")),
        (
            {"engine": "https://h/v1", "engine_options": {"model": "m"}, "secret": "k"},
            Run(engine="https://h/v1", engine_options=(("api_key", Secret("k")), ("model", "m"))),
        ),
    ],
)
def test_a_command_line_and_a_request_describe_the_same_run(params: dict[str, Any], expected: Run) -> None:
    assert Run.from_parameters(params) == expected


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"extent": [1, 2, 3]}, BadOption),
        ({"extent": "1,2,3"}, BadExtent),
        ({"year": "2024"}, BadOption),
        ({"year": True}, BadOption),
        ({"tasks": ["detect", 3]}, BadOption),
        ({"engine_options": ["model"]}, BadOption),
        ({"extent": [0, 0, 10**400, 1]}, BadOption),
        ({"extent": [0, float("nan"), 1, 1]}, BadOption),
    ],
)
def test_what_describes_no_run_is_refused(params: dict[str, Any], error: type) -> None:
    with pytest.raises(error):
        Run.from_parameters(params)


@given(st.dictionaries(st.sampled_from([*Run.__dataclass_fields__, "secret", "water_mask"]), st.text() | st.integers()))
def test_a_key_is_never_shown(params: dict[str, Any]) -> None:
    try:
        run = Run.from_parameters(params | {"secret": "hunter2-key"})
    except FusarError:
        return
    assert "hunter2-key" not in repr(run) + json.dumps(run.decides())
