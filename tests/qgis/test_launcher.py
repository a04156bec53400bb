"""Where the engine is found and how it is started on each platform, by functions that take platform and environment."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest

from fusar_qgis.engine import environment, launcher, python_finder
from fusar_qgis.engine.client import EngineClient
from fusar_qgis.engine.errors import EngineError

WINDOWS = {
    "Path": r"C:\Program Files\QGIS 3.44.1\bin;C:\OSGeo4W\apps\qgis\bin;C:\Windows\system32;C:\Users\Jürgen Groß\bin",
    "PYTHONHOME": r"C:\PROGRA~1\QGIS\apps\Python312",
    "PythonPath": "x",
    "PROJ_DATA": r"C:\OSGeo4W\share\proj",
    "GDAL_DATA": "x",
    "QT_PLUGIN_PATH": "x",
    "O4W_QT_PREFIX": "x",
    "OSGEO4W_ROOT": "x",
    "SSL_CERT_FILE": r"C:\OSGeo4W\bin\curl-ca-bundle.crt",
    "LOCALAPPDATA": r"C:\Users\Jürgen Groß\AppData\Local",
    "SYSTEMROOT": r"C:\Windows",
    "HTTPS_PROXY": "http://proxy:8080",
}
MACOS = {
    "PATH": "/Applications/QGIS.app/Contents/MacOS/bin:/usr/bin:/Users/qgisfan/bin",
    "HOME": "/Users/Jürgen Groß",
    "DYLD_LIBRARY_PATH": "/Applications/QGIS.app/Contents/MacOS/lib",
    "__PYVENV_LAUNCHER__": "x",
    "PROJ_LIB": "x",
    "PYTHONPATH": "x",
    "LANG": "de_DE.UTF-8",
}
LINUX = {
    "PATH": "/usr/bin:/opt/qgis/bin",
    "HOME": "/home/jürgen groß",
    "LD_LIBRARY_PATH": "/opt/qgis/lib",
    "PYTHONSTARTUP": "x",
    "VIRTUAL_ENV": "x",
    "CONDA_PREFIX": "x",
    "SSL_CERT_FILE": "/etc/ssl/corporate.pem",
    "QT_QPA_PLATFORM": "xcb",
    "CUDA_VISIBLE_DEVICES": "0",
}


@pytest.mark.parametrize(
    ("platform", "environ", "kept", "path"),
    [
        ("win32", WINDOWS, {"LOCALAPPDATA", "SYSTEMROOT", "HTTPS_PROXY"}, r"C:\Windows\system32;C:\Users\Jürgen Groß\bin"),  # noqa: E501
        ("darwin", MACOS, {"HOME", "LANG"}, "/usr/bin:/Users/qgisfan/bin"),
        ("linux", LINUX, {"HOME", "SSL_CERT_FILE", "CUDA_VISIBLE_DEVICES"}, "/usr/bin:/opt/qgis/bin"),
    ],
)  # fmt: skip
def test_what_is_qgis_own_stays_out(platform: str, environ: dict[str, str], kept: set[str], path: str) -> None:
    found = launcher.clean_environment(environ, platform)
    name = "Path" if platform == "win32" else "PATH"
    assert found.pop(name) == path
    assert found.pop("PYTHONUTF8") == "1"
    assert found.pop("PYTHONNOUSERSITE") == "1"
    assert set(found) == kept
    assert all(found[k] == environ[k] for k in kept)


@pytest.mark.parametrize(
    ("platform", "environ", "folder", "command"),
    [
        ("win32", WINDOWS, PureWindowsPath(r"C:\Users\Jürgen Groß\AppData\Local\FUSAR\engine"), r"Scripts\fusar.exe"),
        ("win32", {"USERPROFILE": r"D:\u"}, PureWindowsPath(r"D:\u\AppData\Local\FUSAR\engine"), r"Scripts\fusar.exe"),
        ("darwin", MACOS, PurePosixPath("/Users/Jürgen Groß/Library/Application Support/FUSAR/engine"), "bin/fusar"),
        ("linux", LINUX, PurePosixPath("/home/jürgen groß/.local/share/fusar/engine"), "bin/fusar"),
        ("linux", {"HOME": "/h", "XDG_DATA_HOME": "/d"}, PurePosixPath("/d/fusar/engine"), "bin/fusar"),
    ],
)
def test_the_environment_lies_outside_profile_and_plugin(
    platform: str, environ: dict[str, str], folder: PurePosixPath, command: str
) -> None:
    assert launcher.default_environment(environ, platform) == folder
    assert launcher.command_in(folder, platform) == folder / command
    deepest = len(str(folder / "Lib/site-packages")) + 140  # the longest file of the engine's packages
    assert platform != "win32" or deepest < 260


def test_a_user_without_home_is_told_what_to_set() -> None:
    with pytest.raises(EngineError, match="FUSAR_ENGINE"):
        launcher.default_environment({}, "win32")


@pytest.mark.parametrize("platform", ["win32", "darwin", "linux"])
def test_the_variable_goes_before_the_setting_and_that_before_the_default(platform: str, tmp_path: Path) -> None:
    def made(name: str) -> Path:
        command = Path(launcher.command_in(tmp_path / name, platform))
        if os.name == "posix" and platform == "win32":
            command = tmp_path / name / "Scripts" / "fusar.exe"
        command.parent.mkdir(parents=True)
        command.touch()
        return command

    by_variable, by_setting = made("ü 1"), made("setting")
    environ = {"FUSAR_ENGINE": f'"{by_variable}"', "HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
    assert launcher.find_engine(str(by_setting), environ, platform) == by_variable
    environ.pop("FUSAR_ENGINE")
    assert launcher.find_engine(str(by_setting), environ, platform) == by_setting
    assert launcher.find_engine(str(tmp_path / "setting"), environ, platform) == by_setting  # the environment's folder
    with pytest.raises(EngineError) as error:
        launcher.find_engine("", environ, platform)
    assert error.value.code == "ENGINE_MISSING"
    assert "Set up engine" in error.value.hint
    with pytest.raises(EngineError, match="setting says"):
        launcher.find_engine(str(tmp_path / "gone"), environ, platform)


def test_no_console_window_on_windows() -> None:
    flags = launcher.process_options("win32")["creationflags"]
    assert flags & launcher.CREATE_NO_WINDOW == 0x08000000
    assert flags & launcher.CREATE_NEW_PROCESS_GROUP
    assert launcher.process_options("linux") == launcher.process_options("darwin") == {"start_new_session": True}


def test_the_process_gets_the_clean_environment(fake_engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROJ_DATA", "/qgis/proj")
    monkeypatch.setenv("PYTHONHOME", "")
    client = EngineClient(
        lambda: fake_engine("environment"), tmp_path / "log", lambda: {"HTTPS_PROXY": "http://proxy:1"}
    )
    seen = client.call("show", {})
    client.close()
    assert "PROJ_DATA" not in seen
    assert "PYTHONHOME" not in seen
    assert seen["PYTHONUTF8"] == "1"
    assert seen["HTTPS_PROXY"] == "http://proxy:1"


def test_nothing_in_the_link_asks_for_sys_executable() -> None:
    """Inside QGIS it may be QGIS itself: starting that opens a second QGIS."""
    for path in (Path(launcher.__file__).parent).glob("*.py"):
        code = [line for line in path.read_text("utf-8").splitlines() if "`sys.executable`" not in line]
        assert "sys.executable" not in "\n".join(code), path.name


def test_pythons_that_are_traps_are_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "WindowsApps"
    store.mkdir()
    (store / "python3.exe").touch()
    good = tmp_path / "Python312"
    good.mkdir()
    (good / "python.exe").touch()
    monkeypatch.setattr(python_finder.shutil, "which", lambda name, path=None: None)
    found = python_finder.candidates("win32", {"PATH": f"{store};{good}"})
    assert [str(good / "python.exe")] in found
    assert not any("WindowsApps" in words[0] for words in found)
    found = python_finder.candidates("darwin", {"PATH": "/usr/bin"})
    assert not any(words[0].startswith("/usr/bin/") and words[0] != f"{sys.base_prefix}/bin/python3" for words in found)


def test_a_python_is_asked_whether_it_is_one(tmp_path: Path) -> None:
    qgis = tmp_path / "qgis-bin"
    qgis.write_text("#!/bin/sh\necho QGIS; exit 0\n")
    qgis.chmod(0o755)
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\necho 3 9 1\n")
    old.chmod(0o755)
    assert python_finder.version([str(qgis)]) is None
    assert python_finder.version([str(tmp_path / "none")]) is None
    assert python_finder.version([str(old)]) == (3, 9, True)
    assert python_finder.find_python([[str(qgis)], [str(old)]]) is None
    assert python_finder.find_python([[str(old)], ["/usr/bin/python3"]]) == ["/usr/bin/python3"]


def test_a_tree_of_processes_is_ended() -> None:
    words = [sys.executable, "-c", "import subprocess, sys, time\n"
             "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
             "print(p.pid, flush=True)\ntime.sleep(600)"]  # fmt: skip
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, **launcher.process_options())
    with process:
        child = int(process.stdout.readline())
        environment.end_tree(process)
    assert process.returncode != 0
    deadline = time.monotonic() + 30
    while alive(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not alive(child)


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
