"""Puts the demo's pictures on one sheet: demo_picture.py OUT DETECTOR_MAP NANO_MAP ANCHORS."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

WIDTH = 2400
GAP = 24
TITLE = 56
ENGINES = ("cfar, a detector without weights", "fusar-nano, a FUSAR-GPT of 6 million parameters")


def main(out: Path, maps: list[Path], anchors: Path) -> None:
    """Two maps side by side under the names of their engines, the anchors below them over the full width."""
    each = (WIDTH - 3 * GAP) // 2
    top = [_scaled(path, each) for path in maps]
    below = _scaled(anchors, WIDTH - 2 * GAP)
    height = max(picture.height for picture in top)
    sheet = Image.new("RGB", (WIDTH, TITLE + height + below.height + 3 * GAP), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(36)
    for i, (picture, engine) in enumerate(zip(top, ENGINES, strict=True)):
        left = GAP + i * (each + GAP)
        draw.text((left + GAP, GAP), engine, fill="black", font=font)
        sheet.paste(picture, (left, TITLE + GAP))
    sheet.paste(below, (GAP, TITLE + height + 2 * GAP))
    sheet.save(out, optimize=True)


def _scaled(path: Path, width: int) -> Image.Image:
    with Image.open(path) as picture:
        return picture.convert("RGB").resize(
            (width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS
        )


if __name__ == "__main__":
    out, *maps, anchors = map(Path, sys.argv[1:])
    main(out, maps, anchors)
