"""The tasks an engine can be asked: one file a task with all that is known of it, one line each in `TASKS`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from fusar_core.errors import UnknownTask
from fusar_core.tasks.base import CHIP, CLASS, Task
from fusar_core.tasks.captioning import Captioning
from fusar_core.tasks.classification import Classification, FineClassification
from fusar_core.tasks.counting import Counting
from fusar_core.tasks.detection import Detecting
from fusar_core.tasks.localization import Localization
from fusar_core.tasks.question import Asking

DETECT = Detecting.name
COUNT = Counting.name
LOCATE = Localization.name
DESCRIBE = Captioning.name
CLASSIFY = Classification.name
ASK = Asking.name
FINE = FineClassification.name


class Registry(dict[str, Task]):
    """Name → task, in the order in which answers are listed."""

    def __init__(self, *tasks: Task) -> None:
        super().__init__({task.name: task for task in tasks})

    def __missing__(self, name: str) -> Task:
        """Raises UnknownTask, naming those that exist."""
        raise unknown_task(name, self)


TASKS = Registry(
    Detecting(),
    Counting(),
    Localization(),
    Captioning(),
    Classification(),
    Asking(),
)
VARIANTS = Registry(
    FineClassification(),
)
"""Tasks that engines are asked as another one (`asked_as`), and only evaluations tell apart."""


def unknown_task(name: str, known: Iterable[str]) -> UnknownTask:
    return UnknownTask(f"There is no task called '{name}'.", f"Tasks: {', '.join(known)}.")


def require_known(tasks: Iterable[str], known: Collection[str]) -> None:
    """Raises UnknownTask for the first that is not known, naming those that are."""
    for name in tasks:
        if name not in known:
            raise unknown_task(name, known)


def usual_tasks() -> tuple[str, ...]:
    """What is asked of a scene unless tasks are named."""
    return tuple(name for name, task in TASKS.items() if task.usual)


def task_info() -> list[dict[str, Any]]:
    """What other programs need to offer the tasks: their names, titles, and what each is about, as JSON."""
    return [
        {"name": name, "title": t.title, "about": t.about, "per_class": t.per_class, "usual": t.usual}
        for name, t in TASKS.items()
    ]


def class_tasks() -> tuple[str, ...]:
    """What can be asked of any chip about each class."""
    return tuple(name for name, task in TASKS.items() if task.about == CLASS)


def told_by_boxes() -> tuple[str, ...]:
    """What can be scored where nothing is known but the boxes of each class."""
    return tuple(name for name in class_tasks() if TASKS[name].truth((), (1.0, 1.0)) is not None)


def scene_tasks() -> tuple[str, ...]:
    """What can be asked of every chip of a scene, with no box or question given."""
    return tuple(name for name, task in TASKS.items() if task.about in (CLASS, CHIP))


def finding(tasks: Iterable[str]) -> tuple[str, ...]:
    """Those whose answers are targets; names that are no tasks are left out."""
    return tuple(name for name in tasks if name in TASKS and TASKS[name].finds)


def to_ask(tasks: Iterable[str], derived: Collection[str]) -> tuple[str, ...]:
    """What an engine is asked so that all these tasks can be answered: detection in place of those that it derives,
    and in place of variants what they are variants of."""
    return tuple(dict.fromkeys(DETECT if name in derived else scored_task(name).asked_as for name in tasks))


def questions(tasks: Sequence[str], classes: Sequence[str]) -> list[tuple[str, str]]:
    """What is asked about one chip, in the order of the answers: (task, class), the class empty where none matters.

    Raises UnknownTask.
    """
    return [(name, label) for name in tasks for label in (classes if TASKS[name].per_class else ("",))]


def scored_task(name: str) -> Task:
    """The task that rows of results with this name are scored by, variants among them. Raises UnknownTask."""
    return VARIANTS[name] if name in VARIANTS else TASKS[name]
