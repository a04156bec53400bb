"""The bright-target detector alone: speed on one core, planted ships found, false alarms against their nominal rate."""

from __future__ import annotations

import json
import math
import time
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fusar_core.domain.tiling import Window, tile
from fusar_core.engines.cfar.clutter import block_moments, by_blocks, measure
from fusar_core.engines.cfar.detector import detect
from fusar_core.engines.cfar.engine import CfarEngine
from fusar_core.engines.cfar.settings import Settings, scale_for

PIXEL_M = (10.0, 10.0)
LOOKS = 4.4  # Sentinel-1 GRD
TEXTURE_CELL = 16
CLUTTER = {"gamma": 0.0, "K": 0.25}
"""Name → 1/ν of the sea."""
RATES = (1e-4, 1e-5, 1e-6)

Image = npt.NDArray[np.float32]


def sea(rng: np.random.Generator, side: int, inverse_shape: float) -> Image:
    """(side, side) intensity of mean 1: speckle of 4.4 looks, times gamma-distributed texture in cells of 160 m."""
    image = rng.standard_gamma(LOOKS, (side, side), dtype=np.float32)
    image *= np.float32(1 / LOOKS)
    if inverse_shape:
        cells = rng.gamma(1 / inverse_shape, inverse_shape, (-(-side // TEXTURE_CELL),) * 2).astype(np.float32)
        image *= np.kron(cells, np.ones((TEXTURE_CELL, TEXTURE_CELL), np.float32))[:side, :side]
    return image


def plant_ships(rng: np.random.Generator, image: Image, number: int) -> list[tuple[float, float, float]]:
    """Adds oriented ships of 60 to 350 m, 10 to 20 dB above the sea; returns (x, y, length) of each in pixels."""
    side, ships = len(image), []
    per_row = math.ceil(math.sqrt(number))
    for k in range(number):
        row, col = divmod(k, per_row)
        x, y = ((c + rng.uniform(0.25, 0.75)) * side / per_row for c in (col, row))
        length = rng.uniform(60, 350) / PIXEL_M[0]
        width, angle = max(2.0, length / rng.uniform(5, 8)), rng.uniform(0, math.pi)
        top, left, size = int(y) - 25, int(x) - 25, 51
        ys, xs = np.mgrid[top : top + size, left : left + size] + 0.5
        along = (xs - x) * math.cos(angle) + (ys - y) * math.sin(angle)
        across = (ys - y) * math.cos(angle) - (xs - x) * math.sin(angle)
        hull = (abs(along) <= length / 2) & (abs(across) <= width / 2)
        image[top : top + size, left : left + size] += hull * rng.exponential(10 ** rng.uniform(1, 2), hull.shape)
        ships.append((x, y, length))
    return ships


def speed_and_recall(side: int, ships: int, repeats: int, seed: int) -> dict[str, Any]:
    """The detector over the chips that the engine cuts a scene into, in one thread; the best of several runs.

    Speed is by the time the thread had a core for itself, so that other work on the machine does not count; the time on
    the clock stands beside it.
    """
    rng = np.random.default_rng(seed)
    image = sea(rng, side, 0.0)
    planted = plant_ships(rng, image, ships)
    size, overlap = CfarEngine().tiling(PIXEL_M)
    valid = np.ones((size, size), bool)
    chips = tile(Window(0, 0, side, side), size, overlap)
    best, best_wall, centres = math.inf, math.inf, []
    for _ in range(repeats):
        centres, seconds, wall = [], 0.0, 0.0
        for chip in chips:
            window = chip.window
            pixels = image[window.row : window.bottom, window.col : window.right].copy()
            started, wall_started = time.thread_time(), time.perf_counter()
            found = detect(pixels, valid[: len(pixels), : pixels.shape[1]], PIXEL_M)
            seconds += time.thread_time() - started
            wall += time.perf_counter() - wall_started
            centres += [(d.centre[0] + window.col, d.centre[1] + window.row, chip) for d in found]
        best, best_wall = min(best, seconds), min(best_wall, wall)
    kept = np.array([(x, y) for x, y, chip in centres if chip.keep.contains(x, y)]).reshape(-1, 2)
    hits = [bool((np.hypot(kept[:, 0] - x, kept[:, 1] - y) <= length / 2).any()) for x, y, length in planted]
    near = [any(math.hypot(x - a, y - b) <= max(length, 10) for a, b, length in planted) for x, y in kept]
    return {
        "scene_mpx": round(side * side / 1e6, 1),
        "mpx_per_s": round(side * side / best / 1e6, 1),
        "mpx_per_s_by_the_clock": round(side * side / best_wall / 1e6, 1),
        "ships_planted": len(planted),
        "ships_found": sum(hits),
        "false_targets": len(near) - sum(near),
    }


def false_alarms(side: int, images: int, inverse_shape: float, seed: int) -> dict[str, Any]:
    """Share of pixels of empty sea above the threshold of each nominal rate, and what the detector makes of them."""
    rng = np.random.default_rng(seed)
    above = dict.fromkeys(RATES, 0)
    targets = 0
    valid = np.ones((side, side), bool)
    for _ in range(images):
        image = sea(rng, side, inverse_shape)
        targets += len(detect(image, valid, PIXEL_M))
        scale = scale_for(Settings(), PIXEL_M)
        blocks = block_moments(image, valid, scale.smoothing, scale.block)
        for rate in RATES:
            clutter = measure(blocks, scale, replace(Settings(), seed_rate=rate))
            threshold = clutter.seed.astype(np.float32)[:, :, None, None]
            above[rate] += int(np.count_nonzero(by_blocks(blocks.smooth, blocks.side) > threshold))
    pixels = images * side * side
    return {
        "mpx": round(pixels / 1e6, 1),
        "rate_over_nominal": {f"{rate:.0e}": round(above[rate] / pixels / rate, 2) for rate in RATES},
        "false_targets": targets,
    }


def run(side: int = 9664, images: int = 8, repeats: int = 3, seed: int = 20201107) -> dict[str, Any]:
    """All of it.

    side: of the scene for speed, which five chips of 2016 pixels just cover. images: of 2016 × 2016 pixels for each
    kind of empty sea.
    """
    return {
        "one_core": speed_and_recall(side, 400, repeats, seed),
        "empty_sea": {name: false_alarms(2016, images, shape, seed + 1) for name, shape in CLUTTER.items()},
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
