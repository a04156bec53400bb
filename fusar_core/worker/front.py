"""What one worker knows while it serves: whether it is ready, who is inside, and how a question is dealt with."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections import deque
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, contextmanager
from typing import Any, TypeVar

from fusar_core.errors import BodyTooLarge, FusarError, WorkerBusy, WorkerStopping
from fusar_core.worker.answering import Answers, Backend
from fusar_core.worker.auth import Keys
from fusar_core.worker.body import (
    ClientGone,
    Held,
    Receive,
    Scope,
    Send,
    check_head,
    read_body,
    send_error,
    send_start,
    until_gone,
)
from fusar_core.worker.intake import ParsedRequest, decoded, model_names, open_request
from fusar_core.worker.jobs import About, Event
from fusar_core.worker.limits import Limits
from fusar_core.worker.metrics import Metrics
from fusar_core.worker.refusals import as_bytes
from fusar_core.worker.replies import Replies

T = TypeVar("T")

READERS = 4
"""Threads that decode images and anchors; large images have one of their own, so that chips never wait for them."""
LONGEST_WAIT_S = 30

log = logging.getLogger(__name__)


class Front:
    """name: under which the model is served. It answers once `open` has been called, until `drain` is.

    inside: requests for answers that were let in and are not finished.
    """

    def __init__(self, name: str, keys: Keys, limits: Limits | None = None) -> None:
        self.name, self.keys, self.limits = name, keys, limits or Limits()
        self.about: About | None = None
        self.draining = False
        self.inside = 0
        self.replicas = 0
        self.started_at = int(time.time())
        self.metrics = Metrics(lambda: self.inside, lambda: self.replicas)
        self._answers: Answers | None = None
        self._held = Held(self.limits)
        self._readers = ThreadPoolExecutor(READERS, "reader")
        self._large = ThreadPoolExecutor(1, "large reader")
        self._ended_at: deque[float] = deque(maxlen=64)

    def open(self, about: About, backend: Backend, replicas: int = 1) -> None:
        """Lets questions in."""
        self._answers, self.about, self.replicas = Answers(backend), about, replicas

    @property
    def ready(self) -> bool:
        """Whether questions are answered now: the model is known, a replica runs, and nobody has called `drain`."""
        return self.about is not None and self.replicas > 0 and not self.draining

    async def drain(self, seconds: float) -> bool:
        """Lets no more questions in, and waits so long for those inside; whether all of them were answered."""
        self.draining = True
        until = time.monotonic() + seconds
        while self.inside and time.monotonic() < until:
            await asyncio.sleep(0.02)
        return not self.inside

    def models(self) -> dict[str, Any]:
        """The list of models. Raises WorkerStopping before there are any."""
        about = self._open_about()
        return {"object": "list", "data": [self._model(name, about) for name in model_names(self.name, about)]}

    def _model(self, name: str, about: About) -> dict[str, Any]:
        task = name.removeprefix(self.name)[1:]
        whole = [t for t in about.tasks if t not in about.adapted] if about.any_task else []
        return {
            "id": name,
            "object": "model",
            "created": self.started_at,
            "owned_by": "fusar",
            "parent": self.name if task else None,
            "max_model_len": about.context,
            "fusar": {
                "checkpoint": about.checkpoint,
                "chip_size": about.chip_size,
                "tasks": [task] if task else whole,
                "classes": list(about.classes),
                "prior": about.prior,
                "gsd_m": list(about.gsd_m) if about.gsd_m else None,
                "prompts": about.prompts,
                "warnings": list(about.warnings),
                "demonstration": about.demonstration,
                "questions": list(about.questions),
            },
        }

    def _open_about(self) -> About:
        if self.about is None:
            raise WorkerStopping("This worker is still loading its model.", "Ask again.")
        return self.about

    @contextmanager
    def _let_in(self) -> Iterator[None]:
        """Counts a request as inside. Raises WorkerStopping, WorkerBusy."""
        if self.draining:
            raise WorkerStopping("This worker is stopping.", "Ask again, or ask another one.")
        self._open_about()
        if self.inside >= self.limits.queue:
            raise WorkerBusy(f"{self.inside} requests are waiting here already.", "Ask again later.")
        self.inside += 1
        try:
            yield
        finally:
            self.inside -= 1
            self._ended_at.append(time.monotonic())

    def retry_after_s(self) -> int:
        """Whole seconds until a good part of those inside will be done, at the pace of the last ones."""
        if len(self._ended_at) < 2:
            return 1
        pace = (len(self._ended_at) - 1) / max(time.monotonic() - self._ended_at[0], 1e-3)
        return max(1, min(LONGEST_WAIT_S, math.ceil(self.inside / 4 / pace)))

    async def chat(self, scope: Scope, receive: Receive, send: Send, who: str) -> None:
        """Deals with one request for a chat completion, from its head to the end of its answer."""
        complete = False
        try:
            with self._let_in():
                check_head(scope, self.limits)
                with self._held.body() as held:
                    body = await read_body(receive, held, self.limits)
                    complete = True
                    asked = await while_there(receive, self._understand(body))
                    del body
                await while_there(receive, self._answer(asked, scope, who, send))
        except ClientGone:
            self.metrics.client_gone()
        except FusarError as error:
            unread = not complete and (isinstance(error, BodyTooLarge) or _is_large(scope, self.limits))
            await send_error(error, receive, send, unread=unread, retry_after_s=self.retry_after_s())

    async def _understand(self, body: bytes) -> ParsedRequest:
        """Reads a request in a thread; what waits for one is dropped when its client leaves."""
        about = self._open_about()
        loop = asyncio.get_running_loop()
        opened = await loop.run_in_executor(self._readers, open_request, body, self.name, about, self.limits)
        lane = self._readers if opened.pixels <= self.limits.small_pixels else self._large
        return await loop.run_in_executor(lane, decoded, opened, about, self.limits)

    async def _answer(self, asked: ParsedRequest, scope: Scope, who: str, send: Send) -> None:
        key = dict(scope["headers"]).get(b"idempotency-key", b"").decode("latin-1")
        assert self._answers is not None
        answering, repeated = self._answers.start(asked.job, asked.stream, who, key, asked.digest)
        if repeated:
            self.metrics.repeated()
        replies = Replies(asked, self._open_about().checkpoint)
        events: list[Event] = []
        try:
            async with asyncio.timeout(self.limits.answer_s), aclosing(answering.follow()) as batches:  # type: ignore[type-var]
                if asked.stream:
                    events += await anext(batches, [])  # what fails before the first word is told by its status
                    await self._stream(replies.stream(_noted(batches, events)), send)
                else:
                    async for some in batches:
                        events += some
                    content = as_bytes(replies.whole(events))
                    await send_start(send, 200, content, {})
                    await send({"type": "http.response.body", "body": content})
        except TimeoutError as cause:
            if asked.stream:
                raise ClientGone from cause  # its answer has begun: all that is left is to end the connection
            raise WorkerBusy(f"No answer within {self.limits.answer_s:.0f} s.", "Ask again later.") from cause
        finally:
            if not repeated:
                self.metrics.worked(events)

    async def _stream(self, chunks: AsyncIterator[bytes], send: Send) -> None:
        await send_start(send, 200, None, {"X-Accel-Buffering": "no"}, kind="text/event-stream; charset=utf-8")
        async for chunk in chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def close(self) -> None:
        """Stops the threads that read requests, without waiting; what they have not begun is dropped."""
        for pool in (self._readers, self._large):
            pool.shutdown(wait=False, cancel_futures=True)


async def _noted(batches: AsyncIterator[Sequence[Event]], notes: list[Event]) -> AsyncIterator[Sequence[Event]]:
    """The events that are noted already, and those to come, which are noted too."""
    yield list(notes)
    async for events in batches:
        notes += events
        yield events


async def while_there(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """The result of some work; it is cancelled when the client leaves, and ClientGone raised."""
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(until_gone(receive))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise ClientGone
    finally:
        for one in (task, gone):
            one.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


def _is_large(scope: Scope, limits: Limits) -> bool:
    """Whether the body of a request is of unknown length, or too long to be read to its end out of politeness."""
    length = dict(scope["headers"]).get(b"content-length", b"")
    return not length.isdigit() or int(length) > limits.body_bytes
