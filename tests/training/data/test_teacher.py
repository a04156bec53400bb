"""A teacher behind a local endpoint: what it is asked, what is believed, and how a run goes on after trouble."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chat_endpoint import GOOD, Endpoint, said
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from training.data.descriptions import describe
from training.data.loading import load_image
from training.data.tasks.captioning import retold
from training.data.teacher import Teacher, Verdict, describe_all, judge
from training.data.triplets import Target, Triplet
from training.data.words import KINDS
from training.errors import BadTriplet, TeacherDenied, TeacherUnavailable

Make = Callable[..., Triplet]
CLASSES = ("plane", "ship")


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as server:
        yield server


def teacher(endpoint: Endpoint, **options: Any) -> Teacher:
    return Teacher(f"{endpoint.url}/v1", "a-model", "TEACHER_KEY", first_pause_s=0.01, **options)


def ask(triplets: list[Triplet], root: Path, who: Teacher, at_once: int = 1) -> list[Verdict]:
    return list(describe_all(triplets, root, who, root / "cache.jsonl", classes=CLASSES, at_once=at_once))


def test_what_the_teacher_is_asked(
    tmp_path: Path, make: Make, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEACHER_KEY", "secret")
    triplet = make("a", gsd_m=10.0)
    (verdict,) = ask([triplet], tmp_path, teacher(endpoint))
    assert verdict.description == GOOD
    ((path, key, body),) = endpoint.asked
    assert (path, key, body["model"]) == ("/v1/chat/completions", "Bearer secret", "a-model")
    system, user = body["messages"]
    for step in ("geography", "human_use", "scattering", "instances", "consistency"):
        assert step in system["content"]
    picture, text = user["content"]
    data = base64.b64decode(picture["image_url"]["url"].removeprefix("data:image/png;base64,"))
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(data))), load_image(triplet, tmp_path))
    assert "60 × 48 pixels of about 10 m" in text["text"]
    assert "2 ships in cells 1, 9" in text["text"]
    assert "secret" not in (tmp_path / "cache.jsonl").read_text()


def test_a_blind_teacher_is_told_no_truth(tmp_path: Path, make: Make, endpoint: Endpoint) -> None:
    ask([make("a")], tmp_path, teacher(endpoint, blind=True))
    _, key, body = endpoint.asked[0]
    assert key is None
    assert "harbour" not in body["messages"][1]["content"][1]["text"]


def test_the_teacher_is_asked_about_labelled_classes_alone(tmp_path: Path, make: Make, endpoint: Endpoint) -> None:
    ask([make("a", classes=("ship",))], tmp_path, teacher(endpoint))
    text = endpoint.asked[0][2]["messages"][1]["content"][1]["text"]
    assert "Classes of targets: ship." in text
    assert "plane" not in text


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("I see ships.", "no JSON object"),
        (said(counts={"plane": 1, "ship": 3}), "it counts 3 ship where there are 2"),
        (said(counts={"ship": 2}), "it counts 0 plane where there are 1"),
        (said(counts=[1]), "no counts"),
        (said(""), "no description"),
        (said("ships " * 60), "repeats itself"),
        (said(" ".join(f"word{i}" for i in range(200))), "more than 160 words"),
        (said("Three ships and one plane."), "speaks of 3 ship where there are 2"),
        (said("A ship and a plane."), "speaks of 1 ship where there are 2"),
        (said("2 ships near the pier."), "does not say how many plane"),
        (said("2 ships in cells 1 and 8. 1 plane."), "it puts ship in cell 8 where they lie in 1, 9"),
        (said("2 ships in cells 1 to 3. 1 plane."), "it puts ship in cell 2, 3 where they lie in 1, 9"),
        (said("Two ships; one plane in cell 9, bottom right."), "it puts plane in cell 9 where they lie in 5"),
        (said("Two ships and one plane in cells 1, 5 and 6."), "it puts plane and ship in cell 6 where they lie"),
        (said(description=7), "no description"),
    ],
)  # fmt: skip
def test_answers_that_contradict_the_truth_are_rejected(make: Make, raw: str, reason: str) -> None:
    description, why = judge(raw, make("a"), CLASSES)
    assert description is None
    assert reason in why


@pytest.mark.parametrize(
    "raw",
    [
        said(),
        f"```json\n{said()}\n```",
        f"Let me think {{hm}}. {said()} Done.",
        said("Cells 1 and 9 hold two ships, cell 5 one plane. Land in cell 3."),
        said("Two vessels, one at anchor and one moored, and a single aircraft."),
    ],
)
def test_true_answers_are_believed_in_any_wrapping(make: Make, raw: str) -> None:
    description, why = judge(raw, make("a"), CLASSES)
    assert description is not None, why


@given(
    targets=st.lists(
        st.builds(
            lambda label, x, y, side: Target(label, (x, y, x + side, y + side)),
            st.sampled_from(CLASSES),
            *[st.floats(0, 80)] * 2,
            st.floats(0.5, 40),
        ),
        max_size=15,
    ),
    kind=st.sampled_from([None, *KINDS]),
    cover=st.lists(st.sampled_from(["water", "built", "bare_ground"]), min_size=9, max_size=9),
    seed=st.integers(0, 99),
)
def test_what_templates_say_is_always_believed(
    targets: list[Target], kind: str | None, cover: list[str], seed: int
) -> None:
    chip = Triplet("a", (90, 90), (), targets=tuple(targets))
    facts = {"kind": kind, "cover_by_cell": cover}
    text = describe(targets, chip.size, facts, np.random.default_rng(seed), classes=CLASSES, varied=True)
    counts = {label: sum(t.label == label for t in targets) for label in CLASSES}
    assert judge(said(text, counts), chip, CLASSES) == (text, "")


@given(cell=st.integers(1, 9), wrong=st.integers(1, 9), words=st.sampled_from(["in cell {}", "can be seen, cells {}"]))
def test_a_ship_is_believed_in_its_own_cell_alone(cell: int, wrong: int, words: str) -> None:
    x, y = 30 * ((cell - 1) % 3) + 15, 30 * ((cell - 1) // 3) + 15
    chip = Triplet("a", (90, 90), (), targets=(Target("ship", (x - 4, y - 4, x + 4, y + 4)),))
    description, _ = judge(said(f"1 ship {words.format(wrong)}. No planes.", {"ship": 1}), chip, CLASSES)
    assert (description is not None) == (wrong == cell)


def test_of_what_is_not_there_nothing_need_be_said(make: Make) -> None:
    empty = make("a", targets=())
    assert judge(said("Open sea.", {}), empty, CLASSES)[0] == "Open sea."
    assert judge(said("Open sea, no ships.", {"ship": 0}), empty, CLASSES)[0] is not None
    assert judge(said("Open sea with a boat.", {}), empty, CLASSES)[0] is None


def test_a_wrong_answer_goes_back_once_with_the_reason(tmp_path: Path, make: Make, endpoint: Endpoint) -> None:
    wrong = said(counts={"plane": 1, "ship": 5})
    endpoint.answers = [wrong, said(), wrong, wrong]
    first, second = ask([make("a"), make("b")], tmp_path, teacher(endpoint))
    assert first.description == GOOD
    assert (second.description, second.raw) == (None, wrong)
    assert second.reason == "it counts 5 ship where there are 2"
    again = endpoint.asked[1][2]["messages"]
    assert [m["role"] for m in again] == ["system", "user", "assistant", "user"]
    assert "it counts 5 ship where there are 2" in again[3]["content"]


def test_a_stopped_run_goes_on_where_it_was(tmp_path: Path, make: Make, endpoint: Endpoint) -> None:
    triplets = [make(name) for name in "abc"]
    wrong = said(counts={"plane": 1, "ship": 5})
    endpoint.answers = [said(), wrong, wrong, *[500] * 5]
    with pytest.raises(TeacherUnavailable, match="HTTP 500, 5 times"):
        ask(triplets, tmp_path, teacher(endpoint))
    done = len(endpoint.asked)
    cache = tmp_path / "cache.jsonl"
    cache.write_text(cache.read_text() + '{"key": "cut off by a cra')
    verdicts = ask(triplets, tmp_path, teacher(endpoint))
    assert [v.description for v in verdicts] == [GOOD, None, GOOD]  # a rejection is remembered too
    assert len(endpoint.asked) == done + 1
    assert ask(triplets, tmp_path, teacher(endpoint)) == verdicts
    assert len(endpoint.asked) == done + 1


def test_the_cache_knows_what_an_answer_was_about(tmp_path: Path, make: Make, endpoint: Endpoint) -> None:
    ask([make("a")], tmp_path, teacher(endpoint))
    ask([make("a", facts={"kind": "coast"})], tmp_path, teacher(endpoint))
    changed = make("a")
    Image.new("L", (60, 48)).save(tmp_path / "images/a.png")
    ask([changed], tmp_path, teacher(endpoint))
    ask([changed], tmp_path, Teacher(f"{endpoint.url}/v1", "another-model"))
    assert len(endpoint.asked) == 4


@pytest.mark.parametrize("content", ['{"id": "a"}\n{"id": "b"}\n', "[1, 2", '{"key": "k"}\n'])
def test_something_else_is_not_taken_for_a_cache(tmp_path: Path, make: Make, endpoint: Endpoint, content: str) -> None:
    (tmp_path / "cache.jsonl").write_text(content)
    with pytest.raises(BadTriplet, match=r"cache\.jsonl .*no answer"):
        ask([make("a")], tmp_path, teacher(endpoint))
    assert (tmp_path / "cache.jsonl").read_text() == content


@pytest.mark.parametrize("trouble", [[429, 503], [500, 502, 504, 408]])
def test_passing_trouble_is_waited_out(tmp_path: Path, make: Make, endpoint: Endpoint, trouble: list[int]) -> None:
    endpoint.answers = [*trouble, said()]
    assert ask([make("a")], tmp_path, teacher(endpoint))[0].description == GOOD
    assert len(endpoint.asked) == len(trouble) + 1


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (401, TeacherDenied, "Set TEACHER_KEY"),
        (404, TeacherDenied, "no model a-model"),
        (400, TeacherUnavailable, "HTTP 400"),
        (b"<html>a proxy</html>", TeacherUnavailable, "another form"),
        (b'{"choices": []}', TeacherUnavailable, "another form"),
    ],
)
def test_refusals_are_said_at_once(
    tmp_path: Path, make: Make, endpoint: Endpoint, answer: Any, error: type[Exception], words: str
) -> None:
    endpoint.answers = [answer]
    with pytest.raises(error, match=words):
        ask([make("a")], tmp_path, teacher(endpoint))
    assert len(endpoint.asked) == 1


def test_nobody_there(tmp_path: Path, make: Make, endpoint: Endpoint) -> None:
    with pytest.raises(TeacherDenied, match="no web address"):
        ask([make("a")], tmp_path, Teacher("nowhere", "m"))
    closed = Teacher("http://127.0.0.1:9/v1", "m", retries=1, first_pause_s=0.01)
    with pytest.raises(TeacherUnavailable, match="no connection, 2 times"):
        ask([make("a")], tmp_path, closed)


def test_several_at_once_keep_their_order(tmp_path: Path, make: Make, endpoint: Endpoint) -> None:
    triplets = [make(f"t{i}") for i in range(20)]
    verdicts = ask(triplets, tmp_path, teacher(endpoint), at_once=4)
    assert [v.id for v in verdicts] == [t.id for t in triplets]
    assert len((tmp_path / "cache.jsonl").read_text().splitlines()) == 20


def test_a_new_description_takes_the_place_of_the_old_one(make: Make) -> None:
    triplet = make("a")
    told = retold(triplet, "New.")
    assert [t.task for t in told.conversations] == [t.task for t in triplet.conversations]
    assert [t.answer for t in told.conversations if t.task == "describe"] == ["New."]
    bare = make("b", conversations=())
    assert [t.answer for t in retold(bare, "New.").conversations] == ["New."]
