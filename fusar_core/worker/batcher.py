"""Dynamic batching over all clients: a thread that owns the model, and the jobs that wait for it.

Ray Serve's own batching takes whatever came first. Here a batch holds jobs of one adapter and of similar length, so
that no count waits for a description to end; each row is handed over when it ends; a job nobody waits for is dropped
between tokens; and an exception fails jobs, never the queue.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from fusar_core.errors import FusarError, WorkerFailed
from fusar_core.worker.jobs import Effort, Job
from fusar_core.worker.runtime import BatchModel, Listener

LINGER_S = 0.02
"""How long a batch waits for as many jobs as the last one had: clients that were answered together soon ask again."""
STUCK_S = 900.0
"""A batch that takes longer hangs, and its process should be replaced."""

log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Waiting:
    job: Job
    listener: Listener
    since: float = field(default_factory=time.monotonic)


class Batcher:
    """The Runtime made of a BatchModel. batch_size: rows at once; a job has one a choice."""

    def __init__(self, model: BatchModel, batch_size: int = 8, linger_s: float = LINGER_S) -> None:
        self.about = model.about
        self._model, self._batch_size, self._linger_s = model, batch_size, linger_s
        self._waiting: deque[_Waiting] = deque()
        self._arrived = threading.Condition()
        self._closed = False
        self._expected = 1
        self._busy_since: float | None = None
        self._broken = ""
        self._thread = threading.Thread(target=self._work, name="model", daemon=True)
        self._thread.start()

    def submit(self, job: Job, listener: Listener) -> None:
        """Queues a job and returns at once; after `close` it fails with WorkerFailed. May be called by any thread."""
        with self._arrived:
            if not self._closed:
                self._waiting.append(_Waiting(job, listener))
                self._arrived.notify()
                return
        listener.failed(WorkerFailed("This replica is stopping.", "Ask again."))

    def check_health(self) -> None:
        """Raises RuntimeError where the thread of the model failed or ended, or a batch takes longer than `STUCK_S`."""
        since = self._busy_since
        if self._broken:
            raise RuntimeError(self._broken)
        if not self._thread.is_alive() and not self._closed:
            raise RuntimeError("the thread of the model has ended")
        if since is not None and time.monotonic() - since > STUCK_S:
            raise RuntimeError(f"a batch has taken more than {STUCK_S:.0f} s")

    def close(self) -> None:
        """Takes no more jobs; those that wait fail now, those in a batch are finished. Does not wait for the thread."""
        with self._arrived:
            self._closed = True
            left, self._waiting = list(self._waiting), deque()
            self._arrived.notify()
        for one in left:
            one.listener.failed(WorkerFailed("This replica is stopping.", "Ask again."))

    def _work(self) -> None:
        try:
            while batch := self._gather():
                self._busy_since = time.monotonic()
                self._answer(batch)
                self._busy_since = None
        except Exception as error:  # a mistake of ours: nobody must wait for a thread that is no more
            log.exception("the thread of the model has failed")
            self._broken = f"the thread of the model has failed: {error}"
            self.close()

    def _gather(self) -> list[_Waiting]:
        """The next batch: the job that came first and those that go with it. Empty when the batcher is closed."""
        with self._arrived:
            while not self._waiting and not self._closed:
                self._arrived.wait()
            until = time.monotonic() + self._linger_s
            while not self._closed and len(self._waiting) < self._expected and (left := until - time.monotonic()) > 0:
                self._arrived.wait(left)
            if self._closed:
                return []
            first, rows = self._waiting[0].job, 0
            batch: list[_Waiting] = []
            for one in list(self._waiting):
                size = len(one.job.seeds)
                if self._kind(one.job) == self._kind(first) and (not batch or rows + size <= self._batch_size):
                    rows += size
                    batch.append(one)
                    self._waiting.remove(one)
            self._expected = min(len(batch), self._batch_size)
            return batch

    def _kind(self, job: Job) -> tuple[str, int]:
        """Jobs of one kind may share a batch: the same adapter, and answers of about the same length."""
        return job.task if job.task in self.about.adapted else "", job.max_tokens.bit_length()

    def _answer(self, batch: Sequence[_Waiting]) -> None:
        """Answers a batch; when it fails, each of its jobs alone, so that only the one at fault goes without."""
        started = time.monotonic()
        lengths: list[int] = []
        ready: list[_Waiting] = []
        for one in batch:
            if one.listener.cancelled():
                continue
            try:
                lengths.append(self._model.prompt_tokens(one.job))
                ready.append(one)
            except FusarError as error:
                one.listener.failed(error)
            except Exception as error:
                self._fail(one, error)
        if not ready:
            return
        try:
            encoded = self._model.answer([one.job for one in ready], [one.listener for one in ready])
        except Exception as error:
            if len(ready) == 1:
                self._fail(ready[0], error)
            else:
                log.warning("a batch of %d failed (%s): each job of it alone", len(ready), type(error).__name__)
                for one in ready:
                    self._answer([one])
            return
        seconds, rows = time.monotonic() - started, sum(len(one.job.seeds) for one in ready)
        for number, (one, length) in enumerate(zip(ready, lengths, strict=True)):
            one.listener.event(Effort(length, rows, started - one.since, seconds, number in encoded))

    def _fail(self, one: _Waiting, error: Exception) -> None:
        if isinstance(error, FusarError):
            one.listener.failed(error)
            return
        log.error("the model failed over a job", exc_info=error)
        if "CUDA error" in str(error):  # the process can do nothing more on this GPU
            self._broken = f"the GPU failed: {error}"
        one.listener.failed(WorkerFailed("The model failed over this question.", "The log of the worker says why."))
