"""What docs/training-data.md promises is what the code has."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from fusar_core.errors import FusarError
from training import errors
from training.data.cli import group
from training.data.commands_build import build
from training.data.shape import FIELDS

TEXT = (Path(__file__).resolve().parents[3] / "docs" / "training-data.md").read_text(encoding="utf-8")


def test_every_field_is_described_and_none_else() -> None:
    table = TEXT[TEXT.index("| field |") : TEXT.index("Only classes")]
    named = {name for first in re.findall(r"^\| (`.+?) \|", table, re.M) for name in re.findall(r"`(\w+)`", first)}
    assert named | {"scene", "window"} == set(FIELDS)


def test_every_command_is_shown_and_every_option_exists() -> None:
    for name in [*group.commands, *(f"build {c}" for c in build.commands)]:
        assert name in TEXT, name
    known = {
        option for c in [*group.commands.values(), *build.commands.values()] for p in c.params for option in p.opts
    }
    assert set(re.findall(r"--[a-z][a-z-]+", TEXT)) <= known


def test_codes_of_data_are_listed() -> None:
    classes = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, FusarError)]
    codes = {c.code for c in classes}
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", TEXT[TEXT.index("| code |") : TEXT.index("## ms-swift")]))
    assert named == codes & named
    assert {"BAD_TRIPLET", "SAMPLE_TOO_LONG", "LEAKING_SPLIT", "BAD_LABELS", "TEACHER_DENIED"} <= named
