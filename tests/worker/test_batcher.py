"""Batches over all clients: what goes together, what is dropped, and that a failure takes nobody along."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

import numpy as np
import pytest

from fusar_core.errors import FusarError, PromptTooLong, WorkerFailed
from fusar_core.worker.batcher import Batcher
from fusar_core.worker.jobs import About, Effort, Ending, Job, Token

ABOUT = About("made", 112, ("count", "detect"), ("ship",), 100, True, adapted=("count", "detect"), any_task=False)
IMAGE = np.zeros((112, 112), np.uint8)


def job(question: str = "?", task: str = "count", max_tokens: int = 16, rows: int = 1) -> Job:
    return Job(IMAGE, "i", None, "", question, task, max_tokens, 1.0, seeds=tuple(range(rows)))


@dataclass
class Heard:
    """A listener that keeps what it hears."""

    events: list = field(default_factory=list)
    error: FusarError | None = None
    gone: bool = False
    over: threading.Event = field(default_factory=threading.Event)

    def cancelled(self) -> bool:
        return self.gone

    def event(self, event) -> None:
        self.events.append(event)
        if isinstance(event, Effort):
            self.over.set()

    def failed(self, error: FusarError) -> None:
        assert not self.over.is_set(), "a job ended twice"
        self.error = error
        self.over.set()


class Model:
    """Answers when its gate is open; the question "boom" raises, "long" is too long."""

    def __init__(self) -> None:
        self.about = ABOUT
        self.batches: list[list[str]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.begun = threading.Semaphore(0)

    def prompt_tokens(self, job: Job) -> int:
        if job.question == "long":
            raise PromptTooLong("too long")
        return len(job.question)

    def answer(self, jobs, listeners) -> set[int]:
        self.batches.append([j.question for j in jobs])
        self.begun.release()
        assert self.gate.wait(10)
        for one, listener in zip(jobs, listeners, strict=True):
            if one.question == "boom":
                raise ValueError("shapes do not fit")
            if one.question == "dead":
                raise RuntimeError("CUDA error: an illegal memory access was encountered")
            listener.event(Token(0, 0, one.question.encode(), -0.5))
            listener.event(Ending(0, one.question, True, False))
        return {0}


@pytest.fixture
def model():
    return Model()


@pytest.fixture
def batcher(model):
    batcher = Batcher(model, batch_size=4, linger_s=0.05)
    yield batcher
    model.gate.set()
    batcher.close()


def ask(batcher, *jobs: Job) -> list[Heard]:
    heard = [Heard() for _ in jobs]
    for one, listener in zip(jobs, heard, strict=True):
        batcher.submit(one, listener)
    return heard


def busy(batcher, model) -> Heard:
    """The model is at work on a job until its gate opens, so that what comes now waits together."""
    model.gate.clear()
    (heard,) = ask(batcher, job("first"))
    assert model.begun.acquire(timeout=5)
    return heard


def finish(model, heard: list[Heard]) -> None:
    model.gate.set()
    assert all(h.over.wait(10) for h in heard)


def test_what_waits_together_is_answered_together(batcher, model):
    first = busy(batcher, model)
    heard = ask(batcher, *(job(str(i)) for i in range(6)))
    finish(model, [first, *heard])
    assert model.batches == [["first"], ["0", "1", "2", "3"], ["4", "5"]]
    assert [h.events[1].text for h in heard] == [str(i) for i in range(6)]
    efforts = [h.events[-1] for h in heard]
    assert [e.batch for e in efforts] == [4, 4, 4, 4, 2, 2]
    assert [e.encoded for e in efforts] == [True, False, False, False, True, False]
    assert all(e.waited_s > 0 for e in efforts)


def test_a_batch_has_one_adapter_and_answers_of_similar_length(batcher, model):
    first = busy(batcher, model)
    kinds = [("a", "count", 16), ("b", "detect", 2048), ("c", "count", 24), ("d", "count", 512), ("e", "detect", 2000)]
    heard = ask(batcher, *(job(q, task, tokens) for q, task, tokens in kinds))
    finish(model, [first, *heard])
    assert model.batches[1:] == [["a", "c"], ["b"], ["d"], ["e"]]


def test_each_choice_of_a_job_is_a_row(batcher, model):
    first = busy(batcher, model)
    heard = ask(batcher, job("a", rows=3), job("b", rows=2), job("c"), job("d", rows=9))
    finish(model, [first, *heard])
    assert model.batches[1:] == [["a", "c"], ["b"], ["d"]]  # one that is larger than a batch goes alone


def test_clients_that_ask_again_at_once_are_waited_for(batcher, model):
    """Four were answered together: the next batch waits a moment for four, though one is there already."""
    first = busy(batcher, model)
    heard = ask(batcher, *(job(str(i)) for i in range(4)))
    finish(model, [first, *heard])
    again = ask(batcher, job("4"))
    time.sleep(0.01)
    again += ask(batcher, *(job(str(i)) for i in (5, 6, 7)))
    finish(model, again)
    assert model.batches[2:] == [["4", "5", "6", "7"]]


def test_a_job_that_nobody_waits_for_is_not_begun(batcher, model):
    first = busy(batcher, model)
    heard = ask(batcher, job("kept"), job("left"))
    heard[1].gone = True
    finish(model, [first, heard[0]])
    assert model.batches == [["first"], ["kept"]]
    assert heard[1].events == []


def test_a_failure_takes_nobody_along(batcher, model):
    first = busy(batcher, model)
    heard = ask(batcher, job("a"), job("boom"), job("long"), job("b"))
    finish(model, [first, *heard])
    assert [type(h.error) for h in heard] == [type(None), WorkerFailed, PromptTooLong, type(None)]
    assert "shapes" not in str(heard[1].error)
    assert [h.events[-2].text for h in heard if not h.error] == ["a", "b"]
    finish(model, ask(batcher, job("later")))  # the queue goes on
    batcher.check_health()


def test_a_gpu_that_failed_is_unhealthy(batcher, model):
    (heard,) = ask(batcher, job("dead"))
    assert heard.over.wait(5)
    assert isinstance(heard.error, WorkerFailed)
    with pytest.raises(RuntimeError, match="illegal memory access"):
        batcher.check_health()


def test_a_mistake_of_our_own_leaves_nobody_waiting(batcher, model):
    first = busy(batcher, model)
    heard = ask(batcher, job("a"), job("b"))
    batcher._kind = lambda job: 1 / 0
    model.gate.set()
    assert all(h.over.wait(5) for h in [first, *heard])
    assert {type(h.error) for h in heard} <= {WorkerFailed}
    with pytest.raises(RuntimeError, match="thread of the model has failed"):
        batcher.check_health()
    (late,) = ask(batcher, job("late"))
    assert isinstance(late.error, WorkerFailed)


def test_closing_fails_what_waits_and_what_comes(batcher, model):
    first = busy(batcher, model)
    waiting = ask(batcher, job("waits"))
    batcher.close()
    late = ask(batcher, job("late"))
    assert all(h.over.wait(1) and isinstance(h.error, WorkerFailed) for h in waiting + late)
    finish(model, [first])
