"""The detector's settings, and what they are in pixels for a given pixel size."""

from __future__ import annotations

import math
from dataclasses import dataclass

LABEL = "ship"
"""The class of whatever is bright at sea."""


@dataclass(frozen=True)
class Settings:
    """Settings of the bright-target detector; one set for every image without georeference, one in metres.

    Statistics
      seed_rate, grow_rate: false-alarm rates a pixel of the threshold that starts a target and of the one it grows to.
      link_rate: of a lower one; what is longer than any ship above it is a breakwater or a shore in pieces.
      enl: equivalent number of looks of the smoothed intensity; estimated when None.
    Sizes in metres (scenes) and pixels (images without georeference)
      resolution_m: finer scenes are averaged down to about this pixel size first.
      smoothing: side of the averaging window. background, guard: sides of the boxes whose difference gives the local
      clutter. least_area, least_length, most_length: of a target.
    Shape of a target
      box_level: pixels darker than this share of a target's bright parts are side lobes, and outside its rectangle.
      most_clutter: largest share of bright pixels around a target. least_fill: share of its box that it must fill.
    Images without georeference only, whose stretch and scale are unknown
      least_peak: share of the image's brightest intensity that a target must reach.
    """

    seed_rate: float = 1e-8
    grow_rate: float = 1e-6
    link_rate: float = 1e-2
    enl: float | None = None

    resolution_m: float = 5.0
    smoothing_m: float = 30.0
    background_m: float = 880.0
    guard_m: float = 560.0
    least_area_m2: float = 400.0
    least_length_m: float = 15.0
    most_length_m: float = 600.0

    smoothing_px: int = 5
    background_px: int = 648
    guard_px: int = 0
    least_area_px: float = 40.0
    least_length_px: float = 4.0
    most_length_px: float = 420.0

    box_level: float = 0.2
    most_clutter: float = 0.03
    clutter_reach: float = 1.0
    least_fill: float = 0.35
    least_peak: float = 0.5


@dataclass(frozen=True)
class Scale:
    """Settings in pixels.

    looks: (down a column, along a row) pixels averaged into one before anything else. pixel_m: ground size of these
    larger pixels (down a column, along a row), None without georeference; aspect: the same over its geometric mean,
    the unit of all lengths below. smoothing: an odd side; block: a side; background, guard: half windows in blocks
    (guard −1: none); margin: how far around a target clutter is looked for at least; blur: how far smoothing moves
    its edges outwards, 0 where no lengths in metres are wanted.
    """

    looks: tuple[int, int]
    pixel_m: tuple[float, float] | None
    smoothing: int
    block: int
    background: int
    guard: int
    least_area: float
    least_length: float
    most_length: float
    margin: int
    blur: float
    aspect: tuple[float, float]


def scale_for(settings: Settings, pixel_size_m: tuple[float, float] | None) -> Scale:
    """The settings for pixels of this ground size (metres along a row, along a column), or of unknown size (None)."""
    if pixel_size_m is None:
        block = 8
        return Scale(
            looks=(1, 1),
            pixel_m=None,
            smoothing=settings.smoothing_px,
            block=block,
            background=max(1, round((settings.background_px / block - 1) / 2)),
            guard=round((settings.guard_px / block - 1) / 2) if settings.guard_px else -1,
            least_area=settings.least_area_px,
            least_length=settings.least_length_px,
            most_length=settings.most_length_px,
            margin=12,
            blur=0.0,
            aspect=(1.0, 1.0),
        )
    along_row, along_column = pixel_size_m
    looks = (max(1, round(settings.resolution_m / along_column)), max(1, round(settings.resolution_m / along_row)))
    pixel_m = (along_column * looks[0], along_row * looks[1])
    side = math.sqrt(pixel_m[0] * pixel_m[1])
    block = min(8, max(2, round(80.0 / side)))
    background = max(2, round((settings.background_m / side / block - 1) / 2))
    smoothing = 2 * round((settings.smoothing_m / side - 1) / 2) + 1 if settings.smoothing_m > side else 1
    return Scale(
        looks=looks,
        pixel_m=pixel_m,
        smoothing=smoothing,
        block=block,
        background=background,
        guard=min(background - 1, round((settings.guard_m / side / block - 1) / 2)),
        least_area=max(2.0, settings.least_area_m2 / side**2),
        least_length=settings.least_length_m / side,
        most_length=settings.most_length_m / side,
        margin=max(3, round(100.0 / side)),
        aspect=(pixel_m[0] / side, pixel_m[1] / side),
        blur=(smoothing - 1) * (0.5 - settings.box_level),
    )
