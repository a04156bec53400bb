"""`fusar doctor`: what is installed, what is missing, and how to get it."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from fusar_core.commands.options import say
from fusar_core.errors import pip_line
from fusar_core.installation import report


def _text(found: dict[str, Any]) -> str:
    lines = [f"fusar-core   {found['fusar-core']}", f"python       {found['python']}  {found['executable']}"]
    lines.append(f"platform     {found['platform']}, {found['cpus']} CPUs")
    lines.append(f"gdal         {found['gdal']['rasterio']} (reading), {found['gdal']['pyogrio']} (writing)")
    lines.append(f"proj         {found['proj']}")
    lines += [f"{name:<12} {version or 'MISSING'}" for name, version in found["packages"].items()]
    for extra, packages in found["extras"].items():
        missing = [name for name, version in packages.items() if version is None]
        state = f"incomplete: {pip_line(extra)}" if missing else "complete"
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
    say(json.dumps(found, indent=2) if as_json else _text(found))
    if any(version is None for version in found["packages"].values()):
        sys.exit(1)
