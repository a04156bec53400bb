"""What becomes of a server's words over a scene: nothing is lost, and nothing claimed that was not said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openai_server import Seen, Server, completion
from PIL import Image
from scenes import plant, sea, write

from fusar_core.engines.remote import RemoteEngine
from fusar_core.interpretation.inquiry import ask, inquiry_of
from fusar_core.interpretation.interpret import interpret
from fusar_core.interpretation.result import Interpretation
from fusar_core.interpretation.scope import Scope
from fusar_core.results.features import feature_tables
from fusar_core.results.picture.scene_map import draw_map
from fusar_core.results.summary import summary
from fusar_core.scenes.scene import SarScene

THOUGHT = "<think>Is it 7? Maybe {1, 2} in cells 2."
BOX = '[{"bbox_2d": [140, 148, 160, 152], "label": "ship"}]'


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SarScene]:
    image = sea(504, 1008)
    plant(image, 150, 150)
    with SarScene.open(write(tmp_path_factory.mktemp("scene") / "scene.tif", image.astype("u2"))) as opened:
        yield opened


def interpreted(scene: SarScene, tasks: tuple[str, ...], *said: dict[str, Any], **options: Any) -> Interpretation:
    """The scene, two chips, as a server tells it whose answers are these in turn, the last one ever after."""
    left = list(said)
    with Server(lambda seen: left.pop(0) if len(left) > 1 else left[0]) as server:
        return interpret(
            scene, RemoteEngine(server.url, concurrency=1, **options), Scope(tasks, ("ship",), chip_overlap=0)
        )


def answers(result: Interpretation) -> list[tuple[str, str, str]]:
    table = feature_tables(result)[2]
    return [(row["task"], row["answer"], row["parse_status"]) for row in table.rows]


def test_counts_alone_are_summed_over_chips(scene: SarScene) -> None:
    result = interpreted(scene, ("count",), completion("4"), completion("<think>7?</think>3"))
    assert result.counts() == {"ship": 7}


def test_what_could_not_be_read_is_a_warning_and_its_words_stay(scene: SarScene) -> None:
    sorry = "I am sorry, I cannot help with that."
    result = interpreted(scene, ("detect", "count", "locate"), completion(sorry))
    assert summary(result)["counts"] == {"ship": None}
    assert set(answers(result)) == {(task, "", "unreadable") for task in ("detect", "count", "locate")}
    assert {row["raw_text"] for row in feature_tables(result)[2].rows} == {sorry}
    assert "2 of 2 chips could not be read (2 unreadable). Nothing is known." in result.warnings
    some = interpreted(scene, ("detect", "count"), completion(BOX), completion("None"), completion(sorry))
    assert "2 of 2 chips could not be read (2 unreadable). Some answers could be." in some.warnings


def partly_read(scene: SarScene) -> Interpretation:
    """The left chip holds a ship in cell 1 of the scene; nobody could read what was said of the right one."""
    return interpreted(scene, ("detect", "locate"), completion(BOX), completion("I am sorry."))


def test_of_cells_that_reach_into_chips_that_could_not_be_read_nothing_is_said(scene: SarScene) -> None:
    cells, said = (feature_tables(partly_read(scene))[i].rows for i in (1, 2))
    present = {row["cell"]: row["present"] for row in cells if row["chip"] == "scene"}
    assert present == {1: True, 4: False, 7: False} | dict.fromkeys((2, 3, 5, 6, 8, 9))
    assert [row["answer"] for row in said if row["chip"] == "scene"] == ["1 (unknown: 2, 3, 5, 6, 8, 9)"]


def test_a_map_claims_no_zero_where_nothing_could_be_read(scene: SarScene, tmp_path: Path) -> None:
    draw_map(partly_read(scene), tmp_path / "m.png")
    with Image.open(tmp_path / "m.png") as picture:
        assert picture.text["Title"] == "1 ship"
        assert "cell 1: ≥ 1; cell 2: ?" in picture.text["Description"]
        assert "could not be read" in picture.text["Comment"]
    draw_map(interpreted(scene, ("detect", "locate"), completion("I am sorry.")), tmp_path / "m.png")
    with Image.open(tmp_path / "m.png") as picture:
        assert picture.text["Title"] == "unknown number of ships"
        assert picture.text["Description"].startswith("ship: not known where; cell 1: ?; cell 2: ?")
    draw_map(interpreted(scene, ("count",), completion("4")), tmp_path / "m.png")
    with Image.open(tmp_path / "m.png") as picture:
        assert (picture.text["Title"], picture.text["Description"]) == ("8 ships", "ship: not known where")


@pytest.mark.parametrize("task", ["count", "locate", "detect", "describe"])
@pytest.mark.parametrize("words", ["I can make out at least 2", "4", "1, 4", "None", "A harb"])
def test_words_that_broke_off_are_truncated_in_every_task(scene: SarScene, task: str, words: str) -> None:
    result = interpreted(scene, (task,), completion(words, finish="length"))
    assert {(t, status) for t, _, status in answers(result)} == {(task, "truncated")}
    assert {answer for _, answer, _ in answers(result)} == ({words} if task == "describe" else {""})
    assert result.counts() in ({}, {"ship": None})


def test_a_list_of_targets_that_broke_off_keeps_its_targets_and_says_so(scene: SarScene) -> None:
    torn = completion(BOX[:-1] + ', {"bbox_2d": [20', finish="length")
    result = interpreted(scene, ("detect",), torn, completion("None"))
    assert result.counts() == {"ship": 1}
    assert [row["parse_status"] for row in feature_tables(result)[0].rows] == ["truncated"]
    assert any("On 1 of 2 chips the list of targets broke off" in w for w in result.warnings)


def test_an_answer_that_broke_off_in_reasoning_says_what_to_do(scene: SarScene) -> None:
    result = interpreted(scene, ("count",), completion(THOUGHT, finish="length"))
    assert result.counts() == {"ship": None}
    assert any("still reasoning" in w and "thinking_tokens" in w for w in result.warnings)
    assert {row["raw_text"] for row in feature_tables(result)[2].rows} == {THOUGHT}
    with Server(lambda seen: completion(THOUGHT, finish="length")) as server:
        engine = RemoteEngine(server.url)
        said = list(ask(scene, engine, "Is this a harbour?"))
        assert any("still reasoning" in w for w in inquiry_of(scene, engine, Scope(), said).warnings)


def test_a_model_that_thinks_is_given_room(scene: SarScene) -> None:
    asked: list[Seen] = []

    def behave(seen: Seen) -> str:
        asked.append(seen)
        return "4"

    with Server(behave) as server:
        for tokens in (0, 2000):
            interpret(scene, RemoteEngine(server.url, thinking_tokens=tokens), Scope(("count",), ("ship",)))
    assert {seen.body["max_tokens"] for seen in asked} == {16, 2016}


@pytest.mark.parametrize("unit", ["fractions", "thousandths", "pixels"])
def test_units_are_those_that_were_declared(scene: SarScene, unit: str) -> None:
    span = {"fractions": 1, "thousandths": 1000, "pixels": 504}[unit]
    box = [round(v / 504 * span, 4) for v in (140, 148, 160, 152)]
    said = completion(f'[{{"bbox_2d": {box}, "label": "ship"}}]')
    result = interpreted(scene, ("detect",), said, completion("None"), coordinates=unit)
    (target,) = result.targets
    assert target.detection.bbox == pytest.approx((140, 148, 160, 152), abs=0.3)
    if unit == "fractions":
        undeclared = interpreted(scene, ("detect",), said, coordinates="pixels")
        assert undeclared.counts() == {"ship": None}
        assert set(answers(undeclared)) == {("detect", "", "out_of_range")}
