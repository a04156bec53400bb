"""From bright pixels to targets: grown from seeds, measured, and tested for being a ship and not land or an echo."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from fusar_core.engines.cfar.clutter import Blocks, Clutter, by_blocks
from fusar_core.engines.cfar.rectangle import Rectangle, smallest_rectangle
from fusar_core.engines.cfar.settings import Scale, Settings

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]

EIGHT = np.ones((3, 3), bool)
BRIGHT_PART = 95.0
"""Percentile of a target's pixels that stands for its bright parts."""
SIDE_LOBES = 0.05
"""Share of a target's peak below which its side lobes lie (−13 dB, for unweighted spectra)."""
FLEET_FILL = 0.6
FLEET_RATIO = 2.0
"""Neighbours that fill this share of their rectangles, and differ in area by no more than this factor, are a fleet."""


@dataclass(frozen=True)
class Candidate:
    """A group of bright pixels that may be a target.

    rectangle: around its pixels; box: rows and columns (top, left, bottom, right) they span; area: their number;
    bright: that of all bright pixels connected to them. peak: its brightest smoothed pixel; excess: mean of its pixels
    over the growing threshold; contrast: peak over the mean of the clutter.
    """

    rectangle: Rectangle
    box: tuple[int, int, int, int]
    area: int
    bright: int
    peak: float
    excess: float
    contrast: float


def find_targets(blocks: Blocks, clutter: Clutter, scale: Scale, settings: Settings) -> list[Candidate]:
    """Everything in the image that stands out from its clutter like a ship, in reading order."""
    seeded = blocks.peak > clutter.seed
    if not seeded.any():
        return []
    bright = _bright(blocks, clutter)
    measured = (_measured(g, scale, settings) for g in _groups(bright, seeded, blocks, clutter, scale))
    candidates = _standing_free([c for c in measured if c], bright, blocks, scale, settings)
    candidates = [c for c in candidates if not _is_piece(c, blocks, clutter, scale)]
    if scale.pixel_m is None:
        least_peak = settings.least_peak * float(blocks.peak.max())
        candidates = [c for c in candidates if c.peak >= least_peak]
    return sorted(candidates, key=lambda c: c.box)


def _bright(blocks: Blocks, clutter: Clutter) -> npt.NDArray[np.bool_]:
    """Pixels above the growing threshold of their block."""
    bright = np.zeros(blocks.smooth.shape, bool)
    touched = blocks.peak > clutter.grow
    tiles, usable = blocks.tiles(touched)
    above = tiles > clutter.grow[touched].astype(np.float32)[:, None, None]
    if usable is not None:
        above &= usable
    by_blocks(bright, blocks.side)[touched] = above
    return bright


@dataclass(frozen=True)
class _Group:
    """Connected bright pixels, at least one of them a seed. rows, cols, values: of each; grow: its threshold; mean: of
    the clutter around the brightest."""

    rows: npt.NDArray[np.int64]
    cols: npt.NDArray[np.int64]
    values: npt.NDArray[np.float32]
    grow: FloatArray
    mean: float


def _groups(bright: BoolArray, seeded: BoolArray, blocks: Blocks, clutter: Clutter, scale: Scale) -> Iterator[_Group]:
    """The 8-connected groups of bright pixels that hold a seed and not too few pixels.

    Blocks with bright pixels are connected first, then the pixels inside each connected set of blocks that holds a
    seed: of open sea hardly a pixel is looked at. Of a group longer than any ship only the brightest part is kept,
    for it may be a ship with its side lobes.
    """
    side = blocks.side
    regions, _ = ndimage.label(blocks.peak > clutter.grow, EIGHT)
    wanted = np.unique(regions[seeded])
    windows = ndimage.find_objects(regions)
    for region in wanted[wanted > 0]:
        window = windows[region - 1]
        top, left = window[0].start * side, window[1].start * side
        bottom, right = window[0].stop * side, window[1].stop * side
        own = (regions[window] == region).repeat(side, axis=0).repeat(side, axis=1)
        labels, count = ndimage.label(bright[top:bottom, left:right] & own, EIGHT)
        at = np.flatnonzero(labels)
        label = labels.ravel()[at]
        at = at[np.argsort(label, kind="stable")]
        rows, cols = np.divmod(at, right - left)
        rows += top
        cols += left
        values = blocks.smooth[rows, cols]
        block = rows // side, cols // side
        ends = np.cumsum(np.bincount(label, minlength=count + 1)[1:])
        starts = np.concatenate([[0], ends[:-1]])
        seeds = np.logical_or.reduceat(values > clutter.seed[block], starts)
        heights = np.maximum.reduceat(rows, starts) - np.minimum.reduceat(rows, starts) + 1
        widths = np.maximum.reduceat(cols, starts) - np.minimum.reduceat(cols, starts) + 1
        too_long = np.maximum(heights * scale.aspect[0], widths * scale.aspect[1]) > scale.most_length
        for k in np.flatnonzero(seeds & (ends - starts >= scale.least_area)):
            part = slice(int(starts[k]), int(ends[k]))
            brightest = part.start + int(values[part].argmax())
            mean = float(clutter.mean[block[0][brightest], block[1][brightest]])
            group = _Group(rows[part], cols[part], values[part], clutter.grow[block[0][part], block[1][part]], mean)
            yield _without_side_lobes(group) if too_long[k] else group


def _without_side_lobes(group: _Group) -> _Group:
    """The part of a group around its brightest pixel, as far as it cannot be its side lobes."""
    kept = _piece(group.rows, group.cols, group.values >= SIDE_LOBES * group.values.max(), int(group.values.argmax()))
    return _Group(group.rows[kept], group.cols[kept], group.values[kept], group.grow[kept], group.mean)


def _measured(group: _Group, scale: Scale, settings: Settings) -> Candidate | None:
    """The group's bright body as a candidate; None when it is too small, too large or too thin."""
    bright_part = np.percentile(group.values, BRIGHT_PART)
    body = _piece(group.rows, group.cols, group.values >= settings.box_level * bright_part)
    rows, cols = group.rows[body], group.cols[body]
    if len(rows) < scale.least_area:
        return None
    rectangle = smallest_rectangle(rows, cols)
    if len(rows) < settings.least_fill * math.prod(rectangle.sides):
        return None
    if not scale.least_length <= max(rectangle.sizes(*scale.aspect)) <= scale.most_length:
        return None
    peak = float(group.values.max())
    return Candidate(
        rectangle=rectangle,
        box=(int(rows.min()), int(cols.min()), int(rows.max()) + 1, int(cols.max()) + 1),
        area=len(rows),
        bright=len(group.rows),
        peak=peak,
        excess=float((group.values[body] / group.grow[body]).mean()),
        contrast=peak / group.mean,
    )


def _standing_free(
    candidates: list[Candidate], bright: BoolArray, blocks: Blocks, scale: Scale, settings: Settings
) -> list[Candidate]:
    """Candidates with few bright pixels around them, not counting a fleet's other ships, which are like them."""
    boxes = np.array([c.box for c in candidates], float).reshape(-1, 4)
    rows, cols = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    area = np.array([c.area for c in candidates])
    shaped = np.array([c.area >= FLEET_FILL * math.prod(c.rectangle.sides) for c in candidates], bool)
    own = np.array([c.bright for c in candidates])
    free = []
    for k, candidate in enumerate(candidates):
        top, left, bottom, right = candidate.box
        reach = round(settings.clutter_reach * max(bottom - top, right - left)) + scale.margin
        first_row, first_col = max(0, top - reach), max(0, left - reach)
        around = bright[first_row : bottom + reach, first_col : right + reach]
        near = (rows >= first_row) & (rows < bottom + reach) & (cols >= first_col) & (cols < right + reach)
        alike = near & shaped & (area >= area[k] / FLEET_RATIO) & (area <= area[k] * FLEET_RATIO)
        alike[k] = True
        intensity = blocks.smooth[first_row : bottom + reach, first_col : right + reach]
        clutter_like = around & (intensity >= SIDE_LOBES * candidate.peak)
        others = int(np.count_nonzero(clutter_like)) - int(own[alike].sum())
        if others <= settings.most_clutter * max(1, around.size - (bottom - top) * (right - left)):
            free.append(candidate)
    return free


def _is_piece(candidate: Candidate, blocks: Blocks, clutter: Clutter, scale: Scale) -> bool:
    """Whether the candidate is the brightest part of something longer than any ship: of a breakwater, say.

    Fainter pixels than the growing threshold count here, but none so faint that they may be its own side lobes.
    """
    side, reach = blocks.side, round(scale.most_length)
    top, left, bottom, right = candidate.box
    first_row, first_col = max(0, top - reach) // side, max(0, left - reach) // side
    window = slice(first_row, -(-(bottom + reach) // side)), slice(first_col, -(-(right + reach) // side))
    threshold = np.maximum(clutter.link[window], SIDE_LOBES * candidate.peak).astype(np.float32)
    above = by_blocks(blocks.smooth, side)[window] > threshold[:, :, None, None]
    labels, _ = ndimage.label(above.swapaxes(1, 2).reshape(above.shape[0] * side, -1), EIGHT)
    row, col = first_row * side, first_col * side
    own = np.unique(labels[top - row : bottom - row, left - col : right - col])
    heights_and_widths = [(s[0].stop - s[0].start, s[1].stop - s[1].start) for s in _extents(labels, own)]
    return any(max(h * scale.aspect[0], w * scale.aspect[1]) > scale.most_length for h, w in heights_and_widths)


def _extents(labels: npt.NDArray[np.int32], wanted: npt.NDArray[np.int32]) -> list[tuple[slice, slice]]:
    found = ndimage.find_objects(labels)
    return [found[label - 1] for label in wanted if label > 0]


def _piece(
    rows: npt.NDArray[np.int64], cols: npt.NDArray[np.int64], wanted: BoolArray, with_pixel: int | None = None
) -> BoolArray:
    """Which pixels belong to the connected piece of the wanted ones that holds `with_pixel`, else to the largest."""
    if wanted.all():
        return wanted
    window = np.zeros((int(np.ptp(rows)) + 1, int(np.ptp(cols)) + 1), bool)
    inside = rows - rows.min(), cols - cols.min()
    window[inside] = wanted
    labels, count = ndimage.label(window, EIGHT)
    if count == 1:
        return wanted
    label = labels[inside]
    if with_pixel is not None:
        return np.asarray(label == label[with_pixel])
    sizes = np.bincount(label)
    sizes[0] = 0
    return np.asarray(label == sizes.argmax())
