"""Shared fixtures. Real data lies beside the repository and is never committed; its tests skip where it is absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("fusar", deadline=None)  # how long a test takes is no part of what it says
settings.load_profile("fusar")

REAL_DATA = Path(os.environ.get("FUSAR_TEST_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real SAR chips and scenes (FUSAR_TEST_DATA, or ../shared/data)."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"no real data at {REAL_DATA} (set FUSAR_TEST_DATA)")
    return REAL_DATA
