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
ALL_TASKS: tuple[str, ...] = (*TASKS, CLASSIFY, DESCRIBE, ASK)
"""Also those that need a box (classify) or a question (ask), or that are about no class (describe, ask)."""


def questions(tasks: Sequence[str], classes: Sequence[str]) -> list[tuple[str, str]]:
    """What is asked about one chip, in the order of the answers: (task, class), the class empty where none matters."""
    return [(t, c) for t in tasks for c in (classes if t in TASKS else ("",))]
