"""A model behind an OpenAI-compatible server as the backend of a speaking engine: many questions at a time.

Chips are stretched and given their anchors here; each question about a chip is one request. A stock server takes no
anchors, and what it says is read in the coordinates its model speaks in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from itertools import count
from queue import SimpleQueue

import numpy as np

from fusar_core.domain.chips import Chip
from fusar_core.domain.reply import Reply
from fusar_core.engines.base import Hooks
from fusar_core.engines.dialogue import Query, picture
from fusar_core.engines.speaking import Profile, Replies, budget
from fusar_core.errors import Cancelled, WorkerRefused
from fusar_core.remote.address import Address
from fusar_core.remote.catalogue import (
    FRACTIONS,
    PIXELS,
    THOUSANDTHS,
    Served,
    choose,
    read_catalogue,
    usual_coordinates,
)
from fusar_core.remote.session import FIRST_CONTACT, Patience, Session
from fusar_core.remote.wire import WireRequest, anchors_part, png_part, question, without_scores

GLANCE_S = 0.05
"""How often the caller is asked whether to stop, and given words that have come, while an answer is awaited."""


class AnyClass(frozenset[str]):
    """Classes of a model that can be asked for anything: lists those it is known for, contains all."""

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str)


class OverHttp:
    """A backend. model: as the server names it; its only one, or its first FUSAR-GPT, when None. coordinates: what the
    model is known for when None. concurrency: requests under way at most. thinking_tokens: more for every answer.

    Raises WorkerUnreachable, WorkerAuth, WorkerTls, WorkerBusy, UnknownModel, BadServer, BadOption.
    """

    def __init__(
        self,
        address: Address,
        model: str | None,
        coordinates: str | None,
        concurrency: int,
        patience: Patience,
        thinking_tokens: int = 0,
    ) -> None:
        self.address, self.concurrency, self.patience = address, concurrency, patience
        self.thinking_tokens = thinking_tokens
        self.served = self._find(model)
        self.coordinates = coordinates or (PIXELS if self.served.ours else usual_coordinates(self.served.name))
        self._scored = True
        self._wants_scores = True

    def _find(self, model: str | None) -> Served:
        with Session(self.address, 1, FIRST_CONTACT) as session:
            models = read_catalogue(session.get("models"), self.address.url)
        return choose(models, model, self.address.url)

    @property
    def profile(self) -> Profile:
        """What the server's catalogue says of the model; a stock one may be asked for every task and any class.

        Warnings come as it answers, e.g. once it turns out that it tells no probabilities.
        """
        served = self.served
        spans = {PIXELS: served.chip_size, THOUSANDTHS: 1000, FRACTIONS: 1}
        return Profile(
            name=served.name,
            model=served.name + ("" if self.coordinates == PIXELS else f", boxes in {self.coordinates}"),
            tasks=served.tasks,
            classes=frozenset(served.classes) if served.ours else AnyClass(served.classes),
            chip_size=served.chip_size,
            span=spans[self.coordinates],
            takes_prior=served.prior,
            gsd_m=served.gsd_m,
            prompts=served.prompts,
            warnings=tuple(self._warnings()),
            demonstration=served.demonstration,
            questions=served.questions,
            provenance={"server": self.address.url, "coordinates": self.coordinates},
        )

    def _warnings(self) -> Iterator[str]:
        """What a reader of results should know of the model, and of the way to it."""
        yield from self.served.warnings
        if not self.served.prior:
            yield f"{self.served.name} takes no AlphaEarth embeddings: no prior was used."
        if not self._scored:
            yield f"The server of {self.served.name} tells no probabilities: scores are 0 or empty."
        if self.address.key and not self.address.is_encrypted and not self.address.is_loopback:
            yield f"The key travels unencrypted to {self.address.url}: give the server TLS."

    def replies(self, asked: Iterator[Sequence[Query]], hooks: Hooks) -> Replies:
        """Each reply in turn, while later questions are under way.

        Raises BadAnchors, BadImage, PromptTooLong, Cancelled, and what the constructor may raise.
        """
        words: SimpleQueue[str] | None = SimpleQueue() if hooks.on_text is not None else None
        with Session(self.address, self.concurrency, self.patience) as session:
            waiting: deque[_Pending] = deque()
            numbers = count()
            more = True
            while more or waiting:
                if more and len(waiting) < session.room and not (waiting and waiting[0].future.done()):
                    queries = next(asked, None)
                    more = queries is not None
                    for query, body in self._questions(queries or ()):
                        on_text = words.put if words is not None else None
                        waiting.append(_Pending(query, body, session.ask(next(numbers), body, on_text)))
                else:
                    first = waiting.popleft()
                    yield first.query, self._reply(session, first, words, hooks)

    def close(self) -> None:
        """Nothing is held: a session lasts as long as its questions."""

    def _questions(self, queries: Sequence[Query]) -> Iterator[tuple[Query, WireRequest]]:
        """The questions about a chip, ready to be sent; of the chip itself they keep no pixels."""
        if not queries:
            return
        chip = queries[0].request.chip
        parts = [png_part(picture(chip, self.served.chip_size))]
        anchors = chip.anchors if self.served.prior else None
        if anchors is not None and len(anchors.features):
            parts.append(anchors_part(anchors))
        bare = replace(queries[0].request, chip=_without_pixels(chip))
        for query in queries:
            model = self.served.adapters.get(query.task, self.served.name)
            asked = question(model, parts, query.prompt, budget(query) + self.thinking_tokens)
            yield replace(query, request=bare), asked if self._wants_scores else without_scores(asked)

    def _reply(self, session: Session, asked: _Pending, words: SimpleQueue[str] | None, hooks: Hooks) -> Reply:
        try:
            reply = _awaited(asked.future, words, hooks)
        except WorkerRefused as refusal:
            if "logprob" not in refusal.message.lower() or "logprobs" not in asked.question.body:
                raise
            self._wants_scores = False  # a server without probabilities may say so by refusing
            on_text = words.put if words is not None else None
            reply = _awaited(session.ask(0, without_scores(asked.question), on_text), words, hooks)
        self._scored = self._scored and (bool(reply.offsets) or not reply.text)
        return reply


@dataclass(frozen=True)
class _Pending:
    """A question that is on its way."""

    query: Query
    question: WireRequest
    future: Future[Reply]


def _awaited(future: Future[Reply], words: SimpleQueue[str] | None, hooks: Hooks) -> Reply:
    """The reply, as soon as it is there. Raises Cancelled when the caller wants to stop before."""
    while True:
        if hooks.cancelled():
            raise Cancelled("The run was stopped while the server answered.", "What was finished is kept.")
        done = bool(wait([future], GLANCE_S).done)
        while words is not None and hooks.on_text is not None and not words.empty():
            hooks.on_text(words.get())
        if done:
            return future.result()


def _without_pixels(chip: Chip) -> Chip:
    """The chip with its place and size, but none of its memory."""
    shape = chip.valid.shape
    nothing = np.broadcast_to(np.uint8(0), shape), np.broadcast_to(np.bool_(False), shape)
    return replace(chip, values=nothing[0], valid=nothing[1], water=None, anchors=None)
