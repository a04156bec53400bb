"""What is installed here: versions, extras, devices, engines, caches."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata
from typing import Any

import fusar_core

EXTRAS = {
    "model": ("torch", "transformers", "peft", "accelerate", "safetensors"),
    "batch": ("ray",),
    "worker": ("ray", "fastapi"),
    "train": ("deepspeed", "pyyaml", "tensorboard", "tqdm"),
    "earthengine": ("earthengine-api",),
    "hdf5": ("h5py",),
    "docs": ("zensical", "mkdocstrings-python", "pyyaml"),
    "dev": (
        *("pytest", "hypothesis", "ruff", "mypy", "zarr", "openai", "schemathesis", "nbclient", "ipykernel", "pyyaml"),
        *("pre-commit", "pre-commit-hooks", "check-jsonschema", "pytest-xdist", "setuptools", "uv"),
    ),
}
"""Extra of the distribution → packages whose presence makes it complete; those of extras inside it left out."""

CORE = ("numpy", "scipy", "rasterio", "pyproj", "shapely", "pyogrio", "pillow", "matplotlib", "click", "httpx2")


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def report() -> dict[str, Any]:
    """Versions, extras, devices and folders of this installation, as JSON-able values."""
    import pyogrio
    import pyproj
    import rasterio

    from fusar_core.engines import engines

    return {
        "fusar-core": fusar_core.__version__,
        "python": platform.python_version(),
        "executable": sys.executable,
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "gdal": {"rasterio": rasterio.__gdal_version__, "pyogrio": ".".join(map(str, pyogrio.__gdal_version__))},
        "proj": pyproj.proj_version_str,
        "packages": {name: _version(name) for name in CORE},
        "extras": {extra: {name: _version(name) for name in names} for extra, names in EXTRAS.items()},
        "devices": _devices(),
        "engines": sorted(engines()),
        "caches": _caches(),
    }


def _devices() -> list[str]:
    """Accelerators that torch sees; the CPU alone when torch is absent."""
    devices = ["cpu"]
    if _version("torch"):
        import torch

        for i in range(torch.cuda.device_count()):
            memory_gib = torch.cuda.get_device_properties(i).total_memory / 2**30
            devices.append(f"cuda:{i} {torch.cuda.get_device_name(i)} {memory_gib:.0f} GiB")
    return devices


def _caches() -> dict[str, str]:
    from fusar_core.prior.aef.cache import default_folder

    return {"embeddings": str(default_folder())}
