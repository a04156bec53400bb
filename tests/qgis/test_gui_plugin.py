"""The plugin in a QGIS window: what it adds, that it opens nothing by itself, and that nothing is left behind."""

from __future__ import annotations

import ast
import gc
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from desktop_window import ROOT, Window, settle
from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QTextDocument
from qgis.PyQt.QtWidgets import QAction, QDockWidget, QToolBar

SOURCES = sorted((ROOT / "fusar_qgis").rglob("*.py"))


def names(window: Window) -> set[str]:
    return {o.objectName() for kind in (QAction, QDockWidget, QToolBar) for o in window.window.findChildren(kind)}


def test_starting_adds_toolbar_menu_options_and_provider_but_opens_no_dock(plugin, window: Window) -> None:
    assert "FusarToolbar" in names(window)
    assert len(window.menu.actions()) == 6
    assert len(window.options) == 1
    assert QgsApplication.processingRegistry().providerById("fusar") is not None
    assert window.docks == []
    assert plugin.dock is None


def test_the_dock_opens_and_closes_with_its_button(plugin, window: Window) -> None:
    button = plugin.actions["dock"]
    button.trigger()
    assert plugin.dock.isVisible()
    button.trigger()
    assert not plugin.dock.isVisible()


def test_unloading_twice_over_leaves_nothing_behind(window: Window) -> None:
    from fusar_qgis import classFactory
    from fusar_qgis.engine import manager

    before = names(window)
    for _ in range(2):
        plugin = classFactory(window)
        plugin.initGui()
        plugin.show_dock()
        plugin.actions["box"].trigger()
        settle()
        pid = manager.engine().start()["pid"]
        plugin.unload()
        del plugin
        gc.collect()
        settle()
        assert names(window) == before
        assert window.menu.actions() == []
        assert window.options == []
        assert window.docks == []
        assert window.canvas.mapTool() is None
        assert QgsApplication.processingRegistry().providerById("fusar") is None
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_importing_the_plugin_imports_no_widget_and_nothing_outside_qgis_and_the_standard_library() -> None:
    code = (
        "import sys; before = set(sys.modules)\n"
        "import fusar_qgis.plugin\n"
        "print(*(set(sys.modules) - before), sep='\\n')\n"
    )
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}
    told = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout
    loaded = set(told.split())
    tops = {name.partition(".")[0] for name in loaded}
    foreign = tops - set(sys.stdlib_module_names) - {"qgis", "PyQt5", "PyQt6", "sip", "osgeo", "fusar_qgis"}
    assert not {t for t in foreign if not t.startswith(("_", "qgs"))}, foreign
    assert not {name for name in loaded if name.startswith("fusar_qgis.gui")}


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_sources_import_qt_through_qgis_alone(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        imported = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        imported += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
        for name in imported:
            top = name.partition(".")[0]
            allowed = top in sys.stdlib_module_names or top in ("qgis", "processing", "fusar_qgis")
            assert allowed, f"{path.name}:{node.lineno} imports {name}"


def test_in_chinese_the_dock_speaks_chinese_and_every_text_has_its_placeholders(window: Window) -> None:
    from qgis.PyQt.QtCore import QCoreApplication

    from fusar_qgis import translation

    translator = translation.install("zh_CN")
    try:
        assert translation.tr("Interpret scene") == "解译影像"
        assert translation.tr("a text that nobody wrote") == "a text that nobody wrote"
    finally:
        translation.remove(translator)
    assert translation.tr("Interpret scene") == "Interpret scene"
    assert translation.install("fr_FR") is None
    assert QCoreApplication.translate("Fusar", "Cancel") == "Cancel"


def test_the_guide_opens_with_all_its_pictures_and_goes_with_the_plugin(window: Window) -> None:
    from fusar_qgis import classFactory
    from fusar_qgis.gui.guide import WIDTH, GuideWindow

    plugin = classFactory(window)
    plugin.initGui()
    plugin.actions["help"].trigger()
    plugin.actions["help"].trigger()
    settle()
    (guide,) = window.mainWindow().findChildren(GuideWindow)
    assert guide.isVisible()
    text = guide.browser.toPlainText()
    assert "Interpret scene" in text
    pictures = re.findall(r"\]\((images/[^)]+)\)", (ROOT / "docs" / "user-guide.md").read_text("utf-8"))
    for name in pictures:
        shown = guide.browser.loadResource(QTextDocument.ResourceType.ImageResource, QUrl(name))
        assert 0 < shown.width() <= WIDTH, name
    plugin.unload()
    settle()
    assert window.mainWindow().findChildren(GuideWindow) == []


def test_every_text_of_the_sources_is_translated_and_the_catalogue_is_as_the_script_makes_it() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "translations.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_a_text_without_translation_is_told_with_what_to_do(tmp_path: Path) -> None:
    copy = tmp_path / "scripts" / "translations.py"
    copy.parent.mkdir()
    shutil.copy(ROOT / "scripts" / "translations.py", copy)
    (tmp_path / "fusar_qgis" / "i18n").mkdir(parents=True)
    (tmp_path / "fusar_qgis" / "tasks.json").write_text("[]")
    (tmp_path / "fusar_qgis" / "new.py").write_text('tr("Quay")')
    catalogue = tmp_path / "fusar_qgis" / "i18n" / "fusar_zh.ts"
    catalogue.write_text("<TS/>")

    def run(*options: str) -> tuple[int, str]:
        done = subprocess.run([sys.executable, copy, *options], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    status, said = run("--check")
    assert status == 1
    assert "fusar_zh.ts is not what the sources say" in said
    assert "not translated: Quay" in said
    assert 'in place of type="unfinished"' in said
    if shutil.which("lrelease"):
        assert run()[0] == 1
        unfinished = '<translation type="unfinished" />'
        catalogue.write_text(
            catalogue.read_text("utf-8").replace(unfinished, "<translation>码头</translation>"), "utf-8"
        )
        assert run() == run("--check") == (0, "")


def test_every_icon_that_is_named_is_there(qgis_app: object) -> None:
    from fusar_qgis.plugin import ICONS
    from fusar_qgis.provider.provider import ALGORITHMS

    named = {algorithm.ICON for algorithm in ALGORITHMS}
    for node in ast.walk(ast.parse((ROOT / "fusar_qgis" / "plugin.py").read_text("utf-8"))):
        called = getattr(node.func, "attr", getattr(node.func, "id", "")) if isinstance(node, ast.Call) else ""
        at = {"_add": 1, "icon": 0}.get(called)
        if at is not None and isinstance(node.args[at], ast.Constant) and node.args[at].value:
            named.add(node.args[at].value)
    assert named == {file.stem for file in ICONS.glob("*.svg")}
    assert all(not algorithm().icon().isNull() for algorithm in ALGORITHMS)
