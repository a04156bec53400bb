"""A replica: one process with one model, as a Ray Serve deployment."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

from fusar_core.errors import FusarError
from fusar_core.ray_start import LOOPBACK_VARIABLE
from fusar_core.worker.jobs import Effort, Event, Failed, Job, RuntimeSpec
from fusar_core.worker.runtime import open_runtime

FAILURE = "FUSAR-FAILURE "
"""Begins the line in the message of a constructor's exception that holds our error as JSON: Ray hands on only words."""
log = logging.getLogger(__name__)


class Replica:
    """Loads its model when made; answers jobs."""

    def __init__(self, spec: RuntimeSpec) -> None:
        logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
        if os.environ.get(LOOPBACK_VARIABLE) == "0":
            _keep_to_loopback()
        try:
            self._runtime = open_runtime(spec)
        except FusarError as error:
            raise RuntimeError(FAILURE + json.dumps(error.as_dict())) from None

    async def about(self) -> dict[str, Any]:
        """What the runtime serves, and the process that does."""
        return {"about": self._runtime.about, "pid": os.getpid()}

    async def answer(self, job: Job) -> list[Event]:
        """All events of a job."""
        return [event async for events in self._events(job, whole=True) for event in events]

    async def stream(self, job: Job) -> AsyncIterator[Sequence[Event]]:
        """The events of a job as they come."""
        async with aclosing(self._events(job, whole=False)) as batches:  # type: ignore[type-var]
            async for events in batches:
                yield events

    async def _events(self, job: Job, whole: bool) -> AsyncIterator[Sequence[Event]]:
        """The events of a job, as they come or all at the end; the work stops when nobody waits for them any more."""
        listener = _Queue(whole)
        self._runtime.submit(job, listener)
        try:
            over = False
            while not over:
                if events := await listener.take():
                    over = isinstance(events[-1], Effort | Failed)
                    yield events
        finally:
            listener.gone = True

    async def check_health(self) -> None:
        """Ray Serve replaces a replica for which this raises."""
        self._runtime.check_health()

    def __del__(self) -> None:
        if hasattr(self, "_runtime"):
            self._runtime.close()


def _keep_to_loopback() -> None:
    """Ray Serve opens a gRPC port in every replica on all interfaces, whatever Ray itself does: here on loopback."""
    from ray.serve._private import replica as private

    plain = getattr(private, "add_port_to_grpc_server", None)
    if plain is None:
        log.warning("this version of Ray opens its ports in another way: one of each replica may be on all interfaces")
        return
    private.add_port_to_grpc_server = lambda server, address: plain(server, address.replace("[::]", "127.0.0.1"))


class _Queue:
    """A Listener from whose events an event loop takes those that have come.

    whole: it is only woken at the end: to be woken for each token would take the model's thread off its work.
    """

    def __init__(self, whole: bool) -> None:
        self.gone = False
        self._whole = whole
        self._loop = asyncio.get_running_loop()
        self._events: deque[Event] = deque()
        self._news = asyncio.Event()

    def cancelled(self) -> bool:
        return self.gone

    def event(self, event: Event) -> None:
        self._events.append(event)
        if not self._whole or isinstance(event, Effort | Failed):
            self._loop.call_soon_threadsafe(self._news.set)

    def failed(self, error: FusarError) -> None:
        self.event(Failed(error.code, error.message, error.hint))

    async def take(self) -> list[Event]:
        """All events that have come since; waits for one."""
        await self._news.wait()
        self._news.clear()
        return [self._events.popleft() for _ in range(len(self._events))]


def failure_in(words: str) -> dict[str, str] | None:
    """Our error in the words that Ray has for a replica that does not start; None when it is not ours."""
    _, found, rest = words.partition(FAILURE)
    if not found:
        return None
    try:
        error, _ = json.JSONDecoder().raw_decode(rest)
    except ValueError:
        return None
    return error if isinstance(error, dict) else None
