"""What the docs promise is what the code has."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

from fusar_core import __version__, errors
from fusar_core.cli import COMMANDS
from fusar_core.domain.schema import LAYERS

ROOT = Path(__file__).resolve().parents[2]
USAGE = (ROOT / "docs" / "usage.md").read_text(encoding="utf-8")


def test_every_error_code_is_listed_once() -> None:
    classes = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, errors.FusarError)]
    codes = sorted(c.code for c in classes if c is not errors.FusarError)
    table = USAGE[USAGE.index("## Error codes") :]
    assert sorted(re.findall(r"^\| `([A-Z_]+)` \|", table, re.M)) == codes


def test_every_command_and_field_is_described() -> None:
    assert [name for name in COMMANDS if f"fusar {name}" not in USAGE] == []
    assert [f.name for layer in LAYERS for f in layer.fields if f"`{f.name}`" not in USAGE] == []


def test_links_of_the_readme_lead_somewhere() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#:]+)\)", readme)
    assert targets
    assert [t for t in targets if not (ROOT / t).exists()] == []


def defined_names() -> set[str]:
    """Names of classes, functions, constants and attributes in the code, wherever they are."""
    names: set[str] = set()
    for package in ("fusar_core", "training", "fusar_qgis"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.ClassDef | ast.FunctionDef):
                    names.add(node.name)
                elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    names.add(node.id)
    return names


def test_the_glossary_has_every_word_once_and_names_what_the_code_has() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    rows = re.findall(r"^\| (?!word |---)([^|]+) \| ([^|]+) \| ([^|]*)\|$", glossary, re.M)
    words = [word for cell, _, _ in rows for word in cell.split(", ")]
    assert len(words) > 60
    assert sorted(set(words)) == sorted(words)
    defined = defined_names()
    assert [(w, n) for w, _, names in rows for n in re.findall(r"`(\w+)`", names) if n not in defined] == []


def test_versions_of_the_changelog_are_dated_and_in_order() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    found = re.findall(r"^## (.+)$", changelog, re.M)
    headings = [re.fullmatch(r"(\d+)\.(\d+)\.(\d+) — (unreleased|\d{4}-\d{2}-\d{2})", heading) for heading in found]
    assert headings
    assert all(headings), found
    versions = [tuple(map(int, h.groups()[:3])) for h in headings if h]
    assert versions == sorted(versions, reverse=True)
    dates = [h[4] for h in headings if h]
    assert "unreleased" not in dates[1:]
    dated = [date for date in dates if date != "unreleased"]
    assert dated == sorted(dated, reverse=True)
    assert any(heading.startswith(f"{__version__} — ") for heading in found)
