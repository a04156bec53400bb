"""The default runtime: what the local engine says, batch for batch, image by image encoded once."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch
from asking import picture, unit_anchors
from model_makers import LESSONS, make_stock, save_adapter, tiny_model, tiny_processor
from test_batcher import Heard

from fusar_core.domain.anchors import Anchors
from fusar_core.domain.answers import Request
from fusar_core.domain.chips import Chip
from fusar_core.domain.radiometry import Kind, Radiometry
from fusar_core.domain.tiling import ChipWindow, Window
from fusar_core.engines.local import LocalEngine
from fusar_core.errors import BadOption, MissingExtra, NotEnoughMemory, PromptTooLong, UnsupportedTask
from fusar_core.model.official import import_official
from fusar_core.model.token_cache import TokenCache
from fusar_core.worker.batcher import Batcher
from fusar_core.worker.jobs import Effort, Ending, Job, Prior, RuntimeSpec, Token
from fusar_core.worker.runtime import open_runtime
from fusar_core.worker.transformers_runtime import TransformersModel

QUESTIONS = list(LESSONS)


@pytest.fixture(scope="module")
def random(tmp_path_factory):
    """Random weights, whose every word hangs by a thread."""
    path = tmp_path_factory.mktemp("random")
    tiny_model(chip_size=112).save_pretrained(path)
    tiny_processor().save_pretrained(path)
    return path


def job(question="?", seed=0, anchors=9, max_tokens=128, task="", **options) -> Job:
    found = unit_anchors(anchors, seed)
    prior = Prior(found["features"], found["positions"]) if anchors else None
    key = f"{seed}/{anchors}" if anchors else ""
    return Job(picture(seed), f"image {seed}", prior, key, question, task, max_tokens, **options)


def model_of(path, **options) -> TransformersModel:
    return TransformersModel(RuntimeSpec(model=str(path), **options))


def answer(model: TransformersModel, *jobs: Job) -> list[Heard]:
    heard = [Heard() for _ in jobs]
    model.answer(jobs, heard)
    return heard


def text(heard: Heard, choice: int = 0) -> str:
    (ending,) = (e for e in heard.events if isinstance(e, Ending) and e.choice == choice)
    return ending.text


def count_encodings(model: TransformersModel) -> list[int]:
    """A list that gets the number of images of each run of the visual encoder."""
    runs: list[int] = []
    model.checkpoint.core.model.visual.register_forward_hook(
        lambda m, args, kwargs, out: runs.append(len(kwargs["grid_thw"])), with_kwargs=True
    )
    return runs


def test_it_says_what_it_was_taught_with_and_without_prior(taught):
    model = model_of(taught)
    jobs = [job(q, anchors=n) for q in QUESTIONS for n in (9, 0)]
    heard = answer(model, *jobs)
    assert [text(h) for h in heard] == [a for pair in LESSONS.values() for a in pair]
    for h in heard:
        tokens = [e for e in h.events if isinstance(e, Token)]
        assert b"".join(t.piece for t in tokens).decode() == text(h)
        assert [t.place for t in tokens] == list(range(len(tokens)))
        assert all(t.log_probability <= 0 for t in tokens)
    assert model.about.tasks[:3] == ("detect", "count", "locate")
    assert (model.about.chip_size, model.about.context, model.about.prior) == (112, 2048, True)


def test_it_says_word_for_word_what_the_local_engine_says(random):
    """Questions, images and priors of all kinds; batches of other sizes; the same scores too."""
    engine = LocalEngine(random, batch_size=3, max_new_tokens=12)
    radiometry = Radiometry(Kind.UINT8, "made", False, None, "passed through")
    jobs, requests = [], []
    for seed, anchors in enumerate((40, 0, 3, 324, 0)):
        question = "Why? " * seed + "?"
        jobs.append(job(question, seed, anchors, max_tokens=12))
        found = unit_anchors(anchors, seed)
        nowhere = np.full(anchors, np.nan)
        prior = Anchors(found["features"], found["positions"], nowhere, nowhere) if anchors else None
        where = ChipWindow(seed, Window(0, 0, 112, 112), Window(0, 0, 112, 112))
        chip = Chip(where, picture(seed), np.ones((112, 112), bool), radiometry, None, anchors=prior)
        requests.append(Request(chip, ("ask",), (), question=question))
    expected = list(engine.answer(requests))
    model = model_of(random, batch_size=5)
    assert type(model.driver) is type(engine._driver)  # one code for both
    heard = answer(model, *jobs)
    assert [text(h) for h in heard] == [a.raw_text for a in expected]
    for h, one in zip(heard, expected, strict=True):
        chances = [e.log_probability for e in h.events if isinstance(e, Token)]
        assert np.exp(np.mean(chances)) == pytest.approx(one.score, rel=1e-3)


def test_questions_about_one_image_encode_it_once(taught):
    model = model_of(taught)
    runs = count_encodings(model)
    fresh = model.answer([job(q) for q in QUESTIONS[:3]], [Heard() for _ in range(3)])
    assert (runs, fresh) == ([1], {0})
    assert model.answer([job(QUESTIONS[4])], [Heard()]) == set()  # and again in the next batch
    model.answer([job(QUESTIONS[0], anchors=0), job(QUESTIONS[0], anchors=5)], [Heard(), Heard()])  # other priors
    assert runs == [1]
    fresh = model.answer([job("?", seed) for seed in (0, 1, 2, 1)], [Heard() for _ in range(4)])
    assert (runs, fresh) == ([1, 2], {1, 2})


def test_the_cache_is_bounded_and_changes_no_word(random):
    jobs = [job("?", seed, max_tokens=6) for seed in (0, 1, 2, 0, 1, 2)]
    with_cache, without = model_of(random), model_of(random, options={"cache_bytes": 1})
    said = [[text(h) for j in jobs for h in answer(model, j)] for model in (with_cache, without)]
    assert said[0] == said[1]
    cache = TokenCache(3 * 4 * 48)
    for i in range(9):
        cache.put(i, torch.zeros(3, 48)[:1])
    assert cache.bytes <= 3 * 4 * 48
    assert [cache.get(i) is not None for i in range(9)] == [False] * 6 + [True] * 3
    assert cache.get(8).untyped_storage().nbytes() == 4 * 48  # not the batch it was cut from


def test_choices_are_drawn_each_by_its_seed(random):
    model = model_of(random)
    several = job(max_tokens=8, temperature=1.5, seeds=(4, 5, 4))
    (heard,) = answer(model, several)
    texts = [text(heard, choice) for choice in range(3)]
    assert texts[0] == texts[2] != texts[1]
    (alone,) = answer(model, job(max_tokens=8, temperature=1.5, seeds=(5,)))
    assert text(alone) == texts[1]


def test_a_row_that_is_left_stops_between_tokens(random):
    model = model_of(random)
    gone, stays = Heard(), Heard()
    said = gone.event

    def leave(event):
        said(event)
        gone.gone = len(gone.events) == 3

    gone.event = leave
    model.answer([job(max_tokens=20), job("Why?", max_tokens=20)], [gone, stays])
    assert len(gone.events) == 3
    assert sum(isinstance(e, Token) for e in stays.events) == 20


def test_memory_running_out_halves_the_batch_and_repeats_no_token_in_vain(taught, monkeypatch):
    model = model_of(taught)
    enough, sizes = model.checkpoint.core.generate, []

    def short_of_memory(**inputs):
        sizes.append(len(inputs["input_ids"]))
        if sizes[-1] > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return enough(**inputs)

    monkeypatch.setattr(model.checkpoint.core, "generate", short_of_memory)
    heard = answer(model, *(job(QUESTIONS[0], seed) for seed in range(4)))
    assert [text(h) for h in heard] == ["3"] * 4
    assert sizes == [4, 2, 2]
    monkeypatch.setattr(model.checkpoint.core, "generate", lambda **_: torch.empty(10**15))
    with pytest.raises(NotEnoughMemory, match="single chip"):
        answer(model, job())


def test_what_does_not_fit_the_context_is_refused_alone(taught):
    runtime = open_runtime(RuntimeSpec(model=str(taught)))
    try:
        heard = [Heard(), Heard()]
        for one, listener in zip((job("why " * 900), job(QUESTIONS[0])), heard, strict=True):
            runtime.submit(one, listener)
        assert all(h.over.wait(20) for h in heard)
        assert isinstance(heard[0].error, PromptTooLong)
        assert "2048" in str(heard[0].error)
        assert text(heard[1]) == "3"
        effort = heard[1].events[-1]
        assert isinstance(effort, Effort)
        assert effort.prompt_tokens == model_of(taught).prompt_tokens(job(QUESTIONS[0])) > 16
    finally:
        runtime.close()


@pytest.fixture(scope="module")
def by_task(tmp_path_factory):
    """A base with three adapters, one of which changes the visual encoder, and the same adapters alone."""
    root = tmp_path_factory.mktemp("adapters")
    (root / "stock").mkdir()
    make_stock(root / "stock")
    for seed, task in enumerate(("detect", "count", "*")):
        (root / f"release {seed}").mkdir()
        save_adapter(root / "stock", root / f"release {seed}", seed, vision=task == "count")
    releases = {task: root / f"release {seed}" for seed, task in enumerate(("detect", "count", "*"))}
    together = import_official(releases, root / "stock", root / "all")
    alone = {
        t: import_official({"*": p}, root / "stock", root / f"alone {i}") for i, (t, p) in enumerate(releases.items())
    }
    return together, alone


def test_each_task_is_answered_under_its_own_adapter(by_task):
    together, alone = by_task
    model = model_of(together)
    assert (model.about.adapted, model.about.any_task) == (("detect", "count"), True)
    runs = count_encodings(model)
    said = {task: text(answer(model, job(task=task, max_tokens=10))[0]) for task in ("detect", "count", "", "detect")}
    assert runs == [1, 1]  # once for two adapters, once for the one that changes the visual encoder
    assert len(set(said.values())) == 3
    for task, path in (("detect", alone["detect"]), ("count", alone["count"]), ("", alone["*"])):
        assert said[task] == text(answer(model_of(path), job(max_tokens=10))[0])


def test_a_model_by_task_alone_has_no_answer_without_one(by_task, tmp_path):
    together, _ = by_task
    model = model_of(together)
    object.__setattr__(model.about, "any_task", False)
    with pytest.raises(UnsupportedTask):
        answer(model, job())


def test_jobs_of_many_threads_are_answered_each_with_its_own(taught):
    """Sixteen clients at once, each about its own image: nobody gets another's answer."""
    runtime = Batcher(model_of(taught), batch_size=8)
    wrong: list[str] = []

    def client(number: int) -> None:
        for turn in range(4):
            question = QUESTIONS[(number + turn) % len(QUESTIONS)]
            prior = 9 if (number + turn) % 2 else 0
            heard = Heard()
            runtime.submit(job(question, number, prior, max_tokens=128 if "Detect" in question else 16), heard)
            if not heard.over.wait(60):
                wrong.append("nothing")
            elif text(heard) != LESSONS[question][0 if prior else 1]:
                wrong.append(f"{question}: {text(heard)}")

    threads = [threading.Thread(target=client, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    runtime.close()
    assert wrong == []


def test_runtimes_that_do_not_exist_are_named(taught):
    with pytest.raises(BadOption, match="transformers, vllm"):
        open_runtime(RuntimeSpec("onnx", str(taught)))
    with pytest.raises(MissingExtra, match="vLLM"):
        open_runtime(RuntimeSpec("vllm", str(taught)))
    with pytest.raises(BadOption, match="float16"):
        open_runtime(RuntimeSpec(model=str(taught), dtype="float16"))
