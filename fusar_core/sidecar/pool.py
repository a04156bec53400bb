"""A few threads that work requests off in the order they came."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from fusar_core.sidecar.call import Id

Work = Callable[[], None]


class Pool:
    """Threads are started as they are needed, `most` at the most, and end after `drain`. Work must not raise."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._changed = threading.Condition()
        self._waiting: dict[Id, Work] = {}
        self._threads = self._idle = self._busy = 0
        self._ended = False

    @property
    def waiting(self) -> int:
        """How much work no thread has begun yet."""
        return len(self._waiting)

    def submit(self, ident: Id, work: Work) -> None:
        """Has work done as soon as a thread is free."""
        with self._changed:
            self._waiting[ident] = work
            if self._idle < len(self._waiting) and self._threads < self._most:
                self._threads += 1
                threading.Thread(target=self._work, name=f"request {self._threads}", daemon=True).start()
            self._changed.notify()

    def take_back(self, ident: Id) -> bool:
        """Drops work that no thread has begun; False for all other."""
        with self._changed:
            return self._waiting.pop(ident, None) is not None

    def drain(self, seconds: float) -> None:
        """Returns when nothing waits and nothing is at work any more, or after that time; idle threads end."""
        end = time.monotonic() + seconds
        with self._changed:
            self._ended = True
            self._changed.notify_all()
            while (self._waiting or self._busy) and (left := end - time.monotonic()) > 0:
                self._changed.wait(left)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._idle += 1
                while not self._waiting and not self._ended:
                    self._changed.wait()
                self._idle -= 1
                if not self._waiting:
                    self._threads -= 1
                    return
                work = self._waiting.pop(next(iter(self._waiting)))
                self._busy += 1
            try:
                work()
            finally:
                with self._changed:
                    self._busy -= 1
                    self._changed.notify_all()
