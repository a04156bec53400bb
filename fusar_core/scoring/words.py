"""Numbers of scores in words: a share, a value, each with its interval; `–` where it is undefined."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Said = Mapping[str, Any]
"""A number as results hold it: `value`, and `interval_95` or None."""

UNDEFINED = "–"


def fraction(number: Said | None, digits: int = 3) -> str:
    """`0.912 [0.880–0.940]`"""
    if number is None or number["value"] is None:
        return UNDEFINED
    low, high = number["interval_95"] or (number["value"], number["value"])
    return f"{number['value']:.{digits}f} [{low:.{digits}f}–{high:.{digits}f}]"


def percent(share: Said) -> str:
    """`91.2 % [88.0–94.0]`"""
    if share["value"] is None:
        return UNDEFINED
    low, high = share["interval_95"]
    return f"{100 * share['value']:.1f} % [{100 * low:.1f}–{100 * high:.1f}]"


def three(number: Said) -> str:
    """`0.912`"""
    return UNDEFINED if number["value"] is None else f"{number['value']:.3f}"
