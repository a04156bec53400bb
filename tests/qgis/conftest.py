"""QGIS with the plugin's provider and the real engine of `.venv`, in a throw-away home."""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FUSAR = ROOT / ".venv" / "bin" / "fusar"
SAMPLE = ROOT / "resources" / "sample" / "harbour.tif"
WATER = ROOT / "resources" / "sample" / "harbour_water.geojson"
FAKE = Path(__file__).parent / "fake_sidecar.py"

sys.path.insert(0, str(ROOT))
_home = tempfile.TemporaryDirectory(prefix="fusar_test_")
os.environ["XDG_DATA_HOME"] = _home.name  # the engine's log and environment: never the developer's own
os.environ["FUSAR_ENGINE"] = str(FUSAR)
os.environ["GDAL_PAM_ENABLED"] = "NO"  # no .aux.xml beside the sample


@pytest.fixture(scope="session")
def provider(qgis_app: object, qgis_processing: object) -> Iterator[object]:
    """The Processing provider, registered; the engine is ended with the session."""
    from qgis.core import QgsApplication

    from fusar_qgis.engine import manager
    from fusar_qgis.provider.provider import FusarProvider

    made = QgsApplication.processingRegistry().providerById("fusar")
    ours = made is None
    if ours:
        made = FusarProvider()
        QgsApplication.processingRegistry().addProvider(made)
    yield made
    manager.shutdown()
    if ours:
        QgsApplication.processingRegistry().removeProvider(made)


@pytest.fixture
def window(qgis_app: object, qgis_new_project: object, monkeypatch: pytest.MonkeyPatch) -> object:
    """A QGIS window (desktop_window.py) whose plugin finds the engine of `.venv`."""
    from desktop_window import Window

    monkeypatch.setenv("FUSAR_ENGINE", str(FUSAR))
    return Window()


@pytest.fixture
def plugin(window: object) -> Iterator[object]:
    """The plugin at work in the window; unloaded afterwards."""
    from qgis.core import QgsProject

    from fusar_qgis import classFactory

    made = classFactory(window)
    made.initGui()
    yield made
    made.unload()
    QgsProject.instance().clear()


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    """Layers and feedbacks in cycles of references are collected now: after QGIS has ended it would crash."""
    yield
    gc.collect()


@pytest.fixture
def fake_engine(tmp_path: Path) -> Callable[[str], list[str]]:
    """The words that start a sidecar which misbehaves in the way named (see fake_sidecar.py)."""
    return lambda behaviour: [sys.executable, str(FAKE), behaviour]
