"""Many scenes: which are meant, what is left alone, what is tried again, and what the index says of each."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from aef_servers import FileServer
from hypothesis import given
from hypothesis import strategies as st
from scenes import ships_scene, write

from fusar_core.batch import BatchResult, Listed, Run, find_scenes, run_batch
from fusar_core.batch import listing as batch_listing
from fusar_core.batch import work as batch_work
from fusar_core.batch.index import write_index
from fusar_core.batch.listing import gdal_path
from fusar_core.batch.run import FATAL, _names
from fusar_core.batch.work import Record, interpret_listed
from fusar_core.cli import main
from fusar_core.commands.batch import _text
from fusar_core.errors import (
    BadCheckpoint,
    BadOption,
    ResumeMismatch,
    SceneNotFound,
    UnknownClass,
    UnknownEngine,
    UnknownTask,
    UnsupportedTask,
)
from fusar_core.remote.secret import Secret

SHIPS = [(60.0, 60.0), (150.0, 200.0)]


class Here:
    """A pool without processes. work: what it does; after: scenes after which the computer is switched off."""

    def __init__(self, work=interpret_listed, after: int | None = None) -> None:
        self.work, self.after, self.worked = work, after, []

    def __enter__(self) -> Here:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def map(self, todo, out: str, settings: Run) -> Iterator[Record]:
        for listed, name in todo:
            if self.after is not None and len(self.worked) >= self.after:
                raise KeyboardInterrupt
            self.worked.append(Path(listed.path).name)
            yield self.work(listed, name, out, settings)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Four scenes of different numbers of ships, one of nothing but nodata, and one that is no raster."""
    folder = tmp_path / "archive"
    folder.mkdir()
    for number in range(4):
        ships = [(40.0 + 50 * i, 60.0 + 30 * number) for i in range(number + 1)]
        ships_scene(folder / f"s{number}.tif", ships, shape=(300, 320))
    write(folder / "t_empty.tif", np.zeros((100, 100), np.uint16), nodata=0)
    (folder / "u_broken.tif").write_bytes(b"II*\0 cut off")
    return folder


def batch(archive: Path, pool: Here | None = None, **options: Any):
    out = archive.parent / "out"
    return run_batch(find_scenes([str(archive)]), out, Run(**options.pop("settings", {})), pool or Here(), **options)


def index(out: Path) -> dict[str, dict[str, Any]]:
    meta, _, geometry, data = pyogrio.raw.read(out / "index.gpkg", layer="scenes")
    rows = [dict(zip(meta["fields"], row, strict=True)) for row in zip(*data, strict=True)]
    for row, place in zip(rows, shapely.from_wkb(geometry), strict=True):
        row["place"] = place
    return {Path(row["scene"]).name: row for row in rows}


# --- results ----------------------------------------------------------------------------------------------------------


def test_every_scene_has_its_result_and_its_line_in_the_index(archive: Path) -> None:
    result = batch(archive)
    out = archive.parent / "out"
    assert sorted(p.name for p in out.iterdir()) == [".fusar", "index.gpkg", *(f"s{i}.gpkg" for i in range(4))]
    assert sorted(p.name for p in (out / ".fusar").iterdir()) == [
        "batch.json",
        *(f"s{i}.json" for i in range(4)),
        "t_empty.json",
    ]
    said = index(out)
    assert [said[f"s{i}.tif"]["targets"] for i in range(4)] == [1, 2, 3, 4]
    assert json.loads(said["s2.tif"]["counts"]) == {"ship": 3}
    assert result.totals() == {"ship": 10}
    assert said["s0.tif"]["result"] == "s0.gpkg"
    assert said["s0.tif"]["acquired"].startswith("2024-06-01")
    assert said["s0.tif"]["engine"] == "cfar"
    assert said["s0.tif"]["place"].contains(shapely.Point(1.57, 51.44))  # UTM 31N, 401.6 km east, 5698.5 km north
    assert len(pyogrio.raw.read(out / "s3.gpkg", layer="detections")[2]) == 4


def test_a_scene_that_fails_stops_no_other(archive: Path) -> None:
    result = batch(archive)
    said = index(archive.parent / "out")
    assert [r.status for r in result.records] == ["done"] * 4 + ["empty", "failed"]
    assert (said["u_broken.tif"]["status"], said["u_broken.tif"]["error"]) == ("failed", "SCENE_UNREADABLE")
    assert "cannot be read" in said["u_broken.tif"]["message"]
    assert said["u_broken.tif"]["place"].is_empty
    assert (said["t_empty.tif"]["status"], said["t_empty.tif"]["error"]) == ("empty", "SCENE_EMPTY")
    assert not said["t_empty.tif"]["place"].is_empty


def test_a_bug_in_one_scene_stops_no_other(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = batch_work.write_layers

    def buggy(tables: Any, path: Path, **options: Any) -> Any:
        if path.name == "s1.gpkg":
            raise ZeroDivisionError("oh")
        return real(tables, path, **options)

    monkeypatch.setattr(batch_work, "write_layers", buggy)
    result = batch(archive)
    said = {Path(r.scene).name: r for r in result.records}
    assert (said["s1.tif"].status, said["s1.tif"].error) == ("failed", "INTERNAL")
    assert result.count("done") == 3


def test_results_are_those_of_single_interpretations(archive: Path) -> None:
    batch(archive)
    single = archive.parent / "single.gpkg"
    with contextlib.suppress(SystemExit):
        main(["interpret", str(archive / "s3.tif"), "--out", str(single)])
    for layer in ("detections", "grid_cells", "answers"):
        ours, theirs = (pyogrio.raw.read(p, layer=layer) for p in (archive.parent / "out" / "s3.gpkg", single))
        assert list(ours[2]) == list(theirs[2])
        assert [list(map(str, c)) for c in ours[3]] == [list(map(str, c)) for c in theirs[3]]


def test_numbers_that_nobody_knows_are_no_zeros_and_warnings_are_said(tmp_path: Path) -> None:
    doubt, demo = "1 of 2 chips could not be read.", "It is a demonstration model."
    records = [
        Record("a.tif", "a", "done", counts={"ship": None, "plane": 0}, warnings=[demo, doubt]),
        Record("b.tif", "b", "done", counts={"ship": None, "plane": 3}, warnings=[demo]),
        Record("c.tif", "c", "failed"),
    ]
    result = BatchResult(records, 0, write_index(records, tmp_path), 1.0)
    assert result.totals() == {"ship": None, "plane": 3}
    said = index(tmp_path)
    assert said["b.tif"]["targets"] == 3
    assert said["a.tif"]["targets"] != said["a.tif"]["targets"]  # null
    assert json.loads(said["a.tif"]["counts"]) == {"ship": None, "plane": 0}
    told = _text(result, [])
    assert "ship      unknown (unknown in 2 scenes)" in told
    assert f"warning   {demo} (2 scenes)" in told
    assert f"warning   {doubt}" in told


# --- going on ---------------------------------------------------------------------------------------------------------


def test_what_is_finished_is_left_alone_and_what_failed_is_tried_again(archive: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        batch(archive, Here(after=2))
    assert set(index(archive.parent / "out")) == {"s0.tif", "s1.tif"}  # the index is there, whatever happened
    second = Here()
    result = batch(archive, second)
    assert second.worked == ["s2.tif", "s3.tif", "t_empty.tif", "u_broken.tif"]
    assert (result.skipped, result.count("done")) == (2, 4)
    third = Here()
    assert batch(archive, third).skipped == 5
    assert third.worked == ["u_broken.tif"]
    (archive / "u_broken.tif").unlink()
    ships_scene(archive / "u_broken.tif", SHIPS, shape=(300, 320))
    result = batch(archive, fourth := Here())
    assert fourth.worked == ["u_broken.tif"]
    assert (result.count("failed"), result.totals()) == (0, {"ship": 12})
    assert batch(archive, last := Here()).skipped == 6
    assert last.worked == []


def test_a_scene_or_result_that_changed_is_done_again(archive: Path) -> None:
    batch(archive)
    ships_scene(archive / "s0.tif", SHIPS, shape=(301, 320))
    (archive.parent / "out" / "s1.gpkg").unlink()
    (archive.parent / "out" / ".fusar" / "s2.json").write_text("{torn")
    result = batch(archive, again := Here())
    assert again.worked == ["s0.tif", "s1.tif", "s2.tif", "u_broken.tif"]
    assert result.totals() == {"ship": 11}


def test_a_scene_that_broke_off_goes_on_from_its_journal(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = batch_work.write_layers, []

    def dies(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(batch_work, "write_layers", dies)
    with pytest.raises(KeyboardInterrupt):
        batch(archive)
    journal = archive.parent / "out" / ".fusar" / "s0.partial"
    assert journal.exists()
    monkeypatch.setattr(batch_work, "write_layers", real)
    real_engine = batch_work._engine

    def counted(*arguments: Any) -> Any:
        engine = real_engine(*arguments)
        calls.append(engine)
        return engine

    monkeypatch.setattr(batch_work, "_engine", counted)
    monkeypatch.setattr(
        type(real_engine("cfar", ())), "answer", lambda self, requests, hooks: (answer for answer in ())
    )
    only = run_batch([Listed(str(archive / "s0.tif"))], archive.parent / "out", Run(), Here())
    assert only.totals() == {"ship": 1}  # though the engine answers nothing any more
    assert calls
    assert not journal.exists()


def test_a_journal_of_another_scene_is_begun_anew(archive: Path) -> None:
    state = archive.parent / "out" / ".fusar"
    state.mkdir(parents=True)
    (state / "s0.partial").write_text('{"format":1,"run":{"scene":"another"}}\n{"step":0}\n')
    assert batch(archive).totals() == {"ship": 10}


def test_results_of_other_options_are_not_mixed(archive: Path) -> None:
    batch(archive)
    with pytest.raises(ResumeMismatch, match="tasks, year"):
        batch(archive, settings={"tasks": ("detect",), "year": 2020})
    fresh = Here()
    batch(archive, fresh, settings={"tasks": ("detect",)}, fresh=True)
    assert len(fresh.worked) == 6
    with pytest.raises(ResumeMismatch):
        batch(archive)


def test_an_error_that_is_everyones_stops_the_batch_and_says_how_to_go_on(archive: Path) -> None:
    def broken(listed: Listed, name: str, out: str, settings: Run) -> Record:
        if listed.path.endswith("s2.tif"):
            return Record(listed.path, name, "failed", error="BAD_CHECKPOINT", message="Gone.", hint="Mend it.")
        return interpret_listed(listed, name, out, settings)

    pool = Here(broken)
    with pytest.raises(BadCheckpoint, match=r"Gone\. Mend it\. Then run the same command again"):
        batch(archive, pool)
    assert pool.worked == ["s0.tif", "s1.tif", "s2.tif"]
    assert set(index(archive.parent / "out")) == {"s0.tif", "s1.tif", "s2.tif"}
    assert {"WORKER_UNREACHABLE", "DISK_FULL"} <= FATAL
    assert not FATAL & {"SCENE_UNREADABLE", "BAD_BAND", "SCENE_CRASHED", "BAD_OPTION"}


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"engine": "cfra"}, UnknownEngine),
        ({"tasks": ("dance",)}, UnknownTask),
        ({"tasks": ("describe",)}, UnsupportedTask),
        ({"classes": ("tank",)}, UnknownClass),
    ],
)
def test_wrong_settings_are_told_before_anything_is_made(archive: Path, settings: dict, error: type) -> None:
    with pytest.raises(error):
        batch(archive, settings=settings)
    assert not (archive.parent / "out").exists()


def test_progress_counts_what_was_done_before(archive: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        batch(archive, Here(after=3))
    told: list[tuple[int, int]] = []
    batch(archive, on_progress=lambda done, total: told.append((done, total)))
    assert told == [(3, 6), (4, 6), (5, 6), (6, 6)]


# --- which scenes -----------------------------------------------------------------------------------------------------


def names(found: list[Listed]) -> list[str]:
    return [Path(one.path).name for one in found]


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def test_folders_are_searched_for_rasters_and_products(tmp_path: Path) -> None:
    product = tmp_path / "S1A_IW_GRDH.SAFE"
    touch(tmp_path / "b.tif", tmp_path / "a/c.TIFF", tmp_path / "a/notes.pdf", tmp_path / ".hidden/x.tif")
    touch(product / "measurement/one.tiff", product / "manifest.safe", tmp_path / "out/y.tif", tmp_path / "z.jp2")
    touch(tmp_path / "S1B.SAFE.zip", tmp_path / "other.zip")
    found = find_scenes([str(tmp_path)], leave_out=tmp_path / "out")
    assert names(found) == ["S1A_IW_GRDH.SAFE", "S1B.SAFE.zip", "c.TIFF", "b.tif", "z.jp2"]
    assert names(find_scenes([str(product)])) == ["S1A_IW_GRDH.SAFE"]


def test_globs_files_and_doubles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path / "a1.tif", tmp_path / "a2.tif", tmp_path / "deep/er/a3.tif", tmp_path / "odd.dat")
    monkeypatch.chdir(tmp_path)
    assert names(find_scenes(["a*.tif", "a1.tif", str(tmp_path / "a1.tif")])) == ["a1.tif", "a2.tif"]
    assert names(find_scenes(["**/*.tif"])) == ["a1.tif", "a2.tif", "a3.tif"]
    assert names(find_scenes(["odd.dat"])) == ["odd.dat"]  # what is named is taken at its word
    assert Path(find_scenes(["a1.tif"])[0].path).is_absolute()


def test_a_glob_names_each_scene_once_and_says_what_it_leaves_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(*(tmp_path / f"S1A_{part}.tif" for part in ("VV", "VH", "inc_angle")))
    monkeypatch.chdir(tmp_path)
    [scene] = find_scenes(["*.tif"])
    assert names([scene]) == ["S1A_VH.tif"]
    assert scene.beside == ("S1A_VV.tif (another polarisation)", "S1A_inc_angle.tif (an incidence angle)")
    assert names(find_scenes(["*_VV.tif"])) == ["S1A_VV.tif"]
    assert names(find_scenes(["S1A_VV.tif", "S1A_VH.tif"])) == ["S1A_VV.tif", "S1A_VH.tif"]  # each by its name


def test_a_list_behind_an_address_is_whole_or_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "list.txt").write_text("s1.tif\n" * 100)
    monkeypatch.setattr(batch_listing, "MOST_BYTES", 699)
    with FileServer(folder=tmp_path) as server, pytest.raises(BadOption, match="larger than"):
        find_scenes([f"{server.url}/list.txt"])


def test_tables_and_lists(tmp_path: Path) -> None:
    table = tmp_path / "lists" / "table.csv"
    touch(table)
    table.write_text(
        "\ufeffScene,year,band,crs,note\n../a.tif,2019,VH,EPSG:32631,x\ns3://bucket/key.tif,,,,\n\n/abs/b.tif,2020,,,\n"
    )
    assert find_scenes([str(table)]) == [
        Listed(str(tmp_path / "lists" / ".." / "a.tif"), 2019, "VH", "EPSG:32631"),
        Listed("/vsis3/bucket/key.tif"),
        Listed("/abs/b.tif", 2020),
    ]
    table.write_text("id;scene\n1;c.tif\n")
    assert names(find_scenes([str(table)])) == ["c.tif"]
    lines = tmp_path / "list.txt"
    lines.write_text("# all of them\na.tif\n\n https://host/x%20y.tif?sig=1 \n/vsigs/b/c.tif\n")
    assert [f.path for f in find_scenes([str(lines)])] == [
        str(tmp_path / "a.tif"),
        "/vsicurl/https://host/x%20y.tif?sig=1",
        "/vsigs/b/c.tif",
    ]


@pytest.mark.parametrize(
    ("content", "error"),
    [("name\na.tif\n", BadOption), ("scene,year\na.tif,last\n", BadOption), ("scene\n", SceneNotFound)],
)
def test_tables_that_say_nothing(tmp_path: Path, content: str, error: type) -> None:
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(error):
        find_scenes([str(tmp_path / "t.csv")])


def test_arguments_that_name_nothing(tmp_path: Path) -> None:
    for argument in (str(tmp_path), str(tmp_path / "x.tif"), str(tmp_path / "*.tif")):
        with pytest.raises(SceneNotFound):
            find_scenes([argument])
    (tmp_path / "bad.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadOption):
        find_scenes([str(tmp_path / "bad.txt")])


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("s3://b/k.tif", "/vsis3/b/k.tif"),
        ("gs://b/k.tif", "/vsigs/b/k.tif"),
        ("az://b/k.tif", "/vsiaz/b/k.tif"),
        ("https://h/k.tif", "/vsicurl/https://h/k.tif"),
        ("/vsis3/b/k.tif", "/vsis3/b/k.tif"),
    ],
)
def test_addresses_as_gdal_opens_them(address: str, path: str) -> None:
    assert gdal_path(address) == path
    assert find_scenes([address]) == [Listed(path)]


def test_scenes_and_lists_behind_an_address(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (archive / "list.txt").write_text("s1.tif\ns3.tif\n")
    (archive / "table.csv").write_text("scene\ns2.tif\n")
    for variable in batch_work.REMOTE_READING:
        monkeypatch.delenv(variable, raising=False)
    with FileServer(folder=archive) as server:
        found = find_scenes([f"{server.url}/list.txt", f"{server.url}/table.csv", f"{server.url}/s0.tif"])
        assert [one.path for one in found] == [f"/vsicurl/{server.url}/s{i}.tif" for i in (1, 3, 2, 0)]
        result = run_batch(found, archive.parent / "out", Run(), Here())
        assert result.totals() == {"ship": 10}
        with pytest.raises(SceneNotFound):
            find_scenes([f"{server.url}/missing.txt"])
    with pytest.raises(BadOption):
        find_scenes(["s3://bucket/list.txt"])


# --- names ------------------------------------------------------------------------------------------------------------


def test_results_of_scenes_with_one_name_do_not_meet() -> None:
    scenes = [Listed(p) for p in ("/a/x.tif", "/b/x.tif", "/c/X.TIF", "/a/index.tif", "/a/batch.tif", "/a/S1.SAFE")]
    found = _names(scenes, {})
    assert len({name.lower() for name in found.values()}) == 6
    assert found["/a/x.tif"] == "x"
    assert found["/a/S1.SAFE"] == "S1"
    assert found["/a/index.tif"] != "index"
    known = {"/b/x.tif": "x"}
    assert _names(scenes, known)["/b/x.tif"] == "x"
    assert _names(scenes, known)["/a/x.tif"] != "x"


@given(st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=8, unique=True))
def test_any_path_gives_a_name_that_file_systems_take(paths: list[str]) -> None:
    found = _names([Listed(p) for p in paths], {})
    assert len({n.lower() for n in found.values()}) == len(paths)
    for name in found.values():
        assert name
        assert not set(name) & set('/\\:*?"<>|\0\n')
        assert not name.startswith(".")


# --- settings and command ---------------------------------------------------------------------------------------------


def test_keys_are_no_part_of_what_is_written() -> None:
    settings = Run(engine="http://h/v1", engine_options=(("api_key", Secret("k3y")), ("ca", "/x"), ("model", "m")))
    assert "k3y" not in json.dumps(settings.decides()) + repr(settings)
    assert settings.decides()["engine_options"] == {"model": "m"}
    other = replace(settings, engine_options=(("api_key", Secret("new")), ("model", "m")))
    assert other.decides() == settings.decides()


def test_wrong_commands(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(archive.parent / "out")
    for arguments, code in (
        ([str(archive / "none.tif")], "SCENE_NOT_FOUND"),
        ([str(archive), "--workers", "0"], "BAD_OPTION"),
        ([str(archive), "--device", "cpu"], "BAD_OPTION"),
        ([str(archive), "--tasks", "dance"], "UNKNOWN_TASK"),
    ):
        with pytest.raises(SystemExit) as exit_:
            main(["batch", *arguments, "--out", out, "--json"])
        assert exit_.value.code == 1
        assert json.loads(capsys.readouterr().out)["error"]["code"] == code
    assert not Path(out).exists()
