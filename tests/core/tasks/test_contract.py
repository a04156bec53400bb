"""What holds of every task in the registry, whatever it is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_task import Presence

from fusar_core.domain.answers import Answer, Detection
from fusar_core.domain.cells import CELLS
from fusar_core.domain.tiling import ChipWindow, Window
from fusar_core.errors import UnknownTask
from fusar_core.evaluation.cases import Case
from fusar_core.evaluation.running import row_of
from fusar_core.evaluation.scores import scores
from fusar_core.tasks import TASKS, VARIANTS, questions, scored_task, task_info, to_ask
from fusar_core.tasks.base import Heard, Subject, Task
from fusar_core.tasks.reading import OK, UNREADABLE, Reading, failure

ROOT = Path(__file__).resolve().parents[3]
SIZE = (504, 504)
SUBJECT = Subject(SIZE, "ship", ("plane", "ship"), (10.0, 20.0, 30.0, 40.0), "Is this a harbour?")
CHIP = ChipWindow(0, Window(0, 0, 504, 504), Window(0, 0, 504, 504))

box = st.tuples(*[st.integers(0, 400)] * 2, *[st.integers(1, 100)] * 2).map(
    lambda v: (float(v[0]), float(v[1]), float(v[0] + v[2]), float(v[1] + v[3]))
)
boxes = st.lists(box, unique=True, max_size=6)
words = st.sampled_from(
    ["A harbour with 3 ships and a pier.", "There is nothing but open sea here.", "一 艘 船 在 港口"]
)
SAID = {
    "detect": boxes,
    "count": st.integers(0, 10_000),
    "locate": st.frozensets(st.sampled_from(CELLS)),
    "describe": words,
    "classify": st.sampled_from(SUBJECT.classes),
    "ask": words,
}
"""Values as words say them."""
number = st.floats(-1e6, 1e6)
detection = st.builds(
    Detection,
    label=st.sampled_from(["ship", "plane"]),
    score=st.floats(0, 1),
    corners=st.tuples(*[st.tuples(number, number)] * 4),
    contrast_db=st.none() | number,
    flags=st.lists(st.just("azimuth_ambiguity"), max_size=1).map(tuple),
    inset=st.tuples(*[st.floats(0, 5)] * 4),
)
VALUES = {**SAID, "detect": st.lists(detection, max_size=3)}
"""Values of answers."""
EVERY = [*TASKS.values(), *VARIANTS.values()]


def of(strategies: dict[str, Any], task: Task) -> Any:
    assert task.asked_as in strategies, f"Add the values of '{task.asked_as}', as words say them, to SAID."
    return strategies[task.asked_as]


@pytest.mark.parametrize("task", EVERY, ids=lambda t: t.name)
@given(data=st.data())
def test_what_is_written_is_read_back(task: Task, data: st.DataObject) -> None:
    value = data.draw(of(SAID, task))
    reading = task.read(task.write(value, SUBJECT), SUBJECT)
    assert (reading.value, reading.status) == (value, OK)


@pytest.mark.parametrize("task", EVERY, ids=lambda t: t.name)
@given(data=st.data())
def test_what_is_kept_comes_back(task: Task, data: st.DataObject) -> None:
    value = data.draw(of(VALUES, task))
    assert task.decode(json.loads(json.dumps(task.encode(value)))) == value
    assert task.accepted(value) == value


@pytest.mark.parametrize("task", EVERY, ids=lambda t: t.name)
@given(text=st.text(max_size=60))
def test_reading_never_raises_and_a_failure_has_no_value(task: Task, text: str) -> None:
    reading = task.read(text, SUBJECT)
    assert reading.value is not None or reading.status != OK


FOREIGN = (
    "I cannot tell.",
    "No idea.",
    "Perhaps.",
    "Yes, there is a harbour.",
    "No, there are no bridges here.",
    "The answer is neither yes nor no.",
    "There may or may not be something here.",
    "Nowhere does the picture say so.",
    "Not a question that I can answer.",
    "A harbour with a pier.",
    "Yesterday was no better.",
)
"""Sentences that answer no question of a task whose answers have a form."""
OF_NO_TARGETS = ("No planes.", "None of these questions makes sense.")
"""Which say that there are none where targets, their number or cells are asked for, and nothing elsewhere."""


def guessed(task: Task) -> list[str]:
    """The foreign sentences that a task takes for an answer."""
    of_targets = task.finds or task.adds_up or task.in_cells
    foreign = FOREIGN if of_targets else (*FOREIGN, *OF_NO_TARGETS)
    return [text for text in foreign if task.read(text, SUBJECT).value is not None]


@pytest.mark.parametrize("task", [*(t for t in EVERY if not t.free_text), Presence()], ids=lambda t: t.name)
def test_a_reader_does_not_guess(task: Task) -> None:
    """An answer of few words is taken as a whole: what only begins with "no" is another sentence."""
    assert guessed(task) == []


@pytest.mark.parametrize("words", [r"no\b", r"\b(yes|no)\b", r"^(yes|no)", r"^no(ne)?\b"])
def test_readers_that_look_for_a_word_are_found_out(words: str) -> None:
    class Guessing(Presence):
        def read(self, text: str, subject: Subject) -> Reading:
            found = re.search(words, text.lower())
            return Reading(found[0]) if found else failure(UNREADABLE)

    assert guessed(Guessing())


@pytest.mark.parametrize("task", [t for t in EVERY if t.scorable], ids=lambda t: t.name)
@given(data=st.data())
def test_who_says_the_truth_is_right(task: Task, data: st.DataObject) -> None:
    """From true boxes to words, to a reading, to an answer, to a row, to a score: nothing is lost on the way."""
    found = [data.draw(boxes), data.draw(boxes)]
    rows = []
    for i, there in enumerate(found):
        truth = task.truth(there, SIZE) if task.per_class else None
        truth = data.draw(of(SAID, task)) if truth is None else truth  # boxes do not tell
        text = task.write(truth, SUBJECT)
        value, score = task.answered(task.read(text, SUBJECT), Heard(text, lambda span: 0.5, "ship"))
        answer = Answer(CHIP, task.asked_as, "ship", value, score)
        rows.append(row_of(Case(str(i), str(i), task.name, "ship" if task.per_class else "", truth, SIZE), answer))
    rows = json.loads(json.dumps(rows))
    score = scores(rows)[task.name]["all"]
    assert score["n"] == 2
    assert task.main_number(score)["value"] == pytest.approx(1)
    assert score.get("unparsable", 0) == 0
    assert task.brief(score)
    assert all(len(line) == len(task.heads) + 3 for line in task.lines("all", score))
    assert not any(row["answer"] is None for row in rows)


@pytest.mark.parametrize("task", [t for t in EVERY if type(t).derive is not Task.derive], ids=lambda t: t.name)
@given(there=boxes)
def test_what_follows_from_true_detections_is_true(task: Task, there: list[Any]) -> None:
    found = [Detection("ship", 1.0, ((x1, y1), (x2, y1), (x2, y2), (x1, y2))) for x1, y1, x2, y2 in there]
    ghost = Detection("ship", 1.0, ((0, 0), (1, 0), (1, 1), (0, 1)), flags=("azimuth_ambiguity",))
    value = task.derive([*found, ghost], Window(0, 0, 504, 504))
    row = task.outcome(task.truth(there, SIZE), value, SIZE)
    assert row["answer"] == row["truth"]


@pytest.mark.parametrize("task", EVERY, ids=lambda t: t.name)
def test_it_says_what_it_is(task: Task) -> None:
    assert re.fullmatch(r"[a-z][a-z-]*", task.name)
    assert scored_task(task.name) is task
    assert task.asked_as in TASKS
    assert task.budget > 0
    assert task.title
    assert task.noun
    assert task.prompt(SUBJECT)
    value = next(iter([0])) if task.asked_as == "count" else None
    assert task.told("ship", value, "Is this a harbour?").question
    assert task.told("ship", None).number is None


def test_a_name_that_is_no_task_is_named_with_those_that_are() -> None:
    with pytest.raises(UnknownTask, match=r"no task called 'guess'. Tasks: detect, count, locate, describe"):
        TASKS["guess"]
    with pytest.raises(UnknownTask, match="guess"):
        questions(("guess",), ("ship",))


def test_what_engines_derive_is_asked_as_detection_and_variants_as_what_they_vary() -> None:
    assert to_ask(("count", "locate", "describe"), {"count", "locate"}) == ("detect", "describe")
    assert to_ask(("count", "detect"), ()) == ("count", "detect")
    assert to_ask(("classify-fine", "classify"), ()) == ("classify",)


def test_the_plugin_has_the_tasks_of_this_engine() -> None:
    """Otherwise: .venv/bin/python scripts/make_tasks.py."""
    assert json.loads((ROOT / "fusar_qgis" / "tasks.json").read_text("utf-8")) == task_info()


CONSTANT = re.compile(r"\b(DETECT|COUNT|LOCATE|CLASSIFY|DESCRIBE|ASK)\b")


def test_no_branch_on_tasks_outside_their_rooms() -> None:
    """The names of single tasks stand in few files outside `tasks/`: a new task is not to be added to each."""
    lines: dict[str, int] = {}
    for path in [*(ROOT / "fusar_core").rglob("*.py"), *(ROOT / "training").rglob("*.py")]:
        named = sum(bool(CONSTANT.search(line)) for line in path.read_text("utf-8").splitlines())
        if named and path.parent.name != "tasks":
            lines[path.relative_to(ROOT).as_posix()] = named
    assert sum(lines.values()) < 30, lines
    assert len(lines) <= 5, lines
