#!/usr/bin/env python3
"""Throws damaged inputs at the engine: no traceback, no hang, bounded memory, every failure one sentence with a code.

    .venv/bin/python scripts/fuzz.py --seed 1 --count 10000
    .venv/bin/python scripts/fuzz.py --kind journal --only 4711        # one input again, and where it went wrong

Inputs are made from a seed each (scripts/fuzz_inputs.py), so that every fault can be had again. They run in processes
of their own, many in one; one that hangs or dies is replaced. Exit status 1 when anything was not as it should be.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

MEMORY = 2 * 2**30
"""Bytes that one input may take beside what the libraries take."""
PATIENCE_S = 30.0
"""How long one input may take."""
START_S = 180.0
RENEWED = 2000
"""Inputs after which a process is replaced."""


class Runner:
    """A process that is given inputs, one after the other."""

    def __init__(self) -> None:
        self.done = 0
        command = [sys.executable, __file__, "--worker"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._said: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._said.put(line)
        self._said.put("")

    def run(self, kind: str, seed: int) -> dict[str, Any]:
        """What came of one input: `code`, and `problem` where there is one."""
        assert self._process.stdin
        patience = PATIENCE_S if self.done else START_S
        self.done += 1
        try:
            self._process.stdin.write(json.dumps([kind, seed]) + "\n")
            self._process.stdin.flush()
            line = self._said.get(timeout=patience)
        except queue.Empty:
            self.close()
            return {"code": "", "problem": f"no end within {patience:.0f} s"}
        except OSError:
            line = ""
        if not line:
            return {"code": "", "problem": f"the process died: {self._process.wait()}"}
        found: dict[str, Any] = json.loads(line)
        return found

    @property
    def usable(self) -> bool:
        return self._process.poll() is None and self.done < RENEWED

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


def fuzz(kinds: list[str], seed: int, count: int) -> list[dict[str, Any]]:
    """Runs so many inputs, kind after kind in turn; the problems found."""
    problems: list[dict[str, Any]] = []
    codes: Counter[str] = Counter()
    runner, started = Runner(), time.monotonic()
    for number in range(count):
        kind = kinds[number % len(kinds)]
        found = runner.run(kind, seed * 1_000_000 + number)
        codes[f"{kind} {found['code'] or 'fault'}"] += 1
        if found.get("problem"):
            problems.append({"kind": kind, "seed": seed * 1_000_000 + number, "problem": found["problem"]})
            print(f"{kind} {seed * 1_000_000 + number}: {found['problem']}", flush=True)
        if not runner.usable:
            runner.close()
            runner = Runner()
    runner.close()
    for code, n in sorted(codes.items()):
        print(f"{n:7} {code}")
    print(f"{count} inputs in {time.monotonic() - started:.0f} s, {len(problems)} problems")
    return problems


def work() -> None:
    """The process that runs inputs: their numbers come in on stdin, what came of them goes out on stdout."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever libraries print is no answer
    from fuzz_inputs import judged

    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY,) * 2)
    with tempfile.TemporaryDirectory() as place:
        for line in sys.stdin:
            kind, seed = json.loads(line)
            out.write(json.dumps(judged(kind, seed, Path(place))) + "\n")
            out.flush()


def main() -> None:
    from fuzz_inputs import KINDS, judged

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument(
        "--kind", action="append", choices=sorted(KINDS), help="may be given several times; default: all"
    )
    parser.add_argument("--only", type=int, help="the seed of one input, with its --kind")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        work()
    elif given.only is not None:
        os.environ["FUSAR_DEBUG"] = "1"
        with tempfile.TemporaryDirectory() as place:
            print(judged((given.kind or sorted(KINDS))[0], given.only, Path(place), shown=True))
    else:
        sys.exit(1 if fuzz(given.kind or sorted(KINDS), given.seed, given.count) else 0)


if __name__ == "__main__":
    main()
