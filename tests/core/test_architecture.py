"""Who may import whom: QGIS stays out of the engine, pip packages stay out of the plugin, training stays on top."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from house import LAYERS, TARGETS, measure

ROOT = Path(__file__).resolve().parents[2]

PLUGIN_MAY_IMPORT = sys.stdlib_module_names | {"qgis", "processing", "fusar_qgis", "osgeo"}


def imported(source: str) -> set[str]:
    """Top-level names of all absolute imports in a module, also inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


def forbidden(package: str, names: set[str]) -> set[str]:
    """Those of the imported names that a module of the package must not import."""
    if package == "fusar_core":
        return names & {"qgis", "PyQt5", "PyQt6", "processing", "training", "fusar_qgis"}
    if package == "training":
        return names & {"qgis", "PyQt5", "PyQt6", "processing", "fusar_qgis"}
    return {name for name in names if name not in PLUGIN_MAY_IMPORT}


@pytest.mark.parametrize("package", ["fusar_core", "training", "fusar_qgis"])
def test_no_module_imports_what_its_package_must_not(package: str) -> None:
    wrong = {
        str(path.relative_to(ROOT)): bad
        for path in sorted((ROOT / package).rglob("*.py"))
        if (bad := forbidden(package, imported(path.read_text(encoding="utf-8"))))
    }
    assert wrong == {}


def rooms_imported(source: str) -> set[str]:
    """The rooms of fusar_core that a module imports, also inside functions."""
    rooms: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and (node.module or "").split(".")[0] == "fusar_core":
            first, *rest = (node.module or "").split(".")[1:] or [alias.name for alias in node.names]
            rooms |= {first, *(rest if node.module == "fusar_core" else ())}
        elif isinstance(node, ast.Import):
            rooms |= {a.name.split(".")[1] for a in node.names if a.name.startswith("fusar_core.")}
    return rooms - {"__version__"}


def upward(room: str, source: str) -> set[str]:
    """The rooms above its own that a module imports."""
    level = {name: number for number, layer in enumerate(LAYERS) for name in layer}
    return {other for other in rooms_imported(source) if level[other] > level[room]}


def test_no_room_of_the_engine_imports_one_above_it() -> None:
    core = ROOT / "fusar_core"
    wrong = {
        str(path.relative_to(ROOT)): up
        for path in sorted(core.rglob("*.py"))
        if (room := path.relative_to(core).parts[0].removesuffix(".py")) != "__init__"
        and (up := upward(room, path.read_text(encoding="utf-8")))
    }
    assert wrong == {}


@pytest.mark.parametrize(
    ("room", "source", "expected"),
    [
        ("tasks", "from fusar_core.engines.base import Engine", {"engines"}),
        ("scenes", "def f():\n    from fusar_core import sidecar", {"sidecar"}),
        ("domain", "import fusar_core.tasks.reading", {"tasks"}),
        ("sidecar", "from fusar_core.scenes.scene import SarScene\nfrom fusar_core import __version__", set()),
    ],
)
def test_the_guard_of_layers_catches_offenders(room: str, source: str, expected: set[str]) -> None:
    assert upward(room, source) == expected


@pytest.mark.parametrize(
    ("package", "source", "expected"),
    [
        ("fusar_core", "def f():\n    from qgis.core import QgsProject", {"qgis"}),
        ("fusar_core", "import training.data", {"training"}),
        ("fusar_core", "import numpy, torch", set()),
        ("training", "import qgis.utils as u", {"qgis"}),
        ("training", "from fusar_core.scenes.scene import SarScene", set()),
        ("fusar_qgis", "import torch", {"torch"}),
        ("fusar_qgis", "import json\nfrom qgis.PyQt import QtCore\nfrom . import dock", set()),
        ("fusar_qgis", "from fusar_core import interpret", {"fusar_core"}),
        ("fusar_qgis", "from PyQt5 import QtCore", {"PyQt5"}),
    ],
)
def test_the_guard_itself_catches_offenders(package: str, source: str, expected: set[str]) -> None:
    assert forbidden(package, imported(source)) == expected


def test_the_engine_has_modules_to_guard() -> None:
    assert len(list((ROOT / "fusar_core").rglob("*.py"))) > 10


def imported_at_once(source: str) -> set[str]:
    """Top-level names of what is imported when a module is: not inside functions, nor for type checkers alone."""
    names: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= imported(ast.unparse(node))
        waiting += ast.iter_child_nodes(node)
    return names


def test_torch_is_imported_by_the_model_and_the_runtimes_alone() -> None:
    core = ROOT / "fusar_core"
    at_once = {
        path.relative_to(core)
        for path in core.rglob("*.py")
        if {"torch", "transformers", "peft"} & imported_at_once(path.read_text(encoding="utf-8"))
    }
    elsewhere = {str(path) for path in at_once if path.parts[0] != "model"}
    assert elsewhere == {"worker/transformers_runtime.py", "worker/vllm_runtime.py"}
    assert any(path.parts[0] == "model" for path in at_once)


HEAVY = {"torch", "transformers", "matplotlib", "rasterio", "scipy", "ray"}


def test_help_imports_nothing_heavy() -> None:
    """`fusar --help` must answer at once: the command line imports its commands only when they are called."""
    import subprocess

    code = (
        "import sys; from fusar_core.cli import main\n"
        "try: main(['--help'])\n"
        f"except SystemExit: print('LOADED', sorted({HEAVY!r} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "interpret" in answer.stdout
    assert "LOADED []" in answer.stdout


def test_the_house_is_kept() -> None:
    """What `python scripts/house.py` measures, and the targets that stand there."""
    numbers, places = measure(ROOT)
    missed = {name: places.get(name, numbers[name]) for name, (_, met) in TARGETS.items() if not met(numbers[name])}
    assert missed == {}
