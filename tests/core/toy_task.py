"""A task that nothing but this file knows, and an engine that answers it: all that a new task has to bring."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fusar_core.domain.answers import Box, Request
from fusar_core.engines import ENGINES, dialogue
from fusar_core.engines.base import NO_HOOKS, Answers, Engine, EngineInfo, Hooks
from fusar_core.tasks import TASKS
from fusar_core.tasks.base import CLASS, Size, Subject, Task
from fusar_core.tasks.reading import UNREADABLE, Reading, failure, simplified, spoilt

OUTSHINES = 8


class Presence(Task):
    """Whether there is any target of a class: yes or no."""

    name, title, noun, about, budget = "presence", "Presence", "presence", CLASS, 8

    def prompt(self, subject: Subject) -> str:
        return f"Is there any target of category {subject.label} in this SAR image? Answer yes or no."

    def read(self, text: str, subject: Subject) -> Reading:
        said = simplified(text).strip(" .\n")
        return spoilt(text) or (Reading(said, spans=((0, 3),)) if said in ("yes", "no") else failure(UNREADABLE))

    def truth(self, boxes: Sequence[Box], size: Size) -> str:
        return "yes" if boxes else "no"


class Looking(Engine):
    """Says, in words, that there are ships wherever a pixel outshines the others."""

    info = EngineInfo("looking", "whether anything is bright", frozenset({"presence"}), frozenset({"ship", "plane"}))
    model = f"{OUTSHINES} times"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def answer(self, requests: Iterable[Request], hooks: Hooks = NO_HOOKS) -> Answers:
        for request in requests:
            for query in dialogue.queries(request, 504):
                self.asked.append(query.prompt)
                there = query.label == "ship" and request.chip.values.max() > OUTSHINES * request.chip.values.mean()
                yield dialogue.answer(query, "Yes." if there else "No.", lambda span: 0.75)


def register() -> None:
    """Makes task and engine known, as their lines in the registries would."""
    TASKS[Presence.name] = Presence()
    ENGINES[Looking.name] = f"{__name__}:Looking"
