"""The simulated AlphaEarth field: unit vectors that tell the land cover as much as they are asked to."""

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine

from fusar_core.domain.grid import Grid
from fusar_core.prior.aef.quantisation import decode, encode, unit_vectors
from training.simulation.canvas import BUILT, COVERS, WATER
from training.simulation.derive_statistics import derive
from training.simulation.embeddings import EmbeddingField, quantised, statistics

SIDE = 100
GRID = Grid(SIDE, SIDE, Affine(10, 0, 0, 0, -10, 0), None)
NOTHING = np.zeros((SIDE, SIDE), bool)


def field(cover: np.ndarray, seed: int, prior_information: float, structure: np.ndarray = NOTHING) -> EmbeddingField:
    return EmbeddingField(GRID, cover, structure, seed, prior_information)


def patches(seed: int) -> np.ndarray:
    """Covers in squares of 20 pixels."""
    some = np.random.default_rng(seed).integers(0, len(COVERS), (5, 5), dtype=np.uint8)
    return some.repeat(20, axis=0).repeat(20, axis=1)


def probe(prior_information: float) -> float:
    """Accuracy of a least-squares probe of the cover, on places it was not fitted to."""
    vectors, covers = [], []
    for seed in range(60):
        cover = patches(seed)
        x, y = np.random.default_rng((seed, 1)).uniform(0, SIDE, (2, 60))
        vectors.append(field(cover, seed, prior_information).at(x, y))
        covers.append(cover[y.astype(int), x.astype(int)])
    known = np.concatenate(vectors)
    known, truth = np.c_[known, np.ones(len(known))], np.concatenate(covers)
    half = len(truth) // 2
    weights, *_ = np.linalg.lstsq(known[:half], np.eye(len(COVERS))[truth[:half]], rcond=None)
    return float(((known[half:] @ weights).argmax(1) == truth[half:]).mean())


@pytest.mark.parametrize("prior_information", [0.0, 0.3, 1.0])
def test_vectors_have_unit_length_and_pass_the_engine_s_guard(prior_information: float) -> None:
    x, y = np.random.default_rng(0).uniform(0, SIDE, (2, 200))
    vectors = field(patches(1), 1, prior_information).at(x, y)
    assert vectors.dtype == np.float32
    assert vectors.shape == (200, 64)
    assert np.abs(np.linalg.norm(vectors, axis=1) - 1).max() < 1e-5
    _, valid = unit_vectors(vectors, np.ones(200, bool), "simulated")
    assert valid.all()


def test_useless_vectors_are_the_same_whatever_the_cover() -> None:
    x, y = np.random.default_rng(0).uniform(0, SIDE, (2, 200))
    structure = np.random.default_rng(1).random((SIDE, SIDE)) < 0.5
    one = field(patches(1), 7, 0.0).at(x, y)
    two = field(patches(2), 7, 0.0, structure).at(x, y)
    assert np.array_equal(one, two)


def test_a_probe_reads_the_cover_from_informative_vectors_only() -> None:
    told = {k: probe(k) for k in (0.0, 0.4, 1.0)}
    assert told[0.0] < 1 / len(COVERS) + 0.05
    assert told[0.0] + 0.1 < told[0.4] < told[1.0]
    assert told[1.0] > 0.65


def test_water_is_told_from_built_ground_nearly_always() -> None:
    x, y = np.random.default_rng(0).uniform(0, SIDE, (2, 100))
    means = statistics()["means"]
    axis = means[BUILT] - means[WATER]
    sides = [
        [float(np.median(field(np.full((SIDE, SIDE), c, np.uint8), seed, 1.0).at(x, y) @ axis)) for seed in range(20)]
        for c in (WATER, BUILT)
    ]
    assert np.mean(np.subtract.outer(sides[1], sides[0]) > 0) > 0.95


def test_places_differ_and_a_place_is_smooth() -> None:
    cover = np.zeros((SIDE, SIDE), np.uint8)
    x, y = np.random.default_rng(0).uniform(0, SIDE - 3, (2, 300))
    here, near, there = field(cover, 1, 1.0), field(cover, 1, 1.0).at(x + 2, y), field(cover, 2, 1.0).at(x, y)
    vectors = here.at(x, y)
    far = vectors[np.random.default_rng(1).permutation(300)]
    assert (vectors * near).sum(1).mean() > (vectors * far).sum(1).mean() > (vectors * there).sum(1).mean()


def test_what_stands_all_year_looks_built() -> None:
    cover, structure = np.zeros((SIDE, SIDE), np.uint8), np.zeros((SIDE, SIDE), bool)
    structure[40:60, 40:60] = True
    at = np.array([50.5]), np.array([50.5])
    standing = field(cover, 3, 1.0, structure).at(*at)
    assert np.array_equal(standing, field(np.full((SIDE, SIDE), BUILT, np.uint8), 3, 1.0).at(*at))
    away = np.array([20.5]), np.array([20.5])
    assert np.array_equal(field(cover, 3, 1.0, structure).at(*away), field(cover, 3, 1.0).at(*away))


def test_a_point_has_one_vector_whatever_is_asked_with_it() -> None:
    one = field(patches(1), 1, 1.0)
    x, y = np.array([3.5, 80.2, 99.99]), np.array([9.1, 77.7, 0.0])
    assert np.allclose(one.at(x, y)[1:], one.at(x[1:], y[1:]), atol=1e-6)


def test_vectors_are_those_that_8_bits_keep() -> None:
    raw = np.random.default_rng(0).standard_normal((50, 64)).astype(np.float32)
    raw /= np.linalg.norm(raw, axis=1, keepdims=True)
    kept = quantised(raw)
    decoded = decode(encode(raw))
    assert np.allclose(kept, decoded / np.linalg.norm(decoded, axis=1, keepdims=True))


def test_statistics_find_what_samples_were_made_of() -> None:
    rng = np.random.default_rng(0)
    means = rng.normal(0, 0.1, (8, 64))
    place = {"a": rng.normal(0, 0.02, 64), "b": rng.normal(0, 0.02, 64)}
    axis = rng.standard_normal(64)
    axis /= np.linalg.norm(axis)
    cover, region = rng.integers(0, 8, 8000), rng.choice(["a", "b"], 8000)
    vectors = means[cover] + np.stack([place[r] for r in region])
    vectors += 0.2 * rng.standard_normal((8000, 1)) * axis + 0.01 * rng.standard_normal((8000, 64))
    found = derive(vectors, cover, region)
    assert found["means"].shape == (8, 64)
    assert found["within"].shape == (8, 10, 64)
    both = (place["a"] + place["b"]) / 2
    assert np.abs(found["means"] - means - both).max() < 0.03
    for c in range(8):
        leading = found["within"][c, 0]
        assert np.linalg.norm(leading) == pytest.approx(0.2, rel=0.1)
        assert abs(leading @ axis) / np.linalg.norm(leading) > 0.99
    assert found["pooled_noise"] == pytest.approx(0.01, rel=0.15)
    shift = (place["a"] - place["b"]) / 2
    assert np.linalg.norm(found["place"][0]) == pytest.approx(np.linalg.norm(shift), rel=0.1)


def test_shipped_statistics_are_small_and_hold_no_vector() -> None:
    known = statistics()
    assert known["means"].shape == (8, 64)
    assert sum(v.size for v in known.values()) < 10_000  # of the 2,560 × 64 they came from
    assert np.isfinite(np.concatenate([v.ravel() for v in known.values()])).all()
