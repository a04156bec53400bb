"""Questions of every task with answers that are true and that the tasks' own readers read back."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fusar_core.errors import BadOption, UnknownTask
from fusar_core.tasks import (
    ASK,
    CLASSIFY,
    COUNT,
    DESCRIBE,
    DETECT,
    LOCATE,
    TASKS,
    counting,
    detection,
    localization,
)
from fusar_core.tasks.localization import Localization
from training.data.instructions import instructions
from training.data.triplets import Conversation, Target, Triplet

SIZE = (90, 90)
TARGETS = (Target("ship", (65, 40, 85, 50), "cargo"), Target("ship", (5, 5, 15, 9.4)))
HARBOUR = {"kind": "harbour"}


def talks(task: str, targets: tuple[Target, ...] = TARGETS, facts: Any = HARBOUR, **options: Any) -> list[Conversation]:
    return list(instructions((targets, SIZE, facts), np.random.default_rng(3), tasks=(task,), **options))


def said(found: list[Conversation]) -> dict[str, str]:
    return {talk.label: talk.answer for talk in found}


def test_counting_also_of_what_is_not_there() -> None:
    found = talks(COUNT)
    assert said(found) == {"ship": "2", "plane": "0"}
    assert found[1].question == counting.prompt("ship")


def test_cells_of_the_box_centres() -> None:
    found = talks(LOCATE)
    assert said(found) == {"ship": "1, 6", "plane": "None"}
    assert found[0].question == localization.prompt("plane")


def test_boxes_in_reading_order_in_pixels_of_the_chip() -> None:
    found = talks(DETECT)
    assert found[0].answer == "None"
    assert json.loads(found[1].answer) == [
        {"bbox_2d": [5, 5, 15, 9], "label": "ship"},
        {"bbox_2d": [65, 40, 85, 50], "label": "ship"},
    ]
    assert found[1].question == detection.prompt("ship")


def test_boxes_on_a_coarser_grid() -> None:
    boxes = [b["bbox_2d"] for b in json.loads(talks(DETECT, box_step=4)[1].answer)]
    assert boxes == [[4, 4, 16, 8], [64, 40, 84, 52]]


def test_what_a_box_does_not_reach_is_no_target() -> None:
    beside = (Target("ship", (91, 5, 99, 9)), Target("ship", (80, 5, 99, 9)))
    assert said(talks(COUNT, beside))["ship"] == "1"
    assert json.loads(talks(DETECT, beside)[1].answer)[0]["bbox_2d"] == [80, 5, 90, 9]
    assert said(talks(LOCATE, beside))["ship"] == "3"


def test_the_class_in_a_box_coarse_and_fine() -> None:
    coarse = talks(CLASSIFY)
    assert [t.answer for t in coarse] == ["ship", "ship"]
    assert coarse[0].options == ("plane", "ship")
    assert coarse[0].box == TARGETS[0].bbox
    assert "[65, 40, 85, 50]" in coarse[0].question
    assert "Answer with one of: plane, ship." in coarse[0].question
    fine = talks(CLASSIFY, options=("cargo", "tanker"))  # of the other ship nobody knows which it is
    assert [t.answer for t in fine] == ["cargo"]
    assert talks(CLASSIFY, classes=("ship",)) == []  # one class is no choice


def test_descriptions_are_asked_for_like_the_engine_does() -> None:
    (talk,) = talks(DESCRIBE)
    assert (talk.question, talk.answer) == (
        "Describe this SAR image.",
        "A harbour. 2 ships in cells 1, 6. No planes.",
    )
    assert talks(DESCRIBE, description="Ships.")[0].answer == "Ships."


def test_yes_and_no_about_classes_and_places() -> None:
    found = talks(ASK)
    answers = {t.question: t.answer for t in found}
    assert answers["Is there a ship in this SAR image?"] == "Yes."
    assert answers["Is there a plane in this SAR image?"] == "No."
    assert answers["Is this a harbour?"] == "Yes."
    assert list(answers.values()).count("No.") == 2  # the plane, and another kind of place
    assert len(talks(ASK, facts={})) == 2


def test_only_classes_that_the_source_labels_are_asked_about() -> None:
    found = instructions((TARGETS, SIZE, {}), np.random.default_rng(0), classes=("ship",))
    assert not any("plane" in t.question + t.answer for t in found)


def test_negatives_can_be_thinned() -> None:
    rng = np.random.default_rng(5)
    found = [t for _ in range(400) for t in instructions((TARGETS, SIZE, {}), rng, tasks=(COUNT,), negatives=0.25)]
    answers = Counter(t.answer for t in found)
    assert answers["2"] == 400
    assert 60 < answers["0"] < 140


def test_a_limit_is_shared_fairly_between_the_tasks() -> None:
    many = tuple(Target("ship", (i, i, i + 5, i + 5)) for i in range(0, 80, 2))  # 40 boxes to classify
    rng = np.random.default_rng(8)
    drawn = [instructions((many, SIZE, HARBOUR), rng, most=4) for _ in range(300)]
    assert {len(talks) for talks in drawn} == {4}
    assert all(len({t.task for t in talks}) == 4 for talks in drawn)  # never two of a task while others wait
    shares = Counter(t.task for talks in drawn for t in talks)
    told = {t.task for t in instructions((many, SIZE, HARBOUR), rng)}
    assert set(shares) == told >= {DETECT, COUNT, LOCATE, DESCRIBE, CLASSIFY, ASK}
    fair = 300 * 4 / len(told)
    assert all(0.75 * fair < n < 1.25 * fair for n in shares.values())


def test_the_same_rng_gives_the_same_conversations() -> None:
    chip = (TARGETS, SIZE, HARBOUR)
    once, again, other = (instructions(chip, np.random.default_rng(seed), most=5) for seed in (1, 1, 2))
    assert once == again != other


def test_a_triplet_is_a_chip() -> None:
    triplet = Triplet("a", SIZE, (), image="a.png", targets=TARGETS, facts=HARBOUR)
    assert instructions(triplet, np.random.default_rng(0)) == instructions(
        (TARGETS, SIZE, HARBOUR), np.random.default_rng(0)
    )
    kept = replace(triplet, classes=("ship",), conversations=instructions(triplet, np.random.default_rng(0)))
    assert Triplet.from_row(json.loads(kept.to_json())) == kept
    assert "classes" not in json.loads(triplet.to_json())


def test_a_task_whose_truth_boxes_do_not_tell_is_not_asked_as_another(monkeypatch: pytest.MonkeyPatch) -> None:
    class Segmenting(Localization):
        name = "segment"

        def truth(self, boxes: Any, size: Any) -> None:
            return None

    with pytest.raises(UnknownTask, match="segment"):
        talks("segment")
    monkeypatch.setitem(TASKS, "segment", Segmenting())
    assert talks("segment") == []


@pytest.mark.parametrize(
    ("options", "error"),
    [({"tasks": ("guess",)}, UnknownTask), ({"box_step": 0}, BadOption), ({"most": 0}, BadOption)],
)
def test_impossible_options_are_refused(options: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        instructions((TARGETS, SIZE, {}), np.random.default_rng(0), **options)
