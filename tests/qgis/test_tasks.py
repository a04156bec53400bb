"""The plugin offers the tasks that the engine tells, and until then those it came with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from fusar_qgis import settings, tasks
from fusar_qgis.gui.scene_form import SceneForm
from fusar_qgis.provider.interpret_scene import InterpretScene

pytestmark = pytest.mark.usefixtures("qgis_app")
PRESENCE = {"name": "presence", "title": "Presence", "about": "class", "per_class": True, "usual": False}


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    yield
    settings.put("known_tasks", None)


def test_it_comes_with_the_tasks_of_its_engine() -> None:
    told = json.loads((Path(tasks.__file__).parent / "tasks.json").read_text("utf-8"))
    assert list(tasks.of_scenes()) == [t["name"] for t in told if t["about"] in ("class", "chip")]
    assert tasks.usual() == [t["name"] for t in told if t["usual"]]
    assert {"detect", "count", "locate"} <= set(tasks.usual())


def test_a_task_that_an_engine_tells_is_offered_in_panel_and_processing() -> None:
    form = SceneForm()
    form.task_boxes["count"].setChecked(False)
    assert tasks.learn([*tasks.known(), PRESENCE])
    assert not tasks.learn(tasks.known())  # no news
    form.renew_tasks()
    assert [box.text() for box in form.task_boxes.values()][-1] == "Presence"
    assert not form.task_boxes["count"].isChecked()
    form.set_abilities(form.engine, ["presence"], ["ship"])
    assert form.tasks == ["presence"]
    algorithm = InterpretScene()
    algorithm.initAlgorithm()
    parameter = algorithm.parameterDefinition("TASKS")
    assert "presence" in parameter.options()
    assert list(parameter.defaultValue()) == tasks.usual()


@pytest.mark.parametrize("told", [None, [], "detect", [{"name": "detect"}], [7]])
def test_an_engine_that_tells_nothing_changes_nothing(told: object) -> None:
    before = tasks.known()
    assert not tasks.learn(told)
    assert tasks.known() == before


def test_damaged_settings_are_as_none() -> None:
    settings.put("known_tasks", "{")
    assert "detect" in tasks.of_scenes()
