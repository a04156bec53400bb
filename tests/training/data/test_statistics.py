"""What a file holds, in numbers: tasks, counts, and the floor that never looking at an image would reach."""

from __future__ import annotations

from collections.abc import Callable

from labelled_chips import PLANE, SHIPS, SIZE

from training.data.statistics import render, statistics
from training.data.triplets import Conversation, Target, Triplet


def test_numbers_of_a_small_file(make: Callable[..., Triplet]) -> None:
    many = tuple(Target("ship", (i, 1, i + 2, 3)) for i in range(12))
    found = statistics(
        [
            make("a", gsd_m=10.0, year=2020, footprint=(179.0, 1.0, 179.5, 2.0)),
            make(
                "b",
                targets=SHIPS,
                classes=("ship", "plane"),
                anchors=None,
                gsd_m=3.0,
                footprint=(179.6, 1.5, -179.9, 2.0),
            ),
            make("c", targets=many, place="a"),
            make("d", targets=()),
        ]
    )
    assert (found["triplets"], found["with_anchors"], found["without_targets"], found["places"]) == (4, 3, 1, 3)
    assert found["conversations"] == sum(found["tasks"].values())
    assert found["tasks"]["count"] == 8
    assert found["classes"] == {"ship": 16, "plane": 1}
    assert found["labelled_throughout"] == {"plane, ship": 1}
    assert found["kinds"] == {"tanker": 2}
    assert found["counts"] == {"plane": {"0": 3, "1": 1}, "ship": {"0": 1, "2": 2, "10+": 1}}
    assert found["floor"]["count"]["ship"] == {"answer": "2", "share": 0.5, "n": 4}
    assert found["floor"]["count"]["plane"] == {"answer": "0", "share": 0.75, "n": 4}
    assert found["floor"]["classify"]["all"]["answer"] == "ship"
    assert found["sizes"] == {f"{SIZE[0]} × {SIZE[1]}": 4}
    assert found["gsd_m"] == {"least": 3.0, "median": 10.0, "most": 10.0}
    assert found["extent"] == {"west": 179.0, "south": 1.0, "east": 180.1, "north": 2.0}
    text = render(found)
    assert "floor count" in text
    assert "chips with n ship     0 1, 2 2, 10+ 1" in text


def test_detections_and_descriptions_have_no_floor() -> None:
    talks = (Conversation("detect", "?", "None", "ship"), Conversation("describe", "?", "Open sea."))
    found = statistics([Triplet("a", SIZE, talks, image="a.png", targets=(PLANE,))])
    assert found["floor"] == {}
    assert found["descriptions"] == {"least words": 2, "median words": 2, "most words": 2}
    assert found["gsd_m"] is found["extent"] is None
