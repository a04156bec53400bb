"""Captions: BLEU-1…4 and CIDEr-D of one description against one reference each.

Written here because the library that everybody uses (pycocoevalcap) is unmaintained and starts Java for its tokenizer,
METEOR and SPICE, which are not computed. On words cut alike, BLEU and CIDEr-D agree with its own to nine digits. Words
are lower-case runs of letters, digits and apostrophes.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

ORDERS = range(1, 5)
_WORD = re.compile(r"[\w']+")
_IMAGE = r"(?:(?:this|the|an?) )?(?:(?:sar|radar|satellite) )*(?:image|picture|scene|chip)"
_SHOWS = r"(?:shows|depicts|contains|captures|presents|displays|is of|of|showing|depicting|that shows)"
_PREFIX = re.compile(rf"^\W*(?:(?:this is )?{_IMAGE} {_SHOWS}|there (?:is|are)|this is)\s+", re.IGNORECASE)
_SIGMA = 6.0
_MISSING = "not computed: needs Java"


@dataclass(frozen=True)
class CaptionScore:
    """bleu: corpus BLEU-1…4 (Papineni 2002), in [0, 1]. cider: CIDEr-D (Vedantam 2015) × 100, as papers print it; with
    one reference a perfect caption has 1000. stripped: the same with template openings ("This image shows …") removed
    from both sides, which otherwise earn matches for nothing."""

    n: int
    bleu: tuple[float, float, float, float]
    cider: float
    stripped: tuple[float, float]

    def as_dict(self) -> dict[str, Any]:
        """For JSON, rounded (BLEU to 4 digits, CIDEr-D to 2); METEOR and SPICE are named with why they are missing."""
        names = {f"bleu_{n}": round(b, 4) for n, b in zip(ORDERS, self.bleu, strict=True)}
        stripped = {"bleu_4": round(self.stripped[0], 4), "cider": round(self.stripped[1], 2)}
        return {
            "n": self.n, **names, "cider": round(self.cider, 2), "stripped": stripped,
            "meteor": _MISSING, "spice": _MISSING,
        }  # fmt: skip


def score_captions(references: Sequence[str], captions: Sequence[str]) -> CaptionScore:
    """Scores one caption a reference; an empty caption earns nothing. Raises ValueError for differing lengths."""
    pairs = [(words(r), words(c)) for r, c in zip(references, captions, strict=True)]
    bare = [(words(strip_opening(r)), words(strip_opening(c))) for r, c in zip(references, captions, strict=True)]
    return CaptionScore(len(pairs), bleu(pairs), cider(pairs), (bleu(bare)[3], cider(bare)))


def words(text: str) -> list[str]:
    """Lower-case runs of letters, digits and apostrophes; punctuation is dropped. Empty for a text without words."""
    return _WORD.findall(text.lower())


def strip_opening(text: str) -> str:
    """The text without an opening that says only that there is an image."""
    return _PREFIX.sub("", text, count=1)


def grams(said: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    """How often each run of n words occurs; empty for fewer than n words."""
    return Counter(tuple(said[i : i + n]) for i in range(len(said) - n + 1))


def bleu(pairs: Sequence[tuple[list[str], list[str]]]) -> tuple[float, float, float, float]:
    """Corpus BLEU-1…4 of (reference, caption): geometric mean of clipped precisions, with the brevity penalty."""
    found, claimed = [0] * 4, [0] * 4
    for reference, caption in pairs:
        for n in ORDERS:
            said = grams(caption, n)
            found[n - 1] += sum((said & grams(reference, n)).values())
            claimed[n - 1] += sum(said.values())
    long, short = (sum(len(p[i]) for p in pairs) for i in (0, 1))
    penalty = min(1.0, math.exp(1 - long / short)) if short else 0.0
    values, product = [], 1.0
    for n in ORDERS:
        product *= found[n - 1] / claimed[n - 1] if claimed[n - 1] else 0.0
        values.append(penalty * product ** (1 / n))
    return values[0], values[1], values[2], values[3]


def cider(pairs: Sequence[tuple[list[str], list[str]]]) -> float:
    """CIDEr-D × 100 of a set: the mean over its captions."""
    return sum(ciders(pairs)) / len(pairs) if pairs else 0.0


def ciders(pairs: Sequence[tuple[list[str], list[str]]]) -> list[float]:
    """CIDEr-D × 100 of each caption: mean over n of the clipped cosine of tf-idf n-grams, times a length penalty.

    How rare an n-gram is follows from the references of the whole set.
    """
    totals = [0.0] * len(pairs)
    for n in ORDERS:
        documents = Counter(gram for reference, _ in pairs for gram in set(grams(reference, n)))
        idf = {gram: math.log(len(pairs) / count) for gram, count in documents.items()}
        rare = math.log(len(pairs))
        for i, (reference, caption) in enumerate(pairs):
            truth = {g: c * idf[g] for g, c in grams(reference, n).items()}
            said = {g: c * idf.get(g, rare) for g, c in grams(caption, n).items()}
            shared = sum(min(w, truth[g]) * truth[g] for g, w in said.items() if g in truth)
            norm = math.sqrt(sum(w * w for w in truth.values()) * sum(w * w for w in said.values()))
            penalty = math.exp(-((len(caption) - len(reference)) ** 2) / (2 * _SIGMA**2))
            totals[i] += shared / norm * penalty if norm else 0.0
    return [1000 * total / len(ORDERS) for total in totals]
