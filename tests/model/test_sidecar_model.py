"""The sidecar with a model behind it: what the plugin's box tool and questions get."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from scenes import ships_scene
from sidecar_client import Client


@pytest.fixture(scope="module")
def scene(tmp_path_factory) -> Path:
    return ships_scene(tmp_path_factory.mktemp("scene") / "scene.tif", [(60, 60)], shape=(250, 250))


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    made = Client()
    yield made
    made.close()


def ask(client: Client, method: str, taught: Path, **params) -> dict:
    client.notes.clear()
    return client.ask(method, engine="fusar", engine_options={"model": str(taught)}, **params)


def test_the_engine_says_what_it_can(client: Client, taught: Path) -> None:
    about = ask(client, "engine_info", taught)["result"]
    assert {"classify", "ask", "describe", "detect"} <= set(about["tasks"])
    assert len(about["classes"]) > 1


def test_without_a_model_the_bundled_one_answers(client: Client) -> None:
    about = client.ask("engine_info", engine="fusar")["result"]
    assert about["model"].startswith("fusar-nano ")


def test_what_a_demonstration_model_answers_says_so_everywhere(client: Client, taught: Path, scene: Path) -> None:
    infos = {info["name"]: info["demonstration"] for info in client.ask("initialize")["result"]["engine_infos"]}
    assert infos == {"cfar": False, "fusar": True, "server": False}
    extent, box = [400_000, 5_698_300, 401_700, 5_700_000], [400_500, 5_699_300, 400_700, 5_699_500]
    for model, shown in ((None, True), (str(taught), False)):
        given = {"engine": "fusar", "engine_options": {"model": model}, "scene": str(scene), "extent": extent}
        assert client.ask("engine_info", **given)["result"]["demonstration"] is shown
        for method, more in (
            ("interpret", {"tasks": ["count"]}),
            ("classify_box", {"box": box}),
            ("ask", {"question": "Is this a harbour?"}),
        ):
            said = client.ask(method, **given, **more)["result"]
            assert said["demonstration"] is shown
            assert said["metadata"]["demonstration"] == ("yes" if shown else "no")
            assert any("is a demonstration model" in warning for warning in said["warnings"]) is shown


def test_a_box_is_classified(client: Client, taught: Path, scene: Path) -> None:
    box = [400_500, 5_699_300, 400_700, 5_699_500]
    answer = ask(client, "classify_box", taught, scene=str(scene), box=box)["result"]
    (row,) = answer["answers"]
    assert row["task"] == "classify"
    assert row["prompt"]
    assert row["raw_text"]
    (feature,) = client.layers(provisional=False)["detections"]
    ring = feature["geometry"]["coordinates"][0]
    assert (min(x for x, _ in ring), max(y for _, y in ring)) == (400_500, 5_699_500)


def test_a_question_is_answered_chip_by_chip(client: Client, taught: Path, scene: Path) -> None:
    answer = ask(client, "ask", taught, scene=str(scene), question="Is this a harbour?")["result"]
    assert len(answer["answers"]) == 9  # 250 pixels in chips of 112
    assert {row["question"] for row in answer["answers"]} == {"Is this a harbour?"}
    assert [n["params"]["done"] for n in client.notes if n["method"] == "progress"] == list(range(1, 10))


def test_a_scene_is_described(client: Client, taught: Path, scene: Path) -> None:
    tasks = ["detect", "count", "locate", "describe"]
    ask(client, "interpret", taught, scene=str(scene), tasks=tasks, extent=[400_000, 5_698_900, 401_100, 5_700_000])
    rows = [f["properties"] for f in client.layers(provisional=False)["answers"]]
    assert {"count", "locate", "describe"} <= {row["task"] for row in rows}


def test_a_question_that_nano_was_not_trained_for_is_refused_with_what_it_can_be_asked(
    client: Client, scene: Path
) -> None:
    extent = [400_000, 5_698_300, 401_700, 5_700_000]
    given = {"engine": "fusar", "scene": str(scene), "extent": extent}
    error = client.ask("ask", question="What might the weather be?", **given)["error"]["data"]
    assert error["code"] == "UNKNOWN_QUESTION"
    assert "Is there a ship in this SAR image?" in error["hint"]
    for question in ("is there any ship here", "Are there ships in the image?", "Is this an airfield?"):
        row = client.ask("ask", question=question, **given)["result"]["answers"][0]
        assert row["raw_text"] in ("Yes.", "No.")
        assert row["question"] == question
        assert row["prompt"] in ("Is there a ship in this SAR image?", "Is this an airfield?")
    told = client.ask("ask", question="When was this taken?", **given)["result"]
    assert (told["engine"], told["demonstration"], told["answers"][0]["parse_status"]) == (
        "metadata",
        False,
        "metadata",
    )


def test_an_empty_box_has_nothing_there(client: Client, scene: Path) -> None:
    box = [401_500, 5_697_900, 401_700, 5_698_100]
    (row,) = client.ask("classify_box", engine="fusar", scene=str(scene), box=box)["result"]["answers"]
    assert (row["class"], row["parse_status"], row["length_m"]) == ("", "nothing", None)
