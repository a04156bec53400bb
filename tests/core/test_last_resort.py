"""Whatever happens: one sentence with a code, and nothing that a terminal would obey."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from scenes import ships_scene
from test_claim import run

from fusar_core import cli
from fusar_core.commands.options import printable

LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from fusar_core.results.picture import scene_map
from fusar_core.cli import main
real = scene_map.draw_map
def on_a_full_disk(*arguments):
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))
    real(*arguments)
scene_map.draw_map = on_a_full_disk
main(sys.argv[1:])
"""


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (ZeroDivisionError("division by zero"), "INTERNAL", "please report it"),
        (MemoryError(), "OUT_OF_MEMORY", "Memory ran out"),
        (RecursionError("too deep"), "INTERNAL", "RecursionError: too deep"),
        (UnicodeEncodeError("utf-8", "\udce9", 0, 1, "surrogates"), "INTERNAL", "UnicodeEncodeError"),
        (OSError(5, "Input/output error\x1b[2J"), "INTERNAL", r"\u001b[2J"),
        (OSError(36, "File name too long", "s_" + 300 * "2021" + ".tif"), "FILE_REFUSED", "too long"),
    ],
)
def test_an_error_that_nobody_foresaw(
    error: Exception, code: str, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(cli.group, "main", fails)
    assert run("info", "x", "--json") == 1
    said = capsys.readouterr()
    assert json.loads(said.out)["error"]["code"] == code
    assert says in said.err
    assert f"[{code}]" in said.err
    assert len(said.err.splitlines()) == 1
    assert "Traceback" not in said.err


def test_where_it_arose_is_shown_when_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(cli.DEBUG, "1")
    monkeypatch.setattr(cli.group, "main", lambda *_, **__: 1 / 0)
    assert run("info", "x") == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name", ["a\x1b]0;owned\x07.tif", "b\x9b2J.tif", "c\nwarning   all is well.tif", os.fsdecode(b"d\xff.tif")]
)
def test_names_do_nothing_to_the_terminal(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run("info", tmp_path / name)  # not there
    ships_scene(tmp_path / "s.tif", [(120.0, 90.0)]).rename(tmp_path / name)
    run("info", tmp_path / name)
    run("interpret", tmp_path / name, "--out", tmp_path / "r.gpkg")
    run("--" + name)
    said = "".join(capfd.readouterr())
    assert said
    assert not [c for c in said if c != "\n" and (ord(c) < 32 or 127 <= ord(c) < 160)]


def test_printable_json_is_still_json() -> None:
    odd = "\x1b\x9b\x7f\u202e" + os.fsdecode(b"\xff")
    assert json.loads(printable(json.dumps({"a": odd}, ensure_ascii=False)))["a"].startswith("\x1b\x9b\x7f\u202e")


@pytest.mark.skipif(os.name != "posix", reason="a full device is simulated by the kernel's file-size limit")
def test_a_map_on_a_full_disk_says_that_the_result_is_whole(tmp_path: Path) -> None:
    assert signal.SIGXFSZ
    scene = ships_scene(tmp_path / "s.tif", [(120.0, 90.0)])
    words = ["interpret", scene, "--out", tmp_path / "r.gpkg", "--map", tmp_path / "m.png", "--json"]
    done = subprocess.run([sys.executable, "-c", LIMITED, *map(str, words)], capture_output=True, text=True)
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "DISK_FULL", done.stderr
    assert f"whole, in {tmp_path / 'r.gpkg'}" in error["message"]
    assert "nothing was changed" not in done.stderr
    assert (tmp_path / "r.gpkg").exists()
    assert not (tmp_path / "m.png").exists()
