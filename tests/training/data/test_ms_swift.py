"""The export says the same as the triplets, in ms-swift's documented form."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from training.data.ms_swift import Exchange, read_ms_swift, row, write_ms_swift
from training.data.triplets import Conversation, Triplet
from training.errors import BadTriplet

Make = Callable[..., Triplet]


def talk_of(triplet: Triplet, task: str, label: str = "ship") -> Conversation:
    return next(t for t in triplet.conversations if t.task == task and t.label == label)


def test_a_row_as_documented(tmp_path: Path, make: Make) -> None:
    triplet = make("a")
    assert row(triplet, talk_of(triplet, "count"), tmp_path) == {
        "messages": [
            {
                "role": "user",
                "content": "<image>Count the targets of category ship in this SAR image. Answer with one integer.",
            },
            {"role": "assistant", "content": "2"},
        ],
        "images": [str(tmp_path / "images/a.png")],
    }


def test_boxes_as_objects_where_models_say_other_coordinates(tmp_path: Path, make: Make) -> None:
    triplet = make("a")
    found = row(triplet, talk_of(triplet, "detect"), tmp_path, grounding=True)
    assert found["messages"][1]["content"] == (
        '[{"bbox_2d": <bbox>, "label": "ship"}, {"bbox_2d": <bbox>, "label": "ship"}]'
    )
    assert found["objects"] == {"ref": [], "bbox": [[2, 3, 12, 9], [40, 30, 51, 35]]}
    assert "[x1, y1, x2, y2]" in found["messages"][0]["content"]  # the form of the answer is no box
    asked = row(triplet, talk_of(triplet, "classify"), tmp_path, grounding=True)
    assert "in the box <bbox> of this" in asked["messages"][0]["content"]
    assert asked["objects"]["bbox"] == [[2, 3, 12, 9]]
    assert "objects" not in row(triplet, talk_of(triplet, "detect", "plane"), tmp_path, grounding=False)


@pytest.mark.parametrize("grounding", [False, True])
def test_what_is_written_is_read_back(tmp_path: Path, make: Make, grounding: bool) -> None:
    triplets = [make("a"), make("b", targets=()), make("ü")]
    path = tmp_path / "swift.jsonl"
    assert write_ms_swift(triplets, path, tmp_path, grounding) == sum(len(t.conversations) for t in triplets)
    assert list(read_ms_swift(path)) == [
        Exchange(str(tmp_path / f"images/{t.id}.png"), talk.question, talk.answer)
        for t in triplets
        for talk in t.conversations
    ]
    for line in path.read_text(encoding="utf-8").splitlines():
        said = json.loads(line)
        assert set(said) <= {"messages", "images", "objects"}
        tags = sum(message["content"].count("<bbox>") for message in said["messages"])
        assert tags == len(said.get("objects", {}).get("bbox", []))


def test_what_ms_swift_cannot_take_is_refused(tmp_path: Path, make: Make) -> None:
    triplet = make("a")
    with pytest.raises(BadTriplet, match="Triplet a is a window of a scene"):
        row(replace(triplet, image=None), triplet.conversations[0], tmp_path)
    with pytest.raises(BadTriplet, match="holds a tag"):
        row(triplet, Conversation("ask", "Is <image> a ship?", "Yes."), tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        "{",
        '{"messages": [], "images": ["a"]}',
        '{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}], "images": ["a"]}',
        '{"messages": [{"role": "user", "content": "<image>x"}, {"role": "assistant", "content": "y"}],'
        ' "images": ["a"], "objects": {"bbox": [[1, 2, 3, 4]]}}',
    ],
)
def test_rows_of_another_form_are_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(BadTriplet, match=r"s\.jsonl line 1"):
        list(read_ms_swift(path))
