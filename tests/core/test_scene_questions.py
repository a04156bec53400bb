"""Questions that a scene answers itself: by its metadata, and by merged detections, whatever the engine."""

from __future__ import annotations

from pathlib import Path

import pytest
from scenes import ships_scene

from fusar_core.cli import main
from fusar_core.engines import open_engine
from fusar_core.errors import UnsupportedTask
from fusar_core.interpretation.inquiry import ask, inquiry_of
from fusar_core.interpretation.scene_questions import scene_question
from fusar_core.interpretation.scope import Scope
from fusar_core.results.inquiries import asked
from fusar_core.scenes.scene import SarScene

CENTRES = [(150.0, 150.0), (420.0, 300.0), (700.0, 520.0)]
PRODUCT = "S1A_IW_GRDH_1SDV_20240601T055000_20240601T055025_054123_0694AB_1234.tif"
CLASSES = ("plane", "ship")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ships_scene(tmp_path_factory.mktemp("scene") / PRODUCT, CENTRES)


@pytest.mark.parametrize(
    ("question", "topic", "labels"),
    [
        ("When was this image taken?", "time", ()),
        ("What is the acquisition date of the scene?", "time", ()),
        ("这张图像是什么时候拍摄的？", "time", ()),
        ("成像时间", "time", ()),
        ("Where is this?", "place", ()),
        ("Tell me the coordinates of this image.", "place", ()),
        ("这幅图像在哪里？", "place", ()),
        ("Which satellite took this picture?", "sensor", ()),
        ("What polarisation is this?", "sensor", ()),
        ("这是哪颗卫星拍摄的？", "sensor", ()),
        ("How large is the scene?", "size", ()),
        ("What is the pixel size?", "size", ()),
        ("图像的分辨率是多少", None, ()),  # two topics' words: an engine is asked
        ("图像多大？", "size", ()),
        ("How many ships are there?", "number", ("ship",)),
        ("How many vessels can you see in this area?", "number", ("ship",)),
        ("How many ships and planes are in the image?", "number", ("plane", "ship")),
        ("Count the ships.", "number", ("ship",)),
        ("图中有多少艘船？", "number", ("ship",)),
        ("有几架飞机", "number", ("plane",)),
        ("飞机的数量", "number", ("plane",)),
        # other questions
        ("Is there a ship in this SAR image?", None, ()),
        ("Is this a harbour?", None, ()),
        ("Is there a city in this image?", None, ()),
        ("How many ships are in the harbour?", None, ()),
        ("How many ships are longer than 100 m?", None, ()),
        ("How many ships are moving?", None, ()),
        ("How many bridges are there?", None, ()),
        ("Where are the ships?", None, ()),
        ("When will the ships leave?", None, ()),
        ("How large is the largest ship?", None, ()),
        ("有船吗？", None, ()),
        ("船在哪里？", None, ()),
        ("最大的船多大", None, ()),
        ("港口有几艘船", None, ()),
        ("Describe the image.", None, ()),
        ("", None, ()),
    ],
)
def test_which_questions_a_scene_answers(question: str, topic: str | None, labels: tuple[str, ...]) -> None:
    found = scene_question(question, CLASSES)
    assert (found.topic if found else None) == topic
    if found:
        assert set(found.labels) == set(labels)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("When was this taken?", ["2024-06-01T05:50:00Z", "(from metadata)"]),
        ("这是什么时候拍摄的？", ["2024-06-01T05:50:00Z", "（来自元数据）"]),
        ("Where is this?", ["Longitude 1.5", "latitude 51.", "EPSG:32631", "(from metadata)"]),
        ("How large is the scene?", ["900 × 700 pixels", "10.0", "9.0 × 7.0 km", "(from metadata)"]),
        ("Which satellite took this?", ["Sentinel-1A", "radar band C", "(from metadata)"]),
    ],
)
def test_metadata_answer_for_any_engine(scene: Path, question: str, said: list[str]) -> None:
    engine = open_engine("cfar")
    with SarScene.open(scene) as opened:
        answers = list(ask(opened, engine, question))
        told = inquiry_of(opened, engine, Scope(), answers, question)
        (row,) = asked(told).rows
    assert all(part in row["answer"] for part in said), row["answer"]
    assert (row["engine"], row["model"], row["parse_status"], row["chip"]) == ("metadata", "", "metadata", "scene")
    assert not told.demonstration


@pytest.mark.parametrize("question", ["How many ships are there?", "有多少艘船？"])
def test_counts_come_from_merged_detections(scene: Path, question: str) -> None:
    engine = open_engine("cfar")
    with SarScene.open(scene) as opened:
        answers = list(ask(opened, engine, question))
        (row,) = asked(inquiry_of(opened, engine, Scope(), answers, question)).rows
    assert "3" in row["answer"]
    assert "cfar" in row["answer"]
    assert (row["engine"], row["parse_status"]) == ("cfar", "derived")


def test_metadata_that_do_not_say_are_not_guessed(tmp_path: Path) -> None:
    path = ships_scene(tmp_path / "nameless.tif", CENTRES, tags={}, crs=None)
    with SarScene.open(path) as opened:
        for question in ("When was this taken?", "Where is this?", "Which satellite took this?"):
            (answer,) = ask(opened, open_engine("cfar"), question)
            assert answer.value == "The metadata of this scene do not say."


def test_another_question_to_an_engine_without_words_says_what_can_be_asked(scene: Path) -> None:
    with SarScene.open(scene) as opened, pytest.raises(UnsupportedTask, match="when and where a scene was acquired"):
        list(ask(opened, open_engine("cfar"), "Is this a harbour?"))


def test_the_command_says_that_it_is_from_metadata(scene: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["ask", str(scene), "When was this taken?", "--engine", "cfar"])
    assert capsys.readouterr().out.strip().endswith("(from metadata).")
