"""Questions to a worker, for tests: images, anchors, bodies of chat completions."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import numpy as np
from PIL import Image

SIDE = 112


def picture(seed: int = 0, side: int = SIDE) -> np.ndarray:
    """Speckle, (side, side) uint8."""
    return np.random.default_rng(seed).integers(0, 255, (side, side)).astype(np.uint8)


def encoded(image: np.ndarray | Image.Image, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(file, kind)
    return file.getvalue()


def image_part(content: bytes, kind: str = "png") -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": f"data:image/{kind};base64,{base64.b64encode(content).decode()}"}}


def npz(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def unit_anchors(count: int, seed: int = 0, width: int = 64) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(count, width))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    return {"features": features.astype(np.float32), "positions": rng.random((count, 2)).astype(np.float32)}


def anchors_part(content: bytes) -> dict[str, Any]:
    return {"type": "aef_anchors", "aef_anchors": {"data": base64.b64encode(content).decode()}}


def messages(question: str, image: np.ndarray | None = None, anchors: dict[str, np.ndarray] | None = None) -> list[Any]:
    parts = [image_part(encoded(picture() if image is None else image)), {"type": "text", "text": question}]
    if anchors is not None:
        parts.append(anchors_part(npz(**anchors)))
    return [{"role": "user", "content": parts}]


def body(question: str = "How many?", model: str = "made", **options: Any) -> dict[str, Any]:
    image, anchors = options.pop("image", None), options.pop("anchors", None)
    return {"model": model, "messages": messages(question, image, anchors), **options}


def as_json(content: dict[str, Any]) -> bytes:
    return json.dumps(content).encode()
