"""The triplet format: one JSON line a chip with its image, its anchors and the conversations about it.

    {"id": "…", "image": "images/a.png", "anchors": "anchors/a.npz", "conversations": [{"task": "count",
     "label": "ship", "question": "…", "answer": "3"}], "targets": [{"label": "ship", "bbox": [x1, y1, x2, y2]}], …}

Paths are relative to the file's folder. Instead of `image`, `scene` (any raster `SarScene` opens) and `window` (row,
column, height, width) name a window of a scene. Boxes are absolute pixels (x1, y1, x2, y2) of the chip as stored.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fusar_core.files import atomic_path

Box = tuple[float, float, float, float]
OTHER_YEAR = "other_year_anchors"
"""Where the facts of a triplet name the anchors of the same nodes in another year."""


@dataclass(frozen=True)
class Conversation:
    """One question about a chip and its answer, in the words of `fusar_core.tasks`.

    label: the class asked about, empty where none matters. options: the classes offered (classify). box: the target
    asked about, in chip pixels (classify).
    """

    task: str
    question: str
    answer: str
    label: str = ""
    options: tuple[str, ...] = ()
    box: Box | None = None


@dataclass(frozen=True)
class Target:
    """A labelled target: coarse class, box in chip pixels, and what more the source knows (`kind`: the fine class)."""

    label: str
    bbox: Box
    kind: str = ""
    length_m: float | None = None


@dataclass(frozen=True)
class Triplet:
    """One chip: SAR image, anchors, conversations, and its truth.

    image, or scene and window: where the pixels are. anchors: NPZ, None for a chip without prior. size: (width, height)
    of the chip in pixels. classes: those that the source labels throughout, so that none shown means none there; where
    empty, all that the model knows. footprint: [lon_min, lat_min, lon_max, lat_max] in degrees, None when unknown.
    place: what shares ground shares a place (a scene, a harbour). facts: whatever a source knows beyond targets (land
    cover shares, the ceiling of a reader without prior), JSON.
    """

    id: str
    size: tuple[int, int]
    conversations: tuple[Conversation, ...]
    image: str | None = None
    scene: str | None = None
    window: tuple[int, int, int, int] | None = None
    anchors: str | None = None
    targets: tuple[Target, ...] = ()
    classes: tuple[str, ...] = ()
    footprint: tuple[float, float, float, float] | None = None
    place: str = ""
    gsd_m: float | None = None
    year: int | None = None
    source: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    def labelled(self, classes: Iterable[str]) -> list[str]:
        """Of some classes those that the source labels throughout, in their order: only these may be asked about."""
        return [c for c in classes if not self.classes or c in self.classes]

    def to_json(self) -> str:
        """The line, without what is empty."""
        row = {k: v for k, v in asdict(self).items() if k == "conversations" or v not in (None, "", (), {})}
        row["conversations"] = [{k: v for k, v in c.items() if v not in (None, "", ())} for c in row["conversations"]]
        if "targets" in row:
            row["targets"] = [{k: v for k, v in t.items() if v not in (None, "")} for t in row["targets"]]
        return json.dumps(row, ensure_ascii=False)

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> Triplet:
        """From the parsed line. Raises KeyError, TypeError, ValueError for what is no triplet."""
        known = dict(row)
        talks = tuple(
            Conversation(**{**c, "options": tuple(c.get("options", ())), "box": _box(c.get("box"))})
            for c in known.pop("conversations")
        )
        targets = tuple(Target(**{**t, "bbox": _box(t["bbox"])}) for t in known.pop("targets", ()))
        for name in ("size", "window", "footprint", "classes"):
            if known.get(name) is not None:
                known[name] = tuple(known[name])
        return cls(**known, conversations=talks, targets=targets)


def _box(values: Any) -> Any:
    return None if values is None else tuple(values)


def write_triplets(triplets: Iterable[Triplet], path: Path) -> int:
    """Writes a file of triplets, whole or not at all; returns how many."""
    count = 0
    with atomic_path(path) as temporary, open(temporary, "w", encoding="utf-8") as out:
        for triplet in triplets:
            out.write(triplet.to_json() + "\n")
            count += 1
    return count


def read_triplets(path: Path) -> Iterator[Triplet]:
    """The triplets of a file, unchecked (`training.data.validation` checks them)."""
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield Triplet.from_row(json.loads(line))
