"""The zip: what the plugin repository asks for, and what its scanners say."""

from __future__ import annotations

import ast
import configparser
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT

LARGEST_MB = 25
SUFFIXES = {".py", ".json", ".txt", ".md", ".svg", ".qml", ".qm", ".ts", ".html", ".whl", ".png", ".tif", ".geojson"}
NEEDED = {"name", "description", "version", "qgisMinimumVersion", "author", "email", "about", "tracker", "repository"}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist") / "fusar_qgis.zip"
    subprocess.run([ROOT / ".venv/bin/python", ROOT / "scripts/package.py", "--out", out], check=True)
    return out


@pytest.fixture(scope="module")
def unpacked(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plugins")
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder)
    return folder / "fusar_qgis"


def test_one_folder_with_all_that_is_needed_and_nothing_else(package: Path) -> None:
    with zipfile.ZipFile(package) as archive:
        names = archive.namelist()
        assert archive.testzip() is None
    assert {n.split("/")[0] for n in names} == {"fusar_qgis"}
    inside = {n.removeprefix("fusar_qgis/") for n in names}
    assert {"__init__.py", "metadata.txt", "LICENSE", "icons/fusar.svg", "resources/detections.qml"} <= inside
    with zipfile.ZipFile(package) as archive:
        guide = archive.read("fusar_qgis/guide/user-guide.md").decode()
    pictures = re.findall(r"\]\((images/[^)]+)\)", guide)
    assert len(pictures) > 5
    assert {f"guide/{p}" for p in pictures} == {n for n in inside if n.startswith("guide/images/")}
    assert {Path(n).suffix for n in inside} - {""} <= SUFFIXES
    assert [n for n in inside if "." not in Path(n).name] == ["LICENSE"]
    assert [n for n in inside if "__pycache__" in n or "/." in n or n.startswith(".")] == []
    assert package.stat().st_size < LARGEST_MB * 1e6
    assert max(map(len, names)) < 100  # Windows: under C:\Users\name\AppData\Roaming\QGIS\…\plugins


def test_the_same_sources_give_the_same_zip(package: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.zip"
    subprocess.run([ROOT / ".venv/bin/python", ROOT / "scripts/package.py", "--out", again], check=True)

    def listed(path: Path) -> list:
        with zipfile.ZipFile(path) as archive:
            return [(i.filename, i.CRC) for i in archive.infolist() if not i.filename.endswith(".whl")]

    assert listed(again) == listed(package)


def test_metadata(unpacked: Path) -> None:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(unpacked / "metadata.txt", "utf-8")
    metadata = parser["general"]
    assert {k for k in NEEDED if metadata.get(k)} == NEEDED
    assert metadata["qgisMinimumVersion"] == "3.22"
    assert metadata["qgisMaximumVersion"] == "4.99"
    assert metadata["hasProcessingProvider"] == "yes"
    assert "supportsQt6" not in metadata
    assert (unpacked / metadata["icon"]).is_file()
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    assert f'version = "{metadata["version"]}"' in project
    for name, key in {"homepage": "Homepage", "repository": "Repository", "tracker": "Issues"}.items():
        assert f'{key} = "{metadata[name]}"' in project  # the addresses are filled in from there
    assert f'email = "{metadata["email"]}"' in project
    assert "environment of its own" in metadata["about"]  # what is installed, and where, is said before it is
    plugin = ast.parse((unpacked / "plugin.py").read_text("utf-8"))
    methods = {n.name for n in ast.walk(plugin) if isinstance(n, ast.FunctionDef)}
    assert {"initGui", "unload", "initProcessing"} <= methods


def test_the_wheel_is_the_engine_of_this_version_in_pure_python(unpacked: Path) -> None:
    (wheel,) = (unpacked / "wheels").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert "fusar_core/sidecar/server.py" in names
    assert "fusar_core/engines/cfar/engine.py" in names
    code = [n for n in names if not n.split("/")[0].endswith((".dist-info", ".data"))]
    assert {Path(n).suffix for n in code} <= {".py", ".typed", ".json"}
    assert wheel.name.endswith("-py3-none-any.whl")
    assert (unpacked / "wheels" / "constraints.txt").is_file()


def test_the_wheel_brings_the_small_model(unpacked: Path) -> None:
    (wheel,) = (unpacked / "wheels").glob("*.whl")
    made = ROOT / "resources" / "models" / "fusar-nano"
    with zipfile.ZipFile(wheel) as archive:
        found = {Path(n).name: archive.read(n) for n in archive.namelist() if "/share/fusar/models/fusar-nano/" in n}
    assert found == {p.name: p.read_bytes() for p in made.iterdir()}
    assert {"config.json", "model.safetensors", "README.md"} <= found.keys()


def test_bandit_is_silent(unpacked: Path) -> None:
    words = [sys.executable, "-m", "bandit", "-q", "-r", "-f", "json", str(unpacked)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    assert [(r["filename"], r["line_number"], r["test_id"]) for r in report["results"]] == []
    assert report["errors"] == []


def test_detect_secrets_is_silent(unpacked: Path) -> None:
    words = [sys.executable, "-m", "detect_secrets", "scan", "--all-files", "."]
    done = subprocess.run(words, cwd=unpacked, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["results"] == {}


def test_flake8_with_flake8_qgis_is_silent(unpacked: Path) -> None:
    words = [sys.executable, "-m", "flake8", "--config", str(ROOT / ".flake8"), "fusar_qgis"]
    done = subprocess.run(words, cwd=unpacked.parent, capture_output=True, text=True, check=False)
    assert done.stdout + done.stderr == ""
    listed = subprocess.run([*words[:3], "--version"], capture_output=True, text=True, check=True).stdout
    assert "qgis" in listed.lower()  # the plugin of flake8 is there at all


def test_loading_imports_nothing_but_pyqgis_and_the_standard_library(unpacked: Path) -> None:
    code = (
        "import sys\nfrom qgis.core import QgsApplication\nimport qgis.gui, qgis.utils\nbefore = set(sys.modules)\n"
        f"sys.path.insert(0, {str(unpacked.parent)!r})\n"
        "import fusar_qgis.plugin, fusar_qgis.provider.provider, fusar_qgis.engine.manager\n"
        "new = {n.split('.')[0] for n in set(sys.modules) - before}\n"
        "print(sorted(new - set(sys.stdlib_module_names) - {'fusar_qgis', 'qgis', 'PyQt5', 'PyQt6', 'sip'}))"
    )
    words, environ = ["/usr/bin/python3", "-c", code], {"QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=environ)
    assert done.stdout.strip() == "[]"
