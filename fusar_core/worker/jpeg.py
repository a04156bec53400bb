"""How much work a JPEG is, by its markers, before anything of it is decoded."""

from __future__ import annotations

import re
import struct

from fusar_core.errors import BadImage

START = b"\xff\xd8"
BASELINE = (0xC0, 0xC1)
"""Frames that are decoded in one go; progressive ones once for every scan, of which there may be thousands."""
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
SCAN, END = 0xDA, 0xD9
MOST_SCANS = 4
"""A sequential JPEG has one for each of its colours at most."""

_MARKER = re.compile(rb"\xff+([\x01-\xcf\xd8-\xfe])")
"""A marker: not a stuffed byte, nor one of those that restart a scan."""


def check_jpeg(content: bytes) -> tuple[int, int]:
    """Width and height of a JPEG that is decoded with bounded work.

    Raises BadImage for one that is progressive, has more scans than colours, or is damaged.
    """
    size = (0, 0)
    scans, at = 0, len(START)
    while found := _MARKER.search(content, at):
        marker, at = found.group(1)[0], found.end()
        if marker == END:
            break
        if marker in (0x01, 0xD8):
            continue
        if len(content) < at + 2:
            break
        (length,) = struct.unpack(">H", content[at : at + 2])
        if marker in FRAMES:
            size = _frame(marker, content[at : at + 7], size)
        scans += marker == SCAN
        if scans > MOST_SCANS:
            raise _too_much("has more scans than a photograph")
        at += max(length, 2)
    if 0 in size:
        raise BadImage("The image is a damaged JPEG: it does not say its size.", "Send a PNG of 8 bits, grey or RGB.")
    return size


def _frame(marker: int, head: bytes, before: tuple[int, int]) -> tuple[int, int]:
    if marker not in BASELINE:
        raise _too_much("is progressive, or of a rare kind")
    if before != (0, 0) or len(head) < 7:
        raise BadImage("The image is a damaged JPEG: its frames are wrong.", "Send a PNG of 8 bits, grey or RGB.")
    height, width = struct.unpack(">HH", head[3:7])
    return width, height


def _too_much(what: str) -> BadImage:
    return BadImage(f"The JPEG {what}.", "Send a baseline JPEG, or a PNG of 8 bits, grey or RGB.")
