"""Work in batches that shrink when memory runs out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

import torch

from fusar_core.errors import NotEnoughMemory

T = TypeVar("T")
R = TypeVar("R")

log = logging.getLogger(__name__)


class Batches:
    """size: of a batch; halved for good when memory runs out. model: its name, for the message when that is no help."""

    def __init__(self, size: int, model: str) -> None:
        self.size = size
        self.model = model

    def run(self, work: Callable[[Sequence[T]], list[R]], items: Sequence[T]) -> list[R]:
        """The results of `work` over the items, batch by batch.

        Raises NotEnoughMemory when a single one is too much.
        """
        results: list[R] = []
        while len(results) < len(items):
            part = items[len(results) : len(results) + self.size]
            try:
                results += work(part)
            except (RuntimeError, MemoryError) as error:
                if not out_of_memory(error):
                    raise
                if len(part) == 1:
                    raise NotEnoughMemory(
                        f"Memory ran out while {self.model} worked on a single chip.",
                        "Close other programs, choose another device, load in 4 or 8 bits, or use a smaller model.",
                    ) from error
                self.size = len(part) // 2
                log.warning("memory ran out over a batch of %d: going on with %d", len(part), self.size)
                if torch.cuda.is_available():
                    torch.cuda.empty_cache()
        return results


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on a GPU or elsewhere."""
    words = str(error).lower()
    known = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return known or "out of memory" in words or "can't allocate memory" in words
