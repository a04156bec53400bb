"""The Ray side of the worker: a cluster of its own or a given one, the replicas on it, and questions to them."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from fusar_core.errors import BadOption, FusarError, WorkerFailed
from fusar_core.ray_start import check_there, start_ray
from fusar_core.worker.jobs import About, Event, Failed, Job, RuntimeSpec
from fusar_core.worker.refusals import from_code
from fusar_core.worker.replica import Replica, failure_in

DEPLOYMENT = "model"
TRIES = 5
"""Replicas that a job is given to, one after the other, when they are lost."""
PAUSE_S = 0.5
OBJECT_STORE_BYTES = 512 * 2**20
"""Of a cluster of our own: chips wait there on their way to a replica, a quarter of a megabyte each."""
START_S = 1800.0
"""A replica gets so long to load its model."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Placement:
    """replicas: how many, or 0 for as many as the load needs, between 1 and `most`. gpus: of each replica; None: a
    whole one where there are any. address: of a Ray cluster; None: one of our own on this computer.
    """

    replicas: int = 1
    most: int | None = None
    gpus: float | None = None
    address: str | None = None


class Cluster:
    """Starts Ray and the replicas, answers jobs through them, and stops everything. Its calls block, but for `ask`."""

    def __init__(self, app: str, spec: RuntimeSpec, placement: Placement, retried: Callable[[], None]) -> None:
        self.app, self.spec, self.placement = app, spec, placement
        self._retried = retried
        self._handle: Any = None
        self._streams: Any = None
        self._busy = threading.Lock()  # starting and stopping are not done at once

    # -- start and stop --------------------------------------------------------------------------------------------

    def start_ray(self) -> None:
        """Connects to the given cluster, or starts one that ends with this process. Raises RayUnavailable."""
        address = self.placement.address
        if address is not None:
            check_address(address)
        else:
            os.environ.setdefault("RAY_worker_niceness", "0")  # Ray's 15 is for computers that have other work as well
            # A replica's loop only hands jobs to the model's thread and never blocks: two of them take time from that.
            os.environ.setdefault("RAY_SERVE_RUN_USER_CODE_IN_SEPARATE_THREAD", "0")
        cpus = max(os.cpu_count() or 1, self.placement.replicas + 1)
        with self._busy:
            start_ray(address, cpus, OBJECT_STORE_BYTES, for_what="The worker", extra="worker", logs=True)

    def start_replicas(self, stopped: Callable[[], bool] = lambda: False) -> About:
        """Returns when the first replica has its model. Raises what loading it raises, WorkerFailed, RayUnavailable."""
        from ray import serve

        logging.getLogger("ray.serve").setLevel(logging.WARNING)
        with self._busy:
            # Its controller would log the traces of replicas that do not start; what they say is read from its status.
            serve.start(proxy_location="Disabled", logging_config={"log_level": "CRITICAL"})
            target = serve.RunTarget(target=self._deployment(), name=self.app, route_prefix=None)
            serve.run_many([target], wait_for_applications_running=False)
            self._wait(stopped)
        self._handle = serve.get_app_handle(self.app)
        self._streams = self._handle.options(stream=True)
        about: About = self._handle.about.remote().result(timeout_s=60)["about"]
        return about

    def _deployment(self) -> Any:
        from ray import serve
        from ray.serve.config import RequestRouterConfig

        from fusar_core.worker.routing import ImageRouter

        ongoing = 4 * self.spec.batch_size  # more than a batch, so that the next can be chosen well; Ray's default is 5
        options: dict[str, Any] = {
            "name": DEPLOYMENT,
            "ray_actor_options": {"num_cpus": 1, "num_gpus": self._gpus()},
            "max_ongoing_requests": ongoing,
            "max_queued_requests": -1,  # the front has the limit
            "health_check_period_s": 5,
            "health_check_timeout_s": 60,
            "graceful_shutdown_wait_loop_s": 0.5,
            "graceful_shutdown_timeout_s": 10,
            "max_constructor_retry_count": 3,
            "request_router_config": RequestRouterConfig(
                request_router_class=ImageRouter, request_router_kwargs={"slack": self.spec.batch_size // 2}
            ),
            "logging_config": {"log_level": "WARNING", "enable_access_log": False},
        }
        if self.placement.replicas:
            options["num_replicas"] = self.placement.replicas
        else:
            options["autoscaling_config"] = {
                "min_replicas": 1,
                "max_replicas": self.placement.most or self._most(),
                "target_ongoing_requests": 2 * self.spec.batch_size,  # one batch at work, one that waits
                "upscale_delay_s": 10,
                "downscale_delay_s": 300,
            }
        return serve.deployment(**options)(Replica).bind(self.spec)

    def _gpus(self) -> float:
        """GPUs of one replica. Raises BadOption when no cluster node has them."""
        import ray

        there = float(ray.cluster_resources().get("GPU", 0))
        wanted = self.placement.gpus
        if wanted is None:
            return 1.0 if there and not (self.spec.device or "").startswith("cpu") else 0.0
        if wanted > there:
            raise BadOption(f"{wanted:g} GPUs a replica are wanted; Ray sees {there:g}.", "Give fewer, or none with 0.")
        return wanted

    def _most(self) -> int:
        """As many replicas as there are GPUs for; on CPUs one for four of them."""
        import ray

        resources = ray.cluster_resources()
        gpus = self._gpus()
        return max(1, int(resources.get("GPU", 0) / gpus) if gpus else int(resources.get("CPU", 1)) // 4)

    def _wait(self, stopped: Callable[[], bool]) -> None:
        until = time.monotonic() + START_S
        while time.monotonic() < until and not stopped():
            status = self._status()
            if status is not None:
                running, words = status
                if running:
                    return
                if failure := failure_in(words):
                    raise from_code(failure["code"], failure["message"], failure["hint"])
                if "DEPLOY_FAILED" in words:
                    raise WorkerFailed(f"No replica starts: {_last_line(words)}", "The log of Ray says more.")
            time.sleep(0.1)
        raise WorkerFailed(f"No replica was ready within {START_S:.0f} s.", "Are there enough CPUs and GPUs for one?")

    def _status(self) -> tuple[int, str] | None:
        """How many replicas run, and what Ray says of them; None before it knows of them."""
        from ray import serve

        app = serve.status().applications.get(self.app)
        if app is None:
            return None
        deployment = app.deployments.get(DEPLOYMENT)
        running = 0 if deployment is None else int(deployment.replica_states.get("RUNNING", 0))
        words = "" if deployment is None else f"{deployment.status} {deployment.message}"
        return running, f"{app.status} {words}\n{app.message}"

    def replicas(self) -> int:
        """How many replicas run; logs why others do not."""
        status = self._status()
        if status is None:
            return 0
        running, words = status
        if failure := failure_in(words):
            log.error("a replica does not start: %s %s", failure["message"], failure["hint"])
        return running

    def stop(self) -> None:
        """Stops the replicas, with Ray where it is our own."""
        if "ray" not in sys.modules:
            return
        import ray

        with self._busy:
            if self.placement.address is not None and ray.is_initialized():
                from ray import serve

                with suppress(Exception):
                    serve.delete(self.app)
            ray.shutdown()

    # -- questions -------------------------------------------------------------------------------------------------

    async def ask(self, job: Job, stream: bool) -> AsyncIterator[Sequence[Event]]:
        """The events of a job; from another replica, from the start, when one is lost. Raises FusarError."""
        for attempt in range(TRIES):
            try:
                async for events in self._streamed(job) if stream else self._whole(job):
                    if isinstance(last := events[-1], Failed):
                        raise from_code(*last)
                    yield events
                return
            except FusarError:
                raise
            except Exception as error:
                if not _is_lost(error):
                    raise
                log.warning("a replica was lost (%s): its job goes to another", type(error).__name__)
                self._retried()
                await asyncio.sleep(PAUSE_S * attempt)
        raise WorkerFailed(f"{TRIES} replicas were lost over this question.", "The log of the worker says why.")

    async def _whole(self, job: Job) -> AsyncIterator[Sequence[Event]]:
        response = self._handle.answer.remote(job)
        try:
            yield await response
        except BaseException:
            response.cancel()
            raise

    async def _streamed(self, job: Job) -> AsyncIterator[Sequence[Event]]:
        response = self._streams.stream.remote(job)
        try:
            async for events in response:
                yield events
        except BaseException:
            response.cancel()
            raise


def check_address(address: str) -> None:
    """Raises BadOption, and RayUnavailable when nobody listens there: Ray itself would try for minutes."""
    if address == "auto":
        return
    _, colon, port = address.rpartition(":")
    if "://" in address or not colon or not port.isdecimal():
        raise BadOption(f"'{address}' is no address of a Ray cluster.", "Give HOST:6379, or auto on one of its nodes.")
    check_there(address)


def app_name(port: int) -> str:
    """Of the Ray Serve application: the same after a restart, so that one that was left behind is replaced."""
    return f"fusar-{socket.gethostname()}-{port}"


def _is_lost(error: Exception) -> bool:
    """Whether an exception says that a replica is gone, rather than that a job cannot be answered."""
    from ray.exceptions import ActorDiedError, ActorUnavailableError, RayActorError, WorkerCrashedError
    from ray.serve.exceptions import ReplicaUnavailableError

    return isinstance(
        error, ActorDiedError | ActorUnavailableError | RayActorError | WorkerCrashedError | ReplicaUnavailableError
    )


def _last_line(words: str) -> str:
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "no reason was given."
