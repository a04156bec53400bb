"""Accuracies of several runs with their intervals and floors, as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fusar_core.files import atomic_path
from fusar_core.tasks import CLASSIFY, COUNT, DETECT, LOCATE

SHOWN = {COUNT: "counting", LOCATE: "cells, Acc@100", CLASSIFY: "classification", DETECT: "detection, F1@.25"}


def draw_accuracies(runs: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """One panel a task, one point a run with its 95 % interval; the floor dashed."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    tasks = [task for task in SHOWN if any(task in r["scores"] for r in runs.values())]
    figure = Figure(figsize=(3.2 * len(tasks) + 1.2, 0.32 * len(runs) + 1.4), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, task in zip(figure.subplots(1, len(tasks), sharey=True, squeeze=False)[0], tasks, strict=True):
        for row, results in enumerate(runs.values()):
            if task in results["scores"]:
                value, (low, high) = _measured(task, results["scores"][task]["all"])
                axes.errorbar(value, row, xerr=[[value - low], [high - value]], fmt="o", color="#1f4e79", capsize=3)
        floors = [f for r in runs.values() if (f := _floor(r["scores"].get(task)))]
        if floors:
            axes.axvline(floors[0], color="#888888", linestyle="--", linewidth=1)
        axes.set(title=SHOWN[task], xlim=(0, 1))
        axes.grid(axis="x", alpha=0.3)
        axes.set_yticks(range(len(runs)), list(runs))
    figure.axes[0].invert_yaxis()
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120, format="png")


def _measured(task: str, score: Mapping[str, Any]) -> tuple[float, tuple[float, float]]:
    said = score["at"][0]["f1"] if task == DETECT else score["acc_100" if task == LOCATE else "accuracy"]
    low, high = said["interval_95"] or (said["value"], said["value"])
    return said["value"], (min(low, said["value"]), max(high, said["value"]))


def _floor(score: Mapping[str, Any] | None) -> float | None:
    return score["all"].get("majority_floor", {}).get("value") if score else None
