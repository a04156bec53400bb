"""The ceiling of a perfect reader without prior, against every answer it could give."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest

from training.data.ceiling import best_cells, best_class, best_count
from training.data.triplets import Target, Triplet
from training.data.truth import cells
from training.simulation.ceiling import ceilings

SIZE = (90, 90)


def box(x: float, y: float) -> list[float]:
    return [x - 2, y - 2, x + 2, y + 2]


def chip(facts: dict[str, object], targets: Sequence[Target] = ()) -> Triplet:
    return Triplet("a", SIZE, (), targets=tuple(targets), facts=facts)


def worlds(points: list[dict]) -> list[tuple[float, list[list[float]]]]:
    """Every combination of points that are ships, and its probability."""
    found = []
    for ships in itertools.product([True, False], repeat=len(points)):
        p = np.prod([q["p_ship"] if s else 1 - q["p_ship"] for q, s in zip(points, ships, strict=True)])
        found.append((float(p), [q["bbox"] for q, s in zip(points, ships, strict=True) if s]))
    return found


@pytest.mark.parametrize("seed", range(12))
def test_independent_points_agree_with_brute_force(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = [
        {"bbox": box(*rng.uniform(3, 87, 2)), "p_ship": float(rng.choice([0.3, 0.6, 0.8]))}
        for _ in range(int(rng.integers(1, 7)))
    ]
    triplet = chip({"independent": points})
    by_number: dict[int, float] = {}
    by_cells: dict[frozenset[int], float] = {}
    for p, ships in worlds(points):
        by_number[len(ships)] = by_number.get(len(ships), 0) + p
        where = cells([tuple(b) for b in ships], SIZE)
        by_cells[where] = by_cells.get(where, 0) + p
    assert best_count(triplet, "ship") == pytest.approx(max(by_number.values()))
    assert best_cells(triplet, "ship") == pytest.approx(max(by_cells.values()))
    assert best_count(triplet, "plane") == best_cells(triplet, "plane") == 1.0


def test_hypotheses_with_the_same_answer_add_up() -> None:
    one, two = box(10, 10), box(80, 80)
    facts = {
        "hypotheses": [
            {"p": 0.4, "ships": [one], "planes": [two]},
            {"p": 0.35, "ships": [two], "planes": [one]},
            {"p": 0.25, "ships": [], "planes": []},
        ]
    }
    triplet = chip(facts)
    assert best_count(triplet, "ship") == pytest.approx(0.75)  # one ship, wherever
    assert best_cells(triplet, "ship") == pytest.approx(0.4)
    assert best_cells(triplet, "plane") == pytest.approx(0.4)
    assert best_class(triplet, one) == pytest.approx(0.4 / 0.75)
    assert best_class(triplet, two) == pytest.approx(0.4 / 0.75)


def test_what_the_image_tells_is_certain() -> None:
    triplet = chip({"ambiguous": False}, [Target("ship", (1.0, 1.0, 5.0, 5.0))])
    assert best_count(triplet, "ship") == best_cells(triplet, "ship") == best_class(triplet, (1, 1, 5, 5)) == 1.0
    assert ceilings([triplet])["classify"] == 1.0


def test_a_target_beside_the_ambiguous_ones_is_certain() -> None:
    facts = {"hypotheses": [{"p": 0.5, "ships": [box(10, 10)]}, {"p": 0.5, "planes": [box(10, 10)]}]}
    assert best_class(chip(facts), box(50, 50)) == 1.0
    assert best_class(chip(facts), box(10, 10)) == 0.5


def test_ceilings_are_means_over_chips_and_classes() -> None:
    sure = chip({})
    open_ = chip({"independent": [{"bbox": box(10, 10), "p_ship": 0.7}]}, [Target("ship", tuple(box(10, 10)))])
    found = ceilings([sure, open_])
    assert found["count ship"] == pytest.approx(0.85)
    assert found["count plane"] == 1.0
    assert found["count"] == pytest.approx((1 + 1 + 1 + 0.7) / 4)
    assert found["locate ship"] == pytest.approx(0.85)
    assert found["classify"] == found["classify ship"] == 1.0


def test_no_reader_of_the_image_does_better_in_the_simulator() -> None:
    """The best constant answer per image, tried on many truths of one image, scores the ceiling."""
    from dataclasses import replace

    from fusar_core.domain.tiling import Window
    from training.simulation.chips import triplet_of
    from training.simulation.scene import simulate
    from training.simulation.spec import SceneSpec

    spec = SceneSpec("dark_surface", 5, side_px=96, gsd_m=4.0)
    numbers, best = [], 0.0
    for secret in range(300):
        scene = simulate(replace(spec, secret=secret))
        triplet = triplet_of(scene, Window(0, 0, 96, 96), "a", "p")
        best = best_count(triplet, "ship")
        numbers.append(sum(t.label == "ship" for t in triplet.targets))
    assert best < 1
    assert max(np.bincount(numbers)) / len(numbers) == pytest.approx(best, abs=0.1)
