"""What training knows of each task, beside `fusar_core.tasks`: one file and one line in `TRAINED` for those that need
more than every task has."""

from __future__ import annotations

from fusar_core.tasks import ASK, CLASSIFY, COUNT, DESCRIBE, DETECT, FINE, LOCATE, scored_task
from training.data.tasks.base import TrainedTask
from training.data.tasks.captioning import TrainedCaptioning
from training.data.tasks.classification import TrainedClassification, TrainedFineClassification
from training.data.tasks.counting import TrainedCounting
from training.data.tasks.detection import TrainedDetection
from training.data.tasks.localization import TrainedLocalization
from training.data.tasks.question import TrainedQuestion

TRAINED: dict[str, type[TrainedTask]] = {
    DETECT: TrainedDetection,
    COUNT: TrainedCounting,
    LOCATE: TrainedLocalization,
    DESCRIBE: TrainedCaptioning,
    CLASSIFY: TrainedClassification,
    FINE: TrainedFineClassification,
    ASK: TrainedQuestion,
}


def trained(name: str) -> TrainedTask:
    """What training knows of a task, variants among them. Raises UnknownTask."""
    return TRAINED.get(name, TrainedTask)(scored_task(name))
