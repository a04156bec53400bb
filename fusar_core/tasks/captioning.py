"""Captioning: a description of the image in words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from fusar_core.scoring.caption_intervals import CAPTION_MEASURES, caption_table, scored_captions
from fusar_core.scoring.measures import Measure, Row
from fusar_core.tasks.base import CHIP, Subject, Task, Told
from fusar_core.tasks.reading import Reading, spoilt

_WORDS = re.compile(r"(?:\s|<\|begin_of_box\|>)*(.*?)(?:\s|<\|end_of_box\|>)*", re.DOTALL)
"""What is said, without the marks that GLM-V sets around it."""
PROMPT = "Describe this SAR image."


def prompt() -> str:
    return PROMPT


def write(value: str) -> str:
    """The answer as a model is to say it."""
    return value


def read(text: str) -> Reading:
    """The text without what surrounds it; a failure when it is empty or a repetition loop."""
    if bad := spoilt(text):
        return bad
    start, end = _WORDS.fullmatch(text).span(1)  # type: ignore[union-attr]
    return Reading(text[start:end], spans=((start, end),))


class Captioning(Task):
    """The task of one description a chip."""

    name, title, noun, about, budget = "describe", "Description", "captioning", CHIP, 512
    free_text, repeats = True, False

    def prompt(self, subject: Subject) -> str:
        return prompt()

    def read(self, text: str, subject: Subject) -> Reading:
        return read(text)

    def accepted(self, value: Any) -> str | None:
        return value if isinstance(value, str) else None

    def told(self, label: str, value: Any, prompt: str = "") -> Told:
        return Told("What does it show?", value or "")

    headline: ClassVar[str] = "BLEU-4"
    heads: ClassVar[tuple[str, ...]] = ("BLEU-4", "CIDEr-D", "floor")
    notes: ClassVar[tuple[str, ...]] = ("floor: the most frequent description for every image.",)

    def score(self, rows: Sequence[Row]) -> dict[str, Any]:
        return scored_captions(rows)

    @property
    def measures(self) -> Mapping[str, Measure]:
        return {name: Measure(caption_table, statistic) for name, statistic in CAPTION_MEASURES.items()}

    def main_number(self, score: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"value": score["bleu_4"], "interval_95": score["intervals_95"]["bleu_4"]}

    def brief(self, score: Mapping[str, Any]) -> str:
        floor = f"floor {score['floor']['bleu_4']:.3f}, {score['floor']['cider']:.1f}"
        return f"BLEU-4 {score['bleu_4']:.3f}  CIDEr {score['cider']:.3f}  {floor}"

    def lines(self, name: str, score: Mapping[str, Any]) -> list[tuple[str, ...]]:
        floor = f"{score['floor']['bleu_4']:.3f}, {score['floor']['cider']:.1f}"
        return [(name, str(score["n"]), "–", f"{score['bleu_4']:.3f}", f"{score['cider']:.1f}", floor)]
