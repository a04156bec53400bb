"""The folder that a builder fills: images/, anchors/ and triplets.jsonl, which appears when all is there."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from fusar_core.domain.anchors import Anchors
from fusar_core.errors import BadOption, OutputIsInput
from fusar_core.files import write_error
from fusar_core.prior.files import write_anchors
from training.data.builders.options import BuildOptions
from training.data.descriptions import describe
from training.data.instructions import instructions, rng_for
from training.data.triplets import Triplet, write_triplets

TRIPLETS = "triplets.jsonl"
FILLED = ("images", "anchors")
"""Folders below that of the triplets with the files of chips."""


@dataclass
class BuildReport:
    """What a build made. left_out: reason → chips; unused: labels that became no target of any chip."""

    path: Path
    triplets: int = 0
    targets: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    unused: int = 0
    warnings: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`: counts by class, and by reason for chips that were left out."""
        counts = {"targets": dict(self.targets), "left_out": dict(self.left_out), "labels_unused": self.unused}
        return {"file": str(self.path), "triplets": self.triplets, **counts, "warnings": self.warnings}


class Folder:
    """Writes chips below `root`. sources: the files that they are made of.

    Raises BadOption when `root` holds triplets already, OutputIsInput when it holds a source where chips go,
    OutputUnwritable, DiskFull.
    """

    def __init__(self, root: Path, options: BuildOptions, sources: Iterable[Path] = ()) -> None:
        self.root = root
        self.options = options
        self.report = BuildReport(root / TRIPLETS)
        if self.report.path.exists():
            raise BadOption(f"{self.report.path} exists already.", "Choose another folder.")
        filled = {os.path.realpath(root / name) for name in FILLED}
        for source in sources:
            if not filled.isdisjoint(map(str, Path(os.path.realpath(source)).parents)):
                raise OutputIsInput(
                    f"{source} is read, and chips would be written beside it.", "Choose another folder."
                )
        try:
            for name in FILLED:
                (root / name).mkdir(parents=True, exist_ok=True)
        except OSError as cause:
            raise write_error(root, cause) from cause

    def add(self, triplet: Triplet, pixels: npt.NDArray[np.uint8], anchors: Anchors | None = None) -> Triplet | None:
        """Writes the files of a chip and gives the whole triplet; None where a chip without targets is left out.

        triplet: without files, classes and conversations. The same chip is always treated alike, whatever came before.
        """
        rng = rng_for(triplet.id, self.options.seed)
        if not triplet.targets and rng.random() >= self.options.empty:
            self.report.left_out["no targets"] += 1
            return None
        image = Path("images") / f"{triplet.id}.png"
        try:
            Image.fromarray(pixels).save(self.root / image)
        except OSError as cause:
            raise write_error(self.root / image, cause) from cause
        prior = None
        if anchors is not None and len(anchors):
            prior = f"anchors/{triplet.id}.npz"
            write_anchors(anchors, self.root / prior)
        classes, source = self.options.naming.classes, self.options.source
        whole = replace(triplet, image=image.as_posix(), anchors=prior, classes=classes, source=source)
        self.report.targets.update(t.label for t in triplet.targets)
        return replace(whole, conversations=converse(whole, self.options, rng))

    def close(self, triplets: Iterable[Triplet]) -> BuildReport:
        """Writes the file of triplets as they come, whole or not at all."""
        self.report.triplets = write_triplets(self._some(triplets), self.report.path)
        return self.report

    def _some(self, triplets: Iterable[Triplet]) -> Iterator[Triplet]:
        empty = True
        for triplet in triplets:
            empty = False
            yield triplet
        if empty:
            why = ", ".join(f"{reason}: {n}" for reason, n in self.report.left_out.items()) or "there was no chip"
            raise BadOption(f"Nothing was left to write ({why}).", "Loosen the options.")


def converse(triplet: Triplet, options: BuildOptions, rng: np.random.Generator) -> tuple[Any, ...]:
    """The conversations about a chip as the options want them."""
    classes = options.naming.classes
    text = describe(triplet.targets, triplet.size, triplet.facts, rng, classes=classes, varied=options.varied)
    return instructions(
        triplet,
        rng,
        classes,
        options.tasks,
        most=options.most,
        negatives=options.negatives,
        box_step=options.box_step,
        options=options.fine or None,
        description=text,
    )


def file_name(text: str) -> str:
    """A part of a file's name that every system takes."""
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in text).strip(".") or "chip"


def unique(names: Iterable[str]) -> list[str]:
    """Names of their own for scenes and images: a repeated one gets a number."""
    taken: Counter[str] = Counter()
    found: list[str] = []
    for name in map(file_name, names):
        taken[name] += 1
        candidate = name if taken[name] == 1 else f"{name}-{taken[name]}"
        while candidate in found:
            taken[name] += 1
            candidate = f"{name}-{taken[name]}"
        found.append(candidate)
    return found


def as_json(report: BuildReport) -> str:
    """The report as one line of JSON."""
    return json.dumps(report.as_dict())
