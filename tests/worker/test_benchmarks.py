"""The benchmarks can be started: what they take from each other and from the engine is there."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

MODULES = sorted(p.stem for p in (Path(__file__).parents[2] / "benchmarks").glob("[!_]*.py"))


@pytest.mark.parametrize("name", MODULES)
def test_its_module_is_imported(name: str) -> None:
    assert import_module(f"benchmarks.{name}").__doc__
