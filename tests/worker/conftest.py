"""A real worker on Ray Serve, started once: a tiny model that has learnt its lessons, behind a key."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="session")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model that has learnt the lessons of model_makers.py by heart, for 112 px chips."""
    if find_spec("torch") is None:
        pytest.skip("needs torch")
    from model_makers import make_taught

    path = tmp_path_factory.mktemp("models") / "taught"
    path.mkdir()
    make_taught(path)
    return path


@pytest.fixture(scope="session")
def worker(taught: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    """`fusar serve` with that model: `.url`, `.key`, `.name`."""
    if find_spec("ray") is None:
        pytest.skip("needs ray")
    from benchmarks.serving import serving

    folder = tmp_path_factory.mktemp("worker")
    (folder / "keys").write_text(KEY)
    (folder / "keys").chmod(0o600)
    arguments = ["--model", str(taught), "--threads", "1", "--api-key-file", str(folder / "keys")]
    with serving(arguments, folder / "log", KEY) as running:
        yield running
