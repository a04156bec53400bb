"""A free question about the image, and its answer in words."""

from __future__ import annotations

from fusar_core.errors import BadOption
from fusar_core.tasks import captioning

read = captioning.read
write = captioning.write


def prompt(question: str) -> str:
    """The question as it was asked. Raises BadOption when it is empty."""
    if not question.strip():
        raise BadOption("The question is empty.", 'Ask something, e.g. "Is this a harbour?".')
    return question.strip()
