"""Nothing of the user's is destroyed: what a command is about to write is looked at before it works."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from scenes import an_old_result, ships_scene

from fusar_core.cli import main
from fusar_core.errors import OutputForeign, OutputIsInput, OutputReviewed, OutputUnwritable
from fusar_core.results.claim import claim, files_of
from fusar_core.results.vector_io import read_layers, write_layers

ROADS = (
    '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"A1"},'
    '"geometry":{"type":"Point","coordinates":[1,2]}}]}'
)
SHIPS = [(120.0, 90.0), (300.0, 200.0)]


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    return ships_scene(tmp_path / "s.tif", SHIPS)


def run(*arguments: Any) -> int:
    with pytest.raises(SystemExit) as exit_:
        main([str(a) for a in arguments])
    return int(exit_.value.code or 0)


def code_of(capsys: pytest.CaptureFixture[str]) -> str:
    return str(json.loads(capsys.readouterr().out)["error"]["code"])


def a_layer_of_others(path: Path, layer: str = "harbour_plan") -> None:
    shape = shapely.to_wkb(np.array([shapely.box(0, 0, 1, 1)], object))
    names, values = ["name"], [np.array(["quay"], object)]
    about: dict[str, Any] = {"geometry_type": "Polygon", "crs": "EPSG:32631", "append": path.exists()}
    pyogrio.raw.write(path, shape, values, names, layer=layer, driver="GPKG", **about)


def edited(path: Path, sql: str) -> None:
    """A change as another program makes it; the triggers of the spatial index want functions."""
    with closing(sqlite3.connect(path)) as database:
        _with_functions(database)
        database.execute(sql)
        database.commit()


def _with_functions(database: sqlite3.Connection) -> None:
    for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
        database.create_function(name, 1, lambda _: 0)


# --- an output that is an input ---------------------------------------------------------------------------------------


def same_name(path: Path) -> Path:
    return path


def through_a_link(path: Path) -> Path:
    link = path.with_name(f"link{path.suffix}")
    link.symlink_to(path)
    return link


def a_hard_link(path: Path) -> Path:
    link = path.with_name(f"hard{path.suffix}")
    os.link(path, link)
    return link


def by_another_way(path: Path) -> Path:
    (path.parent / "sub").mkdir()
    return path.parent / "sub" / ".." / path.name


@pytest.mark.parametrize("way", [same_name, through_a_link, a_hard_link, by_another_way])
def test_an_output_is_no_input_by_whatever_name(scene: Path, way: Callable[[Path], Path]) -> None:
    with pytest.raises(OutputIsInput, match=r"s\.tif is read"):
        claim([way(scene)], [scene])


@pytest.mark.parametrize(
    "words",
    [
        ["anchors", "s.tif", "--source", "s.tif", "--out", "s.tif"],
        ["anchors", "s.tif", "--source", "aef.tif", "--out", "a.npz", "--preview", "aef.tif"],
        ["interpret", "s.tif", "--out", "r.gpkg", "--map", "s.tif"],
        ["interpret", "r.gpkg", "--out", "r.gpkg"],
        ["interpret", "s.tif", "--water-mask", "w.geojson", "--out", "w.geojson"],
        ["interpret", "s.tif", "--water-mask", "w.geojson", "--out", "r.gpkg", "--map", "w.geojson"],
        ["interpret", "s.tif", "--water-mask", "w_answers.geojson", "--out", "w.geojson"],
        ["interpret", "s.tif", "--prior", "aef.tif", "--out", "r.gpkg", "--map", "aef.tif"],
        ["interpret", "s.tif", "--out", "r.geojson", "--map", "r_answers.geojson"],
        ["interpret", "s.vrt", "--out", "r.gpkg", "--map", "s.tif"],
        ["export", "r.gpkg", "r.gpkg"],
        ["evaluate", "--dataset", "d.json", "--images", ".", "--task", "detect", "--out", "d.json"],
        [
            "evaluate",
            "--dataset",
            "d.json",
            "--images",
            ".",
            "--task",
            "detect",
            "--baseline",
            "b.json",
            "--out",
            "b.json",
        ],
        ["evaluate", "--dataset", "d.json", "--images", ".", "--task", "detect", "--out", "s.tif"],
    ],
)
def test_every_command_refuses_to_write_over_what_it_reads(
    words: list[str], scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    an_old_result(Path("r.gpkg"))
    for name in ("w.geojson", "w_answers.geojson", "aef.tif", "d.json", "b.json"):
        Path(name).write_text("{}")
    Path("s.vrt").write_text('<VRTDataset><SourceFilename relativeToVRT="1">s.tif</SourceFilename></VRTDataset>')
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert run(*words, "--json") == 1 if words[0] != "export" else run(*words) == 1
    assert "OUTPUT_IS_INPUT" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    "name",
    [
        "/vsizip/{0}/inside.tif",
        "/vsigzip/{0}",
        'HDF5:"{0}"://Band1',
        "HDF5:{0}://Band1",
        "NETCDF:{0}:sigma0",
        "{0}|layername=detections",
        "GTIFF_DIR:1:{0}",
    ],
)
def test_the_file_in_a_name_of_gdals_own_is_found(name: str, scene: Path) -> None:
    assert scene in list(files_of(name.format(scene)))


def test_nothing_in_a_product_or_a_model_is_written(tmp_path: Path) -> None:
    product, model = tmp_path / "S1A.SAFE", tmp_path / "model"
    for folder in (product, model):
        folder.mkdir()
    (model / "config.json").write_text("{}")
    for path, source in ((product / "new.gpkg", product), (model / "scores.json", model)):
        with pytest.raises(OutputIsInput):
            claim([path], [source])


def test_results_may_lie_beside_images(tmp_path: Path) -> None:
    (tmp_path / "scores.json").write_text("{}")
    claim([tmp_path / "scores.json"], [tmp_path])


# --- what is not ours -------------------------------------------------------------------------------------------------


def test_layers_of_others_stay(scene: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    port = tmp_path / "port.gpkg"
    a_layer_of_others(port)
    before = port.read_bytes()
    for words in (["interpret", scene, "--out", port], ["interpret", scene, "--out", port, "--overwrite"]):
        assert run(*words, "--json") == 1
        assert code_of(capsys) == "OUTPUT_FOREIGN"
    an_old_result(tmp_path / "r.gpkg")
    assert run("export", tmp_path / "r.gpkg", port) == 1
    assert port.read_bytes() == before


@pytest.mark.parametrize("sql", ["CREATE TABLE mine (a)", "CREATE VIEW mine AS SELECT 1"])
def test_a_table_that_is_no_layer_is_others_too(tmp_path: Path, sql: str) -> None:
    an_old_result(tmp_path / "r.gpkg")
    edited(tmp_path / "r.gpkg", sql)
    with pytest.raises(OutputForeign, match="'mine'"):
        claim([tmp_path / "r.gpkg"])


def test_a_layer_of_our_name_and_other_fields_is_others(tmp_path: Path) -> None:
    a_layer_of_others(tmp_path / "r.gpkg", "detections")
    with pytest.raises(OutputForeign):
        claim([tmp_path / "r.gpkg"], overwrite=True)


@pytest.mark.parametrize("name", ["roads.geojson", "roads.csv", "text.gpkg", "cut.gpkg"])
def test_a_file_that_is_no_result_is_replaced_only_when_asked(tmp_path: Path, name: str) -> None:
    content = {
        "roads.geojson": ROADS.encode(),
        "roads.csv": b"name,class\nA1,road\n",
        "text.gpkg": b"a diary",
        "cut.gpkg": an_old_result(tmp_path / "r.gpkg")[:9000],
    }[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(OutputForeign):
        claim([tmp_path / name])
    claim([tmp_path / name], overwrite=True)


def test_layers_beside_a_file_are_looked_at_too(tmp_path: Path) -> None:
    (tmp_path / "r_answers.geojson").write_text(ROADS)
    with pytest.raises(OutputForeign, match="r_answers"):
        claim([tmp_path / "r.geojson"])


def test_a_shapefile_does_not_replace_a_table_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "crew.dbf").write_bytes(b"somebody's")
    with pytest.raises(OutputForeign, match=r"crew\.dbf"):
        claim([tmp_path / "crew.shp"])


@pytest.mark.parametrize("form", ["gpkg", "shp", "geojson", "csv"])
def test_our_own_unreviewed_results_are_replaced(tmp_path: Path, form: str) -> None:
    for _ in range(2):
        claim([tmp_path / f"r.{form}"])
        an_old_result(tmp_path / f"r.{form}")


# --- an analyst's work ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("UPDATE detections SET review = 'confirmed' WHERE fid = 1", "1 reviewed"),
        ("ALTER TABLE detections ADD COLUMN note TEXT", "note"),
        ("INSERT INTO detections (class, review) VALUES ('ship', 'unreviewed')", "no engine found"),
    ],
)
def test_a_result_with_an_analysts_work_is_replaced_only_when_asked(
    scene: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], sql: str, said: str
) -> None:
    out = tmp_path / "r.gpkg"
    assert run("interpret", scene, "--out", out) == 0
    edited(out, sql)
    capsys.readouterr()
    assert run("interpret", scene, "--out", out, "--json") == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["code"], said in error["message"]) == ("OUTPUT_REVIEWED", True)
    assert run("interpret", scene, "--out", out, "--overwrite") == 0
    assert {row["review"] for row in read_layers(out)[0].rows} == {"unreviewed"}


@pytest.mark.parametrize("form", ["shp", "geojson", "csv"])
def test_reviews_in_other_formats_are_seen(tmp_path: Path, form: str) -> None:
    from test_vector_io import table

    write_layers([table(review="confirmed")], tmp_path / f"r.{form}")
    with pytest.raises(OutputReviewed, match="2 reviewed"):
        write_layers([table()], tmp_path / f"r.{form}")
    write_layers([table()], tmp_path / f"r.{form}", overwrite=True)


@pytest.mark.parametrize("form", ["shp", "geojson", "csv"])
def test_features_that_an_analyst_drew_are_seen_in_other_formats(tmp_path: Path, form: str) -> None:
    from test_vector_io import table

    write_layers([table(engine="")], tmp_path / f"r.{form}")
    with pytest.raises(OutputReviewed, match="2 features of 'detections' that no engine found"):
        write_layers([table()], tmp_path / f"r.{form}")


@pytest.mark.parametrize("name", ["other.tif", "other.png", "other", "other.docx"])
def test_a_map_replaces_nothing_but_a_picture(
    scene: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / name
    other.write_bytes(scene.read_bytes())
    assert run("interpret", scene, "--out", tmp_path / "r.gpkg", "--map", other, "--json") == 1
    assert code_of(capsys) == "OUTPUT_FOREIGN"
    assert other.read_bytes() == scene.read_bytes()
    assert not (tmp_path / "r.gpkg").exists()


@pytest.mark.parametrize(("name", "content"), [("m.png", b"\x89PNG..."), ("a.npz", b"PK.."), ("e.json", b"{}")])
def test_an_earlier_output_of_the_same_kind_is_replaced(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    claim([tmp_path / name])
    (tmp_path / name).write_bytes(b"II*\0 a picture of another kind")
    with pytest.raises(OutputForeign):
        claim([tmp_path / name])
    claim([tmp_path / name], overwrite=True)


def test_work_that_began_during_the_run_is_safe_too(tmp_path: Path) -> None:
    from test_vector_io import table

    out = tmp_path / "r.gpkg"
    write_layers([table()], out)
    claim([out])
    edited(out, "UPDATE detections SET review = 'rejected'")
    with pytest.raises(OutputReviewed):
        write_layers([table()], out)
    assert {row["review"] for row in read_layers(out)[0].rows} == {"rejected"}


# --- open elsewhere ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_a_geopackage_that_is_being_edited_is_refused(
    scene: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], mode: str
) -> None:
    out = tmp_path / "r.gpkg"
    assert run("interpret", scene, "--out", out) == 0
    capsys.readouterr()
    with closing(sqlite3.connect(out, isolation_level=None)) as editing:
        _with_functions(editing)
        editing.execute(f"PRAGMA journal_mode={mode}")
        editing.execute("BEGIN")
        editing.execute("UPDATE detections SET review = 'confirmed'")
        if mode == "WAL":
            editing.execute("COMMIT")
        assert run("interpret", scene, "--out", out, "--overwrite", "--json") == 1
        assert code_of(capsys) == "OUTPUT_IN_USE"
        if mode == "DELETE":
            editing.execute("COMMIT")
    assert {row["review"] for row in read_layers(out)[0].rows} == {"confirmed"}
    claim([out], overwrite=True)


def test_what_a_dead_editor_left_is_brought_to_its_end(tmp_path: Path) -> None:
    out = tmp_path / "r.gpkg"
    an_old_result(out)
    child = os.fork()
    if child == 0:  # edits in WAL mode, and dies
        database = sqlite3.connect(out)
        _with_functions(database)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("INSERT INTO detections (class, review) VALUES ('ship', 'confirmed')")
        database.commit()
        os._exit(0)
    os.waitpid(child, 0)
    assert (tmp_path / "r.gpkg-wal").stat().st_size > 0
    with pytest.raises(OutputReviewed):
        claim([out])
    claim([out], overwrite=True)
    assert not (tmp_path / "r.gpkg-wal").exists()


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a\nb.gpkg", "x" * 300 + ".gpkg", "x" * 251 + ".gpkg", os.fsdecode(b"caf\xe9.gpkg")])
def test_names_that_cannot_be_are_refused_before_the_run(
    name: str, scene: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["--out", tmp_path / name], ["--out", tmp_path / "r.gpkg", "--map", tmp_path / (name[:-4] + "png")]):
        assert run("interpret", scene, *words, "--json") == 1
        assert code_of(capsys) == "OUTPUT_UNWRITABLE"


def test_the_longest_name_works(tmp_path: Path) -> None:
    from test_vector_io import ALL

    for form in ("gpkg", "shp"):
        path = tmp_path / ("x" * 225 + f".{form}")
        claim([path])
        write_layers(ALL, path)


def test_a_pipe_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "m.png")
    with pytest.raises(OutputUnwritable):
        claim([tmp_path / "m.png"])
