"""A worker under load whose replicas are killed at random: every chip is answered once, and nothing is left behind.

    python -m benchmarks.soak --minutes 10 --replicas 2 --kill-every 20

Chips go through the remote engine, many at a time. Afterwards the engine on this computer answers a sample of them
again, in the same words; the worker is ended by SIGTERM, and whatever came from it must be gone. Exit status 1 when any
of that is not so.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import httpx2
import torch

from benchmarks.abuse import abused, hostile_requests
from benchmarks.serving import Worker, is_gone, serving
from benchmarks.worker import NANO, make_chip
from fusar_core.domain.answers import Request
from fusar_core.engines.local import LocalEngine
from fusar_core.engines.remote import RemoteEngine

SAMPLE = 40


def soak(minutes: float, replicas: int, kill_every_s: float, seed: int = 0, hostile: bool = False) -> dict[str, Any]:
    """What happened; `passed` when nothing was lost, said twice, said otherwise, or left behind."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["--model", str(NANO), "--device", "cpu", "--threads", "1", "--replicas", str(replicas)]
        with serving(arguments, Path(folder) / "log") as worker:
            family = {p.pid: p for p in worker.family()}
            engine = RemoteEngine(worker.url, concurrency=24)
            killer = _Killer(worker, kill_every_s, random.Random(seed), family)
            asked: list[int] = []
            killer.start()
            beside = abused(worker.url, hostile_requests(worker.name)) if hostile else nullcontext()
            with beside:
                started = time.monotonic()  # when the hostile ones have begun
                answers = list(engine.answer(_chips(engine.tiling(None)[0], started + 60 * minutes, asked)))
                seconds = time.monotonic() - started
                memory = worker.memory_mb()
                alive = httpx2.get(f"{worker.base}/health", timeout=10).status_code == 200
            killer.stop()
            retried = re.search(r"^fusar_retried_total (\S+)", httpx2.get(f"{worker.base}/metrics").text, re.M)
            family |= {p.pid: p for p in worker.family()}
            status = worker.stop()
            left = is_gone(list(family.values()))
            traces = worker.words().count("Traceback")
        counts = Counter(a.chip.index for a in answers)
        local = LocalEngine(NANO, device="cpu")
        chosen = random.Random(seed).sample(range(len(answers)), min(SAMPLE, len(answers)))
        size = local.config.chip_size
        unlike = [i for i in chosen if _words(local, answers[i].chip.index, size) != answers[i].raw_text]
    result = {
        "minutes": round(seconds / 60, 1),
        "replicas": replicas,
        "chips": len(asked),
        "answered_once": sum(n == 1 for n in counts.values()),
        "in_order": [a.chip.index for a in answers] == asked,
        "kills": killer.kills,
        "jobs_given_to_another_replica": int(float(retried.group(1))) if retried else None,
        "sample": len(chosen),
        "other_words": len(unlike),
        "exit_status": status,
        "processes_left": left,
        "traces_in_log": traces,
        "hostile_clients": hostile,
        "front_mb": round(memory),
        "health_answered": alive,
    }
    result["passed"] = (
        len(asked) > 0  # a run that asked nothing has shown nothing
        and result["answered_once"] == len(asked) == len(answers)
        and result["in_order"]
        and not unlike
        and not left
        and status == 0
        and alive
    )
    return result


def _chips(size: int, until: float, asked: list[int]) -> Iterator[Request]:
    number = 0
    while time.monotonic() < until:
        asked.append(number)
        yield Request(make_chip(number, size), ("count",), ("ship",))
        number += 1


def _words(engine: LocalEngine, number: int, size: int) -> str:
    (answer,) = engine.answer([Request(make_chip(number, size), ("count",), ("ship",))])
    return answer.raw_text


class _Killer:
    """Kills a replica now and then, at random times around `every_s`; keeps every process that it has seen."""

    def __init__(self, worker: Worker, every_s: float, chance: random.Random, family: dict[int, Any]) -> None:
        self._worker, self._every_s, self._chance, self._family = worker, every_s, chance, family
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self.kills = 0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._over.wait(self._every_s * self._chance.uniform(0.3, 1.7)):
            self._family |= {p.pid: p for p in self._worker.family()}
            if replicas := self._worker.replicas():
                os.kill(self._chance.choice(replicas), signal.SIGKILL)
                self.kills += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--replicas", type=int, default=2)
    parser.add_argument("--kill-every", type=float, default=20, help="seconds, on average")
    parser.add_argument("--hostile", action="store_true", help="among the clients are those of benchmarks.abuse")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    result = soak(options.minutes, options.replicas, options.kill_every, hostile=options.hostile)
    text = json.dumps(result, indent=2)
    print(text)
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text + "\n")
    sys.exit(0 if result["passed"] else 1)


if __name__ == "__main__":
    main()
