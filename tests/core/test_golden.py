"""What the command answers about the sample scene stays what it was: scripts/golden.py's cheapest cases, kept here.

Where it is meant to change, keep the new answers and look at the difference that git shows:

    .venv/bin/python scripts/golden.py tests/core/golden --only cfar-sample --only info-sample
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
KEPT = Path(__file__).parent / "golden"
CASES = ("cfar-sample", "info-sample")


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("golden")
    only = [word for case in CASES for word in ("--only", case)]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, str(ROOT / "scripts" / "golden.py"), str(out), *only], check=True, env=env)
    return out


@pytest.mark.parametrize("case", CASES)
def test_the_sample_scene_is_answered_as_before(case: str, answers: Path) -> None:
    before, now = (json.loads((folder / f"{case}.json").read_text("utf-8")) for folder in (KEPT, answers))
    assert list(differences(before, now)) == []


def differences(before: Any, now: Any, where: str = "") -> list[str]:
    """Where two answers differ; numbers may in their last digits, as processors do."""
    if isinstance(before, dict) and isinstance(now, dict) and before.keys() == now.keys():
        return [d for key in before for d in differences(before[key], now[key], f"{where}/{key}")]
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        return [d for i, pair in enumerate(zip(before, now, strict=True)) for d in differences(*pair, f"{where}/{i}")]
    same = before == (pytest.approx(now, rel=1e-6) if isinstance(now, float) else now)
    return [] if same else [f"{where}: {before!r} → {now!r}"]
