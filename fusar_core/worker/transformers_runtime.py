"""The default runtime: the checkpoint through transformers, in this process, in batches.

It says what the engine of `fusar_core.engines.local` says: both encode, modulate and generate by the same functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import torch
from PIL import Image
from torch import Tensor

from fusar_core.engines.local import DTYPES
from fusar_core.errors import BadOption, UnsupportedTask
from fusar_core.model.batches import Batches, out_of_memory
from fusar_core.model.checkpoint import ANY_TASK, load_checkpoint
from fusar_core.model.encoding import cut_up, encode, modulate
from fusar_core.model.generation import Row, Said, check_length, generate_rows, greedy_config, token_bytes
from fusar_core.worker.batcher import Batcher
from fusar_core.worker.jobs import About, Ending, Job, RuntimeSpec, Token
from fusar_core.worker.runtime import Listener
from fusar_core.worker.token_cache import CACHE_BYTES, TokenCache

LENGTHS = 256
"""Questions whose length is remembered: a scene asks the same few of every chip."""

K = TypeVar("K")


def open_transformers(spec: RuntimeSpec) -> Batcher:
    """Loads the model of a specification. Raises BadCheckpoint, NotEnoughMemory, MissingExtra, BadOption."""
    return Batcher(TransformersModel(spec), spec.batch_size)


class TransformersModel:
    """A checkpoint that answers batches of jobs of one adapter. Used by one thread."""

    def __init__(self, spec: RuntimeSpec) -> None:
        if spec.dtype not in DTYPES:
            raise BadOption(f"'{spec.dtype}' is no number format for a model.", "Choose float32 or bfloat16.")
        if spec.threads:
            torch.set_num_threads(spec.threads)
        self.checkpoint = load_checkpoint(
            Path(spec.model), device=spec.device, dtype=DTYPES[spec.dtype], quantization=spec.quantization
        )
        self._core, self._processor = self.checkpoint.core, self.checkpoint.processor
        self._core.generation_config = greedy_config(self._core, self._processor.tokenizer)
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
        )
        self._batches = Batches(spec.batch_size, self.checkpoint.name)
        blank = Image.new("L", (config.chip_size, config.chip_size))
        self._grid = cut_up(self._processor, [blank])[1]
        self._length = lru_cache(LENGTHS)(self._count_tokens)
        self._cache = TokenCache(int(spec.options.get("cache_bytes", CACHE_BYTES)))

    def prompt_tokens(self, job: Job) -> int:
        length = self._length(job.question)
        check_length(length, self.about.context)
        return length

    def _count_tokens(self, question: str) -> int:
        """Tokens of the prompt with this question and one image."""
        return int(self._processor.encode_prompts([question], self._grid)["input_ids"].shape[1])

    @torch.inference_mode()
    def answer(self, jobs: Sequence[Job], listeners: Sequence[Listener]) -> set[int]:
        adapter = self._use(jobs[0].task)
        tokens, fresh = self._see(jobs, adapter)
        rows = [(number, choice) for number, job in enumerate(jobs) for choice in range(len(job.seeds))]

        def speak(part: Sequence[tuple[int, int]]) -> list[Said | None]:
            asked = [self._row(jobs[number], choice, listeners[number]) for number, choice in part]
            numbers = [number for number, _ in part]
            try:
                grids = self._grids(len(part))
                return generate_rows(self._core, self._processor, asked, [tokens[n] for n in numbers], grids)
            except (RuntimeError, MemoryError) as error:
                if out_of_memory(error):
                    self._cache.clear()
                raise

        self._batches.run(speak, rows)
        return fresh

    def _use(self, task: str) -> str:
        """Makes the adapter of a task active; '' stands for the one of any task. Raises UnsupportedTask."""
        if not task:
            if not self.about.any_task:
                raise UnsupportedTask("This model answers by task alone.", f"Tasks: {', '.join(self.about.tasks)}.")
            task = next((t for t in self.about.tasks if t not in self.about.adapted), "")
        return self.checkpoint.use(task)

    def _row(self, job: Job, choice: int, listener: Listener) -> Row:
        tokenizer, count = self._processor.tokenizer, 0

        def on_token(token: int, log_probability: float) -> None:
            nonlocal count
            listener.event(Token(choice, count, token_bytes(tokenizer, token), log_probability))
            count += 1

        def on_end(said: Said) -> None:
            listener.event(Ending(choice, said.text, said.ended, said.looped))

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

    def _see(self, jobs: Sequence[Job], adapter: str) -> tuple[list[Tensor], set[int]]:
        """Tokens (T, C) of each job's image with its prior, and for which jobs one was encoded.

        Jobs about the same image share its encoding, in one batch and from one batch to the next.
        """
        own = adapter if self.checkpoint.touches_vision(adapter) else ""
        seen = [("seen", adapter, job.image_key, job.prior_key) for job in jobs]
        bare = [("bare", own, job.image_key) for job in jobs]
        found = {key: tokens for key in seen if (tokens := self._cache.get(key)) is not None}
        missing = [number for key, number in _first(seen).items() if key not in found]
        plain = {bare[n]: tokens for n in missing if (tokens := self._cache.get(bare[n])) is not None}
        fresh = [n for key, n in _first([bare[n] for n in missing], missing).items() if key not in plain]
        for number, tokens in zip(fresh, self._batches.run(lambda part: self._encode(jobs, part), fresh), strict=True):
            plain[bare[number]] = tokens
            self._cache.put(bare[number], tokens)
        if missing:
            priors = [jobs[n].prior for n in missing]
            with_prior = modulate(self._core, [plain[bare[n]] for n in missing], priors, self._grids(len(missing)))
            for number, tokens in zip(missing, with_prior, strict=True):
                found[seen[number]] = tokens
                self._cache.put(seen[number], tokens)
        return [found[key] for key in seen], set(fresh)

    def _encode(self, jobs: Sequence[Job], numbers: Sequence[int]) -> list[Tensor]:
        patches, grids = cut_up(self._processor, [Image.fromarray(jobs[n].image) for n in numbers])
        return encode(self._core, patches, grids)

    def _grids(self, images: int) -> Tensor:
        """image_grid_thw (N, 3) of so many images, which all have the size that the model takes."""
        return self._grid.repeat(images, 1)


def _first(keys: Sequence[K], numbers: Sequence[int] | None = None) -> dict[K, int]:
    """Each key once, with the number of its first place."""
    places: dict[K, int] = {}
    for key, number in zip(keys, range(len(keys)) if numbers is None else numbers, strict=True):
        places.setdefault(key, number)
    return places
