"""Detection: every target of a class as a box; the answer is JSON, or None."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, ClassVar

import numpy as np

from fusar_core.domain.answers import Box, Corners, Detection
from fusar_core.domain.tiling import Window
from fusar_core.scoring.detection import IOU_THRESHOLDS, DetectionCase, f1_statistic, match_case, score_detection
from fusar_core.scoring.measures import Measure, Row, each
from fusar_core.scoring.words import fraction, three
from fusar_core.tasks.base import CLASS, Heard, Size, Subject, Task, Told, unflagged
from fusar_core.tasks.boxes import boxes_in
from fusar_core.tasks.classification import canonical
from fusar_core.tasks.reading import (
    OK,
    OUT_OF_RANGE,
    TRUNCATED,
    UNKNOWN_CLASS,
    UNREADABLE,
    Reading,
    failure,
    says_none,
    simplified,
    spoilt,
)

OFFICIAL = "official"
"""Name of the prompt style that the adapters of the official release were trained with."""


def prompt(label: str, style: str = "") -> str:
    """style: `official` for the words of the official release, which its detection adapter needs."""
    if style == OFFICIAL:
        return (
            f"This is a SAR image. Please carefully check the image and detect the following object: {label}. "
            "Output each detected target’s bbox coordinates in JSON format. The format of the bbox coordinates is: "
            "'''json [ { \"bbox_2d\": [x1, y1, x2, y2], \"label\": \"category name\" }, { ... } ] ''' "
            "If there are no such targets in the image, simply respond with None."
        )
    return (
        f"Detect the targets of category {label} in this SAR image. "
        'Answer with JSON: [{"bbox_2d": [x1, y1, x2, y2], "label": "category"}], or None.'
    )


def write(boxes: Sequence[Box], label: str) -> str:
    """The answer as a model is to say it; coordinates in whole pixels of the image it sees."""
    found = [{"bbox_2d": [round(v) for v in box], "label": label} for box in boxes]
    return json.dumps(found) if found else "None"


def read(
    text: str, label: str, width: float, height: float, classes: Sequence[str] = (), pixel: Size = (1.0, 1.0)
) -> Reading:
    """The boxes of class `label` that the text says: list of (x1, y1, x2, y2) in pixels of a width × height image.

    Swapped corners are put in order and boxes cut to the image; a box said twice counts once. Left out are boxes
    narrower than a pixel inside the image, without four numbers, or labelled as another class; when nothing else is
    left the answer is `out_of_range`, `unreadable` or `unknown_class`. A list that breaks off is `truncated` and keeps
    its whole boxes. pixel: width and height of a pixel, where the image is measured in something else.
    """
    if bad := spoilt(text):
        return bad
    known = list(dict.fromkeys([label, *classes]))
    found = boxes_in(text, lambda words: canonical(words, known) is not None)
    if not found.said:
        return Reading([]) if says_none(simplified(text)) else failure(UNREADABLE)
    boxes: dict[Box, tuple[int, int]] = {}
    readable = of_class = 0
    for said in found.said:
        corners = [box for box in said.boxes if box is not None]
        readable += len(corners)
        if said.label is not None and canonical(said.label, known) != label:
            continue
        of_class += len(corners)
        for box in corners:
            inside = _inside(box, width, height, pixel)
            if inside is not None:
                boxes.setdefault(inside, said.span)
    if not of_class:
        return failure(UNKNOWN_CLASS if readable else UNREADABLE)
    if not boxes:
        return failure(OUT_OF_RANGE)
    return Reading(list(boxes), OK if found.whole else TRUNCATED, tuple(boxes.values()))


def _inside(box: Box, width: float, height: float, pixel: Size) -> Box | None:
    """A box with its corners in order, cut to the image; None when that leaves less than a pixel, or when all of it
    lies in the first one: then it was said in fractions, which nobody declared."""
    x1, x2 = sorted(min(max(v, 0.0), width) for v in box[::2])
    y1, y2 = sorted(min(max(v, 0.0), height) for v in box[1::2])
    too_small = x2 - x1 < pixel[0] or y2 - y1 < pixel[1] or (x2 <= pixel[0] and y2 <= pixel[1])
    return None if too_small else (x1, y1, x2, y2)


class Detecting(Task):
    """The task of every target of a class. Words and truth are boxes; the value of an answer is a list of Detection."""

    name, title, noun, about, budget = "detect", "Targets", "detection", CLASS, 2048
    usual, finds, repeats = True, True, False

    def prompt(self, subject: Subject) -> str:
        return prompt(subject.label, subject.style)

    def read(self, text: str, subject: Subject) -> Reading:
        return read(text, subject.label, *subject.size, subject.classes, subject.pixel)

    def write(self, value: Any, subject: Subject) -> str:
        return write(value, subject.label)

    def answered(self, reading: Reading, heard: Heard) -> tuple[list[Detection] | None, float | None]:
        """Detections in pixels of the chip, each with its own score; the score of the answer is that of all words."""
        if reading.value is None:
            return None, None
        found = [
            Detection(heard.label, heard.likelihood(span) or 0.0, _rectangle(box, heard.scale))
            for box, span in zip(reading.value, reading.spans, strict=True)
        ]
        return found, heard.likelihood((0, len(heard.text)))

    def accepted(self, value: Any) -> list[Detection] | None:
        return value if isinstance(value, list) and all(isinstance(d, Detection) for d in value) else None

    def derive(self, detections: Sequence[Detection], where: Window) -> list[Detection]:
        return list(detections)

    def truth(self, boxes: Sequence[Box], size: Size) -> list[list[float]]:
        return [list(box) for box in boxes]

    def encode(self, value: Sequence[Detection]) -> list[dict[str, Any]]:
        return [{field.name: getattr(d, field.name) for field in fields(Detection)} for d in value]

    def decode(self, content: Any) -> list[Detection]:
        return [Detection(**{name: _tuples(v) for name, v in found.items()}) for found in content]

    def told(self, label: str, value: Any, prompt: str = "") -> Told:
        question = f"Where are targets of class {label}?"
        return Told(question, "" if value is None else write([d.bbox for d in value], label))

    headline: ClassVar[str] = "F1@.25"
    heads: ClassVar[tuple[str, ...]] = ("targets", "claimed", "IoU", "found", "precision", "recall", "F1", "AP")
    notes: ClassVar[tuple[str, ...]] = (
        "AP: area under the precision envelope at every recall; flagged detections are left out.",
        "Wilson takes boxes as independent; those of one image are not: F1 and AP show the honest width.",
    )

    def outcome(self, truth: Any, value: Any, size: Size) -> dict[str, Any]:
        """Boxes as answered, to hundredths of pixels, how they match the true ones, and their scores; flagged
        detections are left out, as they are from counts."""
        said = None if value is None else self.accepted(value)
        boxes = None if said is None else [d.bbox for d in unflagged(said)]
        scores = None if said is None else [float(d.score) for d in unflagged(said)]
        scores = scores if scores is not None and all(map(math.isfinite, scores)) else None
        matched = match_case(truth, boxes, scores, *size)
        return {
            "truth": truth,
            "answer": None if boxes is None else [[_hundredths(v) for v in box] for box in boxes],
            "targets": matched.targets,
            "predictions": matched.predictions,
            "hits": matched.hits.astype(int).tolist(),
            "scores": scores,
        }

    def score(self, rows: Sequence[Row]) -> dict[str, Any]:
        return score_detection([_case(row) for row in rows]).as_dict()

    @property
    def measures(self) -> Mapping[str, Measure]:
        return {f"f1@{iou}": Measure(each(_found(k)), f1_statistic) for k, iou in enumerate(IOU_THRESHOLDS)}

    def main_number(self, score: Mapping[str, Any]) -> Mapping[str, Any]:
        number: Mapping[str, Any] = score["at"][0]["f1"]
        return number

    def brief(self, score: Mapping[str, Any]) -> str:
        return "F1 " + " ".join(f"@{at['iou']} {three(at['f1'])}" for at in score["at"])

    def lines(self, name: str, score: Mapping[str, Any]) -> list[tuple[str, ...]]:
        table = []
        head = name, *(str(score[k]) for k in ("n", "unparsable", "targets", "predictions"))
        for at in score["at"]:
            cells = (fraction(at[k]) for k in ("precision", "recall", "f1", "ap"))
            table.append((*head, f"{at['iou']:.2f}", str(at["precision"]["successes"]), *cells))
            head = ("", "", "", "", "")
        return table


def _rectangle(box: Box, scale: tuple[float, float]) -> Corners:
    (x1, y1, x2, y2), (along, down) = box, scale
    left, right, top, bottom = x1 * along, x2 * along, y1 * down, y2 * down
    return (left, top), (right, top), (right, bottom), (left, bottom)


def _tuples(value: Any) -> Any:
    """JSON's lists as the tuples they were."""
    return tuple(map(_tuples, value)) if isinstance(value, list | tuple) else value


def _hundredths(value: float) -> float | None:
    """A coordinate for JSON, which knows no NaN or infinity."""
    return round(float(value), 2) if math.isfinite(value) else None


def _case(row: Row) -> DetectionCase:
    hits = np.array(row["hits"], bool).reshape(-1, len(IOU_THRESHOLDS))
    confidence = None if row["scores"] is None else np.array(row["scores"], float)
    return DetectionCase(row["targets"], hits, confidence, unparsable=row["answer"] is None)


def _found(k: int) -> Any:
    return lambda row: (sum(hits[k] for hits in row["hits"]), row["predictions"], row["targets"])
