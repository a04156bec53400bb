"""A box with nothing in it: no engine is asked, and no class is claimed; a box with a ship in it is asked about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scenes import plant, sea, write

from fusar_core.domain.answers import Answer
from fusar_core.domain.tiling import Window
from fusar_core.engines.base import NO_HOOKS, Answers, Engine, EngineInfo, Hooks
from fusar_core.interpretation.inquiry import classify_box, inquiry_of
from fusar_core.interpretation.scope import Scope
from fusar_core.results.inquiries import classified_box
from fusar_core.scenes.scene import SarScene

SHIP, EMPTY = Window(95, 135, 30, 30), Window(300, 300, 30, 30)


class Sure(Engine):
    """Says ship, whatever it is shown."""

    info = EngineInfo("sure", "always says ship", frozenset({"classify"}), frozenset({"ship", "plane"}))

    def answer(self, requests: Any, hooks: Hooks = NO_HOOKS) -> Answers:
        for request in requests:
            yield Answer(request.chip.where, "classify", "", "ship", 0.99)


def amplitude() -> np.ndarray[Any, Any]:
    image = sea(480, 480)
    plant(image, 150, 110)
    return image


def in_db() -> np.ndarray[Any, Any]:
    return (20 * np.log10(amplitude() / 3000) - 5).astype(np.float32)  # a dark sea of about -39 dB


def grey(brightness: float) -> np.ndarray[Any, Any]:
    return np.clip(amplitude() * brightness, 0, 255).astype(np.uint8)


def half_land() -> np.ndarray[Any, Any]:
    image = amplitude()
    image[:, 335:] *= 8  # land beside the empty box
    return image.astype(np.uint16)


SCENES = {
    "uint16 amplitude": lambda: amplitude().astype(np.uint16),
    "decibels of a dark sea": in_db,
    "8 bits": lambda: grey(0.5),
    "8 bits, a nearly black sea": lambda: grey(0.05),
    "land beside": half_land,
}


@pytest.mark.parametrize("kind", SCENES)
def test_an_empty_box_is_answered_nothing_there_and_a_ship_is_asked_about(tmp_path: Path, kind: str) -> None:
    with SarScene.open(write(tmp_path / "scene.tif", SCENES[kind]())) as scene:
        nothing = classify_box(scene, Sure(), EMPTY)
        assert (nothing.value, nothing.score, nothing.parse_status) == (None, None, "nothing")
        assert classify_box(scene, Sure(), SHIP).value == "ship"
        (row,) = classified_box(inquiry_of(scene, Sure(), Scope(extent=EMPTY), [nothing])).rows
    assert (row["class"], row["parse_status"], row["score"]) == ("", "nothing", None)


def test_small_and_dark_targets_are_not_turned_away(tmp_path: Path) -> None:
    image = sea(480, 480)
    plant(image, 110, 110, 3, 2)  # two pixels of a boat
    image[290:340, 290:340] *= 0.2  # a slick
    with SarScene.open(write(tmp_path / "scene.tif", image.astype(np.uint16))) as scene:
        assert classify_box(scene, Sure(), Window(100, 100, 20, 20)).parse_status == "ok"
        assert classify_box(scene, Sure(), Window(295, 295, 40, 40)).parse_status == "ok"


def test_a_ship_at_a_white_quay_is_not_turned_away(tmp_path: Path) -> None:
    image = sea(480, 480)
    image[:, 150:] = 5000  # all of it white
    plant(image, 140, 110)
    with SarScene.open(write(tmp_path / "scene.tif", np.clip(image * 0.5, 0, 255).astype(np.uint8))) as scene:
        assert classify_box(scene, Sure(), Window(100, 128, 24, 24)).value == "ship"


def test_where_the_surroundings_are_missing_the_engine_is_asked(tmp_path: Path) -> None:
    with SarScene.open(write(tmp_path / "scene.tif", sea(60, 60).astype(np.uint16), tiled=False)) as scene:
        assert classify_box(scene, Sure(), Window(0, 0, 60, 60)).value == "ship"


def test_the_sides_of_a_drawn_box_are_no_length(tmp_path: Path) -> None:
    with SarScene.open(write(tmp_path / "scene.tif", amplitude().astype(np.uint16))) as scene:
        answer = classify_box(scene, Sure(), SHIP)
        (row,) = classified_box(inquiry_of(scene, Sure(), Scope(extent=SHIP), [answer])).rows
    assert (row["class"], row["length_m"], row["width_m"], row["area_m2"]) == ("ship", None, None, None)
    assert row["px_bbox"] == "135,95,165,125"
