"""What a model said to one question: its words, and how likely it was to say them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Reply:
    """The words of a model.

    ended: by itself; looped: stopped in a repetition loop; neither: the budget of tokens was used up. offsets: per
    token the characters (from, to) it gave; log_probabilities: natural, per token; both empty where nobody knows.
    seconds: it took, where somebody measured.
    """

    text: str
    ended: bool = True
    looped: bool = False
    offsets: Sequence[tuple[int, int]] = ()
    log_probabilities: Sequence[float] = ()
    seconds: float = 0.0

    def score(self, span: tuple[int, int]) -> float | None:
        """exp(mean log-probability) of the tokens that say these characters; None when nobody knows."""
        start, end = span
        chosen = [lp for (a, b), lp in zip(self.offsets, self.log_probabilities, strict=True) if a < end and b > start]
        return math.exp(sum(chosen) / len(chosen)) if chosen else None
