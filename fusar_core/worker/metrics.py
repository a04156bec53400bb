"""What the worker tells Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from fusar_core.worker.jobs import Effort, Event, Token

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
ROWS = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """Counters of one worker, in a registry of their own.

    inside, replicas: asked when the metrics are; requests in the house, and replicas that run.
    """

    def __init__(self, inside: Callable[[], int], replicas: Callable[[], int]) -> None:
        registry = self._registry = CollectorRegistry()
        self._requests = Counter(
            "fusar_requests", "Requests by path and status.", ["path", "status"], registry=registry
        )
        self._seconds = Histogram(
            "fusar_request_seconds", "From the head of a request to the end of its answer.", ["path"],
            buckets=SECONDS, registry=registry,
        )  # fmt: skip
        self._gone = Counter("fusar_clients_gone", "Clients that left before their answer.", registry=registry)
        self._repeated = Counter("fusar_repeated", "Requests answered by one that came before.", registry=registry)
        self._retried = Counter("fusar_retried", "Jobs that were given to another replica.", registry=registry)
        self._tokens = Counter("fusar_tokens", "Tokens of prompts and answers.", ["kind"], registry=registry)
        self._batch = Histogram("fusar_batch_rows", "Rows in the batch of a job.", buckets=ROWS, registry=registry)
        self._model = Histogram("fusar_batch_seconds", "Of the batch of a job.", buckets=SECONDS, registry=registry)
        self._waited = Histogram(
            "fusar_replica_wait_seconds", "From the arrival of a job in a replica to the begin of its batch.",
            buckets=SECONDS, registry=registry,
        )  # fmt: skip
        self._images = Counter("fusar_images", "Images of jobs, encoded or seen before.", ["how"], registry=registry)
        Gauge("fusar_requests_inside", "Requests in the house.", registry=registry).set_function(inside)
        Gauge("fusar_replicas", "Replicas that run.", registry=registry).set_function(replicas)

    def answered(self, path: str, status: int, seconds: float) -> None:
        """Counts a request that ended. status: of HTTP, 499 where the client left. seconds: from head to end."""
        self._requests.labels(path, str(status)).inc()
        self._seconds.labels(path).observe(seconds)

    def client_gone(self) -> None:
        """Counts a client that left before its answer."""
        self._gone.inc()

    def repeated(self) -> None:
        """Counts a request answered by the work for one that came before."""
        self._repeated.inc()

    def retried(self) -> None:
        """Counts a job that was given to another replica, since the first was lost."""
        self._retried.inc()

    def worked(self, events: Sequence[Event]) -> None:
        """Counts the work of one job that was done."""
        said = sum(isinstance(e, Token) for e in events)
        for effort in (e for e in events if isinstance(e, Effort)):
            self._tokens.labels("prompt").inc(effort.prompt_tokens)
            self._tokens.labels("answer").inc(said)
            self._batch.observe(effort.batch)
            self._model.observe(effort.seconds)
            self._waited.observe(effort.waited_s)
            self._images.labels("encoded" if effort.encoded else "seen before").inc()

    def text(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self._registry)
