"""The engines that the sidecar has open: lent to one request at a time, kept between them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fusar_core.engines import is_address, open_engine
from fusar_core.engines.base import Engine
from fusar_core.errors import FusarError
from fusar_core.interpretation.run import Run
from fusar_core.sidecar.call import Call, raise_if_cancelled


class OpenEngines:
    """Keeps the last engine open between requests, since loading a model takes long, and lends it to one at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._key: tuple[Any, ...] = ()
        self._engine: Engine | None = None

    @contextmanager
    def lend(self, run: Run, call: Call) -> Iterator[Engine]:
        """The engine that a run names, alone, as soon as it is free.

        Raises Cancelled while waiting, and what opening the engine raises.
        """
        key = run.engine, run.engine_options
        while not self._lock.acquire(timeout=0.2):
            raise_if_cancelled(call)
        try:
            raise_if_cancelled(call)
            if self._engine is None or key != self._key:
                self._let_go()  # of the old model before the new one needs the memory
                self._engine = open_engine(run.engine, **dict(run.engine_options))
                self._key = key
            try:
                yield self._engine
            except FusarError:
                if is_address(run.engine):  # its server may have another model by now: the next request asks anew
                    self._let_go()
                raise
        finally:
            self._lock.release()

    def _let_go(self) -> None:
        if self._engine is not None:
            self._engine.close()
        self._engine = None
