"""What comes of a scene and an engine: targets and answers, and how they came about."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fusar_core.domain.answers import Answer
from fusar_core.domain.tiling import Window
from fusar_core.interpretation.merging import Target
from fusar_core.prior.anchors import AnchorSampler
from fusar_core.scenes.scene import SarScene

DERIVED = "derived"
"""parse_status of an answer that was made from merged detections, not given by the engine."""


@dataclass(frozen=True)
class SceneAnswer:
    """An answer about a part of the scene.

    where: the part, in scene pixels. chip: its name, `scene` for the whole extent. value: what the task answers with;
    None when the engine's words could not be parsed. question: what was asked in free words.
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

    @classmethod
    def of_chip(cls, answer: Answer, question: str = "") -> SceneAnswer:
        """What an engine said about a chip, placed where the chip speaks for the scene."""
        return cls(
            where=answer.chip.keep,
            chip=chip_name(answer.chip.window),
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
    the engine. warnings: what a reader of the result should know.
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

    @property
    def aef_year(self) -> int | None:
        """Year of the AlphaEarth embeddings that the engine was given; None without a prior."""
        return self.prior.year_used if self.prior else None


@dataclass(frozen=True, kw_only=True)
class Interpretation(Provenance):
    """What was found in a scene. Positions are scene pixels; `results.features` turns them into map features.

    complete: False for a run that was cancelled: it holds what was found until then, and says nothing of the rest.
    chips: how many the plan had; read: how many of them the engine has answered.
    """

    targets: list[Target] = field(default_factory=list)
    answers: list[SceneAnswer] = field(default_factory=list)
    chips: int = 0
    read: int = 0
    seconds: float = 0.0
    complete: bool = True

    def counts(self) -> dict[str, int]:
        """Targets of each class without those that are flagged as ghosts."""
        return {c: sum(t.detection.label == c and not t.detection.flags for t in self.targets) for c in self.classes}

    def flagged(self) -> dict[str, int]:
        """How many targets carry each flag."""
        flags = [flag for t in self.targets for flag in t.detection.flags]
        return {flag: flags.count(flag) for flag in sorted(set(flags))}


@dataclass(frozen=True, kw_only=True)
class Inquiry(Provenance):
    """The answers to a single question: of the class in a box, which is the extent; or of anything, chip by chip."""

    answers: list[SceneAnswer] = field(default_factory=list)


def chip_name(where: Window) -> str:
    """Name of a chip: the scene pixel of its top-left corner, e.g. `x1008y504`."""
    return f"x{where.col}y{where.row}"
