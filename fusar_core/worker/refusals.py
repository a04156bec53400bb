"""Errors on the wire: which HTTP status each code has, and OpenAI's form of an error body."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from typing import Any

from fusar_core import errors
from fusar_core.errors import FusarError

STATUS: dict[str, int] = {
    errors.BadOption.code: 400,
    errors.BadImage.code: 400,
    errors.BadAnchors.code: 400,
    errors.BadEmbeddings.code: 400,
    errors.PromptTooLong.code: 400,
    errors.UnsupportedTask.code: 400,
    errors.WorkerAuth.code: 401,
    errors.UnknownModel.code: 404,
    "NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    errors.RepeatMismatch.code: 409,
    errors.BodyTooLarge.code: 413,
    errors.WorkerBusy.code: 429,
    errors.WorkerFailed.code: 500,
    errors.NotEnoughMemory.code: 500,
    errors.WorkerStopping.code: 503,
}
"""Stable code → HTTP status; any other is 500."""

_TYPES = {401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error"}
_CLASSES: dict[str, type[FusarError]] = {
    e.code: e for _, e in inspect.getmembers(errors, inspect.isclass) if issubclass(e, FusarError)
}

Headers = dict[str, str]


def status_of(error: FusarError) -> int:
    """HTTP status of an error; 500 where its code has none."""
    return STATUS.get(error.code, 500)


def error_body(code: str, message: str) -> dict[str, Any]:
    """OpenAI's form of an error, its type by the status of the code."""
    status = STATUS.get(code, 500)
    kind = _TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    return {"error": {"message": message, "type": kind, "code": code, "param": None}}


def as_body(error: FusarError) -> dict[str, Any]:
    """The body for one of our errors, message and hint together."""
    return error_body(error.code, str(error))


def as_bytes(body: Mapping[str, Any]) -> bytes:
    """Compact JSON in UTF-8, letters beyond ASCII as they are; a lone surrogate is escaped, for it has no bytes."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def from_code(code: str, message: str, hint: str) -> FusarError:
    """The error that a replica reported by its code."""
    return _CLASSES.get(code, errors.WorkerFailed)(message, hint)


def headers_of(error: FusarError, retry_after_s: int = 1) -> Headers:
    """Headers that belong to an error."""
    status = status_of(error)
    if status == 401:
        return {"WWW-Authenticate": "Bearer"}
    return {"Retry-After": str(retry_after_s)} if status in (429, 503) else {}
