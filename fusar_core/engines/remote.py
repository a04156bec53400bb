"""The remote engine: FUSAR-GPT on our worker, or any vision-language model behind an OpenAI-compatible server.

    engine = open_engine("https://host:8000/v1", api_key=…)  # the key may also stand in FUSAR_API_KEY

Chips are cut, stretched and given their anchors here; each question about a chip is one request. A stock server takes
no anchors, and what it says is read in the coordinates its model speaks in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from itertools import chain, count, islice
from pathlib import Path
from queue import SimpleQueue

import numpy as np

from fusar_core.domain.answers import Answer, Request
from fusar_core.domain.chips import Chip
from fusar_core.engines import dialogue
from fusar_core.engines.dialogue import OVERLAP, Query, picture
from fusar_core.errors import BadOption, Cancelled, UnsupportedTask, WorkerRefused
from fusar_core.remote.address import Secret, read_address
from fusar_core.remote.catalogue import (
    COORDINATES,
    PIXELS,
    THOUSANDTHS,
    Served,
    choose,
    read_catalogue,
    usual_coordinates,
)
from fusar_core.remote.session import FIRST_CONTACT, Patience, Session
from fusar_core.remote.wire import Question, Reply, anchors_part, png_part, question, without_scores
from fusar_core.tasks import TASKS

MOST_REQUESTS = 32
"""Under way at once unless told otherwise; the engine begins with a few and finds out what the server can do."""
GLANCE_S = 0.05
"""How often the caller is asked whether to stop, and given words that have come, while an answer is awaited."""


class AnyClass(frozenset[str]):
    """Classes of a model that can be asked for anything: lists those it is known for, contains all."""

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str)


class RemoteEngine:
    """Answers by asking a server, many questions at a time, in the order they were asked.

    url: base of an OpenAI-compatible API. model: as the server names it; its only one, or its first FUSAR-GPT, when
    None. coordinates: `pixels` of the image that is sent, or `thousandths` of its sides; what the model is known for
    when None. api_key: FUSAR_API_KEY when None. ca: file of certificates to trust. concurrency: requests under way at
    most. classes: those that may be asked for, instead of the model's own. cancelled: asked while answers are awaited.
    on_text: gets the words of a question asked alone as they come.

    Raises WorkerUnreachable, WorkerAuth, WorkerTls, WorkerBusy, UnknownModel, BadServer, BadOption.
    """

    derived: frozenset[str] = frozenset()
    confined = True
    """It is shown nothing outside the wanted extent, which is all that leaves this computer."""

    def __init__(
        self,
        url: str,
        *,
        model: str | None = None,
        coordinates: str | None = None,
        api_key: str | Secret | None = None,
        ca: str | Path | None = None,
        concurrency: int = MOST_REQUESTS,
        classes: Sequence[str] | None = None,
        patience: Patience | None = None,
        cancelled: Callable[[], bool] = lambda: False,
        on_text: Callable[[str], None] | None = None,
    ) -> None:
        if coordinates is not None and coordinates not in COORDINATES:
            raise BadOption(f"There are no coordinates '{coordinates}'.", f"Choose {' or '.join(COORDINATES)}.")
        if concurrency < 1:
            raise BadOption(f"{concurrency} requests at once are none.", "Give 1 or more.")
        self.address = read_address(url, api_key, ca)
        self.concurrency = concurrency
        self.patience = patience or Patience()
        self.cancelled = cancelled
        self.on_text = on_text
        self.served = self._find(str(model) if model is not None else None)
        self.coordinates = coordinates or (PIXELS if self.served.ours else usual_coordinates(self.served.name))
        self.name = "worker" if self.served.ours else "server"
        self.model = self.served.name + (", boxes in thousandths" if self.coordinates == THOUSANDTHS else "")
        self.tasks = self.served.tasks
        known = classes or self.served.classes
        self.classes = frozenset(known) if classes or self.served.ours else AnyClass(known)
        self.takes_prior = self.served.prior
        self.provenance = {"server": self.address.url, "coordinates": self.coordinates}
        self._scored = True
        self._wants_scores = True

    def _find(self, model: str | None) -> Served:
        with Session(self.address, 1, FIRST_CONTACT) as session:
            models = read_catalogue(session.get("models"), self.address.url)
        return choose(models, model, self.address.url)

    def tiling(self, pixel_size_m: tuple[float, float] | None) -> tuple[int, int]:
        """The chip size of the model, whatever the pixel size, and an overlap of an eighth."""
        return self.served.chip_size, round(self.served.chip_size * OVERLAP)

    def warnings(self, pixel_size_m: tuple[float, float] | None) -> tuple[str, ...]:
        """What a reader of results should know of the model, and of the way to it."""
        said = [*self.served.warnings, *dialogue.unlike_training(self.model, self.served.gsd_m, pixel_size_m)]
        if not self.takes_prior:
            said.append(f"{self.served.name} takes no AlphaEarth embeddings: no prior was used.")
        if not self._scored:
            said.append(f"The server of {self.served.name} tells no probabilities: scores are 0 or empty.")
        if self.address.key and not self.address.is_encrypted and not self.address.is_loopback:
            said.append(f"The key travels unencrypted to {self.address.url}: give the server TLS.")
        return tuple(said)

    def answer(self, requests: Iterable[Request]) -> Iterator[Answer]:
        """Answers in the order of the requests, each as soon as it is known; stops when the iterator is closed.

        Raises UnsupportedTask, BadOption, BadAnchors, BadImage, PromptTooLong, Cancelled, and what the constructor
        may raise.
        """
        source = iter(requests)
        words: SimpleQueue[str] | None = None
        if self.on_text is not None:
            first = list(islice(source, 2))
            source = chain(first, source)
            words = SimpleQueue() if len(first) == 1 and len(self._queries(first[0])) == 1 else None
        with Session(self.address, self.concurrency, self.patience) as session:
            waiting: deque[_Asked] = deque()
            numbers = count()
            more = True
            while more or waiting:
                if more and len(waiting) < session.room and not (waiting and waiting[0].future.done()):
                    request = next(source, None)
                    more = request is not None
                    for query, body in self._questions(request) if request is not None else ():
                        number = next(numbers)
                        waiting.append(
                            _Asked(query, body, session.ask(number, body, words.put if words is not None else None))
                        )
                else:
                    yield self._answer(session, waiting.popleft(), words)

    def _queries(self, request: Request) -> list[Query]:
        queries = dialogue.queries(request, self._span, self.served.prompts)
        for query in queries:
            if query.task not in self.tasks:
                can = ", ".join(t for t in TASKS if t in self.tasks)
                raise UnsupportedTask(f"{self.served.name} cannot do '{query.task}'.", f"It can do: {can}.")
        return queries

    @property
    def _span(self) -> int:
        """How long the sides of the image are in the coordinates of the model."""
        return self.served.chip_size if self.coordinates == PIXELS else 1000

    def _questions(self, request: Request) -> Iterator[tuple[Query, Question]]:
        """The questions about a chip, ready to be sent; of the chip itself they keep no pixels."""
        parts = [png_part(picture(request.chip, self.served.chip_size))]
        anchors = request.chip.anchors if self.takes_prior else None
        if anchors is not None and len(anchors.features):
            parts.append(anchors_part(anchors))
        for query in self._queries(replace(request, chip=_without_pixels(request.chip))):
            model = self.served.adapters.get(query.task, self.served.name)
            asked = question(model, parts, query.prompt, TASKS[query.task].budget)
            yield query, asked if self._wants_scores else without_scores(asked)

    def _answer(self, session: Session, asked: _Asked, words: SimpleQueue[str] | None) -> Answer:
        query = asked.query
        try:
            reply = self._awaited(asked.future, words)
        except WorkerRefused as refusal:
            if "logprob" not in refusal.message.lower() or "logprobs" not in asked.question.body:
                raise
            self._wants_scores = False  # a server without probabilities may say so by refusing
            again = session.ask(0, without_scores(asked.question), words.put if words is not None else None)
            reply = self._awaited(again, words)
        self._scored = self._scored and (bool(reply.offsets) or not reply.text)
        ended, looped = reply.ended, reply.looped
        return dialogue.answer(query, reply.text, reply.score, ended=ended, looped=looped, seconds=reply.seconds)

    def _awaited(self, future: Future[Reply], words: SimpleQueue[str] | None) -> Reply:
        """The reply, as soon as it is there. Raises Cancelled when the caller wants to stop before."""
        while True:
            if self.cancelled():
                raise Cancelled("The run was stopped while the server answered.", "What was finished is kept.")
            done = bool(wait([future], GLANCE_S).done)
            while words is not None and self.on_text is not None and not words.empty():
                self.on_text(words.get())
            if done:
                return future.result()


@dataclass(frozen=True)
class _Asked:
    """A question that is on its way."""

    query: Query
    question: Question
    future: Future[Reply]


def _without_pixels(chip: Chip) -> Chip:
    """The chip with its place and size, but none of its memory."""
    shape = chip.valid.shape
    nothing = np.broadcast_to(np.uint8(0), shape), np.broadcast_to(np.bool_(False), shape)
    return replace(chip, values=nothing[0], valid=nothing[1], water=None, anchors=None)
