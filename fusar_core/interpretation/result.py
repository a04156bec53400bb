"""What comes of a scene and an engine: targets and answers, and how they came about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fusar_core.domain.answers import Answer
from fusar_core.domain.schema import WHOLE_EXTENT
from fusar_core.domain.tiling import Window
from fusar_core.interpretation.merging import Target
from fusar_core.prior.anchors import AnchorSampler
from fusar_core.scenes.scene import SarScene
from fusar_core.tasks import TASKS
from fusar_core.tasks.reading import METADATA, TRUNCATED, only_reasoning

ROOM = "turn reasoning off on its server, or give it room with the option thinking_tokens, e.g. 2000"
DERIVED = "derived"
"""parse_status of an answer that was made from merged detections, not given by the engine."""
OF_THE_WHOLE = (DERIVED, METADATA)
"""parse_status of answers that are about the whole extent."""


@dataclass(frozen=True)
class SceneAnswer:
    """An answer about a part of the scene.

    where: the part, in scene pixels. chip: its name, `scene` for the whole extent. value: what the task answers with;
    None when the engine's words could not be parsed. question: what was asked in free words. unknown: cells that reach
    into chips that could not be read, and where nothing was found: nobody knows what is there.
    """

    where: Window
    chip: str
    task: str
    label: str
    value: Any
    score: float | None = None
    prompt: str = ""
    raw_text: str = ""
    parse_status: str = DERIVED
    question: str = ""
    unknown: frozenset[int] = frozenset()

    @classmethod
    def of_chip(cls, answer: Answer, question: str = "") -> SceneAnswer:
        """What is said of a chip, placed where the chip speaks for the scene; or of the whole extent."""
        return cls(
            where=answer.chip.keep,
            chip=WHOLE_EXTENT if answer.parse_status in OF_THE_WHOLE else chip_name(answer.chip.window),
            task=answer.task,
            label=answer.label,
            value=answer.value,
            score=answer.score,
            prompt=answer.prompt,
            raw_text=answer.raw_text,
            parse_status=answer.parse_status,
            question=question,
        )


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """How a result came about: what stands beside everything that is published of it.

    engine, model: who answered. prior: where the anchors came from that the engine was given. settings: of the run and
    the engine. warnings: what a reader of the result should know. demonstration: whether the model that answered is
    there to show how things work, and not to be relied on.
    """

    scene: SarScene
    extent: Window
    engine: str
    model: str
    tasks: tuple[str, ...]
    classes: tuple[str, ...]
    prior: AnchorSampler | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    demonstration: bool = False

    @property
    def aef_year(self) -> int | None:
        """Year of the AlphaEarth embeddings that the engine was given; None without a prior."""
        return self.prior.year_used if self.prior else None


@dataclass(frozen=True, kw_only=True)
class Interpretation(Provenance):
    """What was found in a scene. Positions are scene pixels; `results.features` turns them into map features.

    complete: False for a run that was cancelled: it holds what was found until then, and says nothing of the rest.
    chips: how many the plan had; read: how many of them the engine has answered. looked: whether it was asked where
    targets are, for themselves or for what follows from them. torn: names of the chips whose list of targets broke off;
    shown: of all that were shown to the engine, also twice, for different tasks; heard: whether anything it said of
    them could be read.
    """

    targets: list[Target] = field(default_factory=list)
    answers: list[SceneAnswer] = field(default_factory=list)
    chips: int = 0
    read: int = 0
    seconds: float = 0.0
    complete: bool = True
    looked: bool = True
    torn: frozenset[str] = frozenset()
    shown: frozenset[str] = frozenset()
    heard: bool = True

    def counts(self) -> dict[str, int | None]:
        """Targets of each class without those that are flagged as ghosts; where none were looked for, the sum of what
        the engine counted chip by chip. Made only from chips that could be read; None where that leaves nothing, or
        nothing found beside chips that could not be read; empty where nothing was to be counted."""
        if not (self.looked or any(TASKS[task].adds_up for task in self.tasks)):
            return {}
        return {label: self._count(label) for label in self.classes}

    def _count(self, label: str) -> int | None:
        if self.looked:
            found = sum(t.detection.label == label and not t.detection.flags for t in self.targets)
            return found if found or not self.unread_of(label) else None
        own = [a.value for a in self.answers if TASKS[a.task].adds_up and a.label == label and a.chip != WHOLE_EXTENT]
        return known_sum(own)

    def unread_of(self, label: str) -> set[str]:
        """Names of the chips where the engine's words about the targets of a class could not be read."""
        return {a.chip for a in self.answers if TASKS[a.task].finds and a.label == label and a.value is None}

    def unsure_of(self, label: str) -> list[Window]:
        """Chips, in scene pixels, that may hold more targets of a class than were read of them."""
        unread = [a.where for a in self.answers if TASKS[a.task].finds and a.label == label and a.value is None]
        return unread + [t.chip.keep for t in self.targets if chip_name(t.chip.window) in self.torn]

    def unread(self) -> tuple[str, ...]:
        """What could not be read, as warnings: how many chips, and why."""
        chips = f"{len(self.torn)} of {len(self.shown)} chips"
        broken = f"On {chips} the list of targets broke off: there are at least these."
        status = {a.chip: a.parse_status for a in self.answers if a.value is None and a.parse_status != DERIVED}
        return (*self._unread(status), *((broken,) if self.torn else ()), *no_room_to_think(self.answers))

    def _unread(self, status: Mapping[str, str]) -> tuple[str, ...]:
        """status: of each chip with an answer that could not be read."""
        if not status:
            return ()
        reasons = Counter(status.values())
        why = ", ".join(f"{n} {reason.replace('_', ' ')}" for reason, n in sorted(reasons.items()))
        others = "Counts and cells are of the others." if len(status) < len(self.shown) else "Some answers could be."
        known = others if self.heard else "Nothing is known."
        return (f"{len(status)} of {len(self.shown)} chips could not be read ({why}). {known}",)

    def flagged(self) -> dict[str, int]:
        """How many targets carry each flag."""
        flags = [flag for t in self.targets for flag in t.detection.flags]
        return {flag: flags.count(flag) for flag in sorted(set(flags))}


@dataclass(frozen=True, kw_only=True)
class Inquiry(Provenance):
    """The answers to a single question: of the class in a box, which is the extent; or of anything, chip by chip."""

    answers: list[SceneAnswer] = field(default_factory=list)


def known_sum(counts: Iterable[int | None]) -> int | None:
    """The sum of what is known; None where nothing is, or where what is known are zeros beside unknown numbers."""
    own = list(counts)
    known = [value for value in own if value is not None]
    return sum(known) if known and (sum(known) or len(known) == len(own)) else None


def no_room_to_think(answers: Iterable[Answer | SceneAnswer]) -> tuple[str, ...]:
    """What to do about answers that broke off before the model had done with reasoning, as warnings."""
    n = sum(a.parse_status == TRUNCATED and only_reasoning(a.raw_text) for a in answers)
    told = f"{n} answer{'s' * (n > 1)} broke off while the model was still reasoning, before it said anything"
    return (f"{told}: {ROOM}.",) if n else ()


def chip_name(where: Window) -> str:
    """Name of a chip: the scene pixel of its top-left corner, e.g. `x1008y504`."""
    return f"x{where.col}y{where.row}"
