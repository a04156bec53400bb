"""A checkpoint at work: images are encoded, their prior is brought in, questions are answered, batch by batch.

Whoever speaks for the model drives it by this: the engine on this computer and the worker's runtime say the same words.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TypeVar

import torch
from PIL import Image
from torch import Tensor

from fusar_core.domain.reply import Reply
from fusar_core.errors import BadOption
from fusar_core.model.batches import Batches, out_of_memory
from fusar_core.model.checkpoint import load_checkpoint
from fusar_core.model.encoding import cut_up, encode, modulate
from fusar_core.model.generation import Row, check_length, generate_rows, greedy_config
from fusar_core.model.processing import anchor_arrays
from fusar_core.model.token_cache import TokenCache

DTYPES = {None: None, "float32": torch.float32, "bfloat16": torch.bfloat16}
"""Number formats to load a model in, by name; None: what suits the device."""

LENGTHS = 256
"""Questions whose length is remembered: a scene asks the same few of every chip."""

K = TypeVar("K")


@dataclass(frozen=True, eq=False)
class View:
    """An image as it is shown to the model: 8 bits, of the side it takes. anchors: its prior, if any.

    image_key, prior_key: equal ones mean equal contents, and what is encoded under them may be used again.
    """

    image: Image.Image
    image_key: Hashable
    anchors: Any | None = None
    prior_key: Hashable = ""


@dataclass(frozen=True)
class ViewQuery:
    """A question about a view, by its number. row: how it is answered; made anew when a batch has to be repeated."""

    view: int
    row: Callable[[], Row]


class Driver:
    """Used by one thread at a time.

    device, dtype (`float32`, `bfloat16`), quantization (`8bit`, `4bit`): see `load_checkpoint`. batch_size: rows, and
    images, worked on at once; halved when memory runs out. cache_bytes: of encoded images that are kept at most; None:
    all, until `forget`.

    Raises BadCheckpoint, NotEnoughMemory, MissingExtra, BadOption.
    """

    def __init__(
        self,
        directory: Path,
        *,
        device: str | None = None,
        dtype: str | None = None,
        quantization: str | None = None,
        batch_size: int = 8,
        cache_bytes: int | None = None,
    ) -> None:
        if batch_size < 1:
            raise BadOption(f"A batch of {batch_size} is none.", "Give 1 or more.")
        if dtype not in DTYPES:
            raise BadOption(f"'{dtype}' is no number format for a model.", "Choose float32 or bfloat16.")
        self.checkpoint = load_checkpoint(directory, device=device, dtype=DTYPES[dtype], quantization=quantization)
        self.config = self.checkpoint.config
        self.core, self.processor = self.checkpoint.core, self.checkpoint.processor
        self.core.generation_config = greedy_config(self.core, self.processor.tokenizer)
        self.batches = Batches(batch_size, self.checkpoint.name)
        self._cache = TokenCache(cache_bytes)
        # Of the processor, not of self: a circle would keep the weights in memory when the driver is let go.
        self._grid = lru_cache(1)(partial(_grid_of, self.processor))
        self._length = lru_cache(LENGTHS)(partial(_length_of, self.processor))

    @torch.inference_mode()
    def answer(
        self, task: str, views: Sequence[View], asked: Sequence[ViewQuery]
    ) -> tuple[list[Reply | None], set[int]]:
        """The replies to questions of one task, None where a row was cancelled; and which views were encoded for them.

        Raises UnsupportedTask, BadAnchors, BadImage, PromptTooLong, NotEnoughMemory.
        """
        tokens, fresh = self.see(views, self.checkpoint.use(task))

        def speak(part: Sequence[ViewQuery]) -> list[Reply | None]:
            rows = [one.row() for one in part]
            try:
                shown = [tokens[one.view] for one in part]
                return generate_rows(self.core, self.processor, rows, shown, self.grids(len(part)))
            except (RuntimeError, MemoryError) as error:
                if out_of_memory(error):
                    self.forget()
                raise

        return self.batches.run(speak, asked), fresh

    @torch.inference_mode()
    def see(self, views: Sequence[View], adapter: str) -> tuple[list[Tensor], set[int]]:
        """Visual tokens (T, C) of each view with its prior, under the adapter that is active, and which were encoded.

        An image is encoded once for all adapters that leave the visual encoder alone, and modulated once for each:
        views of the same image share it, in one call and from one call to the next. Bad anchors are found before
        anything is encoded.
        """
        own = adapter if self.checkpoint.touches_vision(adapter) else ""
        seen = [("seen", adapter, view.image_key, view.prior_key) for view in views]
        bare = [("bare", own, view.image_key) for view in views]
        found = {key: tokens for key in seen if (tokens := self._cache.get(key)) is not None}
        missing = [number for key, number in _first(seen).items() if key not in found]
        for number in missing:
            if views[number].anchors is not None:
                anchor_arrays(views[number].anchors, self.config.prior_dim)
        plain = {bare[n]: tokens for n in missing if (tokens := self._cache.get(bare[n])) is not None}
        fresh = [n for key, n in _first([bare[n] for n in missing], missing).items() if key not in plain]
        encoded = self.batches.run(lambda part: self._encode([views[n].image for n in part]), fresh)
        for number, tokens in zip(fresh, encoded, strict=True):
            plain[bare[number]] = tokens
            self._cache.put(bare[number], tokens)
        if missing:
            priors = [views[n].anchors for n in missing]
            with_prior = modulate(self.core, [plain[bare[n]] for n in missing], priors, self.grids(len(missing)))
            for number, tokens in zip(missing, with_prior, strict=True):
                found[seen[number]] = tokens
                self._cache.put(seen[number], tokens)
        return [found[key] for key in seen], set(fresh)

    def forget(self) -> None:
        """Drops the encoded images that are kept."""
        self._cache.clear()

    def prompt_tokens(self, question: str) -> int:
        """Tokens that an image and this question take. Raises PromptTooLong when they leave no room for an answer."""
        length = self._length(question, self.config.chip_size)
        check_length(length, self.config.text_config.max_position_embeddings)
        return length

    def grids(self, images: int) -> Tensor:
        """image_grid_thw (N, 3) of so many images, which all have the side that the model takes."""
        return self._grid(self.config.chip_size).repeat(images, 1)

    def _encode(self, images: Sequence[Image.Image]) -> list[Tensor]:
        return encode(self.core, *cut_up(self.processor, images))


def _grid_of(processor: Any, side: int) -> Tensor:
    """image_grid_thw (1, 3) of an image of this side."""
    return cut_up(processor, [Image.new("L", (side, side))])[1]


def _length_of(processor: Any, question: str, side: int) -> int:
    return int(processor.encode_prompts([question], _grid_of(processor, side))["input_ids"].shape[1])


def _first(keys: Sequence[K], numbers: Sequence[int] | None = None) -> dict[K, int]:
    """Each key once, with the number of its first place."""
    places: dict[K, int] = {}
    for key, number in zip(keys, range(len(keys)) if numbers is None else numbers, strict=True):
        places.setdefault(key, number)
    return places
