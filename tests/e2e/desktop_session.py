"""A new user's first session, run inside QGIS Desktop by test_desktop.py: installs the zip, sets up the engine,
interprets the harbour, reviews, draws a box, exports, opens the export again. A screenshot a step; notes as JSON.

Environment: FUSAR_ZIP, FUSAR_SHOTS (folder), FUSAR_READY_ENGINE (a fusar command: skips the set-up by pip).
"""

import json
import os
import sys
import time
import traceback

import qgis.utils
from qgis.core import (
    QgsContrastEnhancement,
    QgsCoordinateTransform,
    QgsProject,
    QgsRasterMinMaxOrigin,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QEvent, QObject, QPoint, QPointF, Qt, QTimer
from qgis.PyQt.QtGui import QMouseEvent
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication, QMessageBox
from qgis.utils import iface

SHOTS, ZIP = os.environ["FUSAR_SHOTS"], os.environ["FUSAR_ZIP"]
READY = os.environ.get("FUSAR_READY_ENGINE", "")
WATER = os.environ.get("FUSAR_WATER", "")
LEFT = Qt.MouseButton.LeftButton
told: dict = {"steps": [], "errors": []}


def remember(kind, value, trace) -> None:
    """QGIS would open a dialog on an error of a plugin, and wait there for ever."""
    told["errors"].append("".join(traceback.format_exception(kind, value, trace)))


sys.excepthook = remember


def shot(name: str) -> None:
    QApplication.primaryScreen().grabWindow(0).save(os.path.join(SHOTS, f"{name}.png"))
    told["steps"].append(name)


def until(condition, seconds: float = 60):
    """For `yield from`: lets QGIS work until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("what was waited for did not happen")
        yield 50


def click(widget, pos=None) -> None:
    QTest.mouseClick(widget, LEFT, pos=pos or widget.rect().center())


def drag(canvas, start, end) -> None:
    viewport = canvas.viewport()
    for kind, at, button, buttons in (
        (QEvent.Type.MouseButtonPress, start, LEFT, LEFT),
        (QEvent.Type.MouseMove, end, Qt.MouseButton.NoButton, LEFT),
        (QEvent.Type.MouseButtonRelease, end, LEFT, Qt.MouseButton.NoButton),
    ):
        where, on_screen = QPointF(QPoint(*at)), QPointF(viewport.mapToGlobal(QPoint(*at)))
        QApplication.sendEvent(
            viewport, QMouseEvent(kind, where, on_screen, button, buttons, Qt.KeyboardModifier.NoModifier)
        )


def in_dialog(act) -> None:
    """Does something with the modal dialog that opens next."""

    def look() -> None:
        dialog = QApplication.activeModalWidget()
        if dialog is None:
            QTimer.singleShot(300, look)
            return
        QTimer.singleShot(800, lambda: run(dialog))

    def run(dialog) -> None:
        try:
            act(dialog)
        except Exception:
            told["error"] = traceback.format_exc()
            dialog.close()

    QTimer.singleShot(300, look)


def session():
    window = iface.mainWindow()
    window.setGeometry(0, 0, 1400, 900)
    yield 500
    scene = iface.activeLayer()
    limits = QgsRasterMinMaxOrigin.Limits.CumulativeCut
    scene.setContrastEnhancement(QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum, limits)
    scene.triggerRepaint()

    # Install from zip, as the plugin manager does.
    import pyplugin_installer

    pyplugin_installer.instance().installFromZipFile(ZIP)
    yield from until(lambda: "fusar_qgis" in qgis.utils.plugins)
    yield 1000
    shot("01_installed")
    plugin = qgis.utils.plugins["fusar_qgis"]
    told["dock_closed_at_start"] = plugin.dock is None
    iface.messageBar().clearWidgets()

    # Set up the engine.
    plugin.actions["dock"].trigger()
    dock = plugin.dock
    form, results = dock.form, dock.results
    if READY:
        yield from until(lambda: "Ready" in form.status_label.text())
    else:
        yield from until(lambda: form.setup_button.isVisible())
        yield 300
        shot("02_not_set_up")
        from fusar_qgis.gui.setup_dialog import SetupDialog

        dialog = SetupDialog(window)
        dialog.move(330, 160)
        dialog.show()
        yield 300
        started = time.monotonic()
        click(dialog.create_button)
        yield from until(lambda: dialog.log.blockCount() > 2, 120)
        yield 1000
        shot("03_setting_up")
        yield from until(lambda: not dialog.busy, 600)
        told["set_up_s"] = round(time.monotonic() - started, 1)
        told["set_up_log"] = dialog.log.toPlainText()[-2000:]
        yield 300
        shot("04_set_up")
        dialog.close()
        dock.refresh_engine()
        yield from until(lambda: "Ready" in form.status_label.text())

    # Interpret.
    if WATER:
        water = QgsVectorLayer(WATER, "harbour_water", "ogr")
        QgsProject.instance().addMapLayer(water)
        QgsProject.instance().layerTreeRoot().findLayer(water.id()).setItemVisibilityChecked(False)
        iface.setActiveLayer(scene)
        form.more.setCollapsed(False)
        form.water_box.setLayer(water)
    yield from until(lambda: form.known_year == 2024)
    yield 600
    shot("05_ready")
    form.more.setCollapsed(True)
    ended = []
    plugin.desk.ended.connect(ended.append)
    started = time.monotonic()
    click(form.interpret_button)
    yield from until(lambda: ended or (plugin.desk.live and plugin.desk.live.count))
    told["first_features_s"] = round(time.monotonic() - started, 2)
    yield from until(lambda: ended)
    told["whole_s"] = round(time.monotonic() - started, 2)
    yield 1500
    shot("06_interpreted")
    found = results.layer
    told["detections"] = found.featureCount()

    # Review.
    click(results.list.viewport(), results.list.visualRect(results.model.index(0, 1)).center())
    yield 800
    for key in (Qt.Key.Key_C, Qt.Key.Key_C, Qt.Key.Key_C, Qt.Key.Key_R):
        QTest.keyClick(results.list, key)
        yield 400
    yield 800
    shot("07_reviewed")
    told["reviews"] = sorted(f["review"] for f in found.getFeatures() if f["review"] != "unreviewed")
    results.slider.setValue(90)
    yield 600
    iface.mapCanvas().setExtent(scene.extent())
    iface.mapCanvas().refresh()
    yield 1500
    shot("08_filtered")
    told["at_least_90"] = found.featureCount()
    results.slider.setValue(0)
    yield 600

    # A box: the detector has no words, so FUSAR-GPT answers, or what is missing is said.
    canvas, everything = iface.mapCanvas(), iface.mapCanvas().extent()
    corners = yield from around_the_surest(found)
    plugin.actions["box"].trigger()
    drag(canvas, *corners)
    card = plugin.desk.inquiries.card
    yield from until(lambda: card.isVisible() and "…" not in card.title.text(), 180)
    yield 1200
    shot("09_box")
    told["box_says"], told["box_note"] = card.title.text(), card.note.text()
    iface.messageBar().clearWidgets()
    card.hide()
    plugin.actions["box"].trigger()
    canvas.setExtent(everything)
    canvas.refresh()

    # Export, and open the export again.
    shapefile = os.path.join(SHOTS, "harbour ships.shp")

    plugin.actions["export"].trigger()
    dialog = plugin.desk.dialog
    dialog.move(250, 120)
    dialog.setParameters({"INPUT": found.id(), "CONFIRMED_ONLY": False, "OUTPUT": shapefile})
    yield 800
    shot("10_export")
    dialog.runAlgorithm()
    yield from until(lambda: os.path.exists(shapefile))
    yield 1200
    before = os.stat(shapefile).st_mtime_ns

    def replace(box) -> None:  # the file holds reviews by now
        told["asked"] = box.text()
        click(box.button(QMessageBox.StandardButton.Yes))

    in_dialog(replace)
    dialog.runAlgorithm()
    yield from until(lambda: "asked" in told and os.stat(shapefile).st_mtime_ns > before)
    yield 1200
    dialog.close()
    again = QgsVectorLayer(shapefile, "opened again", "ogr")
    told["exported"] = again.featureCount() if again.isValid() else None

    # The options page.
    def options(dialog) -> None:
        dialog.move(200, 60)
        dialog.resize(1000, 780)
        QApplication.processEvents()
        shot("11_options")
        dialog.reject()

    in_dialog(options)
    plugin.show_options()
    yield 500
    dock.tabs.setCurrentWidget(dock.questions)
    yield from around_the_surest(found)
    dock.form.where_box.setCurrentIndex(dock.form.where_box.findData("view"))
    dock.questions.line.setText("Is there a ship in this SAR image?")
    click(dock.questions.button)
    yield from until(lambda: dock.questions.entries, 180)
    yield 600
    shot("12_asked")
    told["answers"] = list(dock.questions.entries[0])
    iface.messageBar().clearWidgets()
    qgis.utils.unloadPlugin("fusar_qgis")
    yield 500
    told["left_behind"] = [o.objectName() for o in window.findChildren(QObject) if o.objectName().startswith("Fusar")]


def around_the_surest(found):
    """Shows the surest target from near; pixels of two corners around it."""
    canvas = iface.mapCanvas()
    surest = max(found.getFeatures(), key=lambda f: f["score"] or 0)
    crs = canvas.mapSettings().destinationCrs()
    to_map = QgsCoordinateTransform(found.crs(), crs, QgsProject.instance())
    box = to_map.transformBoundingBox(surest.geometry().boundingBox())
    canvas.setExtent(box.buffered(8 * max(box.width(), box.height())))
    canvas.refresh()
    yield 1500
    pixels = canvas.getCoordinateTransform()
    first, last = pixels.transform(box.xMinimum(), box.yMaximum()), pixels.transform(box.xMaximum(), box.yMinimum())
    return (round(first.x()) - 6, round(first.y()) - 6), (round(last.x()) + 6, round(last.y()) + 6)


def drive() -> None:
    steps = session()

    def go_on() -> None:
        try:
            QTimer.singleShot(next(steps), go_on)
        except StopIteration:
            leave()
        except Exception:
            told["error"] = traceback.format_exc()
            shot("error")
            leave()

    go_on()


def leave() -> None:
    with open(os.path.join(SHOTS, "told.json"), "w", encoding="utf-8") as file:
        json.dump(told, file, indent=1)
    QgsProject.instance().clear()
    iface.actionExit().trigger()


QTimer.singleShot(1500, drive)
