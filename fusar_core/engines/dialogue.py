"""What engines that speak share: the words that a request becomes, and the answer that words become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import Image

from fusar_core.domain.answers import Answer, Box, Request
from fusar_core.domain.chips import Chip
from fusar_core.tasks import TASKS, questions
from fusar_core.tasks.base import Heard, Likelihood, Subject, Task
from fusar_core.tasks.reading import REPETITION, TRUNCATED, Reading, failure, without_reasoning

GSD_TOLERANCE = 3.0
"""Pixels that many times smaller or larger than those in training deserve a warning."""


@dataclass(frozen=True)
class Query:
    """One question about one chip. subject: what it is about, in pixels of the image that the model sees."""

    request: Request
    task: str
    label: str
    prompt: str
    subject: Subject


def queries(request: Request, size: int, styles: Mapping[str, str] | None = None) -> list[Query]:
    """What a model that sees the chip as size × size pixels is asked, in the order of the answers.

    styles: task → prompt style of the checkpoint. Raises BadOption when a box or a question is missing.
    """
    return [
        _query(request, task, label, size, styles or {}) for task, label in questions(request.tasks, request.classes)
    ]


def _query(request: Request, task: str, label: str, size: int, styles: Mapping[str, str]) -> Query:
    along, down = _scale(request, size)
    subject = Subject(
        size=(size, size),
        label=label,
        classes=tuple(request.classes),
        box=_in_picture(request, size),
        question=request.question,
        style=styles.get(task, ""),
        pixel=(1 / along, 1 / down),
    )
    return Query(request, task, label, request.preamble + TASKS[task].prompt(subject), subject)


def read(query: Query, text: str) -> Reading:
    """What the words of a model say about a query; boxes in pixels of the image it was asked about.

    Here, for all tasks, reasoning is told from the answer.
    """
    return TASKS[query.task].read(without_reasoning(text), query.subject)


def answer(
    query: Query, text: str, likelihood: Likelihood, *, ended: bool = True, looped: bool = False, seconds: float = 0.0
) -> Answer:
    """The answer that words are; boxes become detections in chip pixels, each with its own score.

    ended: False when the words broke off because there were too many. looped: they were stopped in a repetition loop.
    """
    task = TASKS[query.task]
    reading = failure(REPETITION) if looped else read(query, text)
    if not ended and reading.status != REPETITION:
        reading = torn(reading, task)
    scale = _scale(query.request, query.subject.size[0])
    value, score = task.answered(reading, Heard(text, likelihood, query.label, scale))
    return Answer(
        chip=query.request.chip.where,
        task=query.task,
        label=query.label,
        value=value,
        score=score,
        prompt=query.prompt,
        raw_text=text,
        parse_status=reading.status,
        seconds=seconds,
    )


def torn(reading: Reading, task: Task) -> Reading:
    """What remains of words that broke off: sentences and whole boxes; a number, or a name, might have gone on."""
    if not reading.value or not (task.free_text or task.finds):
        return failure(TRUNCATED)
    return Reading(reading.value, TRUNCATED, reading.spans)


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


def _scale(request: Request, size: float) -> tuple[float, float]:
    """Chip pixels in one pixel of the model's image, along a row and along a column."""
    height, width = request.chip.valid.shape
    return width / size, height / size


def _in_picture(request: Request, size: int) -> Box | None:
    """The box of a request in pixels of the model's image."""
    if request.box is None:
        return None
    along, down = _scale(request, size)
    x1, y1, x2, y2 = request.box
    return x1 / along, y1 / down, x2 / along, y2 / down
