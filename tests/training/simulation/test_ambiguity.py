"""Ambiguous scenes: what the image shows is drawn before what it is, so the image says nothing about it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from fusar_core.domain.tiling import Window
from training.simulation.ambiguity import P_SHIP, SURFACES
from training.simulation.canvas import BUILT, WATER
from training.simulation.chips import left_open, triplet_of
from training.simulation.embeddings import EmbeddingField
from training.simulation.scene import simulate
from training.simulation.spec import SceneSpec

DARK = SceneSpec("dark_surface", 5, side_px=168, gsd_m=4.0)
POINTS = SceneSpec("bright_points", 6, side_px=336, gsd_m=5.0)


@pytest.mark.parametrize("spec", [DARK, POINTS])
def test_one_image_has_many_truths(spec: SceneSpec) -> None:
    scenes = [simulate(replace(spec, secret=secret)) for secret in range(8)]
    assert all(np.array_equal(s.image, scenes[0].image) for s in scenes)
    assert all(np.array_equal(s.intensity, scenes[0].intensity) for s in scenes)
    assert all([b.bbox for b in s.bodies] == [b.bbox for b in scenes[0].bodies] for s in scenes)
    assert len({tuple(b.label for b in s.bodies) for s in scenes}) > 1


def test_surfaces_turn_out_as_often_as_hypotheses_say() -> None:
    small = replace(DARK, side_px=64)
    found = Counter(s.what for secret in range(400) for s in simulate(replace(small, secret=secret)).surfaces)
    total = sum(found.values())
    for what, p in SURFACES.items():
        assert found[what] / total == pytest.approx(p, abs=4 * np.sqrt(p * (1 - p) / total))
    assert sum(SURFACES.values()) == pytest.approx(1)


def test_points_turn_out_ships_as_often_as_said() -> None:
    labels = Counter(
        b.label
        for secret in range(100)
        for b in simulate(replace(POINTS, seed=secret, side_px=168)).bodies
        if b.label in ("ship", "platform")
    )
    total = labels["ship"] + labels["platform"]
    assert total > 100
    assert labels["ship"] / total == pytest.approx(P_SHIP, abs=4 * np.sqrt(0.25 / total))


def test_the_truth_is_one_of_the_hypotheses() -> None:
    for seed in range(12):
        scene = simulate(replace(DARK, seed=seed, side_px=336))
        for window in (Window(0, 0, 168, 168), Window(168, 168, 168, 168)):
            triplet = triplet_of(scene, window, "a", "p")
            if not triplet.facts["ambiguous"]:
                assert not triplet.targets
                continue
            possible = triplet.facts["hypotheses"]
            assert sum(h["p"] for h in possible) == pytest.approx(1, abs=1e-4)
            true = {
                name: sorted(list(t.bbox) for t in triplet.targets if t.label == label)
                for name, label in (("ships", "ship"), ("planes", "plane"))
            }
            assert any(all(sorted(h[n]) == true[n] for n in true) for h in possible)


def test_points_of_a_chip_are_its_ships_and_platforms() -> None:
    found = 0
    for seed in range(8):
        scene = simulate(replace(POINTS, seed=seed))
        window = Window(0, 0, 168, 168)
        facts, triplet = left_open(scene, window), triplet_of(scene, window, "a", "p")
        boxes = [p["bbox"] for p in facts.get("independent", ())]
        assert {p["p_ship"] for p in facts.get("independent", ())} <= {P_SHIP}
        assert all(list(t.bbox) in boxes for t in triplet.targets)
        found += len(boxes) - len(triplet.targets)
    assert found > 3  # platforms


def test_a_platform_shows_in_the_prior_around_it_and_a_ship_does_not() -> None:
    likeness = {"ship": [], "platform": []}
    for seed in range(6):
        scene = simulate(replace(POINTS, seed=seed))
        real = EmbeddingField(scene.grid, scene.cover, scene.structure, seed, 1.0)
        empty = EmbeddingField(scene.grid, scene.cover, np.zeros_like(scene.structure), seed, 1.0)
        for body in scene.points and [b for b in scene.bodies if b.label in likeness]:
            x, y = np.mean(body.corners, axis=0)
            around = x + np.array([0.0, 5.0, -5.0]), np.full(3, y)
            likeness[body.label] += (real.at(*around) * empty.at(*around)).sum(1).tolist()
    assert min(likeness["ship"]) > 0.999
    assert max(likeness["platform"]) < 0.9


def test_the_prior_of_a_chip_of_168_pixels_sees_every_platform() -> None:
    """Nodes are a seventeenth of a chip apart: one falls on every platform."""
    step = 168 / 17
    for seed in range(6):
        for gsd_m in (4.0, 10.0):
            scene = simulate(replace(POINTS, seed=seed, gsd_m=gsd_m))
            nodes = np.clip(np.arange(0, 337, step).astype(int), 0, 335)
            seen = scene.structure[np.ix_(nodes, nodes)]
            for body in (b for b in scene.bodies if b.label == "platform"):
                x, y = (np.mean(body.corners, axis=0) / step).astype(int)
                assert seen[max(y - 1, 0) : y + 3, max(x - 1, 0) : x + 3].any()


def test_covers_are_revealed_only_where_the_image_is_dark() -> None:
    scenes = [simulate(replace(DARK, secret=secret)) for secret in range(6)]
    same = np.logical_and.reduce([s.cover == scenes[0].cover for s in scenes])
    masks = np.logical_or.reduce([s.mask for s in scenes[0].surfaces])
    assert same[~masks].all()
    for scene in scenes:
        for surface in scene.surfaces:
            kinds = set(np.unique(scene.cover[surface.mask]))
            assert kinds == {WATER} if surface.what == "water" else WATER not in kinds
            assert surface.what != "apron" or kinds == {BUILT}
