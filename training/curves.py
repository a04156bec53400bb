"""Training curves as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from fusar_core.files import atomic_path

COLOURS = 10
"""Of matplotlib's cycle; lines after that many are dashed, so that no two look alike."""


def draw_curves(losses: Mapping[str, Sequence[tuple[int, float]]], path: Path) -> None:
    """Loss over steps, one line a run; logarithmic. losses: name → (step, loss)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_prop_cycle(linestyle=["-"] * COLOURS + ["--"] * COLOURS, color=[f"C{i}" for i in range(COLOURS)] * 2)
    for name, rows in losses.items():
        if rows:
            axes.plot(*zip(*rows, strict=True), label=name, linewidth=1.2)
    axes.set(xlabel="step", ylabel="loss", yscale="log")
    axes.grid(alpha=0.3, which="both")
    if any(losses.values()):
        figure.legend(frameon=False, loc="outside right upper")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120, format="png")
