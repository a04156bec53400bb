"""What an analyst sees of a target, and what the panel says that is so: outline, size, picture, kinds, lost rows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import ROOT
from desktop_window import HARBOUR, Window, interpret, settle, wait
from qgis.core import (
    Qgis,
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsGeometry,
    QgsProject,
    QgsRectangle,
    QgsTask,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest
from test_gui_dock import detections, long_scene, ready  # noqa: F401 - a fixture

from fusar_qgis import layers, schema
from fusar_qgis.gui.answers import Cells, grid_and_caption
from fusar_qgis.gui.grid_answer import GridAnswer
from fusar_qgis.gui.inquiries import _unread
from fusar_qgis.gui.target_view import CHIP_PX, LEAST_PX, view_of
from fusar_qgis.gui.targets_model import is_detections
from fusar_qgis.provider.interpret_scene import _total

PRODUCT = "S1A_IW_GRDH_1SDV_20240514T182731_20240514T182756_053871_068C0A_7B2C"


@pytest.fixture
def judged(plugin, window: Window):
    """The panel after a run on the harbour."""
    ready(plugin, window)
    assert interpret(plugin).ok
    panel = plugin.dock.results
    wait(lambda: panel.model.rowCount() > 20)
    return panel


def clicked(panel, row: int) -> QgsFeature:
    index = panel.model.index(row, 1)
    QTest.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=panel.list.visualRect(index).center())
    return panel.layer.getFeature(panel._fid(index))


# --- one target -------------------------------------------------------------------------------------------------------


def test_a_target_is_outlined_and_its_pixels_stay_as_they_are(judged, window: Window) -> None:
    feature = clicked(judged, 0)
    assert judged.layer.selectedFeatureIds() == [], "a selection would paint what is to be judged"
    assert judged._outline.highlight.isVisible()
    window.canvas.waitWhileRendering()
    middle = window.canvas.getCoordinateTransform().transform(feature.geometry().centroid().asPoint())
    at = round(middle.x()), round(middle.y())
    shown = window.canvas.grab().toImage().pixelColor(*at)
    judged._outline.clear()
    assert window.canvas.grab().toImage().pixelColor(*at) == shown
    clicked(judged, 1)
    judged.show_layer(None)
    assert judged._outline.highlight is None


@pytest.mark.parametrize("row", [0, 5, 20])
def test_a_target_takes_a_share_of_the_view_in_which_it_can_be_judged(judged, window: Window, row: int) -> None:
    for extent in (window.canvas.fullExtent(), QgsRectangle(700_000, 4_100_000, 700_010, 4_100_010)):
        window.canvas.setExtent(extent)
        judged.list.scrollTo(judged.model.index(row, 1))
        box = clicked(judged, row).geometry().boundingBox()
        view = window.canvas.extent()
        share = max(box.width(), box.height()) / min(view.width(), view.height())
        assert 1 / 8 <= share <= 1 / 5
        assert view.contains(box)


def test_in_a_small_view_a_target_is_still_forty_pixels_long() -> None:
    view = view_of(QgsRectangle(0, 0, 100, 20), 150, 120)
    assert 100 / view.width() * 150 == pytest.approx(LEAST_PX)


def test_a_picture_of_the_target_stands_beside_the_list(judged) -> None:
    clicked(judged, 0)
    assert judged.chip.isVisible()
    wait(lambda: judged.chip.pixmap() is not None and not judged.chip.pixmap().isNull())
    image = judged.chip.pixmap().toImage()
    middle = image.pixelColor(image.width() // 2, image.height() // 2).lightness()
    corner = image.pixelColor(3, 3).lightness()
    assert middle > corner, "a bright target on a dark sea"
    assert judged.chip.width() == CHIP_PX
    assert judged.chip.geometry().left() >= judged.list.geometry().right()
    QgsProject.instance().removeMapLayer(QgsProject.instance().mapLayersByName("harbour")[0].id())
    clicked(judged, 1)
    assert judged.chip.isHidden(), "without the scene there is nothing to show"


# --- what a layer is --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", layers.SCHEMA)
def test_a_layer_says_what_it_is_also_by_its_fields_alone(qgis_app: object, name: str) -> None:
    made = layers.memory_layer(name, "n", QgsCoordinateReferenceSystem("EPSG:4326"))
    assert layers.kind_of(made) == name
    made.removeCustomProperty(layers.KIND)
    assert layers.kind_of(made) == name
    assert layers.kind_by_fields(layers.fields(name, short=True).names()) == name
    assert is_detections(made) == (name == "detections")


def test_grid_cells_and_answers_are_no_targets(plugin, window: Window) -> None:
    ready(plugin, window)
    assert interpret(plugin).ok
    panel = plugin.dock.results
    shown = panel.layer.id()
    counts = panel.counts_label.text()
    for word in ("grid cells", "answers"):
        (other,) = QgsProject.instance().mapLayersByName(f"harbour: {word}")
        window.setActiveLayer(other)
        settle()
        assert panel.layer.id() == shown
        assert panel.counts_label.text() == counts
        panel.show_layer(other)
        assert panel.layer is None
        plugin.desk.export(None)
        assert "No detections to export" in window.messages()[-1]
        panel.show_layer(QgsProject.instance().mapLayer(shown))


def test_an_emptied_layer_is_called_that(judged, plugin, window: Window, tmp_path: Path) -> None:
    name = judged.layer.name()
    assert QgsProject.instance().write(str(tmp_path / "p.qgz"))
    QgsProject.instance().clear()
    assert QgsProject.instance().read(str(tmp_path / "p.qgz"))
    (empty,) = QgsProject.instance().mapLayersByName(name)
    assert empty.featureCount() == 0
    window.setActiveLayer(empty)
    settle()
    assert "rows were lost when the project was closed" in judged.counts_label.text()
    assert "No targets" not in judged.counts_label.text()


def test_a_layer_in_which_nothing_was_found_is_called_that(judged, plugin, window: Window, tmp_path: Path) -> None:
    nothing = layers.memory_layer("detections", "none", QgsCoordinateReferenceSystem("EPSG:32629"))
    layers.note_rows(nothing)
    QgsProject.instance().addMapLayer(nothing)
    assert QgsProject.instance().write(str(tmp_path / "p.qgz"))
    assert QgsProject.instance().read(str(tmp_path / "p.qgz"))
    judged.show_layer(QgsProject.instance().mapLayersByName("none")[0])
    assert "No targets found" in judged.counts_label.text()


@pytest.mark.parametrize(
    ("why", "words"),
    [(layers.NOT_ASKED, "not asked for"), (layers.UNKNOWN, "number of targets is unknown"), ("", "No targets found")],
)
def test_a_layer_without_rows_says_none_found_only_where_that_is_so(
    plugin, window: Window, why: str, words: str
) -> None:
    panel = plugin.show_dock().results
    layer = layers.memory_layer("detections", "d", QgsCoordinateReferenceSystem("EPSG:32629"))
    layers.Provenance("t", {}, why).write(layer)
    QgsProject.instance().addMapLayer(layer)
    panel.show_layer(layer)
    assert words in panel.counts_label.text()


def test_cells_of_which_nobody_knows_are_no_empty_ones(qgis_app: object) -> None:
    layer = layers.memory_layer("answers", "a", QgsCoordinateReferenceSystem("EPSG:32629"))
    row = QgsFeature(layer.fields())
    for name, value in (("task", "locate"), ("chip", "scene"), ("class", "ship"), ("answer", "1, 4 (unknown: 2, 9)")):
        row[name] = value
    layer.dataProvider().addFeatures([row])
    cells, _ = grid_and_caption(layer)
    assert cells == {"ship": Cells(frozenset({1, 4}), frozenset({2, 9}))}
    grid = GridAnswer()
    grid.show_answer(cells["ship"])
    assert "hold targets: 1, 4" in grid.accessibleName()
    assert "Unknown: 2, 9" in grid.accessibleName()


def test_totals_and_answers_of_chips_that_could_not_be_read() -> None:
    assert [_total(c) for c in ({"a": 2, "b": None}, {"a": 0, "b": None}, {"a": 0}, {})] == [2, None, 0, None]
    assert _unread({"parse_status": "out_of_range", "raw_text": "99"}) == "(out of range) 99"


# --- demonstration models ---------------------------------------------------------------------------------------------


def test_results_of_a_demonstration_model_are_called_that(plugin, window: Window) -> None:
    panel = plugin.show_dock().results
    for told, shown in (
        ({"model": "cfar"}, False),
        ({"model": "fusar-nano 1"}, True),
        ({"model": "x", "demonstration": True}, True),
        ({"model": "fusar-nano 1", "demonstration": False}, False),
        ({"engine": "cfar gamma-K 1", "demonstration": "no"}, False),  # as the metadata of layers say it
        ({"engine": "worker x", "demonstration": "yes"}, True),
    ):
        layer = layers.memory_layer("detections", "d", QgsCoordinateReferenceSystem("EPSG:32629"))
        layers.Provenance("t", told).write(layer)
        QgsProject.instance().addMapLayer(layer)
        panel.show_layer(layer)
        assert panel.banner.isHidden() != shown
        assert ("not to rely on" in layer.metadata().abstract()) == shown


def test_a_file_that_a_demonstration_model_made_is_known_by_its_rows(qgis_app: object) -> None:
    layer = QgsVectorLayer("Polygon?field=model:string", "m", "memory")
    assert not layers.by_demonstration(layer)
    feature = QgsFeature(layer.fields())
    feature["model"] = "fusar-nano 1"
    feature.setGeometry(QgsGeometry.fromRect(QgsRectangle(0, 0, 1, 1)))
    layer.dataProvider().addFeatures([feature])
    assert layers.by_demonstration(layer)


@pytest.mark.parametrize("nothing", [True, False])
def test_a_box_with_nothing_in_it_is_called_that_and_is_not_put_on_the_map(
    plugin, window: Window, nothing: bool
) -> None:
    from fusar_qgis.gui.box_result import BoxResult
    from fusar_qgis.gui.runner import Outcome

    answer = layers.memory_layer("detections", "b", QgsCoordinateReferenceSystem("EPSG:32629"))
    feature = QgsFeature(answer.fields())
    feature.setGeometry(QgsGeometry.fromRect(QgsRectangle(0, 0, 300, 300)))
    feature["class"], feature["score"] = ("", None) if nothing else ("ship", 0.9)
    feature["parse_status"], feature["raw_text"] = (schema.NOTHING, "nothing there") if nothing else ("ok", "ship")
    answer.dataProvider().addFeatures([feature])
    told = json.dumps({"model": "x", "demonstration": True})
    outcome = Outcome(True, False, results={"SUMMARY": told}, layers={"OUTPUT": answer})
    inquiries = plugin.desk.inquiries
    inquiries.card = BoxResult(window.canvas)
    inquiries._classified(("id", "harbour"), outcome)
    card = inquiries.card
    assert card.title.text() == ("Nothing there" if nothing else "ship   0.90")
    assert card.banner.isVisible()
    assert bool(QgsProject.instance().mapLayersByName("harbour: classified boxes")) != nothing


# --- messages ---------------------------------------------------------------------------------------------------------


def test_an_error_is_cleared_when_it_has_worked(plugin, window: Window) -> None:
    plugin.show_dock()
    QTest.mouseClick(plugin.dock.form.interpret_button, Qt.MouseButton.LeftButton)
    assert any("No scene chosen" in text for text in window.messages())
    ready(plugin, window)
    assert interpret(plugin).ok
    settle()
    assert not any("No scene chosen" in text for text in window.messages())


def test_stopped_lies_over_what_qgis_says_of_its_task(plugin, window: Window, long_scene: Path) -> None:  # noqa: F811
    """As QGIS Desktop does: it pushes a message when a task has ended, after the task's own slots."""

    def told(_: int, status: int) -> None:
        if status in (QgsTask.TaskStatus.Complete, QgsTask.TaskStatus.Terminated):
            window.bar.pushMessage("Task complete", "…", Qgis.MessageLevel.Info)

    manager = QgsApplication.taskManager()
    ready(plugin, window, long_scene)
    manager.statusChanged.connect(told)
    try:
        ended = []
        plugin.desk.ended.connect(ended.append)
        QTest.mouseClick(plugin.dock.form.interpret_button, Qt.MouseButton.LeftButton)
        wait(lambda: plugin.desk.live is not None and plugin.desk.live.layer is not None)
        QTest.mouseClick(plugin.dock.form.cancel_button, Qt.MouseButton.LeftButton)
        wait(lambda: ended)
        settle(0.1)
        assert "Stopped." in window.messages()[-1]
        assert window.bar.currentItem() is window.bar.items()[0]
        assert window.message_buttons() == []
    finally:
        manager.statusChanged.disconnect(told)


def test_the_engine_speaks_of_what_is_in_the_window(qgis_app: object) -> None:
    from fusar_qgis.engine.words import in_words_of_qgis

    assert in_words_of_qgis("Unknown: give it with --year.") == "Unknown: give it under “Year”."
    assert in_words_of_qgis("Give --band, or --water-mask.") == "Give “Band”, or “Water areas”."
    assert in_words_of_qgis("No option -- here, nor --frobnicate.") == "No option -- here, nor --frobnicate."


def test_without_a_prior_nobody_asks_for_a_year(plugin, window: Window, tmp_path: Path) -> None:
    from test_gui_dock import bare_copy

    ready(plugin, window, bare_copy(tmp_path / "no year.tif"))
    assert interpret(plugin).ok
    settle()
    assert not any("year" in text.lower() for text in window.messages())


# --- the form ---------------------------------------------------------------------------------------------------------


def test_a_products_name_of_67_characters_does_not_widen_the_form(plugin, window: Window, tmp_path: Path) -> None:
    import shutil

    scene = tmp_path / f"{PRODUCT}.tif"
    shutil.copy(HARBOUR, scene)
    assert len(PRODUCT) == 67
    layer = ready(plugin, window, scene)
    form = plugin.dock.form
    form.more.setCollapsed(False)
    form.set_scene_info("1200 × 1200 px", 2024, "Read from: tags")
    form.set_status("Ready", "#cc3333", set_up=True)
    settle()
    plain = form._fields.minimumSizeHint().width(), form.minimumSizeHint().width()
    form.set_scene_info(f"{PRODUCT} 1200 × 1200 px", 2024, f"Read from: product name {PRODUCT}")
    form.set_status(f"The engine /opt/{PRODUCT}/bin/fusar does not start", "#cc3333", set_up=True)
    form.set_trouble(f"{PRODUCT} is awaited")
    settle()
    assert (form._fields.minimumSizeHint().width(), form.minimumSizeHint().width()) == plain
    assert plain[0] < 360, "fonts differ; with the product's name in it, it was 617"
    assert PRODUCT in form.year_label.toolTip()
    assert layer.name() == PRODUCT
    assert interpret(plugin).ok
    settle()
    assert plugin.dock.results.minimumSizeHint().width() < 360
    assert PRODUCT in plugin.dock.results.scene_label.toolTip()


def test_years_begin_where_the_engine_begins_them(plugin) -> None:
    form = plugin.show_dock().form
    assert form.year_box.minimum() + 1 == schema.FIRST_YEAR
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("fusar:interpret_scene")
    parameter = algorithm.parameterDefinition("YEAR")
    assert (parameter.minimum(), parameter.maximum()) == (schema.FIRST_YEAR, schema.LAST_YEAR)
    assert form.year_box.maximum() == schema.LAST_YEAR


def test_results_of_the_toolbox_are_named_by_scene_and_lie_beneath_the_detections(plugin, window: Window) -> None:
    """As Processing's own dialog loads them."""
    import processing
    from qgis.core import QgsProcessingContext, QgsProcessingFeedback

    processing.core.Processing.Processing.initialize()
    window.add_raster(HARBOUR)
    from processing.gui.Postprocessing import handleAlgorithmResults

    algorithm = QgsApplication.processingRegistry().createAlgorithmById("fusar:interpret_scene")
    context, feedback = QgsProcessingContext(), QgsProcessingFeedback()
    context.setProject(QgsProject.instance())
    from qgis.core import QgsProcessingOutputLayerDefinition

    outputs = ("DETECTIONS", "GRID_CELLS", "ANSWERS")
    wanted = {n: QgsProcessingOutputLayerDefinition("TEMPORARY_OUTPUT", QgsProject.instance()) for n in outputs}
    parameters = {"INPUT": QgsProject.instance().mapLayersByName("harbour")[0].id(), **wanted}
    _, fine = algorithm.run(parameters, context, feedback)
    assert fine
    handleAlgorithmResults(algorithm, context, feedback, True, parameters)
    settle()
    root = QgsProject.instance().layerTreeRoot()
    nodes = [(node.name(), node.itemVisibilityChecked()) for node in root.findLayers()]
    assert nodes[0] == ("harbour: detections", True)
    assert {("harbour: grid cells", False), ("harbour: answers", False)} < set(nodes)
    (cells,) = QgsProject.instance().mapLayersByName("harbour: grid cells")
    renderer = cells.renderer()  # categories and symbols live as long as this
    categories = list(renderer.categories())
    assert {c.symbol().symbolLayer(0).properties()["style"] for c in categories} == {"no"}
    assert detections()


# --- set-up -----------------------------------------------------------------------------------------------------------


def test_the_set_up_dialog_says_why_it_failed_what_is_there_and_shows_the_end_of_its_log(qgis_app: object) -> None:
    from fusar_qgis.gui.setup_dialog import SetupDialog

    dialog = SetupDialog(folder=ROOT / ".venv")
    dialog.show()
    has_model = any((ROOT / ".venv").glob("lib/python*/site-packages/torch"))
    able = "Set up, with a model." if has_model else "Set up, detector only."
    assert able in dialog.state_label.whole
    dialog.create()  # into a folder that is not ours
    wait(lambda: not dialog.busy)
    assert dialog.state_label.whole.startswith("Failed: ")
    assert "was not made by FUSAR" in dialog.state_label.whole
    for number in range(200):
        dialog._say(f"line {number}")
    dialog.log.verticalScrollBar().setValue(0)  # the user has looked at the beginning
    dialog.verify()
    wait(lambda: not dialog.busy)
    bar = dialog.log.verticalScrollBar()
    assert bar.value() == bar.maximum() > 0
    assert "Failed" not in dialog.state_label.whole
    dialog.close()
