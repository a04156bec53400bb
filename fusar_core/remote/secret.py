"""A key that nobody gets to see, and where it stands when nobody gives one."""

from __future__ import annotations

KEY_VARIABLE = "FUSAR_API_KEY"
"""Environment variable of the key, where the caller gives none."""


class Secret:
    """A key that shows itself to nobody who prints, logs or formats it."""

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The key in plain text, for the header of a request and nothing else; empty where there is none."""
        return self._value

    def hidden_in(self, text: str) -> str:
        """The text without the key, should a server echo it."""
        return text.replace(self._value, "***") if self._value else text

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret(***)" if self._value else "Secret()"
