"""What goes wrong with the engine, in words for the message bar."""

from __future__ import annotations


class EngineError(Exception):
    """An error of the engine, or of the link to it.

    code: stable, those of docs/usage.md or one of ENGINE_MISSING (not set up), ENGINE_BROKEN (does not start),
    ENGINE_OLD (another version), ENGINE_DIED (ended while working), CANCELLED, INTERNAL. message: what happened.
    hint: what to do next.
    """

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(f"{message} {hint}".strip())
        self.code = code
        self.message = message
        self.hint = hint
