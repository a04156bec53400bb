"""COCO data sets: what is read, and what is refused by naming the entry that is wrong."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from fusar_core.errors import BadDataset
from fusar_core.evaluation.coco import CocoDataset

GOOD: dict[str, Any] = {
    "categories": [{"id": 1, "name": "ship"}, {"id": 7, "name": "plane"}],
    "images": [
        {"id": 10, "file_name": "images/a.png", "width": 40, "height": 30},
        {"id": 11, "file_name": "images/b.png", "width": 20, "height": 20},
    ],
    "annotations": [
        {"id": 1, "image_id": 10, "category_id": 1, "bbox": [5, 6, 10, 4], "iscrowd": 0},
        {"id": 2, "image_id": 10, "category_id": 7, "bbox": [35.5, 20, 10, 4]},
    ],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    ramp = (np.arange(40 * 30) % 256).astype(np.uint8).reshape(30, 40)
    Image.fromarray(ramp).save(tmp_path / "images/a.png")
    Image.fromarray(np.full((20, 20, 3), 77, np.uint8)).save(tmp_path / "images/b.png")
    return tmp_path


def write(folder: Path, content: Any) -> Path:
    path = folder / "coco.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def opened(folder: Path, content: Any) -> CocoDataset:
    return CocoDataset.open(write(folder, content), folder)


def changed(path: str, value: Any) -> dict[str, Any]:
    """GOOD with one entry changed, e.g. `images.0.width`; removed when the value is `...`."""
    content = copy.deepcopy(GOOD)
    *parents, last = path.split(".")
    entry: Any = content
    for key in parents:
        entry = entry[int(key) if isinstance(entry, list) else key]
    if value is ...:
        del entry[last]
    else:
        entry[int(last) if isinstance(entry, list) else last] = value
    return content


def test_images_keep_their_order_and_boxes_become_corners(folder: Path) -> None:
    dataset = opened(folder, GOOD)
    assert dataset.categories == ("ship", "plane")
    first, second = dataset.images
    assert first.boxes == {"ship": [(5, 6, 15, 10)], "plane": [(35.5, 20, 45.5, 24)]}
    assert (second.boxes, second.width, second.height) == ({}, 20, 20)


def test_pixels_are_grey_values_as_stored(folder: Path) -> None:
    first, second = opened(folder, GOOD).images
    assert np.array_equal(first.pixels(), (np.arange(1200) % 256).reshape(30, 40))
    assert np.array_equal(second.pixels(), np.full((20, 20), 77))
    assert first.pixels().dtype == np.uint8


def test_the_image_folder_may_be_the_one_that_file_names_start_with(folder: Path) -> None:
    dataset = CocoDataset.open(write(folder, GOOD), folder / "images")
    assert dataset.images[0].pixels().shape == (30, 40)


def test_the_fingerprint_follows_the_file(folder: Path) -> None:
    assert opened(folder, GOOD).sha256 == opened(folder, GOOD).sha256
    assert opened(folder, GOOD).sha256 != opened(folder, changed("annotations.0.bbox", [5, 6, 10, 5])).sha256


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("{", "no JSON"),
        ("[1]", "holds a list"),
        (changed("annotations", ...), "no list 'annotations'"),
        (changed("images", []), "no images"),
        (changed("images.1", "b.png"), r"images\[1\]"),
        (changed("images.1.width", ...), r"images\[1\].*width"),
        (changed("images.1.width", 0), r"images\[1\].*0 × 20"),
        (changed("images.1.width", 20.0), r"images\[1\].*width"),
        (changed("images.1.id", 10), r"images\[1\].*twice"),
        (changed("images.1.file_name", "images/a.png"), r"images\[1\].*twice"),
        (changed("images.1.file_name", "images/c.png"), r"images\[1\]: images/c.png is not in"),
        (changed("categories.1.id", 1), r"categories\[1\].*twice"),
        (changed("categories.1.name", "ship"), r"categories\[1\].*twice"),
        (changed("annotations.1.image_id", 99), r"annotations\[1\]: there is no image 99"),
        (changed("annotations.1.category_id", 2), r"annotations\[1\]: there is no category 2"),
        (changed("annotations.1.bbox", ...), r"annotations\[1\]: bbox None"),
        (changed("annotations.1.bbox", [1, 2, 3]), r"annotations\[1\]: bbox"),
        (changed("annotations.1.bbox", [1, 2, -3, 4]), r"annotations\[1\]: bbox"),
        (changed("annotations.1.bbox", [1, 2, 3, float("nan")]), r"annotations\[1\]: bbox"),
        (changed("annotations.1.bbox", [1, 2, 10**400, 4]), r"annotations\[1\]: bbox"),
        (changed("annotations.1.bbox", [1, 2, "3", 4]), r"annotations\[1\]: bbox"),
        (changed("annotations.0.iscrowd", 1), r"annotations\[0\]: a crowd region"),
    ],
)
def test_malformed_data_sets_are_refused_by_name(folder: Path, content: Any, named: str) -> None:
    with pytest.raises(BadDataset, match=named):
        opened(folder, content)


def test_missing_file_and_folder(folder: Path) -> None:
    with pytest.raises(BadDataset, match=r"nowhere\.json cannot be read"):
        CocoDataset.open(folder / "nowhere.json", folder)
    with pytest.raises(BadDataset, match="is no folder"):
        CocoDataset.open(write(folder, GOOD), folder / "nowhere")


def test_an_image_of_another_size_than_stated(folder: Path) -> None:
    with pytest.raises(BadDataset, match="is 20 × 20 pixels, but the data set says 21 × 20"):
        opened(folder, changed("images.1.width", 21)).images[1].pixels()


def test_an_image_that_is_not_8_bit(folder: Path) -> None:
    Image.fromarray(np.zeros((20, 20), np.uint16)).save(folder / "images/b.png")
    with pytest.raises(BadDataset, match=r"b\.png has pixels of mode"):
        opened(folder, GOOD).images[1].pixels()


def test_an_image_that_breaks_off(folder: Path) -> None:
    path = folder / "images/a.png"
    path.write_bytes(path.read_bytes()[:80])
    with pytest.raises(BadDataset, match=r"a\.png cannot be read"):
        opened(folder, GOOD).images[0].pixels()


def test_an_image_that_is_gone_by_the_time_it_is_read(folder: Path) -> None:
    dataset = opened(folder, GOOD)
    (folder / "images/a.png").unlink()
    with pytest.raises(BadDataset, match=r"a\.png does not exist"):
        dataset.images[0].pixels()


junk = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 30) | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=6,
)
places = st.sampled_from(
    (
        *("images", "images.0", "images.0.id", "images.0.height", "images.1.file_name", "annotations", "annotations.0"),
        *("annotations.0.bbox", "annotations.1.image_id", "categories", "categories.0", "categories.1.name"),
    )
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(places, junk)
def test_any_junk_is_read_or_refused_as_a_bad_data_set(folder: Path, place: str, value: Any) -> None:
    try:
        dataset = opened(folder, changed(place, value))
    except BadDataset:
        return
    assert all(np.isfinite(box).all() for image in dataset.images for box in image.all_boxes())
