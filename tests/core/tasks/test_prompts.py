"""What a model is asked."""

from __future__ import annotations

import pytest

from fusar_core.errors import BadOption
from fusar_core.tasks import captioning, classification, counting, detection, localization, question, questions


def test_the_official_detection_prompt_is_that_of_the_release():
    assert detection.prompt("plane", "official") == (
        "This is a SAR image. Please carefully check the image and detect the following object: plane. Output each "
        "detected target’s bbox coordinates in JSON format. The format of the bbox coordinates is: '''json [ { "
        '"bbox_2d": [x1, y1, x2, y2], "label": "category name" }, { ... } ] \'\'\' If there are no such targets in the '
        "image, simply respond with None."
    )


def test_prompts_name_what_they_ask_for():
    for prompt in (counting.prompt("ship"), localization.prompt("ship"), detection.prompt("ship")):
        assert "ship" in prompt
    assert "[10, 20, 31, 40]" in classification.prompt((10.2, 20, 30.6, 40), ("plane", "ship"))
    assert "plane, ship" in classification.prompt((1, 2, 3, 4), ("plane", "ship"))
    assert captioning.prompt()


def test_a_question_is_asked_as_it_is():
    assert question.prompt(" Is this a harbour? ") == "Is this a harbour?"
    with pytest.raises(BadOption):
        question.prompt(" \n")


def test_questions_about_no_class_are_asked_once():
    assert questions(("detect", "describe", "count"), ("ship", "plane")) == [
        ("detect", "ship"),
        ("detect", "plane"),
        ("describe", ""),
        ("count", "ship"),
        ("count", "plane"),
    ]
