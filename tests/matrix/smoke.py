"""What must work in every QGIS: scripts/qgis_matrix.sh runs this in a fresh QGIS with the plugin from the zip.

Globals given by the runner: app, iface, plugin, qgis_utils, args = [folder with the sample, the fusar command].
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
)

sample, command = Path(args[0]), args[1]  # noqa: F821 - given by the runner
os.environ["FUSAR_ENGINE"] = command
scene, water = str(sample / "harbour.tif"), str(sample / "harbour_water.geojson")
registry = QgsApplication.processingRegistry()


def run(name: str, ok: bool = True, **parameters):
    """Runs an algorithm as the toolbox does, its layers loaded and styled."""
    algorithm = registry.createAlgorithmById(f"fusar:{name}")
    context, feedback = QgsProcessingContext(), QgsProcessingFeedback()
    context.setProject(QgsProject.instance())
    fine, why = algorithm.checkParameterValues(parameters, context)
    assert fine, why
    results, success = algorithm.run(parameters, context, feedback)
    assert success == ok, feedback.textLog()
    return results, context, feedback


if not registry.providerById("fusar"):
    qgis_utils.plugins["fusar_qgis"].initProcessing()  # noqa: F821
algorithms = registry.providerById("fusar").algorithms()
assert len(algorithms) >= 5
for algorithm in algorithms:
    assert len(algorithm.shortHelpString()) > 200, algorithm.name()

raster = QgsRasterLayer(scene, "harbour")
QgsProject.instance().addMapLayer(raster)

# Every algorithm with the real engine.
out = str(sample / "détections 1.gpkg")
results, _, log = run("interpret_scene", INPUT=raster, WATER_MASK=water, DETECTIONS=out, GRID_CELLS="memory:")
found = QgsVectorLayer(f"{out}|layername=détections 1", "found", "ogr")
found = found if found.isValid() else QgsVectorLayer(out, "found", "ogr")
assert found.featureCount() > 20, (found.featureCount(), log.textLog())
assert found.crs() == raster.crs()
from fusar_qgis import layers  # noqa: E402

layers.style(found, "detections")
assert found.fields().at(found.fields().indexFromName("review")).editorWidgetSetup().type() == "ValueMap"
for name, extra in (
    ("classify_box", {"BOX": "702000,702500,4100000,4100400 [EPSG:32629]"}),
    ("ask_scene", {"QUESTION": "Is this a harbour?"}),
):
    _, _, log = run(name, ok=False, INPUT=raster, ENGINE="cfar", OUTPUT="memory:", **extra)
    assert "cannot do" in log.textLog()
_, _, log = run("sample_anchors", ok=False, INPUT=raster, SOURCE=str(sample / "no.tif"), OUTPUT="memory:")
assert "no source of embeddings" in log.textLog(), log.textLog()
for suffix in ("shp", "geojson", "csv"):
    path = str(sample / f"export.{suffix}")
    results, _, _ = run("export_detections", INPUT=found, OUTPUT=path)
    assert results["COUNT"] == found.featureCount()
    assert QgsVectorLayer(path, suffix, "ogr").featureCount() == found.featureCount()

# In a thread, as the dock runs it.
context, feedback, ended = QgsProcessingContext(), QgsProcessingFeedback(), []
context.setProject(QgsProject.instance())
parameters = {"INPUT": raster, "TASKS": ["detect"], "DETECTIONS": "memory:", "ENGINE": "cfar"}
task = QgsProcessingAlgRunnerTask(registry.createAlgorithmById("fusar:interpret_scene"), parameters, context, feedback)
task.executed.connect(lambda ok, results: ended.append((ok, results)))
QgsApplication.taskManager().addTask(task)
deadline = time.monotonic() + 60
while not ended and time.monotonic() < deadline:
    QgsApplication.processEvents()
    time.sleep(0.01)
assert ended, "the task did not end"
assert ended[0][0], feedback.textLog()
assert context.takeResultLayer(ended[0][1]["DETECTIONS"]).featureCount() > 20
print(f"[smoke] QGIS {Qgis.QGIS_VERSION}: {found.featureCount()} detections, all algorithms", flush=True)

from fusar_qgis.engine import manager  # noqa: E402

manager.shutdown()
QgsProject.instance().clear()
