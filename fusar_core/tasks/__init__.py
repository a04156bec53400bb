"""The tasks an engine can be asked; one file a task: its prompt, how its answer is written, and how it is read."""

from collections.abc import Sequence

DETECT = "detect"
COUNT = "count"
LOCATE = "locate"
CLASSIFY = "classify"
DESCRIBE = "describe"
ASK = "ask"

TASKS: tuple[str, ...] = (DETECT, COUNT, LOCATE)
"""Tasks that can be asked of any scene about each class, in the order in which answers are listed."""
SCENE_TASKS: tuple[str, ...] = (*TASKS, DESCRIBE)
"""Also the one that is about no class: what can be asked of every chip of a scene."""
ALL_TASKS: tuple[str, ...] = (*SCENE_TASKS, CLASSIFY, ASK)
"""Also those that need a box (classify) or a question (ask)."""


def questions(tasks: Sequence[str], classes: Sequence[str]) -> list[tuple[str, str]]:
    """What is asked about one chip, in the order of the answers: (task, class), the class empty where none matters."""
    return [(t, c) for t in tasks for c in (classes if t in TASKS else ("",))]
