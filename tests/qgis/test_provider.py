"""The Processing algorithms as toolbox, batch and qgis_process run them, with the real engine."""

from __future__ import annotations

import json
import os
import signal
import stat
import threading
import time
from pathlib import Path

import pytest
from conftest import ROOT, SAMPLE, WATER
from osgeo import gdal, ogr
from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputLayerDefinition,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import pyqtSignal

from fusar_qgis import layers
from fusar_qgis.engine import manager

gdal.UseExceptions()
ogr.UseExceptions()
pytestmark = pytest.mark.usefixtures("provider")
WAIT_S = 60


class Feedback(QgsProcessingFeedback):
    """What the dock's feedback has: chips, provisional features, the code of an error."""

    arrived = pyqtSignal()

    def __init__(self) -> None:
        super().__init__(False)
        self.errors: list[str] = []
        self.notes: list[str] = []
        self.chips: list[tuple[int, int]] = []
        self.features: list = []
        self.error_code = ""
        self.on_chip = lambda: None

    def reportError(self, error: str, fatalError: bool = False) -> None:
        self.errors.append(error)

    def pushWarning(self, text: str) -> None:
        self.notes.append(text)

    def pushInfo(self, text: str) -> None:
        self.notes.append(text)

    def report_chips(self, done: int, total: int) -> None:
        self.chips.append((done, total))
        self.on_chip()

    def report_features(self, layer: str, features: list) -> None:
        assert layer == "detections"
        self.features += features


def run(name: str, feedback: Feedback | None = None, **parameters) -> tuple[dict, Feedback, QgsProcessingContext]:
    """Runs an algorithm in this thread; results are empty when it failed."""
    algorithm = QgsApplication.processingRegistry().createAlgorithmById(f"fusar:{name}")
    context, feedback = QgsProcessingContext(), feedback or Feedback()
    context.setProject(QgsProject.instance())
    context.setFeedback(feedback)
    fine, why = algorithm.checkParameterValues(parameters, context)
    assert fine, why
    results, ok = algorithm.run(parameters, context, feedback)
    return (results if ok else {}), feedback, context


def detections(results: dict, context: QgsProcessingContext) -> QgsVectorLayer:
    return context.takeResultLayer(results["DETECTIONS"])


def translated(path: Path, **options) -> Path:
    gdal.Warp(str(path), str(SAMPLE), **options)
    return path


def centres(layer: QgsVectorLayer) -> list[tuple[float, float]]:
    """Longitudes and latitudes of the features, sorted, to 1e-4 of a degree."""
    to_degrees = QgsCoordinateTransform(layer.crs(), QgsCoordinateReferenceSystem("EPSG:4326"), QgsProject.instance())
    points = [to_degrees.transform(f.geometry().centroid().asPoint()) for f in layer.getFeatures()]
    return sorted((p.x(), p.y()) for p in points)


@pytest.fixture(scope="module")
def known() -> list[tuple[float, float]]:
    """Where the sample's long ships lie."""
    data = json.loads((ROOT / "resources" / "sample" / "harbour_truth.geojson").read_text("utf-8"))
    ships = [f for f in data["features"] if f["properties"]["kind"] == "ship" and f["properties"]["length_m"] > 100]
    rings = [f["geometry"]["coordinates"][0][:-1] for f in ships]
    return [(sum(x for x, _ in ring) / len(ring), sum(y for _, y in ring) / len(ring)) for ring in rings]


def test_ids_and_parameters_are_what_was_published() -> None:
    published = {
        "interpret_scene": ("INPUT EXTENT TASKS CLASSES ENGINE PRIOR YEAR", "DETECTIONS GRID_CELLS ANSWERS"),
        "classify_box": ("INPUT BOX", "OUTPUT"),
        "ask_scene": ("INPUT QUESTION EXTENT", "OUTPUT"),
        "sample_anchors": ("INPUT SOURCE GRID YEAR", "OUTPUT"),
        "export_detections": ("INPUT CONFIRMED_ONLY", "OUTPUT"),
    }
    for name, (inputs, outputs) in published.items():
        algorithm = QgsApplication.processingRegistry().createAlgorithmById(f"fusar:{name}")
        parameters = {p.name() for p in algorithm.parameterDefinitions()}
        results = {o.name() for o in algorithm.outputDefinitions()}
        assert set(inputs.split()) <= parameters, name
        assert set(outputs.split()) <= results, name
        for parameter in parameters | results:
            assert parameter in algorithm.shortHelpString(), f"the help of {name} is silent about {parameter}"


def test_a_scene_becomes_three_layers(known: list) -> None:
    results, feedback, context = run(
        "interpret_scene",
        INPUT=str(SAMPLE),
        WATER_MASK=str(WATER),
        DETECTIONS="memory:",
        GRID_CELLS="memory:",
        ANSWERS="memory:",
    )
    assert feedback.errors == []
    assert feedback.chips[-1][0] == feedback.chips[-1][1]
    assert len(feedback.features) > 20
    found = detections(results, context)
    assert found.crs().authid() == "EPSG:32629"
    assert [f.name() for f in found.fields()] == [f.name for f in layers.SCHEMA["detections"].fields]
    assert {f["review"] for f in found.getFeatures()} == {"unreviewed"}
    places = centres(found)
    missed = [k for k in known if not any(abs(x - k[0]) < 1e-3 and abs(y - k[1]) < 1e-3 for x, y in places)]
    assert len(missed) <= 0.25 * len(known), missed
    cells = context.takeResultLayer(results["GRID_CELLS"])
    assert cells.featureCount() % 9 == 0
    assert {type(f["present"]) for f in cells.getFeatures()} == {bool}
    assert context.takeResultLayer(results["ANSWERS"]).featureCount() > 0
    summary = json.loads(results["SUMMARY"])
    assert summary["counts"]["ship"] == results["COUNT"]


SCENES = {
    "degrees": {"dstSRS": "EPSG:4326", "resampleAlg": "near"},
    "world mercator": {"dstSRS": "EPSG:3395", "resampleAlg": "near"},
    "polar": {"dstSRS": "EPSG:3995", "resampleAlg": "near"},
}


@pytest.mark.parametrize("kind", [*SCENES, "rotated", "its own CRS"])
def test_detections_lie_on_the_ships_whatever_the_crs(kind: str, tmp_path: Path, known: list) -> None:
    path = tmp_path / f"scène {kind}.tif"
    if kind in SCENES:
        translated(path, **SCENES[kind])
    else:
        gdal.Translate(str(path), str(SAMPLE))
        dataset = gdal.Open(str(path), gdal.GA_Update)
        if kind == "rotated":  # by 90°: the same ships, east of the corner what was south of it
            x, step, _, y, _, _ = dataset.GetGeoTransform()
            dataset.SetGeoTransform((x, 0.0, step, y, step, 0.0))
            known = []
        else:
            dataset.SetProjection(
                'PROJCS["mine",GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],'
                'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],'
                'PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",-9],PARAMETER["scale_factor",0.9996],'
                'PARAMETER["false_easting",500000],PARAMETER["false_northing",0],UNIT["metre",1]]'
            )
        dataset = None
    results, feedback, context = run("interpret_scene", INPUT=str(path), TASKS=["detect"], DETECTIONS="memory:")
    assert feedback.errors == []
    found, raster = detections(results, context), QgsRasterLayer(str(path), kind)
    assert found.featureCount() > 20
    assert raster.extent().buffered(20 * max(raster.rasterUnitsPerPixelX(), 1e-4)).contains(found.extent())
    places = centres(found)
    hit = [k for k in known if any(abs(x - k[0]) < 1e-3 and abs(y - k[1]) < 1e-3 for x, y in places)]
    assert len(hit) >= 0.7 * len(known)


def test_an_extent_in_the_project_crs_is_not_that_of_the_layer() -> None:
    results, _, context = run(
        "interpret_scene", INPUT=str(SAMPLE), TASKS=["detect"], EXTENT="-6.73,-6.70,37.02,37.05 [EPSG:4326]",
        DETECTIONS="memory:",
    )  # fmt: skip
    found = detections(results, context)
    assert found.featureCount() > 0
    assert all(-6.735 < x < -6.695 and 37.015 < y < 37.055 for x, y in centres(found))  # whole pixels, and a margin


def test_a_scene_placed_by_control_points_shows_where_its_layer_does(tmp_path: Path) -> None:
    """As Sentinel-1 GRD are: the engine geocodes them itself, to a CRS of its own choice."""
    path, source = tmp_path / "gcp.tif", gdal.Open(str(SAMPLE))
    x, step, _, y, _, _ = source.GetGeoTransform()
    to_degrees = QgsCoordinateTransform(
        QgsCoordinateReferenceSystem("EPSG:32629"), QgsCoordinateReferenceSystem("EPSG:4326"), QgsProject.instance()
    )
    points = []
    for col in range(0, 1201, 200):
        for row in range(0, 1201, 200):
            place = to_degrees.transform(x + step * col, y - step * row)
            points.append(gdal.GCP(place.x(), place.y(), 0, col, row))
    gdal.Translate(str(path), str(SAMPLE), GCPs=points, outputSRS="EPSG:4326")
    results, feedback, context = run("interpret_scene", INPUT=str(path), TASKS=["detect"], DETECTIONS="memory:")
    assert feedback.errors == []
    layer = QgsRasterLayer(str(path), "gcp")
    within = layer.extent().buffered(0.01)
    assert len(feedback.features) > 20
    assert all(within.contains(f.geometry().boundingBox()) for f in feedback.features)
    found = centres(detections(results, context))
    assert all(
        within.xMinimum() < x < within.xMaximum() and within.yMinimum() < y < within.yMaximum() for x, y in found
    )


def test_files_of_other_names_and_places(tmp_path: Path) -> None:
    """Unicode and spaces in both paths; a shapefile, read back by OGR itself."""
    folder = tmp_path / "Größe 海 scène"
    folder.mkdir()
    scene = folder / "Häfen 1.tif"
    gdal.Translate(str(scene), str(SAMPLE))
    out = folder / "Schiffe ß.shp"
    results, feedback, _ = run("interpret_scene", INPUT=str(scene), TASKS=["detect"], DETECTIONS=str(out))
    assert feedback.errors == []
    opened = ogr.Open(str(out))  # the layer lives as long as this
    layer = opened.GetLayer()
    assert layer.GetFeatureCount() == results["COUNT"] + len(json.loads(results["SUMMARY"])["flagged"] and [
        f for f in layer if f.GetField("flags")
    ])  # fmt: skip
    layer.ResetReading()
    names = [d.GetName() for d in layer.schema]
    assert {"parse", "raw_text", "px_bbox"} < set(names)
    assert layer.GetNextFeature().GetField("scene") == "Häfen 1.tif"


BAD = {
    "no raster": ({"INPUT": str(WATER)}, None),
    "extent elsewhere": ({"EXTENT": "0,1,0,1 [EPSG:4326]"}, "BAD_EXTENT"),
    "unknown class": ({"CLASSES": "tank"}, "UNKNOWN_CLASS"),
    "no class": ({"CLASSES": " , "}, "BAD_OPTION"),
    "unknown engine": ({"ENGINE": "oracle"}, "UNKNOWN_ENGINE"),
    "unknown band": ({"BAND": "HV"}, "BAD_BAND"),
    "worker without address": ({"ENGINE": "worker"}, None),
    "water elsewhere": ({"WATER_MASK": "NOWHERE"}, "BAD_MASK"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence(case: str, tmp_path: Path) -> None:
    given, code = BAD[case]
    if given.get("WATER_MASK"):
        raster = tmp_path / "text.tif"
        raster.write_text("x")
        water = QgsVectorLayer("Polygon?crs=EPSG:32629", "empty", "memory")
        QgsProject.instance().addMapLayer(water)
        given = {"WATER_MASK": water.id()}
    parameters = {"INPUT": str(SAMPLE), "TASKS": ["detect"], "DETECTIONS": "memory:"} | given
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("fusar:interpret_scene")
    context, feedback = QgsProcessingContext(), Feedback()
    context.setProject(QgsProject.instance())
    fine, why = algorithm.checkParameterValues(parameters, context)
    if fine:
        _, ok = algorithm.run(parameters, context, feedback)
        assert not ok
        why = feedback.errors[-1]
    assert why
    assert "Traceback" not in why
    if code:
        assert feedback.error_code == code
    QgsProject.instance().clear()


def test_without_an_engine_the_user_is_told_where_to_set_it_up(monkeypatch: pytest.MonkeyPatch) -> None:
    manager.shutdown()
    monkeypatch.setenv("FUSAR_ENGINE", "")
    _, feedback, _ = run("interpret_scene", INPUT=str(SAMPLE), DETECTIONS="memory:")
    assert feedback.error_code == "ENGINE_MISSING"
    assert "Set up engine" in feedback.errors[-1]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    _, feedback, _ = run("interpret_scene", INPUT=str(SAMPLE), DETECTIONS=str(tmp_path / "d.gpkg"))
    assert feedback.errors


def test_an_output_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    _, feedback, _ = run(
        "interpret_scene", INPUT=str(SAMPLE), TASKS=["detect"], DETECTIONS=str(tmp_path / "file" / "d.gpkg")
    )
    assert "d.gpkg" in feedback.errors[-1]


def big(tmp_path: Path) -> Path:
    path = tmp_path / "big.tif"
    gdal.Translate(str(path), str(SAMPLE), width=4800, height=4800, creationOptions=["TILED=YES"])
    return path


class Task:
    """An algorithm in a thread, as the dock runs it."""

    def __init__(self, feedback: Feedback, **parameters) -> None:
        algorithm = QgsApplication.processingRegistry().createAlgorithmById("fusar:interpret_scene")
        self.context, self.feedback = QgsProcessingContext(), feedback
        self.context.setProject(QgsProject.instance())
        self.ended: list[tuple[bool, dict]] = []
        output = QgsProcessingOutputLayerDefinition("TEMPORARY_OUTPUT", QgsProject.instance())
        self.parameters = {"TASKS": ["detect"], "DETECTIONS": output} | parameters
        self.task = QgsProcessingAlgRunnerTask(algorithm, self.parameters, self.context, feedback)
        self.task.executed.connect(lambda ok, results: self.ended.append((ok, results)))

    def run(self) -> tuple[bool, dict]:
        QgsApplication.taskManager().addTask(self.task)
        deadline = time.monotonic() + WAIT_S
        while not self.ended and time.monotonic() < deadline:
            QgsApplication.processEvents()
            time.sleep(0.01)
        assert self.ended, "the task did not end"
        return self.ended[0]


def test_in_a_thread_with_style_and_provenance() -> None:
    feedback, threads = Feedback(), set()
    feedback.on_chip = lambda: threads.add(threading.current_thread())
    task = Task(feedback, INPUT=str(SAMPLE))
    ok, results = task.run()
    assert ok
    assert threading.main_thread() not in threads
    details = task.context.layersToLoadOnCompletion()[results["DETECTIONS"]]
    layer = task.context.takeResultLayer(results["DETECTIONS"])
    details.postProcessor().postProcessLayer(layer, task.context, feedback)
    review = layer.fields().indexFromName("review")
    assert layer.editorWidgetSetup(review).type() == "ValueMap"
    assert layer.attributeAlias(layer.fields().indexFromName("length_m")) != ""
    assert "harbour.tif" in layer.metadata().abstract()
    assert "amplitude" in layer.metadata().abstract()


def test_cancel_half_way_keeps_what_arrived(tmp_path: Path) -> None:
    scene = str(big(tmp_path))
    feedback = Feedback()
    feedback.on_chip = feedback.cancel
    results, _, context = run("interpret_scene", feedback, INPUT=scene, TASKS=["detect"], DETECTIONS="memory:")
    assert feedback.chips[-1][0] < feedback.chips[-1][1]
    assert detections(results, context).featureCount() > 0
    assert json.loads(results["SUMMARY"])["partial"]

    feedback = Feedback()  # a task that is stopped hands out no layers: the dock keeps what was reported
    feedback.on_chip = feedback.cancel
    ok, _ = Task(feedback, INPUT=scene).run()
    assert not ok
    assert feedback.chips[-1][0] < feedback.chips[-1][1]
    assert feedback.features


def test_a_sidecar_killed_in_the_middle(tmp_path: Path) -> None:
    def kill() -> None:
        os.kill(manager.engine().status()["pid"], signal.SIGKILL)

    feedback = Feedback()
    feedback.on_chip = kill
    results, _, _ = run("interpret_scene", feedback, INPUT=str(big(tmp_path)), TASKS=["detect"], DETECTIONS="memory:")
    assert results == {}
    assert feedback.error_code == "ENGINE_DIED"
    kept = ogr.Open(next(word.rstrip(".") for word in feedback.errors[-1].split() if "fusar_partial" in word))
    assert kept.GetLayer().GetFeatureCount() == len(feedback.features) > 0
    results, feedback, context = run("interpret_scene", INPUT=str(SAMPLE), TASKS=["detect"], DETECTIONS="memory:")
    assert feedback.errors == []
    assert detections(results, context).featureCount() > 20


def reviewed() -> QgsVectorLayer:
    """Three detections near Helgoland: one confirmed, one rejected, one that nobody has looked at."""
    layer = layers.memory_layer("detections", "d", QgsCoordinateReferenceSystem("EPSG:32632"))
    items = []
    for n, review in enumerate(("confirmed", "rejected", "unreviewed")):
        x, y = 430_000 + 500 * n, 6_000_000
        ring = [[x, y], [x + 100, y], [x + 100, y + 20], [x, y + 20], [x, y]]
        values = {
            "class": "ship",
            "score": 0.5,
            "review": review,
            "raw_text": "ü" * 300,
        }
        items.append({"geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": values})
    layer.dataProvider().addFeatures(layers.features_of("detections", {"features": items}))
    QgsProject.instance().addMapLayer(layer)
    return layer


@pytest.mark.parametrize("suffix", ["shp", "geojson", "csv", "gpkg"])
def test_export_is_read_back_by_another_driver(suffix: str, tmp_path: Path) -> None:
    layer = reviewed()
    out = tmp_path / f"Größe 1.{suffix}"
    results, feedback, _ = run("export_detections", INPUT=layer.id(), OUTPUT=str(out))
    assert feedback.errors == []
    assert results["COUNT"] == 2
    opened = ogr.Open(str(out))
    rows = list(opened.GetLayer())
    assert sorted(row.GetField("review") for row in rows) == ["confirmed", "unreviewed"]
    geometry = rows[0].GetGeometryRef()
    if suffix == "geojson":
        assert 7.8 < geometry.Centroid().GetX() < 8.0
        assert 54.0 < geometry.Centroid().GetY() < 54.2
    elif suffix != "csv":
        assert geometry.Centroid().GetX() == pytest.approx(430_050)
    if suffix == "csv":
        assert rows[0].GetField("WKT").startswith("POLYGON")
    text = rows[0].GetField("raw_text")
    assert text == "ü" * (127 if suffix == "shp" else 300)
    assert not rows[0].IsFieldSetAndNotNull("aef_year") or rows[0].GetField("aef_year") == ""
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []
    QgsProject.instance().clear()


@pytest.mark.parametrize("suffix", ["shp", "geojson", "gpkg"])
def test_an_export_that_is_opened_looks_like_detections(suffix: str, tmp_path: Path) -> None:
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("fusar:export_detections")
    context, feedback, path = QgsProcessingContext(), Feedback(), str(tmp_path / f"o.{suffix}")
    output = QgsProcessingOutputLayerDefinition(path, QgsProject.instance())
    context.setProject(QgsProject.instance())
    algorithm.run({"INPUT": reviewed().id(), "OUTPUT": output}, context, feedback)
    details = context.layersToLoadOnCompletion()[path]
    layer = QgsVectorLayer(path, "o", "ogr")
    details.postProcessor().postProcessLayer(layer, context, feedback)
    assert layer.renderer().type() == "RuleRenderer"
    assert layer.editorWidgetSetup(layer.fields().indexFromName("review")).type() == "ValueMap"
    QgsProject.instance().clear()


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({}, ["confirmed", "unreviewed"]),
        ({"CONFIRMED_ONLY": True}, ["confirmed"]),
        ({"KEEP_REJECTED": True}, ["confirmed", "rejected", "unreviewed"]),
        ({"CONFIRMED_ONLY": True, "KEEP_REJECTED": True}, ["confirmed"]),
    ],
)
def test_what_is_exported(options: dict, kept: list[str], tmp_path: Path) -> None:
    run("export_detections", INPUT=reviewed().id(), OUTPUT=str(tmp_path / "o.gpkg"), **options)
    rows = QgsVectorLayer(str(tmp_path / "o.gpkg"), "o", "ogr").getFeatures()
    assert sorted(f["review"] for f in rows) == kept
    QgsProject.instance().clear()


def test_a_failed_export_leaves_the_old_file(tmp_path: Path) -> None:
    layer = reviewed()
    out = tmp_path / "old.shp"
    out.write_bytes(b"old")
    feedback = Feedback()
    feedback.cancel()
    results, feedback, _ = run("export_detections", feedback, INPUT=layer.id(), OUTPUT=str(out))
    assert results == {}
    assert out.read_bytes() == b"old"
    results, feedback, _ = run("export_detections", INPUT=layer.id(), OUTPUT=str(tmp_path / "none" / "o.shp"))
    assert results == {}
    assert "o.shp" in feedback.errors[-1]
    QgsProject.instance().clear()
