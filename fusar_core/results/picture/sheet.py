"""The sheet a map is drawn on: a matplotlib figure measured in pixels from its top left, with one image panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusar_core.domain.tiling import Window
from fusar_core.files import atomic_path

DPI = 150
INK, PALE = "#1c2730", "#5b6b78"

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels of the picture."""


@dataclass(frozen=True)
class Panel:
    """Where a part of a scene lies in the picture.

    window: the part, in scene pixels. left, top, width, height: in pixels of the picture. flip_x, flip_y: whether it is
    shown from right to left, and from bottom to top.
    """

    window: Window
    left: int
    top: int
    width: int
    height: int
    flip_x: bool = False
    flip_y: bool = False

    @property
    def scale(self) -> tuple[float, float]:
        """Picture pixels per scene pixel, along x and along y."""
        return self.width / self.window.width, self.height / self.window.height

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Scene pixel (x, y) → pixel of the picture; outer corners map to outer corners."""
        per_x, per_y = self.scale
        from_left = self.window.right - x if self.flip_x else x - self.window.col
        from_top = self.window.bottom - y if self.flip_y else y - self.window.row
        return self.left + from_left * per_x, self.top + from_top * per_y

    def box(self, x1: float, y1: float, x2: float, y2: float) -> Box:
        """Scene pixels (two opposite corners) → the box between them in the picture."""
        (ax, ay), (bx, by) = self.at(x1, y1), self.at(x2, y2)
        return min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)

    def holds(self, box: Box, margin: float = 0.0) -> bool:
        """Whether a box of the picture lies wholly inside, with a margin."""
        return (
            box[0] >= self.left + margin
            and box[1] >= self.top + margin
            and box[2] <= self.left + self.width - margin
            and box[3] <= self.top + self.height - margin
        )


class Sheet:
    """A white sheet of whole pixels with one panel, whose axes are scene pixels (outer-corner convention).

    axes: matplotlib axes of the panel. Needs no display and leaves matplotlib's global state alone.
    """

    def __init__(self, panel: Panel, width: int, height: int) -> None:
        from matplotlib import font_manager, patheffects
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.panel, self.width, self.height = panel, width, height
        self.figure: Any = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor="white")
        canvas: Any = FigureCanvasAgg(self.figure)
        self._renderer = canvas.get_renderer()
        bottom = height - panel.top - panel.height
        place = (panel.left / width, bottom / height, panel.width / width, panel.height / height)
        self.axes: Any = self.figure.add_axes(place)
        across, down = (panel.window.col, panel.window.right), (panel.window.row, panel.window.bottom)
        self.axes.set_xlim(across[::-1] if panel.flip_x else across)
        self.axes.set_ylim(down if panel.flip_y else down[::-1])
        self.halo = [patheffects.withStroke(linewidth=2.4, foreground="black", alpha=0.8)]
        known = set(font_manager.get_font_names())
        han = ["Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", "SimHei", "WenQuanYi Zen Hei"]  # for file names
        self.fonts = ["DejaVu Sans", *(font for font in han if font in known)]
        files = [font_manager.findfont(font) for font in self.fonts]
        self._glyphs = {code for file in files for code in font_manager.get_font(file).get_charmap()}

    def text(
        self,
        left: float,
        top: float,
        words: str,
        size: float,
        *,
        color: str = INK,
        bold: bool = False,
        halo: bool = False,
        align: str = "left",
    ) -> None:
        """Writes words whose upper left (or, by `align`, upper right or middle) is at a pixel; size in points."""
        self.figure.text(
            left / self.width,
            1 - top / self.height,
            self._written(words),
            fontsize=size,
            color=color,
            weight="bold" if bold else "normal",
            family=self.fonts,
            ha=align,
            va="top",
            parse_math=False,
            path_effects=self.halo if halo else None,
            zorder=10,
        )

    def text_size(self, words: str, size: float, bold: bool = False) -> tuple[float, float]:
        """Width and height in pixels of words that would be written."""
        from matplotlib.font_manager import FontProperties

        font = FontProperties(family=self.fonts, size=size, weight="bold" if bold else "normal")
        width, height, _ = self._renderer.get_text_width_height_descent(self._written(words), font, False)
        return float(width), float(height)

    def _written(self, words: str) -> str:
        """The words with a question mark for what no font here has, line breaks included."""
        return "".join(letter if ord(letter) in self._glyphs else "?" for letter in words)

    def fitted(self, words: str, size: float, room: float, bold: bool = False) -> str:
        """The words, with their middle replaced by … where they are wider than `room` pixels."""
        keep = len(words)
        fitting = words
        while keep > 1 and self.text_size(fitting, size, bold)[0] > room:
            keep -= max(1, keep // 20)
            head = (keep + 1) // 2
            fitting = f"{words[:head]}…{words[len(words) - (keep - head) :]}"
        return fitting

    def line(self, points: Sequence[tuple[float, float]], width: float, color: str = INK) -> None:
        """A line through pixels; width in points."""
        from matplotlib.lines import Line2D

        xs, ys = zip(*((x / self.width, 1 - y / self.height) for x, y in points), strict=True)
        self.figure.add_artist(Line2D(xs, ys, color=color, linewidth=width, solid_joinstyle="miter"))

    def arrow(self, tail: tuple[float, float], tip: tuple[float, float]) -> None:
        """A thin arrow from pixel to pixel."""
        from matplotlib.patches import FancyArrowPatch

        ends = [(x / self.width, 1 - y / self.height) for x, y in (tail, tip)]
        arrow = FancyArrowPatch(
            *ends, arrowstyle="-|>", mutation_scale=9, color=INK, linewidth=1.1, shrinkA=0, shrinkB=0
        )
        self.figure.add_artist(arrow)

    def frame(self, box: Box, fill: str, edge: str, style: Any) -> None:
        """A filled rectangle with an outline, in pixels."""
        from matplotlib.patches import Rectangle

        left, top, right, bottom = box
        corner = (left / self.width, 1 - bottom / self.height)
        size = ((right - left) / self.width, (bottom - top) / self.height)
        self.figure.add_artist(Rectangle(corner, *size, facecolor=fill, edgecolor=edge, linewidth=1.4, linestyle=style))

    def save(self, path: Path, metadata: dict[str, str]) -> None:
        """Writes the sheet as a PNG file. Raises OutputUnwritable or DiskFull."""
        with atomic_path(path) as temporary:
            self.figure.savefig(temporary, format="png", dpi=DPI, metadata=metadata)
