"""The tasks that can be asked: as the engine told them last, or else as they came with the plugin."""

from __future__ import annotations

import json
from pathlib import Path

from . import settings

FILE = Path(__file__).with_name("tasks.json")  # written by scripts/make_tasks.py
ABOUT_SCENES = ("class", "chip")  # the others need a box or a question


def learn(told) -> bool:
    """Keeps what an engine says of its tasks when it starts (`task_info`); True where that is news."""
    if not isinstance(told, list) or not all(
        isinstance(t, dict) and {"name", "title", "about"} <= set(t) for t in told
    ):
        return False  # an older engine
    if not told or told == known():
        return False
    settings.put("known_tasks", json.dumps(told, ensure_ascii=False))
    return True


def known() -> list[dict]:
    """Of each task its `name`, `title`, what it is `about`, and whether it is `usual`, in the order of the engine."""
    try:
        return json.loads(settings.get("known_tasks") or FILE.read_text("utf-8"))
    except ValueError:
        return json.loads(FILE.read_text("utf-8"))


def of_scenes() -> dict[str, str]:
    """Name → title of the tasks that can be asked of a whole scene."""
    return {task["name"]: task["title"] for task in known() if task["about"] in ABOUT_SCENES}


def usual() -> list[str]:
    """Names of those that are asked unless somebody chooses."""
    return [task["name"] for task in known() if task.get("usual")]
