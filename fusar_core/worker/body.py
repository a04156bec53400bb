"""Bodies of requests, read within limits, and errors sent while one may still be coming in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, TypeAlias

from fusar_core.errors import BadOption, BodyTooLarge, FusarError, WorkerBusy
from fusar_core.worker.limits import Limits
from fusar_core.worker.refusals import Headers, as_body, as_bytes, headers_of, status_of

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

MOST_KEY = 256
LINGER_S = 2.0
"""How long the rest of a body that is too large is read and thrown away: else many clients lose the answer with the
connection."""


class ClientGone(Exception):
    """The client left."""


class Held:
    """Bytes of bodies in memory, over all requests."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.bytes = 0

    @contextmanager
    def body(self) -> Iterator[Callable[[int], None]]:
        """A function that takes account of so many more bytes of one body, until the block ends.

        The function raises BodyTooLarge and WorkerBusy.
        """
        mine = 0

        def add(size: int) -> None:
            nonlocal mine
            mine += size
            self.bytes += size
            if mine > self.limits.body_bytes:
                raise too_large(self.limits)
            if self.bytes > self.limits.held_bytes:
                raise WorkerBusy("This worker is reading too many requests.", "Ask again.")

        try:
            yield add
        finally:
            self.bytes -= mine


def too_large(limits: Limits) -> BodyTooLarge:
    """The refusal for a body beyond the limit, whether its head said so or it was found out while reading."""
    return BodyTooLarge(f"A request may have {limits.body_bytes} bytes.", "Send one chip a request, as PNG.")


def check_head(scope: Scope, limits: Limits) -> None:
    """Raises BodyTooLarge and BadOption for what the head of a request already tells."""
    headers = dict(scope["headers"])
    length = headers.get(b"content-length", b"0")
    if not length.isdigit() or int(length) > limits.body_bytes:
        raise too_large(limits)
    if headers.get(b"content-type", b"").partition(b";")[0].strip().lower() != b"application/json":
        raise BadOption("The request is no JSON.", "Send it with Content-Type: application/json.")
    if len(headers.get(b"idempotency-key", b"")) > MOST_KEY:
        raise BadOption(f"An Idempotency-Key has {MOST_KEY} characters at most.", "Send a digest.")
    if headers.get(b"content-encoding", b"identity") != b"identity":
        raise BadOption("The request is compressed.", "Send it as it is: a PNG hardly gets smaller.")


async def read_body(receive: Receive, held: Callable[[int], None], limits: Limits) -> bytes:
    """The whole body. Raises BodyTooLarge, WorkerBusy, BadOption when it does not come in time, ClientGone."""
    parts: list[bytes] = []
    try:
        async with asyncio.timeout(limits.receive_s):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGone
                part = message.get("body", b"")
                held(len(part))
                parts.append(part)
                if not message.get("more_body"):
                    return b"".join(parts)
    except TimeoutError as cause:
        raise BadOption(f"The request did not arrive within {limits.receive_s:.0f} s.", "Send it again.") from cause


async def send_error(
    error: FusarError,
    receive: Receive,
    send: Send,
    *,
    unread: bool,
    retry_after_s: int = 1,
    headers: Headers | None = None,
) -> None:
    """Sends an error; `unread` when its body is still coming, and not worth reading to the end: the connection is then
    closed, but not in the client's face."""
    content = as_bytes(as_body(error))
    await send_start(send, status_of(error), content, headers_of(error, retry_after_s) | (headers or {}), close=unread)
    await send({"type": "http.response.body", "body": content, "more_body": unread})
    if unread:
        try:
            async with asyncio.timeout(LINGER_S):
                while (message := await receive())["type"] != "http.disconnect" and message.get("more_body"):
                    pass
        except TimeoutError:
            pass
        await send({"type": "http.response.body", "body": b""})


async def send_start(
    send: Send,
    status: int,
    content: bytes | None,
    headers: Headers,
    *,
    kind: str = "application/json",
    close: bool = False,
) -> None:
    """Sends the head of a response; content None: its length is not known yet."""
    fields = {"content-type": kind, "x-content-type-options": "nosniff", "cache-control": "no-store", **headers}
    if content is not None:
        fields["content-length"] = str(len(content))
    if close:
        fields["connection"] = "close"
    pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})


async def until_gone(receive: Receive) -> None:
    """Returns when the client has left; its body must have been read."""
    while (await receive())["type"] != "http.disconnect":
        pass
