"""The dock with fusar-nano, the model that comes with the engine: every task, a box, a question."""

from __future__ import annotations

import subprocess

import pytest
from desktop_window import ENGINE, HARBOUR, Window, drag, wait
from qgis.core import QgsProject
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest

PATIENCE_S = 240


def has_torch() -> bool:
    words = [ENGINE.with_name("python"), "-c", "import torch, transformers"]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not has_torch(), reason="the engine's environment has no torch: make setup-model")


@pytest.fixture
def plugin(plugin, window: Window):
    """With the harbour open and fusar-nano chosen."""
    window.add_raster(HARBOUR)
    form = plugin.show_dock().form
    wait(lambda: "Ready" in form.status_label.text())
    form.engine_box.setCurrentIndex(form.engine_box.findData("fusar"))
    wait(lambda: form.task_boxes["describe"].isEnabled(), PATIENCE_S)
    return plugin


def answered(plugin) -> bool:
    """Whether the card of the box tool shows an answer."""
    card = plugin.desk.inquiries.card
    return card.isVisible() and "…" not in card.title.text()


def test_a_scene_is_found_counted_located_and_described(plugin, window: Window) -> None:
    form = plugin.dock.form
    assert [form.class_box.itemText(i) for i in range(form.class_box.count())] == ["ship", "plane"]
    assert all(box.isEnabled() for box in form.task_boxes.values())
    form.task_boxes["describe"].setChecked(True)
    ended = []
    plugin.desk.ended.connect(ended.append)
    QTest.mouseClick(form.interpret_button, Qt.MouseButton.LeftButton)
    wait(lambda: ended, PATIENCE_S)
    assert ended[0].ok
    results = plugin.dock.results
    assert results.layer.featureCount() > 5
    assert "fusar-nano" in results.layer.metadata().abstract()
    assert "demonstration: " in results.layer.metadata().abstract()
    assert results.banner.isVisible()
    assert form.banner.isVisible()
    wait(lambda: "demonstration model" in form.status_label.text(), PATIENCE_S)
    words = results.caption_label.text().splitlines()
    assert not results.caption_label.isHidden()
    assert len(words) == 4
    assert "more" in words[-1]


def test_boxes_are_classified_whatever_engine_is_chosen_and_share_a_layer(plugin, window: Window) -> None:
    form = plugin.dock.form
    form.engine_box.setCurrentIndex(form.engine_box.findData("cfar"))  # it finds; FUSAR-GPT has the words
    ship = QgsProject.instance().mapLayersByName("harbour")[0].extent()
    x, y = ship.xMinimum() + 3400, ship.yMaximum() - 9300  # the largest ship at sea
    ship.set(x - 900, y - 900, x + 900, y + 900)
    window.canvas.setExtent(ship)
    to_pixel = window.canvas.getCoordinateTransform()
    plugin.actions["box"].trigger()
    for count, half in enumerate((250, 300), 1):
        corners = [to_pixel.transform(x + d, y - d) for d in (-half, half)]
        drag(window.canvas, *((round(c.x()), round(c.y())) for c in corners))
        wait(lambda: answered(plugin), PATIENCE_S)
        card = plugin.desk.inquiries.card
        label, score = card.title.text().split()
        assert label in ("ship", "plane")
        assert 0 < float(score) <= 1
        assert card.raw.toPlainText() == label
        assert "fusar-nano" in card.note.text()
        assert card.banner.isVisible()
        (boxes,) = QgsProject.instance().mapLayersByName("harbour: classified boxes")
        assert boxes.featureCount() == count
        assert window.activeLayer() is not boxes  # whoever reviews detections goes on with them
    assert [f["class"] for f in boxes.getFeatures()][-1] == label
    assert not any(isinstance(f["length_m"], float) for f in boxes.getFeatures()), "the user drew the box"
    assert QgsProject.instance().layerTreeRoot().layerOrder()[0] is boxes
    QgsProject.instance().removeMapLayer(boxes.id())
    drag(window.canvas, *((round(c.x()), round(c.y())) for c in corners))
    wait(lambda: QgsProject.instance().mapLayersByName("harbour: classified boxes"), PATIENCE_S)


def test_what_many_chips_answer_is_said_once(plugin, window: Window) -> None:
    questions = plugin.dock.questions
    questions.line.setText("Is there a ship in this SAR image?")
    QTest.mouseClick(questions.button, Qt.MouseButton.LeftButton)
    wait(lambda: questions.entries, PATIENCE_S)
    _, answer, note = questions.entries[0]
    counts = dict(line.split(" (") for line in answer.splitlines())
    assert counts.keys() == {"Yes.", "No."}
    assert sum(int(c.split()[0]) for c in counts.values()) == int(answer.split(" of ")[1].split()[0]) > 30
    assert "fusar-nano" in note
    assert "demonstration model" in note
    assert not questions.banner.isHidden()
    assert QgsProject.instance().mapLayersByName("harbour: Is there a ship in this SAR image?")
