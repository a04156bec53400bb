"""Stage-1 descriptions from a teacher: any vision-language model behind an OpenAI-compatible endpoint.

    teacher = Teacher("http://localhost:8000/v1", "Qwen/Qwen2.5-VL-72B-Instruct")
    for name, verdict in describe_all(triplets, root, teacher, Path("cache.jsonl"), classes=("plane", "ship")): …

The teacher is led through steps, from geography over human use and scattering to single targets (the idea of
FUSAR-KLIP's hierarchical cognitive chain of thought), is told what is known of the chip, and closes with counts. An
answer that contradicts the known targets, in its counts, its cells or its words, goes back once with the reason, and is
rejected when it does so again. Answers are kept in a cache as they come: a run that was stopped goes on where it was.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from PIL import Image

from fusar_core.tasks import captioning
from fusar_core.tasks.classification import SYNONYMS
from fusar_core.tasks.reading import OK
from training.data.chat_client import ChatClient
from training.data.descriptions import cells_said, counts_said, describe
from training.data.loading import load_image
from training.data.triplets import Triplet
from training.data.truth import boxes_of, cells
from training.errors import BadTriplet

STEPS = """\
You describe synthetic aperture radar (SAR) images for training data. Brightness is backscatter: calm water and smooth \
ground are dark, rough ground and vegetation grey, metal, corners and buildings bright. Think through these steps:
1. geography: the kind of place and its natural parts (coast, river, forest, fields, open sea).
2. human_use: what people built there (harbour, airfield, town, roads), or that there is nothing.
3. scattering: what is bright, dark or textured, where, and why.
4. instances: the targets, where they lie (cells 1 to 9 of a 3 × 3 grid, row by row from the top left).
5. consistency: check that steps 1 to 4 agree with each other and with what is known; mend them if not.
Answer with one JSON object and nothing else, with the keys "geography", "human_use", "scattering", "instances", \
"counts" (an object: how many targets of each class) and "description": at most 80 words of plain prose for somebody \
who sees only the image, that says how many targets of each class there are and in which cells. A sentence that \
counts targets names their cells and no others."""
LONGEST_WORDS = 160
"""A description with more words than this is rejected."""
VERSION = 2
"""Of the steps and checks: a change of them makes older answers of the cache void."""


@dataclass(frozen=True)
class Teacher:
    """A model behind an endpoint. url: up to and with /v1. key_env: environment variable that holds the key.

    blind: the teacher is not told what is known of a chip, and so has to see it; most answers are rejected then.
    """

    url: str
    model: str
    key_env: str = "OPENAI_API_KEY"
    blind: bool = False
    temperature: float = 0.2
    max_tokens: int = 900
    retries: int = 4
    first_pause_s: float = 1.0
    timeout_s: float = 120.0

    def client(self) -> ChatClient:
        """A new client of the endpoint with the teacher's patience; the caller closes it."""
        return ChatClient(self.url, self.key_env, self.retries, self.first_pause_s, self.timeout_s)


@dataclass(frozen=True)
class Verdict:
    """What came of one chip. description: None where the teacher's was rejected, and `reason` says why."""

    id: str
    description: str | None
    reason: str = ""
    raw: str = ""


def describe_all(
    triplets: Sequence[Triplet],
    root: Path,
    teacher: Teacher,
    cache: Path,
    *,
    classes: Sequence[str],
    at_once: int = 4,
) -> Iterator[Verdict]:
    """The teacher's verdicts on chips, in their order; those in the cache are not asked again.

    root: folder of the images. cache: JSON lines, made when it is not there; a line that a crash cut off is ignored.
    classes: those to count, where a triplet's source labels them. at_once: requests in flight.

    Raises TeacherUnavailable, TeacherDenied (what was answered before stays in the cache), BadTriplet.
    """
    known = _read_cache(cache)
    client = teacher.client()
    lock = Lock()
    with open(cache, "a", encoding="utf-8") as out, ThreadPoolExecutor(at_once) as pool:

        def one(triplet: Triplet) -> Verdict:
            labelled = triplet.labelled(classes)
            key = _key(triplet, root, teacher, labelled)
            if key in known:
                return known[key]
            verdict = describe_one(triplet, root, teacher, client, labelled)
            with lock:
                out.write(json.dumps({"key": key, **asdict(verdict)}, ensure_ascii=False) + "\n")
                out.flush()
            return verdict

        try:
            yield from pool.map(one, triplets)
        finally:
            pool.shutdown(cancel_futures=True)
            client.close()


def describe_one(triplet: Triplet, root: Path, teacher: Teacher, client: ChatClient, classes: Sequence[str]) -> Verdict:
    """Asks about one chip, and once more with the reason when the answer is wrong."""
    talk: list[dict[str, Any]] = [
        {"role": "system", "content": STEPS},
        {
            "role": "user",
            "content": [_picture(triplet, root), {"type": "text", "text": _known(triplet, teacher, classes)}],
        },
    ]
    reason, raw = "", ""
    for _ in range(2):
        raw = client.complete(teacher.model, talk, teacher.temperature, teacher.max_tokens)
        description, reason = judge(raw, triplet, classes)
        if description is not None:
            return Verdict(triplet.id, description, raw=raw)
        again = f"That cannot stand: {reason}. Go through the steps again and answer with the JSON object alone."
        talk += [{"role": "assistant", "content": raw}, {"role": "user", "content": again}]
    return Verdict(triplet.id, None, reason, raw)


def judge(raw: str, triplet: Triplet, classes: Sequence[str]) -> tuple[str | None, str]:
    """The description in an answer; or None, and why the answer is rejected."""
    said = _json_in(raw)
    if said is None:
        return None, "the answer holds no JSON object"
    description = said.get("description")
    if not isinstance(description, str) or captioning.read(description).status != OK:
        return None, "there is no description, or it repeats itself"
    description = " ".join(description.split())
    if len(description.split()) > LONGEST_WORDS:
        return None, f"the description has more than {LONGEST_WORDS} words"
    counts = said.get("counts")
    if not isinstance(counts, dict):
        return None, "there are no counts"
    in_words = counts_said(description, classes, SYNONYMS)
    for label in classes:
        true = len(boxes_of(triplet.targets, label, triplet.size))
        if counts.get(label, 0) != true:
            return None, f"it counts {counts.get(label, 0)} {label} where there are {true}"
        if true and not in_words[label]:
            return None, f"the description does not say how many {label} there are"
        if in_words[label] and (true not in in_words[label] or max(in_words[label]) > true):
            return None, f"the description speaks of {max(in_words[label])} {label} where there are {true}"
    for labels, where in cells_said(description, classes, SYNONYMS):
        true_cells = cells(
            [b for label in labels for b in boxes_of(triplet.targets, label, triplet.size)], triplet.size
        )
        if wrong := sorted(where - true_cells):
            what = " and ".join(sorted(labels))
            return None, f"it puts {what} in cell {_listed(wrong)} where they lie in {_listed(sorted(true_cells))}"
    return description, ""


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def _known(triplet: Triplet, teacher: Teacher, classes: Sequence[str]) -> str:
    """What the teacher is told of a chip."""
    asked = f"Describe this SAR image of {triplet.size[0]} × {triplet.size[1]} pixels"
    asked += f" of about {triplet.gsd_m:g} m." if triplet.gsd_m else "."
    asked += f" Classes of targets: {', '.join(classes)}."
    if teacher.blind:
        return asked
    return f"{asked}\nKnown and true: {describe(triplet.targets, triplet.size, triplet.facts, classes=classes)}"


def _picture(triplet: Triplet, root: Path) -> dict[str, Any]:
    buffer = io.BytesIO()
    Image.fromarray(load_image(triplet, root)).save(buffer, "PNG")
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}


def _json_in(text: str) -> dict[str, Any] | None:
    """The JSON object in an answer, with or without a fence or words around it."""
    for start in (m.start() for m in re.finditer(r"\{", text)):
        try:
            found, _ = json.JSONDecoder().raw_decode(text[start:])
        except (ValueError, RecursionError):
            continue
        return found if isinstance(found, dict) else None
    return None


def _key(triplet: Triplet, root: Path, teacher: Teacher, classes: Sequence[str]) -> str:
    """Of all that the answer depends on: steps, model, pixels, and what is known."""
    parts = [VERSION, teacher.model, teacher.temperature, triplet.id, _known(triplet, teacher, classes)]
    pixels = load_image(triplet, root)
    return hashlib.sha256(json.dumps(parts).encode() + pixels.tobytes()).hexdigest()


def _read_cache(path: Path) -> dict[str, Verdict]:
    """The verdicts of a cache by key; a last line that was cut off is removed. Raises BadTriplet for other files."""
    if not path.exists():
        return {}
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    verdicts = {}
    if content and not content.startswith(b'{"key": '[: len(content)]):
        raise BadTriplet(f"{path} holds no answers of a teacher.", "Give another cache.")
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            entry = json.loads(line)
            key = entry.pop("key")
            verdicts[key] = Verdict(**entry)
        except (ValueError, KeyError, TypeError, AttributeError) as cause:
            raise BadTriplet(f"{path} line {number} is no answer of a teacher.", "Give another cache.") from cause
    if len(whole) < len(content):
        os.truncate(path, len(whole))
    return verdicts
