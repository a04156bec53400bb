"""Makes, checks, repairs and removes the engine's environment: a venv outside QGIS, its profile and the plugin.

QGIS's own Python is never touched. Everything is run with a callback that gets the lines of the log, in any thread.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess  # nosec B404
import sys
from collections.abc import Callable
from pathlib import Path

from . import launcher, python_finder
from .errors import EngineError

PLUGIN = Path(__file__).parents[1]
WHEELS = PLUGIN / "wheels"
MARKER = ".fusar-engine"
"""File that says an environment was made here; only such are ever removed."""
COMPUTE = ("none", "cpu", "cuda")
"""What the models run on: none (cfar and workers only), this computer's processor, an NVIDIA card."""
TORCH_INDEX = {"cpu": "https://download.pytorch.org/whl/cpu", "cuda": "https://download.pytorch.org/whl/cu130"}
DOCTOR_S = 120

OnLine = Callable[[str], None]


def bundled_wheel(folder: Path = WHEELS) -> Path | None:
    """The engine's wheel that came with the plugin; None in a development checkout."""
    wheels = sorted(folder.glob("fusar_core-*.whl")) if folder.is_dir() else []
    return wheels[-1] if wheels else None


def wheel_version(wheel: Path | None) -> str:
    """The version that a wheel's name says; empty for none."""
    found = re.match(r"fusar_core-([^-]+)-", wheel.name) if wheel else None
    return found[1] if found else ""


def lock(name: str) -> Path:
    """The lock of an environment (`core`, `model`): beside the bundled wheel, or in a checkout's `locks`."""
    packed = WHEELS / f"{name}.txt"
    return packed if packed.is_file() else PLUGIN.parent / "locks" / f"{name}.txt"


def constraints() -> Path:
    """The file that names torch's version: beside the bundled wheel, or at the root of a checkout."""
    packed = WHEELS / "constraints.txt"
    return packed if packed.is_file() else PLUGIN.parent / "constraints.txt"


def torch_requirement(file: Path) -> str:
    """`torch==…` of a constraints file: first and exact, else pip fetches gigabytes of another build."""
    if file.is_file():
        for line in file.read_text("utf-8").splitlines():
            if line.startswith("torch=="):
                return line.strip()
    return "torch"


class EngineEnvironment:
    """One environment. folder: where it is, or shall be. on_line: gets each line of the log. cancelled: asked between
    lines; a step that runs is ended."""

    def __init__(
        self,
        folder: Path | None = None,
        on_line: OnLine = lambda line: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self.folder = Path(folder or launcher.default_environment())
        self.on_line = on_line
        self.cancelled = cancelled

    @property
    def command(self) -> Path:
        """The `fusar` command, existing or not."""
        return Path(launcher.command_in(self.folder))

    @property
    def python(self) -> Path:
        """The interpreter, existing or not."""
        return Path(launcher.python_in(self.folder))

    @property
    def ours(self) -> bool:
        """Whether it was made here, and so may be removed."""
        return (self.folder / MARKER).is_file()

    @property
    def has_model(self) -> bool | None:
        """Whether what models need is installed beside the engine; None where its packages are not found."""
        places = (*self.folder.glob("lib/python*/site-packages"), self.folder / "Lib" / "site-packages")
        folders = [folder for folder in places if any(folder.glob("*fusar_core*"))]
        return any((f / "torch").is_dir() for f in folders) if folders else None

    def create(self, *, source: str = "", compute: str = "none", uv: str | None = None, python: str = "") -> dict:
        """Makes the environment, or brings one of ours up to date, and returns what `verify` finds.

        source: a wheel, or a checkout; empty for the bundled wheel. uv: the uv command, empty to go without, None to
        look for it. python: an interpreter instead of the one that is found.

        Raises EngineError: no Python, no wheel, a folder that is not ours, a step that failed, CANCELLED.
        """
        if self.folder.exists() and any(self.folder.iterdir()) and not self.ours:
            raise EngineError(
                "ENGINE_BROKEN",
                f"{self.folder} exists and was not made by FUSAR.",
                "Choose another folder, or point the setting to the environment that is there.",
            )
        uv = python_finder.find_uv() if uv is None else uv
        interpreter = [python] if python else None
        if not uv and interpreter is None:
            interpreter = python_finder.find_python()
            if interpreter is None:
                raise EngineError(
                    "ENGINE_MISSING",
                    "No Python 3.11 or newer was found that can make environments.",
                    _python_advice(sys.platform),
                )
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / MARKER).write_text("made by FUSAR for QGIS\n", "utf-8")
        except OSError as cause:
            raise EngineError(
                "ENGINE_BROKEN", f"{self.folder} cannot be written: {cause.strerror}.", "Choose another folder."
            ) from cause
        for step in self.steps(source, compute, uv, interpreter):
            self.run(step)
        (self.folder / MARKER).write_text("made by FUSAR for QGIS\n", "utf-8")
        return self.verify()

    def steps(self, source: str, compute: str, uv: str | None, interpreter: list[str] | None) -> list[list[str]]:
        """The commands that make the environment, in order: every package from a file whose hash the lock knows, but
        for torch, whose file is the index's. Raises EngineError where no wheel is at hand: the package index has no
        engine of ours, and what stands there under its name one day may be anybody's."""
        if compute not in COMPUTE:
            raise ValueError(f"compute is {compute!r}, not one of {COMPUTE}")
        engine = source or str(bundled_wheel() or "")
        if not engine:
            raise EngineError(
                "ENGINE_MISSING",
                "This copy of the plugin came without the engine.",
                "Install the plugin from its zip, or choose the environment of a checkout (make setup) in the options.",
            )
        if uv:
            which = interpreter[0] if interpreter else ">=3.11"
            # --allow-existing keeps the marker, which lies in the folder before the environment does.
            steps = [[uv, "venv", "--allow-existing", "--python", which, str(self.folder)]]
            install = [uv, "pip", "install", "--python", str(self.python)]
            again = ["--reinstall-package", "fusar-core"]
        else:
            steps = [[*(interpreter or []), "-I", "-m", "venv", str(self.folder)]]
            pip = [str(self.python), "-m", "pip", "--disable-pip-version-check", "--no-input"]
            install = [*pip, "install", "--prefer-binary", "--progress-bar", "off"]
            again = ["--force-reinstall"]  # the same version built anew would be "already satisfied"
        if compute != "none":
            index = [] if sys.platform == "darwin" else ["--index-url", TORCH_INDEX[compute]]
            steps.append([*install, torch_requirement(constraints()), *index])
        locked = str(lock("core" if compute == "none" else "model"))
        steps.append([*install, "--no-deps", "--require-hashes", "-r", locked])
        steps.append([*install, *again, "--no-deps", engine])
        return steps

    def verify(self) -> dict:
        """What `fusar doctor` finds, with `problems`: sentences, none when all is well.

        Raises EngineError when the command is missing or does not run.
        """
        if not self.command.is_file():
            raise EngineError(
                "ENGINE_MISSING", f"There is no engine in {self.folder}.", "Press Set up engine, or Repair."
            )
        try:
            done = subprocess.run(  # nosec B603
                [str(self.command), "doctor", "--json"],
                capture_output=True,
                timeout=DOCTOR_S,
                stdin=subprocess.DEVNULL,
                env=launcher.clean_environment(os.environ),
                check=False,
                **launcher.process_options(),
            )
            report = json.loads(done.stdout)
        except (OSError, ValueError, subprocess.SubprocessError) as cause:
            words = getattr(cause, "stderr", None) or (done.stderr if isinstance(cause, ValueError) else b"")
            last = words.decode("utf-8", "replace").strip().splitlines()[-1:] or [str(cause)]
            raise EngineError("ENGINE_BROKEN", f"The engine does not run: {last[0]}.", "Press Repair.") from cause
        missing = [name for name, found in report.get("packages", {}).items() if found is None]
        problems = [f"Packages are missing: {', '.join(missing)}. Press Repair."] if missing else []
        bundled = wheel_version(bundled_wheel())
        if bundled and report.get("fusar-core") != bundled:
            problems.append(
                f"The engine is version {report.get('fusar-core')}, the plugin came with {bundled}. Press Repair."
            )
        return report | {"problems": problems}

    def repair(self, **options) -> dict:
        """Brings the environment back in order: installed again where its Python runs, made anew where not."""
        if self.ours and python_finder.version([str(self.python)]) is None:
            self.on_line(f"The Python of {self.folder} does not run: the environment is made anew.")
            self.remove()
        return self.create(**options)

    def remove(self) -> None:
        """Deletes the environment. Raises EngineError when it is not ours, or files are in use."""
        if not self.ours:
            raise EngineError(
                "ENGINE_BROKEN", f"{self.folder} was not made by FUSAR and is not removed.", "Delete it yourself."
            )
        try:
            for entry in [e for e in self.folder.iterdir() if e.name != MARKER]:  # the marker last: it says "ours"
                shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
            shutil.rmtree(self.folder)
        except OSError as cause:
            raise EngineError(
                "ENGINE_BROKEN",
                f"{self.folder} could not be removed entirely: {cause.strerror}.",
                "End other QGIS windows that use the engine, then try again.",
            ) from cause

    def run(self, command: list[str]) -> None:
        """Runs one step; its lines go to `on_line`. Raises EngineError when it fails or is cancelled."""
        self.on_line(f"> {' '.join(command)}")
        try:
            process = subprocess.Popen(  # nosec B603
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=launcher.clean_environment(os.environ) | {"PYTHONUNBUFFERED": "1"},  # lines as they are said
                **launcher.process_options(),
            )
        except OSError as cause:
            raise EngineError("ENGINE_BROKEN", f"{command[0]} does not start: {cause}.", "See the log.") from cause
        last = ""
        with process:
            for raw in process.stdout:
                line = raw.decode("utf-8", "replace").rstrip()
                last = line if line.strip() else last
                self.on_line(line)
                if self.cancelled():
                    end_tree(process)
                    raise EngineError("CANCELLED", "The set-up was stopped.", "Press Repair to go on.")
        if process.returncode:
            raise EngineError(
                "ENGINE_BROKEN",
                f"A step of the set-up failed (exit status {process.returncode}): {last}",
                "See the log; check the network and its proxy, then press Repair.",
            )


def end_tree(process: subprocess.Popen, platform: str = sys.platform) -> None:
    """Ends a process and those it started."""
    if platform == "win32":
        system = os.path.join(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32", "taskkill.exe")
        words = [system, "/T", "/F", "/PID", str(process.pid)]
        subprocess.run(words, capture_output=True, check=False, **launcher.process_options(platform))  # nosec B603
    else:
        import signal

        try:
            os.killpg(process.pid, signal.SIGKILL)  # start_new_session made it the head of its own group
        except (ProcessLookupError, PermissionError):
            process.kill()


def _python_advice(platform: str) -> str:
    if platform == "win32":
        return "Install Python from python.org, or uv from docs.astral.sh/uv, then try again."
    if platform == "darwin":
        return "Install Python from python.org or by Homebrew, or uv from docs.astral.sh/uv, then try again."
    return "Install it with your system's packages (on Debian and Ubuntu: python3 python3-venv), then try again."
