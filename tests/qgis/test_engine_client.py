"""The link to the engine: with the real sidecar where it behaves, with a fake one where it must not."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import FUSAR, SAMPLE, WATER
from fake_sidecar import GARBLED

from fusar_qgis.engine import client as client_module
from fusar_qgis.engine import paths
from fusar_qgis.engine.client import EngineClient
from fusar_qgis.engine.errors import EngineError

WIDE = {"scene": str(SAMPLE), "chip_overlap": 1950}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[EngineClient]:
    made = EngineClient(lambda: [str(FUSAR), "sidecar"], tmp_path / "lög 1" / "engine.log")
    yield made
    made.close()


def fake(words: list[str], tmp_path: Path) -> EngineClient:
    return EngineClient(lambda: words, tmp_path / "engine.log")


def wide_scene(tmp_path: Path) -> Path:
    """The sample four times as large, empty around: many chips with a small step, time enough to break them off."""
    from osgeo import gdal

    gdal.UseExceptions()
    path = tmp_path / "wide scene.tif"
    gdal.Translate(str(path), str(SAMPLE), width=3600, height=3600, creationOptions=["TILED=YES"])
    return path


def test_a_request_is_answered_and_its_features_arrive_in_the_calling_thread(client: EngineClient) -> None:
    arrived: list[tuple[str, bool, int]] = []
    threads = set()

    def notified(kind: str, params: dict) -> None:
        threads.add(threading.current_thread())
        if kind == "features":
            arrived.append((params["layer"], params["provisional"], len(params["geojson"]["features"])))

    summary = client.call("interpret", {"scene": str(SAMPLE), "water_mask": str(WATER)}, notified)
    assert summary["counts"]["ship"] > 20
    assert threads == {threading.current_thread()}
    assert arrived[0][:2] == ("detections", True)
    assert {layer for layer, provisional, _ in arrived if not provisional} == {"detections", "grid_cells", "answers"}


def test_status_says_what_runs_and_starts_nothing(client: EngineClient) -> None:
    assert client.status()["running"] is False
    client.start()
    status = client.status()
    assert status["running"]
    assert status["engines"]
    os.kill(status["pid"], 0)
    client.close()
    assert client.status()["running"] is False
    with pytest.raises(ProcessLookupError):
        os.kill(status["pid"], 0)


def test_errors_keep_code_and_hint(client: EngineClient) -> None:
    with pytest.raises(EngineError) as error:
        client.call("interpret", {"scene": "/no/scene.tif"})
    assert error.value.code == "SCENE_NOT_FOUND"
    assert error.value.hint
    with pytest.raises(EngineError) as error:
        client.call("a_method_of_tomorrow", {})
    assert error.value.code == "ENGINE_OLD"


def test_cancel_half_way_keeps_what_was_found(client: EngineClient, tmp_path: Path) -> None:
    chips: list[int] = []
    partial: list[bool] = []

    def notified(kind: str, params: dict) -> None:
        if kind == "progress":
            chips.append(params["done"])
        elif kind == "features" and not params["provisional"]:
            partial.append(params["partial"])

    request = {"scene": str(wide_scene(tmp_path)), "chip_overlap": 1900}
    with pytest.raises(EngineError) as error:
        client.call("interpret", request, notified, lambda: bool(chips))
    assert error.value.code == "CANCELLED"
    assert partial == [True, True, True], "detections, grid cells and answers"
    assert client.status()["restarts"] == 0


def test_a_sidecar_killed_in_the_middle_is_told_and_started_again(client: EngineClient, tmp_path: Path) -> None:
    def kill(kind: str, params: dict) -> None:
        if kind == "progress":
            os.kill(client.status()["pid"] or 0, signal.SIGKILL)

    with pytest.raises(EngineError) as error:
        client.call("interpret", {"scene": str(wide_scene(tmp_path)), "chip_overlap": 1900}, kill)
    assert error.value.code == "ENGINE_DIED"
    assert "-9" in error.value.message
    assert str(client.log_path) in error.value.hint
    assert client.call("interpret", {"scene": str(SAMPLE)})["counts"]["ship"] > 20
    assert client.status()["restarts"] == 1


def test_many_threads_share_one_sidecar(client: EngineClient) -> None:
    found: list[int] = []
    errors: list[str] = []

    def work(number: int) -> None:
        try:
            if number % 2:
                found.append(client.call("scene_info", {"scene": str(SAMPLE)})["width"])
            else:
                client.call("scene_info", {"scene": f"/no/{number}.tif"})
        except EngineError as error:
            errors.append(error.message)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [1200] * 6
    assert sorted(e.split("/no/")[1][:2].strip(".") for e in errors) == sorted(str(n) for n in range(0, 12, 2))
    assert client.status()["restarts"] == 0


@pytest.mark.parametrize(
    ("behaviour", "code", "said"),
    [
        ("broken", "ENGINE_BROKEN", "libproj.so.25"),
        ("old", "ENGINE_OLD", "too old"),
        ("another protocol", "ENGINE_OLD", "protocol 0"),
    ],
)
def test_an_engine_that_cannot_be_used_is_said_to_be(
    fake_engine, tmp_path: Path, behaviour: str, code: str, said: str
) -> None:
    client = fake(fake_engine(behaviour), tmp_path)
    with pytest.raises(EngineError) as error:
        client.call("interpret", WIDE)
    assert error.value.code == code
    assert said in error.value.message
    assert "Repair" in error.value.hint
    assert client.status()["running"] is False


def test_a_command_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(EngineError) as error:
        fake([str(tmp_path / "fusar"), "sidecar"], tmp_path).call("interpret", WIDE)
    assert error.value.code == "ENGINE_BROKEN"
    not_executable = tmp_path / "fusar"
    not_executable.write_text("text")
    with pytest.raises(EngineError) as error:
        fake([str(not_executable), "sidecar"], tmp_path).call("interpret", WIDE)
    assert error.value.code == "ENGINE_BROKEN"


def test_noise_on_stdout_is_passed_over(fake_engine, tmp_path: Path) -> None:
    client = fake(fake_engine("noise"), tmp_path)
    assert client.call("echo", {"x": "ü"}) == {"x": "ü"}
    client.close()


def test_a_death_while_working(fake_engine, tmp_path: Path) -> None:
    client = fake(fake_engine("dies"), tmp_path)
    seen = []
    for _ in range(2):  # and again, in a new process
        with pytest.raises(EngineError) as error:
            client.call("interpret", WIDE, lambda kind, params: seen.append(kind))
        assert error.value.code == "ENGINE_DIED"
        assert "exit status 3" in error.value.message
    assert seen == ["progress", "progress"]
    client.close()


def test_one_that_does_not_heed_a_cancel_is_ended(fake_engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "CANCEL_S", 0.3)
    client = fake(fake_engine("deaf"), tmp_path)
    with pytest.raises(EngineError) as error:
        client.call("interpret", WIDE, cancelled=lambda: True)
    assert error.value.code == "CANCELLED"
    client.close()


def test_one_that_says_nothing_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "START_S", 0.5)
    client = fake(["/bin/sleep", "60"], tmp_path)
    with pytest.raises(EngineError) as error:
        client.call("interpret", WIDE)
    assert error.value.code == "ENGINE_BROKEN"
    assert client.status()["running"] is False


def test_the_log_may_lie_where_nothing_can_be_written(fake_engine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    client = EngineClient(lambda: fake_engine("echo"), tmp_path / "file" / "engine.log")
    assert client.call("echo", {"x": 1}) == {"x": 1}
    assert client.log_tail() == ""
    client.close()


def test_a_large_log_is_put_aside(fake_engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "MOST_LOG_BYTES", 100)
    log = tmp_path / "engine.log"
    log.write_text("x" * 200)
    client = fake(fake_engine("echo"), tmp_path)
    client.start()
    client.close()
    assert log.stat().st_size < 100
    assert (tmp_path / "engine.old.log").read_text() == "x" * 200


@pytest.mark.parametrize("garbled", GARBLED)
def test_a_message_that_cannot_be_read_fails_its_call_and_the_reader_lives(
    fake_engine, tmp_path: Path, garbled: str
) -> None:
    client = fake(fake_engine("garbled"), tmp_path)
    with pytest.raises(EngineError) as error:
        client.call(garbled, {}, lambda kind, params: params["layer"])
    assert error.value.code == "ENGINE_BROKEN"
    assert "Try again" in error.value.hint
    assert client.call("echo", {"x": 1}) == {"x": 1}
    assert client.status()["restarts"] == 0
    client.close()


def test_relative_paths_are_those_of_qgis_and_not_of_the_engine(
    client: EngineClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "Häfen 1"
    folder.mkdir()
    for file in (SAMPLE, WATER):
        shutil.copy(file, folder)
    with zipfile.ZipFile(folder / "h.zip", "w") as archive:
        archive.write(SAMPLE, "in/harbour.tif")
    monkeypatch.chdir(folder)
    whole = client.call("interpret", {"scene": "harbour.tif"})["counts"]["ship"]
    assert client.call("interpret", {"scene": "harbour.tif", "water_mask": WATER.name})["counts"]["ship"] < whole
    assert client.call("scene_info", {"scene": "/vsizip/h.zip/in/harbour.tif"})["width"] == 1200
    with pytest.raises(EngineError) as error:
        client.call("scene_info", {"scene": "bin.tif"})
    assert str(folder / "bin.tif") in error.value.message


OPTIONS = {"engine_infos": [{"name": "fusar", "options": [{"name": "model", "type": "path"}, {"name": "device"}]}]}


@pytest.mark.parametrize(
    ("given", "crosses"),
    [
        ({"scene": "s.tif"}, {"scene": "HERE/s.tif"}),
        ({"scene": "s3://bucket/s.tif"}, {"scene": "s3://bucket/s.tif"}),
        ({"scene": "/vsicurl/https://h/s.tif"}, {"scene": "/vsicurl/https://h/s.tif"}),
        ({"scene": 'HDF5:"there.nc"://band'}, {"scene": 'HDF5:"HERE/there.nc"://band'}),
        ({"scene": "NETCDF:there.nc:band"}, {"scene": "NETCDF:HERE/there.nc:band"}),
        ({"water_mask": "w.gpkg|layername=sea"}, {"water_mask": "HERE/w.gpkg|layername=sea"}),
        ({"prior": "mosaic"}, {"prior": "mosaic"}),
        ({"prior": "mosaic:there.nc"}, {"prior": "mosaic:HERE/there.nc"}),
        ({"prior": "earth-engine:there"}, {"prior": "earth-engine:there"}),
        ({"source": "there.nc", "prior": "none"}, {"source": "HERE/there.nc", "prior": "none"}),
        ({"question": "there.nc", "year": 2020}, {"question": "there.nc", "year": 2020}),
        (
            {"engine": "fusar", "engine_options": {"model": "m", "device": "there.nc"}},
            {"engine": "fusar", "engine_options": {"model": "HERE/m", "device": "there.nc"}},
        ),
    ],
)
def test_every_path_crosses_from_the_root_and_nothing_else_changes(
    given: dict, crosses: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "there.nc").write_text("")
    monkeypatch.chdir(tmp_path)
    assert json.dumps(paths.absolute(given, OPTIONS)) == json.dumps(crosses).replace("HERE", str(tmp_path))
