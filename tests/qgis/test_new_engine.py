"""An engine that the plugin has never heard of: its process tells of it, and its options go through."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import FUSAR, ROOT, SAMPLE
from qgis.core import (
    QgsApplication,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
)

from fusar_qgis.engine import manager

pytestmark = [
    pytest.mark.usefixtures("provider"),
    pytest.mark.skipif(sys.platform == "win32", reason="the command is a script with a first line"),
]

COMMAND = f"""#!{FUSAR.with_name("python")}
import sys
sys.path[0:0] = [{str(ROOT)!r}, {str(ROOT / "tests" / "core")!r}]
from fusar_core.cli import main
from fusar_core.engines import ENGINES
ENGINES["brightness"] = "new_engine:Brightness"
main()
"""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The plugin's engine is one whose registry has one line more."""
    command = tmp_path / "fusar"
    command.write_text(COMMAND)
    command.chmod(0o755)
    monkeypatch.setenv("FUSAR_ENGINE", str(command))
    manager.shutdown()
    manager.start()
    yield
    monkeypatch.undo()
    manager.shutdown()
    manager.start()


def interpreted(options: str) -> int:
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("fusar:interpret_scene")
    parameters = {"INPUT": str(SAMPLE), "DETECTIONS": "memory:", "TASKS": ["detect", "count"], "PRIOR": "none"}
    parameters |= {"ENGINE": "brightness", "ENGINE_OPTIONS": options}
    context, feedback = QgsProcessingContext(), QgsProcessingFeedback()
    return algorithm.run(parameters, context, feedback, {}, False)[0]["COUNT"]


@pytest.mark.usefixtures("engine")
def test_it_is_in_the_lists() -> None:
    from fusar_qgis.gui.options_page import FusarOptionsPage
    from fusar_qgis.gui.scene_form import engine_title

    assert "brightness" in manager.engine_names()
    assert manager.finds_only("brightness")
    assert engine_title("brightness") == "brightness: whatever is bright"
    page = FusarOptionsPage()
    assert page.default_engine.findData("brightness") >= 0
    page.deleteLater()


@pytest.mark.usefixtures("engine")
def test_its_option_goes_through() -> None:
    assert interpreted("") > 0
    assert interpreted("level = 256") == 0
    with pytest.raises(QgsProcessingException, match="level"):
        interpreted("floor=3")
