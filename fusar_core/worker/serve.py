"""From start to stop: the port is taken first, then Ray and the model come, then questions; SIGTERM drains."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import os
import signal
import socket
import ssl
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import uvicorn

from fusar_core.errors import BadCheckpoint, BadOption, FusarError, PortInUse
from fusar_core.model.weights import check_whole, read_json, weight_files
from fusar_core.worker.app import make_app
from fusar_core.worker.auth import Keys, read_keys
from fusar_core.worker.cluster import Cluster, Placement, app_name
from fusar_core.worker.connections import Connections
from fusar_core.worker.front import Front
from fusar_core.worker.jobs import RuntimeSpec
from fusar_core.worker.limits import Limits
from fusar_core.worker.runtime import RUNTIMES

WATCH_S = 2.0
BACKLOG = 2048
FILES = 65_536
OTHER_FILES = 256
"""Of the worker itself: logs, Ray, libraries."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """What `fusar serve` was asked for. port 0: any free one. drain_s: seconds for requests inside after SIGTERM."""

    spec: RuntimeSpec
    name: str
    host: str = "127.0.0.1"
    port: int = 8000
    placement: Placement = field(default_factory=Placement)
    api_key_file: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    limits: Limits = field(default_factory=Limits)
    drain_s: float = 120.0


def serve(options: Options, say: Callable[[str], None] = lambda _: None) -> None:
    """Serves until SIGTERM or SIGINT. say: gets a line for the user when something changes.

    Raises BadOption, PortInUse, RayUnavailable, and what loading the model raises; nothing is left running then.
    """
    keys = read_keys(options.api_key_file) if options.api_key_file else Keys([])
    if not keys and not is_loopback(options.host):
        raise BadOption(
            f"Everybody who reaches {options.host} could use this worker.",
            "Give a file of keys with --api-key-file; without one the worker listens on 127.0.0.1 alone.",
        )
    check_tls(options.tls_cert, options.tls_key)
    if options.placement.address is None and options.spec.kind in RUNTIMES:
        check_files(Path(options.spec.model))
    _raise_file_limit()
    with listening(options.host, options.port) as listener:
        front = Front(options.name, keys, options.limits)
        cluster = Cluster(app_name(listener.getsockname()[1]), options.spec, options.placement, front.metrics.retried)
        asyncio.run(_Service(options, front, cluster, listener, say).run())


class _Service:
    def __init__(
        self, options: Options, front: Front, cluster: Cluster, listener: socket.socket, say: Callable[[str], None]
    ) -> None:
        self.options, self.front, self.cluster, self.listener, self.say = options, front, cluster, listener, say
        self.stop = asyncio.Event()
        self.connections = Connections(_within_files(options.limits))

    async def run(self) -> None:
        server = _Server(self._config())
        web = asyncio.create_task(server.serve(sockets=[self.listener]))
        try:
            self._catch_signals()
            await self._until_stopped(self._load())
            if not self.stop.is_set():
                self.say(f"ready at {self._url()} as '{self.front.name}'")
                await self._until_stopped(self._watch())
            self.say("stopping: requests inside are answered, no others are let in")
            _notify("STOPPING=1")
            if not await self.front.drain(self.options.drain_s):
                log.warning("%d requests were not answered in time", self.front.inside)
        finally:
            server.should_exit = True
            await asyncio.gather(web, return_exceptions=True)
            self.front.close()
            await asyncio.to_thread(self.cluster.stop)

    def _config(self) -> uvicorn.Config:
        secure: dict[str, Any] = {}
        if self.options.tls_cert:
            secure = {"ssl_certfile": str(self.options.tls_cert), "ssl_keyfile": str(self.options.tls_key)}
        return uvicorn.Config(
            make_app(self.front, lambda: self.connections.crowded),
            http=self.connections.protocol,  # h11: its heads are limited
            ws="none",
            lifespan="off",
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=5,
            **secure,
        )

    def _catch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop.set)

    async def _load(self) -> None:
        self.say("starting Ray")
        await asyncio.to_thread(self.cluster.start_ray)
        self._catch_signals()  # Ray takes some for itself
        self.say("loading the model")
        about = await asyncio.to_thread(self.cluster.start_replicas, self.stop.is_set)
        self.front.open(about, self.cluster)
        for warning in about.warnings:
            self.say(warning)
        _notify("READY=1")

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_S)
            try:
                self.front.replicas = await asyncio.to_thread(self.cluster.replicas)
            except Exception as error:  # the controller may be about to come back
                log.warning("Ray does not say how its replicas are: %s", error)

    async def _until_stopped(self, work: Awaitable[None]) -> None:
        """Does some work until it ends, or the worker is to stop. Raises what the work raises."""
        task, stopped = asyncio.ensure_future(work), asyncio.ensure_future(self.stop.wait())
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if task.done():
            task.result()
        task.cancel()
        with suppress(asyncio.CancelledError, FusarError):
            await task

    def _url(self) -> str:
        host, port = self.listener.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        return f"{'https' if self.options.tls_cert else 'http'}://{shown}:{port}/v1"


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are ours."""
        yield


def check_files(model: Path) -> None:
    """Raises BadCheckpoint when files of a model are plainly missing or cut off, before Ray and torch are started."""
    if not model.is_dir():
        raise BadCheckpoint(f"{model} is no directory.", "Give the directory of a FUSAR-GPT model.")
    if (model / "fusar.json").exists():  # its base may lie anywhere: the replica finds out
        return
    read_json(model / "config.json")
    for path in weight_files(model):
        check_whole(path)


def is_loopback(host: str) -> bool:
    """Whether only this computer reaches the host."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def check_tls(cert: Path | None, key: Path | None) -> None:
    """Raises BadOption when certificate and key do not make TLS together."""
    if cert is None and key is None:
        return
    if cert is None or key is None:
        raise BadOption("TLS needs a certificate and its key.", "Give both --tls-cert and --tls-key.")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password=lambda: "")
    except (OSError, ssl.SSLError) as cause:
        raise BadOption(
            f"TLS cannot be used with {cert} and {key}: {cause}.",
            "Give PEM files: the certificate with its chain, and its key without a password.",
        ) from cause


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that holds the port. Raises PortInUse."""
    try:
        family, _, _, _, place = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
        with socket.create_server(place[:2], family=family, backlog=BACKLOG) as listener:
            # Inherited by its connections; asyncio sets it only on sockets of another making, and without it the answer
            # waits 40 ms for the client to acknowledge its head.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            yield listener
    except OSError as cause:
        if isinstance(cause, socket.gaierror):
            raise BadOption(
                f"'{host}' is no address of this computer: {cause.strerror}.", "Give an IP address."
            ) from cause
        if cause.errno not in (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL):
            raise
        raise PortInUse(
            f"The worker cannot listen at {host}, port {port}: {cause.strerror}.",
            "Stop the program that does, or choose another with --port.",
        ) from cause


def _raise_file_limit() -> None:
    """Room for many connections, where the system lets us."""
    try:
        import resource
    except ImportError:  # Windows
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(hard, FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _within_files(limits: Limits) -> Limits:
    """No more connections than this process may have open files, some of which are others'."""
    try:
        import resource
    except ImportError:  # Windows
        return limits
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return replace(limits, connections=max(64, min(limits.connections, soft - OTHER_FILES)))


def _notify(state: str) -> None:
    """Tells systemd, where it started us with Type=notify."""
    place = os.environ.get("NOTIFY_SOCKET")
    if not place or sys.platform == "win32":
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line, suppress(OSError):
        line.connect("\0" + place[1:] if place.startswith("@") else place)
        line.sendall(state.encode())
