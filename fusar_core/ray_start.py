"""Ray: connected to a cluster that is there, or started on this computer for as long as this process lives."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fusar_core.errors import MissingExtra, RayUnavailable

LOOPBACK_VARIABLE = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
"""Set to 0 before Ray is imported, all ports of a Ray of our own are on loopback."""
CONNECT_S = 5.0


def start_ray(address: str | None, cpus: int, store_bytes: int, *, for_what: str, extra: str, logs: bool) -> None:
    """Connects to the cluster at `address` (`auto`, `host:port`, `ray://host:port`), or starts one of our own.

    cpus, store_bytes: what our own has. for_what, extra: said where ray is not installed. logs: whether lines that
    processes print appear here. Nobody else can use a Ray of our own: it listens on loopback and asks for a token that
    is made anew.

    Raises MissingExtra, RayUnavailable.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if address is None and "ray" not in sys.modules:  # Ray reads these when it is imported, and never again
        os.environ[LOOPBACK_VARIABLE] = "0"
        if os.environ.setdefault("RAY_AUTH_MODE", "token") == "token" and not _has_token():
            os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
    try:
        import ray
    except ModuleNotFoundError as cause:
        if cause.name != "ray":
            raise
        raise MissingExtra(
            f"{for_what} needs ray, which is not installed.", f'Run: pip install "fusar-core[{extra}]"'
        ) from cause
    options: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": logs}
    if address is None:
        options |= {"num_cpus": cpus, "object_store_memory": store_bytes, "include_dashboard": False}
    else:
        check_there(address)
    try:
        with _our_own_end():
            ray.init(address=address or "local", **options)
    except Exception as cause:  # Ray raises many kinds
        where = f"at {address}" if address else "on this computer"
        said = (str(cause).strip() or type(cause).__name__).splitlines()[0][:300]
        raise RayUnavailable(f"Ray cannot be used {where}: {said}", "Its log is in /tmp/ray.") from cause


def check_there(address: str) -> None:
    """Raises RayUnavailable when nobody listens at `host:port` or `ray://host:port`: Ray itself waits for minutes."""
    host, colon, port = address.rpartition("://")[2].rpartition(":")
    if not colon or not port.isdecimal():
        return  # `auto`, and what else Ray knows
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_S).close()
    except (OSError, OverflowError) as cause:
        why = getattr(cause, "strerror", None) or cause
        raise RayUnavailable(f"No Ray cluster answers at {address}: {why}.", "Is it running: ray status?") from cause


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
