"""Where the project lives: one place says it, the plugin repeats it, and no release goes out with placeholders."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from addresses import URLS, addresses, fill, placeholders

ROOT = Path(__file__).resolve().parents[2]
FILLED = {"example.org/fusar-qgis": "codes.somewhere.eu/sar/fusar", "fusar.example": "somewhere.eu"}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """What packaging reads first, with placeholders whatever this repository has by now."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    for name, address in addresses().items():
        if name in URLS:
            text = text.replace(f'"{address}"', '"https://example.org/fusar-qgis"')
    text = re.sub(r'email = "[^"]*"', 'email = "maintainers@fusar.example"', text)
    (tmp_path / "pyproject.toml").write_text(text, "utf-8")
    return tmp_path


def run(repository: Path, script: str, *options: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, str(repository / "scripts" / script), *options]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_a_release_with_placeholders_is_refused_and_each_is_named(repository: Path) -> None:
    out = repository / "dist" / "fusar_qgis.zip"
    done = run(repository, "package.py", "--release", "--out", str(out))
    assert done.returncode == 1
    assert "placeholders" in done.stderr
    assert "pyproject.toml" in done.stderr
    assert [name for name in (*URLS, "email") if f"  {name}: " not in done.stderr] == []
    assert not out.parent.exists()


def test_filled_in_they_are_no_placeholders(repository: Path) -> None:
    project = repository / "pyproject.toml"
    text = project.read_text("utf-8")
    for placeholder, real in FILLED.items():
        text = text.replace(placeholder, real)
    project.write_text(text, "utf-8")
    assert placeholders(addresses(project)) == {}
    assert run(repository, "addresses.py").returncode == 0


@pytest.mark.parametrize(
    ("address", "leads_nowhere"),
    [
        ("https://example.org/fusar", True),
        ("https://docs.example.com", True),
        ("me@fusar.example", True),
        ("https://fusar.invalid/", True),
        ("", True),
        ("https://exemple.org/fusar", False),
        ("https://counterexample.org", False),
        ("https://somewhere.eu/example.org", False),
        ("me@somewhere.eu", False),
    ],
)
def test_a_placeholder_is_told_by_its_host(address: str, leads_nowhere: bool) -> None:
    assert bool(placeholders({"homepage": address})) is leads_nowhere


def test_the_metadata_of_the_plugin_have_no_address_of_their_own() -> None:
    written = (ROOT / "metadata.txt").read_text("utf-8")
    assert re.findall(r"https?://\S+|\S+@\S+", written) == []
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(fill(written, addresses()))
    known = addresses()
    for name in ("author", "email", "homepage", "repository", "tracker"):
        assert parser["general"][name] == known[name]
    assert not re.search(r"[{}]|^#", fill(written, known), re.M)
