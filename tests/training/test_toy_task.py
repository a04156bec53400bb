"""A task registered in a test passes data and evaluation of training without another edit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from toy_task import Looking, Presence, register

from fusar_core.engines import ENGINES
from fusar_core.tasks import TASKS
from training.data.checks import answers
from training.data.instructions import instructions
from training.data.ms_swift import row
from training.data.statistics import statistics
from training.data.triplets import Conversation, Target, Triplet, write_triplets
from training.data.validation import check_file
from training.evaluation.evaluate import evaluate
from training.evaluation.plan import scorable
from training.stages.augmentation import turned_truth
from training.stages.recipe import Recipe
from training.stages.resizing import resized_truth
from training.stages.samples import conversations_of_step

QUESTION = "Is there any target of category {} in this SAR image? Answer yes or no."


@pytest.fixture(autouse=True)
def toy() -> Iterator[None]:
    register()
    yield
    del TASKS[Presence.name], ENGINES[Looking.name]


@pytest.fixture
def triplet(tmp_path: Path) -> Triplet:
    """A chip with one bright ship."""
    image = np.zeros((64, 64), np.uint8)
    image[20:30, 20:40] = 250
    Image.fromarray(image).save(tmp_path / "a.png")
    bare = Triplet("a", (64, 64), (), image="a.png", targets=(Target("ship", (20.0, 20.0, 40.0, 30.0)),))
    return replace(bare, conversations=instructions(bare, np.random.default_rng(0), tasks=("presence",)))


def test_it_is_asked_about_each_class_in_its_own_words(triplet: Triplet) -> None:
    assert triplet.conversations == (
        Conversation("presence", QUESTION.format("plane"), "no", "plane"),
        Conversation("presence", QUESTION.format("ship"), "yes", "ship"),
    )
    every = {talk.task for talk in instructions(triplet, np.random.default_rng(0))}
    assert "presence" in every


def test_its_answers_are_checked_against_the_targets(triplet: Triplet, tmp_path: Path) -> None:
    write_triplets([triplet], tmp_path / "t.jsonl")
    assert check_file(tmp_path / "t.jsonl").defects == []
    wrong = replace(triplet, conversations=(replace(triplet.conversations[1], answer="no"),))
    assert list(answers(wrong, True)) == [
        "conversations[0] (presence ship): the answer is 'no', but by the targets it is 'yes'"
    ]
    nameless = replace(triplet, conversations=(replace(triplet.conversations[1], label=""),))
    assert list(answers(nameless, True)) == ["conversations[0] (presence): no label says which class is asked about"]


def test_it_is_counted_exported_resized_and_drawn(triplet: Triplet, tmp_path: Path) -> None:
    numbers = statistics([triplet])
    assert numbers["tasks"] == {"presence": 2}
    assert numbers["floor"]["presence"]["ship"] == {"answer": "yes", "share": 1.0, "n": 1}
    swift = row(triplet, triplet.conversations[1], tmp_path, grounding=True)
    assert [message["content"] for message in swift["messages"]] == [f"<image>{QUESTION.format('ship')}", "yes"]
    assert resized_truth(triplet, 32).conversations == triplet.conversations
    recipe = Recipe(tasks=("presence",))
    turned = conversations_of_step(
        turned_truth(triplet, 5), recipe, ("plane", "ship"), np.random.default_rng(0), all_of_them=True
    )
    assert turned == triplet.conversations


def test_it_is_evaluated_on_triplets(triplet: Triplet, tmp_path: Path) -> None:
    assert "presence" in scorable()
    results = evaluate(Looking(), [triplet], tmp_path, ("presence",), ("ship", "plane"))
    assert [(r["class"], r["truth"], r["answer"]) for r in results.rows] == [
        ("ship", "yes", "yes"),
        ("plane", "no", "no"),
    ]
    assert results.scores["presence"]["all"]["accuracy"]["value"] == 1
