"""Triplets as ms-swift's standard JSONL, so that stock vision-language models train on the same questions and answers.

    {"messages": [{"role": "user", "content": "<image>…"}, {"role": "assistant", "content": "3"}], "images": ["/a.png"]}

A line a conversation, as engines ask: one question an image. Boxes are absolute pixels, which is what Qwen2.5-VL says;
models that say others (Qwen3-VL: thousandths) get them by `grounding`, where `<bbox>` stands for each box and `objects`
holds its pixels: ms-swift then scales them, with QWENVL_BBOX_FORMAT=new in its environment. Anchors have no place in
this format. Format: "Custom dataset" of ms-swift's documentation, version 3.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusar_core.files import atomic_path
from training.data.tasks import trained
from training.data.tasks.base import IN_ANSWER, IN_QUESTION
from training.data.triplets import Box, Conversation, Triplet
from training.errors import BadTriplet

IMAGE, BBOX = "<image>", "<bbox>"

_BOX = re.compile(r"\[(-?\d+), (-?\d+), (-?\d+), (-?\d+)\]")


@dataclass(frozen=True)
class Exchange:
    """What a line says: image, question and answer, boxes in place."""

    image: str
    question: str
    answer: str


def row(triplet: Triplet, talk: Conversation, root: Path, grounding: bool = False) -> dict[str, Any]:
    """One conversation as a row of ms-swift. root: folder of the triplet's image; paths become absolute.

    Raises BadTriplet for windows of scenes, which have no file of their own, and for text that is a tag of ms-swift.
    """
    if triplet.image is None:
        raise BadTriplet(f"Triplet {triplet.id} is a window of a scene, and ms-swift needs image files.", "Build PNGs.")
    for text in (talk.question, talk.answer):
        if any(tag in text for tag in (IMAGE, BBOX, "<ref-object>", "<video>", "<audio>")):
            raise BadTriplet(f"Triplet {triplet.id}: {text!r} holds a tag of ms-swift.", "Say it otherwise.")
    question, answer = talk.question, talk.answer
    boxes: list[Box] = []
    boxes_in = trained(talk.task).boxes_in if grounding else ""
    if boxes_in == IN_QUESTION:
        question, boxes = _lifted(question)
    elif boxes_in == IN_ANSWER:
        answer, boxes = _lifted(answer)
    said = [{"role": "user", "content": IMAGE + question}, {"role": "assistant", "content": answer}]
    found: dict[str, Any] = {"messages": said, "images": [str((root / triplet.image).resolve())]}
    if boxes:
        found["objects"] = {"ref": [], "bbox": [list(map(int, box)) for box in boxes]}
    return found


def write_ms_swift(triplets: Iterable[Triplet], path: Path, root: Path, grounding: bool = False) -> int:
    """Writes all conversations, whole or not at all; returns how many."""
    count = 0
    with atomic_path(path) as temporary, open(temporary, "w", encoding="utf-8") as out:
        for triplet in triplets:
            for talk in triplet.conversations:
                out.write(json.dumps(row(triplet, talk, root, grounding), ensure_ascii=False) + "\n")
                count += 1
    return count


def read_ms_swift(path: Path) -> Iterator[Exchange]:
    """What the lines of a file say, `<bbox>` filled in as ms-swift does for models of absolute pixels.

    Raises BadTriplet, naming the line that is of another form.
    """
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield _exchange(json.loads(line))
            except (ValueError, KeyError, TypeError, IndexError) as cause:
                raise BadTriplet(f"{path} line {number} is no single-turn row of ms-swift: {cause!r}.") from cause


def _exchange(said: Mapping[str, Any]) -> Exchange:
    (image,) = said["images"]
    user, assistant = said["messages"]
    if (user["role"], assistant["role"]) != ("user", "assistant") or not user["content"].startswith(IMAGE):
        raise ValueError("roles or image tag")
    boxes = iter(said.get("objects", {}).get("bbox", []))
    question, answer = (
        re.sub(re.escape(BBOX), lambda _: str([round(v) for v in next(boxes)]), text)
        for text in (user["content"].removeprefix(IMAGE), assistant["content"])
    )
    if next(boxes, None) is not None:
        raise ValueError("more boxes than tags")
    return Exchange(image, question, answer)


def _lifted(text: str) -> tuple[str, list[Box]]:
    """The text with a tag for each box, and the boxes in their order."""
    boxes = [(float(a), float(b), float(c), float(d)) for a, b, c, d in _BOX.findall(text)]
    return _BOX.sub(BBOX, text), boxes
