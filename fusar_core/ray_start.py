"""Ray: connected to a cluster that is there, or started on this computer for as long as this process lives."""

from __future__ import annotations

import atexit
import logging
import os
import re
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from fusar_core.errors import MissingExtra, RayUnavailable

LOOPBACK_VARIABLE = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
"""Set to 0 before Ray is imported, all ports of a Ray of our own are on loopback."""
CONNECT_S = 5.0
FOLDER = "fusar-ray-"
"""Start of the name of our own Ray's folder, which goes on with the process that it belongs to."""
REMOVE_S = 3.0
LONGEST_PLACE = 24
"""Characters of the folder that ours is made in: sockets below it must fit 103."""


def start_ray(address: str | None, cpus: int, store_bytes: int, *, for_what: str, extra: str, logs: bool) -> None:
    """Connects to the cluster at `address` (`auto`, `host:port`, `ray://host:port`), or starts one of our own.

    cpus, store_bytes: what our own has. for_what, extra: said where ray is not installed. logs: whether lines that
    processes print appear here. Nobody else can use a Ray of our own: it listens on loopback and asks for a token that
    is made anew, and its sockets and logs lie in a folder that nobody else can enter and that goes with it.

    Raises MissingExtra, RayUnavailable.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if address is None and "ray" not in sys.modules:  # Ray reads these when it is imported, and never again
        os.environ[LOOPBACK_VARIABLE] = "0"
        if os.environ.setdefault("RAY_AUTH_MODE", "token") == "token" and not _has_token():
            os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
    folder = _private_folder() if address is None else None  # goes last: Ray's own end is noted after this
    try:
        import ray
    except ModuleNotFoundError as cause:
        if cause.name != "ray":
            raise
        raise MissingExtra.of(extra, f"{for_what} needs ray, which is not installed.") from cause
    options: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": logs}
    if address is None:
        options |= {"num_cpus": cpus, "object_store_memory": store_bytes, "include_dashboard": False}
        options["_temp_dir"] = f"{folder}/ray"  # Ray opens its folder to everybody; ours around it stays shut
    else:
        check_there(address)
    try:
        with _our_own_end():
            ray.init(address=address or "local", **options)
    except Exception as cause:  # Ray raises many kinds
        atexit.unregister(_remove)  # its log is wanted; the next start removes it
        where = f"at {address}" if address else "on this computer"
        said = (str(cause).strip() or type(cause).__name__).splitlines()[0][:300]
        raise RayUnavailable(f"Ray cannot be used {where}: {said}", f"Its log is in {folder or '/tmp/ray'}.") from cause


def _private_folder() -> Path:
    """A new folder (0700) for Ray's, removed when this process ends; those that dead processes left are removed now."""
    place = Path(os.environ.get("RAY_TMPDIR") or tempfile.gettempdir())
    if len(str(place)) > LONGEST_PLACE and os.name == "posix":
        place = Path("/tmp")
    for old in place.glob(f"{FOLDER}*"):
        if _is_left_behind(old):
            shutil.rmtree(old, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER}{os.getpid()}-", dir=place))
    atexit.register(_remove, folder, os.getpid())
    return folder


def _remove(folder: Path, of: int) -> None:
    if os.getpid() != of:  # a fork of ours has no say in it
        return
    if ray := sys.modules.get("ray"):
        with suppress(Exception):
            ray.shutdown()
    until = time.monotonic() + REMOVE_S
    while folder.exists() and time.monotonic() < until:
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.1)  # Ray's processes write their last words


def _is_left_behind(folder: Path) -> bool:
    """Whether a folder is ours, and the process that made it is gone."""
    found = re.fullmatch(rf"{FOLDER}(\d+)-\w+", folder.name)
    with suppress(OSError):
        about = folder.lstat()
        if found is None or os.name != "posix" or about.st_uid != os.getuid() or folder.is_symlink():
            return False
        os.kill(int(found.group(1)), 0)
        return False
    return found is not None and folder.is_dir()


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
