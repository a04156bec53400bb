"""From events to OpenAI's chat completions: whole, or as a stream of server-sent events."""

from __future__ import annotations

import codecs
import secrets
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from fusar_core.errors import FusarError, WorkerFailed
from fusar_core.worker.intake import ParsedRequest
from fusar_core.worker.jobs import Effort, Ending, Event, Token
from fusar_core.worker.refusals import as_body, as_bytes

DONE = b"data: [DONE]\n\n"


class Replies:
    """The bodies that answer one request. fingerprint: of the model."""

    def __init__(self, asked: ParsedRequest, fingerprint: str) -> None:
        self._asked = asked
        self._head = {
            "id": f"chatcmpl-{secrets.token_hex(12)}",
            "created": int(time.time()),
            "model": asked.model,
            "system_fingerprint": fingerprint,
        }

    def whole(self, events: Sequence[Event]) -> dict[str, Any]:
        """The chat completion that all events of a job make. Raises WorkerFailed when some are missing."""
        endings = {e.choice: e for e in events if isinstance(e, Ending)}
        tokens: dict[int, list[Token]] = {}
        for event in events:
            if isinstance(event, Token):
                tokens.setdefault(event.choice, []).append(event)
        if len(endings) != len(self._asked.job.seeds):
            raise WorkerFailed("The answer broke off.", "Ask again.")
        choices = []
        for number in range(self._asked.choices):
            source = self._source(number)
            ending, said = endings[source], tokens.get(source, [])
            choices.append(
                {
                    "index": number,
                    "message": {"role": "assistant", "content": ending.text},
                    "finish_reason": _reason(ending),
                    "logprobs": _logprobs(said) if self._asked.logprobs else None,
                    "fusar": {"looped": ending.looped},
                }
            )
        return {**self._head, "object": "chat.completion", "choices": choices, "usage": self._usage(events)}

    async def stream(self, batches: AsyncIterator[Sequence[Event]]) -> AsyncIterator[bytes]:
        """Server-sent events; an error after the first is an event of its own, and the stream then ends without
        `[DONE]`."""
        everything: list[Event] = []
        decoders: dict[int, codecs.IncrementalDecoder] = {}
        for number in range(self._asked.choices):
            yield self._chunk(number, {"role": "assistant", "content": ""})
        try:
            async for events in batches:
                everything += events
                for number in range(self._asked.choices):
                    decoder = decoders.setdefault(number, codecs.getincrementaldecoder("utf-8")("replace"))
                    for chunk in self._chunks(number, decoder, [e for e in events if isinstance(e, Token | Ending)]):
                        yield chunk
        except FusarError as error:
            yield b"data: " + as_bytes(as_body(error)) + b"\n\n"
            return
        if self._asked.usage:
            last = {**self._head, "object": "chat.completion.chunk", "choices": [], "usage": self._usage(everything)}
            yield b"data: " + as_bytes(last) + b"\n\n"
        yield DONE

    def _chunks(
        self, number: int, decoder: codecs.IncrementalDecoder, events: Sequence[Token | Ending]
    ) -> Iterable[bytes]:
        mine = [e for e in events if e.choice == self._source(number)]
        tokens = [e for e in mine if isinstance(e, Token)]
        if tokens:
            words = decoder.decode(b"".join(t.piece for t in tokens))
            if words or self._asked.logprobs:
                yield self._chunk(number, {"content": words}, tokens)
        for ending in (e for e in mine if isinstance(e, Ending)):
            if rest := decoder.decode(b"", True):
                yield self._chunk(number, {"content": rest})
            yield self._chunk(number, {}, ending=ending)

    def _chunk(
        self, number: int, delta: dict[str, Any], tokens: Sequence[Token] = (), ending: Ending | None = None
    ) -> bytes:
        choice: dict[str, Any] = {"index": number, "delta": delta, "finish_reason": ending and _reason(ending)}
        choice["logprobs"] = _logprobs(tokens) if self._asked.logprobs and tokens else None
        if ending:
            choice["fusar"] = {"looped": ending.looped}
        body = {**self._head, "object": "chat.completion.chunk", "choices": [choice]}
        return b"data: " + as_bytes(body) + b"\n\n"

    def _source(self, number: int) -> int:
        """Which choice of the job is choice `number` of the answer: a greedy job has one for all."""
        return number if len(self._asked.job.seeds) > 1 else 0

    def _usage(self, events: Sequence[Event]) -> dict[str, int]:
        prompt = sum(e.prompt_tokens for e in events if isinstance(e, Effort))
        said = sum(isinstance(e, Token) for e in events)
        return {"prompt_tokens": prompt, "completion_tokens": said, "total_tokens": prompt + said}


def _reason(ending: Ending) -> str:
    return "stop" if ending.ended or ending.looped else "length"


def _logprobs(tokens: Sequence[Token]) -> dict[str, Any]:
    content = [
        {
            "token": token.piece.decode("utf-8", "replace"),
            "bytes": list(token.piece),
            "logprob": max(token.log_probability, -9999.0),  # JSON has no infinity
            "top_logprobs": [],
        }
        for token in tokens
    ]
    return {"content": content}
