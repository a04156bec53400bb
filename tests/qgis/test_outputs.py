"""Nothing is lost on the way to a file, and nothing that was there before: exports, outputs of algorithms, reviews."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from conftest import FUSAR, ROOT, SAMPLE
from desktop_window import wait
from osgeo import gdal, ogr
from qgis.core import (
    QgsApplication,
    QgsCoordinateTransformContext,
    QgsFeature,
    QgsGeometry,
    QgsProject,
    QgsRectangle,
    QgsVectorFileWriter,
    QgsVectorLayer,
)
from test_provider import Feedback, reviewed, run

from fusar_qgis import compat
from fusar_qgis.engine.errors import EngineError
from fusar_qgis.provider.export_fields import unformulated
from fusar_qgis.replacing import check_replaceable

gdal.UseExceptions()
ogr.UseExceptions()
pytestmark = pytest.mark.usefixtures("provider")


@pytest.fixture(autouse=True)
def _clear(qgis_app: object):
    yield
    QgsProject.instance().clear()


def in_project(path: Path) -> QgsVectorLayer:
    """A file as a layer of the project, as whoever edits it has it. Without an owner it outlives QGIS, and crashes."""
    layer = QgsVectorLayer(str(path), "o", "ogr")
    QgsProject.instance().addMapLayer(layer)
    return layer


def edited(**added: str) -> QgsVectorLayer:
    """Detections with fields of an analyst's: name → the value of all rows."""
    layer = reviewed()
    layer.startEditing()
    for name in added:
        layer.addAttribute(compat.field(name, "text"))
    layer.updateFields()
    for feature in layer.getFeatures():
        for name, value in added.items():
            layer.changeAttributeValue(feature.id(), layer.fields().indexOf(name), value)
    assert layer.commitChanges()
    return layer


def written(layer: QgsVectorLayer, path: Path, name: str, action=None) -> Path:
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.layerName = name
    if action is not None:
        options.actionOnExistingFile = action
    fine = QgsVectorFileWriter.writeAsVectorFormatV3(layer, str(path), QgsCoordinateTransformContext(), options)
    assert fine[0] == QgsVectorFileWriter.WriterError.NoError, fine
    return path


def names_in(path: Path) -> list[str]:
    return sorted(layer.GetName() for layer in ogr.Open(str(path)))


# --- fields ----------------------------------------------------------------------------------------------------------


def test_a_shapefile_has_all_fields_under_distinct_names_ours_first_and_says_so(tmp_path: Path) -> None:
    layer = edited(observation_1="first", observation_2="second", parse="mine")
    out = tmp_path / "o.shp"
    results, feedback, _ = run("export_detections", INPUT=layer.id(), OUTPUT=str(out))
    assert feedback.errors == []
    read = QgsVectorLayer(str(out), "o", "ogr")
    assert len(read.fields()) == len(layer.fields())
    row = next(read.getFeatures())
    told = {n: row[n] for n in ("observat_1", "observat_2", "parse_1")}
    assert told == {"observat_1": "first", "observat_2": "second", "parse_1": "mine"}
    assert read.fields().indexFromName("parse") < read.fields().indexFromName("parse_1")
    assert "Renamed: the field observation_1 is observat_1." in feedback.notes
    assert "Renamed: the field parse is parse_1." in feedback.notes
    assert (tmp_path / "o.cpg").read_text().strip() == "UTF-8"
    assert results["COUNT"] == 2


def test_a_shapefile_exported_again_keeps_its_names(tmp_path: Path) -> None:
    run("export_detections", INPUT=reviewed().id(), OUTPUT=str(tmp_path / "a.shp"))
    _, feedback, _ = run("export_detections", INPUT=str(tmp_path / "a.shp"), OUTPUT=str(tmp_path / "b.shp"))
    assert feedback.errors == []
    first, second = (QgsVectorLayer(str(tmp_path / f"{n}.shp"), n, "ogr").fields().names() for n in "ab")
    assert sorted(first) == sorted(second)


def test_an_ending_in_capitals_leads_to_the_file_that_is_named(tmp_path: Path) -> None:
    results, feedback, _ = run("export_detections", INPUT=reviewed().id(), OUTPUT=str(tmp_path / "UP.SHP"))
    assert feedback.errors == []
    assert Path(results["OUTPUT"]).is_file()


def test_a_shapefile_of_an_algorithm_says_how_its_texts_are_written(tmp_path: Path) -> None:
    out = tmp_path / "ü.shp"
    _, feedback, _ = run("interpret_scene", INPUT=str(SAMPLE), TASKS=["detect"], DETECTIONS=str(out))
    assert feedback.errors == []
    assert out.with_suffix(".cpg").read_text().strip() == "UTF-8"


def test_no_text_in_csv_is_a_formula(tmp_path: Path) -> None:
    out = tmp_path / "o.csv"
    run("export_detections", INPUT=edited(note='=HYPERLINK("http://h/")').id(), OUTPUT=str(out))
    assert "'=HYPERLINK" in out.read_text("utf-8")
    code = "from fusar_core.results.columns import unformulated as u; import sys; print([u(a) for a in sys.argv[1:]])"
    texts = ["=1", "-1.5", "+a", "@x", "plain", "-", "\tx"]
    done = subprocess.run([FUSAR.with_name("python"), "-c", code, *texts], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str([unformulated(text) for text in texts])


def test_what_holds_no_detections_is_not_exported_as_some(tmp_path: Path) -> None:
    outputs = {"GRID_CELLS": str(tmp_path / "g.gpkg"), "ANSWERS": str(tmp_path / "a.gpkg")}
    run("interpret_scene", INPUT=str(SAMPLE), DETECTIONS=str(tmp_path / "d.gpkg"), **outputs)
    for name in ("g", "a"):
        _, feedback, _ = run(
            "export_detections", INPUT=str(tmp_path / f"{name}.gpkg"), OUTPUT=str(tmp_path / f"{name}.shp")
        )
        assert "holds no detections" in feedback.errors[-1]


# --- what was there ---------------------------------------------------------------------------------------------------


def quay() -> QgsVectorLayer:
    layer = QgsVectorLayer("Polygon?crs=EPSG:32631&field=name:string", "q", "memory")
    feature = QgsFeature(layer.fields())
    feature.setGeometry(QgsGeometry.fromRect(QgsRectangle(0, 0, 1, 1)))
    layer.dataProvider().addFeatures([feature])
    return layer


@pytest.mark.parametrize("overwrite", [False, True])
def test_layers_of_others_in_a_geopackage_stay(overwrite: bool, tmp_path: Path) -> None:
    port = written(quay(), tmp_path / "port.gpkg", "harbour_plan")
    before = port.read_bytes()
    _, feedback, _ = run("export_detections", INPUT=reviewed().id(), OUTPUT=str(port), OVERWRITE=overwrite)
    assert feedback.error_code == "OUTPUT_FOREIGN"
    assert "harbour_plan" in feedback.errors[-1]
    for place in (str(port), f"ogr:dbname='{port}' table=\"harbour_plan\" (geom)"):
        _, feedback, _ = run("interpret_scene", INPUT=str(SAMPLE), DETECTIONS=place, OVERWRITE=overwrite)
        assert feedback.error_code == "OUTPUT_FOREIGN", place
        assert feedback.chips == [], "it is said before the work"
    assert port.read_bytes() == before


def test_a_table_of_its_own_beside_others_is_fine(tmp_path: Path) -> None:
    port = written(quay(), tmp_path / "port.gpkg", "harbour_plan")
    place = f"ogr:dbname='{port}' table=\"ships\" (geom)"
    for _ in range(2):  # and again in its place
        _, feedback, _ = run("interpret_scene", INPUT=str(SAMPLE), TASKS=["detect"], DETECTIONS=place)
        assert feedback.errors == []
    assert names_in(port) == ["harbour_plan", "ships"]


@pytest.mark.parametrize("suffix", ["gpkg", "shp", "geojson", "csv"])
def test_a_reviewed_result_is_replaced_only_when_asked(suffix: str, tmp_path: Path) -> None:
    out = tmp_path / f"o.{suffix}"
    layer = reviewed()
    run("export_detections", INPUT=layer.id(), OUTPUT=str(out))
    before = out.read_bytes()
    _, feedback, _ = run("export_detections", INPUT=layer.id(), OUTPUT=str(out), KEEP_REJECTED=True)
    assert feedback.error_code == "OUTPUT_REVIEWED"
    assert "OVERWRITE" in feedback.errors[-1]
    assert out.read_bytes() == before
    results, feedback, _ = run(
        "export_detections", INPUT=layer.id(), OUTPUT=str(out), KEEP_REJECTED=True, OVERWRITE=True
    )
    assert feedback.errors == []
    assert QgsVectorLayer(str(out), "o", "ogr").featureCount() == results["COUNT"] == 3


@pytest.mark.parametrize("suffix", ["shp", "geojson"])
def test_a_target_that_an_analyst_drew_is_replaced_only_when_asked(suffix: str, tmp_path: Path) -> None:
    out = tmp_path / f"o.{suffix}"
    run("interpret_scene", INPUT=str(SAMPLE), TASKS=["detect"], DETECTIONS=str(out))
    there = in_project(out)
    assert there.startEditing()
    assert there.changeAttributeValue(next(there.getFeatures()).id(), there.fields().indexFromName("engine"), "")
    assert there.commitChanges()
    before = out.read_bytes()
    _, feedback, _ = run("interpret_scene", INPUT=str(SAMPLE), TASKS=["detect"], DETECTIONS=str(out))
    assert feedback.error_code == "OUTPUT_REVIEWED"
    assert out.read_bytes() == before


def test_a_result_nobody_has_worked_on_is_replaced(tmp_path: Path) -> None:
    for suffix in ("gpkg", "shp", "geojson"):
        for _ in range(2):
            out = str(tmp_path / f"ships 1.{suffix}")
            _, feedback, _ = run("interpret_scene", INPUT=str(SAMPLE), TASKS=["detect"], DETECTIONS=out)
            assert feedback.errors == []


def test_no_output_is_an_input_or_another_output(tmp_path: Path) -> None:
    out = tmp_path / "o.gpkg"
    run("export_detections", INPUT=reviewed().id(), OUTPUT=str(out))
    _, feedback, _ = run("export_detections", INPUT=str(out), OUTPUT=str(out), OVERWRITE=True)
    assert feedback.error_code == "OUTPUT_IS_INPUT"
    (tmp_path / "link.gpkg").symlink_to(out)
    _, feedback, _ = run("export_detections", INPUT=str(out), OUTPUT=str(tmp_path / "link.gpkg"), OVERWRITE=True)
    assert feedback.error_code == "OUTPUT_IS_INPUT"
    both = {"DETECTIONS": str(tmp_path / "x.gpkg"), "GRID_CELLS": str(tmp_path / "x.gpkg")}
    _, feedback, _ = run("interpret_scene", INPUT=str(SAMPLE), **both)
    assert feedback.error_code == "OUTPUT_IS_INPUT"


def test_a_geopackage_that_is_being_edited_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "o.gpkg"
    run("interpret_scene", INPUT=str(SAMPLE), TASKS=["detect"], DETECTIONS=str(out))
    layer = in_project(out)
    layer.startEditing()
    layer.changeAttributeValue(1, layer.fields().indexFromName("review"), "confirmed")
    _, feedback, _ = run("export_detections", INPUT=reviewed().id(), OUTPUT=str(out), OVERWRITE=True)
    assert feedback.error_code == "OUTPUT_IN_USE"
    assert layer.commitChanges()


ENGINE_SAYS = """
import sys
from pathlib import Path
from fusar_core.domain.schema import DETECTIONS
from fusar_core.errors import FusarError
from fusar_core.results.replacing import check_replaceable
for name in sys.argv[2:]:
    try:
        check_replaceable(Path(name), overwrite=sys.argv[1] == "yes", layers=[DETECTIONS])
        print("-")
    except FusarError as error:
        print(error.code)
"""


def test_the_plugin_and_the_engine_say_the_same_of_a_place(tmp_path: Path) -> None:
    layer, places = reviewed(), []
    fresh = edited()
    at = fresh.fields().indexFromName("review")
    fresh.dataProvider().changeAttributeValues({f.id(): {at: "unreviewed"} for f in fresh.getFeatures()})
    engine = fresh.fields().indexFromName("engine")
    fresh.dataProvider().changeAttributeValues({f.id(): {engine: "cfar"} for f in fresh.getFeatures()})
    for suffix in ("gpkg", "shp", "geojson", "csv"):
        for name, kind in (("reviewed", layer), ("fresh", fresh), ("own", edited(note="x")), ("other", quay())):
            path = tmp_path / f"{name}.{suffix}"
            if name == "other":
                driver = {"gpkg": "GPKG", "shp": "ESRI Shapefile", "geojson": "GeoJSON", "csv": "CSV"}[suffix]
                options = QgsVectorFileWriter.SaveVectorOptions()
                options.driverName = driver
                QgsVectorFileWriter.writeAsVectorFormatV3(kind, str(path), QgsCoordinateTransformContext(), options)
            else:
                run("export_detections", INPUT=kind.id(), OUTPUT=str(path))
            places.append(path)
        for name, content in (("text", b"no file of ours"), ("empty", b"")):
            path = tmp_path / f"{name}.{suffix}"
            path.write_bytes(content)
            places.append(path)
    for overwrite in (False, True):
        words = [FUSAR.with_name("python"), "-c", ENGINE_SAYS, "yes" if overwrite else "no", *places]
        done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=ROOT)
        theirs = dict(zip([p.name for p in places], done.stdout.split(), strict=True))
        ours = {}
        for path in places:
            try:
                check_replaceable(path, "detections", overwrite=overwrite)
                ours[path.name] = "-"
            except EngineError as error:
                ours[path.name] = error.code
        assert ours == theirs


def test_an_export_from_a_dialog_is_loaded_with_its_style(tmp_path: Path) -> None:
    """A dialog runs it in a thread, with a context of its own that is told of what is to be loaded."""
    from qgis.core import QgsProcessingAlgRunnerTask, QgsProcessingContext, QgsProcessingOutputLayerDefinition

    layer = reviewed()
    for name in ("o.gpkg", "UP.SHP"):
        algorithm = QgsApplication.processingRegistry().createAlgorithmById("fusar:export_detections")
        context, feedback, ended = QgsProcessingContext(), Feedback(), []
        context.setProject(QgsProject.instance())
        output = QgsProcessingOutputLayerDefinition(str(tmp_path / name), QgsProject.instance())
        task = QgsProcessingAlgRunnerTask(algorithm, {"INPUT": layer.id(), "OUTPUT": output}, context, feedback)
        task.executed.connect(lambda ok, results, ended=ended: ended.append((ok, results)))
        QgsApplication.taskManager().addTask(task)
        wait(lambda ended=ended: ended)
        assert ended[0][0], feedback.errors
        (place,) = context.layersToLoadOnCompletion()
        assert place == ended[0][1]["OUTPUT"]
        assert QgsVectorLayer(place, "o", "ogr").isValid()
        assert context.layersToLoadOnCompletion()[place].postProcessor() is not None
