"""Anchors in files: ours, the official release's, its older tables, and what is none of them."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

import numpy as np
import pytest
from aef_world import random_vectors
from hypothesis import given
from hypothesis import strategies as st

from fusar_core.domain.anchors import Anchors
from fusar_core.errors import BadAnchors, BadEmbeddings, OutputUnwritable
from fusar_core.prior.files import read_anchors, write_anchors

RNG = np.random.default_rng(2)
ANCHORS = Anchors(
    random_vectors(50).astype(np.float32),
    RNG.uniform(0, 1, (50, 2)).astype(np.float32),
    RNG.uniform(10, 11, 50),
    RNG.uniform(50, 51, 50),
    0.75,
    2016,
    2017,
    "mosaic https://example.org",
    "Made by someone — with an accent: é.",
)


def test_everything_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "anchors.npz"
    write_anchors(ANCHORS, path)
    memory = io.BytesIO()
    write_anchors(ANCHORS, memory)
    memory.seek(0)
    for read in (read_anchors(path), read_anchors(memory)):
        for name in ("features", "positions", "lon", "lat"):
            np.testing.assert_array_equal(getattr(read, name), getattr(ANCHORS, name))
        for name in ("valid_fraction", "year_requested", "year_used", "source", "attribution"):
            assert getattr(read, name) == getattr(ANCHORS, name)


def test_no_anchors_come_back_as_none(tmp_path: Path) -> None:
    empty = Anchors(
        np.zeros((0, 64), np.float32), np.zeros((0, 2), np.float32), np.zeros(0), np.zeros(0), 0.0, 2020, 2020
    )
    write_anchors(empty, tmp_path / "a.npz")
    read = read_anchors(tmp_path / "a.npz")
    assert len(read) == 0
    assert read.valid_fraction == 0.0


def test_the_file_is_what_the_official_release_reads(tmp_path: Path) -> None:
    write_anchors(ANCHORS, tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz", allow_pickle=False) as said:
        assert said["features"].shape == (50, 64)
        assert said["positions"].shape == (50, 2)
        assert said["features"].dtype == said["positions"].dtype == np.float32


def test_the_official_releases_own_files_are_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", features=ANCHORS.features, positions=ANCHORS.positions)
    read = read_anchors(tmp_path / "a.npz")
    np.testing.assert_array_equal(read.features, ANCHORS.features)
    assert np.isnan(read.lon).all()
    assert (read.year_requested, read.year_used, read.valid_fraction) == (None, None, 1.0)


def test_older_tables_are_read_with_positions_between_the_extremes(tmp_path: Path) -> None:
    table = np.zeros((3, 70), np.float32)
    table[:, 0], table[:, 1] = [10, 11, 12], [50, 51, 52]
    table[:, 4], table[:, 5] = [100, 150, 300], [40, 40, 80]  # x, y
    table[:, 6:] = random_vectors(3)
    np.save(tmp_path / "a.npy", table)
    read = read_anchors(tmp_path / "a.npy")
    np.testing.assert_allclose(read.positions, [[0, 0], [0, 0.25], [1, 1]])
    np.testing.assert_array_equal(read.features, table[:, 6:])
    assert read.lon.tolist() == [10, 11, 12]
    np.save(tmp_path / "one.npy", table[:1])
    assert read_anchors(tmp_path / "one.npy").positions.tolist() == [[0.5, 0.5]]


def saved(**fields: object) -> bytes:
    file = io.BytesIO()
    np.savez(file, **fields)  # type: ignore[arg-type]
    return file.getvalue()


def bomb() -> bytes:
    """30 kB that become 30 MB, and might as well become 30 GB."""
    file = io.BytesIO()
    np.savez_compressed(
        file, features=np.zeros((120_000, 64), np.float32), positions=np.zeros((120_000, 2), np.float32)
    )
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 but no archive",
        b"\x93NUMPY\x01\x00",
        saved(features=ANCHORS.features),
        saved(features=ANCHORS.features, positions=ANCHORS.positions[:3]),
        saved(features=np.array([{"a": 1}], object), positions=ANCHORS.positions),
        saved(features=ANCHORS.features, positions=ANCHORS.positions * 504),
        saved(features=np.array(["a"]), positions=np.array(["b"])),
        pickle.dumps(ANCHORS.features),
    ],
    ids=["empty", "no archive", "cut off", "no positions", "uneven", "pickled", "pixels", "words", "pickle"],
)
def test_what_is_no_file_of_anchors_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(BadAnchors):
        read_anchors(tmp_path / "a.npz")


def test_a_small_file_that_becomes_a_huge_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(bomb())
    assert (tmp_path / "a.npz").stat().st_size < 50_000
    with pytest.raises(BadAnchors, match="more than 100000 anchors"):
        read_anchors(tmp_path / "a.npz")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadAnchors, match=r"none\.npz"):
        read_anchors(tmp_path / "none.npz")


def test_features_that_were_decoded_linearly_are_refused(tmp_path: Path) -> None:
    linear = np.sign(ANCHORS.features) * np.sqrt(np.abs(ANCHORS.features))
    np.savez(tmp_path / "a.npz", features=linear, positions=ANCHORS.positions)
    with pytest.raises(BadEmbeddings, match="linearly"):
        read_anchors(tmp_path / "a.npz")


@given(st.binary(max_size=400), st.integers(0, 3000))
def test_damaged_files_end_in_an_error_of_ours_or_in_sound_anchors(noise: bytes, at: int) -> None:
    content = bytearray(saved(features=ANCHORS.features, positions=ANCHORS.positions))
    content[at : at + len(noise)] = noise
    try:
        read = read_anchors(io.BytesIO(bytes(content)))
    except (BadAnchors, BadEmbeddings):
        return
    assert np.isfinite(read.features).all()


def test_an_unwritable_place_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputUnwritable):
        write_anchors(ANCHORS, tmp_path / "missing" / "a.npz")
