"""The `fusar` engine: FUSAR-GPT on this computer, through transformers.

Chips and questions are batched; an image is encoded once for all its questions, and its tokens are modulated once for
each adapter that has a TLM of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fusar_core.domain.answers import Answer, Request
from fusar_core.engines import dialogue
from fusar_core.engines.dialogue import OVERLAP, Query, picture
from fusar_core.errors import BadOption, UnsupportedTask
from fusar_core.model.batches import Batches
from fusar_core.model.bundled import model_directory
from fusar_core.model.checkpoint import load_checkpoint
from fusar_core.model.encoding import cut_up, encode, modulate
from fusar_core.model.generation import Said, generate, greedy_config
from fusar_core.model.processing import anchor_arrays
from fusar_core.tasks import TASKS

DTYPES = {None: None, "float32": torch.float32, "bfloat16": torch.bfloat16}


class LocalEngine:
    """Answers every task of its checkpoint, greedily.

    model: a FUSAR-GPT directory; the fusar-nano that comes with the engine when None. device, quantization (`8bit`,
    `4bit`): see `load_checkpoint`. dtype: `float32` or `bfloat16`. batch_size: chips, and questions, worked on at once;
    halved when memory runs out. classes: those that may be asked for, instead of the checkpoint's own. max_new_tokens:
    a tighter limit for every answer. cancelled: asked between tokens. on_text: gets the words of a question asked
    alone as they come.

    Raises BadCheckpoint, NotEnoughMemory, MissingExtra, BadOption.
    """

    name = "fusar"
    derived: frozenset[str] = frozenset()

    def __init__(
        self,
        model: str | Path | None = None,
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
        self.checkpoint = load_checkpoint(
            model_directory(model), device=device, dtype=DTYPES[dtype], quantization=quantization
        )
        self.config = self.checkpoint.config
        self._core, self._processor = self.checkpoint.core, self.checkpoint.processor
        self._core.generation_config = greedy_config(self._core, self._processor.tokenizer)
        self.model = self.checkpoint.name
        self.tasks = frozenset(self.checkpoint.manifest.tasks)
        self.classes = frozenset(classes or self.config.classes)
        self._batches = Batches(batch_size, self.model)
        self.max_new_tokens = max_new_tokens
        self.cancelled = cancelled
        self.on_text = on_text

    @property
    def takes_prior(self) -> bool:
        """Whether the checkpoint has a way to bring anchors in."""
        return self.config.fusion != "none"

    @property
    def batch_size(self) -> int:
        """Chips, and questions, worked on at once."""
        return self._batches.size

    @batch_size.setter
    def batch_size(self, size: int) -> None:
        self._batches.size = size

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

            for (number, _, _), answer in zip(mine, self._batches.run(ask, mine), strict=True):
                answers[number] = answer
        return [answers[number] for number in range(len(asked))]

    def _ask(self, asked: Sequence[Query], tokens: list[Tensor], grids: Tensor) -> list[Answer]:
        """One batch through the language model: questions of one task about images that are encoded already."""
        started = time.monotonic()
        budget = TASKS[asked[0].task].budget
        budget = min(budget, self.max_new_tokens or budget)
        prompts = [query.prompt for query in asked]
        said = generate(self._core, self._processor, prompts, tokens, grids, budget, self.cancelled, self.on_text)
        seconds = (time.monotonic() - started) / len(asked)
        return [self._answer(query, words, seconds) for query, words in zip(asked, said, strict=True)]

    def _answer(self, query: Query, said: Said, seconds: float) -> Answer:
        return dialogue.answer(query, said.text, said.score, ended=said.ended, looped=said.looped, seconds=seconds)


class _Views:
    """The chips of a batch as the model sees them: encoded when first needed, once for all adapters that allow it."""

    def __init__(self, engine: LocalEngine, requests: Sequence[Request]) -> None:
        self._engine = engine
        pictures = [picture(r.chip, engine.config.chip_size) for r in requests]
        self._patches, self._grids = cut_up(engine._processor, pictures)
        self._anchors = [r.chip.anchors for r in requests]
        for anchors in self._anchors:
            if anchors is not None:
                anchor_arrays(anchors, engine.config.prior_dim)  # bad ones are found before anything is encoded
        self._encoded: dict[str, list[Tensor]] = {}
        self._modulated: dict[str, list[Tensor]] = {}

    def grids(self, part: Sequence[tuple[int, int, Any]]) -> Tensor:
        """image_grid_thw (N, 3) of the chips of these questions."""
        return self._grids[[chip for _, chip, _ in part]]

    def tokens(self, adapter: str) -> list[Tensor]:
        """Visual tokens (T, C) of each chip with its prior, under the adapter that is active."""
        if adapter not in self._modulated:
            own = adapter if self._engine.checkpoint.touches_vision(adapter) else ""
            if own not in self._encoded:
                chips = range(len(self._patches))
                self._encoded[own] = self._engine._batches.run(self._encode, chips)
            self._modulated[adapter] = modulate(self._engine._core, self._encoded[own], self._anchors, self._grids)
        return self._modulated[adapter]

    def _encode(self, chips: Sequence[int]) -> list[Tensor]:
        return encode(self._engine._core, [self._patches[i] for i in chips], self._grids[list(chips)])
