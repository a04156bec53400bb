"""The engine's environment: made for real with venv and pip, from a small wheel that needs no package index."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from fusar_qgis.engine import environment, launcher
from fusar_qgis.engine.client import EngineClient
from fusar_qgis.engine.environment import EngineEnvironment
from fusar_qgis.engine.errors import EngineError

PYTHON = "/usr/bin/python3"
SOURCE = """
import json, sys
def main():
    if sys.argv[1:] == ["doctor", "--json"]:
        print(json.dumps({"fusar-core": "9.9", "packages": {"numpy": MISSING}}))
    elif sys.argv[1:] == ["sidecar"]:
        for line in sys.stdin:
            request = json.loads(line)
            print(json.dumps({"id": request["id"], "result": {"protocol": 1, "prefix": sys.prefix}}), flush=True)
            if request["method"] == "shutdown":
                break
"""


def wheel(folder: Path, missing: str = '"2.0"', version: str = "9.9") -> Path:
    """A wheel of the engine's name with a command `fusar` that answers `doctor` and `sidecar`."""
    path = folder / f"fusar_core-{version}-py3-none-any.whl"
    info = f"fusar_core-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("fusar_core/__init__.py", SOURCE.replace("MISSING", missing))
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: fusar-core\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/entry_points.txt", "[console_scripts]\nfusar = fusar_core:main\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture(autouse=True)
def _nothing_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The small wheel needs nothing: its locks are empty."""
    packed = tmp_path / "packed"
    packed.mkdir()
    for name in ("core.txt", "model.txt"):
        (packed / name).write_text("")
    monkeypatch.setattr(environment, "WHEELS", packed)


def test_made_verified_repaired_removed(tmp_path: Path) -> None:
    home = tmp_path / "Jürgen Groß"
    home.mkdir()
    lines: list[str] = []
    made = EngineEnvironment(home / "engine", lines.append)
    with pytest.raises(EngineError) as error:
        made.verify()
    assert error.value.code == "ENGINE_MISSING"

    report = made.create(source=str(wheel(tmp_path)), uv="", python=PYTHON)
    assert report["fusar-core"] == "9.9"
    assert report["problems"] == []
    assert any(line.startswith("> ") and "venv" in line for line in lines)
    assert any("Successfully installed fusar-core" in line for line in lines)
    assert launcher.find_engine(str(home / "engine"), {}) == made.command

    client = EngineClient(lambda: [str(made.command), "sidecar"], tmp_path / "log")
    assert Path(client.start()["prefix"]) == home / "engine"
    client.close()

    made.python.unlink()  # as when the system's Python is updated
    with pytest.raises(EngineError) as error:
        made.verify()
    assert error.value.code == "ENGINE_BROKEN"
    lines.clear()
    assert made.repair(source=str(wheel(tmp_path)), uv="", python=PYTHON)["problems"] == []
    assert any("made anew" in line for line in lines)

    assert any("numpy" in p for p in made.repair(source=str(wheel(tmp_path, "None")), uv="", python=PYTHON)["problems"])

    made.remove()
    assert not made.folder.exists()
    assert list(home.iterdir()) == []


def test_a_folder_of_someone_else_is_neither_used_nor_removed(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    how = {"uv": "", "python": PYTHON}
    for act in (lambda e: e.create(**how), lambda e: e.remove(), lambda e: e.repair(**how)):
        with pytest.raises(EngineError) as error:
            act(EngineEnvironment(tmp_path))
        assert "not made by FUSAR" in error.value.message
    assert (tmp_path / "thesis.tex").read_text() == "precious"


def test_a_step_that_fails_is_told_with_its_last_words(tmp_path: Path) -> None:
    made = EngineEnvironment(tmp_path / "e", cancelled=lambda: False)
    with pytest.raises(EngineError) as error:
        made.run([sys.executable, "-c", "import sys; print('before'); sys.exit('ERROR: no network')"])
    assert error.value.code == "ENGINE_BROKEN"
    assert "ERROR: no network" in error.value.message
    assert "proxy" in error.value.hint
    with pytest.raises(EngineError, match="does not start"):
        made.run([str(tmp_path / "no pip")])


def test_cancel_ends_the_step_and_what_it_started(tmp_path: Path) -> None:
    lines: list[str] = []
    made = EngineEnvironment(tmp_path / "e", lines.append, lambda: len(lines) > 1)
    with pytest.raises(EngineError) as error:
        made.run([sys.executable, "-c", "import time; print('working', flush=True); time.sleep(600)"])
    assert error.value.code == "CANCELLED"


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EngineError) as error:
        EngineEnvironment(tmp_path / "file" / "engine").create(uv="", python=PYTHON)
    assert "cannot be written" in error.value.message


def test_without_any_python_the_user_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment.python_finder, "candidates", list)
    with pytest.raises(EngineError) as error:
        EngineEnvironment(tmp_path / "e").create(uv="")
    assert error.value.code == "ENGINE_MISSING"
    assert "Install" in error.value.hint
    assert not (tmp_path / "e").exists()


def steps(tmp_path: Path, **options) -> list[str]:
    defaults = {"source": "", "compute": "none", "uv": "", "interpreter": ["python3"]}
    return [" ".join(step) for step in EngineEnvironment(tmp_path).steps(**(defaults | options))]


def test_torch_comes_first_and_from_the_index_of_its_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / "constraints.txt").write_text("# CPU\ntorch==2.13.0\n")
    for name in ("core", "model"):
        (wheels / f"{name}.txt").write_text("")
    bundled = wheel(wheels)
    monkeypatch.setattr(environment, "WHEELS", wheels)
    monkeypatch.setattr(environment, "bundled_wheel", lambda: bundled)
    monkeypatch.setattr(environment.sys, "platform", "linux")
    plain = steps(tmp_path)
    assert "torch==" not in " ".join(plain)
    cpu, cuda = steps(tmp_path, compute="cpu"), steps(tmp_path, compute="cuda")
    assert "torch==2.13.0 --index-url https://download.pytorch.org/whl/cpu" in cpu[1]
    assert "torch==2.13.0 --index-url https://download.pytorch.org/whl/cu" in cuda[1]
    assert cpu[2].endswith(f"--no-deps --require-hashes -r {wheels / 'model.txt'}")
    assert plain[1].endswith(f"--no-deps --require-hashes -r {wheels / 'core.txt'}")
    assert all(made[-1].endswith(f"--no-deps {bundled}") for made in (plain, cpu, cuda))
    with_uv = steps(tmp_path, uv="/bin/uv", interpreter=None, compute="cpu")
    assert with_uv[0] == f"/bin/uv venv --allow-existing --python >=3.11 {tmp_path}"
    assert all(step.startswith("/bin/uv pip install --python") for step in with_uv[1:])
    with pytest.raises(ValueError, match="tpu"):
        steps(tmp_path, compute="tpu")


def test_without_a_wheel_nothing_is_fetched_in_its_stead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "bundled_wheel", lambda: None)
    with pytest.raises(EngineError) as error:
        steps(tmp_path)
    assert error.value.code == "ENGINE_MISSING"
    assert not any("fusar-core" in step.split() for step in steps(tmp_path, source=str(tmp_path / "made.whl")))


@pytest.mark.parametrize("platform", ["win32", "darwin", "linux"])
def test_the_process_tree_is_ended_by_the_means_of_the_platform(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(environment.subprocess, "run", lambda words, **_: ran.append(words))
    monkeypatch.setenv("SYSTEMROOT", r"C:\Windows")
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    environment.end_tree(process, platform)
    if platform == "win32":
        (words,) = ran
        assert words[0].endswith("taskkill.exe")
        assert words[1:] == ["/T", "/F", "/PID", str(process.pid)]
        process.kill()
    assert process.wait(30) != 0
    assert os.name == "posix"
