"""Every widget of the plugin made and used once, in whatever QGIS this is: flat enums and moved names fail here.

Globals given by the runner: app, iface, plugin, args = [folder with the sample, the fusar command]. Without args the
engine is missing, and the widgets have to say so.
"""

from __future__ import annotations

import os
import time

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsGeometry,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
)
from qgis.PyQt.QtCore import QPoint, Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QPushButton

os.environ["FUSAR_ENGINE"] = args[1] if len(args) > 1 else "/nowhere/fusar"  # noqa: F821 - given by the runner


def wait(until, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "what was waited for did not happen"
        QgsApplication.processEvents()
        time.sleep(0.01)


dock = plugin.show_dock()  # noqa: F821
form, panel = dock.form, dock.results
wait(lambda: "●" in form.status_label.text() and "Starting" not in form.status_label.text())
if len(args) > 1:  # noqa: F821
    wait(lambda: "Ready" in form.status_label.text())
    raster = QgsRasterLayer(os.path.join(args[0], "harbour.tif"), "harbour")  # noqa: F821
    QgsProject.instance().addMapLayer(raster)
    form.set_layer(raster)
    wait(lambda: form.known_year == 2024)
    ended = []
    plugin.desk.ended.connect(ended.append)  # noqa: F821
    QTest.mouseClick(form.interpret_button, Qt.MouseButton.LeftButton)
    wait(lambda: ended)
    assert ended[0].ok, ended[0].error
    wait(lambda: panel.model.rowCount() > 20)
else:
    assert "/nowhere/fusar" in form.status_label.text()
    dock.interpret()
    from fusar_qgis import layers

    layer = layers.memory_layer("detections", "some", QgsCoordinateReferenceSystem("EPSG:32629"))
    rows = []
    for i in range(30):
        row = QgsFeature(layer.fields())
        row.setGeometry(QgsGeometry.fromRect(QgsRectangle(100 * i, 0, 100 * i + 80, 20)))
        row["class"], row["score"], row["review"] = "ship", i / 30, "unreviewed"
        rows.append(row)
    assert layer.dataProvider().addFeatures(rows)[0]
    QgsProject.instance().addMapLayer(layer)
    panel.show_layer(layer)
    wait(lambda: panel.model.rowCount() == 30)
panel.list.selectRow(0)
QTest.keyClick(panel.list, Qt.Key.Key_C)
QTest.keyClick(panel.list, Qt.Key.Key_R)
assert sorted(f["review"] for f in panel.layer.getFeatures())[0] == "confirmed"
panel.slider.setValue(50)
wait(lambda: "0.50" in panel.layer.subsetString())
dock.grab()

plugin.actions["box"].trigger()  # noqa: F821
tool, boxes = plugin.box_tool, []  # noqa: F821
tool.drawn.disconnect()
tool.drawn.connect(boxes.append)
viewport = iface.mapCanvas().viewport()  # noqa: F821
QTest.mousePress(viewport, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(100, 100))
QTest.mouseMove(viewport, QPoint(180, 160))
QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(180, 160))
assert len(boxes) == 1

from fusar_qgis.gui.box_result import BoxResult  # noqa: E402
from fusar_qgis.gui.diagnostics import report  # noqa: E402
from fusar_qgis.gui.options_page import FusarOptionsPage  # noqa: E402
from fusar_qgis.gui.setup_dialog import SetupDialog  # noqa: E402

card = BoxResult(iface.mapCanvas())  # noqa: F821
card.show_answer("cargo ship", 0.93, "fusar", "a cargo ship")
card.grab()
page = FusarOptionsPage()
page.apply()
page.grab()
dialog = SetupDialog()
dialog.show()
dialog.grab()
dialog.reject()
plugin.desk.messages.error("An error, to see its button.")  # noqa: F821
assert "Copy diagnostics" in [b.text() for b in iface.messageBar().findChildren(QPushButton)]  # noqa: F821
assert Qgis.QGIS_VERSION in report()
card.deleteLater()
page.deleteLater()
dialog.deleteLater()
print("widgets fine in QGIS", Qgis.QGIS_VERSION)
