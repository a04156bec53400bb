"""Captioning: a description of the image in words."""

from __future__ import annotations

from fusar_core.tasks.reading import Reading, spoilt

PROMPT = "Describe this SAR image."


def prompt() -> str:
    return PROMPT


def write(value: str) -> str:
    """The answer as a model is to say it."""
    return value


def read(text: str) -> Reading:
    """The text without surrounding space; a failure when it is empty or a repetition loop."""
    if bad := spoilt(text):
        return bad
    start = len(text) - len(text.lstrip())
    end = len(text.rstrip())
    return Reading(text[start:end], spans=((start, end),))
