"""One exchange with a server over HTTP: what was asked for, or why not."""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx2

from fusar_core import __version__
from fusar_core.domain.reply import Reply
from fusar_core.errors import BadServer, FusarError, WorkerTls, WorkerUnreachable
from fusar_core.remote.address import CA_VARIABLES, Address
from fusar_core.remote.failures import TryAgain, failed, failed_inside
from fusar_core.remote.secret import Secret
from fusar_core.remote.wire import (
    MOST_BYTES,
    ErrorInside,
    Malformed,
    Stream,
    WireRequest,
    raise_error_inside,
    read_reply,
)

KEEPALIVE: list[tuple[int, int, int]] = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
"""A server that vanished without a word is noticed after about a minute, however long its answers may take."""
for _name, _value in (("TCP_KEEPIDLE", 20), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 4)):
    if hasattr(socket, _name):
        KEEPALIVE.append((socket.IPPROTO_TCP, getattr(socket, _name), _value))

Words = Callable[[str], None]


class _Bearer(httpx2.Auth):
    """Puts the key into each request as it leaves, so that it stands nowhere else."""

    def __init__(self, key: Secret) -> None:
        self._key = key

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._key.reveal()}"
        yield request


class Exchange:
    """The connections to a server. most: at once; connect_s, answer_s: longest wait for a connection, for an answer.

    Every method raises TryAgain for what may pass, and a FusarError for what does not.
    """

    def __init__(self, address: Address, most: int, connect_s: float, answer_s: float) -> None:
        self.address = address
        limits = httpx2.Limits(max_connections=most, max_keepalive_connections=most)
        try:
            transport = httpx2.AsyncHTTPTransport(
                verify=address.tls,
                limits=limits,
                proxy=address.proxy,
                trust_env=False,
                socket_options=KEEPALIVE,
            )
        except (ValueError, httpx2.InvalidURL) as cause:
            advice = "Write HTTPS_PROXY as http://host:port or socks5h://host:port."
            raise WorkerUnreachable("The proxy that the environment names has no usable address.", advice) from cause
        self._client = httpx2.AsyncClient(
            transport=transport,
            auth=_Bearer(address.key) if address.key else None,
            headers={"User-Agent": f"fusar-core/{__version__}", "Accept-Encoding": "identity"},
            timeout=httpx2.Timeout(answer_s, connect=connect_s, pool=None),
            trust_env=False,
        )

    async def close(self) -> None:
        """Closes the connections; requests under way fail."""
        await self._client.aclose()

    async def get(self, path: str) -> bytes:
        """The body of a GET below the base of the API."""
        async with self._response("GET", path) as response:
            content = await self._body(response)
            try:
                raise_error_inside(json.loads(content))
            except ErrorInside as error:
                raise failed_inside(error, response.headers, self.address) from None
            except (ValueError, RecursionError):
                pass  # whoever reads it says so
            return content

    async def ask(self, question: WireRequest, words: Once | None = None) -> Reply:
        """The answer to a question. words: gets them as they come."""
        started = time.monotonic()
        body = question.body if words is None else question.body | {"stream": True}
        headers = {"Content-Type": "application/json", "Idempotency-Key": question.key}
        content = json.dumps(body, allow_nan=False).encode()
        async with self._response("POST", "chat/completions", content, headers) as response:
            streamed = "text/event-stream" in response.headers.get("content-type", "")
            if words is not None and streamed:
                reply = await self._streamed(response, words)
            else:
                reply = await self._whole(response)
                if words is not None:
                    words.from_the_start()(reply.text)
        return replace(reply, seconds=time.monotonic() - started)

    async def _whole(self, response: httpx2.Response) -> Reply:
        try:
            return read_reply(await self._body(response))
        except ErrorInside as error:
            raise failed_inside(error, response.headers, self.address) from None
        except Malformed as cause:
            raise BadServer(
                f"{self.address.url} gave an answer that is no chat completion: {cause}.",
                "Is this an OpenAI-compatible server?",
            ) from None

    async def _streamed(self, response: httpx2.Response, words: Once) -> Reply:
        stream, size, rest = Stream(words.from_the_start()), 0, b""
        try:
            async for piece in response.aiter_bytes():  # not by lines: one without an end would fill the memory
                size += len(piece)
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    stream.line(line.decode("utf-8", "replace").rstrip("\r"))
                if stream.ended or size > MOST_BYTES:
                    break
            stream.line(rest.decode("utf-8", "replace").rstrip("\r"))
            return stream.reply()
        except ErrorInside as error:
            raise failed_inside(error, response.headers, self.address) from None
        except Malformed as cause:
            raise TryAgain(f"its answer is broken: {cause}") from None

    async def _body(self, response: httpx2.Response) -> bytes:
        got = bytearray()
        async for piece in response.aiter_bytes():
            got += piece
            if len(got) > MOST_BYTES:
                raise BadServer(f"{self.address.url} answers with more than {MOST_BYTES >> 20} MB.", "Is it a model?")
        return bytes(got)

    @asynccontextmanager
    async def _response(
        self, method: str, path: str, content: bytes | None = None, headers: dict[str, str] | None = None
    ) -> AsyncGenerator[httpx2.Response, None]:
        """A response of status 200; its body is yet to be read."""
        try:
            url = f"{self.address.url}/{path}"
            async with self._client.stream(method, url, content=content, headers=headers) as response:
                if response.status_code != 200:
                    said = await self._body(response)
                    raise failed(response.status_code, response.headers, said, self.address)
                yield response
        except (httpx2.HTTPError, httpx2.InvalidURL, ssl.SSLError, OSError) as error:
            raise _translated(error, self.address) from error


class Once:
    """Hands on the words of a streamed answer once each, though they come from the start again after a break."""

    def __init__(self, on_text: Words) -> None:
        self._on_text = on_text
        self._shown = 0

    def from_the_start(self) -> Words:
        """A function that takes the words of one try."""
        seen = 0

        def take(piece: str) -> None:
            nonlocal seen
            fresh = piece[max(0, self._shown - seen) :]
            seen += len(piece)
            if fresh:
                self._shown = seen
                self._on_text(fresh)

        return take


def _translated(error: BaseException, address: Address) -> TryAgain | FusarError:
    """What a failure of the connection means: TryAgain, or a FusarError where trying again is in vain."""
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    for cause in chain:
        if isinstance(cause, ssl.SSLError) and (problem := _tls_problem(cause, address)):
            return problem
    if isinstance(error, httpx2.TimeoutException):
        return TryAgain("no answer in time")
    if isinstance(error, httpx2.ProxyError):
        return TryAgain("the proxy refuses")
    if isinstance(error, httpx2.ConnectError):
        return TryAgain("no connection")
    if isinstance(error, httpx2.TransportError | OSError):
        return TryAgain("the connection was lost")
    return BadServer(f"{address.url} gave an answer that is no HTTP.", "Is this an OpenAI-compatible server?")


def _tls_problem(error: ssl.SSLError, address: Address) -> WorkerTls | None:
    if isinstance(error, ssl.SSLCertVerificationError):
        return WorkerTls(
            f"The certificate of {address.url} is not trusted: {error.verify_message.rstrip('.')}.",
            f"Name the authority that signed it with --ca, or in {CA_VARIABLES[0]}.",
        )
    reason = error.reason or ""
    if reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"):
        return WorkerTls(f"{address.url} does not speak TLS.", "Write its address with http://, or give it TLS.")
    if "ALERT" in reason or "PROTOCOL" in reason or "CIPHER" in reason:
        return WorkerTls(f"{address.url} ended the TLS handshake: {reason}.", "Its log may say why.")
    return None
