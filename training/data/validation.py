"""Checks files of triplets before hours are spent on them: every defect with its line, its triplet and what to do.

report = check_file(Path("train.jsonl"), chip_size=504)
require_sound(Path("train.jsonl"))  # raises the first defect
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fusar_core.errors import FusarError
from training.data import checks
from training.data.checks import Length
from training.data.shape import defects_of_row
from training.data.triplets import Triplet
from training.errors import BadTriplet, SampleTooLong

MAX_LENGTH = 2048
"""Tokens of the longest sample, as the paper trains; longer ones are refused, never truncated."""
MEND = "Mend the line or build the triplets again."


@dataclass(frozen=True)
class Defect:
    """One thing wrong with one line. line: from 1. id: empty where the line has none."""

    path: Path
    line: int
    id: str
    what: str
    error: type[FusarError] = BadTriplet
    hint: str = MEND

    def __str__(self) -> str:
        named = f" (triplet {self.id})" if self.id else ""
        return f"{self.path.name} line {self.line}{named}: {self.what}. [{self.error.code}]"

    def as_error(self, others: int = 0) -> FusarError:
        """The defect as the error to raise. others: how many more there are, which the hint then says."""
        more = f" {others} more defects follow." if others else ""
        named = f" (triplet {self.id})" if self.id else ""
        return self.error(f"{self.path} line {self.line}{named}: {self.what}.", self.hint + more)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`: where, and the stable code of the error."""
        named = {"file": str(self.path), "line": self.line, "id": self.id}
        return {**named, "code": self.error.code, "message": self.what}


@dataclass(frozen=True)
class Report:
    """A file's triplets that have the right shape, and all that is wrong with it."""

    path: Path
    triplets: list[Triplet] = field(default_factory=list)
    defects: list[Defect] = field(default_factory=list)


def check_file(
    path: Path,
    *,
    root: Path | None = None,
    chip_size: int | None = None,
    with_files: bool = True,
    against_truth: bool = True,
    length: Length | None = None,
    max_length: int = MAX_LENGTH,
    on_progress: Callable[[int], None] | None = None,
) -> Report:
    """Checks a file line by line; finds everything, not only the first defect.

    root: the folder that paths are relative to; that of the file when None. chip_size: side that every chip must have.
    with_files: whether images and anchors are opened. against_truth: whether answers must follow from the targets.
    length: tokens of a sample, for the limit. on_progress(line) is called after each line.

    Raises BadTriplet when the file cannot be read at all, or holds nothing.
    """
    report = Report(path)
    seen: dict[str, int] = {}
    for number, line in _lines(path):
        name, triplet, wrong = _parse(line)
        defects = [Defect(path, number, name, what) for what in wrong]
        if name and name in seen:
            defects.append(Defect(path, number, name, f"the id occurs twice, first in line {seen[name]}"))
        seen.setdefault(name, number)
        if triplet is not None:
            found = [*checks.geometry(triplet, chip_size), *checks.answers(triplet, against_truth)]
            if with_files and checks.has_pixels(triplet):
                found += checks.files(triplet, root or path.parent)
            defects += [Defect(path, number, name, what) for what in found]
            if length is not None:
                hint = "Split the answer, or raise the limit of the recipe."
                long = checks.too_long(triplet, length, max_length)
                defects += [Defect(path, number, name, what, SampleTooLong, hint) for what in long]
            report.triplets.append(triplet)
        report.defects.extend(defects)
        if on_progress:
            on_progress(number)
    if not seen:
        raise BadTriplet(f"{path} holds no triplet.", "Build some: python -m training.data build.")
    return report


def require_sound(path: Path, **options: Any) -> list[Triplet]:
    """The triplets of a file, all of them sound. options: of `check_file`.

    Raises the first defect as BadTriplet or SampleTooLong, saying how many more there are.
    """
    report = check_file(path, **options)
    if report.defects:
        raise report.defects[0].as_error(len(report.defects) - 1)
    return report.triplets


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with open(path, encoding="utf-8") as lines:
            yield from ((n, line) for n, line in enumerate(lines, 1) if line.strip())
    except FileNotFoundError as cause:
        raise BadTriplet(f"There is no file {path}.", "Give a file of triplets (JSON lines).") from cause
    except (OSError, UnicodeDecodeError) as cause:
        raise BadTriplet(f"{path} cannot be read: {cause}.", "Give a file of triplets (JSON lines).") from cause


def _parse(line: str) -> tuple[str, Triplet | None, list[str]]:
    """Id, triplet and defects of a line; the triplet is None when its shape is wrong."""
    try:
        row = json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError) as cause:
        return "", None, [f"is no JSON: {cause}"]
    wrong = list(defects_of_row(row))
    name = row["id"] if isinstance(row, dict) and isinstance(row.get("id"), str) else ""
    return name, None if wrong else Triplet.from_row(row), wrong


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")
