"""Stage-2 instructions: the questions of every task about a chip and their true answers, in the words of the engine.

    talks = instructions(triplet, np.random.default_rng(7), classes=("plane", "ship"), most=6)

Absent classes are asked about as well: the answer is 0, or None.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from fusar_core.errors import BadOption
from fusar_core.tasks import TASKS, require_known
from training.data.tasks import trained
from training.data.tasks.base import Asking, Labelled
from training.data.triplets import Conversation, Triplet

CLASSES = ("plane", "ship")


def rng_for(name: str, seed: int) -> np.random.Generator:
    """The generator of one chip: the same for the same id and seed, whatever other chips there are."""
    return np.random.default_rng([seed, *hashlib.sha256(name.encode()).digest()[:8]])


def instructions(
    chip: Triplet | Labelled,
    rng: np.random.Generator,
    classes: Sequence[str] = CLASSES,
    tasks: Sequence[str] | None = None,
    *,
    most: int | None = None,
    negatives: float = 1.0,
    box_step: int = 1,
    options: Sequence[str] | None = None,
    description: str | None = None,
) -> tuple[Conversation, ...]:
    """The conversations about a chip; the same rng state gives the same ones.

    classes: those that the source labels. tasks: all when None. most: conversations a chip at the most; tasks take
    turns, in a drawn order, so that each gets its share (all of them otherwise). negatives: how likely a question about
    an absent class is kept. box_step: pixels to which coordinates of detections are rounded. options: the classes
    offered when a target's is asked; `classes` when None. A target counts as its `kind` where that is offered, else as
    its label, and is not asked about where neither is. description: the answer to `describe`; from the template when
    None.

    Raises UnknownTask, BadOption.
    """
    require_known(tasks or (), TASKS)
    if box_step < 1 or (most is not None and most < 1):
        raise BadOption(f"box_step {box_step} and most {most} must be at least 1.")
    labelled = (chip.targets, chip.size, chip.facts) if isinstance(chip, Triplet) else chip
    asking = Asking(rng, classes, negatives, box_step, options, description)
    found = {task: trained(task).conversations(labelled, asking) for task in (TASKS if tasks is None else tasks)}
    return _balanced(found, rng, most)


def _balanced(
    found: Mapping[str, list[Conversation]], rng: np.random.Generator, most: int | None
) -> tuple[Conversation, ...]:
    """All conversations in the order of the tasks, or `most` of them, drawn from one task after the other in turns."""
    if most is None or sum(map(len, found.values())) <= most:
        return tuple(talk for talks in found.values() for talk in talks)
    drawn = {task: [talks[i] for i in rng.permutation(len(talks))] for task, talks in found.items() if talks}
    order = [list(drawn)[i] for i in rng.permutation(len(drawn))]
    chosen: list[Conversation] = []
    while len(chosen) < most:
        for task in order:
            if drawn[task] and len(chosen) < most:
                chosen.append(drawn[task].pop())
    return tuple(chosen)
