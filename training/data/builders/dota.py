"""Reads labels in the DOTA format: one text file an image, a line an object: x1 y1 x2 y2 x3 y3 x4 y4 name difficulty.

The oriented rectangle becomes the axis-parallel box around it.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from fusar_core.evaluation.coco import LARGEST, LabelledImage
from training.data.builders.finding import find_images
from training.data.triplets import Box
from training.errors import BadLabels

HEADERS = ("imagesource:", "gsd:", "acquisition dates:")


def read_dota(labels: Path, images: Path) -> list[LabelledImage]:
    """All images of a folder, in the order of their names, with the labels of the text file of the same name.

    An empty file means that there are no targets; an image without one is refused, for nobody knows its targets, and so
    are labels without an image.

    Raises BadLabels, naming the file and the line.
    """
    pictures = find_images(images)
    if not pictures:
        raise BadLabels(f"{images} holds no image.", "Give the folder that holds the images.")
    if lost := sorted(path.name for path in labels.glob("*.txt") if path.stem not in pictures):
        raise BadLabels(
            f"{len(lost)} text file(s) of {labels} have no image in {images}, the first is {lost[0]}.",
            "Fetch the images, or remove the files.",
        )
    return [_image(number, path, labels / f"{stem}.txt") for number, (stem, path) in enumerate(pictures.items())]


def _image(number: int, picture: Path, labels: Path) -> LabelledImage:
    try:
        with Image.open(picture) as opened:
            width, height = opened.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as cause:
        raise BadLabels(f"{picture} cannot be read: {cause}.", "Fetch the image again.") from cause
    found = LabelledImage(number, picture.name, picture, width, height)
    try:
        lines = labels.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError as cause:
        raise BadLabels(
            f"{picture.name} has no labels: {labels} does not exist.", "An empty file says that there are no targets."
        ) from cause
    except (OSError, UnicodeDecodeError) as cause:
        raise BadLabels(f"{labels} cannot be read: {cause}.", "Give the folder of DOTA's text files.") from cause
    for line, text in enumerate(lines, 1):
        if text.strip() and not text.lower().startswith(HEADERS):
            name, box = _object(text, f"{labels} line {line}")
            found.boxes.setdefault(name, []).append(box)
    return found


def _object(text: str, where: str) -> tuple[str, Box]:
    words = text.split()
    try:
        numbers = [float(word) for word in words[:8]]
    except ValueError:
        numbers = []
    if len(words) not in (9, 10) or len(numbers) != 8 or not all(abs(v) < LARGEST for v in numbers):
        raise BadLabels(f"{where} is {text.strip()!r}.", "Expected: x1 y1 x2 y2 x3 y3 x4 y4 name difficulty.")
    box = min(numbers[::2]), min(numbers[1::2]), max(numbers[::2]), max(numbers[1::2])
    if not (box[0] < box[2] and box[1] < box[3]):
        raise BadLabels(f"{where}: the rectangle {text.strip()!r} has no area.", "Mend the label.")
    return words[8], box
