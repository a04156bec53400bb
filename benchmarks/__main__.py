"""`python -m benchmarks [NAME…] --out DIR`: runs the benchmarks, prints their results and keeps them as JSON."""

from __future__ import annotations

import argparse
import json
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

BENCHMARKS = ("harbour", "detector", "interpret", "anchors", "model", "worker", "batch", "training")
NEED_TORCH = ("model", "worker", "training")
NEED_RAY = ("worker", "batch")
NEED_TRAIN = ("training",)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; default: all")
    parser.add_argument("--out", type=Path, default=Path("out/bench"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.names or BENCHMARKS:
        if name in NEED_TORCH and find_spec("torch") is None:
            print(f"{name}: left out, it needs torch (make setup-model)")
            continue
        if name in NEED_RAY and find_spec("ray") is None:
            print(f"{name}: left out, it needs Ray (make setup-worker)")
            continue
        if name in NEED_TRAIN and find_spec("tensorboard") is None:
            print(f"{name}: left out, it needs the extra train (make setup-train)")
            continue
        result = import_module(f"benchmarks.{name}").run()
        text = json.dumps(result, indent=2)
        print(f"{name}\n{text}", flush=True)
        (options.out / f"{name}.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
