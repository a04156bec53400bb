"""What a failed run means to the user: in which words, and whether setting up the engine helps."""

from __future__ import annotations

from ..translation import tr
from .runner import Outcome

SET_UP_CODES = {"ENGINE_MISSING", "ENGINE_BROKEN", "ENGINE_OLD"}


def set_up_for(code: str, text: str) -> str:
    """What the set-up dialog is to propose to run on after an error; empty where a set-up does not help."""
    if code in SET_UP_CODES:
        return "none"
    return "cpu" if _lacks_model(code, text) else ""


def _lacks_model(code: str, text: str) -> bool:
    """Whether an error says that the engine was set up for the detector alone, and more was asked of it."""
    return code == "MISSING_EXTRA" and "torch" in text


def what_failed(outcome: Outcome) -> str:
    """The error of a run as the plugin's user can act on it."""
    if not _lacks_model(outcome.code, outcome.error):
        return outcome.error
    return tr(
        "FUSAR-GPT needs PyTorch, which this engine was set up without: "
        "press “Set up engine…” and let it run on the processor or an NVIDIA card."
    )
