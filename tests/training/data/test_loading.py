"""Pixels and anchors of triplets; errors name the triplet and the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from labelled_chips import SIZE, some_anchors
from PIL import Image
from scenes import ships_scene

from fusar_core.domain.tiling import ChipWindow, Window
from fusar_core.prior.files import write_anchors
from fusar_core.scenes.scene import SarScene
from training.data.loading import check_window, load_anchors, load_image
from training.data.triplets import Triplet
from training.errors import BadTriplet

Make = Callable[..., Triplet]


def test_an_image_and_its_anchors(tmp_path: Path, make: Make) -> None:
    triplet = make()
    pixels = load_image(triplet, tmp_path)
    assert pixels.dtype == np.uint8
    assert pixels.shape == (SIZE[1], SIZE[0])
    assert np.array_equal(pixels, np.asarray(Image.open(tmp_path / "images/a.png")))
    anchors = load_anchors(triplet, tmp_path)
    assert anchors is not None
    assert len(anchors) == 9


def test_colour_images_become_grey(tmp_path: Path, make: Make) -> None:
    triplet = make()
    Image.new("RGB", SIZE, (9, 9, 9)).save(tmp_path / "images/a.png")
    assert np.all(load_image(triplet, tmp_path) == 9)


def test_a_window_of_a_scene_with_the_stretch_of_the_scene(tmp_path: Path) -> None:
    path = ships_scene(tmp_path / "s.tif", [(120, 90)], (300, 400))
    triplet = Triplet("w", (100, 80), (), scene="s.tif", window=(50, 80, 80, 100))
    with SarScene.open(path) as scene:
        where = Window(50, 80, 80, 100)
        expected = scene.chip(ChipWindow(0, where, where)).image
    assert np.array_equal(load_image(triplet, tmp_path), expected)


@pytest.mark.parametrize(("row", "col"), [(-79, 0), (299, 0), (0, -99), (0, 399), (-40, 350)])
def test_a_window_may_stick_out_over_its_scene(tmp_path: Path, row: int, col: int) -> None:
    ships_scene(tmp_path / "s.tif", [(120, 90)], (300, 400))
    triplet = Triplet("w", (100, 80), (), scene="s.tif", window=(row, col, 80, 100))
    check_window(triplet, tmp_path)
    assert load_image(triplet, tmp_path).any()


@pytest.mark.parametrize(("row", "col"), [(-80, 0), (300, 0), (0, -100), (0, 400), (9000, 9000)])
def test_a_window_outside_its_scene_is_refused(tmp_path: Path, row: int, col: int) -> None:
    ships_scene(tmp_path / "s.tif", [(120, 90)], (300, 400))
    triplet = Triplet("w", (100, 80), (), scene="s.tif", window=(row, col, 80, 100))
    for look in (check_window, load_image):
        with pytest.raises(
            BadTriplet, match=rf"w: the window \[{row}, {col}, 80, 100\] lies outside s\.tif, .* 300 rows of 400 pixels"
        ):
            look(triplet, tmp_path)


def test_only_windows_need_a_scene(tmp_path: Path, make: Make) -> None:
    check_window(make(), tmp_path)
    with pytest.raises(BadTriplet, match=r"Triplet a: .*gone\.tif"):
        check_window(make(image=None, scene="gone.tif", window=(0, 0, 9, 9)), tmp_path)


def test_chips_without_prior(tmp_path: Path, make: Make) -> None:
    assert load_anchors(make(anchors=None), tmp_path) is None
    triplet = make()
    write_anchors(some_anchors(0), tmp_path / "anchors/a.npz")
    assert load_anchors(triplet, tmp_path) is None


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("images/a.png", None, r"Triplet a: the image .*images/a\.png does not exist"),
        ("images/a.png", b"no picture", r"Triplet a: .*images/a\.png cannot be read"),
        ("anchors/a.npz", None, r"Triplet a: the anchors .*anchors/a\.npz do not exist"),
        ("anchors/a.npz", b"PK no archive", r"Triplet a: .*anchors/a\.npz cannot be read"),
    ],
)
def test_missing_and_damaged_files_are_named(
    tmp_path: Path, make: Make, name: str, content: bytes | None, words: str
) -> None:
    triplet = make()
    (tmp_path / name).unlink() if content is None else (tmp_path / name).write_bytes(content)
    with pytest.raises(BadTriplet, match=words):
        load_image(triplet, tmp_path)
        load_anchors(triplet, tmp_path)


def test_images_of_another_size_or_depth(tmp_path: Path, make: Make) -> None:
    with pytest.raises(BadTriplet, match="60 × 48 pixels where the triplet says 48 × 60"):
        load_image(make(size=(48, 60)), tmp_path)
    triplet = make()
    Image.fromarray(np.zeros((48, 60), np.uint16)).save(tmp_path / "images/a.png")
    with pytest.raises(BadTriplet, match="pixels of mode I;16"):
        load_image(triplet, tmp_path)


def test_a_triplet_without_pixels(tmp_path: Path, make: Make) -> None:
    with pytest.raises(BadTriplet, match="Triplet a has no image"):
        load_image(make(image=None), tmp_path)
    with pytest.raises(BadTriplet, match=r"Triplet a: .*gone\.tif"):
        load_image(make(image=None, scene="gone.tif", window=(0, 0, 9, 9)), tmp_path)
