"""`fusar doctor`: what is installed, what is missing, and how to get it."""

from __future__ import annotations

import json
import os
import platform
import sys
from importlib import metadata
from typing import Any

import click

import fusar_core

EXTRAS = {
    "model": ("torch", "transformers", "peft", "accelerate", "safetensors"),
    "worker": ("ray", "fastapi"),
    "train": ("deepspeed", "tensorboard"),
    "earthengine": ("earthengine-api",),
}
"""Extra of the distribution → packages whose presence makes it complete."""

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

    from fusar_core.engines import ENGINES

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
        "engines": sorted(ENGINES),
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
    from fusar_core.aef.cache import default_folder

    return {"embeddings": str(default_folder())}


def _text(found: dict[str, Any]) -> str:
    lines = [f"fusar-core   {found['fusar-core']}", f"python       {found['python']}  {found['executable']}"]
    lines.append(f"platform     {found['platform']}, {found['cpus']} CPUs")
    lines.append(f"gdal         {found['gdal']['rasterio']} (reading), {found['gdal']['pyogrio']} (writing)")
    lines.append(f"proj         {found['proj']}")
    lines += [f"{name:<12} {version or 'MISSING'}" for name, version in found["packages"].items()]
    for extra, packages in found["extras"].items():
        missing = [name for name, version in packages.items() if version is None]
        state = f'incomplete: pip install "fusar-core[{extra}]"' if missing else "complete"
        have = ", ".join(f"{name} {version}" for name, version in packages.items() if version)
        lines.append(f"[{extra}]".ljust(13) + state + (f" (has {have})" if have else ""))
    lines += [f"device       {name}" for name in found["devices"]]
    lines.append(f"engines      {', '.join(found['engines'])}")
    lines += [f"cache        {name}: {path}" for name, path in found["caches"].items()]
    return "\n".join(lines)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(as_json: bool) -> None:
    """Show versions, extras, devices and caches of this installation.

    Exit status 1 when something that is needed is missing.
    """
    found = report()
    click.echo(json.dumps(found, indent=2) if as_json else _text(found))
    if any(version is None for version in found["packages"].values()):
        sys.exit(1)
