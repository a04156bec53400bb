"""Questions to one server: an event loop in a thread, retries, and an end that breaks off everything at once."""

from __future__ import annotations

import asyncio
import logging
import random
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

from fusar_core.domain.reply import Reply
from fusar_core.errors import WorkerBusy, WorkerUnreachable
from fusar_core.remote.address import Address
from fusar_core.remote.exchange import Exchange, Once, Words
from fusar_core.remote.failures import TryAgain
from fusar_core.remote.flow import Flow
from fusar_core.remote.wire import WireRequest

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Patience:
    """How long is waited for what, in seconds.

    connect: for a connection. answer: for a single answer, the server's queue included. outage: how long failures that
    may pass (lost connections, 5xx) are put up with; busy: and being sent away because there is too much to do.
    first_pause, longest_pause: between tries, doubling. tries_500: for a question over which the server itself fails.
    """

    connect: float = 15.0
    answer: float = 600.0
    outage: float = 120.0
    busy: float = 900.0
    first_pause: float = 0.5
    longest_pause: float = 8.0
    tries_500: int = 6


NOTICE_S = 3.0
"""Trouble that lasts longer is told, once until it is over."""
FIRST_CONTACT = Patience(answer=30.0, outage=3.0, busy=30.0, tries_500=3)
"""A wrong address is to be told soon."""


class Session:
    """Speaks to a server as long as the `with` block lasts; leaving it breaks off what is under way, which the server
    sees as closed connections.

    most: requests under way at once, at most.
    """

    def __init__(self, address: Address, most: int, patience: Patience | None = None) -> None:
        self.address = address
        self.patience = patience or Patience()
        self.flow = Flow(most)
        self._exchange = Exchange(address, most, self.patience.connect, self.patience.answer)
        self._loop = asyncio.new_event_loop()
        self._end = asyncio.Event()
        self._asking: set[asyncio.Task[Any]] = set()
        self._told = False
        self._thread = threading.Thread(target=self._run, name="fusar-remote", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()
        self._loop.close()

    @property
    def room(self) -> int:
        """How many questions are worth having at hand: those under way, and as many to follow."""
        return 2 * int(self.flow.limit)

    def get(self, path: str) -> bytes:
        """The body of a GET below the base of the API. Raises FusarError."""
        return self._start(self._retried(0, lambda: self._exchange.get(path))).result()

    def ask(self, number: int, question: WireRequest, on_text: Words | None = None) -> Future[Reply]:
        """Asks a question; those with the lowest number go first. The future's exception is a FusarError.

        on_text: gets the words as they come, in another thread; each once, also when a connection breaks.
        """
        words = Once(on_text) if on_text else None
        return self._start(self._retried(number, lambda: self._exchange.ask(question, words)))

    def _start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    # -- in the thread ---------------------------------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        await self._end.wait()
        for task in self._asking:
            task.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)
        await self._exchange.close()
        await self._loop.shutdown_asyncgens()

    async def _retried(self, number: int, attempt: Callable[[], Awaitable[T]]) -> T:
        """The outcome of `attempt`, tried again while there is hope. Raises FusarError."""
        task = asyncio.current_task()
        assert task is not None
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)
        busy_since: float | None = None
        lost_since: float | None = None
        failures = 0
        while True:
            async with self.flow.turn(number) as sent_at:
                try:
                    result = await attempt()
                except TryAgain as caught:
                    trouble, pause = caught, self._pause(failures, caught)
                    self.flow.overloaded(sent_at, pause if caught.busy else 0.0)
                else:
                    self.flow.succeeded()
                    self._told = False
                    return result
            now = self._loop.time()
            failures += 1
            if trouble.busy:
                busy_since, lost_since = busy_since or now, None
                if now + pause - busy_since > self.patience.busy:
                    raise self._too_busy(trouble, failures)
                self._tell(now + pause - busy_since, "has too much to do", trouble, self.patience.busy)
                continue  # the next turn comes when the pause is over
            lost_since = lost_since or now
            fails_over_it = trouble.status == 500 and failures >= self.patience.tries_500
            if fails_over_it or now + pause - lost_since > self.patience.outage:
                raise self._unreachable(trouble, failures)
            self._tell(now + pause - lost_since, "does not answer", trouble, self.patience.outage)
            await asyncio.sleep(pause)

    def _tell(self, lasts_s: float, problem: str, trouble: TryAgain, patience_s: float) -> None:
        """Warns of trouble that lasts, so that nobody wonders why nothing happens."""
        if lasts_s > NOTICE_S and not self._told:
            self._told = True
            log.warning(
                "%s %s (%s): trying again for up to %.0f s", self.address.url, problem, trouble.reason, patience_s
            )

    def _pause(self, failures: int, trouble: TryAgain) -> float:
        if trouble.wait_s is not None:
            return max(trouble.wait_s, self.patience.first_pause / 10)
        longest = min(self.patience.longest_pause, self.patience.first_pause * 2.0 ** min(failures, 30))
        return random.uniform(0.5, 1.0) * longest

    def _too_busy(self, trouble: TryAgain, failures: int) -> WorkerBusy:
        return WorkerBusy(
            f"{self.address.url} has too much to do: {trouble.reason}, {failures} times.",
            "Try again later, or give it more replicas; what was finished is kept.",
        )

    def _unreachable(self, trouble: TryAgain, failures: int) -> WorkerUnreachable:
        times = f", {failures} times" if failures > 1 else ""
        return WorkerUnreachable(
            f"{self.address.url} does not answer: {trouble.reason}{times}.",
            "Check the address, the network and whether the server runs; what was finished is kept.",
        )
