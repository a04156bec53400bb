"""A coordinate next to the true one is nearly right: soft targets for the numbers of boxes.

Cross-entropy alone takes 52 for 50 to be as wrong as 150. A model made from nothing learns where boxes are in far fewer
steps when what it should say is spread over the neighbours of the true number.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.errors import BadRecipe


class CoordinateLoss(nn.Module):
    """Divergence of what is said from a Gaussian around the true number (standard deviation `spread` pixels).

    Only the numbers that answers use have weight: multiples of `step` from 0 to `size`. The tokenizer has to say each
    in one token. Raises BadRecipe where it does not.
    """

    tokens: Tensor
    near: Tensor
    lookup: Tensor

    def __init__(self, tokenizer: Any, size: int, step: int, spread: float) -> None:
        super().__init__()
        self.step = step
        values = [*range(0, size + 1, step)]
        ids = [tokenizer(str(v), add_special_tokens=False)["input_ids"] for v in values]
        if any(len(i) != 1 for i in ids):
            raise BadRecipe(
                f"This model says {values[[len(i) == 1 for i in ids].index(False)]} in several tokens; box_spread "
                "needs numbers of one token.",
                "Say box_spread: 0.",
            )
        tokens, places = torch.tensor(ids).flatten(), torch.tensor(values, dtype=torch.float32)
        near = torch.exp(-((places[:, None] - places) ** 2) / (2 * spread**2))
        self.register_buffer("tokens", tokens)
        self.register_buffer("near", near / near.sum(1, keepdim=True))
        lookup = torch.full((len(tokenizer),), -1)
        lookup[tokens] = torch.arange(len(values))
        self.register_buffer("lookup", lookup)

    def forward(self, scores: Tensor, labels: Tensor, losses: Tensor, of_boxes: Tensor) -> Tensor:
        """Losses (N,) with those of coordinates replaced. scores: (N, V); labels: (N,); of_boxes: (N,) bool, whether a
        token belongs to an answer that says boxes."""
        which = self.lookup[labels]
        here = of_boxes & (which >= 0)
        if not here.any():
            return losses
        said = functional.log_softmax(scores[here].float(), dim=1)[:, self.tokens]
        return losses.masked_scatter(here, self.divergence(said, which[here]))

    def nearest(self, pixels: Tensor) -> Tensor:
        """Which of the numbers is nearest to each of these pixels."""
        return (pixels / self.step).round().long().clamp(0, len(self.tokens) - 1)

    def divergence(self, said: Tensor, which: Tensor) -> Tensor:
        """(N,): of log-probabilities (N, numbers) from the Gaussian around number `which` (N,)."""
        wanted = self.near[which]
        return (torch.special.xlogy(wanted, wanted) - wanted * said).sum(1)
