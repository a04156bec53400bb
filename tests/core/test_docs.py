"""What the docs promise is what the code has."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from fusar_core import errors
from fusar_core.cli import COMMANDS
from fusar_core.results.schema import LAYERS

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
