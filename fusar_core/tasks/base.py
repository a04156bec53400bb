"""What a task is: how it is asked, read and written, kept, told, derived from detections, and scored.

    class Presence(Task):  # with its line in `fusar_core/tasks/__init__.py` this is all that a task needs
        name, title, noun, about, budget = "presence", "Presence", "presence", CLASS, 8

        def prompt(self, subject: Subject) -> str:
            return f"Is there any {subject.label} in this SAR image? Answer yes or no."

        def read(self, text: str, subject: Subject) -> Reading:
            said = simplified(text).strip(" .")  # the answer as a whole: a reader does not guess from a word of it
            if said in ("yes", "no"):
                return Reading(said, spans=((0, len(text)),))
            return spoilt(text) or failure(UNREADABLE)

Everything else has a default that fits an answer of one word: it is exactly right or wrong.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from fusar_core.domain.answers import Box, Detection
from fusar_core.domain.tiling import Window
from fusar_core.scoring.exact import score_exact
from fusar_core.scoring.measures import ACCURACY, ACCURACY_PRESENT, PRESENT, Measure, Row
from fusar_core.scoring.words import percent, three
from fusar_core.tasks.reading import Reading

CLASS, CHIP, BOX, QUESTION = "class", "chip", "box", "question"
"""What a task is about: each class on a chip, the chip as it is, the target in a box, or what a question asks."""

Size = tuple[float, float]
"""(width, height) in pixels."""
Likelihood = Callable[[tuple[int, int]], float | None]
"""Characters (from, to) of an answer → how likely the model was to say them, in [0, 1]; None when nobody knows."""


@dataclass(frozen=True)
class Subject:
    """What one question is about, in pixels of the image it is asked about, or in the units that a model says boxes in.

    size: of that image; pixel: of one pixel of the chip, in the same units. label: the class asked about, empty where
    none matters. classes: those that may be named. box: (x1, y1, x2, y2) of the target asked about. question: in words.
    style: name of the checkpoint's prompt style.
    """

    size: Size
    label: str = ""
    classes: tuple[str, ...] = ()
    box: Box | None = None
    question: str = ""
    style: str = ""
    pixel: Size = (1.0, 1.0)


@dataclass(frozen=True)
class Heard:
    """What a model said: its words, how likely it was to say parts of them, the class it was asked about, and how many
    pixels of the chip one of its image is, (along a row, along a column)."""

    text: str
    likelihood: Likelihood
    label: str = ""
    scale: tuple[float, float] = (1.0, 1.0)


class Told(NamedTuple):
    """An answer as the result layer tells it: the question, the answer in words, and as a number where it is one."""

    question: str
    words: str
    number: float | None = None


class Task(ABC):
    """One thing that can be asked. Stateless; register an instance in `fusar_core.tasks.TASKS`.

    name: its word in commands, files and protocols. title: what people read. noun: what the field calls it. about:
    CLASS, CHIP, BOX or QUESTION. budget: most tokens an answer may take.
    usual: asked of a scene unless other tasks are named. finds: its answers are targets, merged over the scene, and
    other tasks may follow from them. adds_up: its answers are numbers of targets, whose sum over chips side by side is
    that of the scene. in_cells: its answers are cells of the 3 × 3 grid, which get a layer of their own.
    free_text: words without a form, of which those before a break are an answer too. repeats: its answers repeat, so
    that always giving the most frequent one scores something. scorable: an answer can be held against a truth.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    noun: ClassVar[str]
    about: ClassVar[str]
    budget: ClassVar[int]
    usual: ClassVar[bool] = False
    finds: ClassVar[bool] = False
    adds_up: ClassVar[bool] = False
    in_cells: ClassVar[bool] = False
    free_text: ClassVar[bool] = False
    repeats: ClassVar[bool] = True
    scorable: ClassVar[bool] = True

    @property
    def per_class(self) -> bool:
        """Whether it is asked about each class."""
        return self.about == CLASS

    @property
    def asked_as(self) -> str:
        """Name of the task that an engine is asked; another one for a variant that only scores differ."""
        return self.name

    # -- words ---------------------------------------------------------------------------------------------------------

    @abstractmethod
    def prompt(self, subject: Subject) -> str:
        """The question in words. Raises BadOption where the subject lacks what it asks about."""

    @abstractmethod
    def read(self, text: str, subject: Subject) -> Reading:
        """What the words of a model say; never raises, never guesses."""

    def write(self, value: Any, subject: Subject) -> str:
        """A value as a model is to say it; `read` gives it back."""
        return str(value)

    def answered(self, reading: Reading, heard: Heard) -> tuple[Any, float | None]:
        """The value and score of the answer that a reading is."""
        return reading.value, heard.likelihood(reading.spans[0]) if reading.spans else None

    # -- values --------------------------------------------------------------------------------------------------------

    def accepted(self, value: Any) -> Any:
        """The value where it is one that an answer to this task may have, else None."""
        return value

    def derive(self, detections: Sequence[Detection], where: Window) -> Any:
        """The answer that follows from the detections of one class in a window (pixels of the same image), flagged ones
        left out; None for a task that does not follow from detections."""
        return None

    def truth(self, boxes: Sequence[Box], size: Size) -> Any:
        """What is true, as JSON and as `write` takes it, where a class has these boxes with area on an image of that
        size; None for a task whose truth boxes do not tell."""
        return None

    def encode(self, value: Any) -> Any:
        """A value as JSON."""
        return value

    def decode(self, content: Any) -> Any:
        """The value that `encode` made this of."""
        return content

    def told(self, label: str, value: Any, prompt: str = "") -> Told:
        """The row of the result layer `answers`. value: None when the answer could not be parsed."""
        return Told(prompt, "" if value is None else str(value), float(value) if type(value) in (int, float) else None)

    # -- scores --------------------------------------------------------------------------------------------------------

    headline: ClassVar[str] = "accuracy"
    """Name of the measure that stands for the task in tables and plots."""
    heads: ClassVar[tuple[str, ...]] = ("exact", "majority floor")
    """Columns of its table, after those of name, cases and unparsable answers."""
    notes: ClassVar[tuple[str, ...]] = ("majority floor: the most frequent answer for every image.",)
    """What the words of its table mean."""

    def outcome(self, truth: Any, value: Any, size: Size) -> dict[str, Any]:
        """What a row of results says of one case, as JSON: `truth`, `answer` (None: could not be parsed or is no answer
        to this task), and what `score` and `measures` need besides. value: of an answer to this task."""
        said = None if value is None else self.accepted(value)
        row = {"truth": truth, "answer": None if said is None else self.encode(said)}
        return {**row, "present": bool(truth)} if self.per_class else row

    def score(self, rows: Sequence[Row]) -> dict[str, Any]:
        """The scores of rows with n, 95 % intervals and floor, as JSON."""
        return score_exact([row["truth"] for row in rows], [row["answer"] for row in rows]).as_dict()

    @property
    def measures(self) -> Mapping[str, Measure]:
        """Name → what can be tested between two engines."""
        if self.per_class:
            return {"accuracy": ACCURACY, f"accuracy {PRESENT}": ACCURACY_PRESENT}
        return {"accuracy": ACCURACY}

    def main_number(self, score: Mapping[str, Any]) -> Mapping[str, Any]:
        """The measure `headline` of a score: its `value` and `interval_95`."""
        number: Mapping[str, Any] = score["accuracy"]
        return number

    def brief(self, score: Mapping[str, Any]) -> str:
        """A score in one line."""
        return f"accuracy {three(score['accuracy'])}  floor {three(score['majority_floor'])}"

    def lines(self, name: str, score: Mapping[str, Any]) -> list[tuple[str, ...]]:
        """The lines of the table for one part of the cases; see `heads`."""
        floor = score["majority_floor"]
        cells = percent(score["accuracy"]), f"{percent(floor)} (always {floor['answer']})"
        return [(name, str(score["n"]), str(score["unparsable"]), *cells)]


def unflagged(detections: Sequence[Detection]) -> list[Detection]:
    """The detections that count: those that no flag doubts."""
    return [d for d in detections if not d.flags]
