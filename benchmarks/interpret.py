"""Whole `fusar interpret` on large generated scenes: wall time and peak memory, beside a plain copy of the file.

Scenes are uint16 amplitude with speckle and planted ships, tiled and uncompressed, so that the disk's speed and not the
codec's is in the comparison.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from rasterio.windows import Window

TILE = 2000
COPY = """
import sys, rasterio
with rasterio.open(sys.argv[1]) as src, rasterio.open(sys.argv[2], "w", **src.profile) as dst:
    for _, window in src.block_windows(1):
        dst.write(src.read(1, window=window), 1, window=window)
"""

STARTER = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def make_scene(path: Path, side: int, seed: int = 7) -> int:
    """Writes a `side` × `side` scene of 10 m pixels in UTM; returns the number of ships planted."""
    rng = np.random.default_rng(seed)
    looks = 4.4  # Sentinel-1 GRD
    sea = np.sqrt(rng.gamma(looks, 1 / looks, (TILE, TILE)).astype(np.float32)) * 60
    profile = {
        "driver": "GTiff", "height": side, "width": side, "count": 1, "dtype": "uint16", "crs": "EPSG:32631",
        "transform": Affine(10, 0, 400_000, 0, -10, 5_700_000), "tiled": True, "blockxsize": 512, "blockysize": 512,
        "BIGTIFF": "IF_SAFER",
    }  # fmt: skip
    ships = 0
    with rasterio.open(path, "w", **profile) as dst:
        dst.update_tags(ACQUISITION_START_TIME="2024-06-01T05:50:00Z")
        for row in range(0, side, TILE):
            for col in range(0, side, TILE):
                height, width = min(TILE, side - row), min(TILE, side - col)
                image = sea[:: rng.choice([-1, 1]), :: rng.choice([-1, 1])].copy()[:height, :width]
                for _ in range(10):
                    y, x = rng.integers(50, height - 80), rng.integers(50, width - 80)
                    length, beam = rng.integers(8, 28), rng.integers(2, 5)
                    image[y : y + beam, x : x + length] = rng.uniform(600, 2500)
                    ships += 1
                dst.write(image.astype(np.uint16), 1, window=Window(col, row, width, height))
    return ships


def measure(command: list[str]) -> tuple[float, float, str]:
    """Wall seconds, peak memory in GB and standard output of a process.

    A small process starts it: the peak that the system reports for a child counts its parent's memory at the fork.
    """
    started = time.perf_counter()
    output = subprocess.run(
        [sys.executable, "-S", "-c", STARTER, *command], check=True, stdout=subprocess.PIPE, text=True
    )
    seconds = time.perf_counter() - started
    words, _, peak_kib = output.stdout.rstrip().rpartition("\n")
    return seconds, int(peak_kib) / 2**20, words


def run(sides: tuple[int, ...] = (5000, 10_000, 20_000, 30_000)) -> dict[str, Any]:
    """One row a scene: size, Mpx/s of the command and of the copy, peak memory, ships found and planted."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="fusar-bench-") as name:
        folder = Path(name)
        for side in sides:
            scene = folder / "scene.tif"
            planted = make_scene(scene, side)
            copied, _, _ = measure([sys.executable, "-c", COPY, str(scene), str(folder / "copy.tif")])
            fusar = Path(sys.executable).with_name("fusar")
            seconds, memory, output = measure(
                [str(fusar), "interpret", str(scene), "--out", str(folder / "out.gpkg"), "--json"]
            )
            rows.append(
                {
                    "side_px": side,
                    "seconds": round(seconds, 2),
                    "mpx_per_s": round(side * side / seconds / 1e6, 1),
                    "copy_seconds": round(copied, 2),
                    "copy_mpx_per_s": round(side * side / copied / 1e6, 1),
                    "times_a_copy": round(seconds / copied, 2),
                    "peak_memory_gb": round(memory, 3),
                    "found": json.loads(output)["counts"]["ship"],
                    "planted": planted,
                }
            )
            for file in folder.iterdir():
                file.unlink()
    return {"rows": rows}
