"""What goes over the line: a question as the body of a chat completion, and the words that come back."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import math
import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from fusar_core import __version__
from fusar_core.domain.reply import Reply

ANCHORS = "aef_anchors"
"""Type of the content part in which our worker takes spatio-temporal anchors."""
MOST_BYTES = 16 * 2**20
"""Of a reply; an answer has some kilobytes."""


BROKEN_OFF = frozenset(
    {"length", "max_tokens", "max_length", "model_length", "content_filter", "safety", "incomplete", "abort", "error"}
    | {"aborted", "cancelled", "canceled", "timeout"}
)
"""Reasons for which a model's words ended that are none of its own."""


class Malformed(Exception):
    """A reply that is no chat completion; says what is wrong with it."""


class ErrorInside(Exception):
    """An error in a body, or an event, of a response whose status is 200. content: the body with the error alone."""

    def __init__(self, error: Any) -> None:
        super().__init__(_words(error))
        self.content = json.dumps({"error": error}).encode()


@dataclass(frozen=True)
class WireRequest:
    """One request. body: of the chat completion, as JSON-able values. key: the same for the same question about the
    same chip, whoever asks it again."""

    body: dict[str, Any]
    key: str


def png_part(image: Image.Image) -> dict[str, Any]:
    """The content part of an 8-bit grey image, without loss."""
    data = base64.b64encode(png(np.asarray(image))).decode()
    return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}


def png(image: npt.NDArray[np.uint8]) -> bytes:
    """An image (H, W) uint8 as PNG: rows unfiltered and Huffman-coded alone.

    In speckle there is nothing to predict and nothing repeats: what Pillow tries takes five times as long for a file
    that is larger by a tenth.
    """
    height, width = image.shape
    rows = np.zeros((height, width + 1), np.uint8)  # each begins with the number of its filter, 0 for none
    rows[:, 1:] = image
    huffman = zlib.compressobj(1, zlib.DEFLATED, 15, 9, zlib.Z_HUFFMAN_ONLY)
    packed = huffman.compress(rows.tobytes()) + huffman.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)  # 8 bits, grey
    chunks = (b"IHDR", header), (b"IDAT", packed), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def anchors_part(anchors: Any) -> dict[str, Any]:
    """The content part of anchors: what the model takes of them, and not where on earth they lie."""
    file = io.BytesIO()
    features, positions = np.asarray(anchors.features), np.asarray(anchors.positions)
    np.savez(file, features=features, positions=positions)  # unit vectors do not compress
    return {"type": ANCHORS, ANCHORS: {"data": base64.b64encode(file.getvalue()).decode()}}


def question(model: str, parts: list[dict[str, Any]], prompt: str, max_tokens: int) -> WireRequest:
    """The question `prompt` about what the parts show, to be answered greedily. The image goes before the words."""
    image, rest = parts[:1], parts[1:]
    content = [*image, {"type": "text", "text": prompt}, *rest]
    body = {
        "model": model,
        "messages": [{"role": "user", "content": content}],
        "max_tokens": max_tokens,
        "temperature": 0,
        "logprobs": True,
    }
    digest = hashlib.sha256(__version__.encode())
    digest.update(json.dumps(body, sort_keys=True).encode())
    return WireRequest(body, f"fusar-{digest.hexdigest()[:40]}")


def without_scores(asked: WireRequest) -> WireRequest:
    """The same question to a server that knows no probabilities."""
    return WireRequest({k: v for k, v in asked.body.items() if k != "logprobs"}, asked.key + "-0")


def read_reply(content: bytes) -> Reply:
    """The reply in a chat completion. Raises Malformed, ErrorInside."""
    try:
        said = json.loads(content)
    except (ValueError, RecursionError) as cause:
        raise Malformed("it is no JSON") from cause
    raise_error_inside(said)
    choice = _first_choice(said)
    if choice is None:
        raise Malformed("it has no choices")
    message = choice.get("message")
    if not isinstance(message, dict):
        raise Malformed("its choice has no message")
    return _reply(_text(message.get("content")) or _thought(_reasoning(message)), choice, _tokens(choice))


class Stream:
    """A reply that comes in pieces, as server-sent events. on_text gets each new piece of its words."""

    def __init__(self, on_text: Callable[[str], None]) -> None:
        self._on_text = on_text
        self._text = self._reasoning = ""
        self._choice: dict[str, Any] = {}
        self._tokens: list[Any] = []
        self.ended = False

    def line(self, line: str) -> None:
        """Takes one line of the event stream. Raises Malformed, ErrorInside."""
        if not line.startswith("data:"):
            return
        data = line.removeprefix("data:").strip()
        if data == "[DONE]":
            self.ended = True
            return
        try:
            event = json.loads(data)
        except (ValueError, RecursionError) as cause:
            raise Malformed("an event of it is no JSON") from cause
        raise_error_inside(event)
        choice = _first_choice(event)
        if choice is None:  # the last event may only tell of usage
            return
        self._choice.update({k: v for k, v in choice.items() if v is not None and k not in ("delta", "logprobs")})
        self._tokens += _tokens(choice)
        delta = choice.get("delta")
        delta = delta if isinstance(delta, dict) else {}
        self._reasoning += _reasoning(delta)
        piece = _text(delta.get("content"))
        if piece:
            self._text += piece
            self._on_text(piece)

    def reply(self) -> Reply:
        """What came in all. Raises Malformed when the stream broke off."""
        if not self.ended and "finish_reason" not in self._choice:
            raise Malformed("it broke off")
        return _reply(self._text or _thought(self._reasoning), self._choice, self._tokens)


def raise_error_inside(said: Any) -> None:
    """Raises ErrorInside where a body of a successful response, or its first choice, is an error after all."""
    for part in (said, _first_choice(said)):
        if isinstance(part, dict) and part.get("error"):
            raise ErrorInside(part["error"])


def error_words(content: bytes) -> tuple[str, str]:
    """(code, message) of an error body, both '' when it says nothing; the message in one line."""
    error = _error(content)
    code = error.get("code") if isinstance(error, dict) else None
    return (code if isinstance(code, str) else ""), _words(error)


def error_names(content: bytes) -> list[str]:
    """Code and type of an error body, where they are words."""
    error = _error(content)
    named = [error.get("code"), error.get("type")] if isinstance(error, dict) else []
    return [name for name in named if isinstance(name, str)]


def error_status(content: bytes) -> int | None:
    """The HTTP status that an error body names as its code; None when it names none."""
    error = _error(content)
    named = (
        [error.get(name) for name in ("code", "status", "status_code", "http_code")] if isinstance(error, dict) else []
    )
    numbers = [int(str(n)) for n in named if not isinstance(n, bool) and re.fullmatch(r"[1-5]\d\d", str(n))]
    return next((number for number in numbers if number >= 300), None)


def _error(content: bytes) -> Any:
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return said.get("error", said) if isinstance(said, dict) else None


def _words(error: Any) -> str:
    if isinstance(error, dict):
        error = error.get("message", error.get("detail", ""))
    text = error if isinstance(error, str) else json.dumps(error) if error else ""
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text[:300].rstrip(" .")


def _first_choice(said: Any) -> dict[str, Any] | None:
    choices = said.get("choices") if isinstance(said, dict) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else None


def _text(content: Any) -> str:
    """Words of a message: a string, a list of text parts, or nothing. Raises Malformed."""
    if content is None:
        return ""
    if isinstance(content, list):
        content = "".join(_text(part.get("text")) for part in content if isinstance(part, dict))
    if not isinstance(content, str):
        raise Malformed(f"its words are {type(content).__name__}")
    return content


def _reasoning(message: dict[str, Any]) -> str:
    """What a server tells of a model's reasoning apart from its words."""
    found = message.get("reasoning_content") or message.get("reasoning")
    return found if isinstance(found, str) else ""


def _thought(reasoning: str) -> str:
    """Reasoning in place of words that did not come, marked as models mark it: nothing that was said is lost."""
    return f"<think>{reasoning}" if reasoning else ""


def _tokens(choice: dict[str, Any]) -> list[Any]:
    logprobs = choice.get("logprobs")
    tokens = logprobs.get("content") if isinstance(logprobs, dict) else None
    return tokens if isinstance(tokens, list) else []


def _reply(text: str, choice: dict[str, Any], tokens: list[Any]) -> Reply:
    ours = choice.get("fusar")
    looped = isinstance(ours, dict) and ours.get("looped") is True
    ended = str(choice.get("finish_reason")).lower() not in BROKEN_OFF
    offsets, log_probabilities = align(text, tokens)
    return Reply(text, ended, looped, offsets, log_probabilities)


def align(text: str, tokens: list[Any]) -> tuple[tuple[tuple[int, int], ...], tuple[float, ...]]:
    """Which characters of the text each token gave, and its log-probability; nothing where they do not fit the text.

    tokens: `{token, logprob, bytes}` each. A token of some bytes of a character counts for that character. Servers may
    leave out white space at the ends of the text, and list the token that ended it.
    """
    pieces: list[bytes] = []
    chances: list[float] = []
    for token in tokens:
        piece = _bytes(token) if isinstance(token, dict) else None
        chance = token.get("logprob") if piece is not None else None
        if piece is None or isinstance(chance, bool) or not isinstance(chance, int | float) or math.isnan(chance):
            return (), ()
        if piece:  # the token that ends a text may come without words
            pieces.append(piece)
            chances.append(min(float(chance), 0.0))
    joined = b"".join(pieces)
    start = joined.find(text.encode("utf-8", "replace")) if text else -1
    if start < 0:
        return (), ()
    first_bytes = (np.frombuffer(joined, np.uint8) & 0xC0) != 0x80  # of the characters
    begun = np.concatenate([[0], np.cumsum(first_bytes)])
    reach = np.cumsum([0, *map(len, pieces)])
    ends = (begun[reach] - begun[start]).tolist()
    return tuple((min(a, b - 1), b) for a, b in pairwise(ends)), tuple(chances)


def _bytes(token: dict[str, Any]) -> bytes | None:
    raw = token.get("bytes")
    if isinstance(raw, list) and all(isinstance(b, int) and 0 <= b < 256 for b in raw):
        return bytes(raw)
    word = token.get("token")
    return word.encode("utf-8", "replace") if isinstance(word, str) else None
