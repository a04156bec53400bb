"""Where the small model lies that comes with the engine, so that it can answer every task without a download."""

from __future__ import annotations

import sys
from pathlib import Path

from fusar_core.errors import BadOption

NAME = "fusar-nano"


def bundled_model() -> Path | None:
    """The directory of fusar-nano: of the checkout the engine runs from, else of the installed engine; None without."""
    places = (
        Path(__file__).resolve().parents[2] / "resources" / "models" / NAME,
        Path(sys.prefix) / "share" / "fusar" / "models" / NAME,
    )
    return next((place for place in places if (place / "config.json").is_file()), None)


def model_directory(model: str | Path | None) -> Path:
    """A model's directory as the user named it, else fusar-nano's. Raises BadOption where that is not there either."""
    found = Path(model) if model else bundled_model()
    if found is None:
        raise BadOption("The engine 'fusar' needs a model: none came with it.", "Give its directory with --model.")
    return found
