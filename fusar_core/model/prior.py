"""From anchors scattered over an image to a field on its visual tokens (paper eq. 4–10), shared by all fusions.

The field is linear in the hidden activations of the anchors, so it may be interpolated before or after the last matrix
W2, whichever has fewer rows to multiply; a Gaussian separates into rows × columns; and the mean over the patches of a
token can be taken of the weights. Nothing of size anchors × positions × channels is ever made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

GRIDS = ("patch", "merged")
"""`patch`: weights on the pre-merge patch grid, averaged per token (official release); `merged`: on tokens (paper)."""
INITS = ("default", "identity")


class PriorLinear(nn.Module):
    """Affine map of the prior branch, initialised like nn.Linear, to zero, or to pass its first inputs through.

    Not an nn.Linear on purpose: PEFT's "all-linear" and 4-/8-bit loading convert every nn.Linear they meet, and the
    prior branch must stay as it was trained.
    """

    def __init__(self, inputs: int, outputs: int, init: str = "default") -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs))
        self.bias = nn.Parameter(torch.empty(outputs))
        self.init = init
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """`default`: uniform in ±1/√inputs; `zero`: nothing comes out; `pass`: the first inputs come out unchanged."""
        if self.init == "default":
            bound = self.weight.shape[1] ** -0.5
            nn.init.uniform_(self.weight, -bound, bound)
            nn.init.uniform_(self.bias, -bound, bound)
        else:
            (nn.init.zeros_ if self.init == "zero" else nn.init.eye_)(self.weight)
            nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(…, in) to (…, out): x·Wᵀ + b."""
        return functional.linear(x, self.weight, self.bias)


def token_grid(grid_hw: tuple[int, int], merge_size: int) -> tuple[int, int]:
    """Rows and columns of visual tokens on a pre-merge patch grid (hp, wp)."""
    return grid_hw[0] // merge_size, grid_hw[1] // merge_size


def gaussian_weights(
    positions: Tensor,
    grid_hw: tuple[int, int],
    *,
    sigma: float = 2.0,
    eps: float = 1e-6,
    grid: str = "patch",
    merge_size: int = 2,
) -> Tensor:
    """How much each anchor counts at each visual token (eq. 6–9): (T, S), T = hp·wp / merge_size², in raster order.

    positions: (S, 2) float, (y, x) in [0, 1]. grid_hw: pre-merge patch grid (hp, wp). Rows sum to just under 1, and to
    less where every anchor is many sigma away. `patch` normalises twice, as the official release does.
    """
    rows, columns = grid_hw if grid == "patch" else token_grid(grid_hw, merge_size)
    by_row = _gaussian(positions[:, 0], rows, sigma)  # (S, rows)
    by_column = _gaussian(positions[:, 1], columns, sigma)  # (S, columns)
    total = by_row.T @ by_column  # Σ over anchors of eq. 7: the Gaussian separates
    scale = 1 / (total + eps)  # eq. 8
    if grid == "merged":
        return torch.einsum("sh,sw,hw->hws", by_row, by_column, scale).flatten(0, 1)
    scale = scale / (total * scale + eps)
    per_patch = torch.einsum("sh,sw,hw->hws", by_row, by_column, scale)
    m = merge_size
    per_token = per_patch.reshape(rows // m, m, columns // m, m, -1).mean((1, 3))
    return per_token.flatten(0, 1)


def _gaussian(position: Tensor, length: int, sigma: float) -> Tensor:
    """One factor of eq. 7 along one axis, (S, length); the axis' ends are the centres of its first and last cell."""
    cells = torch.arange(length, device=position.device, dtype=position.dtype)
    distance = cells - position[:, None] * (length - 1)  # eq. 6
    return torch.exp(-distance.square() / (2 * sigma**2))


class PriorFusion(nn.Module):
    """Base of the ways to bring anchors into visual tokens: hidden = SiLU(W1·v + b1), field = Gaussian mean of
    W2·hidden + b2.

    channels: C of the tokens. outputs: channels of the field. hidden_dim: max(128, 4·C) when None. init: `identity`
    makes an untrained module change nothing.
    """

    def __init__(
        self,
        channels: int,
        outputs: int,
        prior_dim: int = 64,
        hidden_dim: int | None = None,
        sigma: float = 2.0,
        eps: float = 1e-6,
        grid: str = "patch",
        merge_size: int = 2,
        init: str = "default",
        last_init: str | None = None,
    ) -> None:
        super().__init__()
        if grid not in GRIDS:
            raise ValueError(f"grid is '{grid}'; it must be one of {', '.join(GRIDS)}")
        if init not in INITS:
            raise ValueError(f"init is '{init}'; it must be one of {', '.join(INITS)}")
        if not sigma > 0:
            raise ValueError(f"sigma is {sigma}; it must be positive")
        self.channels, self.sigma, self.eps, self.grid, self.merge_size = channels, sigma, eps, grid, merge_size
        hidden_dim = max(128, 4 * channels) if hidden_dim is None else hidden_dim
        self.hidden = PriorLinear(prior_dim, hidden_dim)
        self.field = PriorLinear(hidden_dim, outputs, last_init or ("zero" if init == "identity" else "default"))

    def combine(self, tokens: Tensor, field: Tensor | None) -> Tensor:
        """Tokens (T, C) and their field (T, outputs), None where the image has no anchor → tokens (T, C)."""
        raise NotImplementedError

    def forward(
        self, tokens: Tensor | Sequence[Tensor], features: Any, positions: Any, grid_hw: Any
    ) -> Tensor | list[Tensor]:
        """Tokens of one image, or of several with differing grids and numbers of anchors, with the prior brought in.

        tokens: (T, C) in raster order. features: (S, 64). positions: (S, 2) as (y, x) in [0, 1]. grid_hw: the pre-merge
        patch grid (hp, wp), T = hp·wp / merge_size². For several images, sequences of these; an image without a prior
        has None or S = 0. Raises ValueError when T does not fit the grid.
        """
        if isinstance(tokens, Tensor):
            return self([tokens], [features], [positions], [grid_hw])[0]
        fields = self._fields(tokens, features, positions, grid_hw)
        return [self.combine(t, f) for t, f in zip(tokens, fields, strict=True)]

    def _fields(
        self,
        tokens: Sequence[Tensor],
        features: Sequence[Tensor | None],
        positions: Sequence[Tensor | None],
        grids: Sequence[tuple[int, int]],
    ) -> list[Tensor | None]:
        """The field of each image: one product with W1 and one with W2 for all of them."""
        dtype, device = self.hidden.weight.dtype, self.hidden.weight.device
        precise = torch.promote_types(dtype, torch.float32)
        vectors, weights = [], []
        used = []
        for i, (image, feature, position, grid_hw) in enumerate(zip(tokens, features, positions, grids, strict=True)):
            rows, columns = token_grid(grid_hw, self.merge_size)
            if image.shape != (rows * columns, self.channels):
                raise ValueError(
                    f"tokens of shape {tuple(image.shape)} do not fit a patch grid of {grid_hw[0]} × {grid_hw[1]}: "
                    f"({rows * columns}, {self.channels}) was expected"
                )
            if feature is None or position is None or len(feature) == 0:
                if not self.training:
                    continue
                # In training a field of exact zeros keeps every parameter in the graph, which data parallelism needs.
                feature = torch.zeros(1, self.hidden.weight.shape[1], device=device)
                weight = torch.zeros(rows * columns, 1, device=device, dtype=precise)
            else:
                weight = gaussian_weights(
                    position.to(device, precise),
                    grid_hw,
                    sigma=self.sigma,
                    eps=self.eps,
                    grid=self.grid,
                    merge_size=self.merge_size,
                )
            used.append(i)
            vectors.append(feature.to(device, dtype))
            weights.append(weight)
        fields: list[Tensor | None] = [None] * len(tokens)
        if used:
            for i, field in zip(used, self._interpolate(vectors, weights), strict=True):
                fields[i] = field
        return fields

    def _interpolates_early(self, tokens: int, anchors: int) -> bool:
        """Whether interpolating the hidden activations, before W2, takes fewer multiplications than after it."""
        outputs, hidden = self.field.weight.shape
        return hidden * outputs * (anchors - tokens) > tokens * anchors * (hidden - outputs)

    def _interpolate(self, vectors: list[Tensor], weights: list[Tensor]) -> list[Tensor]:
        """Eq. 4, 5 and 10: per image Wᵀ(Γ, B), as (W·hidden)·W2ᵀ where that is cheaper."""
        dtype = self.field.weight.dtype
        hidden = functional.silu(self.hidden(torch.cat(vectors)))
        early = [self._interpolates_early(*w.shape) for w in weights]
        apart = torch.split(hidden, [len(v) for v in vectors])
        rows = [w.to(dtype) @ h if e else h for w, h, e in zip(weights, apart, early, strict=True)]
        wide = torch.split(functional.linear(torch.cat(rows), self.field.weight), [len(r) for r in rows])
        bias = self.field.bias
        return [
            torch.addcmul(x, w.sum(1, keepdim=True).to(dtype), bias) if e else w.to(dtype) @ (x + bias)
            for x, w, e in zip(wide, weights, early, strict=True)
        ]
