"""Free questions in training: yes or no, about classes and the kind of place."""

from __future__ import annotations

from collections.abc import Sequence

from fusar_core.tasks import question
from training.data.tasks.base import Asking, Labelled, TrainedTask
from training.data.triplets import Conversation
from training.data.truth import boxes_of
from training.data.words import KINDS, article, kind_in_words

YES, NO = "Yes.", "No."


def trained_questions(classes: Sequence[str]) -> list[str]:
    """Every question that training asks, of these classes and of the kinds of places there are."""
    return [_of_class(label) for label in classes] + [_of_place(kind) for kind in KINDS]


def _of_class(label: str) -> str:
    return f"Is there {article(label)} {label} in this SAR image?"


def _of_place(kind: str) -> str:
    return f"Is this {kind_in_words(kind)}?"


class TrainedQuestion(TrainedTask):
    def conversations(self, chip: Labelled, asking: Asking) -> list[Conversation]:
        """Of each class whether one is there; whether the place is what it is, and something else."""
        targets, size, facts = chip
        talks = []
        for label in asking.classes:
            there = bool(boxes_of(targets, label, size))
            talks.append(self._asked(_of_class(label), there, label))
        if kind := str(facts.get("kind") or ""):
            others = [k for k in KINDS if k != kind]
            for asked_kind in (kind, others[int(asking.rng.integers(len(others)))]):
                talks.append(self._asked(_of_place(asked_kind), asked_kind == kind))
        return talks

    def _asked(self, words: str, true: bool, label: str = "") -> Conversation:
        return Conversation(self.task.name, question.prompt(words), YES if true else NO, label)
