"""A map of what was found, as a PNG: the scene in grey, oriented boxes, 3 × 3 grid, graticule, scale bar, legend."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fusar_core import __version__
from fusar_core.domain.answers import Detection
from fusar_core.domain.grid import Grid
from fusar_core.domain.tiling import Window
from fusar_core.results.picture.frame import (
    graticule,
    ground_aspect,
    metres_label,
    north_in_pixels,
    pixel_ticks,
    scale_bar,
    turned_to_north,
)
from fusar_core.results.picture.marks import (
    DASHED,
    FLAG_COLOUR,
    colours_of,
    draw_boxes,
    draw_grid,
    draw_scores,
    is_drawn_larger,
)
from fusar_core.results.picture.sheet import INK, PALE, Panel, Sheet
from fusar_core.tasks import TASKS

if TYPE_CHECKING:
    from fusar_core.interpretation.result import Interpretation
    from fusar_core.scenes.scene import SarScene

LONG_SIDE = 1800
"""Longest side of the panel in picture pixels; scenes up to half that size are enlarged by a whole factor."""
_SHORT_SIDE, _MOST_STRETCH = 130, 4.0  # a strip is drawn wider than true, up to this factor, rather than invisibly thin
_MOST_ENLARGED = 40
_LEAST_WIDTH = 900  # narrower pictures have no room for their words
_MARGIN_LEFT, _MARGIN_RIGHT, _MARGIN_TOP, _MARGIN_BOTTOM = 148, 78, 104, 64
_TO_LEGEND, _ROW, _LETTER = 62, 28, 10  # from the panel down to the legend, height of its rows, width of a letter
_SIDE = 30  # between the words and the edges of the picture


def _counted(label: str, count: int | None) -> str:
    return f"unknown number of {label}s" if count is None else f"{count} {label}{'' if count == 1 else 's'}"


def draw_map(result: Interpretation, path: Path, extent: Window | None = None) -> Panel:
    """Draws an interpretation; `extent` in scene pixels, the interpreted extent when None. See `draw_picture`."""
    scene, acquired = result.scene, result.scene.acquisition.acquired
    known = result.counts()
    counts = ", ".join(_counted(label, n) for label, n in known.items())
    doubtful = sum(bool(t.detection.flags) for t in result.targets)
    provenance = [
        scene.name,
        f"acquired {acquired}" if acquired else "date of acquisition unknown",
        f"engine {result.engine}" + (f", {result.model}" if result.model else ""),
        scene.grid.crs_name() or "no georeference",
        f"FUSAR {__version__}",
    ]
    return draw_picture(
        scene,
        [t.detection for t in result.targets],
        path,
        extent=extent or result.extent,
        title=counts + (f" (and {doubtful} doubtful, not counted)" if doubtful else ""),
        subtitle=" · ".join([scene.name + (f", {acquired}" if acquired else ""), *_doubts(result)]),
        provenance=" · ".join(provenance),
        classes=result.classes,
        unknown=[label for label in result.classes if not result.looked or known.get(label) is None],
        partly=bool(result.unread()),
        cells=any(TASKS[t].in_cells for t in result.tasks),
    )


def _doubts(result: Interpretation) -> list[str]:
    """What a reader of the map should know before its numbers."""
    shown = [f"{result.model} is a demonstration model, not to be relied on"] if result.demonstration else []
    return [*shown, *result.unread()]


def draw_picture(
    scene: SarScene,
    detections: Sequence[Detection],
    path: Path,
    *,
    extent: Window | None = None,
    title: str = "",
    subtitle: str = "",
    provenance: str = "",
    classes: Sequence[str] = (),
    unknown: Collection[str] = (),
    partly: bool = False,
    cells: bool = False,
) -> Panel:
    """Draws detections (in scene pixels) over the scene as a PNG file; says where in the picture the scene lies.

    extent: the part of the scene to show, all of it when None. classes: fixes the colours of classes and lists them in
    the legend even when nothing was found. unknown: those of which nobody knows where they are. partly: whether
    there may be more than these detections. cells: draws the 3 × 3 grid with the number of unflagged targets a cell.

    Raises OutputUnwritable or DiskFull, and what reading the scene may raise.
    """
    window = (extent or scene.extent).intersection(scene.extent) or scene.extent
    shown = [d for d in detections if _meets(d, window)]
    colours = colours_of(shown, classes)
    entries = _legend(shown, colours, unknown)
    sheet = _sheet(scene.grid, window, entries)
    _draw_scene(sheet, scene)
    labels = draw_grid(sheet, shown, partly=partly or bool(unknown)) if cells else {}
    draw_boxes(sheet, shown, colours)
    scored = draw_scores(sheet, shown, colours, list(labels.values()))
    _draw_frame(sheet, scene.grid)
    _draw_words(sheet, title, subtitle, provenance)
    room = _draw_scale(sheet, scene.grid)
    notes = ["figures beside the boxes: score"] if scored else []
    if any(is_drawn_larger(d.corners, sheet.panel.scale) for d in shown):
        notes.append("small boxes drawn larger")
    if _distortion(sheet, scene.grid) > 1.05:
        notes.append("not in proportion")
    top = sheet.panel.top + sheet.panel.height + _TO_LEGEND
    _draw_legend(sheet, entries, top, room, "; ".join(notes))
    written = "; ".join([*(entry.words for entry in entries), *labels])
    about = {"Title": title, "Description": written, "Comment": subtitle, "Source": provenance}
    sheet.save(path, {**about, "Software": f"FUSAR {__version__}"})
    return sheet.panel


def _meets(detection: Detection, window: Window) -> bool:
    x1, y1, x2, y2 = detection.bbox
    return x2 >= window.col and y2 >= window.row and x1 <= window.right and y1 <= window.bottom


def _sheet(grid: Grid, window: Window, legend: Sequence[_Entry]) -> Sheet:
    """A sheet with room for its words and legend, whose panel has whole pixels, ground proportions where these can be
    shown, and no uneven enlargement."""
    height_over_width = window.height * ground_aspect(grid, window) / window.width
    wide = height_over_width <= 1
    pixels = window.width if wide else window.height
    long = pixels * min(LONG_SIDE // pixels, _MOST_ENLARGED) if pixels <= LONG_SIDE else LONG_SIDE
    true = long * (height_over_width if wide else 1 / height_over_width)
    short = max(round(true), min(_SHORT_SIDE, round(true * _MOST_STRETCH), long), 12)
    width, height = (long, short) if wide else (short, long)
    total = max(width + _MARGIN_LEFT + _MARGIN_RIGHT, _LEAST_WIDTH)
    left = max(_MARGIN_LEFT, (total - width) // 2)
    panel = Panel(window, left, _MARGIN_TOP, width, height, *turned_to_north(grid, window))
    letters = sum(len(entry.words) + 7 for entry in legend) + 30
    rows = 1 + int(letters * _LETTER / (total * 0.55))  # amply: the words are measured only once there is a sheet
    return Sheet(panel, total, _MARGIN_TOP + height + _TO_LEGEND + rows * _ROW + _MARGIN_BOTTOM)


def _distortion(sheet: Sheet, grid: Grid) -> float:
    """How many times longer one ground direction is drawn than the other."""
    per_x, per_y = sheet.panel.scale
    ratio = per_y / (per_x * ground_aspect(grid, sheet.panel.window))
    return max(ratio, 1 / ratio)


def _draw_scene(sheet: Sheet, scene: SarScene) -> None:
    panel, window = sheet.panel, sheet.panel.window
    image, _ = scene.quicklook(window, max_side=max(panel.width, panel.height))
    enlarged = image.shape[1] <= panel.width and image.shape[0] <= panel.height
    sheet.axes.imshow(
        image,
        cmap="gray",
        vmin=0,
        vmax=255,
        extent=(window.col, window.right, window.bottom, window.row),  # outer corners: pixel (0, 0) covers 0…1
        aspect="auto",
        interpolation="nearest" if enlarged else "antialiased",
        zorder=1,
    )


def _draw_frame(sheet: Sheet, grid: Grid) -> None:
    """Degrees on the frame where there is a georeference, pixel numbers where not."""
    panel, window = sheet.panel, sheet.panel.window
    most_x, most_y = max(panel.width // 190, 1), max(panel.height // 130, 1)
    bottom = graticule(grid, window, "top" if panel.flip_y else "bottom", most_x)
    left = graticule(grid, window, "right" if panel.flip_x else "left", most_y)
    in_pixels = not (bottom or left)
    if in_pixels:
        bottom, left = pixel_ticks(window.col, window.width, most_x), pixel_ticks(window.row, window.height, most_y)
    sheet.axes.set_xticks([t.at for t in bottom], [t.label for t in bottom])
    sheet.axes.set_yticks([t.at for t in left], [t.label for t in left])
    sheet.axes.tick_params(labelsize=7.5, color=INK, labelcolor=INK, length=4, width=0.8)
    for spine in sheet.axes.spines.values():
        spine.set(edgecolor=INK, linewidth=0.9)
    if in_pixels:
        sheet.text(panel.left + panel.width, panel.top + panel.height + 34, "pixels", 7.5, color=PALE, align="right")


def _draw_words(sheet: Sheet, title: str, subtitle: str, provenance: str) -> None:
    room = sheet.width - 2 * _SIDE
    sheet.text(_SIDE, 20, sheet.fitted(title, 13, room, bold=True), 13, bold=True)
    sheet.text(_SIDE, 58, sheet.fitted(subtitle, 9, room), 9, color=PALE)
    sheet.text(_SIDE, sheet.height - 32, sheet.fitted(provenance, 7, room), 7, color=PALE)


def _draw_scale(sheet: Sheet, grid: Grid) -> float:
    """Scale bar and north arrow at the lower right; returns how far to the right other things may reach."""
    window = sheet.panel.window
    bar, north = scale_bar(grid, window), north_in_pixels(grid, window)
    right, y = sheet.width - float(_SIDE), sheet.panel.top + sheet.panel.height + _TO_LEGEND + 30.0
    if north:
        x, panel = right - 17, sheet.panel
        dx, dy = (-17 if panel.flip_x else 17) * north[0], (-17 if panel.flip_y else 17) * north[1]
        sheet.arrow((x - dx, y - 6 - dy), (x + dx, y - 6 + dy))
        sheet.text(x - 34, y - 15, "N", 8, bold=True)
        right -= 80
    if bar:
        metres, pixels = bar
        left = right - pixels * sheet.panel.scale[0]
        sheet.line([(left, y - 7), (left, y), (right, y), (right, y - 7)], 1.4)
        sheet.text((left + right) / 2, y - 26, metres_label(metres), 8, align="center")
        right = min(left, (left + right) / 2 - sheet.text_size(metres_label(metres), 8)[0] / 2)
    return right - 30


@dataclass(frozen=True)
class _Entry:
    """A line of the legend: colour and style of the outline, and its words."""

    colour: str
    style: Any
    words: str


def _legend(detections: Sequence[Detection], colours: dict[str, str], unknown: Collection[str]) -> list[_Entry]:
    entries = []
    for label, colour in colours.items():
        count = sum(d.label == label and not d.flags for d in detections)
        where = count if count or label not in unknown else "not known where"
        entries.append(_Entry(colour, "solid", f"{label}: {where}"))
    flags = [flag for d in detections for flag in d.flags]
    for flag in dict.fromkeys(flags):
        entries.append(_Entry(FLAG_COLOUR, DASHED, f"{flag.replace('_', ' ')}, not counted: {flags.count(flag)}"))
    return entries


def _draw_legend(sheet: Sheet, entries: Sequence[_Entry], top: float, room: float, note: str) -> None:
    """Samples of the outlines with what they mean, in as many rows as they need, and a note at the end."""
    x, y = float(_SIDE), top
    for entry in entries:
        words = sheet.fitted(entry.words, 8, room - _SIDE - 34)
        width = 34 + sheet.text_size(words, 8)[0]
        if x > _SIDE and x + width > room:
            x, y = float(_SIDE), y + _ROW
        sheet.frame((x, y, x + 26, y + 18), "#4a4f54", entry.colour, entry.style)
        sheet.text(x + 34, y, words, 8)
        x += width + 28
    if x > _SIDE and x + sheet.text_size(note, 7)[0] > room:
        x, y = float(_SIDE), y + _ROW
    sheet.text(x, y + 2, sheet.fitted(note, 7, room - x), 7, color=PALE)
