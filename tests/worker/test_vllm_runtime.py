"""The vLLM runtime before a stand-in for vLLM: what it is handed makes the answers of the default runtime."""

from __future__ import annotations

import asyncio
import sys

import pytest
import stand_in_vllm
from model_makers import LESSONS, make_stock, save_adapter
from test_batcher import Heard
from test_transformers_runtime import answer, job, model_of, text

from fusar_core.errors import PromptTooLong
from fusar_core.model.official import import_official
from fusar_core.worker.jobs import Effort, RuntimeSpec, Token
from fusar_core.worker.runtime import open_runtime

QUESTIONS = list(LESSONS)


@pytest.fixture(autouse=True)
def vllm(monkeypatch):
    stand_in_vllm.install(monkeypatch)
    yield
    sys.modules.pop("fusar_core.worker.vllm_runtime", None)


def asked(runtime, *jobs, leave_after: int | None = None) -> list[Heard]:
    """The jobs, all at once, in an event loop as a replica has it."""

    async def run() -> list[Heard]:
        heard = [Heard() for _ in jobs]
        for one, listener in zip(jobs, heard, strict=True):
            runtime.submit(one, listener)
        while not all(h.over.is_set() or h.gone for h in heard):
            await asyncio.sleep(0.005)
            for h in heard:
                h.gone = h.gone or (leave_after is not None and len(h.events) >= leave_after)
        await asyncio.sleep(0.3)
        return heard

    return asyncio.run(run())


def opened(path, **options):
    return open_runtime(RuntimeSpec("vllm", str(path), dtype="float32", options=options))


def test_a_model_of_ours_answers_as_with_the_default_runtime(taught):
    """vLLM gets a copy of it without the prior branch, made once."""
    runtime = opened(taught)
    jobs = [job(q, anchors=n, max_tokens=100) for q in QUESTIONS for n in (9, 0)]
    heard = asked(runtime, *jobs)
    assert [text(h) for h in heard] == [a for pair in LESSONS.values() for a in pair]
    for h, plain in zip(heard, answer(model_of(taught), *jobs), strict=True):
        pairs = [[e for e in events if isinstance(e, Token)] for events in (h.events, plain.events)]
        assert [t[:3] for t in pairs[0]] == [t[:3] for t in pairs[1]]
        assert [t.log_probability for t in pairs[0]] == pytest.approx([t.log_probability for t in pairs[1]], abs=1e-3)
        assert isinstance(h.events[-1], Effort)
    copies = [p for p in taught.parent.iterdir() if ".stock-" in p.name]
    assert len(copies) == 1
    made = copies[0].stat().st_mtime_ns
    opened(taught)
    assert copies[0].stat().st_mtime_ns == made
    runtime.close()
    with pytest.raises(RuntimeError, match="dead"):
        runtime.check_health()


def test_adapters_are_served_by_name_each_with_its_own_eyes(tmp_path):
    (tmp_path / "stock").mkdir()
    make_stock(tmp_path / "stock")
    releases = {}
    for seed, task in enumerate(("detect", "count")):
        releases[task] = tmp_path / f"release {seed}"
        releases[task].mkdir()
        save_adapter(tmp_path / "stock", releases[task], seed, vision=task == "count")
    model = import_official(releases, tmp_path / "stock", tmp_path / "model")
    jobs = [job("How many?", seed, task=task, max_tokens=8) for seed, task in enumerate(("detect", "count", "detect"))]
    heard = asked(opened(model), *jobs)
    default = model_of(model)
    assert [text(h) for h in heard] == [text(answer(default, one)[0]) for one in jobs]
    assert len({text(h) for h in heard}) > 1
    assert stand_in_vllm.AsyncLLM.latest.args.max_lora_rank == 8
    assert stand_in_vllm.AsyncLLM.latest.args.model == str(tmp_path / "stock")


def test_vllm_stops_for_a_client_that_has_left(taught):
    runtime = opened(taught)
    (heard,) = asked(runtime, job(QUESTIONS[2], max_tokens=100), leave_after=6)
    assert sum(isinstance(e, Token) for e in heard.events) < 40
    assert not heard.over.is_set()
    assert stand_in_vllm.AsyncLLM.latest.closed == 1


def test_what_does_not_fit_is_refused(taught):
    (heard,) = asked(opened(taught), job("why " * 900))
    assert isinstance(heard.error, PromptTooLong)
