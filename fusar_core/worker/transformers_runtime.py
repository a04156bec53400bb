"""The default runtime: the checkpoint through transformers, in this process, in batches.

It says what the engine `fusar` says: the same `Driver` encodes, modulates and generates for both.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch
from PIL import Image

from fusar_core.domain.reply import Reply
from fusar_core.errors import UnsupportedTask
from fusar_core.model.checkpoint import ANY_TASK, Checkpoint
from fusar_core.model.driver import Driver, View, ViewQuery
from fusar_core.model.generation import Row, token_bytes
from fusar_core.model.token_cache import CACHE_BYTES
from fusar_core.worker.batcher import Batcher
from fusar_core.worker.jobs import About, Ending, Job, RuntimeSpec, Token
from fusar_core.worker.runtime import Listener


def open_transformers(spec: RuntimeSpec) -> Batcher:
    """Loads the model of a specification. Raises BadCheckpoint, NotEnoughMemory, MissingExtra, BadOption."""
    return Batcher(TransformersModel(spec), spec.batch_size)


class TransformersModel:
    """A checkpoint that answers batches of jobs of one adapter. Used by one thread."""

    def __init__(self, spec: RuntimeSpec) -> None:
        if spec.threads:
            torch.set_num_threads(spec.threads)
        self.driver = Driver(
            Path(spec.model),
            device=spec.device,
            dtype=spec.dtype,
            quantization=spec.quantization,
            batch_size=spec.batch_size,
            cache_bytes=int(spec.options.get("cache_bytes", CACHE_BYTES)),
        )
        manifest, config = self.checkpoint.manifest, self.checkpoint.config
        self.about = About(
            checkpoint=self.checkpoint.name,
            chip_size=config.chip_size,
            tasks=manifest.tasks,
            classes=tuple(config.classes),
            context=config.text_config.max_position_embeddings,
            prior=config.fusion != "none",
            adapted=tuple(t for t in manifest.adapters if t != ANY_TASK),
            any_task=not manifest.adapters or ANY_TASK in manifest.adapters,
            gsd_m=tuple(config.gsd_m) if config.gsd_m else None,
            prompts=dict(manifest.prompts),
            prior_dim=config.prior_dim,
            warnings=self.checkpoint.warnings,
            demonstration=config.demonstration,
            questions=tuple(config.questions),
        )

    @property
    def checkpoint(self) -> Checkpoint:
        """The loaded model and what belongs to it."""
        return self.driver.checkpoint

    def prompt_tokens(self, job: Job) -> int:
        """Tokens that image and question take; all images have the side the model takes. Raises PromptTooLong."""
        return self.driver.prompt_tokens(job.question)

    def answer(self, jobs: Sequence[Job], listeners: Sequence[Listener]) -> set[int]:
        """A row for each choice of each job; an image is encoded once, however many jobs and choices are about it.

        Returns the numbers of the jobs it was encoded for. Raises UnsupportedTask, BadAnchors, BadImage, PromptTooLong,
        NotEnoughMemory.
        """
        asked = [
            ViewQuery(number, partial(self._row, job, choice, listeners[number]))
            for number, job in enumerate(jobs)
            for choice in range(len(job.seeds))
        ]
        _, encoded = self.driver.answer(self.task(jobs[0]), [view(job) for job in jobs], asked)
        return encoded

    def task(self, job: Job) -> str:
        """The task whose adapter answers a job, any that has none of its own where it names none.

        Raises UnsupportedTask.
        """
        if job.task:
            return job.task
        if not self.about.any_task:
            raise UnsupportedTask("This model answers by task alone.", f"Tasks: {', '.join(self.about.tasks)}.")
        return next((t for t in self.about.tasks if t not in self.about.adapted), "")

    def _row(self, job: Job, choice: int, listener: Listener) -> Row:
        tokenizer, count = self.driver.processor.tokenizer, 0

        def on_token(token: int, log_probability: float) -> None:
            nonlocal count
            listener.event(Token(choice, count, token_bytes(tokenizer, token), log_probability))
            count += 1

        def on_end(reply: Reply) -> None:
            listener.event(Ending(choice, reply.text, reply.ended, reply.looped))

        return Row(
            job.question,
            job.max_tokens,
            job.temperature,
            job.top_p,
            job.seeds[choice],
            listener.cancelled,
            on_token,
            on_end,
        )


def view(job: Job) -> View:
    """The image of a job, and its prior, as the model is shown them."""
    return View(Image.fromarray(job.image), job.image_key, job.prior, job.prior_key)
