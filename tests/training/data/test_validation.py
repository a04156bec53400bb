"""Every defect of a file of triplets is found with its line, its triplet and its reason, before training starts."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from labelled_chips import SHIPS
from PIL import Image
from scenes import ships_scene

from fusar_core.tasks import TASKS
from training.data.instructions import instructions
from training.data.tasks.detection import COARSEST_STEP
from training.data.triplets import Target, Triplet, write_triplets
from training.data.validation import check_file, require_sound
from training.errors import BadTriplet, SampleTooLong

Make = Callable[..., Triplet]


def wrong(path: Path, *rows: Any, **options: Any) -> list[str]:
    """What is found in a file of the given triplets, rows or raw lines."""
    lines = [r if isinstance(r, str) else r.to_json() if isinstance(r, Triplet) else json.dumps(r) for r in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [str(defect) for defect in check_file(path, **options).defects]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "t.jsonl"


def row(triplet: Triplet, **fields: Any) -> dict[str, Any]:
    """A triplet's row with fields changed; … removes one."""
    changed = json.loads(triplet.to_json()) | fields
    return {k: v for k, v in changed.items() if v is not ...}


@pytest.mark.parametrize("step", [1, 3, COARSEST_STEP])
def test_what_instructions_make_is_sound(file: Path, make: Make, step: int) -> None:
    triplets = [make("a"), make("b", targets=()), make("c", anchors=None, facts={}, targets=SHIPS[:1])]
    triplets = [replace(t, conversations=instructions(t, np.random.default_rng(1), box_step=step)) for t in triplets]
    assert write_triplets(triplets, file) == 3
    report = check_file(file)
    assert report.defects == []
    assert report.triplets == triplets == require_sound(file)


def test_a_chip_whose_conversations_are_drawn_in_training_is_sound(file: Path, make: Make) -> None:
    assert wrong(file, make("a", conversations=())) == []


def test_a_window_of_a_scene_is_sound_too(file: Path, tmp_path: Path, make: Make) -> None:
    ships_scene(tmp_path / "s.tif", [(120, 90)], (300, 400))
    window = make(image=None, scene="s.tif", window=(10, 20, 48, 60))
    assert wrong(file, window) == []
    assert wrong(file, replace(window, window=(10, 20, 60, 48))) == [
        "t.jsonl line 1 (triplet a): the window is 48 × 60 pixels, the chip 60 × 48. [BAD_TRIPLET]",
        "t.jsonl line 1 (triplet a): s.tif gives 48 × 60 pixels where the triplet says 60 × 48. [BAD_TRIPLET]",
    ]


def test_a_window_outside_its_scene_is_found(file: Path, tmp_path: Path, make: Make) -> None:
    ships_scene(tmp_path / "s.tif", [(120, 90)], (300, 400))
    (found,) = wrong(file, make(image=None, scene="s.tif", window=(300, 20, 48, 60)))
    assert "the window [300, 20, 48, 60] lies outside s.tif, which has 300 rows of 400 pixels. [" in found


@pytest.mark.parametrize("task", ["count", "locate", "detect"])
def test_only_classes_that_are_labelled_throughout_are_asked_about(file: Path, make: Make, task: str) -> None:
    both = make("a", classes=("plane", "ship"))
    ships = replace(both, classes=("ship",), conversations=instructions(both, np.random.default_rng(0), ("ship",)))
    assert wrong(file, both) == wrong(file, ships) == []  # the plane is known, whether it is the only one is not
    asked = tuple(t for t in both.conversations if (t.task, t.label) == (task, "plane"))
    (found,) = wrong(file, replace(ships, conversations=asked))
    assert f"({task} plane): asks about 'plane', which the source does not label throughout" in found
    assert wrong(file, replace(ships, conversations=asked), against_truth=False) == []


@pytest.mark.parametrize("task", tuple(TASKS))
def test_a_task_that_nobody_knows_is_not_taken_for_another(file: Path, make: Make, task: str) -> None:
    triplet = make("a")
    talk = next(t for t in triplet.conversations if t.task == task)
    (found,) = wrong(file, replace(triplet, conversations=(replace(talk, task="segment"),)))
    assert f"there is no such task; tasks: {', '.join(TASKS)}" in found


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"id": ...}, "id is missing"),
        ({"id": 7}, "id is 7, not text"),
        ({"conversations": ...}, "conversations is missing"),
        ({"conversations": {}}, "conversations is {}, not a list"),
        ({"size": [60, 0]}, "size is [60, 0], not [width, height] in whole pixels"),
        ({"image": ...}, "there must be either an image, or a scene"),
        ({"scene": "s.tif", "window": [0, 0, 48, 60]}, "there must be either an image, or a scene"),
        ({"image": ..., "scene": "s.tif"}, "there must be either an image, or a scene"),
        ({"window": [0, 0, 0, 60]}, "window is [0, 0, 0, 60]"),
        ({"colour": "red"}, "colour is no field of the format"),
        ({"footprint": [10, 20, 11, 19]}, "footprint is [10, 20, 11, 19], not"),
        ({"footprint": [190, 20, 191, 21]}, "footprint is [190,"),
        ({"gsd_m": 0}, "gsd_m is 0, not metres above 0"),
        ({"year": "2020"}, "year is '2020', not a whole number"),
        ({"facts": [1]}, "facts is [1], not an object"),
        ({"targets": [{"label": "ship"}]}, "targets[0].bbox is missing"),
        ({"classes": []}, "classes is [], not a list of one name or more"),
        ({"classes": "ship"}, "classes is 'ship', not a list"),
        ({"classes": ["ship", " "]}, "classes is ['ship', ' '], not a list"),
        ({"targets": ["ship"]}, "targets[0] is 'ship', not an object"),
        ({"targets": [{"label": "ship", "bbox": [1, 2, 3, True]}]}, "targets[0].bbox is [1, 2, 3, True], not"),
        ({"targets": [{"label": "ship", "bbox": [5, 5, 5, 9]}]}, "targets[0]: the box [5, 5, 5, 9] has no area"),
        ({"targets": [{"label": "ship", "bbox": [5, 5, 61, 9]}]}, "targets[0]: the box [5, 5, 61, 9] is not inside"),
        ({"targets": [{"label": "ship", "bbox": [-1, 5, 6, 9]}]}, "is not inside the 60 × 48 chip"),
    ],
)
def test_wrong_fields(file: Path, make: Make, fields: dict[str, Any], words: str) -> None:
    found = wrong(file, make("ok"), row(make("a"), **fields))
    assert any(words in defect for defect in found), found
    assert all(defect.startswith("t.jsonl line 2") for defect in found)


@pytest.mark.parametrize(
    ("talk", "words"),
    [
        ({"task": "guess", "question": "?", "answer": "3"}, "there is no such task"),
        ({"task": "count", "question": "?", "answer": ""}, "conversations[0].answer is '', not text that is not empty"),
        ({"task": "count", "question": "?"}, "conversations[0].answer is missing"),
        ({"task": "count", "question": "?", "answer": "2"}, "no label says which class"),
        ({"task": "count", "label": "ship", "question": "?", "answer": "many"}, "'many' reads as unreadable"),
        ({"task": "count", "label": "ship", "question": "?", "answer": "two"}, "'two' is read as what is written '2'"),
        ({"task": "count", "label": "ship", "question": "?", "answer": "3"}, "is '3', but by the targets it is '2'"),
        ({"task": "locate", "label": "ship", "question": "?", "answer": "9, 1"}, "is written '1, 9'"),
        ({"task": "locate", "label": "ship", "question": "?", "answer": "1"}, "by the targets it is '1, 9'"),
        ({"task": "locate", "label": "ship", "question": "?", "answer": "10"}, "reads as out_of_range"),
        ({"task": "detect", "label": "ship", "question": "?", "answer": "None"}, "is 'None', but by the targets"),
        (
            {"task": "detect", "label": "ship", "question": "?", "answer": '[{"bbox_2d": [1, 2, 9'},
            "reads as unreadable",
        ),
        (
            {"task": "detect", "label": "ship", "question": "?", "answer": '[{"bbox_2d": [1, 2, 99, 9]}]'},
            "is read as what is written",
        ),
        ({"task": "classify", "label": "ship", "question": "?", "answer": "ship"}, "box and options say what"),
        (
            {"task": "classify", "question": "?", "answer": "boat", "options": ["car"], "box": [2, 3, 12, 9]},
            "reads as unknown_class",
        ),
        (
            {"task": "classify", "question": "?", "answer": "car", "options": ["car", "ship"], "box": [2, 3, 12, 9]},
            "is 'car', but by the targets it is 'ship'",
        ),
        (
            {"task": "classify", "question": "?", "answer": "ship", "options": ["ship"], "box": [0, 30, 9, 39]},
            "no target lies in the box",
        ),
        (
            {"task": "classify", "question": "?", "answer": "ship", "options": ["ship"], "box": [0, 30, 90, 39]},
            "the box [0, 30, 90, 39] is not inside",
        ),
        ({"task": "describe", "question": "?", "answer": "sea and " * 40}, "reads as repetition"),
        ({"task": "describe", "question": "?", "answer": " ship"}, "is written 'ship'"),
        ({"task": "ask", "question": " ", "answer": "Yes."}, "question is ' ', not text"),
        ({"task": "ask", "question": "?", "answer": "Yes.", "why": 1}, "conversations[0].why is no field"),
    ],
)
def test_wrong_answers(file: Path, make: Make, talk: dict[str, Any], words: str) -> None:
    found = wrong(file, row(make("a"), conversations=[talk]))
    assert any(words in defect for defect in found), found


def test_truth_may_be_left_out_of_it(file: Path, make: Make) -> None:
    changed = row(make("a"), targets=...)
    assert len(wrong(file, changed)) > 3
    assert wrong(file, changed, against_truth=False) == []


def test_an_id_twice(file: Path, make: Make) -> None:
    assert wrong(file, make("a"), make("b"), make("a")) == [
        "t.jsonl line 3 (triplet a): the id occurs twice, first in line 1. [BAD_TRIPLET]"
    ]


def test_missing_and_damaged_files(file: Path, tmp_path: Path, make: Make) -> None:
    triplets = [make(name) for name in "abcde"]
    (tmp_path / "images/a.png").unlink()
    (tmp_path / "anchors/b.npz").unlink()
    (tmp_path / "anchors/c.npz").write_bytes(b"nothing")
    content = (tmp_path / "images/d.png").read_bytes()
    (tmp_path / "images/d.png").write_bytes(content[: len(content) // 2])
    Image.new("L", (61, 48)).save(tmp_path / "images/e.png")
    found = wrong(file, *triplets)
    assert len(found) == 5
    for defect, words in zip(
        found,
        (
            "a.png does not exist",
            "b.npz do not exist",
            "c.npz cannot be read",
            "d.png cannot be read",
            "61 × 48 pixels",
        ),
        strict=True,
    ):
        assert words in defect
    assert wrong(file, *triplets, with_files=False) == []
    assert len(wrong(file, *triplets, root=tmp_path / "elsewhere")) == 10


def test_chips_of_another_size_than_the_model_sees(file: Path, make: Make) -> None:
    assert "the chip is 60 × 48 pixels where the model sees 504 × 504" in wrong(file, make("a"), chip_size=504)[0]


def test_samples_over_the_limit(file: Path, make: Make) -> None:
    def words(triplet: Triplet, talk: Any) -> int:
        return 20 + len(talk.answer.split())

    triplet = make("a")
    longest = max(words(triplet, talk) for talk in triplet.conversations)
    write_triplets([triplet], file)
    assert check_file(file, length=words, max_length=longest).defects == []
    with pytest.raises(SampleTooLong, match=rf"takes {longest} tokens where {longest - 1} are allowed"):
        require_sound(file, length=words, max_length=longest - 1)


def test_the_first_defect_is_raised_and_the_others_counted(file: Path, make: Make) -> None:
    wrong(file, make("a"), row(make("b"), year="x", gsd_m=-1), "{")
    with pytest.raises(BadTriplet, match=r"line 2 \(triplet b\): gsd_m is -1.* 2 more defects follow"):
        require_sound(file)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "holds no triplet"), (b"\n\n", "holds no triplet"), (b"\xff\xfe\n", "cannot be read"), (None, "no file")],
)
def test_files_that_hold_nothing(file: Path, content: bytes | None, words: str) -> None:
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BadTriplet, match=words):
        check_file(file)


@pytest.mark.parametrize(("line", "words"), [("{", "is no JSON"), ("[]", "holds a list"), ('{"id": NaN}', "NaN")])
def test_lines_that_are_no_triplet(file: Path, make: Make, line: str, words: str) -> None:
    (defect,) = (d for d in wrong(file, make("a"), line) if words in d)
    assert defect.startswith("t.jsonl line 2: ")


junk = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 70) | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=6,
)
PLACES = [
    "id",
    "size",
    "image",
    "scene",
    "window",
    "footprint",
    "facts",
    "conversations",
    "targets",
    "classes",
    "anchors",
    "place",
]
PLACES += ["conversations.0", "conversations.0.answer", "conversations.5.box", "targets.0", "targets.0.bbox"]


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.sampled_from(PLACES), value=junk)
def test_any_junk_is_sound_or_named(file: Path, make: Make, place: str, value: Any) -> None:
    content = row(make("a"))
    *way, last = place.split(".")
    at: Any = content
    for step in way:
        at = at[int(step) if step.isdigit() else step]
    at[int(last) if last.isdigit() else last] = value
    for defect in wrong(file, content):
        assert defect.startswith("t.jsonl line 1")


def test_numbers_beyond_floats_are_refused(file: Path, make: Make) -> None:
    found = wrong(file, row(make("a"), targets=[{"label": "ship", "bbox": [1, 2, 10**400, 4]}]))
    assert "targets[0].bbox is [1, 2, 1000" in found[0]


def test_fine_classes_are_true_answers(file: Path, make: Make) -> None:
    triplet = make("a", targets=(Target("ship", (2, 3, 12, 9), "tanker"),))
    talks = instructions(triplet, np.random.default_rng(0), tasks=("classify",), options=("cargo", "tanker"))
    assert [t.answer for t in talks] == ["tanker"]
    assert wrong(file, replace(triplet, conversations=talks)) == []
