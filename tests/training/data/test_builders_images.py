"""COCO, VOC and DOTA become chips with the same targets; what is malformed is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fusar_core.domain.tiling import Window
from fusar_core.errors import BadOption, OutputIsInput
from fusar_core.evaluation.coco import CocoDataset, LabelledImage
from training.data.builders.cutting import covered, targets_on
from training.data.builders.dota import read_dota
from training.data.builders.folder import unique
from training.data.builders.images import build_from_images
from training.data.builders.options import BuildOptions, Naming
from training.data.builders.voc import read_voc
from training.data.loading import load_image
from training.data.triplets import Target, read_triplets
from training.data.validation import check_file
from training.errors import BadLabels

BOXES: dict[str, list[tuple[float, float, float, float]]] = {"ship": [(10, 10, 30, 20), (90, 40, 110, 60)]}


def image(folder: Path, name: str = "a.png", size: tuple[int, int] = (120, 80), **boxes: Any) -> LabelledImage:
    path = folder / name
    pixels = np.arange(size[0] * size[1], dtype=np.uint32).reshape(size[1], size[0]) % 251
    Image.fromarray(pixels.astype(np.uint8)).save(path)
    return LabelledImage(1, name, path, *size, boxes or BOXES)


def options(**changed: Any) -> BuildOptions:
    naming = Naming(**{"classes": ("ship",), **changed.pop("naming", {})})
    return BuildOptions(naming, **{"chip_size": 80, **changed})


def test_the_images_of_a_data_set_are_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    source = image(tmp_path / "images")
    before = source.path.read_bytes()
    with pytest.raises(OutputIsInput, match=r"a\.png is read"):
        build_from_images([source], tmp_path, options())
    assert source.path.read_bytes() == before


# --- which targets are on a chip --------------------------------------------------------------------------------------


def test_a_target_belongs_to_the_chip_that_holds_its_centre() -> None:
    targets = [Target("ship", (70, 10, 90, 20)), Target("ship", (60, 40, 90, 50))]  # centres at x = 80 and 75
    left, right = Window(0, 0, 80, 80), Window(0, 80, 80, 80)
    assert targets_on(left, targets, 0.5) == {1: Target("ship", (60, 40, 80, 50))}
    assert targets_on(right, targets, 0.5) == {0: Target("ship", (0, 10, 10, 20))}
    assert targets_on(left, targets, 0.7) == {}


def test_partitions_hold_every_target_once() -> None:
    rng = np.random.default_rng(3)
    targets = [Target("ship", (x, y, x + 9, y + 7)) for x, y in rng.uniform(0, 150, (60, 2)).tolist()]
    windows = [Window(r, c, 40, 40) for r in range(0, 200, 40) for c in range(0, 200, 40)]
    assert sum(len(targets_on(w, targets, 0.0)) for w in windows) == 60


def test_how_much_of_a_window_is_covered() -> None:
    import shapely

    areas = [shapely.box(0, 0, 50, 40), shapely.box(25, 0, 50, 40), shapely.box(500, 0, 600, 40)]
    assert covered(Window(0, 0, 40, 100), areas) == 0.5
    assert covered(Window(0, 0, 40, 100), []) == 0.0
    assert covered(Window(100, 0, 40, 100), areas) == 0.0


# --- images -----------------------------------------------------------------------------------------------------------


def test_images_are_cut_at_their_own_resolution(tmp_path: Path) -> None:
    report = build_from_images([image(tmp_path)], tmp_path / "out", options(), gsd_m=3.0, year=2019)
    assert (report.triplets, report.targets, report.unused) == (2, {"ship": 2}, 0)
    first, second = read_triplets(report.path)
    assert (first.id, second.id) == ("a_r0_c0", "a_r0_c40")
    assert first.targets == (Target("ship", (10, 10, 30, 20)),)
    assert second.targets == (Target("ship", (50, 40, 70, 60)),)
    assert first.place == second.place == "a"
    assert first.facts["keep"] == [0, 0, 60, 80]  # the second chip is moved back and overlaps
    assert second.facts["keep"] == [20, 0, 80, 80]
    assert (first.gsd_m, first.year, first.footprint) == (3.0, 2019, None)
    assert first.classes == second.classes == ("ship",)
    whole = np.asarray(Image.open(tmp_path / "a.png"))
    assert np.array_equal(load_image(second, tmp_path / "out"), whole[:, 40:])
    assert check_file(report.path, chip_size=80).defects == []


def test_images_may_be_resized_to_one_chip_each(tmp_path: Path) -> None:
    report = build_from_images([image(tmp_path)], tmp_path / "out", options(chip_size=60, fit="resize"), gsd_m=3.0)
    (triplet,) = read_triplets(report.path)
    assert triplet.size == (60, 60)
    assert triplet.targets[0].bbox == pytest.approx((5, 7.5, 15, 15))
    assert triplet.gsd_m == pytest.approx(3 * np.sqrt(2 * 80 / 60), abs=1e-3)
    assert check_file(report.path).defects == []


def test_images_smaller_than_a_chip_are_padded_with_black(tmp_path: Path) -> None:
    report = build_from_images([image(tmp_path, size=(60, 50), ship=[(5, 5, 9, 9)])], tmp_path / "out", options())
    (triplet,) = read_triplets(report.path)
    pixels = load_image(triplet, tmp_path / "out")
    assert pixels.shape == (80, 80)
    assert not pixels[50:].any()
    assert not pixels[:, 60:].any()


def test_names_become_classes_and_keep_their_own_as_kind(tmp_path: Path) -> None:
    pictures = [image(tmp_path, A220=[(1, 1, 9, 9)], Boeing737=[(20, 1, 29, 9)], crane=[(20, 40, 29, 49)])]
    naming = {"classes": ("plane",), "rename": {"A220": "plane", "Boeing737": "plane"}}
    report = build_from_images(pictures, tmp_path / "out", options(naming=naming, fine=("A220", "Boeing737")))
    first, _ = read_triplets(report.path)
    assert {(t.label, t.kind) for t in first.targets} == {("plane", "A220"), ("plane", "Boeing737")}
    assert [t.answer for t in first.conversations if t.task == "classify"] == ["A220", "Boeing737"]
    assert report.targets == {"plane": 2}
    again = build_from_images(pictures, tmp_path / "all", options(naming={"everything": "ship"}))
    assert again.targets == {"ship": 3}


def test_ground_whose_targets_nobody_knows_is_left_out(tmp_path: Path) -> None:
    pictures = [image(tmp_path, ship=[(10, 10, 30, 20)], dontcare=[(85, 0, 120, 80)])]
    naming = {"ignore": frozenset({"dontcare"})}
    report = build_from_images(pictures, tmp_path / "out", options(naming=naming))
    assert (report.triplets, report.left_out) == (1, {"ignored ground": 1})
    assert build_from_images(pictures, tmp_path / "o2", options(naming=naming, ignored=0.5)).triplets == 2


def test_chips_without_targets_can_be_thinned_the_same_way_every_time(tmp_path: Path) -> None:
    pictures = [image(tmp_path, f"e{i}.png", (80, 80), ship=[]) for i in range(40)] + [image(tmp_path)]
    made = [build_from_images(pictures, tmp_path / f"o{seed}", options(empty=0.3, seed=seed)) for seed in (1, 1, 2)
            if not (tmp_path / f"o{seed}").exists()]  # fmt: skip
    kept = [{t.id for t in read_triplets(report.path)} for report in made]
    assert 5 < len(kept[0]) < 25
    assert made[0].left_out["no targets"] == 42 - len(kept[0])
    assert kept[0] != kept[1]
    alone = build_from_images(pictures[5:], tmp_path / "fewer", options(empty=0.3, seed=1))
    assert {t.id for t in read_triplets(alone.path)} == {n for n in kept[0] if n not in {f"e{i}" for i in range(5)}}


def test_places_by_a_pattern_of_names(tmp_path: Path) -> None:
    pictures = [image(tmp_path, name, (80, 80)) for name in ("P01_x.png", "P01_y.png", "Q.png")]
    report = build_from_images(pictures, tmp_path / "out", options(), place=r"^(P\d+)_")
    assert [t.place for t in read_triplets(report.path)] == ["P01", "P01", "Q"]
    for bad in ("(", "P"):
        with pytest.raises(BadOption):
            build_from_images(pictures, tmp_path / "bad", options(), place=bad)


def test_a_folder_is_not_written_twice_and_nothing_is_no_result(tmp_path: Path) -> None:
    pictures = [image(tmp_path)]
    build_from_images(pictures, tmp_path / "out", options())
    with pytest.raises(BadOption, match="exists already"):
        build_from_images(pictures, tmp_path / "out", options())
    with pytest.raises(BadOption, match=r"Nothing was left to write \(no targets: 1\)"):
        build_from_images([image(tmp_path, "b.png", (80, 80), ship=[])], tmp_path / "none", options(empty=0.0))
    assert not (tmp_path / "none/triplets.jsonl").exists()
    with pytest.raises(BadLabels, match="None of the names ship is a plane"):
        build_from_images(pictures, tmp_path / "x", options(naming={"classes": ("plane",)}))


@pytest.mark.parametrize("changed", [{"overlap": 80}, {"fit": "stretch"}, {"visible": 1.5}, {"chip_size": 0}])
def test_impossible_options(changed: Any) -> None:
    with pytest.raises(BadOption):
        options(**changed)


def test_names_that_repeat_or_hurt_files() -> None:
    assert unique(["a", "a", "a-2", "b/c", ".."]) == ["a", "a-2", "a-2-2", "b-c", "chip"]


# --- formats ----------------------------------------------------------------------------------------------------------

VOC = """<annotation><filename>{file}</filename><size><width>120</width><height>80</height></size>
{objects}</annotation>"""
OBJECT = (
    "<object><name>ship</name><bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox></object>"
)


def voc(folder: Path, objects: str | None = None, file: str = "a.png") -> Path:
    (folder / "xml").mkdir(exist_ok=True)
    objects = "".join(OBJECT.format(*b) for b in BOXES["ship"]) if objects is None else objects
    (folder / "xml" / "a.xml").write_text(VOC.format(file=file, objects=objects))
    return folder / "xml"


def dota(folder: Path, lines: str | None = None) -> Path:
    (folder / "txt").mkdir(exist_ok=True)
    if lines is None:
        lines = "imagesource:GoogleEarth\ngsd:0.5\n" + "".join(
            f"{x1} {y1} {x2} {y1} {x2} {y2} {x1} {y2} ship 0\n" for x1, y1, x2, y2 in BOXES["ship"]
        )
    (folder / "txt" / "a.txt").write_text(lines)
    return folder / "txt"


def coco(folder: Path) -> Path:
    content = {
        "images": [{"id": 1, "file_name": "a.png", "width": 120, "height": 80}],
        "categories": [{"id": 1, "name": "ship"}],
        "annotations": [{"image_id": 1, "category_id": 1, "bbox": [x1, y1, x2 - x1, y2 - y1]}
                        for x1, y1, x2, y2 in BOXES["ship"]],
    }  # fmt: skip
    path = folder / "coco.json"
    path.write_text(json.dumps(content))
    return path


def test_all_formats_say_the_same(tmp_path: Path) -> None:
    images = tmp_path / "pictures"
    images.mkdir()
    image(images)
    found = [
        read_voc(voc(tmp_path), images),
        read_voc(voc(tmp_path, file="JPEGImages/unknown.jpg"), images),
        read_dota(dota(tmp_path), images),
        list(CocoDataset.open(coco(tmp_path), images).images),
    ]
    for pictures in found:
        assert [(p.name, p.width, p.height, p.boxes) for p in pictures] == [("a.png", 120, 80, BOXES)]
    assert read_dota(dota(tmp_path, ""), images)[0].boxes == {}


def test_boxes_that_count_from_one_become_edges(tmp_path: Path) -> None:
    image(tmp_path)
    pixel_and_image = OBJECT.format(5, 7, 5, 7) + OBJECT.format(1, 1, 120, 80)
    (picture,) = read_voc(voc(tmp_path, pixel_and_image), tmp_path, one_based=True)
    assert picture.boxes == {"ship": [(4, 6, 5, 7), (0, 0, 120, 80)]}
    with pytest.raises(BadLabels, match=r"object 1: the box begins at 0, 3, not at 1"):
        read_voc(voc(tmp_path, OBJECT.format(0, 3, 9, 9)), tmp_path, one_based=True)


def test_labels_without_their_image_are_named(tmp_path: Path) -> None:
    image(tmp_path)
    labels = dota(tmp_path)
    for name in ("c.txt", "b.txt"):
        (labels / name).write_text("")
    with pytest.raises(BadLabels, match=r"2 text file\(s\) of .* have no image in .*, the first is b\.txt"):
        read_dota(labels, tmp_path)


def test_oriented_rectangles_become_the_boxes_around_them(tmp_path: Path) -> None:
    image(tmp_path)
    (picture,) = read_dota(dota(tmp_path, "20 10 30 20 20 30 10 20 large-vehicle 1\n"), tmp_path)
    assert picture.boxes == {"large-vehicle": [(10, 10, 30, 30)]}


@pytest.mark.parametrize(
    ("objects", "words"),
    [
        (OBJECT.format(1, 2, "x", 4), r"a\.xml: object 1: bndbox/xmax is 'x'"),
        (OBJECT.format(1, 2, "nan", 4), r"bndbox/xmax is 'nan'"),
        (OBJECT.format(5, 2, 5, 4), r"a\.xml: object 1: the box 5, 2, 5, 4 has no area"),
        ("<object><name>ship</name></object>", r"bndbox/xmin is None"),
        ("<object></object>", r"object 1 has no name"),
        ("<object>", r"a\.xml is no XML"),
    ],
)
def test_malformed_voc_is_named(tmp_path: Path, objects: str, words: str) -> None:
    image(tmp_path)
    with pytest.raises(BadLabels, match=words):
        read_voc(voc(tmp_path, objects), tmp_path)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("1 2 3 4 ship 0", r"a\.txt line 1 is '1 2 3 4 ship 0'"),
        ("gsd:1\n\n1 2 3 4 5 6 7 eight ship 0", "line 3"),
        ("1 1 1 1 1 1 1 1 ship 0", "line 1: the rectangle .* has no area"),
        ("1 2 3 4 5 6 7 inf ship 0", "line 1"),
    ],
)
def test_malformed_dota_is_named(tmp_path: Path, lines: str, words: str) -> None:
    image(tmp_path)
    with pytest.raises(BadLabels, match=words):
        read_dota(dota(tmp_path, lines), tmp_path)


def test_missing_images_and_labels_are_named(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(BadLabels, match="holds no XML"):
        read_voc(empty, tmp_path)
    with pytest.raises(BadLabels, match=r"The image a\.png of .*a\.xml is not in"):
        read_voc(voc(tmp_path), empty)
    with pytest.raises(BadLabels, match="holds no image"):
        read_dota(dota(tmp_path), empty)
    with pytest.raises(BadLabels, match="is no folder"):
        read_dota(empty, tmp_path / "nowhere")
    image(tmp_path)
    with pytest.raises(BadLabels, match=r"a\.png has no labels"):
        read_dota(empty, tmp_path)
    image(tmp_path, "a.jpg")
    with pytest.raises(BadLabels, match="have one name"):
        read_dota(dota(tmp_path), tmp_path)
