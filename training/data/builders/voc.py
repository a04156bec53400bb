"""Reads labels in the Pascal VOC format: one XML file an image, with `object`s of `name` and `bndbox`."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from fusar_core.evaluation.coco import LARGEST, LabelledImage
from training.data.builders.finding import find_images
from training.data.triplets import Box
from training.errors import BadLabels


def read_voc(annotations: Path, images: Path, one_based: bool = False) -> list[LabelledImage]:
    """All images that have an XML file, in the order of its names; boxes as annotated.

    annotations: folder of XML files. images: folder of the images, named by `filename`, or as the XML file is.
    one_based: pixels count from 1 and boxes hold the last ones too, as those of Pascal VOC itself do; data sets of SAR
    images in its format mostly give edges from 0.

    Raises BadLabels, naming the file and the object that is wrong.
    """
    files = sorted(annotations.glob("*.xml"))
    if not files:
        raise BadLabels(f"{annotations} holds no XML file.", "Give the folder of the annotations.")
    stems = find_images(images)
    return [_image(number, path, images, stems, one_based) for number, path in enumerate(files)]


def _image(number: int, path: Path, images: Path, stems: dict[str, Path], one_based: bool) -> LabelledImage:
    try:
        root = ElementTree.parse(path).getroot()
    except (ElementTree.ParseError, OSError, ValueError) as cause:
        raise BadLabels(f"{path} is no XML: {cause}.", "Mend or remove it.") from cause
    name = (root.findtext("filename") or "").strip()
    picture = images / Path(name).name if name else images
    if not picture.is_file():
        picture = stems.get(path.stem, picture)
    if not picture.is_file():
        raise BadLabels(f"The image {name or path.stem} of {path} is not in {images}.", "Check --images.")
    width, height = (_number(root, f"size/{side}", path, "") for side in ("width", "height"))
    if width < 1 or height < 1 or width != int(width) or height != int(height):
        raise BadLabels(f"{path}: a size of {width:g} × {height:g} pixels is no size.", "Mend the annotation.")
    found = LabelledImage(number, picture.name, picture, int(width), int(height))
    for i, entry in enumerate(root.iter("object")):
        label = (entry.findtext("name") or "").strip()
        if not label:
            raise BadLabels(f"{path}: object {i + 1} has no name.", "Mend the annotation.")
        found.boxes.setdefault(label, []).append(_box(entry, path, f"object {i + 1}: ", one_based))
    return found


def _box(entry: ElementTree.Element, path: Path, where: str, one_based: bool) -> Box:
    x1, y1, x2, y2 = (_number(entry, f"bndbox/{side}", path, where) for side in ("xmin", "ymin", "xmax", "ymax"))
    if one_based:
        if min(x1, y1) < 1:
            raise BadLabels(
                f"{path}: {where}the box begins at {x1:g}, {y1:g}, not at 1 or later.", "Leave --one-based out."
            )
        x1, y1 = x1 - 1, y1 - 1  # pixel n lies between the edges n - 1 and n
    if not (x1 < x2 and y1 < y2):
        raise BadLabels(f"{path}: {where}the box {x1:g}, {y1:g}, {x2:g}, {y2:g} has no area.", "Mend the annotation.")
    return x1, y1, x2, y2


def _number(entry: ElementTree.Element, name: str, path: Path, where: str) -> float:
    text = entry.findtext(name)
    try:
        value = float(text or "")
    except ValueError:
        value = LARGEST
    if not abs(value) < LARGEST:
        raise BadLabels(f"{path}: {where}{name} is {text!r}, not a number of pixels.", "Mend the annotation.")
    return value
