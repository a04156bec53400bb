"""What others have written (names of files, a model's words) is shown as it is, and runs nowhere as HTML."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from conftest import ROOT
from desktop_window import Window
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsExpression,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsFeature,
    QgsGeometry,
    QgsLayerMetadataFormatter,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QTextDocument
from qgis.PyQt.QtWidgets import QLabel

from fusar_qgis import layers
from fusar_qgis.gui.labels import Words
from fusar_qgis.text import LONGEST_WORD, elided, escape, tool_tip

EVIL = '<img src="http://h/x" onerror="alert(1)"><script>alert("&")</script>'
PLUGIN = ROOT / "fusar_qgis"


@pytest.mark.parametrize("layer", layers.SCHEMA)
def test_map_tips_show_what_is_in_the_fields_literally(qgis_app: object, layer: str) -> None:
    made = layers.memory_layer(layer, "t", QgsCoordinateReferenceSystem("EPSG:4326"))
    feature = QgsFeature(made.fields())
    for field in made.fields():
        if layers.is_text(field):
            feature[field.name()] = EVIL
    feature.setGeometry(QgsGeometry.fromRect(QgsRectangle(0, 0, 1, 1)))
    context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(made))
    context.setFeature(feature)
    template = made.mapTipTemplate()
    assert template, "without one QGIS shows the display name, as HTML"
    shown = QgsExpression.replaceExpressionText(template, context)
    assert "<img" not in shown
    assert "<script" not in shown
    assert "&lt;img" in shown
    document = QTextDocument()
    document.setHtml(shown)
    assert EVIL in document.toPlainText()


def test_metadata_show_names_and_words_literally(qgis_app: object) -> None:
    made = QgsVectorLayer("Polygon", "m", "memory")
    layers.Provenance(EVIL, {"scene": EVIL, "warnings": "give it with --year"}).write(made)
    shown = QgsLayerMetadataFormatter(made.metadata()).identificationSectionHtml()
    assert "<img" not in shown
    assert "<script" not in shown


def test_the_message_bar_shows_them_literally(plugin, window: Window) -> None:
    plugin.desk.messages.warning(EVIL)
    assert window.messages()[-1].endswith(EVIL)
    label = window.bar.currentItem().findChild(QLabel, "FusarMessage")
    assert "<img" not in label.text()


def test_the_panel_shows_them_literally(plugin, window: Window) -> None:
    dock = plugin.show_dock()
    dock.form.set_status(EVIL, "#000000")
    assert "<img" not in dock.form.status_label.text()
    dock.form.set_scene_info(EVIL, None, EVIL)
    layer = layers.memory_layer("detections", EVIL, QgsCoordinateReferenceSystem("EPSG:32629"))
    feature = QgsFeature(layer.fields())
    feature.setGeometry(QgsGeometry.fromRect(QgsRectangle(0, 0, 1, 1)))
    feature["class"], feature["flags"], feature["review"] = EVIL, EVIL, "unreviewed"
    layer.dataProvider().addFeatures([feature])
    from qgis.core import QgsProject

    QgsProject.instance().addMapLayer(layer)
    dock.results.show_layer(layer)
    assert "<img" not in dock.results.counts_label.text()
    model = dock.results.model
    assert "<img" not in model.data(model.index(0, 1), Qt.ItemDataRole.ToolTipRole)
    dock.questions.add(EVIL, EVIL, EVIL)
    assert EVIL in dock.questions.history.toPlainText()
    rich = [w for w in dock.findChildren(QLabel) if w.textFormat() != Qt.TextFormat.PlainText]
    assert not [w.text() for w in rich if "<img" in w.text() or "<script" in w.text()]


def test_long_words_lose_their_middle_and_the_tool_tip_has_them(qgis_app: object) -> None:
    name = "S1A_IW_GRDH_1SDV_20240514T182731_20240514T182756_053871_068C0A_7B2C"
    label = Words(f"Read from: {name}.tif")
    assert max(map(len, label.text().split())) <= LONGEST_WORD
    assert label.whole.endswith(f"{name}.tif")
    assert name in label.toolTip()
    assert elided("short words stay") == "short words stay"
    assert tool_tip("") == ""
    assert escape('<a href="x">') == "&lt;a href=&quot;x&quot;&gt;"


def places() -> list[tuple[Path, ast.Call, str]]:
    """Every call in the plugin with the name of what is called."""
    found = []
    for path in sorted(PLUGIN.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                found.append((path, node, name))
    return found


def is_safe(node: ast.expr, allowed: tuple[str, ...]) -> bool:
    """A literal text, one of ours that is translated, what a helper has escaped, or a choice between such."""
    if isinstance(node, ast.IfExp):
        return is_safe(node.body, allowed) and is_safe(node.orelse, allowed)
    if isinstance(node, ast.Call):
        return getattr(node.func, "id", "") in (*allowed, "tr")
    return isinstance(node, ast.Constant)


def test_no_place_of_the_plugin_shows_text_that_nobody_has_escaped() -> None:
    """Labels are those of gui/labels.py, which are plain or say that they are not; tool tips go through its helper."""
    wrong = []
    for path, node, name in places():
        where = f"{path.relative_to(ROOT)}:{node.lineno} {name}"
        if name == "QLabel" or (name == "setTextFormat" and path.name != "labels.py"):
            plain = node.args and ast.unparse(node.args[0]).endswith("PlainText")
            wrong += [] if plain else [where]
        elif name == "setToolTip":
            wrong += [] if is_safe(node.args[0], ("tool_tip",)) else [where]
        elif name == "question" and len(node.args) > 2:
            wrong += [] if is_safe(node.args[2], ("escape",)) or ast.unparse(node.args[2]) == "words" else [where]
        elif name == "setHtml":
            wrong += [] if path.name == "questions_panel.py" else [where]
        elif name in ("pushMessage", "setStatusTip", "setWhatsThis"):
            wrong.append(where)
    assert wrong == []
