"""TLM, token-wise linear modulation: anchors scale and shift every channel of every visual token (paper eq. 4–11)."""

from __future__ import annotations

import torch
from torch import Tensor

from fusar_core.model.prior import PriorFusion


class TokenwiseLinearModulation(PriorFusion):
    """x' = x ⊙ (1 + γ) + β (eq. 11); γ is the first half of the field's channels, β the second.

    channels: C of the tokens (3584 at 7B). hidden_dim: max(128, 4·C) when None. grid: `patch` is the function of the
    official release (Gaussian on the pre-merge patch grid, sigma in patches, normalised twice, averaged per token),
    `merged` the paper's text (on the tokens, sigma in tokens). init: `identity` zeroes the last layer.
    """

    def __init__(
        self,
        channels: int,
        prior_dim: int = 64,
        hidden_dim: int | None = None,
        sigma: float = 2.0,
        eps: float = 1e-6,
        grid: str = "patch",
        merge_size: int = 2,
        init: str = "default",
    ) -> None:
        super().__init__(channels, 2 * channels, prior_dim, hidden_dim, sigma, eps, grid, merge_size, init)

    def combine(self, tokens: Tensor, field: Tensor | None) -> Tensor:
        if field is None:
            return tokens
        # In bf16, 1 + γ would lose all but eight bits of γ: modulate in fp32 and round once.
        precise = torch.promote_types(torch.promote_types(tokens.dtype, field.dtype), torch.float32)
        gamma, beta = field.to(tokens.device, precise).chunk(2, dim=-1)
        return torch.addcmul(beta, tokens.to(precise), 1 + gamma).to(tokens.dtype)
