"""Questions at work: what is known of each answer so far, for any number of listeners; repetitions join the first."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from typing import Protocol

from fusar_core.errors import FusarError, RepeatMismatch, WorkerFailed
from fusar_core.worker.jobs import Ending, Event, Job, Token

KEEP_S = 120.0
KEEP_EVENTS = 200_000
"""Finished answers are kept for repetitions of their request: so long, and so many events of them (about 50 MB)."""

log = logging.getLogger(__name__)


class Backend(Protocol):
    """Where jobs are answered."""

    def ask(self, job: Job, stream: bool) -> AsyncIterator[Sequence[Event]]:
        """The events of a job, those of a stream as they come; may start over, with the same tokens again.

        Closing it stops the work. Raises FusarError.
        """
        ...


class Answering:
    """One job at work. Its work stops when its last listener has left before the end; nobody can join it then."""

    def __init__(self, backend: Backend, job: Job, stream: bool, on_end: Callable[[Answering], None]) -> None:
        self.events: list[Event] = []
        self.error: FusarError | None = None
        self.done = False
        self.left = False
        self.listeners = 0
        self.ended_at = 0.0
        self._tokens: dict[int, list[Token]] = {}
        self._endings: set[int] = set()
        self._news = asyncio.Event()
        self._on_end = on_end
        self._task = asyncio.create_task(self._work(backend, job, stream))

    async def follow(self) -> AsyncIterator[Sequence[Event]]:
        """The events from the first on, as they come. Raises the FusarError that ended the work."""
        self.listeners += 1
        try:
            told = 0
            while True:
                news = self._news
                if told < len(self.events):
                    fresh, told = self.events[told:], len(self.events)
                    yield fresh
                elif self.error is not None:
                    raise self.error
                elif self.done:
                    return
                else:
                    await news.wait()
        finally:
            self.listeners -= 1
            if not self.listeners and not self.done:
                self.left = True
                self._task.cancel()

    async def _work(self, backend: Backend, job: Job, stream: bool) -> None:
        try:
            async with aclosing(backend.ask(job, stream)) as batches:  # type: ignore[type-var]
                async for events in batches:
                    self._take(events)
        except asyncio.CancelledError:
            self.error = WorkerFailed("The question was withdrawn.", "Ask again.")
            raise
        except FusarError as error:
            self.error = error
        except Exception as error:
            log.error("a question failed", exc_info=error)
            self.error = WorkerFailed("The worker failed over this question.", "Its log says why.")
        finally:
            self.done, self.ended_at = True, time.monotonic()
            self._tell()
            self._on_end(self)

    def _take(self, events: Sequence[Event]) -> None:
        """Adds what is new; after a replica was lost another one says it all from the start."""
        for event in events:
            if isinstance(event, Token):
                known = self._tokens.setdefault(event.choice, [])
                if event.place < len(known):
                    if known[event.place].piece != event.piece:
                        raise WorkerFailed("A replica was lost, and another one says something else.", "Ask again.")
                    continue
                known.append(event)
            elif isinstance(event, Ending):
                if event.choice in self._endings:
                    continue
                self._endings.add(event.choice)
            self.events.append(event)
        self._tell()

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()


class Answers:
    """The questions at work, and the answers of those that came with a key and may be asked again."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._kept: OrderedDict[tuple[str, str], tuple[str, Answering]] = OrderedDict()

    def start(self, job: Job, stream: bool, who: str, key: str, digest: str) -> tuple[Answering, bool]:
        """The job at work, and whether it is the one that came before from the same caller under the same key.

        Raises RepeatMismatch when that was another question.
        """
        self._forget()
        if not key:
            return Answering(self._backend, job, stream, lambda _: None), False
        place = who, key
        before, answering = self._kept.get(place, ("", None))
        if answering is not None and not answering.left:
            if before != digest:
                raise RepeatMismatch("Another question came with this Idempotency-Key before.", "Give each its own.")
            return answering, True

        def on_end(ended: Answering) -> None:
            if ended.error is not None and self._kept.get(place, ("", None))[1] is ended:
                del self._kept[place]

        answering = Answering(self._backend, job, stream, on_end)
        self._kept[place] = digest, answering
        self._kept.move_to_end(place)
        return answering, False

    def _forget(self) -> None:
        """Drops finished answers that are too old or too many, the oldest first."""
        now = time.monotonic()
        finished = [(place, a) for place, (_, a) in self._kept.items() if a.done]
        events = sum(len(a.events) for _, a in finished)
        for place, answering in finished:
            if events <= KEEP_EVENTS and now - answering.ended_at <= KEEP_S:
                break
            events -= len(answering.events)
            del self._kept[place]
