"""Vectors gathered from a chunked source: every chunk is loaded once, several at a time, however the points lie."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from fusar_core.domain.schema import EMBEDDING_BANDS as BANDS
from fusar_core.prior.aef.quantisation import Mask
from fusar_core.prior.aef.source import Progress

Array = npt.NDArray[Any]
Indices = npt.NDArray[np.int64]

MEMORY_BYTES = 128 * 2**20
"""Decoded chunks kept in memory: 32 of the mosaic's; a chip of 504 pixels at 10 m touches 9 and shares 3 with the next.
The others come back from the disk cache, in 8 ms each."""


class Memory:
    """Arrays by key, the least recently used leaving first, each loaded once even when several threads want it.

    An array may be None: known to hold no data.
    """

    def __init__(self, limit_bytes: int = MEMORY_BYTES) -> None:
        self._limit = limit_bytes
        self._bytes = 0
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, Array | None] = OrderedDict()
        self._loading: dict[Hashable, Future[Array | None]] = {}

    def get(self, key: Hashable, load: Callable[[], Array | None]) -> Array | None:
        """The array of that key; `load` makes it when it is not there. What `load` raises reaches every waiter."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            future = self._loading.get(key)
            mine = future is None
            if future is None:
                future = self._loading[key] = Future()
        if not mine:
            return future.result()
        try:
            array = load()
        except BaseException as error:
            with self._lock:
                del self._loading[key]
            future.set_exception(error)
            raise
        with self._lock:
            del self._loading[key]
            self._keep(key, array)
        future.set_result(array)
        return array

    def drop(self, key: Hashable) -> None:
        """Forgets one array."""
        with self._lock:
            if key in self._kept:
                self._bytes -= _size(self._kept.pop(key))

    def _keep(self, key: Hashable, array: Array | None) -> None:
        self._kept[key] = array
        self._bytes += _size(array)
        while self._bytes > self._limit and len(self._kept) > 1:
            self._bytes -= _size(self._kept.popitem(last=False)[1])


def _size(array: Array | None) -> int:
    return 0 if array is None else array.nbytes


def gather(
    chunk: Indices,
    row: Indices,
    column: Indices,
    load: Callable[[int], Array | None],
    dtype: npt.DTypeLike,
    workers: int,
    on_progress: Progress | None = None,
) -> tuple[Array, Mask]:
    """Values at pixels of chunks.

    chunk, row, column: int64 (S,): number of the chunk, and the pixel inside it. load(number) → (64, height, width), or
    None for a chunk without data; called once for each distinct chunk, from up to `workers` threads. Returns values
    (S, 64) of `dtype`, and which rows a chunk was there for, bool (S,). Beside the result only the chunks in hand are
    in memory. The first error ends it.
    """
    values = np.zeros((len(chunk), BANDS), dtype)
    found = np.zeros(len(chunk), bool)
    order = np.argsort(chunk, kind="stable")
    numbers, starts = np.unique(chunk[order], return_index=True)
    members = np.split(order, starts[1:])
    lock = threading.Lock()
    done = 0

    def take(number: int, points: Indices) -> None:
        nonlocal done
        block = load(number)
        if block is not None:
            values[points] = block[:, row[points], column[points]].T
            found[points] = True
        if on_progress:
            with lock:
                done += 1
                on_progress(done, len(numbers))

    if len(numbers) <= 1 or workers == 1:
        for number, points in zip(numbers, members, strict=False):
            take(int(number), points)
        return values, found
    with ThreadPoolExecutor(min(workers, len(numbers)), "fusar-aef") as pool:
        futures = [pool.submit(take, int(n), p) for n, p in zip(numbers, members, strict=False)]
        try:
            for future in futures:
                future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return values, found
