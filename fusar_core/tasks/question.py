"""A free question about the image, and its answer in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fusar_core.errors import BadOption, UnknownTask
from fusar_core.scoring.measures import Measure, Row
from fusar_core.tasks import captioning
from fusar_core.tasks.base import QUESTION, Subject, Task, Told
from fusar_core.tasks.reading import Reading

read = captioning.read
write = captioning.write


def prompt(question: str) -> str:
    """The question as it was asked. Raises BadOption when it is empty."""
    if not question.strip():
        raise BadOption("The question is empty.", 'Ask something, e.g. "Is this a harbour?".')
    return question.strip()


class Asking(Task):
    """The task of one free question about a chip. Its answers have no form, so nothing can be held against a truth."""

    name, title, noun, about, budget = "ask", "Question", "question answering", QUESTION, 512
    free_text, repeats, scorable = True, False, False

    def prompt(self, subject: Subject) -> str:
        return prompt(subject.question)

    def read(self, text: str, subject: Subject) -> Reading:
        return read(text)

    def accepted(self, value: Any) -> str | None:
        return value if isinstance(value, str) else None

    def told(self, label: str, value: Any, prompt: str = "") -> Told:
        return Told(prompt, value or "")

    def score(self, rows: Sequence[Row]) -> dict[str, Any]:
        """Raises UnknownTask."""
        raise UnknownTask(f"Nobody knows how '{self.name}' is scored.", "Evaluate a task whose answers have a form.")

    @property
    def measures(self) -> Mapping[str, Measure]:
        return {}
