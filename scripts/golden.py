"""Keeps what the program answers to a fixed set of commands, to compare with what it answers later.

    python golden.py OUT [--only NAME]… [--slow] [--jobs 2]     one file a case, OUT/NAME.json
    python golden.py --compare BEFORE AFTER                     a diff; exit status 1 where they differ

It knows the program from outside: the command line, the sidecar's protocol, `python -m training.…`. What runs is the
`fusar_core` that this Python imports (PYTHONPATH=CHECKOUT), on the checkout's sample scene and on real data from
FUSAR_TEST_DATA or ../shared/data; cases that need data which is not there are left out, and said. Two runs of the same
code write the same bytes: times, paths, ports and the program's version are replaced, models use one thread.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from golden_bench import ONE_THREAD, Bench
from golden_cases import CASES, HEAVY, NEEDS_DATA, SLOW
from golden_files import plain

VOLATILE = frozenset({"seconds", "version", "fusar-core", "pid", "executable", "python"})
"""Keys whose values differ from run to run, or from release to release."""


@dataclass(frozen=True)
class Tidy:
    """Replaces what differs between two runs of the same code. folders: path → what is written in its place."""

    folders: dict[Path, str]

    def __call__(self, value: Any, key: str = "") -> Any:
        if key in VOLATILE and value is not None and not isinstance(value, dict):
            return f"<{key}>"
        if key == "files" and isinstance(value, list) and all(isinstance(v, int) for v in value):
            return "<sizes and times>"
        if key == "coordinates":
            return rounded(value)
        if isinstance(value, dict):
            return {self.text(str(k)): self(v, k) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return [self(v) for v in value]
        return self.text(value) if isinstance(value, str) else value

    def text(self, value: str) -> str:
        """A text without paths, times, ports and the program's version."""
        for path, name in self.folders.items():
            value = value.replace(str(path), name)
        value = re.sub(r"\bFUSAR \d+(\.\d+)+", "FUSAR <version>", value)
        value = re.sub(r"127\.0\.0\.1:\d{4,}", "127.0.0.1:<port>", value)
        return re.sub(r"(\bin|·) \d+\.\d+ s\b", r"\1 <seconds> s", value)


def rounded(value: Any) -> Any:
    """Coordinates to 1e-7."""
    if isinstance(value, list | tuple):
        return [rounded(v) for v in value]
    return round(value, 7) if isinstance(value, float) else value


def code_in_use() -> Path:
    """The checkout whose `fusar_core` this Python imports."""
    question = [sys.executable, "-c", "import fusar_core; print(fusar_core.__file__)"]
    said = subprocess.run(question, capture_output=True, text=True, check=True, cwd="/")
    return Path(said.stdout.strip()).resolve().parents[1]


def run(names: Sequence[str], out: Path, data: Path, jobs: int) -> bool:
    """Runs cases, writes OUT/NAME.json each; False where one failed."""
    checkout = code_in_use()
    print(f"{len(names)} cases of {checkout}", flush=True)
    out.mkdir(parents=True, exist_ok=True)
    os.environ.update(ONE_THREAD)  # before anything is forked
    with tempfile.TemporaryDirectory(prefix="golden-") as work, ThreadPoolExecutor(jobs) as pool:

        def one(name: str) -> float:
            started = time.monotonic()
            place = Path(work).resolve() / name
            place.mkdir()
            tidy = Tidy({place: "WORK", checkout: "REPO", data: "DATA"})
            found = tidy(CASES[name](Bench(checkout, data, place)))
            text = json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False, default=plain)
            (out / f"{name}.json").write_text(text + "\n", encoding="utf-8")
            return time.monotonic() - started

        going = {pool.submit(one, name): name for name in sorted(names, key=lambda n: n not in HEAVY)}
        well = True
        for done in as_completed(going):
            failure = done.exception()
            well &= failure is None
            print(f"{going[done]:<28}{f'FAILED {failure!r}' if failure else f'{done.result():6.1f} s'}", flush=True)
    return well


def compare(before: Path, after: Path, only: Sequence[str]) -> bool:
    """Prints what differs between two folders; True where nothing does."""
    names = sorted({path.name for root in (before, after) for path in root.glob("*.json")})
    same = True
    for name in names:
        if only and Path(name).stem not in only:
            continue
        one, other = before / name, after / name
        if not (one.exists() and other.exists()):
            print(f"missing: {other if one.exists() else one}")
            same = False
            continue
        old, new = (side.read_text(encoding="utf-8").splitlines() for side in (one, other))
        for line in difflib.unified_diff(old, new, str(one), str(other), n=3, lineterm=""):
            print(line)
            same = False
    return same


def main() -> int:
    """Runs or compares; the exit status."""
    parser = argparse.ArgumentParser(description="Keeps what the program answers, and compares.")
    parser.add_argument("out", nargs="?", type=Path, help="folder to write, one file a case")
    parser.add_argument("--compare", nargs=2, type=Path, metavar=("BEFORE", "AFTER"), help="two such folders")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", choices=sorted(CASES), help="this case")
    parser.add_argument("--slow", action="store_true", help=f"also {', '.join(sorted(SLOW))}")
    parser.add_argument("--jobs", type=int, default=2, help="cases at a time (2)")
    arguments = parser.parse_args()
    if arguments.compare:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # for `… | head`
        before, after = arguments.compare
        return 0 if compare(before, after, arguments.only) else 1
    if arguments.out is None:
        parser.error("name a folder, or --compare two")
    data = Path(os.environ.get("FUSAR_TEST_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")).resolve()
    names = arguments.only or [name for name in CASES if arguments.slow or name not in SLOW]
    if not data.is_dir() and (without := [name for name in names if name in NEEDS_DATA]):
        print(f"no data at {data}: without {', '.join(without)}", file=sys.stderr)
        names = [name for name in names if name not in without]
    return 0 if run(names, arguments.out, data, arguments.jobs) else 1


if __name__ == "__main__":
    sys.exit(main())
