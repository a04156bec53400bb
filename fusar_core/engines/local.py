"""The `fusar` engine: FUSAR-GPT on this computer, through transformers.

Chips and questions are batched; an image is encoded once for all its questions, and its tokens are modulated once for
each adapter that has a TLM of its own.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from fusar_core.engines import dialogue
from fusar_core.engines.base import Answer, Request
from fusar_core.engines.dialogue import BUDGETS, OVERLAP, Query, picture
from fusar_core.errors import BadOption, NotEnoughMemory, UnsupportedTask
from fusar_core.model.checkpoint import load_checkpoint
from fusar_core.model.generation import Said, generate, greedy_config
from fusar_core.model.modeling import per_image
from fusar_core.model.processing import anchor_tensors

DTYPES = {None: None, "float32": torch.float32, "bfloat16": torch.bfloat16}

log = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")


class LocalEngine:
    """Answers every task of its checkpoint, greedily.

    model: a FUSAR-GPT directory. device, quantization (`8bit`, `4bit`): see `load_checkpoint`. dtype: `float32` or
    `bfloat16`. batch_size: chips, and questions, worked on at once; halved when memory runs out. classes: those that
    may be asked for, instead of the checkpoint's own. max_new_tokens: a tighter limit for every answer. cancelled:
    asked between tokens. on_text: gets the words of a question asked alone as they come.

    Raises BadCheckpoint, NotEnoughMemory, MissingExtra, BadOption.
    """

    name = "fusar"
    derived: frozenset[str] = frozenset()

    def __init__(
        self,
        model: str | Path,
        *,
        device: str | None = None,
        dtype: str | None = None,
        quantization: str | None = None,
        batch_size: int = 8,
        classes: Sequence[str] | None = None,
        max_new_tokens: int | None = None,
        cancelled: Callable[[], bool] = lambda: False,
        on_text: Callable[[str], None] | None = None,
    ) -> None:
        if batch_size < 1:
            raise BadOption(f"A batch of {batch_size} is none.", "Give 1 or more.")
        if dtype not in DTYPES:
            raise BadOption(f"'{dtype}' is no number format for a model.", "Choose float32 or bfloat16.")
        self.checkpoint = load_checkpoint(Path(model), device=device, dtype=DTYPES[dtype], quantization=quantization)
        self.config = self.checkpoint.config
        self._core, self._processor = self.checkpoint.core, self.checkpoint.processor
        self._core.generation_config = greedy_config(self._core, self._processor.tokenizer)
        self.model = self.checkpoint.name
        self.tasks = frozenset(self.checkpoint.manifest.tasks)
        self.classes = frozenset(classes or self.config.classes)
        self.batch_size = batch_size
        self.max_new_tokens = max_new_tokens
        self.cancelled = cancelled
        self.on_text = on_text

    def tiling(self, pixel_size_m: tuple[float, float] | None) -> tuple[int, int]:
        """The chip size the model was trained on, whatever the pixel size, and an overlap of an eighth."""
        return self.config.chip_size, round(self.config.chip_size * OVERLAP)

    def warnings(self, pixel_size_m: tuple[float, float] | None) -> tuple[str, ...]:
        """What a reader of results should know: of the checkpoint, and of pixels unlike those it was trained on."""
        unlike = dialogue.unlike_training(self.model, self.config.gsd_m, pixel_size_m)
        return (*self.checkpoint.warnings, *unlike)

    def answer(self, requests: Iterable[Request]) -> Iterator[Answer]:
        """Answers in the order of the requests, batch by batch; stops when the iterator is closed.

        Raises UnsupportedTask, BadOption, BadAnchors, BadImage, PromptTooLong, NotEnoughMemory, Cancelled.
        """
        source = iter(requests)
        while batch := list(islice(source, self.batch_size)):
            yield from self._answer_batch(batch)

    @torch.inference_mode()
    def _answer_batch(self, requests: Sequence[Request]) -> list[Answer]:
        styles = self.checkpoint.manifest.prompts
        asked = [
            (chip, query)
            for chip, request in enumerate(requests)
            for query in dialogue.queries(request, self.config.chip_size, styles)
        ]
        for _, query in asked:
            if query.task not in self.tasks:
                can = ", ".join(self.checkpoint.manifest.tasks)
                raise UnsupportedTask(f"{self.model} cannot do '{query.task}'.", f"It can do: {can}.")
        views = _Views(self, requests)
        answers: dict[int, Answer] = {}
        for task in dict.fromkeys(query.task for _, query in asked):
            adapter = self.checkpoint.use(task)
            tokens = views.tokens(adapter)
            mine = [(number, chip, query) for number, (chip, query) in enumerate(asked) if query.task == task]

            def ask(part: Sequence[tuple[int, int, Query]], tokens: list[Tensor] = tokens) -> list[Answer]:
                return self._ask([q for _, _, q in part], [tokens[c] for _, c, _ in part], views.grids(part))

            for (number, _, _), answer in zip(mine, self._in_batches(ask, mine), strict=True):
                answers[number] = answer
        return [answers[number] for number in range(len(asked))]

    def _ask(self, asked: Sequence[Query], tokens: list[Tensor], grids: Tensor) -> list[Answer]:
        """One batch through the language model: questions of one task about images that are encoded already."""
        started = time.monotonic()
        budget = min(BUDGETS[asked[0].task], self.max_new_tokens or BUDGETS[asked[0].task])
        prompts = [query.prompt for query in asked]
        said = generate(self._core, self._processor, prompts, tokens, grids, budget, self.cancelled, self.on_text)
        seconds = (time.monotonic() - started) / len(asked)
        return [self._answer(query, words, seconds) for query, words in zip(asked, said, strict=True)]

    def _answer(self, query: Query, said: Said, seconds: float) -> Answer:
        size = self.config.chip_size
        ended, looped = said.ended, said.looped
        return dialogue.answer(query, said.text, size, said.score, ended=ended, looped=looped, seconds=seconds)

    def _in_batches(self, work: Callable[[Sequence[T]], list[R]], items: Sequence[T]) -> list[R]:
        """The results of `work` over the items, batch by batch; when memory runs out the batch is halved for good."""
        results: list[R] = []
        while len(results) < len(items):
            part = items[len(results) : len(results) + self.batch_size]
            try:
                results += work(part)
            except (RuntimeError, MemoryError) as error:
                if not _out_of_memory(error):
                    raise
                if len(part) == 1:
                    raise NotEnoughMemory(
                        f"Memory ran out while {self.model} worked on a single chip.",
                        "Close other programs, choose another device, load in 4 or 8 bits, or use a smaller model.",
                    ) from error
                self.batch_size = len(part) // 2
                log.warning("memory ran out over a batch of %d: going on with %d", len(part), self.batch_size)
                if torch.cuda.is_available():
                    torch.cuda.empty_cache()
        return results


class _Views:
    """The chips of a batch as the model sees them: encoded when first needed, once for all adapters that allow it."""

    def __init__(self, engine: LocalEngine, requests: Sequence[Request]) -> None:
        self._engine = engine
        self._pictures = engine._processor.encode_images([picture(r.chip, engine.config.chip_size) for r in requests])
        chips = [r.chip.anchors for r in requests]
        self._anchors = anchor_tensors(chips, engine.config.prior_dim)
        self._encoded: dict[str, list[Tensor]] = {}
        self._modulated: dict[str, list[Tensor]] = {}
        sizes = self._pictures["image_grid_thw"].prod(-1).tolist()
        self._patches = torch.split(self._pictures["pixel_values"], sizes)

    def grids(self, part: Sequence[tuple[int, int, Any]]) -> Tensor:
        """image_grid_thw (N, 3) of the chips of these questions."""
        return self._pictures["image_grid_thw"][[chip for _, chip, _ in part]]

    def tokens(self, adapter: str) -> list[Tensor]:
        """Visual tokens (T, C) of each chip with its prior, under the adapter that is active."""
        if adapter not in self._modulated:
            own = adapter if self._engine.checkpoint.touches_vision(adapter) else ""
            if own not in self._encoded:
                chips = range(len(self._patches))
                self._encoded[own] = self._engine._in_batches(self._encode, chips)
            grids = [(h, w) for _, h, w in self._pictures["image_grid_thw"].tolist()]
            features, positions = per_image(len(grids), **_prior(self._anchors))
            self._modulated[adapter] = self._engine._core.model.tlm(self._encoded[own], features, positions, grids)
        return self._modulated[adapter]

    def _encode(self, chips: Sequence[int]) -> list[Tensor]:
        device = self._engine._core.device
        patches = torch.cat([self._patches[i] for i in chips]).to(device)
        grids = self._pictures["image_grid_thw"][list(chips)].to(device)
        return list(self._engine._core.model.encode_images(patches, grids).pooler_output)


def _prior(anchors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix("anchor_"): tensor for name, tensor in anchors.items()}


def _out_of_memory(error: BaseException) -> bool:
    words = str(error).lower()
    known = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return known or "out of memory" in words or "can't allocate memory" in words
