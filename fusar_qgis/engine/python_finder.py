"""Finds a Python from which the engine's environment can be made. QGIS's own program is never taken for one."""

from __future__ import annotations

import os
import shutil
import subprocess  # nosec B404
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import launcher

OLDEST = (3, 11)
PROBE = (
    "import sys\n"
    "try:\n import ensurepip, venv\n ok = 1\nexcept ImportError:\n ok = 0\n"
    "print(sys.version_info[0], sys.version_info[1], ok)"
)
PROBE_S = 20


def candidates(platform: str = sys.platform, environ: Mapping[str, str] | None = None) -> list[list[str]]:
    """Commands that may start a Python, best first. `sys.executable` is not among them: it may be QGIS itself."""
    environ = os.environ if environ is None else environ
    found: list[list[str]] = []
    if platform == "win32":
        if launch := shutil.which("py"):
            found += [[launch, f"-3.{minor}"] for minor in (13, 12, 11)]
        found += [[str(Path(sys.base_prefix) / "python.exe")], [str(Path(sys.base_prefix) / "python3.exe")]]
    names = ("python3.13", "python3.12", "python3.11", "python3.14", "python3", "python")
    for folder in (
        launcher.clean_environment(environ, platform).get("PATH", "").split(";" if platform == "win32" else ":")
    ):
        # Windows' WindowsApps holds a stub that opens the store; macOS' /usr/bin/python3 one that installs Xcode.
        if not folder or "WindowsApps" in folder or (platform == "darwin" and folder == "/usr/bin"):
            continue
        found += [[str(Path(folder) / name)] for name in names]
    if platform == "darwin":
        found += [[f"{place}/{name}"] for place in ("/opt/homebrew/bin", "/usr/local/bin") for name in names[:4]]
        found += [[f"/Library/Frameworks/Python.framework/Versions/3.{minor}/bin/python3"] for minor in (13, 12, 11)]
    if platform != "win32":
        found.append([str(Path(sys.base_prefix) / "bin" / "python3")])  # the Python inside QGIS.app; Debian's own
    suffix = ".exe" if platform == "win32" else ""
    unique = []
    for words in found:
        path = words[0] if words[0].endswith(suffix) else words[0] + suffix
        if [path, *words[1:]] not in unique and os.path.isfile(path):
            unique.append([path, *words[1:]])
    return unique


def version(command: Sequence[str]) -> tuple[int, int, bool] | None:
    """(major, minor, whether it can make environments) of an interpreter; None where it is none."""
    try:
        done = subprocess.run(  # nosec B603
            [*command, "-I", "-c", PROBE],
            capture_output=True,
            text=True,
            timeout=PROBE_S,
            stdin=subprocess.DEVNULL,
            env=launcher.clean_environment(os.environ),
            check=True,
            **launcher.process_options(),
        )
        major, minor, able = (int(word) for word in done.stdout.split())
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return major, minor, bool(able)


def find_python(commands: Sequence[Sequence[str]] | None = None) -> list[str] | None:
    """The first interpreter that is new enough and can make environments; None when there is none."""
    for command in candidates() if commands is None else commands:
        found = version(command)
        if found and found[:2] >= OLDEST and found[2]:
            return list(command)
    return None


def find_uv() -> str | None:
    """The `uv` command, which makes environments quicker and fetches a Python where there is none."""
    home = Path.home()
    places = [home / ".local" / "bin", home / ".cargo" / "bin"]
    return shutil.which("uv") or next((w for p in places if (w := shutil.which("uv", path=str(p)))), None)
