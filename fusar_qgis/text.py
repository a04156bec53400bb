"""Text of others (names of files and classes, a model's words) where Qt and QGIS would take it for HTML.

Whatever shows text goes through here, or through the labels of gui/labels.py; tests/qgis/test_gui_shown_text.py walks
the code for what does not.
"""

from __future__ import annotations

LONGEST_WORD = 26
"""Characters of a word that a narrow panel shows; longer ones, such as names of products, lose their middle."""


def escape(text: str) -> str:
    """Text as HTML shows it literally."""
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("\n", "<br>")):
        text = text.replace(character, entity)
    return text


def tool_tip(text: str) -> str:
    """A text as a tool tip shows it literally, whatever is in it."""
    return f"<span>{escape(text)}</span>" if text else ""


def elided(text: str, longest: int = LONGEST_WORD) -> str:
    """The text with the middle of each overlong word left out."""
    return " ".join(_elided(word, longest) for word in text.split(" "))


def _elided(word: str, longest: int) -> str:
    if len(word) <= longest or "\n" in word:
        return "\n".join(_elided(part, longest) for part in word.split("\n")) if "\n" in word else word
    half = (longest - 1) // 2
    return f"{word[: longest - 1 - half]}…{word[-half:]}"
