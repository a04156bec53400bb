"""Chips of other sizes: shown as the engine shows them, and spoken of in those pixels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from fusar_core.engines.dialogue import fitted
from fusar_core.tasks import ASK, CLASSIFY, COUNT, DESCRIBE, DETECT, LOCATE, TASKS, classification, detection
from training.data.instructions import instructions
from training.data.triplets import Conversation, Target, Triplet
from training.errors import BadTriplet
from training.stages.resizing import resized_image, resized_truth

SHIPS = (Target("ship", (10.0, 20.0, 21.0, 30.0)), Target("ship", (50.0, 5.0, 60.0, 15.0)))
FACTS = {"kind": "harbour", "cover_by_cell": ["water"] * 9}


def triplet(**fields) -> Triplet:
    bare = Triplet("a", (100, 50), (), image="a.png", targets=SHIPS, facts=FACTS)
    talks = instructions(bare, np.random.default_rng(0), ("ship", "plane"))
    return replace(bare, **{"conversations": talks, **fields})


def test_pixels_are_those_that_the_engine_shows() -> None:
    image = np.random.default_rng(0).integers(0, 256, (50, 100), np.uint8)
    shown = resized_image(image, 84)
    assert np.array_equal(shown, np.asarray(fitted(Image.fromarray(image), 84)))
    assert resized_image(shown, 84) is shown


def test_boxes_are_said_in_the_new_pixels() -> None:
    truth = resized_truth(triplet(), 200)
    assert truth.size == (200, 200)
    assert [t.bbox for t in truth.targets] == [(20, 80, 42, 120), (100, 20, 120, 60)]
    said = {(t.task, t.label): t for t in truth.conversations if t.task == DETECT}
    assert said[DETECT, "ship"].answer == detection.write([(100, 20, 120, 60), (20, 80, 42, 120)], "ship")
    assert said[DETECT, "plane"].answer == "None"
    asked = [t for t in truth.conversations if t.task == CLASSIFY]
    assert {t.box for t in asked} == {(20, 80, 42, 120), (100, 20, 120, 60)}
    assert all(t.question == classification.prompt(t.box, t.options) and t.answer == "ship" for t in asked)


def test_what_names_no_pixels_stays_as_it_is() -> None:
    before, after = triplet(), resized_truth(triplet(), 200)
    silent = [t for t in before.conversations if t.task in (COUNT, LOCATE, DESCRIBE, ASK)]
    assert {t.task for t in silent} == set(TASKS) - {DETECT, CLASSIFY}
    assert [t for t in after.conversations if t.task in (COUNT, LOCATE, DESCRIBE, ASK)] == silent


def test_the_same_as_instructions_about_the_resized_chip() -> None:
    truth = resized_truth(triplet(), 200)
    anew = instructions(truth, np.random.default_rng(0), ("ship", "plane"))
    assert [t for t in truth.conversations if t.task != ASK] == [t for t in anew if t.task != ASK]


def test_boxes_without_targets_cannot_be_said_again() -> None:
    with pytest.raises(BadTriplet, match="no targets"):
        resized_truth(triplet(targets=()), 200)
    none = (Conversation(DETECT, detection.prompt("ship"), "None", "ship"),)
    assert resized_truth(triplet(targets=(), conversations=none), 200).conversations == none


@pytest.mark.parametrize(
    "talk",
    [
        Conversation(ASK, "What is in [10, 20, 30, 40]?", "A crane."),
        Conversation(ASK, "Where is the crane?", "At (10, 20, 30.5, 40)."),
        Conversation(CLASSIFY, "What is in [1, 2, 3, 4]?", "ship", options=("ship",), box=(1, 2, 3, 4)),
        Conversation(CLASSIFY, "Which is it?", "ship"),
    ],
)
def test_pixels_in_other_words_are_refused(talk: Conversation) -> None:
    with pytest.raises(BadTriplet, match="pixels"):
        resized_truth(triplet(conversations=(talk,)), 200)
    assert resized_truth(triplet(size=(200, 200), conversations=(talk,)), 200).conversations == (talk,)
