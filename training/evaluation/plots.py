"""Accuracies of several runs with their intervals, floors and ceilings, as pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fusar_core.files import atomic_path
from fusar_core.tasks import scored_task
from training.evaluation import paper

GREY = "#888888"


def draw_accuracies(runs: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """One panel a task, one point a run with its 95 % interval; beside it the floor of its cases, and the ceiling of
    a reader without prior where the data say it."""
    tasks = [task for task in paper.ABLATED if any(task in r["scores"] for r in runs.values())] or [paper.ABLATED[0]]
    figure, panels = _panels(len(tasks), list(runs), 0.34)
    for axes, task in zip(panels, tasks, strict=True):
        for row, results in enumerate(runs.values()):
            if task in results["scores"]:
                value, (low, high) = _measured(task, results["scores"][task]["all"])
                axes.errorbar(value, row, xerr=[[value - low], [high - value]], fmt="o", color="#1f4e79", capsize=3)
        for marker, label, said in (("|", "floor", floor_of), ("d", "ceiling without prior", ceiling_of)):
            levels = [(v, row) for row, r in enumerate(runs.values()) if (v := said(r, task)) is not None]
            if levels:
                look = {"marker": marker, "markersize": 15 if marker == "|" else 6, "color": GREY, "fillstyle": "none"}
                axes.plot(*zip(*levels, strict=True), linestyle="none", label=label, **look)
        axes.set(title=_title(task), xlim=(-0.03, 1.03), xticks=[0, 0.25, 0.5, 0.75, 1])
        axes.set_xticklabels(["0", ".25", ".5", ".75", "1"])
    _write(figure, panels, path)


def draw_ablation(lines: Sequence[Mapping[str, Any]], levels: Mapping[str, Mapping[str, float]], path: Path) -> None:
    """One panel a measure, one row a line of `ablation_table.lines`: a ring a seed, a bar at their mean.

    levels: measure → what to draw a vertical line at (`floor`, `ceiling without prior`); these measures are shown.
    """
    figure, panels = _panels(len(levels), [line["arm"] for line in lines], 0.28)
    for axes, (measure, marks) in zip(panels, levels.items(), strict=True):
        shown = [0.0]
        for row, line in enumerate(lines):
            if said := line.get(measure):
                own = line["arm"].startswith("tlm")
                colour = "#1f4e79" if own else "#b5651d"
                axes.plot(
                    said["values"], [row] * len(said["values"]), "o", color=colour, fillstyle="none", markersize=5
                )
                axes.plot([said["mean"]] * 2, [row - 0.3, row + 0.3], color=colour, linewidth=2)
                shown += said["values"]
        for (name, value), style in zip(marks.items(), ("--", ":"), strict=False):
            axes.axvline(value, color=GREY, linestyle=style, linewidth=1, label=name)
            shown.append(value)
        least = min(shown[1:], default=0.0)
        axes.set(title=measure, xlim=(max(0.0, least - 0.05), min(1.0, max(shown) + 0.05)))
    _write(figure, panels, path)


def _panels(count: int, rows: Sequence[str], row_in: float) -> tuple[Any, Any]:
    """A figure and so many panels side by side that share their named rows, of so many inches, from the top down."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    size = (2.7 * count + 2.2, row_in * len(rows) + 1.7)
    figure = Figure(figsize=size, layout=ConstrainedLayoutEngine(wspace=0.06))
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, count, sharey=True, squeeze=False)[0]
    for axes in panels:
        axes.grid(axis="x", alpha=0.3)
        axes.set_yticks(range(len(rows)), rows)
        axes.set_ylim(len(rows) - 0.5, -0.5)
    return figure, panels


def _write(figure: Any, panels: Any, path: Path) -> None:
    """Writes the figure, with one legend for what its panels name."""
    named = {str(line.get_label()): line for axes in panels for line in axes.get_lines()}
    if handles := [line for name, line in named.items() if not name.startswith("_")]:
        figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120, format="png")


def _measured(task: str, score: Mapping[str, Any]) -> tuple[float, tuple[float, float]]:
    said = scored_task(task).main_number(score)
    low, high = said["interval_95"] or (said["value"], said["value"])
    return said["value"], (min(low, said["value"]), max(high, said["value"]))


def _title(task: str) -> str:
    noun, measure = scored_task(task).noun, scored_task(task).headline
    return noun if noun == measure else f"{noun}, {measure}"


def floor_of(results: Mapping[str, Any], task: str) -> float | None:
    """The floor of a task in an evaluation, None where it has none."""
    score = results["scores"].get(task)
    return score["all"].get("majority_floor", {}).get("value") if score else None


def ceiling_of(results: Mapping[str, Any], task: str) -> float | None:
    """What a reader without prior could reach, None where the data do not say it."""
    value: float | None = results.get("ceiling_without_prior", {}).get(task)
    return value if task in results["scores"] else None
