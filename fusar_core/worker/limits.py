"""How much of anything the worker takes, and the reading of images and anchors within those limits.

Sizes are read from headers before anything is decoded: a picture of 60,000 × 60,000 pixels costs its few bytes.
"""

from __future__ import annotations

import binascii
import io
import struct
import zipfile
from dataclasses import dataclass

import numpy as np
from PIL import Image, UnidentifiedImageError

from fusar_core.errors import BadAnchors, BadImage
from fusar_core.prior.files import read_anchors
from fusar_core.worker.jobs import Prior
from fusar_core.worker.jpeg import START as JPEG_START
from fusar_core.worker.jpeg import check_jpeg

PNG_START = b"\x89PNG\r\n\x1a\n"
FORMATS = ("PNG", "JPEG")
NPZ_MEMBERS = 16
OTHER_FIELDS_BYTES = 64 * 1024
"""Room in an NPZ for the fields that the worker does not use, beside what its anchors take."""


@dataclass(frozen=True)
class Limits:
    """body_bytes: of one request; held_bytes: of all that are being read. pixels: of an image. anchors: of a chip.
    queue: requests in the house, those at work included. receive_s: for a request to arrive. head_s: for its head
    alone. answer_s: until it is answered, waiting included. connections: at once; peer_connections: of one address.
    small_pixels: of an image that is not read in the lane for large ones.
    """

    body_bytes: int = 8 * 2**20
    held_bytes: int = 256 * 2**20
    pixels: int = 4096 * 4096
    anchors: int = 4096
    queue: int = 256
    receive_s: float = 60.0
    answer_s: float = 900.0
    connections: int = 4096
    head_s: float = 30.0
    peer_connections: int = 1024
    small_pixels: int = 1024 * 1024


def from_base64(text: str, what: str, error: type[BadImage] | type[BadAnchors]) -> bytes:
    """Bytes of strict base64. Raises the error given."""
    try:
        return binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError) as cause:
        raise error(f"The {what} is no base64: {cause}.", "Use the standard alphabet, without line breaks.") from cause


def read_image(content: bytes, limits: Limits) -> Image.Image:
    """An 8-bit grey or RGB image from PNG or baseline JPEG bytes, checked before it is decoded. Raises BadImage."""
    check_image(content, limits)
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            _check_size(image.width, image.height, limits)
            if image.mode not in ("L", "RGB", "P", "LA", "RGBA", "1"):
                raise BadImage(
                    f"An image of mode {image.mode} cannot be shown to the model.", "Send 8 bits, grey or RGB."
                )
            if image.mode in ("LA", "1"):
                return image.convert("L")
            return image.convert("RGB") if image.mode in ("P", "RGBA") else image.copy()
    except UnidentifiedImageError as cause:
        raise BadImage("The image is neither a PNG nor a JPEG.", "Send a PNG of 8 bits, grey or RGB.") from cause
    except BadImage:
        raise
    except Exception as cause:  # whatever Pillow and zlib raise for damaged files: a long list
        raise BadImage(f"The image cannot be decoded: {cause}.", "Send a PNG of 8 bits, grey or RGB.") from cause


def check_image(content: bytes, limits: Limits) -> int:
    """The pixels of an image by its head, so that the work of decoding it is known. Raises BadImage."""
    if content.startswith(PNG_START) and len(content) >= 24:
        width, height = struct.unpack(">II", content[16:24])
    elif content.startswith(JPEG_START):
        width, height = check_jpeg(content)
    else:
        raise BadImage("The image is neither a PNG nor a JPEG.", "Send a PNG of 8 bits, grey or RGB.")
    _check_size(width, height, limits)
    return width * height


def _check_size(width: int, height: int, limits: Limits) -> None:
    if width * height > limits.pixels:
        raise BadImage(
            f"An image of {width} × {height} pixels is too large: {limits.pixels} pixels are taken.",
            "Cut the scene into chips.",
        )
    if 0 in (width, height):
        raise BadImage(f"An image of {width} × {height} pixels is empty.")


def read_prior(content: bytes, limits: Limits, prior_dim: int) -> Prior | None:
    """Anchors from the bytes of an NPZ, checked before they are unpacked; None when there are none in it.

    Raises BadAnchors, BadEmbeddings.
    """
    if not content.startswith(b"PK"):
        raise BadAnchors("The anchors are no NPZ.", "Write features (S, 64) and positions (S, 2) with numpy.savez.")
    most_bytes = limits.anchors * (prior_dim + 2 + 4) * 8 + OTHER_FIELDS_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, struct.error) as cause:
        raise BadAnchors(f"The anchors are a damaged NPZ: {cause}.", "Send them again.") from cause
    if len(members) > NPZ_MEMBERS or sum(m.file_size for m in members) > most_bytes:
        raise _too_many(limits)
    anchors = read_anchors(io.BytesIO(content), most_bytes)  # by what is unpacked, whatever its directory says
    if len(anchors) > limits.anchors:
        raise _too_many(limits)
    features = np.ascontiguousarray(anchors.features, np.float32)
    return Prior(features, np.ascontiguousarray(anchors.positions, np.float32)) if len(features) else None


def _too_many(limits: Limits) -> BadAnchors:
    return BadAnchors(f"More than {limits.anchors} anchors came with an image.", "18 × 18 are usual.")
