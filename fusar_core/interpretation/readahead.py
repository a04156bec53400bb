"""Reading ahead: the next chips are read while the engine works on this one."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


def read_ahead(items: Iterable[T], ahead: int) -> Generator[T, None, None]:
    """The items, made up to `ahead` in advance by a thread: reading and deciding overlap (GDAL and numpy let go of the
    interpreter lock). An error while making an item is raised where the item would have come.

    Close it before what the items are made from: the thread has ended when `close` returns."""
    ready: queue.Queue[tuple[bool, Any]] = queue.Queue(maxsize=ahead)
    stop = threading.Event()

    def put(item: tuple[bool, Any]) -> bool:
        while not stop.is_set():
            try:
                ready.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for item in items:
                if not put((True, item)):
                    return
            put((False, None))
        except BaseException as error:
            put((False, error))

    reader = threading.Thread(target=work, name="fusar-reader", daemon=True)
    reader.start()
    try:
        while True:
            more, item = ready.get()
            if more:
                yield item
            elif item is None:
                return
            else:
                raise item
    finally:
        stop.set()
        reader.join()
