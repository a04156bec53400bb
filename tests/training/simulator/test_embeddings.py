"""The simulated AlphaEarth field: unit vectors that tell the land cover as much as they are asked to."""

from __future__ import annotations

import numpy as np
import pytest

from fusar_core.aef.quantisation import unit_vectors
from training.simulator.embeddings import quantised
from training.simulator.ground import BARE, BUILT, WATER
from training.simulator.scene import SceneSpec, simulate


def samples(prior_information: float, seeds: range) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vectors at random pixels of dark scenes, the cover there, and the scene's number."""
    vectors, covers, scenes = [], [], []
    for seed in seeds:
        scene = simulate(SceneSpec("dark", seed, side_px=112))
        rng = np.random.default_rng(seed)
        x, y = rng.uniform(0, 112, (2, 40))
        vectors.append(scene.prior(prior_information).at(x, y))
        covers.append(scene.cover[y.astype(int), x.astype(int)])
        scenes.append(np.full(40, seed))
    return np.concatenate(vectors), np.concatenate(covers), np.concatenate(scenes)


def probe(prior_information: float) -> float:
    """Accuracy of a least-squares probe (water, built or bare) on scenes it was not fitted to."""
    vectors, covers, _ = samples(prior_information, range(160))
    keep = np.isin(covers, (WATER, BUILT, BARE))
    vectors, covers = np.c_[vectors[keep], np.ones(keep.sum())], covers[keep]
    half = len(covers) // 2
    truth = covers[:, None] == np.array([WATER, BUILT, BARE])
    weights, *_ = np.linalg.lstsq(vectors[:half], truth[:half].astype(float), rcond=None)
    said = np.array([WATER, BUILT, BARE])[(vectors[half:] @ weights).argmax(1)]
    return float((said == covers[half:]).mean())


def test_vectors_have_unit_length_and_survive_the_engine_s_check() -> None:
    vectors, _, _ = samples(1.0, range(3))
    assert vectors.dtype == np.float32
    unit_vectors(vectors, np.ones(len(vectors), bool), "simulated")
    assert np.abs(np.linalg.norm(vectors, axis=1) - 1).max() < 1e-5


def test_informative_vectors_tell_the_cover_and_useless_ones_do_not() -> None:
    _, covers, _ = samples(1.0, range(160))
    majority = max(np.mean(covers == c) for c in (WATER, BUILT, BARE))
    assert probe(1.0) > 0.9
    assert probe(0.0) < majority + 0.1


def test_the_same_place_has_the_same_vector_whatever_is_asked_with_it() -> None:
    field = simulate(SceneSpec("coast", 1, side_px=112)).prior(1.0)
    x, y = np.array([3.5, 80.2]), np.array([9.1, 77.7])
    assert np.array_equal(field.at(x, y)[1:], field.at(x[1:], y[1:]))


def test_quantised_vectors_are_those_of_the_public_encoding() -> None:
    rng = np.random.default_rng(0)
    raw = rng.normal(size=(50, 64))
    raw /= np.linalg.norm(raw, axis=1, keepdims=True)
    vectors = quantised(raw)
    assert np.abs(vectors - raw).max() < 0.02
    assert np.abs((vectors * raw).sum(1) - 1).max() < 1e-3


@pytest.mark.parametrize("kind", ["harbour", "platforms"])
def test_what_moves_leaves_no_trace_and_what_stands_does(kind: str) -> None:
    seen = set()
    for seed in range(4):
        scene = simulate(SceneSpec(kind, seed, side_px=336))
        for body in scene.bodies:
            x, y = (min(max(int((body.box[i] + body.box[i + 2]) / 2), 0), 335) for i in (0, 1))
            seen.add(body.label)
            assert scene.cover[y, x] == WATER
            assert scene.structure[y, x] == (body.label == "platform") or kind == "platforms"
            assert scene.structure[y, x] or body.label != "platform"
    assert seen == ({"ship", "platform"} if kind == "platforms" else {"ship"})
