"""The box tool on a shown canvas, with mouse and keyboard."""

from __future__ import annotations

import pytest
from desktop_window import HARBOUR, Window, drag, wait
from qgis.core import QgsCoordinateReferenceSystem, QgsCoordinateTransform, QgsProject
from qgis.PyQt.QtCore import QPoint, Qt
from qgis.PyQt.QtTest import QTest

from fusar_qgis import settings
from fusar_qgis.engine import manager
from fusar_qgis.gui.inquiries import with_words

UTM29 = QgsCoordinateReferenceSystem("EPSG:32629")


@pytest.fixture
def tool(window: Window):
    from fusar_qgis.gui.box_tool import BoxTool

    window.add_raster(HARBOUR)
    made = BoxTool(window.canvas)
    window.canvas.setMapTool(made)
    yield made
    made.dispose()


def test_a_drag_gives_the_rectangle_under_it(tool, window: Window) -> None:
    boxes = []
    tool.drawn.connect(boxes.append)
    drag(window.canvas, (100, 120), (260, 200))
    assert len(boxes) == 1
    corners = [window.canvas.getCoordinateTransform().transform(v.x(), v.y()) for v in list(boxes[0].vertices())[:4]]
    assert [(round(c.x()), round(c.y())) for c in corners] == [(100, 120), (260, 120), (260, 200), (100, 200)]


def test_on_a_turned_map_the_box_is_turned_too(tool, window: Window) -> None:
    window.canvas.setRotation(30)
    boxes = []
    tool.drawn.connect(boxes.append)
    drag(window.canvas, (100, 120), (260, 200))
    outline = boxes[0]
    assert outline.area() == pytest.approx(160 * 80 * window.canvas.mapSettings().mapUnitsPerPixel() ** 2, rel=0.02)
    assert outline.boundingBox().width() * outline.boundingBox().height() > 1.3 * outline.area()


def test_a_drag_backwards_gives_the_same_ground(tool, window: Window) -> None:
    boxes = []
    tool.drawn.connect(boxes.append)
    drag(window.canvas, (100, 120), (260, 200))
    drag(window.canvas, (260, 200), (100, 120))
    assert boxes[0].boundingBox() == boxes[1].boundingBox()


def test_shift_and_drag_reaches_the_tool(tool, window: Window) -> None:
    boxes = []
    tool.drawn.connect(boxes.append)
    before = window.canvas.extent()
    drag(window.canvas, (100, 120), (260, 200), Qt.KeyboardModifier.ShiftModifier)
    assert len(boxes) == 1
    assert window.canvas.extent() == before


def test_a_click_is_no_box(tool, window: Window) -> None:
    boxes, small = [], []
    tool.drawn.connect(boxes.append)
    tool.too_small.connect(lambda: small.append(True))
    drag(window.canvas, (100, 120), (101, 121))
    assert (boxes, small) == ([], [True])


def test_esc_drops_the_box_and_then_the_tool(tool, window: Window) -> None:
    boxes = []
    tool.drawn.connect(boxes.append)
    viewport = window.canvas.viewport()
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=QPoint(100, 120))
    QTest.mouseMove(viewport, QPoint(200, 200))
    QTest.keyClick(window.canvas, Qt.Key.Key_Escape)
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=QPoint(200, 200))
    assert boxes == []
    assert window.canvas.mapTool() is tool
    QTest.keyClick(window.canvas, Qt.Key.Key_Escape)
    assert window.canvas.mapTool() is not tool


@pytest.mark.parametrize("crs", ["EPSG:32629", "EPSG:4326", "EPSG:3857", "EPSG:3395"])
def test_in_any_project_crs_the_engine_is_asked_and_its_answer_shown(
    window: Window, plugin, crs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine that cannot classify says so; the box gets to it in whatever CRS it was drawn."""
    monkeypatch.setattr(manager, "finds_only", lambda name: False)
    window.canvas.setDestinationCrs(QgsCoordinateReferenceSystem(crs))
    raster = window.add_raster(HARBOUR)
    to_map = QgsCoordinateTransform(UTM29, QgsCoordinateReferenceSystem(crs), QgsProject.instance())
    window.canvas.setExtent(to_map.transformBoundingBox(raster.extent()))
    plugin.actions["box"].trigger()
    assert plugin.actions["box"].isChecked()
    middle = window.canvas.width() // 2, window.canvas.height() // 2
    drag(window.canvas, middle, (middle[0] + 30, middle[1] + 20))
    assert plugin.desk.inquiries.card.isVisible()
    wait(lambda: window.messages())
    assert "cannot do 'classify'" in window.messages()[-1]
    assert "Copy diagnostics" in window.message_buttons()
    assert "cannot do" in plugin.desk.inquiries.card.note.text()
    drag(window.canvas, (1, 1), (12, 12))
    if crs == "EPSG:32629":  # the picture is square and in the middle: the corner is beside it
        assert "outside" in window.messages()[-1]


def test_boxes_and_questions_go_to_an_engine_with_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which engines only find targets, the engine's process says."""
    manager.start()
    chosen = {"default_engine": "cfar", "worker_url": ""}
    monkeypatch.setattr(settings, "get", chosen.get)
    asked = ("cfar", "fusar", "worker", "https://gpu/v1")
    assert [with_words(e) for e in asked] == ["fusar", "fusar", "worker", "https://gpu/v1"]
    chosen["worker_url"] = "https://gpu/v1"
    assert [with_words(e) for e in asked] == ["worker", "fusar", "worker", "https://gpu/v1"]
