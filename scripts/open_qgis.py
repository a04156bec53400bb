"""Opens QGIS Desktop with the plugin in a throw-away profile and a scene loaded: what `make qgis` does.

    python3 scripts/open_qgis.py --zip dist/fusar_qgis.zip [--scene FILE] [--code FILE.py] [--shot PICTURE.png]

Without a display QGIS runs under Xvfb, takes a screenshot and ends. Standard library only; the user's own profile,
settings and plugins are never touched.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SCENE = ROOT / "resources" / "sample" / "harbour.tif"
START_CODE = Path(__file__).with_name("open_qgis_start.py")
SCREEN = "1400x900x24"

SETTINGS = """[PythonPlugins]
{enabled}processing=true
[locale]
overrideFlag=true
userLocale={locale}
[qgis]
checkVersion=false
newProjectDefault=false
enableMacros=0
[Plugins]
autosearch=false
[Projections]
defaultBehavior=useProject
showDatumTransformDialog=false
[UI]
showTipOfDay=false
"""


def profile(folder: Path, package: Path, locale: str, enabled: bool) -> None:
    """A profile with the plugin unpacked, as the plugin manager leaves it; enabled=False: QGIS starts without it."""
    default = folder / "profiles" / "default"
    (default / "QGIS").mkdir(parents=True)
    plugins = default / "python" / "plugins"
    plugins.mkdir(parents=True)
    if enabled:
        with zipfile.ZipFile(package) as archive:
            archive.extractall(plugins)
    (default / "QGIS" / "QGIS3.ini").write_text(
        SETTINGS.format(locale=locale, enabled="fusar_qgis=true\n" if enabled else ""), encoding="utf-8"
    )


def environment(folder: Path, variables: dict[str, str]) -> dict[str, str]:
    """The user's environment, with the engine of this checkout unless another is named, and its own home."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "QT_QPA", "VIRTUAL_ENV"))}
    engine = ROOT / ".venv" / "bin" / "fusar"
    if engine.exists():
        env.setdefault("FUSAR_ENGINE", str(engine))
    runtime = folder / "run"
    runtime.mkdir(mode=0o700, exist_ok=True)
    env.setdefault("XDG_RUNTIME_DIR", str(runtime))
    if sys.platform.startswith("linux"):  # QGIS finds its Python by PATH; one of a version manager is another
        env["PATH"] = os.pathsep.join(["/usr/bin", "/bin", env.get("PATH", "")])
    return env | variables


def command(folder: Path, code: Path, scene: Path | None, headless: bool) -> list[str]:
    """The words that start QGIS. The program is qgis.bin on Debian, whose `qgis` is a wrapper, else qgis."""
    program = shutil.which("qgis.bin") or shutil.which("qgis")
    if program is None:
        sys.exit("There is no QGIS on this computer: run `make setup`, or install the package qgis.")
    words = [program, "--noversioncheck", "--nologo", "--profiles-path", str(folder), "--profile", "default"]
    words += ["--code", str(code)]
    if scene is not None:
        words.append(str(scene))
    if headless:
        xvfb = shutil.which("xvfb-run")
        if xvfb is None:
            sys.exit("There is no display, and no xvfb-run to make one: install the packages xvfb and xauth.")
        words = [xvfb, "-a", "-s", f"-screen 0 {SCREEN}", *words]
    return words


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--zip", type=Path, required=True, help="the plugin, as `make package` makes it")
    parser.add_argument("--scene", type=Path, default=SCENE, help="raster to load; 'none' for an empty project")
    parser.add_argument("--code", type=Path, default=START_CODE, help="Python run inside QGIS")
    parser.add_argument("--shot", type=Path, default=Path("out/qgis.png"), help="screenshot, when there is no display")
    parser.add_argument("--locale", default="en_US")
    parser.add_argument("--limit", type=float, default=180, help="seconds, when there is no display")
    parser.add_argument("--not-installed", action="store_true", help="leave the plugin for CODE to install")
    parser.add_argument("--var", action="append", default=[], metavar="NAME=VALUE", help="environment variable")
    wanted = parser.parse_args()
    headless = sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    wanted.shot.parent.mkdir(parents=True, exist_ok=True)
    variables = dict(pair.split("=", 1) for pair in wanted.var)
    variables |= {"FUSAR_HEADLESS": "1" if headless else "", "FUSAR_SHOT": str(wanted.shot.resolve())}
    with tempfile.TemporaryDirectory(prefix="fusar-qgis-") as name:
        folder = Path(name)
        profile(folder, wanted.zip, wanted.locale, not wanted.not_installed)
        scene = None
        if str(wanted.scene) != "none":  # a copy: QGIS writes .aux.xml files beside rasters
            scene = folder / wanted.scene.name
            shutil.copy(wanted.scene, scene)
        env = environment(folder, variables)
        if headless:
            env["LIBGL_ALWAYS_SOFTWARE"] = "1"
        words = command(folder, wanted.code.resolve(), scene, headless)
        status = run(words, env, wanted.limit if headless else None)
    if headless and wanted.shot.exists():
        print(f"There is no display: a screenshot is in {wanted.shot}.")
    return status


def run(words: list[str], env: dict[str, str], limit: float | None) -> int:
    """Exit status of the program; 1, and it and its children ended, when it runs past the limit in seconds."""
    process = subprocess.Popen(words, env=env, start_new_session=limit is not None)
    try:
        return process.wait(limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        print(f"QGIS did not end within {limit:.0f} s.", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
