"""Draws what the simulator makes: python -m training.simulation.picture docs/images/simulated.png [REGION]

For each kind of scene a chip with its targets (ships blue, aircraft orange) above what its prior knows: land cover and
what stands all year. Last, the ambiguous ones again: the same images with another truth. Of a region named: the first
of its chips that show land and water.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from fusar_core.domain.tiling import Window
from training.simulation.canvas import BUILT, WATER
from training.simulation.chips import box_in
from training.simulation.regions import spec_of
from training.simulation.scene import SimulatedScene, simulate
from training.simulation.spec import AMBIGUOUS, KINDS

CHIP_PX, GAP_PX, COLUMNS = 168, 4, 6
_HEX = ("419bdf", "397d49", "88b053", "7a87c6", "e49635", "dfc35a", "c4281b", "a59b8f")
COLOURS = np.array([list(bytes.fromhex(colour)) for colour in _HEX], np.uint8)
"""Of covers: those of Dynamic World."""
MARKS = {"ship": (0, 200, 255), "plane": (255, 150, 0)}
SHADES = 96


def example(kind: str) -> tuple[SimulatedScene, Window]:
    """The first chip of that kind in the region `test` with three targets or more, or the first at all."""
    numbers = (n for n in range(2000) if spec_of("test", 1, n, 2 * CHIP_PX).kind == kind)
    scenes = [simulate(spec_of("test", 1, n, 2 * CHIP_PX)) for _, n in zip(range(12), numbers, strict=False)]
    corners = [(row, column) for row in (0, CHIP_PX) for column in (0, CHIP_PX)]
    chips = [(s, Window(row, column, CHIP_PX, CHIP_PX)) for s in scenes for row, column in corners]
    shown = [(s, w) for s, w in chips if sum(box_in(w, b) is not None for b in s.targets) >= 3]
    return (shown or chips)[0]


def picture_of_chip(scene: SimulatedScene, window: Window) -> npt.NDArray[np.uint8]:
    """(2·CHIP_PX + GAP_PX, CHIP_PX, 3): a chip with boxes above its land cover."""
    here = (slice(window.row, window.bottom), slice(window.col, window.right))
    chip = Image.fromarray(scene.image[here]).convert("RGB")
    pen = ImageDraw.Draw(chip)
    for body in scene.targets:
        if (box := box_in(window, body)) is not None:
            pen.rectangle(box, outline=MARKS[body.label])
    gap = np.full((GAP_PX, CHIP_PX, 3), 255, np.uint8)
    known = np.where(scene.structure, np.uint8(BUILT), scene.cover)[here]
    return np.concatenate([np.asarray(chip), gap, COLOURS[known]])


def otherwise(scene: SimulatedScene, window: Window) -> tuple[SimulatedScene, Window]:
    """The same image with the first other truth in which the chip has fewer targets by two or more, or any."""

    def seen(one: SimulatedScene) -> int:
        return sum(box_in(window, b) is not None for b in one.targets)

    others = [simulate(replace(scene.spec, secret=secret)) for secret in range(20)]
    return next((o for o in others if seen(o) <= seen(scene) - 2), others[0]), window


def shores_of(region: str) -> Iterator[tuple[SimulatedScene, Window]]:
    """The first chip of each scene of a region that shows both land and water."""
    window = Window(0, 0, CHIP_PX, CHIP_PX)
    for number in count():
        scene = simulate(spec_of(region, 1, number, 2 * CHIP_PX))
        if 0.1 < (scene.cover[:CHIP_PX, :CHIP_PX] == WATER).mean() < 0.8:
            yield scene, window


def main(file: Path, region: str = "") -> None:
    """Writes the picture."""
    if region:
        chosen = list(islice(shores_of(region), 2 * COLUMNS))
    else:
        chips = {kind: example(kind) for kind in KINDS}
        chosen = [*chips.values(), *(otherwise(*chips[kind]) for kind in AMBIGUOUS)]
    tiles = [picture_of_chip(*chip) for chip in chosen]
    height, width = tiles[0].shape[:2]
    rows = -(-len(tiles) // COLUMNS)
    picture = np.full((rows * (height + 3 * GAP_PX), COLUMNS * (width + GAP_PX), 3), 255, np.uint8)
    for i, tile in enumerate(tiles):
        y, x = i // COLUMNS * (height + 3 * GAP_PX), i % COLUMNS * (width + GAP_PX)
        picture[y : y + height, x : x + width] = tile
    Image.fromarray(picture).quantize(SHADES).save(file, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
