"""What every builder is told: how chips are cut, which names are which classes, and which conversations are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fusar_core.domain.tiling import CHIP_SIZE
from fusar_core.errors import BadOption
from fusar_core.tasks import TASKS
from training.data.triplets import Box, Target

CROP, RESIZE = "crop", "resize"


@dataclass(frozen=True)
class Naming:
    """From the names of a source to classes.

    classes: those that the source labels throughout: where it shows none, it is taken that there is none. Other names
    are left out. rename: name of the source → class. everything: the class of all names that `rename` does not know;
    empty leaves names as they are. ignore: names that mark ground whose targets nobody knows. Where a class is not the
    source's own name, that becomes the target's `kind`.
    """

    classes: tuple[str, ...]
    rename: Mapping[str, str] = field(default_factory=dict)
    everything: str = ""
    ignore: frozenset[str] = frozenset()

    def target(self, name: str, box: Box, length_m: float | None = None) -> Target | None:
        """The target that a label is; None where its class is not wanted."""
        label = self.rename.get(name, self.everything or name)
        if label not in self.classes:
            return None
        return Target(label, box, "" if label == name else name, length_m)


@dataclass(frozen=True)
class BuildOptions:
    """How chips are made.

    chip_size: side in pixels; overlap: of neighbours, in pixels. fit: images are cut into chips at their own resolution
    (`crop`), or each becomes one chip (`resize`). visible: share of a target's box that must be on the chip that holds
    its centre. empty: share of the chips without targets that is kept. valid: least share of pixels with data.
    ignored: largest share of a chip that features marked as ignored may cover. most, negatives, box_step, tasks,
    fine: of the conversations, see `instructions` (fine: its `options`). varied: descriptions in several phrasings.
    seed: of all draws. source: noted in every triplet.
    """

    naming: Naming
    chip_size: int = CHIP_SIZE
    overlap: int = 0
    fit: str = CROP
    visible: float = 0.5
    empty: float = 1.0
    valid: float = 0.5
    ignored: float = 0.0
    tasks: Sequence[str] = tuple(TASKS)
    most: int | None = None
    negatives: float = 1.0
    box_step: int = 1
    fine: tuple[str, ...] = ()
    varied: bool = False
    seed: int = 42
    source: str = ""

    def __post_init__(self) -> None:
        if self.chip_size < 1 or not 0 <= self.overlap < self.chip_size:
            raise BadOption(
                f"Chips of {self.chip_size} pixels cannot overlap by {self.overlap}.",
                "The overlap is at least 0 and less than the chip's size.",
            )
        if self.fit not in (CROP, RESIZE):
            raise BadOption(f"'{self.fit}' is no way to fit images to chips.", f"Ways: {CROP}, {RESIZE}.")
        for name in ("visible", "empty", "valid", "ignored", "negatives"):
            if not 0 <= getattr(self, name) <= 1:
                raise BadOption(f"{name} {getattr(self, name)} is no share.", "Give 0 to 1.")
