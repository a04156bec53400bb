"""The map shows every target where it is, in the colour of what it is, whatever the shape of the scene."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scenes import plant, sea, write

from fusar_core.domain.answers import Corners, Detection
from fusar_core.domain.tiling import Window
from fusar_core.errors import OutputUnwritable
from fusar_core.results.picture.marks import CLASS_COLOURS, FLAG_COLOUR, LEAST_SIDE, visible_outline
from fusar_core.results.picture.scene_map import LONG_SIDE, draw_picture
from fusar_core.results.picture.sheet import Panel
from fusar_core.scenes.scene import SarScene

Picture = npt.NDArray[np.uint8]
NO_REFERENCE = {"crs": None, "transform": Affine.identity()}


def box(x: float, y: float, length: float, width: float, turn_deg: float = 0.0) -> Corners:
    c, s = math.cos(math.radians(turn_deg)), math.sin(math.radians(turn_deg))
    ends = ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))
    at = [(x + u * length * c - v * width * s, y + u * length * s + v * width * c) for u, v in ends]
    return (at[0], at[1], at[2], at[3])


def ship(x: float, y: float, *flags: str, label: str = "ship", length: float = 40, width: float = 16) -> Detection:
    return Detection(label, 0.9, box(x, y, length, width), flags=flags)


def read(path: Path) -> Picture:
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"))


def of_colour(picture: Picture, colour: str, tolerance: int = 60) -> npt.NDArray[np.bool_]:
    """(H, W) bool: where the picture has that colour, anti-aliasing allowed for."""
    wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
    return np.abs(picture.astype(int) - wanted).max(axis=-1) <= tolerance


def inside(picture: Picture, panel: Panel) -> Picture:
    return picture[panel.top : panel.top + panel.height, panel.left : panel.left + panel.width]


def test_a_box_surrounds_its_target_to_the_pixel(tmp_path: Path) -> None:
    image = np.full((120, 200), 10, np.uint8)
    image[40:56, 130:170] = 255  # rows 40…55, columns 130…169: outer corners (130, 40) and (170, 56)
    with SarScene.open(write(tmp_path / "s.tif", image)) as scene:
        panel = draw_picture(scene, [ship(150, 48)], tmp_path / "m.png", classes=["ship"])
    picture = read(tmp_path / "m.png")
    white = of_colour(picture, "#ffffff", 10)
    left, top = panel.at(130, 40)
    right, bottom = panel.at(170, 56)
    scale = panel.scale[0]
    assert panel.scale == (LONG_SIDE // 200, LONG_SIDE // 200)
    margin = 6
    # inside the outline everything is the target's white, outside it nothing is
    assert white[int(top) + margin : int(bottom) - margin, int(left) + margin : int(right) - margin].all()
    around = inside(picture, panel).copy()
    drawn = of_colour(around, CLASS_COLOURS[0])
    rows, cols = np.nonzero(drawn[:, : int(right - panel.left + 3)])
    assert cols.min() + panel.left == pytest.approx(left, abs=2.5)
    assert cols.max() + panel.left == pytest.approx(right, abs=3.0)
    assert rows.min() + panel.top == pytest.approx(top, abs=2.5)
    assert rows.max() + panel.top == pytest.approx(bottom, abs=2.5)
    assert scale * 40 == right - left


@pytest.mark.parametrize("turn", [0, 30, 77])
def test_an_oriented_box_is_drawn_along_its_sides(tmp_path: Path, turn: float) -> None:
    with SarScene.open(write(tmp_path / "s.tif", np.full((300, 300), 10, np.uint8))) as scene:
        corners = box(140, 160, 90, 30, turn)
        panel = draw_picture(scene, [Detection("ship", 1.0, corners)], tmp_path / "m.png")
    drawn = of_colour(read(tmp_path / "m.png"), CLASS_COLOURS[0], 90)
    for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True):
        for share in np.linspace(0.05, 0.95, 15):
            x, y = panel.at(x1 + share * (x2 - x1), y1 + share * (y2 - y1))
            assert drawn[int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2].any()


def test_flagged_targets_are_dashed_in_their_own_colour(tmp_path: Path) -> None:
    with SarScene.open(write(tmp_path / "s.tif", np.full((200, 300), 10, np.uint8))) as scene:
        found = [ship(80, 100, length=90, width=60), ship(220, 100, "azimuth_ambiguity", length=90, width=60)]
        panel = draw_picture(scene, found, tmp_path / "m.png", classes=["ship"])
    part = inside(read(tmp_path / "m.png"), panel)
    half = panel.width // 2
    ships, ghosts = of_colour(part, CLASS_COLOURS[0]), of_colour(part, FLAG_COLOUR)
    assert ships[:, :half].any()
    assert ghosts[:, half:].any()
    assert not ships[:, half:].any()
    assert not ghosts[:, :half].any()

    def drawn_share(mask: npt.NDArray[np.bool_], x: float) -> float:
        """How much of the upper side of a box is drawn."""
        (left, y), (right, _) = panel.at(x - 40, 70), panel.at(x + 40, 70)
        rows = mask[int(y) - panel.top - 2 : int(y) - panel.top + 3, int(left) - panel.left : int(right) - panel.left]
        return float(rows.any(axis=0).mean())

    assert drawn_share(ships, 80) == 1.0
    assert 0.3 < drawn_share(ghosts, 220) < 0.9


def test_classes_keep_their_colours_whatever_was_found(tmp_path: Path) -> None:
    with SarScene.open(write(tmp_path / "s.tif", np.full((200, 200), 10, np.uint8))) as scene:
        panel = draw_picture(scene, [ship(100, 100, label="plane")], tmp_path / "m.png", classes=["ship", "plane"])
    picture = read(tmp_path / "m.png")
    part = inside(picture, panel)
    assert of_colour(part, CLASS_COLOURS[1]).any()
    assert not of_colour(part, CLASS_COLOURS[0]).any()
    assert of_colour(picture, CLASS_COLOURS[0]).any()  # in the legend, with a count of none


@pytest.mark.parametrize(("sign_x", "sign_y"), [(1, -1), (-1, -1), (1, 1), (-1, 1)])
def test_a_mirrored_scene_is_shown_as_it_lies_on_the_ground(tmp_path: Path, sign_x: int, sign_y: int) -> None:
    image = np.full((240, 300), 10, np.uint8)
    image[20:40, 30:70] = 255  # stored in the upper left
    path = write(tmp_path / "s.tif", image, transform=Affine(10 * sign_x, 0, 500_000, 0, 10 * sign_y, 5_000_000))
    with SarScene.open(path) as scene:
        panel = draw_picture(scene, [ship(50, 30, length=40, width=20)], tmp_path / "m.png", cells=True)
    part = inside(read(tmp_path / "m.png"), panel)
    rows, cols = np.nonzero(of_colour(part, "#ffffff", 10))
    x, y = panel.at(50, 30)
    assert np.median(cols) == pytest.approx(x - panel.left, abs=4)
    assert np.median(rows) == pytest.approx(y - panel.top, abs=4)
    assert (x - panel.left > panel.width / 2) == (sign_x < 0)  # in the east where the columns run west
    assert (y - panel.top > panel.height / 2) == (sign_y > 0)
    drawn_rows, drawn_cols = np.nonzero(of_colour(part, CLASS_COLOURS[0]))
    assert np.hypot(drawn_cols - (x - panel.left), drawn_rows - (y - panel.top)).min() < 25 * panel.scale[0]


def test_long_labels_of_the_graticule_fit_on_the_paper(tmp_path: Path) -> None:
    fine = {"crs": "EPSG:4326", "transform": Affine(1e-7, 0, -118.2512345, 0, -1e-7, -33.7512345)}
    with SarScene.open(write(tmp_path / "s.tif", np.full((300, 300), 10, np.uint8), **fine)) as scene:
        panel = draw_picture(scene, [], tmp_path / "m.png")
    picture = read(tmp_path / "m.png")
    border = np.concatenate([picture[:, :6].ravel(), picture[:, -6:].ravel()])
    assert (border == 255).all()
    assert (picture[panel.top : panel.top + panel.height, : panel.left - 8] < 128).any()  # there are labels


def test_only_the_extent_is_drawn_and_at_its_place(tmp_path: Path) -> None:
    image = sea(600, 700).astype(np.uint16)
    plant(image, 420, 330, 20, 4)
    window = Window(300, 400, 100, 150)
    with SarScene.open(write(tmp_path / "s.tif", image)) as scene:
        found = [ship(420, 330, length=20, width=6), ship(100, 100)]
        panel = draw_picture(scene, found, tmp_path / "m.png", extent=window, cells=True)
    assert panel.window == window
    part = inside(read(tmp_path / "m.png"), panel)
    x, y = panel.at(420, 330)
    assert part[int(y) - panel.top, int(x) - panel.left].min() > 230
    rows, cols = np.nonzero(of_colour(part, CLASS_COLOURS[0]))
    assert abs(rows - (y - panel.top)).max() < 40  # the other ship lies outside
    assert abs(cols - (x - panel.left)).max() < 220


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 3000), (2500, 30), (40, 1600), (3, 5)], ids=lambda n: str(n))
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize("reference", [{}, NO_REFERENCE], ids=["utm", "plain"])
def test_every_shape_of_scene_gives_a_picture(
    tmp_path: Path, height: int, width: int, reference: dict[str, object]
) -> None:
    with SarScene.open(write(tmp_path / "s.tif", np.full((height, width), 90, np.uint8), **reference)) as scene:
        centre = ship(width / 2, height / 2, length=0.8, width=0.4)
        panel = draw_picture(scene, [centre], tmp_path / "m.png", title="1 ship", cells=True, classes=["ship"])
    picture = read(tmp_path / "m.png")
    assert picture.shape[0] >= panel.top + panel.height
    assert picture.shape[1] >= panel.left + panel.width
    assert max(picture.shape) < LONG_SIDE + 400
    assert of_colour(inside(picture, panel), CLASS_COLOURS[0]).any()


def test_nothing_found_is_a_picture_too(tmp_path: Path) -> None:
    with SarScene.open(write(tmp_path / "s.tif", sea(200, 300).astype(np.uint16))) as scene:
        panel = draw_picture(scene, [], tmp_path / "m.png", title="0 ships", classes=["ship"], cells=True)
    part = inside(read(tmp_path / "m.png"), panel)
    assert not of_colour(part, CLASS_COLOURS[0]).any()
    assert part.std() > 10  # the sea is there


def test_five_thousand_targets_are_all_drawn(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    with SarScene.open(write(tmp_path / "s.tif", np.full((1200, 1400), 10, np.uint8))) as scene:
        found = [ship(*rng.uniform((20, 20), (1380, 1180)), length=12, width=12) for _ in range(5000)]
        panel = draw_picture(scene, found, tmp_path / "m.png")
    drawn = of_colour(read(tmp_path / "m.png"), CLASS_COLOURS[0], 130)
    for detection in found[::97]:
        x, y = panel.at(*detection.corners[0])
        assert drawn[int(y) - 2 : int(y) + 3, int(x) - 2 : int(x) + 3].any()


def test_words_are_cut_to_fit_and_never_fail(tmp_path: Path) -> None:
    image = np.full((50, 50), 10, np.uint8)
    words = {"title": "$x^2$ {%s} 船只" * 30, "subtitle": "line\nbreak\t" * 60, "provenance": "a_b.tif · " * 90}
    with SarScene.open(write(tmp_path / "s.tif", image)) as scene:
        draw_picture(scene, [], tmp_path / "m.png", classes=["oil tank " * 40, *"abcdefghijklmnop"], **words)
    picture = read(tmp_path / "m.png")
    border = np.concatenate(
        [picture[:8].ravel(), picture[-8:].ravel(), picture[:, :8].ravel(), picture[:, -8:].ravel()]
    )
    assert (border == 255).all()  # nothing runs off the paper


def test_a_failed_write_leaves_the_old_map(tmp_path: Path) -> None:
    with SarScene.open(write(tmp_path / "s.tif", np.full((50, 50), 10, np.uint8))) as scene:
        with pytest.raises(OutputUnwritable):
            draw_picture(scene, [], tmp_path / "nowhere" / "m.png")
        draw_picture(scene, [], tmp_path / "m.png")
    assert sorted(os.listdir(tmp_path)) == ["m.png", "s.tif"]


@given(st.floats(0, 180), st.floats(0, 60), st.floats(0, 60), st.floats(0.05, 20), st.floats(0.5, 2))
def test_outlines_keep_centre_and_are_large_enough(
    turn: float, length: float, width: float, scale: float, aspect: float
) -> None:
    per_pixel = (scale, scale * aspect)
    corners = np.array(box(30, 40, length, width, turn))
    outline = visible_outline(corners, per_pixel)
    assert outline.mean(axis=0) == pytest.approx([30, 40], abs=1e-6)
    sides = np.hypot(*((np.roll(outline, -1, axis=0) - outline) * per_pixel).T)
    assert sides.min() >= LEAST_SIDE * (1 - 1e-6)
    before = np.hypot(*((np.roll(corners, -1, axis=0) - corners) * per_pixel).T)
    if before.min() >= LEAST_SIDE:
        assert outline == pytest.approx(corners)
