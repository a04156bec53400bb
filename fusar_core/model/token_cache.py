"""The visual tokens of images that were seen lately, so that several questions about one image encode it once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

from torch import Tensor

CACHE_BYTES = 256 * 2**20
"""At 7B a chip of 504 px takes 2.3 MB in 16 bits, once encoded and once with its prior."""


class TokenCache:
    """Tensors by key, the longest unused ones dropped when together they take more than `most_bytes` (None: never)."""

    def __init__(self, most_bytes: int | None = CACHE_BYTES) -> None:
        self.most_bytes = most_bytes
        self.bytes = 0
        self._kept: OrderedDict[Hashable, Tensor] = OrderedDict()

    def get(self, key: Hashable) -> Tensor | None:
        """The tokens kept under a key, which then counts as the last used; None where there are none, or no more."""
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def put(self, key: Hashable, tokens: Tensor) -> None:
        """Keeps tokens, and drops the longest unused until they fit; the newest stays even if it is too large alone.

        A key that is there already is left as it is.
        """
        if key in self._kept:
            return
        if self.most_bytes is not None and tokens.untyped_storage().nbytes() > tokens.nbytes:
            tokens = tokens.clone()  # a part of a batch's tensor would keep all of it in memory
        self._kept[key] = tokens
        self.bytes += tokens.nbytes
        while self.most_bytes is not None and self.bytes > self.most_bytes and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self.bytes -= oldest.nbytes

    def clear(self) -> None:
        """Drops everything, e.g. when memory ran out."""
        self._kept.clear()
        self.bytes = 0
