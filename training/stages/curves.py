"""Training curves as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from fusar_core.files import atomic_path


def draw_curves(losses: Mapping[str, Sequence[tuple[int, float]]], path: Path) -> None:
    """Loss over steps, one line a run; logarithmic. losses: name → (step, loss)."""
    from matplotlib import colormaps
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    colours = [colormaps["tab10"](number) for number in range(10)]
    axes.set_prop_cycle(color=colours * 2, linestyle=["-"] * len(colours) + ["--"] * len(colours))  # no two look alike
    for name, rows in losses.items():
        if rows:
            axes.plot(*zip(*rows, strict=True), label=name, linewidth=1.2)
    axes.set(xlabel="step", ylabel="loss", yscale="log")
    axes.grid(alpha=0.3, which="both")
    if any(losses.values()):
        figure.legend(frameon=False, loc="outside right upper")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120, format="png")
