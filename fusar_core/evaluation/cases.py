"""What an evaluation asks about labelled chips, and what is true: fixed before anything is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from fusar_core.domain.anchors import Anchors
from fusar_core.domain.answers import Box
from fusar_core.domain.chips import Chip
from fusar_core.domain.radiometry import Kind, Radiometry
from fusar_core.domain.tiling import ChipWindow, Window

Key = tuple[Any, ...]

GREY = Radiometry(Kind.UINT8, "8-bit image of a data set", False, None, "8-bit pixels are passed through")


@dataclass(frozen=True)
class Case:
    """One answer to be scored.

    id: of the chip. place: what shares ground shares a place, which a bootstrap draws whole. label: the class asked
    about, of `classify` the true one. truth: as rows of results hold it (see `Task.truth`). size: (width, height) of
    the chip in pixels. box: of the target asked about, in chip pixels.
    """

    id: str
    place: str
    task: str
    label: str
    truth: Any
    size: tuple[int, int]
    box: Box | None = None

    @property
    def key(self) -> Key:
        """The same for the same case of another evaluation; see `key_of`."""
        return self.id, self.task, self.label, *(tidy(self.box) if self.box else ())


@dataclass(frozen=True)
class CaseRequest:
    """One request about a chip. settles: for each answer to it, in order, the cases that it settles. preamble: said
    before every question."""

    tasks: tuple[str, ...]
    classes: tuple[str, ...]
    settles: tuple[tuple[Case, ...], ...]
    box: Box | None = None
    preamble: str = ""


class CaseSource(Protocol):
    """Labelled chips, numbered from 0."""

    def __len__(self) -> int:
        """How many chips there are."""
        ...

    def requests(self, index: int) -> Sequence[CaseRequest]:
        """What is asked about a chip; always the same."""
        ...

    def chip(self, index: int) -> Chip:
        """The chip as an engine gets it (its `where.index` is its number); read when it is asked about."""
        ...

    def facts(self, index: int) -> Mapping[str, Any]:
        """What the rows of a chip say besides, as JSON; asked for when it has been shown."""
        ...


def key_of(row: Mapping[str, Any]) -> Key:
    """The key of the case that a row of results is about."""
    return row["id"], row["task"], row["class"], *row.get("box", ())


def tidy(box: Sequence[float]) -> list[float]:
    """A box as results hold it: tenths of pixels."""
    return [round(float(v), 1) for v in box]


def whole_chip(
    index: int,
    pixels: npt.NDArray[np.uint8],
    pixel_size_m: tuple[float, float] | None = None,
    anchors: Anchors | None = None,
) -> Chip:
    """An 8-bit image (H, W) as one chip, its pixels as they are."""
    window = Window(0, 0, *pixels.shape)
    valid = np.ones(pixels.shape, bool)
    return Chip(ChipWindow(index, window, window), pixels, valid, GREY, pixel_size_m, anchors=anchors)
