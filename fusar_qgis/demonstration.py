"""Models that show how things work and whose answers are not to be relied on: how one is known, and what is said."""

from __future__ import annotations

from collections.abc import Mapping

from .translation import tr

NOTE = "made by a demonstration model: good to try everything, not to rely on"
"""What the metadata of a layer say."""
_NANO = "fusar-nano"


def is_demonstration(told: Mapping) -> bool:
    """Whether an engine's info, an answer, or the details of a result are of a demonstration model.

    An engine that does not say (`demonstration`) is known by the name of its model.
    """
    said = told.get("demonstration")
    named = any(_NANO in str(told.get(key) or "") for key in ("model", "engine"))
    if said in (True, False, "no"):  # the metadata of a layer say it in words
        return said is True
    return bool(said) or named


def banner() -> str:
    """What stands wherever such a model answers."""
    return tr("Demonstration model: its answers show how things work and are often wrong. Do not rely on them.")
