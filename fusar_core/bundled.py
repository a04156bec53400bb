"""Where the small model lies that comes with the engine, so that it can answer every task without a download."""

from __future__ import annotations

import sys
from pathlib import Path

NAME = "fusar-nano"


def bundled_model() -> Path | None:
    """The directory of fusar-nano: of the checkout the engine runs from, else of the installed engine; None without."""
    places = (
        Path(__file__).resolve().parents[1] / "resources" / "models" / NAME,
        Path(sys.prefix) / "share" / "fusar" / "models" / NAME,
    )
    return next((place for place in places if (place / "config.json").is_file()), None)
