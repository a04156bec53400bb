"""Processes that work through scenes: Ray on this computer, or a Ray cluster. A process that dies is replaced and its
scene given to another, which takes up the journal."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from fusar_core.batch.listing import Listed
from fusar_core.batch.work import FAILED, Record, Settings, Work, interpret_listed, state_of
from fusar_core.errors import BadOption, MissingExtra, RayUnavailable, SceneCrashed

TRIES = 4
"""Processes that a scene may cost before it is given up; a lost node of a cluster counts like one."""
AHEAD = 4
"""Scenes handed to Ray for each process, so that none waits for the next."""
CLUSTER_AHEAD = 1000
"""And to a cluster, which may grow when it sees how much there is to do."""
OBJECT_STORE_BYTES = 128 * 2**20
"""Only paths and records pass through it; Ray would take a third of the memory."""
CONNECT_S = 10.0

log = logging.getLogger(__name__)


class Pool(Protocol):
    """Who works through scenes. Use as a context manager."""

    def __enter__(self) -> Pool: ...

    def __exit__(self, *_: object) -> None: ...

    def map(self, todo: Iterable[tuple[Listed, str]], out: str, settings: Settings) -> Generator[Record, None, None]:
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

    def map(self, todo: Iterable[tuple[Listed, str]], out: str, settings: Settings) -> Generator[Record, None, None]:
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
        own = self.address is None
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        if own and "ray" not in sys.modules:  # Ray reads these when it is imported, and never again
            os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # all of its ports on loopback
            if os.environ.setdefault("RAY_AUTH_MODE", "token") == "token" and not _has_token():
                os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
        try:
            import ray
        except ModuleNotFoundError as cause:
            if cause.name != "ray":
                raise
            raise MissingExtra(
                "Interpreting many scenes at once needs ray, which is not installed.",
                'Run: pip install "fusar-core[batch]"',
            ) from cause
        if self.address:
            _check_there(self.address)
        options: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
        if own:
            store = {"object_store_memory": OBJECT_STORE_BYTES}
            options |= {"num_cpus": self.workers or 1, "include_dashboard": False, **store}
        try:
            with _our_own_end():
                ray.init(address=self.address or "local", **options)
        except Exception as cause:  # Ray raises many kinds
            where = f"at {self.address}" if self.address else "on this computer"
            said = (str(cause).strip() or type(cause).__name__).splitlines()[0][:300]
            raise RayUnavailable(f"Ray cannot be used {where}: {said}", "Its log is in /tmp/ray.") from cause

    def _gpus_of_each(self) -> float:
        import ray

        there = float(ray.cluster_resources().get("GPU", 0))
        if self.gpus is None:
            return 1.0 if there else 0.0
        if self.gpus > there:
            raise BadOption(f"{self.gpus:g} GPUs a worker are wanted; Ray sees {there:g}.", "Give fewer.")
        return self.gpus


def _check_there(address: str) -> None:
    """Raises RayUnavailable when nobody listens at `host:port` or `ray://host:port`: Ray itself waits for minutes."""
    host, colon, port = address.partition("://")[2].rpartition(":") if "://" in address else address.rpartition(":")
    if not colon or not port.isdecimal():
        return  # `auto`, and what else Ray knows
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_S).close()
    except OSError as cause:
        raise RayUnavailable(
            f"No Ray cluster answers at {address}: {cause.strerror or cause}.", "Start one with: ray start --head"
        ) from cause


@contextmanager
def _our_own_end() -> Iterator[None]:
    """Keeps what SIGTERM does: Ray would end the process with a stack trace and status 1."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ours = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, ours if ours is not None else signal.SIG_DFL)


def _has_token() -> bool:
    return bool(os.environ.get("RAY_AUTH_TOKEN") or os.environ.get("RAY_AUTH_TOKEN_PATH"))
