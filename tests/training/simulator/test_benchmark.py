"""The benchmark: parts without common ground, chips with their truth, anchors where the engine would sample them."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fusar_core.anchors import sample_anchors
from fusar_core.anchors_file import read_anchors
from fusar_core.spacetime import SpatioTemporalBox
from fusar_core.tiling import Window
from training.data.triplets import Target, Triplet, read_triplets
from training.errors import BadRecipe
from training.simulator.benchmark import REGIONS, make, spec_of
from training.simulator.ceiling import best_cells, best_class, best_count, ceilings
from training.simulator.scene import simulate


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("part")
    make(out, "test", chips=22, chip_px=112, seed=5, informations=(1.0, 0.0))
    return out


def test_chips_are_written_with_truth_and_anchors(part: Path) -> None:
    triplets = list(read_triplets(part / "triplets_1.0.jsonl"))
    assert len(triplets) == 22
    assert len({t.id for t in triplets}) == 22
    for triplet in triplets:
        with Image.open(part / triplet.image) as image:
            assert image.size == (112, 112) == triplet.size
        anchors = read_anchors(part / triplet.anchors)
        assert len(anchors) > 250
        assert anchors.year_requested == triplet.year
        for target in triplet.targets:
            x1, y1, x2, y2 = target.bbox
            assert 0 <= x1 < x2 <= 112
            assert 0 <= y1 < y2 <= 112


def test_sets_of_anchors_share_images_and_truth(part: Path) -> None:
    told, untold = (list(read_triplets(part / f"triplets_{p}.jsonl")) for p in ("1.0", "0.0"))
    assert [t.image for t in told] == [t.image for t in untold]
    assert [t.targets for t in told] == [t.targets for t in untold]
    assert told[0].anchors != untold[0].anchors
    one, two = read_anchors(part / told[0].anchors), read_anchors(part / untold[0].anchors)
    assert np.array_equal(one.positions, two.positions)
    assert not np.array_equal(one.features, two.features)


def test_anchors_are_those_the_engine_would_sample(part: Path) -> None:
    triplet = next(read_triplets(part / "triplets_1.0.jsonl"))
    scene = simulate(spec_of("test", 5, 0, 112))
    expected = sample_anchors(scene.grid, Window(0, 0, 112, 112), scene.spec.year, scene.prior(1.0))
    found = read_anchors(part / triplet.anchors)
    assert np.array_equal(found.positions, expected.positions)
    assert np.allclose(found.features, expected.features)


def test_a_broken_off_run_goes_on_and_gives_the_same(part: Path, tmp_path: Path) -> None:
    make(tmp_path, "test", chips=8, chip_px=112, seed=5, informations=(1.0, 0.0))
    (file, _) = make(tmp_path, "test", chips=22, chip_px=112, seed=5, informations=(1.0, 0.0))
    assert file.read_text() == (part / "triplets_1.0.jsonl").read_text()


def test_another_benchmark_in_the_folder_is_refused(part: Path) -> None:
    with pytest.raises(BadRecipe, match="another benchmark"):
        make(part, "test", chips=4, chip_px=112, seed=6, informations=(1.0, 0.0))
    with pytest.raises(BadRecipe, match="no region"):
        make(part, "moon", chips=4, chip_px=112, seed=6, informations=(1.0,))


def test_scenes_share_no_ground_within_or_between_regions() -> None:
    boxes = []
    for region in REGIONS:
        for number in (*range(0, 130), 3999):
            spec = spec_of(region, 1, number, 168)
            half = spec.side_px * spec.gsd_m / 2 + 168 * spec.gsd_m  # and a chip around it
            lat, lon = half / 111_000, half / 111_000 / np.cos(np.radians(spec.lat))
            assert half * 2 < 17_000
            boxes.append(SpatioTemporalBox(spec.lon - lon, spec.lat - lat, spec.lon + lon, spec.lat + lat, 2024))
    for i, j in product(range(len(boxes)), repeat=2):
        assert i >= j or not boxes[i].intersects(boxes[j])


def chip(facts: dict, targets: tuple[Target, ...] = ()) -> Triplet:
    return Triplet("a", (90, 90), (), facts=json.loads(json.dumps(facts)), targets=targets)


def test_the_ceiling_is_that_of_the_likeliest_answer() -> None:
    ships = [[0, 0, 10, 10], [40, 40, 50, 50]]
    dark = chip(
        {"hypotheses": [{"p": 0.5, "ships": ships}, {"p": 0.25, "planes": ships}, {"p": 0.25}]},
        (Target("ship", (0, 0, 10, 10)),),
    )
    assert best_count(dark, "ship") == 0.5
    assert best_count(dark, "plane") == 0.75  # none: on water and on bare ground alike
    assert best_cells(dark, "plane") == 0.75
    assert best_class(dark) == pytest.approx(2 / 3)
    empty = chip({"hypotheses": [{"p": 0.5, "ships": []}, {"p": 0.25, "planes": []}, {"p": 0.25}]})
    assert best_count(empty, "ship") == 1
    assert best_count(chip({}), "ship") == 1


def test_the_ceiling_of_independent_points_is_found_by_trying_all() -> None:
    points = [{"bbox": b, "p_ship": 0.6} for b in ([0, 0, 4, 4], [10, 10, 14, 14], [70, 70, 80, 80])]
    open_sea = chip({"independent": points})
    counts, sets = {}, {}
    for ships in product((False, True), repeat=3):
        p = np.prod([0.6 if s else 0.4 for s in ships])
        counts[sum(ships)] = counts.get(sum(ships), 0) + p
        cells = frozenset(c for c, s in zip((1, 1, 9), ships, strict=True) if s)
        sets[cells] = sets.get(cells, 0) + p
    assert best_count(open_sea, "ship") == pytest.approx(max(counts.values()))
    assert best_cells(open_sea, "ship") == pytest.approx(max(sets.values()))
    assert ceilings([open_sea], ("ship",))["count"] == pytest.approx(max(counts.values()))
