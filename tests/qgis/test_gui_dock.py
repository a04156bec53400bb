"""The dock with the real engine: interpret, watch, cancel, review, filter, and what it says when something is wrong."""

from __future__ import annotations

import itertools
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import FUSAR
from desktop_window import HARBOUR, Window, drag, interpret, settle, wait
from osgeo import gdal, osr
from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsGeometry,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorFileWriter,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtTest import QTest

gdal.UseExceptions()


@pytest.fixture(scope="module")
def long_scene(tmp_path_factory) -> Path:
    """Sea with a bright target every 100 px, long enough to be stopped half-way: 12 chips of the detector."""
    rng = np.random.default_rng(1)
    path = tmp_path_factory.mktemp("scene") / "long scene – Übung.tif"
    width, height = 6000, 4000
    made = gdal.GetDriverByName("GTiff").Create(str(path), width, height, 1, gdal.GDT_UInt16, ["TILED=YES"])
    srs = osr.SpatialReference()
    srs.ImportFromEPSG(32629)
    made.SetProjection(srs.ExportToWkt())
    made.SetGeoTransform((699410, 10, 0, 4109250, 0, -10))
    made.SetMetadata({"TIFFTAG_DATETIME": "2024:05:14 18:27:31"})
    for top in range(0, height, 500):
        sea = np.sqrt(rng.gamma(4.4, 40.0**2 / 4.4, (500, width)))
        for row in range(50, 500, 100):
            for col in range(50, width, 100):
                sea[row : row + 3, col : col + 8] = 2500
        made.GetRasterBand(1).WriteArray(sea.astype("uint16"), 0, top)
    made = None
    return path


def ready(plugin, window: Window, path: Path = HARBOUR) -> QgsRasterLayer:
    layer = window.add_raster(path)
    dock = plugin.show_dock()
    wait(lambda: "Ready" in dock.form.status_label.text())
    return layer


def bare_copy(path: Path, crs: bool = True) -> Path:
    """The harbour's pixels without any metadata, and on request without georeference."""
    source = gdal.Open(str(HARBOUR))
    made = gdal.GetDriverByName("GTiff").Create(str(path), 1200, 1200, 1, gdal.GDT_UInt16)
    made.GetRasterBand(1).WriteArray(source.ReadAsArray())
    if crs:
        made.SetProjection(source.GetProjection())
        made.SetGeoTransform(source.GetGeoTransform())
    return path


def detections() -> list[QgsVectorLayer]:
    return [v for v in QgsProject.instance().mapLayers().values() if "detections" in v.name()]


# -- the way it should go ----------------------------------------------------------------------------------------------


def test_the_dock_follows_the_active_raster_and_tells_its_year(plugin, window: Window) -> None:
    ready(plugin, window)
    form = plugin.dock.form
    assert form.layer.name() == "harbour"
    assert "1200 × 1200 px" in form.info_label.text()
    wait(lambda: form.known_year == 2024)
    assert "2024" in form.year_box.text()
    assert "tags" in form.year_label.text()


def test_interpret_scene_brings_styled_layers_counts_and_a_list(plugin, window: Window) -> None:
    ready(plugin, window)
    outcome = interpret(plugin)
    assert outcome.ok
    found = plugin.dock.results.layer
    assert [v.id() for v in detections()] == [found.id()], "the provisional layer has made way"
    assert found.crs().authid() == "EPSG:32629"
    assert found.renderer().type() == "RuleRenderer"
    assert found.attributeAlias(found.fields().indexFromName("length_m")) == "Length (m)"
    wait(lambda: plugin.dock.results.model.rowCount() == found.featureCount() > 20)
    assert f"<b>{found.featureCount()}</b> ship" in plugin.dock.results.counts_label.text()
    assert plugin.dock.results.grid.cells <= set(range(1, 10))
    assert "cfar" in found.metadata().abstract()


def test_targets_show_while_the_scene_is_read_and_cancel_keeps_them(plugin, window: Window, long_scene: Path) -> None:
    ready(plugin, window, long_scene)
    desk, form = plugin.desk, plugin.dock.form
    ended = []
    desk.ended.connect(ended.append)
    QTest.mouseClick(form.interpret_button, Qt.MouseButton.LeftButton)
    wait(lambda: desk.live is not None and desk.live.layer is not None)
    assert not ended, "the first targets come before the end"
    assert form.progress.isVisible()
    wait(lambda: "chips" in form.progress_label.text())  # progress may come a moment after the first targets
    assert not ended
    QTest.mouseClick(form.cancel_button, Qt.MouseButton.LeftButton)
    wait(lambda: ended)
    assert ended[0].cancelled
    kept = detections()
    assert len(kept) == 1
    assert "partial" in kept[0].name()
    assert 0 < kept[0].featureCount() < 60 * 40
    assert form.interpret_button.isVisible()


def test_the_window_answers_all_the_while(plugin, window: Window, long_scene: Path) -> None:
    """A timer of 5 ms is never kept waiting for long. The bound is loose: machines differ."""
    ready(plugin, window, long_scene)
    ticks: list[float] = []
    timer = QTimer()
    timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
    timer.start(5)
    assert interpret(plugin).ok
    timer.stop()
    gaps = sorted(b - a for a, b in itertools.pairwise(ticks))
    print(f"longest gaps: {[round(g * 1000) for g in gaps[-5:]]} ms, {detections()[0].featureCount()} targets")
    assert gaps[-1] < 1.0


def test_when_the_engine_dies_what_arrived_stays_and_the_next_run_works(plugin, window, long_scene: Path) -> None:
    from fusar_qgis.engine import manager

    ready(plugin, window, long_scene)
    ended = []
    plugin.desk.ended.connect(ended.append)
    QTest.mouseClick(plugin.dock.form.interpret_button, Qt.MouseButton.LeftButton)
    wait(lambda: plugin.desk.live is not None and plugin.desk.live.layer is not None)
    os.kill(manager.engine().status()["pid"], signal.SIGKILL)
    wait(lambda: ended)
    assert not ended[0].ok
    assert "ended unexpectedly" in window.messages()[-1]
    assert "Copy diagnostics" in window.message_buttons()
    assert detections()[0].featureCount() > 0
    window.add_raster(HARBOUR)
    wait(lambda: "Ready" in plugin.dock.form.status_label.text())
    assert interpret(plugin).ok


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857"])
def test_only_what_the_map_shows_in_another_crs_than_the_layer(plugin, window: Window, crs: str) -> None:
    layer = ready(plugin, window)
    settle()  # the dock has taken its room from the canvas
    window.canvas.setDestinationCrs(QgsCoordinateReferenceSystem(crs))
    whole = window.canvas.mapSettings().layerExtentToOutputExtent(layer, layer.extent())
    quarter = QgsRectangle(whole.xMinimum(), whole.yMinimum(), whole.center().x(), whole.center().y())
    window.canvas.setExtent(quarter)
    asked = window.canvas.extent()
    plugin.dock.form.where_box.setCurrentIndex(1)
    assert interpret(plugin).ok
    found = detections()[0]
    assert found.featureCount() > 0
    shown = asked.buffered(asked.width() * 0.1)  # north differs by 1.4°, and ships lie on edges
    assert shown.contains(window.canvas.mapSettings().layerExtentToOutputExtent(found, found.extent()))


# -- review and filter -------------------------------------------------------------------------------------------------


@pytest.fixture
def reviewed(plugin, window: Window):
    """The panel over 10,000 detections with scores 0 to 1."""
    from fusar_qgis import layers

    layer = layers.memory_layer("detections", "many: detections", QgsCoordinateReferenceSystem("EPSG:32629"))
    rows = []
    for i in range(10_000):
        feature = QgsFeature(layer.fields())
        x, y = 700_000 + 100 * (i % 100), 4_100_000 + 100 * (i // 100)
        feature.setGeometry(QgsGeometry.fromRect(QgsRectangle(x, y, x + 80, y + 20)))
        for name, value in (("class", "ship"), ("score", i / 10_000), ("length_m", 80.0), ("review", "unreviewed")):
            feature[name] = value
        rows.append(feature)
    layer.dataProvider().addFeatures(rows)
    QgsProject.instance().addMapLayer(layer)
    panel = plugin.show_dock().results
    panel.show_layer(layer)
    wait(lambda: panel.model.rowCount() == 10_000)
    return panel


def review_of(layer, fid: int) -> str:
    return layer.getFeature(fid)["review"]


def test_keys_confirm_and_reject_and_move_on(reviewed) -> None:
    reviewed.list.selectRow(0)
    first, second = (reviewed._fid(reviewed.model.index(row, 0)) for row in (0, 1))
    QTest.keyClick(reviewed.list, Qt.Key.Key_C)
    QTest.keyClick(reviewed.list, Qt.Key.Key_R)
    assert (review_of(reviewed.layer, first), review_of(reviewed.layer, second)) == ("confirmed", "rejected")
    assert "1\u00a0confirmed" in reviewed.counts_label.text()
    assert "1\u00a0rejected" in reviewed.counts_label.text()
    assert "<b>9999</b> ship" in reviewed.counts_label.text()


def test_a_click_brings_a_target_into_view(reviewed, window: Window) -> None:
    index = reviewed.model.index(3, 1)
    spot = reviewed.list.visualRect(index).center()
    QTest.mouseClick(reviewed.list.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    fid = reviewed._fid(index)
    assert window.canvas.extent().contains(reviewed.layer.getFeature(fid).geometry().boundingBox())
    assert window.canvas.extent().width() < 80 * 100


def test_the_slider_filters_layer_list_and_counts_and_comes_back(reviewed) -> None:
    reviewed.slider.setValue(90)
    wait(lambda: reviewed.layer.subsetString())
    assert reviewed.layer.subsetString() == '"score" >= 0.90'
    assert reviewed.layer.featureCount() == reviewed.model.rowCount() == 1000
    assert "<b>1000</b> ship" in reviewed.counts_label.text()
    reviewed.refresh()
    wait(lambda: len(reviewed.model.everything) == 10_000)
    reviewed.slider.setValue(0)
    wait(lambda: not reviewed.layer.subsetString())
    assert reviewed.layer.featureCount() == reviewed.model.rowCount() == 10_000


def test_the_slider_keeps_the_users_own_filter(reviewed) -> None:
    reviewed.layer.setSubsetString("\"class\" = 'ship'")
    reviewed.slider.setValue(50)
    wait(lambda: "score" in reviewed.layer.subsetString())
    assert reviewed.layer.subsetString() == '("class" = \'ship\') AND "score" >= 0.50'
    reviewed.slider.setValue(0)
    wait(lambda: "score" not in reviewed.layer.subsetString())
    assert reviewed.layer.subsetString() == "\"class\" = 'ship'"


def test_a_reopened_file_can_be_reviewed_further(reviewed, window: Window, tmp_path: Path) -> None:
    path = str(tmp_path / "reviewed déjà.gpkg")
    options = QgsVectorFileWriter.SaveVectorOptions()
    QgsVectorFileWriter.writeAsVectorFormatV3(reviewed.layer, path, QgsProject.instance().transformContext(), options)
    again = QgsVectorLayer(path, "again", "ogr")
    QgsProject.instance().addMapLayer(again)
    window.setActiveLayer(again)
    assert reviewed.layer.id() == again.id()
    settle(1)
    reviewed.list.selectRow(0)
    fid = reviewed._fid(reviewed.model.index(0, 0))
    QTest.keyClick(reviewed.list, Qt.Key.Key_C)
    assert review_of(QgsVectorLayer(path, "read back", "ogr"), fid) == "confirmed"


def test_removing_the_layer_empties_the_panel(reviewed) -> None:
    QgsProject.instance().removeMapLayer(reviewed.layer.id())
    assert reviewed.layer is None
    assert reviewed.model.rowCount() == 0
    assert "No result" in reviewed.scene_label.text()


# -- bad input ---------------------------------------------------------------------------------------------------------


def said(plugin, window: Window) -> str:
    QTest.mouseClick(plugin.dock.form.interpret_button, Qt.MouseButton.LeftButton)
    wait(lambda: window.messages())
    return window.messages()[-1]


def test_no_raster_chosen(plugin, window: Window) -> None:
    plugin.show_dock()
    assert "No scene chosen: load a SAR raster" in said(plugin, window)
    assert "Copy diagnostics" in window.message_buttons()
    assert plugin.desk.run is None


def test_extent_beside_the_layer(plugin, window: Window) -> None:
    ready(plugin, window)
    window.canvas.setExtent(QgsRectangle(0, 0, 1000, 1000))
    plugin.dock.form.where_box.setCurrentIndex(1)
    assert "The map does not meet “harbour”. Zoom to the layer" in said(plugin, window)


def test_nothing_selected(plugin, window: Window) -> None:
    ready(plugin, window)
    plugin.dock.form.where_box.setCurrentIndex(2)
    assert "No polygon is selected" in said(plugin, window)


def without_torch(folder: Path) -> Path:
    """The engine of `.venv` as one that was set up for the detector alone."""
    command = folder / "fusar"
    lines = [f"#!{FUSAR.with_name('python')}", "import sys", "sys.modules['torch'] = None"]
    command.write_text("\n".join([*lines, "from fusar_core.cli import main", "main()"]) + "\n")
    command.chmod(0o755)
    return command


def test_an_engine_without_a_model_leads_to_its_set_up(
    window: Window, plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both where the model is chosen, and where a box needs it although the detector is."""
    monkeypatch.setenv("FUSAR_ENGINE", str(without_torch(tmp_path)))
    proposed = []
    monkeypatch.setattr(plugin.desk, "set_up", proposed.append)
    ready(plugin, window)
    form = plugin.dock.form
    plugin.actions["box"].trigger()
    middle = window.canvas.width() // 2, window.canvas.height() // 2
    drag(window.canvas, middle, (middle[0] + 30, middle[1] + 20))
    wait(lambda: window.messages())
    assert "PyTorch" in window.messages()[-1]
    assert "Set up engine…" in window.message_buttons()
    assert "PyTorch" in plugin.desk.inquiries.card.note.text()
    form.engine_box.setCurrentIndex(form.engine_box.findData("fusar"))
    wait(lambda: form.setup_button.isVisible())
    QTest.mouseClick(form.setup_button, Qt.MouseButton.LeftButton)
    assert proposed == ["cpu"]


def test_no_task_ticked(plugin, window: Window) -> None:
    ready(plugin, window)
    for box in plugin.dock.form.task_boxes.values():
        box.setChecked(False)
    assert "tick Targets" in said(plugin, window)


def test_prior_without_a_year(plugin, window: Window, tmp_path: Path) -> None:
    ready(plugin, window, bare_copy(tmp_path / "no year.tif"))
    settle()
    form = plugin.dock.form
    form.prior_box.setCurrentIndex(form.prior_box.findData("mosaic"))
    assert "type it under Year" in said(plugin, window)


def test_no_crs_is_warned_about_and_goes_on(plugin, window: Window, tmp_path: Path) -> None:
    ready(plugin, window, bare_copy(tmp_path / "no crs.tif", crs=False))
    assert interpret(plugin).ok
    assert any("has no CRS" in text for text in window.messages())
    assert detections()[0].featureCount() > 0


def test_a_photo_is_warned_about_and_goes_on(plugin, window: Window, tmp_path: Path) -> None:
    photo = tmp_path / "photo.tif"
    gdal.Translate(
        str(photo), str(bare_copy(tmp_path / "grey.tif")), options="-q -b 1 -b 1 -b 1 -ot Byte -scale 0 2000"
    )
    ready(plugin, window, photo)
    assert interpret(plugin).ok
    assert any("photographs" in text for text in window.messages()), window.messages()


def test_engine_missing_offers_to_set_it_up(plugin, window: Window, monkeypatch) -> None:
    monkeypatch.setenv("FUSAR_ENGINE", "/nowhere/fusar")
    window.add_raster(HARBOUR)
    dock = plugin.show_dock()
    wait(lambda: dock.form.setup_button.isVisible())
    assert "/nowhere/fusar" in dock.form.status_label.text()
    assert "/nowhere/fusar" in said(plugin, window)
    assert window.message_buttons()[:2] == ["Set up engine…", "Copy diagnostics"]


def test_layer_removed_while_running(plugin, window: Window, long_scene: Path) -> None:
    layer = ready(plugin, window, long_scene)
    ended = []
    plugin.desk.ended.connect(ended.append)
    QTest.mouseClick(plugin.dock.form.interpret_button, Qt.MouseButton.LeftButton)
    wait(lambda: plugin.desk.live is not None and plugin.desk.live.layer is not None)
    QgsProject.instance().removeMapLayer(layer.id())
    assert "was removed from the map" in window.messages()[-1]
    wait(lambda: ended)
    assert ended[0].ok
    assert detections()[0].featureCount() > 1000


def test_provisional_layer_removed_while_running(plugin, window: Window, long_scene: Path) -> None:
    ready(plugin, window, long_scene)
    ended = []
    plugin.desk.ended.connect(ended.append)
    QTest.mouseClick(plugin.dock.form.interpret_button, Qt.MouseButton.LeftButton)
    wait(lambda: plugin.desk.live is not None and plugin.desk.live.layer is not None)
    QgsProject.instance().removeMapLayer(plugin.desk.live.layer.id())
    wait(lambda: ended)
    assert ended[0].ok


def test_project_closed_while_running(plugin, window: Window, long_scene: Path) -> None:
    ready(plugin, window, long_scene)
    ended = []
    plugin.desk.ended.connect(ended.append)
    QTest.mouseClick(plugin.dock.form.interpret_button, Qt.MouseButton.LeftButton)
    wait(lambda: plugin.desk.live is not None and plugin.desk.live.layer is not None)
    QgsProject.instance().clear()
    wait(lambda: ended)
    assert any("project was closed" in text for text in window.messages())
    assert detections() == [], "nothing of the old project gets into the new one"


def test_the_report_holds_what_happened_and_no_secret(plugin, window: Window) -> None:
    from fusar_qgis.gui import diagnostics

    ready(plugin, window)
    plugin.desk.messages.error("The worker said no. Authorization: Bearer abc123 api_key=xyz789")
    QgsApplication.clipboard().clear()
    from qgis.PyQt.QtWidgets import QPushButton

    button = next(b for b in window.bar.currentItem().findChildren(QPushButton) if b.text() == "Copy diagnostics")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    text = QgsApplication.clipboard().text()
    assert "The worker said no" in text
    assert "QGIS 3." in text or "QGIS 4." in text
    assert "abc123" not in text
    assert "xyz789" not in text
    assert diagnostics.without_secrets("https://me:pw@host/x") == "https://***@host/x"
