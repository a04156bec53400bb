"""From triplets to samples: one chip with its anchors and the conversations that one step of training shows.

A sample is read when it is needed. Which conversations, which turn of the chip, and whether its anchors are dropped
follow from (seed, epoch, chip) alone, so that a resumed run sees what an unbroken one would have seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from torch.utils.data import Dataset

from fusar_core.tasks import TASKS
from training.data.instructions import instructions
from training.data.loading import load_anchors, load_image
from training.data.shuffling import donors_of
from training.data.tasks import trained
from training.data.tasks.captioning import description_said
from training.data.tasks.classification import options_said
from training.data.triplets import Conversation, Triplet
from training.errors import BadTriplet
from training.stages.augmentation import TURNS, turned_image, turned_positions, turned_truth
from training.stages.recipe import ONE_EACH, Recipe
from training.stages.resizing import resized_image, resized_truth


@dataclass(frozen=True)
class Prior:
    """What the model needs of anchors: features (S, 64) and positions (S, 2), float32."""

    features: npt.NDArray[np.float32]
    positions: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Sample:
    """What one step shows of one chip. image: (H, W) uint8; boxes: (x1, y1, x2, y2, class number) in its pixels. cover:
    dominant land cover of the nine grid cells, empty when unknown. unlabelled: numbers of the classes that the source
    does not label: that none has a box says nothing."""

    id: str
    image: npt.NDArray[np.uint8]
    prior: Prior | None
    conversations: tuple[Conversation, ...]
    boxes: tuple[tuple[float, float, float, float, int], ...]
    cover: tuple[str, ...] = ()
    unlabelled: tuple[int, ...] = ()


class Samples(Dataset):
    """The samples of a recipe. Set `epoch` before each; loaded chips stay in memory when `keep` (small sets only)."""

    def __init__(
        self, triplets: Sequence[Triplet], root: Path, recipe: Recipe, classes: Sequence[str], keep: bool = False
    ) -> None:
        self.triplets = [_lighter(t if recipe.augment else of_recipe(t, recipe)) for t in triplets]
        if recipe.conversations == ONE_EACH:
            self.triplets = [replace(t, conversations=(talk,)) for t in self.triplets for talk in t.conversations]
        self.root, self.recipe, self.classes, self.epoch = root, recipe, classes, 0
        if not self.triplets:
            raise nothing_to_say(recipe)
        self._kept: dict[int, tuple[npt.NDArray[np.uint8], Prior | None]] | None = {} if keep else None
        self._donors = donors_of(self.triplets, recipe.seed) if recipe.prior == "shuffled" else None

    def __len__(self) -> int:
        return len(self.triplets)

    def __getitem__(self, index: int) -> Sample:
        recipe, triplet = self.recipe, self.triplets[index]
        rng = np.random.default_rng((recipe.seed, self.epoch, index))
        image, prior = self._load(index)
        said = triplet.conversations
        if self._donors is not None:
            prior = self._load(int(self._donors[index]))[1]
        if recipe.prior == "none" or rng.random() < recipe.prior_dropout:
            prior = None
        if recipe.augment:
            turn = int(rng.choice(TURNS))
            said = holding(triplet.conversations, turn)
            triplet, image = turned_truth(triplet, turn), turned_image(image, turn)
            prior = prior and Prior(prior.features, turned_positions(prior.positions, turn))
        image = resized_image(image, recipe.image_size)
        triplet = resized_truth(triplet, recipe.image_size, recipe.box_step)
        boxes = tuple((*t.bbox, self.classes.index(t.label)) for t in triplet.targets if t.label in self.classes)
        cover = tuple(triplet.facts.get("cover_by_cell") or ())
        labelled = triplet.labelled(self.classes)
        unlabelled = tuple(i for i, c in enumerate(self.classes) if c not in labelled)
        return Sample(triplet.id, image, prior, self._talks(triplet, said, rng), boxes, cover, unlabelled)

    def tasks(self) -> set[str]:
        """The tasks that conversations are about; looks at chips until each that may come has come."""
        recipe, found = self.recipe, set[str]()
        wanted = set(recipe.tasks or TASKS)
        for triplet in self.triplets:
            talks = triplet.conversations
            if recipe.augment:
                rng, said = np.random.default_rng(0), holding(triplet.conversations, 0)
                talks = conversations_of_step(triplet, recipe, self.classes, rng, said, all_of_them=True)
            found |= {talk.task for talk in talks}
            if found >= wanted:
                break
        return found

    def _talks(
        self, triplet: Triplet, said: Sequence[Conversation], rng: np.random.Generator
    ) -> tuple[Conversation, ...]:
        recipe = self.recipe
        if recipe.augment:
            talks = conversations_of_step(triplet, recipe, self.classes, rng, said)
        else:
            talks = triplet.conversations
            if recipe.conversations != ONE_EACH and len(talks) > recipe.conversations:
                talks = tuple(talks[i] for i in sorted(rng.permutation(len(talks))[: recipe.conversations]))
        if not talks:
            raise silent(triplet, recipe)
        return talks

    def _load(self, index: int) -> tuple[npt.NDArray[np.uint8], Prior | None]:
        if self._kept is not None and index in self._kept:
            return self._kept[index]
        triplet = self.triplets[index]
        anchors = None if self.recipe.prior == "none" else load_anchors(triplet, self.root)
        loaded = (
            load_image(triplet, self.root),
            None if anchors is None else Prior(anchors.features, anchors.positions),
        )
        if self._kept is not None:
            self._kept[index] = loaded
        return loaded


def _lighter(triplet: Triplet) -> Triplet:
    """A triplet without the readings that only the ceiling is computed from: thousands of chips stay in memory."""
    return replace(triplet, facts={k: v for k, v in triplet.facts.items() if k != "hypotheses"})


def silent(triplet: Triplet, recipe: Recipe) -> BadTriplet:
    """The error of a chip about which there is nothing to say."""
    if not triplet.conversations and not recipe.augment:
        return BadTriplet(
            f"Triplet {triplet.id} has no conversations.",
            "Make them from the targets: python -m training.data instruct; or train with augment: true, which does.",
        )
    tasks = ", ".join(recipe.tasks) or "any task"
    return BadTriplet(f"Triplet {triplet.id} has no conversation about {tasks}.", "Leave it out, or add one.")


def nothing_to_say(recipe: Recipe) -> BadTriplet:
    """The error of data that holds nothing a recipe trains on."""
    return BadTriplet(
        f"There is no conversation about {', '.join(recipe.tasks) or 'anything'} to train on.",
        "Look at the data with: python -m training.data check.",
    )


def of_recipe(triplet: Triplet, recipe: Recipe) -> Triplet:
    """A triplet with the conversations alone that a recipe trains on."""
    return replace(
        triplet, conversations=tuple(t for t in triplet.conversations if not recipe.tasks or t.task in recipe.tasks)
    )


def holding(talks: Sequence[Conversation], turn: int) -> tuple[Conversation, ...]:
    """What a source says that cannot be made anew and still holds of a turned chip: which classes a target may be of,
    and its description where it is not turned, since that speaks of cells."""
    return tuple(t for t in talks if trained(t.task).holds(turn))


def conversations_of_step(
    triplet: Triplet,
    recipe: Recipe,
    classes: Sequence[str],
    rng: np.random.Generator,
    said: Sequence[Conversation] = (),
    all_of_them: bool = False,
) -> tuple[Conversation, ...]:
    """The conversations of one step, made anew from a triplet's truth, about the classes that its source labels.

    said: see `holding`. Of a chip without targets every question may be left out by the recipe's `negatives`: then all
    are asked.
    """
    most = None if all_of_them else recipe.conversations
    asked = triplet.labelled(classes)
    for negatives in (recipe.negatives, 1.0):
        talks = instructions(
            triplet, rng, asked, recipe.tasks or None, most=most, negatives=negatives, box_step=recipe.box_step,
            options=options_said(said), description=description_said(said),
        )  # fmt: skip
        if talks:
            break
    return talks
