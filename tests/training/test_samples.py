"""Samples: what a step shows follows from seed, epoch and chip alone, and is what the recipe asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusar_core.tasks import CLASSIFY, COUNT, DESCRIBE, DETECT, LOCATE, captioning
from training.data.loading import load_anchors, load_image
from training.data.triplets import Conversation, Triplet
from training.errors import BadTriplet
from training.stages.augmentation import TURNS, turned_image, turned_positions
from training.stages.samples import Sample, Samples

CLASSES = ("plane", "ship")
Make = Callable[..., Samples]


@pytest.fixture
def samples(chips: Path, triplets: list[Triplet], nano: Callable[..., Any]) -> Make:
    """Makes samples like fusar-nano's; settings can be given."""

    def make(triplets: list[Triplet] = triplets, keep: bool = False, **settings: Any) -> Samples:
        return Samples(triplets, chips.parent, nano(**settings), CLASSES, keep)

    return make


def same(one: Sample, other: Sample) -> bool:
    priors = (one.prior is None, other.prior is None)
    equal = priors == (True, True) or (
        priors == (False, False)
        and np.array_equal(one.prior.features, other.prior.features)
        and np.array_equal(one.prior.positions, other.prior.positions)
    )
    return equal and np.array_equal(one.image, other.image) and replace(one, image=0, prior=0) == replace(
        other, image=0, prior=0
    )  # fmt: skip


def test_a_sample_follows_from_seed_epoch_and_chip(samples: Make) -> None:
    one, other = samples(), samples(keep=True)
    one.epoch = other.epoch = 3
    expected = [one[i] for i in range(len(one))]
    for i in reversed(range(len(other))):  # whatever was asked before
        assert same(other[i], expected[i])
        assert same(other[i], expected[i])  # from memory


@pytest.mark.parametrize("change", ["seed", "epoch"])
def test_another_seed_or_epoch_shows_something_else(samples: Make, change: str) -> None:
    one, other = samples(), samples(seed=43 if change == "seed" else 42)
    other.epoch = int(change == "epoch")
    assert sum(same(one[i], other[i]) for i in range(len(one))) < len(one) / 2


def test_turned_chips_say_the_truth_about_their_pixels(samples: Make, chips: Path) -> None:
    turned = samples(tasks=(COUNT,), prior_dropout=0.0)
    for i, triplet in enumerate(turned.triplets):
        sample, image = turned[i], load_image(triplet, chips.parent)
        (turn,) = (t for t in TURNS if np.array_equal(turned_image(image, t), sample.image))
        before = load_anchors(triplet, chips.parent).positions
        assert np.array_equal(sample.prior.positions, turned_positions(before, turn))
        assert len(sample.boxes) == len(triplet.targets)
        for x1, y1, x2, y2, _ in sample.boxes:
            assert (sample.image[int(y1) : int(y2), int(x1) : int(x2)] == 230).all()


def test_only_classes_that_the_source_labels_are_asked_about(samples: Make, triplets: list[Triplet]) -> None:
    ships = [replace(t, classes=("ship",), targets=tuple(x for x in t.targets if x.label == "ship")) for t in triplets]
    some = samples(ships, tasks=(COUNT, DETECT, LOCATE), conversations=6)
    for epoch in range(3):
        some.epoch = epoch
        for i in range(len(some)):
            assert {talk.label for talk in some[i].conversations} == {"ship"}
            assert some[i].unlabelled == (CLASSES.index("plane"),)


def test_what_cannot_be_said_anew_stays(samples: Make, triplets: list[Triplet], chips: Path) -> None:
    """Fine classes that are offered, in all turns; a description only while the chip is not turned."""
    fine, told = ("tanker", "ship"), "Two tankers lie at a quay."
    triplet = next(t for t in triplets if any(x.label == "ship" for x in t.targets))
    classify = Conversation(CLASSIFY, "?", "ship", "ship", fine, triplet.targets[0].bbox)
    describe = Conversation(DESCRIBE, captioning.prompt(), told)
    some = samples([replace(triplet, conversations=(classify, describe))], tasks=(CLASSIFY, DESCRIBE), conversations=9)
    image, turned = load_image(triplet, chips.parent), set()
    for epoch in range(40):
        some.epoch = epoch
        sample = some[0]
        still = np.array_equal(sample.image, image)
        turned.add(not still)
        said = {talk.task: talk for talk in sample.conversations}
        assert said[CLASSIFY].options == fine
        assert (said[DESCRIBE].answer == told) == still
    assert turned == {True, False}


def test_anchors_are_dropped_for_the_share_that_was_asked_for(samples: Make) -> None:
    some = samples(prior_dropout=0.3)
    dropped = 0
    for epoch in range(50):
        some.epoch = epoch
        dropped += sum(some[i].prior is None for i in range(len(some)))
    assert abs(dropped / 600 - 0.3) < 0.08  # more than four standard deviations
    assert all(samples(prior_dropout=0.0)[i].prior is not None for i in range(12))


def test_without_prior_no_file_of_anchors_is_touched(samples: Make, triplets: list[Triplet]) -> None:
    gone = [replace(t, anchors="anchors/nowhere.npz") for t in triplets]
    assert samples(gone, prior="none")[0].prior is None
    with pytest.raises(BadTriplet, match=r"nowhere\.npz"):
        samples(gone, prior_dropout=0.0)[0]


def test_shuffled_anchors_come_from_another_place_each_once(
    samples: Make, triplets: list[Triplet], chips: Path
) -> None:
    shuffled = samples(prior="shuffled", prior_dropout=0.0, augment=False)
    owners = {load_anchors(t, chips.parent).features.tobytes(): t for t in triplets}
    given = [owners[shuffled[i].prior.features.tobytes()] for i in range(len(triplets))]
    assert sorted(t.id for t in given) == sorted(t.id for t in triplets)
    assert all(giver.place != taker.place for giver, taker in zip(given, triplets, strict=True))


def test_anchors_of_a_single_place_cannot_be_shuffled(samples: Make, triplets: list[Triplet]) -> None:
    with pytest.raises(BadTriplet, match="too few places"):
        samples([replace(t, place="here") for t in triplets], prior="shuffled")


def test_some_conversations_of_a_chip_others_in_another_epoch(samples: Make) -> None:
    some = samples(augment=False, conversations=3)
    first = [some[i].conversations for i in range(12)]
    assert all(len(talks) == 3 for talks in first)
    assert all(set(talks) <= set(t.conversations) for talks, t in zip(first, some.triplets, strict=True))
    some.epoch = 1
    assert [some[i].conversations for i in range(12)] != first


def test_every_conversation_a_sample_of_its_own(samples: Make, triplets: list[Triplet]) -> None:
    each = samples(augment=False, conversations=0, tasks=(COUNT, DESCRIBE))
    said = [(t.id, talk) for t in triplets for talk in t.conversations if talk.task in (COUNT, DESCRIBE)]
    assert [(each[i].id, each[i].conversations) for i in range(len(each))] == [(n, (talk,)) for n, talk in said]


def test_nothing_to_say_is_an_error(samples: Make, triplets: list[Triplet]) -> None:
    silent = [replace(t, conversations=()) for t in triplets]
    with pytest.raises(BadTriplet, match="no conversation about count"):
        samples(silent, augment=False, conversations=0, tasks=(COUNT,))
    with pytest.raises(BadTriplet, match="chip-0 has no conversation"):
        samples(silent, augment=False)[0]
    with pytest.raises(BadTriplet):
        samples([])


def test_a_chip_of_another_size_is_shown_at_the_recipes(samples: Make, chips: Path, triplets: list[Triplet]) -> None:
    larger = samples(augment=False, image_size=112)
    sample = larger[1]
    assert sample.image.shape == (112, 112)
    expected = [[v * 112 / 84 for v in t.bbox] for t in triplets[1].targets]
    np.testing.assert_allclose([box[:4] for box in sample.boxes], expected)
    assert not np.array_equal(sample.image[:84, :84], load_image(triplets[1], chips.parent))


def test_a_chip_without_targets_is_asked_about_whatever_is_left_out(samples: Make, triplets: list[Triplet]) -> None:
    empty = [replace(t, targets=()) for t in triplets]
    some = samples(empty, tasks=(COUNT,), negatives=0.1)
    assert all(t.answer == "0" for i in range(12) for t in some[i].conversations)
    assert all(some[i].conversations for i in range(12))
    full = samples(tasks=(COUNT,), negatives=0.0)
    shown = [(full[i].conversations, full.triplets[i]) for i in range(12) if full.triplets[i].targets]
    assert all({talk.label for talk in talks} == {g.label for g in t.targets} for talks, t in shown)
