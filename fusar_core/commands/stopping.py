"""Stopping a run by Ctrl-C: asked for once, it ends after the chip at hand; asked for again, at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """Whether the user asked to stop.

    An exception thrown by a signal lands wherever the program is, also inside numpy and GDAL: they make another error
    of it, or end the process. So a run is asked to stop instead, between two chips.
    """

    def __init__(self) -> None:
        self._event = threading.Event()

    def asked(self) -> bool:
        """What a `Watch` takes as `cancelled`."""
        return self._event.is_set()

    @contextmanager
    def by_signal(self) -> Iterator[None]:
        """While inside, SIGINT and SIGTERM ask; a second one raises KeyboardInterrupt where the program is."""
        if threading.current_thread() is not threading.main_thread():  # only that one gets signals
            yield
            return
        before = {number: signal.signal(number, self._ask) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        if self.asked():
            raise KeyboardInterrupt
        self._event.set()
        if sys.stderr.isatty():  # not by click: the signal may have come while it was writing
            os.write(2, b"\nstopping after this chip; once more to stop at once\n")
