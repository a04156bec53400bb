"""The data of a stage looked through before hours are spent on it: files, answers, and the length of every sample."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from fusar_core.errors import FusarError
from fusar_core.model.checkpoint import read_manifest
from fusar_core.model.configuration import FusarGPTConfig
from fusar_core.model.processing import FusarGPTProcessor
from training.data.loading import check_window
from training.data.triplets import Conversation, Triplet
from training.data.validation import require_sound
from training.errors import BadTriplet, SampleTooLong
from training.stages.augmentation import TURNS, turned_truth
from training.stages.packing import Packer
from training.stages.recipe import ONE_EACH, Recipe
from training.stages.resizing import resized_truth
from training.stages.samples import conversations_of_step, holding, nothing_to_say, of_recipe, silent

CHECKS = ("quick", "full", "none")
"""`quick` opens no file for more than its header, `full` decodes every image and every file of anchors."""
NEAR = 0.7
"""Of the length limit: from here on a chip that will be turned is measured in all its turns, whose numbers differ."""


def packer_for(start: Path, recipe: Recipe) -> tuple[Packer, list[str]]:
    """Measures samples for a model directory, and the classes that it knows; the model itself is not loaded."""
    base = read_manifest(start).base
    processor = FusarGPTProcessor.from_pretrained(base, local_files_only=True)
    classes = recipe.prior_options.get("classes") or FusarGPTConfig.from_pretrained(base, local_files_only=True).classes
    return Packer(processor, recipe.max_length, recipe.conversations > 1), list(classes)


def checked(data: Path, recipe: Recipe, packer: Packer, classes: list[str], check: str) -> list[Triplet]:
    """The triplets of a file, fit to be trained on by a recipe.

    Raises the first defect: BadTriplet, SampleTooLong; it says how many more there are.
    """
    full = check == "full"
    quiet = not sys.stderr.isatty()
    with open(data, encoding="utf-8") as lines, tqdm(desc="reading", unit=" lines", disable=quiet) as bar:
        bar.total = sum(1 for _ in lines)
        triplets = require_sound(data, with_files=full, on_progress=lambda _: bar.update())
    visual = packer.visual_tokens(recipe.image_size)
    found: list[FusarError] = []
    for triplet in tqdm(triplets, desc="checking", unit=" chips", disable=quiet):
        try:
            if not full:
                _check_files(triplet, data.parent, recipe)
            _check_talks(triplet, recipe, packer, classes, visual)
        except BadTriplet as defect:
            found.append(defect)
    if not found and recipe.conversations == ONE_EACH and not any(of_recipe(t, recipe).conversations for t in triplets):
        raise nothing_to_say(recipe)
    if found:
        more = f" So it is with {len(found) - 1} more." if len(found) > 1 else ""
        raise type(found[0])(found[0].message, found[0].hint + more)
    return triplets


def _check_files(triplet: Triplet, root: Path, recipe: Recipe) -> None:
    """Whether pixels and anchors are there, and of the size that the triplet says. Raises BadTriplet."""
    for name in (triplet.image, triplet.scene, None if recipe.prior == "none" else triplet.anchors):
        if name is not None and not (root / name).is_file():
            raise BadTriplet(f"Triplet {triplet.id}: {root / name} does not exist.", "Build the triplets again.")
    if triplet.image is not None:
        try:
            with Image.open(root / triplet.image) as picture:
                size = picture.size
        except (OSError, SyntaxError, ValueError) as cause:
            raise BadTriplet(f"Triplet {triplet.id}: {root / triplet.image} cannot be read: {cause}.") from cause
        if size != triplet.size:
            raise BadTriplet(
                f"Triplet {triplet.id}: {root / triplet.image} has {size[0]} × {size[1]} pixels where the triplet says "
                f"{triplet.size[0]} × {triplet.size[1]}.",
                "Boxes are in pixels of the chip as stored: build the triplets again.",
            )
    if triplet.window is not None:
        check_window(triplet, root)


def _check_talks(triplet: Triplet, recipe: Recipe, packer: Packer, classes: list[str], visual: int) -> None:
    """Whether there is something to say about a chip, in the pixels it is shown at, and short enough."""
    talks: tuple[Conversation, ...] = ()
    for talks in _as_shown(triplet, recipe, classes):
        lengths = [packer.length(talk, visual) for talk in talks]
        longest = max(lengths, default=0)
        if longest > recipe.max_length:
            raise SampleTooLong(
                f"Triplet {triplet.id}: {talks[lengths.index(longest)].task} takes {longest} tokens; the limit is "
                f"{recipe.max_length}.",
                "Raise max_length, or leave the chip out: nothing is cut off.",
            )
        if longest < NEAR * recipe.max_length:
            break
    if not talks and (recipe.conversations != ONE_EACH or not triplet.conversations):
        raise silent(triplet, recipe)


def _as_shown(triplet: Triplet, recipe: Recipe, classes: list[str]) -> Iterator[tuple[Conversation, ...]]:
    """All that training may say about a chip: as it is, then turned."""
    if not recipe.augment:
        yield resized_truth(of_recipe(triplet, recipe), recipe.image_size, recipe.box_step).conversations
        return
    for turn in TURNS:
        shown = resized_truth(turned_truth(triplet, turn), recipe.image_size, recipe.box_step)
        said = holding(triplet.conversations, turn)
        yield conversations_of_step(shown, recipe, classes, np.random.default_rng(0), said, all_of_them=True)
