"""How many requests are under way: more while all goes well, half when the server has too much to do (AIMD)."""

from __future__ import annotations

import asyncio
import heapq
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

FIRST = 4
"""Requests at the start; doubled from round to round until the server has enough, then one more a round."""
LEAST = 1
JITTER = 0.25
"""Waits are longer by up to this share, so that clients that were sent away together do not come back together."""


class Flow:
    """Admits requests, those of the lowest number first. Belongs to one event loop.

    limit: how many may be under way, between 1 and `most`.
    """

    def __init__(self, most: int, first: int = FIRST) -> None:
        self.most = most
        self.limit = float(min(first, most))
        self.under_way = 0
        self._growing_fast = True
        self._cut_at = float("-inf")
        self._open_at = float("-inf")
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._arrivals = 0
        self._alarm: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def turn(self, number: int) -> AsyncIterator[float]:
        """Waits until request `number` may be sent; gives the time at which it was let through."""
        loop = asyncio.get_running_loop()
        place = loop.create_future()
        self._arrivals += 1
        heapq.heappush(self._waiting, (number, self._arrivals, place))
        self._admit()
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():  # let through in the very moment
                self._leave()
            raise
        try:
            yield loop.time()
        finally:
            self._leave()

    def succeeded(self) -> None:
        """A request was answered: room for more."""
        self.limit = min(float(self.most), self.limit + (1.0 if self._growing_fast else 1.0 / self.limit))
        self._admit()

    def overloaded(self, sent_at: float, wait_s: float = 0.0) -> None:
        """The server, or the way to it, has too much to do. sent_at: what `turn` gave to the request that was refused.

        Requests that were under way when the limit was last cut do not cut it again: they tell of the same crowd.
        Nothing is sent for wait_s seconds.
        """
        now = asyncio.get_running_loop().time()
        self._growing_fast = False
        if sent_at >= self._cut_at:
            self.limit = max(float(LEAST), self.limit / 2)
            self._cut_at = now
        if wait_s > 0:
            self._open_at = max(self._open_at, now + wait_s * random.uniform(1.0, 1.0 + JITTER))

    def _leave(self) -> None:
        self.under_way -= 1
        self._admit()

    def _admit(self) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() < self._open_at:
            if self._alarm is None or self._alarm.when() < self._open_at:
                if self._alarm:
                    self._alarm.cancel()
                self._alarm = loop.call_at(self._open_at, self._admit)
            return
        while self._waiting and self.under_way < int(self.limit):
            *_, place = heapq.heappop(self._waiting)
            if not place.done():  # its asker may be gone
                self.under_way += 1
                place.set_result(None)
