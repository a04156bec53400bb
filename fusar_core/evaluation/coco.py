"""Reads detection data sets in the COCO format: images with their true boxes, 8-bit pixels one image at a time."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from fusar_core.domain.answers import Box
from fusar_core.errors import BadDataset

GREY_MODES = ("L", "RGB", "P", "1")
"""Pillow's modes that are 8-bit pictures; anything else has radiometry which a chip without metadata cannot tell."""
LARGEST = 1e9
"""No coordinate is as large; also refuses NaN, infinities and integers that are no float."""


@dataclass(frozen=True)
class LabelledImage:
    """One image of a data set. boxes: category → (x1, y1, x2, y2) in pixels as annotated, not clipped."""

    id: int
    name: str
    path: Path
    width: int
    height: int
    boxes: dict[str, list[Box]] = field(default_factory=dict)

    def all_boxes(self) -> list[Box]:
        """The boxes of every category."""
        return [box for boxes in self.boxes.values() for box in boxes]

    def pixels(self) -> npt.NDArray[np.uint8]:
        """(H, W) uint8 grey values; colour pictures by their luminance.

        Raises BadDataset when the file is missing, broken, not 8-bit or not of the size the data set says.
        """
        from PIL import Image

        try:
            with Image.open(self.path) as picture:
                if picture.mode not in GREY_MODES:
                    _refuse(f"{self.path} has pixels of mode {picture.mode}", "Images must be 8-bit grey or RGB.")
                if picture.size != (self.width, self.height):
                    found = f"{picture.width} × {picture.height}"
                    _refuse(f"{self.path} is {found} pixels, but the data set says {self.width} × {self.height}")
                return np.asarray(picture.convert("L"))
        except FileNotFoundError as cause:
            raise BadDataset(
                f"The data set names {self.name}, but {self.path} does not exist.", "Check --images."
            ) from cause
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as cause:
            raise BadDataset(f"{self.path} cannot be read: {cause}.", "Fetch the image again.") from cause


@dataclass(frozen=True)
class CocoDataset:
    """A detection data set. sha256: of its JSON file, to recognise it again."""

    name: str
    sha256: str
    categories: tuple[str, ...]
    images: tuple[LabelledImage, ...]

    @classmethod
    def open(cls, path: Path, images: Path) -> CocoDataset:
        """Reads the annotations; pixels are read later, image by image.

        path: JSON with `images` (id, file_name, width, height), `annotations` (image_id, category_id, bbox = x, y,
        width, height in pixels) and `categories` (id, name). images: folder that holds the files, with or without the
        folders that `file_name` may start with.
        Raises BadDataset, naming the entry that is wrong.
        """
        content, digest = _load(path)
        categories = _categories(content)
        found = _images(content, images)
        _add_boxes(content, categories, found)
        return cls(path.name, digest, tuple(categories.values()), tuple(found.values()))


def _refuse(what: str, hint: str = "") -> NoReturn:
    raise BadDataset(f"{what}.", hint)


def _load(path: Path) -> tuple[dict[str, Any], str]:
    try:
        raw = path.read_bytes()
        content = json.loads(raw)
    except OSError as cause:
        raise BadDataset(f"{path} cannot be read: {cause.strerror}.", "Give a COCO detection file.") from cause
    except (ValueError, RecursionError) as cause:
        raise BadDataset(f"{path} is no JSON: {cause}.", "Give a COCO detection file.") from cause
    if not isinstance(content, dict):
        _refuse(f"{path} holds a {type(content).__name__}, not an object", "Give a COCO detection file.")
    for key in ("images", "annotations", "categories"):
        if not isinstance(content.get(key), list):
            _refuse(f"{path} has no list '{key}'", "Give a COCO detection file.")
    return content, hashlib.sha256(raw).hexdigest()


def _get(entry: Any, key: str, kind: type, where: str) -> Any:
    value = entry.get(key) if isinstance(entry, dict) else None
    if not isinstance(value, kind) or isinstance(value, bool):
        _refuse(f"{where}: '{key}' must be {'text' if kind is str else 'an integer'}, not {value!r}")
    return value


def _categories(content: dict[str, Any]) -> dict[int, str]:
    names: dict[int, str] = {}
    for i, entry in enumerate(content["categories"]):
        where = f"categories[{i}]"
        number, name = _get(entry, "id", int, where), _get(entry, "name", str, where)
        if number in names or name in names.values():
            _refuse(f"{where}: category {number} '{name}' occurs twice")
        names[number] = name
    return names


def _images(content: dict[str, Any], folder: Path) -> dict[int, LabelledImage]:
    if not folder.is_dir():
        _refuse(f"{folder} is no folder", "Give the folder that holds the images.")
    if not content["images"]:
        _refuse("The data set has no images")
    found: dict[int, LabelledImage] = {}
    names: set[str] = set()
    for i, entry in enumerate(content["images"]):
        where = f"images[{i}]"
        number, name = _get(entry, "id", int, where), _get(entry, "file_name", str, where)
        width, height = _get(entry, "width", int, where), _get(entry, "height", int, where)
        if width <= 0 or height <= 0:
            _refuse(f"{where} ({name}): a size of {width} × {height} pixels is no size")
        if number in found or name in names:
            _refuse(f"{where}: image {number} '{name}' occurs twice")
        names.add(name)
        path = folder / name
        if not path.exists():
            path = folder / Path(name).name
        if not path.is_file():
            _refuse(f"{where}: {name} is not in {folder}", "Check --images.")
        found[number] = LabelledImage(number, name, path, width, height)
    return found


def _add_boxes(content: dict[str, Any], categories: dict[int, str], images: dict[int, LabelledImage]) -> None:
    for i, entry in enumerate(content["annotations"]):
        where = f"annotations[{i}]"
        image, category = _get(entry, "image_id", int, where), _get(entry, "category_id", int, where)
        if image not in images:
            _refuse(f"{where}: there is no image {image}")
        if category not in categories:
            _refuse(f"{where}: there is no category {category}")
        if entry.get("iscrowd"):
            _refuse(f"{where}: a crowd region has no targets that could be counted", "Remove it or box its targets.")
        box = _box(entry.get("bbox"), where)
        images[image].boxes.setdefault(categories[category], []).append(box)


def _box(bbox: Any, where: str) -> Box:
    numbers = isinstance(bbox, list) and len(bbox) == 4 and all(type(v) in (int, float) for v in bbox)
    if not numbers or not all(abs(v) < LARGEST for v in bbox) or min(bbox[2:]) < 0:
        _refuse(f"{where}: bbox {bbox!r} is not [x, y, width, height] in pixels")
    x, y, width, height = map(float, bbox)
    return x, y, x + width, y + height
