"""Scores an engine on a COCO data set, case by case: one image and one category."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fusar_core import __version__
from fusar_core.engines.base import Engine, shown_only
from fusar_core.evaluation.coco import CocoDataset
from fusar_core.evaluation.coco_cases import CocoCases
from fusar_core.evaluation.results import Results
from fusar_core.evaluation.running import run
from fusar_core.scoring.clutter import BRIGHT_LEVEL, MOST_BRIGHT
from fusar_core.scoring.detection import IOU_THRESHOLDS


def evaluate(
    dataset: CocoDataset,
    engine: Engine,
    task: str,
    classes: Sequence[str] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Results:
    """Shows every image, whole and as it is, to the engine and scores the answers; see `CocoCases`.

    Images stream: one is in memory at a time, or as many as the engine takes in a batch. Detections that carry a flag
    are left out, as they are from counts. on_progress(done, total) is called after each image.

    Raises UnknownTask, UnsupportedTask, UnknownClass, BadOption, BadDataset.
    """
    source = CocoCases(dataset, engine, task, classes)
    results = run(engine, source, _about(source, engine), on_progress=on_progress)
    results.about["warnings"] = [*shown_only(engine), *engine.report().warnings]  # only now it knows its server
    return results


def _about(source: CocoCases, engine: Engine) -> dict[str, Any]:
    return {
        "version": __version__,
        "engine": engine.name,
        "model": engine.model,
        "tasks": [source.task],
        "classes": list(source.classes),
        "dataset": {
            "file": source.dataset.name,
            "sha256": source.dataset.sha256,
            "images": len(source.dataset.images),
        },
        "iou_thresholds": list(IOU_THRESHOLDS),
        "clutter": {"bright_level": BRIGHT_LEVEL, "offshore_like_below": MOST_BRIGHT},
    }
