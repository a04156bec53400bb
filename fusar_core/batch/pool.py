"""Processes that work through scenes: Ray on this computer, or a Ray cluster. A process that dies is replaced and its
scene given to another, which takes up the journal."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterable
from typing import Any, Protocol

from fusar_core.batch.listing import Listed
from fusar_core.batch.work import FAILED, Record, Work, interpret_listed, state_of
from fusar_core.errors import BadOption, SceneCrashed
from fusar_core.interpretation.run import Run
from fusar_core.ray_start import start_ray

TRIES = 4
"""Processes that a scene may cost before it is given up; a lost node of a cluster counts like one."""
AHEAD = 4
"""Scenes handed to Ray for each process, so that none waits for the next."""
CLUSTER_AHEAD = 1000
"""And to a cluster, which may grow when it sees how much there is to do."""
OBJECT_STORE_BYTES = 128 * 2**20
"""Only paths and records pass through it; Ray would take a third of the memory."""

log = logging.getLogger(__name__)


class Pool(Protocol):
    """Who works through scenes. Use as a context manager."""

    def __enter__(self) -> Pool: ...

    def __exit__(self, *_: object) -> None: ...

    def map(self, todo: Iterable[tuple[Listed, str]], out: str, settings: Run) -> Generator[Record, None, None]:
        """A record for each (scene, name), as they are finished. Closing the iterator stops the work."""
        ...


class RayPool:
    """workers: scenes at once; None for as many as a cluster has room for. gpus: of each worker, may be a part; None
    for one where the engine has a model and there are any. address: of a cluster, e.g. `auto` or `ray://host:10001`.

    Entering it raises MissingExtra, RayUnavailable, BadOption.
    """

    def __init__(
        self, workers: int | None = 1, gpus: float | None = 0.0, address: str | None = None, work: Work | None = None
    ) -> None:
        if workers is not None and workers < 1:
            raise BadOption(f"{workers} workers are none.", "Give 1 or more.")
        self.workers, self.gpus, self.address = workers, gpus, address
        self._work = work or interpret_listed

    def __enter__(self) -> RayPool:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        import ray

        ray.shutdown()

    def map(self, todo: Iterable[tuple[Listed, str]], out: str, settings: Run) -> Generator[Record, None, None]:
        """A record for each (scene, name), in the order they finish; failed where its process died at every try.

        Only some scenes are handed to Ray ahead of the workers, so `todo` may be long and lazy. Closing the generator
        kills the scenes under way.
        """
        import ray

        options: dict[str, Any] = {"num_cpus": 1, "num_gpus": self._gpus_of_each(), "max_retries": TRIES - 1}
        if self.address:
            options["scheduling_strategy"] = "SPREAD"
        task = ray.remote(self._work).options(**options)
        ahead = CLUSTER_AHEAD if self.workers is None else AHEAD * self.workers
        source = iter(todo)
        under_way: dict[Any, tuple[Listed, str]] = {}
        try:
            while True:
                while len(under_way) < ahead and (item := next(source, None)) is not None:
                    under_way[task.remote(*item, out, settings)] = item
                if not under_way:
                    return
                for reference in ray.wait(list(under_way), num_returns=1, timeout=1.0)[0]:
                    listed, name = under_way.pop(reference)
                    yield self._outcome(reference, listed, name)
        finally:
            for reference in under_way:
                ray.cancel(reference, force=True)

    def _outcome(self, reference: Any, listed: Listed, name: str) -> Record:
        import ray

        try:
            record: Record = ray.get(reference)
            return record
        except ray.exceptions.RayError as cause:
            log.warning("%s: %s", listed.path, type(cause).__name__)
            memory = isinstance(cause, ray.exceptions.OutOfMemoryError)
            why = "memory ran out" if memory else "its process died"
            advice = "Give fewer workers." if memory else "Try it alone with fusar interpret."
            message = f"The scene was given up after {TRIES} tries: {why} each time."
            code = SceneCrashed.code
            return Record(listed.path, name, FAILED, state_of(listed.path), code, message, advice)

    # -- Ray -------------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        cpus = self.workers or 1
        what = {"for_what": "Interpreting many scenes at once", "extra": "batch"}
        start_ray(self.address, cpus, OBJECT_STORE_BYTES, **what, logs=False)

    def _gpus_of_each(self) -> float:
        import ray

        there = float(ray.cluster_resources().get("GPU", 0))
        if self.gpus is None:
            return 1.0 if there else 0.0
        if self.gpus > there:
            raise BadOption(f"{self.gpus:g} GPUs a worker are wanted; Ray sees {there:g}.", "Give fewer.")
        return self.gpus
