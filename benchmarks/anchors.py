"""Anchors per second from the mosaic: over a network with 50 ms latency, from the disk cache, and node by node.

A generated mosaic whose chunks compress like real ones (about 3 MB) is served by another process; each measurement runs
in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
from affine import Affine

from fusar_core.domain.grid import Grid
from fusar_core.domain.tiling import CHIP_SIZE, Window, tile
from fusar_core.prior.aef.cache import DiskCache
from fusar_core.prior.aef.lonlat_grid import WORLD
from fusar_core.prior.aef.mosaic import MosaicSource
from fusar_core.prior.aef.ranges import HttpReader
from fusar_core.prior.aef.zarr_shards import decode_chunk, parse_index, parse_layout
from fusar_core.prior.anchors import AnchorSampler
from fusar_core.prior.spacetime import SpatioTemporalBox

LATENCY_S = 0.05
SIDE = 3024
NAIVE_NODES = 40
YEAR = 2020
WEST, NORTH = 9.70, 45.20
SCENE = Grid(SIDE, SIDE, Affine(WORLD.step, 0, WEST, 0, -WORLD.step, NORTH), pyproj.CRS("EPSG:4326"))

SPAWN = multiprocessing.get_context("spawn")


def chips() -> list[Window]:
    return [where.window for where in tile(Window(0, 0, SIDE, SIDE), CHIP_SIZE, 0)]


def make_mosaic(folder: Path) -> int:
    """Writes the chunks under the scene; returns their number. Eight different ones take turns."""
    from aef_world import chunks_of_box, encoded, write_mosaic

    rng = np.random.default_rng(1)
    kinds = []
    for _ in range(8):
        land = np.kron(rng.normal(size=(32, 32, 64)), np.ones((8, 8, 1))) + 0.2 * rng.normal(size=(256, 256, 64))
        kinds.append(np.moveaxis(encoded(land / np.linalg.norm(land, axis=2, keepdims=True)), -1, 0))
    edge = 1e-9  # the nodes on the far edges are still inside
    places = chunks_of_box(WEST, NORTH - SIDE * WORLD.step - edge, WEST + SIDE * WORLD.step + edge, NORTH)
    write_mosaic(folder, {place: kinds[i % 8] for i, place in enumerate(places)}, YEAR)
    return len(places)


def serve(folder: Path, connection: Any) -> None:
    """Serves the mosaic; answers each message with the number of requests so far, until it gets None."""
    from aef_servers import FileServer

    with FileServer(folder=folder, delay_s=LATENCY_S) as server:
        connection.send(server.url)
        while connection.recv() is not None:
            connection.send(len(server.requests))


def batched(url: str, cache: Path) -> int:
    """All chips of the scene, in blocks."""
    sampler = AnchorSampler(MosaicSource(url, DiskCache(cache, 10**10)), YEAR)
    return sum(len(anchors) for anchors in sampler.for_chips(SCENE, chips()))


def one_by_one(url: str, cache: Path) -> int:
    """All chips of the scene, one after the other, as interpretation goes."""
    sampler = AnchorSampler(MosaicSource(url, DiskCache(cache, 10**10)), YEAR)
    return sum(len(sampler.for_chip(SCENE, window)) for window in chips())


def naive(url: str, cache: Path) -> int:
    """A few nodes, each with its own index and chunk."""
    import json

    reader = HttpReader(url)
    array = json.loads(reader.whole("embeddings/zarr.json") or b"{}")
    layout = parse_layout(array, {}, url)
    lon, lat = SpatioTemporalBox.of_window(SCENE, chips()[0], YEAR).nodes()
    numbers, _, _, _ = layout.grid.locate(lon[:NAIVE_NODES], lat[:NAIVE_NODES])
    for number in numbers:
        row, column = layout.grid.position(int(number))
        shard = layout.shard_path(YEAR, row, column)
        start, length = parse_index(reader.tail(shard, layout.index_bytes) or b"")[layout.place_in_index(row, column)]
        decode_chunk(reader.part(shard, int(start), int(length)) or b"", layout.grid.chunk)
    return NAIVE_NODES


def _timed(work: Callable[[str, Path], int], url: str, cache: Path, answer: Any) -> None:
    started = time.perf_counter()
    anchors = work(url, cache)
    seconds = time.perf_counter() - started
    answer.put({"anchors": anchors, "seconds": seconds, "peak_memory_mb": _peak_memory_mb()})


def _peak_memory_mb() -> float:
    """Of this process alone; getrusage would count what its parent held when it was started."""
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))


def run() -> dict[str, Any]:
    """Measures all ways in turn. Keys: the scene, then for each way anchors, seconds, anchors per second, requests."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "core"))  # the servers of the tests
    with tempfile.TemporaryDirectory() as temporary:
        folder, cache = Path(temporary) / "mosaic", Path(temporary) / "cache"
        chunks = make_mosaic(folder)
        here, there = SPAWN.Pipe()
        server = SPAWN.Process(target=serve, args=(folder, there), daemon=True)
        server.start()
        url = here.recv()
        found: dict[str, Any] = {"chips": len(chips()), "chunks": chunks, "latency_ms": LATENCY_S * 1000}
        before = 0
        for name, work in (
            ("naive, node by node", naive),
            ("network, empty cache", batched),
            ("disk cache", batched),
            ("disk cache, chip by chip", one_by_one),
        ):
            answer = SPAWN.Queue()
            process = SPAWN.Process(target=_timed, args=(work, url, cache, answer))
            process.start()
            result = answer.get()
            process.join()
            here.send("how many")
            requests = here.recv()
            found[name] = {
                "anchors": result["anchors"],
                "seconds": round(result["seconds"], 3),
                "anchors_per_s": round(result["anchors"] / result["seconds"], 1),
                "requests": requests - before,
                "peak_memory_mb": round(result["peak_memory_mb"]),
            }
            before = requests
        here.send(None)
        server.join(5)
    return found
