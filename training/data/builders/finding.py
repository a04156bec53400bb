"""The images in a folder, by name."""

from __future__ import annotations

from pathlib import Path

from training.errors import BadLabels

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"}


def find_images(folder: Path) -> dict[str, Path]:
    """Stem → path of the images of a folder. Raises BadLabels when it is none, or two images share a stem."""
    if not folder.is_dir():
        raise BadLabels(f"{folder} is no folder.", "Give the folder that holds the images.")
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in SUFFIXES:
            if path.stem in found:
                raise BadLabels(f"{path.name} and {found[path.stem].name} in {folder} have one name.", "Keep one.")
            found[path.stem] = path
    return found
