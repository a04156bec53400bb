"""A short run of the fuzzer: damaged inputs of every kind end in one sentence with a code, or in a result."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FUZZER = ROOT / "scripts" / "fuzz.py"


def fuzzed(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"} | environment
    return subprocess.run([sys.executable, str(FUZZER), *words], capture_output=True, text=True, timeout=500, env=env)


@pytest.mark.parametrize(
    ("kind", "count"),
    [
        ("npz", 40),
        ("image", 40),
        ("journal", 40),
        ("geopackage", 20),
        ("sidecar", 10),
        ("raster", 20),
        ("vrt", 20),
        ("gcps", 20),
        ("mask", 30),
    ],
)
def test_damaged_inputs_end_well(kind: str, count: int) -> None:
    done = fuzzed("--seed", "7", "--kind", kind, "--count", str(count))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{count} inputs" in done.stdout


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("raise KeyError('x')", "KeyError"),
        ("__import__('os').abort()", "died"),
        ("bytearray(3 * 2**30)", "MemoryError"),
    ],
)
def test_the_fuzzer_finds_what_is_there_to_be_found(tmp_path: Path, body: str, says: str) -> None:
    for name in ("fuzz.py", "fuzz_inputs.py"):
        (tmp_path / name).write_text((ROOT / "scripts" / name).read_text())
    with open(tmp_path / "fuzz_inputs.py", "a") as file:
        file.write(f"\n\ndef broken(chance, folder):\n    {body}\n\n\nKINDS['npz'] = broken\n")
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    words = [sys.executable, str(tmp_path / "fuzz.py"), "--kind", "npz", "--count", "2"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, env=env)
    assert done.returncode == 1
    assert says in done.stdout
