"""Captioning in training: descriptions of a source or a teacher, or else of the template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fusar_core.tasks import captioning
from fusar_core.tasks.captioning import Captioning
from training.data.descriptions import describe
from training.data.tasks.base import Asking, Labelled, TrainedTask
from training.data.triplets import Conversation, Triplet


class TrainedCaptioning(TrainedTask):
    def conversations(self, chip: Labelled, asking: Asking) -> list[Conversation]:
        """The description that is given, or the template's; nothing where that says nothing."""
        given = asking.description
        text = describe(*chip, classes=asking.classes) if given is None else given
        return [_conversation(text)] if text else []

    def holds(self, turn: int) -> bool:
        """A description speaks of cells, so only where the chip is not turned."""
        return turn == 0

    def truth(self, triplet: Triplet, label: str) -> str:
        """The chip's own description, or else the template's."""
        return description_said(triplet.conversations) or describe(triplet.targets, triplet.size, triplet.facts)


def description_said(talks: Sequence[Conversation]) -> str | None:
    """The first description among conversations."""
    return next((talk.answer for talk in talks if talk.task == Captioning.name), None)


def descriptions_said(talks: Sequence[Conversation]) -> list[str]:
    """All descriptions among conversations."""
    return [talk.answer for talk in talks if talk.task == Captioning.name]


def retold(triplet: Triplet, description: str) -> Triplet:
    """The triplet with this description in place of the one it has."""
    kept = [talk for talk in triplet.conversations if talk.task != Captioning.name]
    at = next((i for i, talk in enumerate(triplet.conversations) if talk.task == Captioning.name), len(kept))
    kept.insert(at, _conversation(description))
    return replace(triplet, conversations=tuple(kept))


def _conversation(description: str) -> Conversation:
    return Conversation(Captioning.name, captioning.prompt(), captioning.write(description))
