"""Shared fixtures. Real data lies beside the repository and is never committed; its tests skip where it is absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REAL_DATA = Path(os.environ.get("FUSAR_TEST_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real SAR chips and scenes (FUSAR_TEST_DATA, or ../shared/data)."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"no real data at {REAL_DATA} (set FUSAR_TEST_DATA)")
    return REAL_DATA
