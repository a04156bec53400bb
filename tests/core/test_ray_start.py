"""A Ray of our own is nobody else's: its folder is closed to others, and goes with it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("ray")

STARTED = """
import os, ray
from fusar_core.ray_start import start_ray
start_ray(None, 1, 80_000_000, for_what="A test", extra="batch", logs=False)
print(ray._private.worker.global_worker.node.get_session_dir_path())
print(oct(os.stat(ray._private.worker.global_worker.node.get_session_dir_path() + "/../..").st_mode & 0o777))
"""


def test_its_folder_is_private_and_goes_with_it() -> None:
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    left, alive = Path(f"/tmp/fusar-ray-{int(dead.stdout)}-abc"), Path(f"/tmp/fusar-ray-{os.getpid()}-abc")
    for folder in (left, alive):
        folder.mkdir()
    environment = {k: v for k, v in os.environ.items() if k not in ("RAY_TMPDIR", "TMPDIR")}
    try:
        done = subprocess.run(
            [sys.executable, "-c", STARTED], capture_output=True, text=True, timeout=240, env=environment, check=True
        )
        session, mode = done.stdout.split()[-2:]
        assert session.startswith("/tmp/fusar-ray-")
        assert int(mode, 8) == stat.S_IRWXU
        assert not Path(session).parents[1].exists()
        assert not left.exists()  # of a process that died
        assert alive.exists()  # of one that lives
    finally:
        for folder in (left, alive):
            if folder.exists():
                folder.rmdir()
