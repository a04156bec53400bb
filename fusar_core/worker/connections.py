"""Connections of the worker: how many there are, of whom, and how long each may take to say what it wants.

A connection that is not asking anything just now costs others nothing: where there are too many, the one that has been
silent longest makes room for the next. So neither idle connections nor heads that trickle in keep anybody out.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from fusar_core.worker.limits import Limits


class Connections:
    """All connections of a worker, by peer, the longest-waiting first."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._waiting: dict[Protocol, None] = {}
        self._peers: Counter[str] = Counter()
        self._open = 0

    @property
    def crowded(self) -> bool:
        """Whether more requests are at work than there may be connections."""
        return self._open > self.limits.connections

    def opened(self, one: Protocol) -> None:
        """Takes account of a new connection, for which others may have to make room."""
        self._open += 1
        self._peers[one.peer] += 1
        if self._peers[one.peer] > self.limits.peer_connections:
            self._make_room(one.peer)
        elif self._open > self.limits.connections:
            (greediest, _), *_ = self._peers.most_common(1)
            self._make_room(greediest)
        self._waiting[one] = None

    def closed(self, one: Protocol) -> None:
        """Takes account of a connection that has ended."""
        self._open -= 1
        self._peers[one.peer] -= 1
        if not self._peers[one.peer]:
            del self._peers[one.peer]
        self._waiting.pop(one, None)

    def at_work(self, one: Protocol) -> None:
        """A connection has asked something."""
        self._waiting.pop(one, None)

    def waits(self, one: Protocol) -> None:
        """A connection has its answer, and may ask again."""
        self._waiting[one] = None

    def _make_room(self, peer: str) -> None:
        longest = next((one for one in self._waiting if one.peer == peer), next(iter(self._waiting), None))
        if longest is not None:
            del self._waiting[longest]
            longest.drop()

    def protocol(self, *arguments: Any, **options: Any) -> Protocol:
        """A new connection, as uvicorn makes them."""
        return Protocol(self, *arguments, **options)


class Protocol(H11Protocol):
    """Closes a connection whose head does not come in time: the first one, and every one after it."""

    def __init__(self, connections: Connections, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._all = connections
        self._head: asyncio.TimerHandle | None = None
        self.peer = ""

    def connection_made(self, transport: Any) -> None:
        """Counts the connection; its first head is awaited from now on."""
        super().connection_made(transport)
        self.peer = self.client[0] if self.client else ""
        self._all.opened(self)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Makes room for others."""
        self._forget_head()
        self._all.closed(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Takes in bytes; as long as they make no whole head, its time runs."""
        super().data_received(data)
        if not self._is_at_work():
            self._expect_head()  # its first byte stops uvicorn's own clock

    def handle_events(self) -> None:
        """Goes on to what a head asks, and then waits for none."""
        super().handle_events()
        if self._is_at_work():
            self._forget_head()
            self._all.at_work(self)

    def on_response_complete(self) -> None:
        """Waits for the next request, unless it has come already."""
        if not self.transport.is_closing():
            self._all.waits(self)
        super().on_response_complete()  # may find the next request, which came early

    def drop(self) -> None:
        """Ends the connection without a word."""
        self._forget_head()
        self.transport.abort()

    def _is_at_work(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _expect_head(self) -> None:
        if self._head is None and not self.transport.is_closing():
            self._head = self.loop.call_later(self._all.limits.head_s, self.drop)

    def _forget_head(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None
