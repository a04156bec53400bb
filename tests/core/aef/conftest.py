"""Fixtures for sources of embeddings: a small mosaic, its server, and a cache of its own for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from aef_servers import FileServer
from aef_world import World, chunks_of_box, write_mosaic

from fusar_core.prior.aef.cache import DiskCache


@pytest.fixture(scope="session")
def world() -> World:
    return World()


@pytest.fixture(scope="session")
def mosaic(tmp_path_factory: pytest.TempPathFactory, world: World) -> Path:
    """Chunks around 9.86° E 45.05° N, where four shards meet, in 2020; the south-eastern one of them is empty."""
    chunks = chunks_of_box(9.82, 45.01, 9.90, 45.09)
    content = {place: world.chunk(*place) for place in chunks}
    del content[chunks[-1]]
    return write_mosaic(tmp_path_factory.mktemp("mosaic"), content)


@pytest.fixture
def server(mosaic: Path) -> Iterator[FileServer]:
    with FileServer(folder=mosaic) as running:
        yield running


@pytest.fixture
def cache(tmp_path: Path) -> DiskCache:
    return DiskCache(tmp_path / "cache", 10**9)
