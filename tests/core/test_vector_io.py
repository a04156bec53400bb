"""Layers are written whole or not at all, and come back as they were."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyogrio
import pyproj
import pytest
import shapely

from fusar_core.domain.schema import ANSWERS, DETECTIONS, GRID_CELLS, LAYERS
from fusar_core.errors import BadOption, BadResults, DiskFull, OutputUnwritable
from fusar_core.results.tables import FeatureTable
from fusar_core.results.vector_io import format_of, read_layers, write_layers

UTM = pyproj.CRS.from_epsg(32611)
DEFAULTS: dict[str, Any] = {"text": "x", "real": 1.5, "integer": 3, "boolean": True}


def table(layer: Any = DETECTIONS, rows: int = 2, crs: pyproj.CRS | None = UTM, **values: Any) -> FeatureTable:
    polygons = [shapely.box(400_000 + 100 * i, 3_700_000, 400_050 + 100 * i, 3_700_020) for i in range(rows)]
    row = {f.name: DEFAULTS[f.type] for f in layer.fields} | {"review": "unreviewed"} | values
    return FeatureTable(layer, crs, polygons, [dict(row) for _ in range(rows)], {"engine": "cfar"})


ALL = [table(layer) for layer in LAYERS]


def test_the_schema_fits_shapefiles() -> None:
    for layer in LAYERS:
        shorts = [f.short for f in layer.fields]
        assert all(len(s) <= 10 for s in shorts)
        assert len(set(shorts)) == len(shorts)


def test_the_schema_is_the_published_one() -> None:
    common = ["task", "prompt", "engine", "model", "scene", "acquired", "chip", "px_bbox", "parse_status", "raw_text"]
    common += ["aef_year", "flags", "review"]
    assert [f.name for f in DETECTIONS.fields] == ["class", "score", "length_m", "width_m", "area_m2", *common]
    assert [f.name for f in GRID_CELLS.fields] == ["cell", "row", "col", "class", "present", "score", *common]
    assert [f.name for f in ANSWERS.fields] == ["question", "answer", "value", "class", "score", *common]


def test_a_geopackage_comes_back_as_it_was(tmp_path: Path) -> None:
    nulls = table(DETECTIONS, score=None, aef_year=None, raw_text="Schiff – 船")
    cells = table(GRID_CELLS, present=None)
    write_layers([nulls, cells, table(ANSWERS, value=None)], tmp_path / "a.gpkg")
    back = read_layers(tmp_path / "a.gpkg")
    assert [t.layer.name for t in back] == ["detections", "grid_cells", "answers"]
    assert back[0].rows == nulls.rows
    assert back[1].rows == cells.rows
    assert back[0].polygons[1].equals(nulls.polygons[1])
    assert back[0].crs == UTM


def test_empty_layers_keep_their_fields(tmp_path: Path) -> None:
    for name in ("a.gpkg", "a.shp", "a.geojson"):
        write_layers([table(layer, rows=0) for layer in LAYERS], tmp_path / name)
    assert [len(t.rows) for t in read_layers(tmp_path / "a.gpkg")] == [0, 0, 0]
    assert list(pyogrio.read_info(tmp_path / "a.shp")["fields"])[:3] == ["class", "score", "length_m"]


def test_a_shapefile_has_short_names_and_short_texts(tmp_path: Path) -> None:
    files = write_layers([table(raw_text="船" * 300)], tmp_path / "a.shp")
    info = pyogrio.read_info(files["detections"])
    assert list(info["fields"]) == [f.short for f in DETECTIONS.fields]
    meta, _, _, columns = pyogrio.raw.read(files["detections"])
    text = dict(zip(meta["fields"], columns, strict=True))["raw_text"][0]
    assert text == "船" * (254 // 3)


def test_other_layers_lie_beside_a_shapefile_and_old_ones_are_replaced(tmp_path: Path) -> None:
    write_layers([table(layer, rows=5) for layer in LAYERS], tmp_path / "a.shp")
    files = write_layers([table(layer, rows=2) for layer in LAYERS], tmp_path / "a.shp")
    assert {name: path.name for name, path in files.items()} == {
        "detections": "a.shp",
        "grid_cells": "a_grid_cells.shp",
        "answers": "a_answers.shp",
    }
    assert all(pyogrio.read_info(path, force_feature_count=True)["features"] == 2 for path in files.values())
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_geojson_is_in_longitude_and_latitude(tmp_path: Path) -> None:
    files = write_layers([table()], tmp_path / "a.geojson")
    bounds = pyogrio.read_info(files["detections"], force_total_bounds=True)["total_bounds"]
    lon, lat = pyproj.Transformer.from_crs(UTM, 4326, always_xy=True).transform(400_000, 3_700_000)
    assert bounds[:2] == pytest.approx((lon, lat), abs=1e-4)


def test_geojson_over_the_antimeridian_stays_on_its_side(tmp_path: Path) -> None:
    ship = shapely.box(179.9995, 10.0, 180.0005, 10.001)  # runs past 180
    source = FeatureTable(DETECTIONS, pyproj.CRS("OGC:CRS84"), [ship], table(rows=1).rows)
    write_layers([source], tmp_path / "a.geojson")
    _, _, geometry, _ = pyogrio.raw.read(tmp_path / "a.geojson")
    back = shapely.from_wkb(geometry)[0]
    assert back.area == pytest.approx(ship.area, rel=1e-3), "a polygon around the whole globe"


def test_without_georeference_there_is_no_crs(tmp_path: Path) -> None:
    for name in ("a.gpkg", "a.shp", "a.geojson"):
        write_layers([table(crs=None)], tmp_path / name)
    assert read_layers(tmp_path / "a.gpkg")[0].crs is None
    assert not (tmp_path / "a.prj").exists()


def test_csv_has_the_centre_and_the_outline(tmp_path: Path) -> None:
    write_layers([table(rows=1)], tmp_path / "a.csv")
    header, row = (tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()[:2]
    assert header.startswith("WKT,class,score")
    assert "400025" in row
    assert "POLYGON" in row


@pytest.mark.parametrize(("name", "wanted"), [("a.tif", None), ("a", None), ("a.gpkg", "shp"), ("a.shp", "kml")])
def test_formats_that_make_no_sense_are_refused(name: str, wanted: str | None) -> None:
    with pytest.raises(BadOption):
        format_of(Path(name), wanted)


def test_an_unwritable_place_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutputUnwritable):
        write_layers([table()], tmp_path / "missing" / "a.gpkg")


FULL = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
sys.path.insert(0, {here!r})
from test_vector_io import table
from pathlib import Path
from fusar_core.results.vector_io import write_layers
try:
    write_layers([table(rows=2000)], Path({path!r}))
except Exception as error:
    print(type(error).__name__)
"""


@pytest.mark.parametrize("name", ["a.gpkg", "a.shp", "a.geojson", "a.csv"])
def test_a_full_disk_leaves_the_old_file_and_no_litter(tmp_path: Path, name: str) -> None:
    """The kernel refuses to let the file grow (a limit of 60 kB), as it does on a full disk."""
    assert resource.RLIM_INFINITY  # a POSIX machine
    path = tmp_path / name
    write_layers([table(rows=1)], path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    code = FULL.format(here=str(Path(__file__).parent), path=str(path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "DiskFull", done.stderr
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_results_that_are_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "junk.gpkg").write_bytes(b"not a database")
    pyogrio.raw.write(
        tmp_path / "other.gpkg",
        shapely.to_wkb([shapely.Point(0, 0)]),
        [],
        [],
        layer="roads",
        geometry_type="Point",
        crs="EPSG:4326",
        driver="GPKG",
    )
    for name in ("missing.gpkg", "junk.gpkg", "other.gpkg"):
        with pytest.raises(BadResults):
            read_layers(tmp_path / name)


def test_disk_full_is_a_kind_of_unwritable() -> None:
    assert issubclass(DiskFull, OutputUnwritable)
