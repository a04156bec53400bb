"""Simulated scenes: the same spec gives the same scene, truth lies where the image shows it, speckle is speckle."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from training.simulator.bodies import add_long
from training.simulator.ground import COVERS, WATER, Ground, smooth
from training.simulator.imaging import intensity, to_uint8
from training.simulator.scene import DARK, KINDS, SceneSpec, facts_of, simulate

PLACES = {"open_sea", "coast", "harbour", "river", "airfield", "town", "farmland", "forest"}


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_spec_gives_the_same_scene(kind: str) -> None:
    spec = SceneSpec(kind, seed=3, side_px=168)
    one, two = simulate(spec), simulate(spec)
    assert np.array_equal(one.image, two.image)
    assert np.array_equal(one.cover, two.cover)
    assert one.bodies == two.bodies
    assert one.kind in PLACES
    assert not np.array_equal(one.image, simulate(replace(spec, seed=4)).image)


@pytest.mark.parametrize("kind", ["open_sea", "harbour", "coast"])
def test_ships_lie_on_water_and_are_brighter_than_it(kind: str) -> None:
    found = 0
    for seed in range(4):
        scene = simulate(SceneSpec(kind, seed, side_px=336, looks=8.0, stretch="window"))
        background = np.median(scene.image[scene.cover == WATER])
        for ship in (b for b in scene.bodies if b.label == "ship"):
            x1, y1, x2, y2 = (max(0, int(v)) for v in ship.box)
            assert scene.image[y1 : y2 + 1, x1 : x2 + 1].max() > background + 30
            assert scene.cover[min(int((y1 + y2) / 2), 335), min(int((x1 + x2) / 2), 335)] == WATER
            found += 1
    assert found > 5


def test_a_box_holds_the_scatterers_of_its_body() -> None:
    ground = Ground(168, 10.0, np.random.default_rng(0), -18.0)
    for turn in np.linspace(0, np.pi, 7):
        body = add_long(ground, "ship", 80.0, 90.0, 30.0, 5.0, turn, 5.0)
        x, y, _ = ground.points[-1].T
        x1, y1, x2, y2 = body.box
        assert x.min() >= x1
        assert x.max() <= x2
        assert y.min() >= y1
        assert y.max() <= y2
        assert body.length_m == 300.0


@pytest.mark.parametrize("looks", [1.0, 4.0, 10.0])
def test_speckle_has_the_number_of_looks_that_was_asked_for(looks: float) -> None:
    ground = Ground(256, 10.0, np.random.default_rng(1), -10.0)
    ground.backscatter_db = lambda: np.full((256, 256), -5.0, np.float32)  # type: ignore[method-assign]
    power = intensity(ground, looks, resolution_px=0.01)  # no impulse response: neighbours stay independent
    texture = np.exp(0.12**2) - 1  # log-normal
    expected = (1 + 1 / looks) * (1 + texture) - 1
    assert power.var() / power.mean() ** 2 == pytest.approx(expected, rel=0.1)


def test_smooth_fields_have_unit_variance_and_the_length_that_was_asked_for() -> None:
    short, long = (smooth(np.random.default_rng(2), 256, length) for length in (8, 64))
    for field in (short, long):
        assert field.shape == (256, 256)
        assert field.std() == pytest.approx(1, abs=1e-3)
    assert np.abs(np.diff(short, axis=0)).mean() > 4 * np.abs(np.diff(long, axis=0)).mean()


@pytest.mark.parametrize("stretch", ["window", "percentiles", "amplitude", "contrast"])
def test_stretches_keep_the_order_of_brightness(stretch: str) -> None:
    power = np.geomspace(1e-3, 10, 4096, dtype=np.float32).reshape(64, 64)
    image = to_uint8(power, stretch, np.random.default_rng(0))
    assert image.dtype == np.uint8
    assert (np.diff(image.ravel().astype(int)) >= 0).all()
    assert image.max() > 200


def test_what_a_dark_surface_is_cannot_be_seen() -> None:
    """Scenes with the same visible draws but another secret have the same image, and other truth."""
    found = {}
    for seed in range(40):
        scene = simulate(SceneSpec("dark", seed, side_px=112))
        found[scene.kind] = found.get(scene.kind, 0) + 1
        assert scene.alternatives == "dark"
        labels = {b.label for b in scene.bodies}
        assert len(labels) <= 1
        expected = {"open_sea": {"ship"}, "coast": {"ship"}, "airfield": {"plane"}, "farmland": {"building"}}[
            scene.kind
        ]
        assert labels <= expected
    assert len(found) >= 3
    assert sum(DARK.values()) == pytest.approx(1)


def test_the_image_of_an_ambiguous_scene_does_not_depend_on_its_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    import training.simulator.scene as module

    original = np.random.default_rng
    images, kinds = [], set()
    for other in range(8):

        def draws(seed: object, other: int = other) -> np.random.Generator:
            secret = isinstance(seed, tuple) and len(seed) == 2 and seed[1] == 2
            return original((seed[0], 2, other) if secret else seed)  # type: ignore[index]

        monkeypatch.setattr(module.np.random, "default_rng", draws)
        scene = simulate(SceneSpec("dark", seed=5, side_px=112))
        images.append(scene.image)
        kinds.add(scene.kind)
    assert len(kinds) > 1
    assert all(np.array_equal(images[0], image) for image in images)


def test_facts_name_the_cover_of_each_cell() -> None:
    scene = simulate(SceneSpec("coast", seed=1, side_px=168))
    facts = facts_of(scene, slice(0, 168), slice(0, 168))
    assert len(facts["cover_by_cell"]) == 9
    assert sum(facts["cover_share"].values()) == pytest.approx(1, abs=0.01)
    corner = scene.cover[:56, :56]
    assert facts["cover_by_cell"][0] == COVERS[np.bincount(corner.ravel()).argmax()]


def test_the_grid_lies_where_the_spec_says() -> None:
    scene = simulate(SceneSpec("forest", seed=1, side_px=168, lon=-70.3, lat=-33.2, gsd_m=5.0))
    lon, lat = scene.grid.to_lonlat([84.0], [84.0])
    assert lon[0] == pytest.approx(-70.3, abs=1e-4)
    assert lat[0] == pytest.approx(-33.2, abs=1e-4)
    assert scene.grid.pixel_size_m == pytest.approx((5.0, 5.0), rel=1e-3)
