"""A new user's first session in QGIS Desktop under Xvfb; tests/e2e/desktop_session.py is what happens inside.

FUSAR_E2E_SET_UP=1 also sets the engine up by pip, as a user would; otherwise the engine of this checkout is used.
FUSAR_E2E_SHOTS=FOLDER keeps the screenshots.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ZIP = ROOT / "dist" / "fusar_qgis.zip"
ENGINE = ROOT / ".venv" / "bin" / "fusar"
SET_UP = bool(os.environ.get("FUSAR_E2E_SET_UP"))
NANO = ROOT / "resources" / "models" / "fusar-nano" / "config.json"
PATIENCE_S = 600 if SET_UP else 300

pytestmark = pytest.mark.skipif(
    not (shutil.which("qgis.bin") and shutil.which("xvfb-run")), reason="QGIS Desktop or Xvfb is not installed"
)


def has_small_model() -> bool:
    """Whether the engine of this checkout can run the model that comes with it."""
    python = ENGINE.with_name("python")
    words = [python, "-c", "import torch, transformers"]
    return not SET_UP and NANO.exists() and subprocess.run(words, capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """What the session noted down."""
    if not ZIP.exists():
        pytest.fail(f"{ZIP} is missing: run make package")
    shots = Path(os.environ.get("FUSAR_E2E_SHOTS") or tmp_path_factory.mktemp("shots")).resolve()
    shots.mkdir(parents=True, exist_ok=True)
    home = tmp_path_factory.mktemp("home")
    variables = {
        "FUSAR_ZIP": ZIP,
        "FUSAR_SHOTS": shots,
        "FUSAR_WATER": ROOT / "resources" / "sample" / "harbour_water.geojson",
        "FUSAR_READY_ENGINE": "" if SET_UP else ENGINE,
        "FUSAR_ENGINE": "" if SET_UP else ENGINE,
        "HOME": home,
        "XDG_DATA_HOME": home / "data",
    }
    words = [sys.executable, ROOT / "scripts" / "open_qgis.py", "--zip", ZIP, "--not-installed"]
    words += ["--code", Path(__file__).with_name("desktop_session.py"), "--limit", str(PATIENCE_S)]
    for name, value in variables.items():
        words += ["--var", f"{name}={value}"]
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    notes = shots / "told.json"
    assert notes.exists(), done.stdout[-3000:] + done.stderr[-3000:]
    return json.loads(notes.read_text(encoding="utf-8"))


def test_every_step_went_through(told: dict) -> None:
    assert told.get("error") is None, told["error"]
    assert told["errors"] == []
    assert told["steps"][0] == "01_installed"
    assert told["steps"][-1] == "12_asked"


def test_the_dock_did_not_open_by_itself(told: dict) -> None:
    assert told["dock_closed_at_start"]


def test_the_harbour_was_interpreted_and_reviewed(told: dict) -> None:
    assert told["detections"] > 30
    assert 0 < told["at_least_90"] < told["detections"]
    assert told["reviews"] == ["confirmed"] * 3 + ["rejected"]


def test_the_export_holds_all_but_the_rejected(told: dict) -> None:
    assert told["exported"] == told["detections"] - 1


def test_an_export_over_reviews_asked_first(told: dict) -> None:
    assert "reviewed features" in told["asked"]
    assert "Replace it?" in told["asked"]


def test_box_and_question_were_answered_though_a_detector_was_chosen(told: dict) -> None:
    question, answer, note = told["answers"]
    assert question.startswith("Is there a ship")
    if has_small_model():
        assert told["box_says"].split()[0] in ("ship", "plane")
        assert answer.startswith(("Yes.", "No."))
        assert "fusar-nano" in told["box_note"]
        assert "fusar-nano" in note
    else:  # without torch: what to do is said
        assert "Set up engine" in told["box_note"]
        assert "Set up engine" in answer


def test_unloading_left_nothing_behind(told: dict) -> None:
    assert told["left_behind"] == []
