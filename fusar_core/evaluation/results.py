"""The results file of an evaluation: who was asked what, every case, and the scores; one format, and the two before it.

{"format": "fusar-evaluation/2", "version": …, "engine": …, "model": …, "tasks": [task, …], "classes": […], …,
 "scores": {task: {"all": {…}, "parsed": {…}, part: {…}}},
 "rows": [{"id": …, "place": …, "task": …, "class": …, "truth": …, "answer": …, "parse_status": …, …}]}
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fusar_core.errors import BadResults
from fusar_core.evaluation.scores import ALL, classes_of
from fusar_core.files import atomic_path
from fusar_core.tasks import scored_task
from fusar_core.tasks.reading import OK

FORMAT = "fusar-evaluation/2"
OF_TRIPLETS = "fusar-training-evaluation/1"
"""Format of version 0.1 of `training.evaluate`: the same content as now."""
OF_COCO = "fusar-evaluation/1"
"""Format of version 0.1 of `fusar evaluate`: one task, rows by `image`."""

_GIVE = "Give a file that `fusar evaluate --out` or `python -m training.evaluate` wrote."


@dataclass
class Results:
    """Who was asked what, every case, and the scores (see `fusar_core.evaluation.scores`)."""

    about: dict[str, Any]
    rows: list[dict[str, Any]]
    scores: dict[str, Any] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        """Everything but the cases, for JSON."""
        return {"format": FORMAT, **self.about, "scores": self.scores}

    def as_dict(self) -> dict[str, Any]:
        """All of it, for the results file."""
        return {**self.summary(), "rows": self.rows}

    def write(self, path: Path) -> None:
        """Writes the results file, whole or not at all. Raises OutputUnwritable, DiskFull."""
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(self.as_dict(), ensure_ascii=False, allow_nan=False) + "\n", "utf-8")


def read_results(path: Path) -> dict[str, Any]:
    """The content of a results file, also of one that is packed (`.gz`) or of a format of version 0.1.

    Raises BadResults when it cannot be read, is of another format, or is damaged.
    """
    try:
        packed = path.read_bytes()
        content = json.loads(gzip.decompress(packed) if path.suffix == ".gz" else packed)
    except OSError as cause:
        raise BadResults(f"{path} cannot be read: {cause.strerror or cause}.", _GIVE) from cause
    except (EOFError, zlib.error, ValueError, RecursionError) as cause:
        raise BadResults(f"{path} cannot be read: it is no JSON ({cause}).", _GIVE) from cause
    kind = content.get("format") if isinstance(content, dict) else None
    if kind not in (FORMAT, OF_TRIPLETS, OF_COCO):
        raise BadResults(f"{path} is no results file: it is not of the format {FORMAT}.", _GIVE)
    if not isinstance(content.get("rows"), list):
        raise BadResults(f"{path} has no rows.", _GIVE)
    try:
        return _from_coco(content) if kind == OF_COCO else content
    except (KeyError, TypeError, ValueError, AttributeError) as cause:
        raise BadResults(f"{path} is damaged: {cause!r}.", _GIVE) from cause


def _from_coco(old: Mapping[str, Any]) -> dict[str, Any]:
    """Results of `fusar evaluate` of version 0.1 as they are now."""
    task = old["task"]
    rows = [_row(task, row) for row in old["rows"]]
    names = {f"class {label}": label for label in classes_of(task, rows)}
    scores = {names.get(name, name): score for name, score in old["scores"].items()}
    kept = {key: value for key, value in old.items() if key not in ("task", "scores", "rows")}
    return {**kept, "tasks": [task], "scores": {task: {ALL: scores[ALL], **scores}}, "rows": rows}


def _row(task: str, old: Mapping[str, Any]) -> dict[str, Any]:
    row = {"id": old["image"], "place": old["image"], "task": task, "class": old["class"]}
    row |= {"score": None, "raw_text": "", **{k: v for k, v in old.items() if k not in ("image", "boxes")}}
    if not scored_task(task).finds:
        return {**row, "present": bool(old["truth"])}
    answer = None if old["parse_status"] != OK and not old["boxes"] else old["boxes"]
    # Of the matches only the sums at each threshold were kept: enough for F1, not for the average precision.
    hits = [[int(i < found) for found in old["hits"]] for i in range(old["predictions"])]
    return {**row, "truth": None, "answer": answer, "hits": hits}
