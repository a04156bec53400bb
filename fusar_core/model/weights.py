"""What lies in a model directory, read from file headers alone: tensors, their shapes, the memory they need."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

from fusar_core.errors import BadCheckpoint, NotEnoughMemory

MAX_HEADER_BYTES = 100_000_000
"""The safetensors format's own limit: a larger number is no header length."""
SAMPLE_BYTES = 1 << 20
WORKING_BYTES = 0.4e9
"""Activations and the key-value cache of one chip at 7B, beside the weights."""


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises BadCheckpoint when it is missing, or is none."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as cause:
        raise BadCheckpoint(f"{path.parent} holds no {path.name}.", "Is it the directory of a model?") from cause
    except (OSError, ValueError) as cause:
        raise BadCheckpoint(f"{path} cannot be read: {cause}.", "Download or copy the directory again.") from cause
    if not isinstance(content, dict):
        raise BadCheckpoint(f"{path} holds no JSON object.", "Download or copy the directory again.")
    return content


def weight_files(directory: Path) -> list[Path]:
    """The safetensors files of a model directory. Raises BadCheckpoint when some are missing or only pickles there."""
    index = directory / "model.safetensors.index.json"
    if index.exists():
        names = sorted(set(read_json(index).get("weight_map", {}).values()))
        missing = [name for name in names if not (directory / name).is_file()]
        if missing or not names:
            listed = ", ".join(missing[:3]) + (" …" if len(missing) > 3 else "")
            raise BadCheckpoint(
                f"{directory} lacks {len(missing)} of its {len(names)} weight files: {listed}.",
                "Download the rest into the same directory.",
            )
        return [directory / name for name in names]
    if (directory / "model.safetensors").is_file():
        return [directory / "model.safetensors"]
    if pickles := sorted(directory.glob("*.bin")):
        raise BadCheckpoint(
            f"{directory} holds its weights as a pickle ({pickles[0].name}), which could run code and is not loaded.",
            "Convert it to safetensors first.",
        )
    raise BadCheckpoint(f"{directory} holds no model.safetensors.", "Is it the directory of a model?")


def tensor_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Name → shape of the tensors in a safetensors file, from its header. Raises BadCheckpoint when it is damaged."""
    shapes, _ = _header(path)
    return shapes


def check_whole(path: Path) -> None:
    """Raises BadCheckpoint when a safetensors file is shorter than its header says: a download that broke off."""
    _, expected = _header(path)
    found = path.stat().st_size
    if found < expected:
        raise BadCheckpoint(
            f"{path} breaks off: it has {found:,} of {expected:,} bytes.", "Download or copy this file again."
        )


def _header(path: Path) -> tuple[dict[str, tuple[int, ...]], int]:
    """Shapes, and the size in bytes the whole file must have."""
    try:
        with open(path, "rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > MAX_HEADER_BYTES:
                raise ValueError(f"a header of {length} bytes")
            header = json.loads(file.read(length))
        entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
        shapes = {name: tuple(entry["shape"]) for name, entry in entries.items()}
        end = max((entry["data_offsets"][1] for entry in entries.values()), default=0)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error) as cause:
        raise BadCheckpoint(f"{path} is no safetensors file: {cause}.", "Download or copy this file again.") from cause
    return shapes, 8 + length + end


def fingerprint(files: list[Path]) -> str:
    """Eight hexadecimal digits that tell models apart: of names, sizes, and a megabyte at three places of each file."""
    digest = hashlib.sha256()
    for path in sorted(files):
        size = path.stat().st_size
        digest.update(f"{path.name} {size}\n".encode())
        with open(path, "rb") as file:
            for start in (0, size // 2, max(0, size - SAMPLE_BYTES)):
                file.seek(start)
                digest.update(file.read(SAMPLE_BYTES))
    return digest.hexdigest()[:8]


def parameter_count(files: list[Path]) -> int:
    """Number of parameters in safetensors files."""
    total = 0
    for path in files:
        for shape in tensor_shapes(path).values():
            size = 1
            for side in shape:
                size *= side
            total += size
    return total


def check_memory(parameters: int, bytes_each: float, free: float, device: str) -> None:
    """Raises NotEnoughMemory when that many parameters, and the work on one chip, do not fit `free` bytes of a device.

    device: its name in the message, e.g. "GPU".
    """
    needed = parameters * bytes_each
    if needed + min(WORKING_BYTES, needed) > free:
        raise NotEnoughMemory(
            f"The model needs about {needed / 1e9:.3g} GB and room to work; this {device} has {free / 1e9:.3g} free.",
            "Close other programs, choose another device, load in 4 or 8 bits, or use a smaller model.",
        )
