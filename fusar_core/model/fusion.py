"""The baselines of the paper's Table 6 beside TLM, with the same call: sum, concat, none; and the choice among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from fusar_core.model.prior import PriorFusion, PriorLinear
from fusar_core.model.tlm import TokenwiseLinearModulation


class SumFusion(PriorFusion):
    """x' = x + p: the prior's field p, brought to C channels by the same MLP and the same Gaussian, is added."""

    def __init__(self, channels: int, **options: Any) -> None:
        super().__init__(channels, channels, **options)

    def combine(self, tokens: Tensor, field: Tensor | None) -> Tensor:
        return tokens if field is None else tokens + field.to(tokens.device, tokens.dtype)


class ConcatFusion(PriorFusion):
    """x' = W·[x; p] + b: token and field side by side, brought back to C channels. Without a prior p is zero."""

    def __init__(self, channels: int, init: str = "default", **options: Any) -> None:
        super().__init__(channels, channels, init=init, last_init="default", **options)
        self.join = PriorLinear(2 * channels, channels, "pass" if init == "identity" else "default")

    def combine(self, tokens: Tensor, field: Tensor | None) -> Tensor:
        field = torch.zeros_like(tokens) if field is None else field
        both = torch.cat([tokens.to(self.join.weight), field.to(self.join.weight)], dim=-1)
        return self.join(both).to(tokens)


class NoFusion(nn.Module):
    """x' = x: the model without a prior."""

    def forward(
        self, tokens: Tensor | Sequence[Tensor], features: Any, positions: Any, grid_hw: Any
    ) -> Tensor | list[Tensor]:
        """The tokens as they came, whatever the prior: a tensor, or a list where images differ in size."""
        return tokens if isinstance(tokens, Tensor) else list(tokens)


FUSIONS: dict[str, type[nn.Module]] = {
    "tlm": TokenwiseLinearModulation,
    "sum": SumFusion,
    "concat": ConcatFusion,
    "none": NoFusion,
}


def build_fusion(name: str, **options: Any) -> nn.Module:
    """The fusion of that name; the options are those of `TokenwiseLinearModulation`. Raises ValueError."""
    if name not in FUSIONS:
        raise ValueError(f"fusion is '{name}'; it must be one of {', '.join(FUSIONS)}")
    return NoFusion() if name == "none" else FUSIONS[name](**options)
