"""Scores of descriptions with 95 % intervals over places, and the floor of one sentence said of every chip.

BLEU is a corpus score: for each draw of places it is computed anew, from sums over captions. CIDEr-D is a mean over
captions; how rare a word is, it takes from the references of the whole set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fusar_core.scoring.captions import ORDERS, ciders, grams, score_captions, strip_opening, words
from fusar_core.scoring.intervals import FloatArray, Statistic, estimate, majority_floor, mean_of
from fusar_core.scoring.places import places_of, sum_by_place

Pair = tuple[list[str], list[str]]
"""The words of a reference and of what was said."""


def _bleu(order: int) -> Statistic:
    """BLEU of an order from sums over the columns of `caption_table`; see `scoring.captions.bleu`."""

    def value(sums: FloatArray) -> FloatArray:
        found, claimed = sums[:, :order], sums[:, 4 : 4 + order]
        long, short = sums[:, 8], sums[:, 9]
        precision = np.divide(found, claimed, np.zeros_like(found), where=claimed > 0).prod(1) ** (1 / order)
        missing = np.divide(long, short, np.full(len(sums), np.inf), where=short > 0)
        return np.asarray(precision * np.exp(np.minimum(0, 1 - missing)))

    return value


CAPTION_MEASURES: Mapping[str, Statistic] = {**{f"bleu_{n}": _bleu(n) for n in ORDERS}, "cider": mean_of(10, 11)}
"""Name in the scores → what makes it from sums over the columns of `caption_table`."""


def scored_captions(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What `score_captions` says of rows of `describe`, with `intervals_95` by measure (bootstrap over places), and the
    scores of the `floor`: the most frequent reference, said of every chip."""
    references, said = [row["truth"] for row in rows], [row["answer"] or "" for row in rows]
    plain = caption_table(rows)
    bare = _table([(words(strip_opening(r)), words(strip_opening(s))) for r, s in zip(references, said, strict=True)])
    places = places_of(rows)
    intervals = {name: _interval(plain, places, statistic) for name, statistic in CAPTION_MEASURES.items()}
    stripped = {name: _interval(bare, places, CAPTION_MEASURES[name]) for name in ("bleu_4", "cider")}
    sentence = majority_floor(references).answer
    constant = score_captions(references, [sentence] * len(rows)).as_dict()
    floor = {
        "answer": sentence,
        **{name: constant[name] for name in CAPTION_MEASURES},
        "stripped": constant["stripped"],
    }
    score = score_captions(references, said).as_dict()
    return {**score, "intervals_95": {**intervals, "stripped": stripped}, "floor": floor}


def caption_table(rows: Sequence[Mapping[str, Any]]) -> FloatArray:
    """(rows, 12), what each row of `describe` adds to the measures: n-grams found (4) and claimed (4), the lengths of
    reference and caption, CIDEr-D × 100, and 1."""
    return _table([(words(row["truth"]), words(row["answer"] or "")) for row in rows])


def _interval(table: FloatArray, places: Sequence[int], statistic: Statistic) -> list[float] | None:
    interval = estimate(sum_by_place(table, places), statistic).interval
    return [round(bound, 4) for bound in interval] if interval else None


def _table(pairs: Sequence[Pair]) -> FloatArray:
    table = np.ones((len(pairs), 12))
    for row, (reference, caption) in zip(table, pairs, strict=True):
        for n in ORDERS:
            said = grams(caption, n)
            row[n - 1], row[n + 3] = sum((said & grams(reference, n)).values()), sum(said.values())
        row[8:10] = len(reference), len(caption)
    table[:, 10] = ciders(pairs)
    return table
