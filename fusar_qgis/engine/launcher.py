"""Where the engine is, and how its process is started: on Linux, macOS and Windows, from inside QGIS.

QGIS runs with PROJ, GDAL, Python and Qt pointed at its own copies. The engine has others: it is started without any of
that, and without a console window. Functions take the platform and the environment, so that tests can be any platform.
"""

from __future__ import annotations

import os
import subprocess  # nosec B404
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

from .errors import EngineError

VARIABLE = "FUSAR_ENGINE"
"""Environment variable with the path of the `fusar` command, or of its environment; goes before the setting."""

DROPPED_PREFIXES = ("PYTHON", "PROJ_", "GDAL_", "QT_", "QGIS_", "OGR_", "CPL_", "GEOTIFF_", "CONDA_")
DROPPED = {
    *("VIRTUAL_ENV", "__PYVENV_LAUNCHER__", "LD_LIBRARY_PATH", "LD_PRELOAD", "OSGEO4W_ROOT", "SPATIALINDEX_C_LIBRARY"),
    *(
        "DYLD_LIBRARY_PATH",
        "DYLD_FRAMEWORK_PATH",
        "DYLD_INSERT_LIBRARIES",
        "DYLD_FALLBACK_LIBRARY_PATH",
        "O4W_QT_PREFIX",
    ),
    *("SSL_CERT_DIR", "SSL_CERT_FILE", "O4W_QT_PLUGINS", "O4W_QT_BINARIES", "O4W_QT_LIBRARIES", "PDAL_DRIVER_PATH"),
}
QGIS_FOLDERS = ("osgeo4w", "qgis", "grass")
"""Folders of PATH with one of these in a part of their name hold QGIS's own libraries (Windows, macOS)."""

# Values of the Windows API that subprocess defines on Windows only.
CREATE_NO_WINDOW, CREATE_NEW_PROCESS_GROUP = 0x08000000, 0x00000200


def clean_environment(environ: Mapping[str, str], platform: str = sys.platform) -> dict[str, str]:
    """The environment for the engine: the user's, without what belongs to QGIS or to another Python.

    Text is UTF-8 whatever the system's code page, and packages of the user's home stay out.
    """
    windows = platform == "win32"
    # A certificate bundle that the user named stays only where it is not QGIS's own.
    keep_tls = not windows and platform != "darwin"
    kept = {}
    for name, value in environ.items():
        upper = name.upper() if windows else name
        tls = upper in ("SSL_CERT_DIR", "SSL_CERT_FILE") and keep_tls
        if not tls and (upper in DROPPED or upper.startswith(DROPPED_PREFIXES)):
            continue
        kept[name] = value
    if windows or platform == "darwin":
        separator = ";" if windows else ":"
        for name in [n for n in kept if n.upper() == "PATH"]:
            kept[name] = separator.join(p for p in kept[name].split(separator) if p and not _of_qgis(p, windows))
    return kept | {"PYTHONUTF8": "1", "PYTHONNOUSERSITE": "1"}


def _of_qgis(folder: str, windows: bool) -> bool:
    parts = (PureWindowsPath if windows else PurePosixPath)(folder).parts
    # C:\Users\qgisfan\bin is the user's own; C:\Program Files\QGIS 3.44\bin and QGIS.app/Contents/MacOS are not.
    home = 3 if len(parts) > 2 and parts[1].lower() == "users" else 1
    return any(part.lower().startswith(QGIS_FOLDERS) for part in parts[home:])


def data_folder(environ: Mapping[str, str], platform: str = sys.platform) -> PurePath:
    """Where programs keep their data for this user: outside QGIS's profile and the plugin's folder.

    Raises EngineError when the environment does not say where the user's home is.
    """
    if platform == "win32":
        local = environ.get("LOCALAPPDATA") or (
            environ["USERPROFILE"] + r"\AppData\Local" if environ.get("USERPROFILE") else ""
        )
        if local:
            return PureWindowsPath(local) / "FUSAR"
    elif environ.get("HOME"):
        home = PurePosixPath(environ["HOME"])
        if platform == "darwin":
            return home / "Library" / "Application Support" / "FUSAR"
        return PurePosixPath(environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "fusar"
    raise EngineError("ENGINE_MISSING", "The user's home folder is not known.", f"Set {VARIABLE}.")


def default_environment(environ: Mapping[str, str] | None = None, platform: str = sys.platform) -> PurePath:
    """The folder in which the set-up dialog makes the engine's environment. Short: Windows ends paths at 260."""
    return data_folder(os.environ if environ is None else environ, platform) / "engine"


def command_in(environment: PurePath, platform: str = sys.platform) -> PurePath:
    """The `fusar` command of a virtual environment."""
    if platform == "win32":
        return environment / "Scripts" / "fusar.exe"
    return environment / "bin" / "fusar"


def python_in(environment: PurePath, platform: str = sys.platform) -> PurePath:
    """The interpreter of a virtual environment."""
    return environment / "Scripts" / "python.exe" if platform == "win32" else environment / "bin" / "python"


def find_engine(setting: str = "", environ: Mapping[str, str] | None = None, platform: str = sys.platform) -> Path:
    """The `fusar` command: what FUSAR_ENGINE says, else the setting, else the environment made by the set-up dialog.

    Either may name the command or the folder of its environment. Raises EngineError (ENGINE_MISSING).
    """
    environ = os.environ if environ is None else environ
    for told, by in ((environ.get(VARIABLE, ""), f"The variable {VARIABLE}"), (setting, "The setting")):
        told = told.strip().strip('"')
        if not told:
            continue
        path = Path(told).expanduser().absolute()  # the process is started in another folder
        command = Path(command_in(path, platform)) if path.is_dir() else path
        if command.is_file():
            return command
        raise EngineError(
            "ENGINE_MISSING",
            f"{by} says that the engine is {told}, but there is no command {command}.",
            "Correct it in Settings › Options › FUSAR, or set up the engine there.",
        )
    command = Path(command_in(default_environment(environ, platform), platform))
    if command.is_file():
        return command
    raise EngineError(
        "ENGINE_MISSING",
        "The engine is not set up yet.",
        f"Open Settings › Options › FUSAR and press Set up engine, or set {VARIABLE}.",
    )


def process_options(platform: str = sys.platform) -> dict:
    """What Popen is given besides the command: no console window, and Ctrl+C in QGIS's terminal stays QGIS's."""
    if platform == "win32":
        return {"creationflags": CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def start(command: Sequence[str | os.PathLike], log, added: Mapping[str, str] | None = None) -> subprocess.Popen:
    """Starts a process of the engine with pipes for stdin and stdout; stderr goes to the open binary file `log`;
    `added` joins the clean environment.

    Raises EngineError (ENGINE_BROKEN) when the system cannot start it.
    """
    words = [os.fspath(word) for word in command]
    try:
        return subprocess.Popen(  # nosec B603
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=clean_environment(os.environ) | dict(added or {}),
            cwd=str(Path(words[0]).parent),
            **process_options(),
        )
    except (OSError, ValueError) as cause:
        raise EngineError(
            "ENGINE_BROKEN",
            f"The engine {words[0]} does not start: {cause}.",
            "Repair it in Settings › Options › FUSAR.",
        ) from cause
