"""What engines that speak share: the words that a request becomes, and the answer that words become."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PIL import Image

from fusar_core.domain.answers import Answer, Corners, Detection, Request
from fusar_core.domain.chips import Chip
from fusar_core.errors import BadOption
from fusar_core.tasks import (
    ASK,
    CLASSIFY,
    COUNT,
    DESCRIBE,
    DETECT,
    LOCATE,
    captioning,
    classification,
    counting,
    detection,
    localization,
    question,
    questions,
)
from fusar_core.tasks.reading import OK, REPETITION, TRUNCATED, Reading, failure

BUDGETS = {COUNT: 16, LOCATE: 32, CLASSIFY: 24, DETECT: 2048, DESCRIBE: 512, ASK: 512}
"""Most tokens an answer may take; a box takes about 40."""
GSD_TOLERANCE = 3.0
"""Pixels that many times smaller or larger than those in training deserve a warning."""

Score = Callable[[tuple[int, int]], float | None]
"""Characters (from, to) of an answer → how likely the model was to say them, in [0, 1]; None when nobody knows."""


@dataclass(frozen=True)
class Query:
    """One question about one chip."""

    request: Request
    task: str
    label: str
    prompt: str


def queries(request: Request, size: int, styles: Mapping[str, str] | None = None) -> list[Query]:
    """What a model that sees the chip as size × size pixels is asked, in the order of the answers.

    styles: task → prompt style of the checkpoint. Raises BadOption when a box or a question is missing.
    """
    asked = questions(request.tasks, request.classes)
    return [
        Query(request, task, label, request.preamble + _prompt(request, task, label, size, styles or {}))
        for task, label in asked
    ]


def _prompt(request: Request, task: str, label: str, size: int, styles: Mapping[str, str]) -> str:
    if task == DETECT:
        return detection.prompt(label, styles.get(DETECT, ""))
    if task == COUNT:
        return counting.prompt(label)
    if task == LOCATE:
        return localization.prompt(label)
    if task == DESCRIBE:
        return captioning.prompt()
    if task == ASK:
        return question.prompt(request.question)
    if request.box is None:
        raise BadOption("No box was given to classify.", "Give xmin,ymin,xmax,ymax.")
    along, down = _scale(request, size)
    x1, y1, x2, y2 = request.box
    return classification.prompt((x1 / along, y1 / down, x2 / along, y2 / down), request.classes)


def read(query: Query, text: str, size: int) -> Reading:
    """What the words of a model say about a query; boxes in pixels of the size × size image."""
    if query.task == DETECT:
        return detection.read(text, query.label, size, size, query.request.classes)
    if query.task == CLASSIFY:
        return classification.read(text, query.request.classes)
    readers = {COUNT: counting.read, LOCATE: localization.read, DESCRIBE: captioning.read, ASK: question.read}
    return readers[query.task](text)


def answer(
    query: Query, text: str, size: int, score: Score, *, ended: bool = True, looped: bool = False, seconds: float = 0.0
) -> Answer:
    """The answer that words are; boxes become detections in chip pixels, each with its own score.

    ended: False when the words broke off because there were too many. looped: they were stopped in a repetition loop.
    """
    reading = failure(REPETITION) if looped else read(query, text, size)
    status = TRUNCATED if reading.status == OK and not ended and query.task in (DESCRIBE, ASK) else reading.status
    value, overall = reading.value, None
    if query.task == DETECT and value is not None:
        overall = score((0, len(text)))
        along, down = _scale(query.request, size)
        value = [
            Detection(query.label, score(span) or 0.0, _corners(x1 * along, y1 * down, x2 * along, y2 * down))
            for (x1, y1, x2, y2), span in zip(value, reading.spans, strict=True)
        ]
    elif reading.spans:
        overall = score(reading.spans[0])
    return Answer(
        chip=query.request.chip.where,
        task=query.task,
        label=query.label,
        value=value,
        score=overall,
        prompt=query.prompt,
        raw_text=text,
        parse_status=status,
        seconds=seconds,
    )


def picture(chip: Chip, size: int) -> Image.Image:
    """The chip's 8-bit image at size × size pixels, bicubic where it has another size."""
    return fitted(Image.fromarray(chip.image), size)


def fitted(image: Image.Image, size: int) -> Image.Image:
    """The image at size × size pixels, bicubic where it has another size."""
    return image if image.size == (size, size) else image.resize((size, size), Image.Resampling.BICUBIC)


def unlike_training(
    model: str, gsd_m: Sequence[float] | None, pixel_size_m: tuple[float, float] | None
) -> tuple[str, ...]:
    """A warning where pixels are unlike those the model was trained on, whose least and greatest size is gsd_m."""
    if pixel_size_m is None or not gsd_m:
        return ()
    if min(gsd_m) / GSD_TOLERANCE <= max(pixel_size_m) and min(pixel_size_m) <= max(gsd_m) * GSD_TOLERANCE:
        return ()
    return (
        f"Pixels of {max(pixel_size_m):.3g} m are unlike those {model} was trained on "
        f"({min(gsd_m):g} to {max(gsd_m):g} m).",
    )


def _scale(request: Request, size: int) -> tuple[float, float]:
    """Chip pixels in one pixel of the model's image, along a row and along a column."""
    height, width = request.chip.valid.shape
    return width / size, height / size


def _corners(x1: float, y1: float, x2: float, y2: float) -> Corners:
    return ((x1, y1), (x2, y1), (x2, y2), (x1, y2))
