"""`fusar batch` on many small generated scenes: one worker, then two; what the second gains, Ray's start included.

The processes of a quiet machine with two cores are to be free for it: each worker keeps one busy.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.interpret import make_scene

DISTINCT = 8
"""Scenes that are made; the others are the same files under other names."""


def run(scenes: int = 200, side: int = 3000, workers: tuple[int, ...] = (1, 2)) -> dict[str, Any]:
    """One row a number of workers: wall seconds of the whole command, scenes a minute, and times the first row."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="fusar-bench-") as name:
        archive = Path(name) / "archive"
        planted = make_archive(archive, scenes, side)
        for count in workers:
            out = Path(name) / "out"
            seconds, summary = measure(archive, out, count)
            rows.append(
                {
                    "workers": count,
                    "seconds": round(seconds, 1),
                    "scenes_per_minute": round(60 * scenes / seconds, 1),
                    "times_one": round(rows[0]["seconds"] / seconds, 2) if rows else 1.0,
                    "done": summary["done"],
                    "found": summary["counts"]["ship"],
                    "planted": planted,
                }
            )
            shutil.rmtree(out)
    return {"scenes": scenes, "side_px": side, "cpus": os.cpu_count(), "rows": rows}


def make_archive(folder: Path, scenes: int, side: int) -> int:
    """Fills a folder with scenes; returns the number of ships planted in all."""
    folder.mkdir()
    ships = 0
    planted: list[int] = []
    for number in range(scenes):
        path = folder / f"scene_{number:04d}.tif"
        if number < DISTINCT:
            planted.append(make_scene(path, side, seed=number))
        else:
            os.link(folder / f"scene_{number % DISTINCT:04d}.tif", path)
        ships += planted[number % DISTINCT]
    return ships


def measure(archive: Path, out: Path, workers: int) -> tuple[float, dict[str, Any]]:
    fusar = Path(sys.executable).with_name("fusar")
    command = [str(fusar), "batch", str(archive), "--out", str(out), "--workers", str(workers), "--json"]
    started = time.perf_counter()
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return time.perf_counter() - started, json.loads(output.stdout)
