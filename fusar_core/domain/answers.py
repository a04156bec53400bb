"""What is asked about a chip and what is answered: requests, answers, and the detections in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fusar_core.domain.chips import Chip
from fusar_core.domain.tiling import ChipWindow

Box = tuple[float, float, float, float]
"""(x1, y1, x2, y2): left, top, right and bottom."""
Corners = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]


@dataclass(frozen=True)
class Detection:
    """One target.

    corners: the four (x, y) of its oriented rectangle, in order around it, in pixels of the image it was found in
    (outer-corner convention: the first pixel covers 0…1). score: in [0, 1]. contrast_db: brightest pixel above the mean
    of the local clutter, in dB, where the engine knows it. flags: doubts such as `azimuth_ambiguity`, in which case the
    target is listed but not counted. inset: by how many pixels the target stays inside the bounds of its rectangle at
    the left, top, right and bottom: a slanting ship does not reach their corners, and boxes are drawn around ships.
    """

    label: str
    score: float
    corners: Corners
    contrast_db: float | None = None
    flags: tuple[str, ...] = ()
    inset: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)

    @property
    def bbox(self) -> tuple[float, float, float, float]:
        """Axis-aligned bounds (x1, y1, x2, y2) of the target."""
        xs, ys = zip(*self.corners, strict=True)
        left, top, right, bottom = self.inset
        return min(xs) + left, min(ys) + top, max(xs) - right, max(ys) - bottom

    @property
    def centre(self) -> tuple[float, float]:
        """Mean of the corners as (x, y), in the same pixels; where it lies decides which chip the target belongs to."""
        xs, ys = zip(*self.corners, strict=True)
        return sum(xs) / 4, sum(ys) / 4


@dataclass(frozen=True)
class Request:
    """One chip and what to find out about it.

    box: (x1, y1, x2, y2) in chip pixels, of the target that `classify` is about. question: what `ask` asks. preamble:
    said before every question, to engines that read words.
    """

    chip: Chip
    tasks: Sequence[str]
    classes: Sequence[str]
    box: tuple[float, float, float, float] | None = None
    question: str = ""
    preamble: str = ""


@dataclass(frozen=True)
class Answer:
    """What an engine said about one chip, for one task and one class.

    value: `list[Detection]` in chip pixels (detect), `int` (count), `frozenset[int]` of cells (locate), a class name
    (classify), `str` (describe, ask); None when the answer could not be parsed. parse_status: `ok` or what was wrong;
    raw_text: the words of a language model.
    """

    chip: ChipWindow
    task: str
    label: str
    value: Any
    score: float | None = None
    prompt: str = ""
    raw_text: str = ""
    parse_status: str = "ok"
    seconds: float = 0.0
    notes: dict[str, Any] = field(default_factory=dict)
