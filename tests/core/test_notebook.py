"""The notebook of the documentation runs as it stands, and its stored outputs are what it says today."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from run_notebook import FOLDER, run, words

NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
WITH_MODEL = "model"
"""Tag of a cell that needs the extra `model`; a model's words may differ between versions of its libraries."""


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_it_runs_and_says_what_is_stored_in_it(path: Path) -> None:
    stored, fresh = nbformat.read(path, as_version=4), run(path)
    with_model = [WITH_MODEL in c.metadata.get("tags", []) for c in stored.cells if c.cell_type == "code"]
    pairs = list(zip(words(stored), words(fresh), with_model, strict=True))
    assert any(said for said, _, _ in pairs)
    assert [(said, says) for said, says, varies in pairs if not varies and said != says] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_what_is_stored_is_small_and_tells_nothing_of_a_machine(path: Path) -> None:
    assert path.stat().st_size < 500_000
    stored = nbformat.read(path, as_version=4)
    kinds = {kind for cell in stored.cells for output in cell.get("outputs", []) for kind in output.get("data", {})}
    assert "image/jpeg" in kinds  # the site shows what is stored
    assert re.findall(r"/(?:home|root|tmp|Users|work|usr)/|[A-Z]:\\|file://", "\n".join(words(stored))) == []


def test_there_is_a_notebook() -> None:
    assert [p.stem for p in NOTEBOOKS] == ["first_scene"]
