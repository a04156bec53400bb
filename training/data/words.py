"""The words of descriptions and questions: few, so that a small model learns them all."""

from __future__ import annotations

KINDS = {
    "coast": "a coast",
    "harbour": "a harbour",
    "open_sea": "open sea",
    "airfield": "an airfield",
    "town": "a town",
    "farmland": "farmland",
    "forest": "forest",
    "river": "a river",
}
"""`facts["kind"]` of a chip → how it is called."""


def kind_in_words(kind: str) -> str:
    """How a kind of place is called, with its article; unknown kinds by their own name."""
    plain = kind.replace("_", " ")
    return KINDS.get(kind, f"{article(plain)} {plain}")


def article(noun: str) -> str:
    """a or an, by the first letter: u counts as a vowel, whatever its sound."""
    return "an" if noun[:1].lower() in tuple("aeiou") else "a"


def plural(noun: str) -> str:
    """ship → ships, bus → buses, aircraft stays."""
    if noun.endswith("aircraft"):
        return noun
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")


def listed(words: list[str]) -> str:
    """a; a and b; a, b and c."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
