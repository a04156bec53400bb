"""The benchmark: chips with truth and anchors, regions that share nothing, resumable, the same for any workers."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fusar_core.prior.anchors import sample_anchors
from fusar_core.prior.files import read_anchors
from training.data.ground import near_pairs
from training.data.splits import assert_disjoint
from training.data.triplets import read_triplets
from training.data.validation import check_file
from training.errors import BadRecipe
from training.evaluation.controls import controlled
from training.simulation import terrain
from training.simulation.__main__ import main
from training.simulation.benchmark import make, scene_of
from training.simulation.canvas import BUILT, LEVELS_DB, WATER, Canvas
from training.simulation.chips import triplet_of, windows
from training.simulation.embeddings import EmbeddingField
from training.simulation.regions import REGIONS, place_of, spec_of
from training.simulation.scene import simulate

PX = 64


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_benchmark_is_sound_triplets(tmp_path: Path) -> None:
    files = make(tmp_path, ["base"], 12, PX, informations=(1.0, 0.0))
    assert [f.name for f in files] == ["triplets_1.0.jsonl", "triplets_0.0.jsonl"]
    for file in files:
        report = check_file(file, chip_size=PX)
        assert not report.defects
        triplets = list(read_triplets(file))
        assert len(triplets) == len({t.id for t in triplets}) == 12
        assert {t.place for t in triplets} == {f"base-1-0000{i}" for i in range(3)}
    told, untold = (list(read_triplets(f)) for f in files)
    assert [(t.id, t.image, t.targets, t.facts) for t in told] == [(t.id, t.image, t.targets, t.facts) for t in untold]
    assert told[0].anchors == "anchors_1.0/base-1-00000-0.npz"
    one, other = (read_anchors(tmp_path / str(t[0].anchors)) for t in (told, untold))
    assert np.array_equal(one.positions, other.positions)
    assert not np.array_equal(one.features, other.features)


def test_another_year_is_the_same_place_with_other_vectors(tmp_path: Path) -> None:
    plain, both = tmp_path / "plain", tmp_path / "both"
    make(plain, ["base"], 4, PX, informations=(1.0, 0.0))
    for file in make(both, ["base"], 4, PX, informations=(1.0, 0.0), other_year=True):
        assert not check_file(file, chip_size=PX).defects
        triplets = list(read_triplets(file))
        other = controlled("wrong-year", triplets, both)
        for index, triplet in enumerate(triplets):
            assert triplet.anchors is not None
            own, others = read_anchors(both / triplet.anchors), other(index)
            assert others is not None
            assert np.array_equal(own.lon, others.lon)
            assert own.year_used == triplet.year != others.year_used
            alike = (own.features * others.features).sum(1)  # of unit vectors: their cosine
            assert 0.3 < alike.mean() < 0.99
            assert (plain / triplet.anchors).read_bytes() == (both / triplet.anchors).read_bytes()
    assert content(plain / "images") == content(both / "images")
    with pytest.raises(BadRecipe, match="another benchmark"):
        make(both, ["base"], 4, PX, informations=(1.0, 0.0))


def test_chips_and_anchors_are_cut_as_the_engine_cuts_them(tmp_path: Path) -> None:
    (file,) = make(tmp_path, ["tune"], 4, PX, seed=5)
    scene = simulate(spec_of("tune", 5, 0, 2 * PX, PX))
    field = EmbeddingField(scene.grid, scene.cover, scene.structure, scene.spec.seed, 1.0)
    for triplet, window in zip(read_triplets(file), windows(scene, PX), strict=True):
        shown = np.asarray(Image.open(tmp_path / str(triplet.image)))
        assert np.array_equal(shown, scene.image[window.row : window.bottom, window.col : window.right])
        kept, sampled = read_anchors(tmp_path / str(triplet.anchors)), sample_anchors(scene.grid, window, 2020, field)
        assert np.array_equal(kept.positions, sampled.positions)
        assert np.array_equal(kept.features, sampled.features)
        assert np.array_equal(kept.lon, sampled.lon)
        assert kept.valid_fraction == 1.0
        west, south, east, north = triplet.footprint or (0, 0, 0, 0)
        assert west <= kept.lon.min()
        assert kept.lon.max() <= east + 1e-6
        assert south <= kept.lat.min()
        assert kept.lat.max() <= north + 1e-6
        assert triplet.year == scene.spec.year
        assert triplet.gsd_m == scene.spec.gsd_m


def test_every_target_of_a_scene_is_in_one_chip_or_cut_in_two() -> None:
    for number in range(8):
        scene = simulate(spec_of("base", 1, number, 336))
        chips = [triplet_of(scene, w, str(i), "p") for i, w in enumerate(windows(scene, 168))]
        assert sum(len(c.targets) for c in chips) <= len(scene.targets)
        whole = [b for b in scene.targets if int(b.bbox[0]) // 168 == int(b.bbox[2]) // 168]
        whole = [b for b in whole if int(b.bbox[1]) // 168 == int(b.bbox[3]) // 168 and min(b.bbox) >= 0]
        whole = [b for b in whole if max(b.bbox) < 336]
        assert sum(len(c.targets) for c in chips) >= len(whole)


def test_facts_describe_the_ground() -> None:
    scene = simulate(spec_of("base", 1, 0, 336))
    facts = triplet_of(scene, windows(scene, 168)[0], "a", "p").facts
    assert sum(facts["cover_share"].values()) == pytest.approx(1, abs=0.01)
    assert len(facts["cover_by_cell"]) == 9
    assert set(facts["cover_by_cell"]) <= set(facts["cover_share"])
    assert facts["ambiguous"] == bool(facts.get("hypotheses") or facts.get("independent"))


def test_regions_share_no_ground_and_keep_a_buffer(tmp_path: Path) -> None:
    parts = {}
    for region in REGIONS:
        (file,) = make(tmp_path / region, [region], 16, PX, informations=(0.5,))
        parts[region] = list(read_triplets(file))
    for one, other in combinations(REGIONS, 2):
        assert_disjoint(parts[one], parts[other], buffer_chips=1.0)
    scenes = [t for region in parts.values() for t in region if t.id.endswith("-0")]
    ground = [t.footprint for t in scenes if t.footprint]
    assert not [(i, j) for i, j in near_pairs(ground, ground, 4.0) if i != j]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(list(REGIONS)), st.integers(0, 30_000), st.sampled_from(list(REGIONS)), st.integers(0, 30_000))
def test_places_lie_apart(one: str, i: int, other: str, j: int) -> None:
    if (one, i) == (other, j):
        return
    (lon, lat), (lon2, lat2) = place_of(one, i), place_of(other, j)
    apart = max(abs(lat - lat2), abs(lon - lon2) * np.cos(np.radians(max(abs(lat), abs(lat2)))))
    assert apart > 0.117  # 13 km


def test_zones_and_conditions_of_regions_differ() -> None:
    zones = [set(r.zones) for r in REGIONS.values()]
    assert sum(map(len, zones)) == len(set.union(*zones))
    assert all(abs(a - b) > 1 for i, one in enumerate(zones) for two in zones[i + 1 :] for a in one for b in two)
    assert len({(r.wind_db, r.enl, r.width_px) for r in REGIONS.values()}) == len(REGIONS)
    assert len({spec_of(region, 1, 0, 336).seed for region in REGIONS}) == len(REGIONS)


def test_seas_have_ships_as_long_as_real_chips_show_and_nothing_dark_that_is_land() -> None:
    specs = [spec_of("seas", 1, number, 2 * PX, PX) for number in range(60)]
    assert "dark_surface" not in {spec.kind for spec in specs}
    longest = 0.0
    for spec in specs:
        if spec.kind == "open_sea":
            boxes = [b.bbox for b in simulate(spec).targets]
            longest = max([longest, *(max(x2 - x1, y2 - y1) for x1, y1, x2, y2 in boxes)])
    usual = spec_of("tune", 1, 0, 2 * PX, PX).longest_ship_px
    assert usual + 5 < longest < spec_of("seas", 1, 0, 2 * PX, PX).longest_ship_px + 5


def test_shores_are_mostly_what_is_no_target_and_some_end_at_the_edge_of_the_product() -> None:
    specs = [spec_of("shores", 1, number, 2 * PX, PX) for number in range(80)]
    assert 0.6 < np.mean([spec.coarse for spec in specs]) < 0.9
    bordered = [spec for spec in specs if spec.border]
    assert 0.1 < len(bordered) / len(specs) < 0.4
    black = 0
    for spec in bordered:
        scene = simulate(spec)
        beyond = scene.image == 0
        black += beyond.mean() > 0.05
        for target in scene.targets:  # what lies beyond the edge is not asked about, and nothing is cut by it
            x1, y1, x2, y2 = (max(0, round(v)) for v in target.bbox)
            assert beyond[y1:y2, x1:x2].mean() < 0.5
    assert black > len(bordered) / 4


@pytest.mark.parametrize("kind", ["town", "harbour"])
def test_cities_fill_the_grey_levels_where_towns_are_points_on_dark(kind: str) -> None:
    """What pixels of 10 m show of a city: neighbours alike, a quarter of the land neither dark nor white."""
    one = replace(spec_of("shores", 1, 0, 336), kind=kind, gsd_m=10.0, border=False, stretch="product", grey=35.0)
    land = []
    for seed in range(4):
        scene = simulate(replace(one, seed=seed, coarse=True, enl=4.0, width_px=(1.5, 1.5)))
        land.append(scene.image[scene.cover == BUILT])
    values = np.concatenate(land)
    assert ((values > 60) & (values < 200)).mean() > 0.25
    assert (values == 255).mean() < 0.5


def test_nothing_shines_on_the_ponds_of_a_city_that_is_not_asked_about() -> None:
    found = 0
    for seed in range(30):
        canvas = Canvas(168, 10.0, np.random.default_rng(seed), np.array(LEVELS_DB["C"], np.float32))
        terrain.city(canvas, np.ones((168, 168), bool))
        x, y = (np.concatenate(canvas.points)[:, i].astype(int) for i in (0, 1))
        found += (canvas.cover == WATER).any()
        assert not (canvas.cover[y.clip(0, 167), x.clip(0, 167)] == WATER).any()
    assert found > 5


def test_there_is_no_place_after_the_last() -> None:
    with pytest.raises(BadRecipe, match="no room"):
        place_of("base", 100_000)


def test_a_broken_off_run_goes_on_to_the_same_benchmark(tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    make(whole, ["base"], 20, PX)
    make(broken, ["base"], 8, PX)
    with open(broken / "scenes.jsonl", "a") as journal:
        journal.write('["{\\"id\\"')  # the process died while it wrote
    make(broken, ["base"], 20, PX)
    assert content(whole) == content(broken)


def test_workers_do_not_matter(tmp_path: Path) -> None:
    make(tmp_path / "one", ["base", "tune"], 16, PX, seed=3)
    make(tmp_path / "two", ["base", "tune"], 16, PX, seed=3, workers=2)
    assert content(tmp_path / "one") == content(tmp_path / "two")
    places = {t.place for t in read_triplets(tmp_path / "one" / "triplets_1.0.jsonl")}
    assert {p.split("-")[0] for p in places} == {"base", "tune"}


@given(regions=st.lists(st.sampled_from(list(REGIONS)), min_size=1, max_size=5), scenes=st.integers(1, 60))
def test_regions_take_turns_and_each_goes_through_its_scenes_in_order(regions: list[str], scenes: int) -> None:
    made = [scene_of(number, regions) for number in range(scenes)]
    assert [region for region, _ in made] == [regions[n % len(regions)] for n in range(scenes)]
    for region in set(regions):
        own = [index for name, index in made if name == region]
        assert own == list(range(len(own)))


def test_another_benchmark_in_the_folder_is_not_mixed_in(tmp_path: Path) -> None:
    make(tmp_path, ["base"], 4, PX)
    with pytest.raises(BadRecipe, match="another benchmark"):
        make(tmp_path, ["base"], 4, PX, seed=2)


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        (["--regions", "mars"], "no region 'mars'"),
        (["--regions", ","], "No region"),
        (["--chips", "0"], "0 chips"),
        (["--chip-size", "8"], "8 pixels"),
        (["--chip-size", "9999"], "9999 pixels"),
        (["--prior-information", "1.5"], "1.5"),
        (["--prior-information", "0.51", "--prior-information", "0.52"], "share a folder"),
        (["--workers", "0"], "workers"),
        (["--chips", "many"], "many"),
    ],
)
def test_bad_input_is_refused_before_anything_is_made(tmp_path: Path, given_: list[str], said: str) -> None:
    line = ["--out", str(tmp_path / "new"), "--regions", "base", "--chips", "4", *given_]
    answer = CliRunner().invoke(main, line)
    assert answer.exit_code != 0
    assert said in answer.output
    assert "Traceback" not in answer.output
    assert not (tmp_path / "new").exists()


def test_the_command_names_its_files(tmp_path: Path) -> None:
    line = ["--out", str(tmp_path), "--region", "test", "--chips", "4", "--chip-size", str(PX)]
    answer = CliRunner().invoke(main, line)
    assert answer.exit_code == 0, answer.output
    assert str(tmp_path / "triplets_1.0.jsonl") in answer.output
    assert json.loads((tmp_path / "benchmark.json").read_text())["regions"] == ["test"]


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = CliRunner().invoke(main, ["--out", str(tmp_path / "file" / "x"), "--regions", "base", "--chips", "4"])
    assert answer.exit_code != 0
    assert "OUTPUT_UNWRITABLE" in answer.output
