"""A model of fixed cost for the worker: `fusar serve --runtime benchmarks.paced:open_paced`. It computes nothing.

Each token of a batch takes FUSAR_PACED_STEP_S seconds (0.01), whatever the number of rows, as on a GPU that is not
full. It says as many words as it may; what they are depends on the image and the question alone. With FUSAR_PACED_LOG
it writes what it does to that file, one line each: begin PID ROWS, dropped PID TOKENS, end PID TOKENS.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Sequence
from pathlib import Path

from fusar_core.errors import PromptTooLong
from fusar_core.tasks import TASKS
from fusar_core.worker.batcher import Batcher
from fusar_core.worker.jobs import About, Ending, Job, RuntimeSpec, Token
from fusar_core.worker.runtime import Listener

CONTEXT = 4096
WORDS = ("ship", "plane", "sea", "harbour", "none", "three", "seven", "海")


def open_paced(spec: RuntimeSpec) -> Batcher:
    return Batcher(PacedModel(), spec.batch_size)


def words(job: Job, choice: int = 0) -> list[str]:
    """What the model says to a job."""
    told = f"{job.image_key} {job.prior_key} {job.question} {job.seeds[choice]}"
    return [WORDS[b % len(WORDS)] + " " for b in hashlib.shake_128(told.encode()).digest(min(job.max_tokens, CONTEXT))]


class PacedModel:
    """Says words at a fixed pace."""

    def __init__(self) -> None:
        self.about = About("paced 00000000", 112, tuple(TASKS), ("plane", "ship"), CONTEXT, True)
        self._step_s = float(os.environ.get("FUSAR_PACED_STEP_S", "0.01"))
        self._log = os.environ.get("FUSAR_PACED_LOG")

    def prompt_tokens(self, job: Job) -> int:
        length = 16 + len(job.question.split())
        if length >= CONTEXT:
            raise PromptTooLong(f"The image and the question take {length} tokens; the context holds {CONTEXT}.")
        return length

    def answer(self, jobs: Sequence[Job], listeners: Sequence[Listener]) -> set[int]:
        rows = {
            (number, choice): words(job, choice) for number, job in enumerate(jobs) for choice in range(len(job.seeds))
        }
        self._note("begin", len(rows))
        place = 0
        while rows:
            time.sleep(self._step_s)
            for (number, choice), said in list(rows.items()):
                listener = listeners[number]
                if listener.cancelled():
                    self._note("dropped", place)
                    del rows[number, choice]
                    continue
                listener.event(Token(choice, place, said[place].encode(), -0.1))
                if place + 1 == len(said):
                    listener.event(Ending(choice, "".join(said), False, False))
                    self._note("end", place + 1)
                    del rows[number, choice]
            place += 1
        return set(range(len(jobs)))

    def _note(self, what: str, number: int) -> None:
        if self._log:
            with Path(self._log).open("a") as file:
                file.write(f"{what} {os.getpid()} {number}\n")
