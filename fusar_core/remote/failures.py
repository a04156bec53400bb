"""What an answer of a server that is no success means: try again, or an error with its code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from fusar_core.errors import (
    BadAnchors,
    BadEmbeddings,
    BadImage,
    BadOption,
    BadServer,
    FusarError,
    NotEnoughMemory,
    PromptTooLong,
    UnknownModel,
    UnsupportedTask,
    WorkerAuth,
    WorkerBusy,
    WorkerFailed,
    WorkerRefused,
    WorkerStopping,
    WorkerUnreachable,
)
from fusar_core.remote.address import Address
from fusar_core.remote.secret import KEY_VARIABLE
from fusar_core.remote.wire import ErrorInside, error_names, error_status, error_words

PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})
"""Statuses that may be gone at the next try."""
BUSY = frozenset({429, 529})
"""Of those, the ones that say that there is too much to do; 503 says it when it names a time."""
FOREVER = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
"""Codes of a 429 that no waiting cures."""
OWN_CODES: dict[str, type[FusarError]] = {
    e.code: e
    for e in (
        BadAnchors,
        BadEmbeddings,
        BadImage,
        BadOption,
        NotEnoughMemory,
        PromptTooLong,
        UnknownModel,
        UnsupportedTask,
    )
}
"""Errors that our worker reports with the code they have in this program."""
STATUS_OF: dict[str, int] = {
    **dict.fromkeys(OWN_CODES, 400),
    **{"invalid_request_error": 400, "authentication_error": 401, "invalid_api_key": 401, WorkerAuth.code: 401},
    **{"permission_error": 403, "model_not_found": 404, UnknownModel.code: 404, "not_found_error": 404},
    **{"rate_limit_error": 429, "rate_limit_exceeded": 429, "insufficient_quota": 429, WorkerBusy.code: 429},
    **{"server_error": 500, "api_error": 500, NotEnoughMemory.code: 500, WorkerFailed.code: 500},
    **{"service_unavailable": 503, WorkerStopping.code: 503, "overloaded_error": 529},
}
"""Codes and types of errors in a response of status 200 → the status that they have as a response of their own."""
BUSY_WORDS = re.compile(r"rate.?limit|too many requests|overloaded|unavailable|is loading|try again", re.IGNORECASE)
"""In the words of an error that has neither: it may be gone at the next try."""


class TryAgain(Exception):
    """A failure that may pass. reason: in words. busy: the server has too much to do. wait_s: what it asks for."""

    def __init__(self, reason: str, *, busy: bool = False, wait_s: float | None = None, status: int = 0) -> None:
        super().__init__(reason)
        self.reason, self.busy, self.wait_s, self.status = reason, busy, wait_s, status


def failed(status: int, headers: Mapping[str, str], content: bytes, address: Address) -> TryAgain | FusarError:
    """The exception for an answer with a status other than 200: TryAgain or a FusarError."""
    code, words = error_words(content)
    words = address.key.hidden_in(words)
    said = f": {words}." if words else "."
    where = address.url
    if status in (401, 403):
        problem = "did not accept the key" if address.key else "wants a key"
        return WorkerAuth(f"{where} {problem}{said}", f"Set {KEY_VARIABLE}, or choose the key in the plugin's options.")
    if code in OWN_CODES and (status not in PASSING or code == NotEnoughMemory.code):
        return OWN_CODES[code](f"{where} says{said}", "The worker's log may say more.")
    if status in PASSING and code not in FOREVER:
        reason = f"HTTP {status}" + (f" ({words})" if words else "")
        wait_s = retry_after(headers)
        busy = status in BUSY or (status == 503 and wait_s is not None)
        return TryAgain(reason, busy=busy, wait_s=wait_s, status=status)
    if status == 407:
        return WorkerUnreachable("The proxy wants a password.", "Name it in HTTPS_PROXY, or leave the proxy out.")
    if status == 404 and (code == "model_not_found" or "model" in words.lower()):
        return UnknownModel(f"{where} does not know the model it was asked for{said}", "Choose one with --model.")
    if 300 <= status < 400:
        place = headers.get("location", "elsewhere")[:200]
        return BadServer(f"{where} sends us on to {place}.", "Give the address it has moved to: a key is not sent on.")
    if status in (404, 405):
        return BadServer(f"{where} answers HTTP {status}{said}", "The address of an OpenAI-compatible API ends in /v1.")
    if status in (400, 402, 409, 413, 415, 422, 429) or status >= 500:
        return WorkerRefused(f"{where} refused the question with HTTP {status}{said}", "Its log may say more.")
    return BadServer(f"{where} answers HTTP {status}{said}", "Is this an OpenAI-compatible server?")


def failed_inside(error: ErrorInside, headers: Mapping[str, str], address: Address) -> TryAgain | FusarError:
    """The exception for an error in a response of status 200: that of the status its code, type or words stand for."""
    code, words = error_words(error.content)
    named = [STATUS_OF[name] for name in error_names(error.content) if name in STATUS_OF]
    status = error_status(error.content) or (named[0] if named else None)
    if status is None and BUSY_WORDS.search(words):
        status = 503
    if status is None:
        return TryAgain(f"an error in place of an answer ({address.key.hidden_in(words) or code})", status=500)
    return failed(status, headers, error.content, address)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait, as a number or a date; None when it does not, or nonsense."""
    text = headers.get("retry-after", "").strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):  # no date, or one without a time zone
            return None
    return max(0.0, seconds) if seconds == seconds and seconds < float("inf") else None
