"""What engines that speak are: FUSAR-GPT or another model that answers in words, in this process or behind an address.

The engine turns requests into questions and words into answers; a `Backend` has the model say them.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, Protocol, TypeAlias

from fusar_core.domain.answers import Request
from fusar_core.domain.reply import Reply
from fusar_core.engines import dialogue
from fusar_core.engines.base import NO_HOOKS, OVERLAP, Answers, Engine, Hooks, Report
from fusar_core.engines.dialogue import Query
from fusar_core.errors import UnsupportedTask
from fusar_core.tasks import TASKS

Replies: TypeAlias = Generator[tuple[Query, Reply], None, None]


@dataclass(frozen=True)
class Profile:
    """What a model tells of itself.

    name: for people; model: for provenance. chip_size: side in pixels of the images it takes; span: how long that side
    is in the coordinates it speaks in. gsd_m: least and greatest pixel size in training. prompts: task → prompt style.
    demonstration: whether it is there to show how things work, and not to be relied on. questions: the only ones in
    free words that it was trained for; empty where it may be asked anything.
    """

    name: str
    model: str
    tasks: frozenset[str]
    classes: frozenset[str]
    chip_size: int
    span: int
    takes_prior: bool
    gsd_m: Sequence[float] | None = None
    prompts: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    demonstration: bool = False
    questions: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)


class Backend(Protocol):
    """A model that says what it is asked."""

    @property
    def profile(self) -> Profile:
        """What it is, as far as is known by now: warnings may come as it answers."""
        ...

    def replies(self, asked: Iterator[Sequence[Query]], hooks: Hooks) -> Replies:
        """What is said to each query, in their order, as soon as it is known. asked: the queries about one chip after
        the other; no more of them are drawn than can be worked on. `hooks.on_text` is given for a single query only.

        Raises BadAnchors, BadImage, PromptTooLong, Cancelled, and what the model's own side may raise.
        """
        ...

    def close(self) -> None:
        """Lets go of what it holds."""
        ...


class SpeakingEngine(Engine):
    """Answers by having a backend say it. classes: those that may be asked for, instead of the model's own."""

    def __init__(self, backend: Backend, classes: Sequence[str] | None = None) -> None:
        profile = backend.profile
        self._backend = backend
        self.model, self.tasks, self.takes_prior = profile.model, profile.tasks, profile.takes_prior
        self.classes = frozenset(classes) if classes else profile.classes
        self.demonstration, self.questions = profile.demonstration, profile.questions

    def tiling(self, pixel_size_m: tuple[float, float] | None) -> tuple[int, int]:
        """The chip size of the model, whatever the pixel size, and an overlap of an eighth."""
        size = self._backend.profile.chip_size
        return size, round(size * OVERLAP)

    def report(self, pixel_size_m: tuple[float, float] | None = None) -> Report:
        """What the model says of itself, and whether pixels are unlike those it was trained on."""
        profile = self._backend.profile
        unlike = dialogue.unlike_training(profile.model, profile.gsd_m, pixel_size_m)
        return Report({**self.deciding(), **profile.provenance}, (*profile.warnings, *unlike))

    def answer(self, requests: Iterable[Request], hooks: Hooks = NO_HOOKS) -> Answers:
        """Answers in the order of the requests, each as soon as it is known.

        Raises UnsupportedTask, BadOption, BadAnchors, BadImage, PromptTooLong, Cancelled, and what the backend raises.
        """
        profile = self._backend.profile
        asked = (self._queries(request, profile) for request in requests)
        if hooks.on_text is not None:
            first = list(islice(asked, 2))
            asked = (queries for queries in chain(first, asked))
            hooks = hooks if [len(queries) for queries in first] == [1] else Hooks(hooks.cancelled)
        with closing(self._backend.replies(asked, hooks)) as replies:
            for query, reply in replies:
                told = {"ended": reply.ended, "looped": reply.looped}
                yield dialogue.answer(query, reply.text, reply.score, **told, seconds=reply.seconds)

    def close(self) -> None:
        self._backend.close()

    def _queries(self, request: Request, profile: Profile) -> list[Query]:
        queries = dialogue.queries(request, profile.span, profile.prompts)
        for query in queries:
            if query.task not in self.tasks:
                can = ", ".join(t for t in TASKS if t in self.tasks)
                raise UnsupportedTask(f"{profile.name} cannot do '{query.task}'.", f"It can do: {can}.")
        return queries


def budget(query: Query) -> int:
    """Most tokens that the answer to a query may take."""
    return TASKS[query.task].budget
