"""An auxiliary task for small models: from each visual token, which targets have their centre in it, and where.

Without it a model from nothing takes several times as many chips to see targets at all.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.samples import Sample

BOX = 4


class DenseHead(nn.Module):
    """Linear map of a visual token (C) to how many targets of each class it holds, and the box of one of them."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.out = nn.Linear(channels, classes + BOX)

    def loss(self, tokens: Tensor, targets: Tensor) -> Tensor:
        """tokens: (N, C). targets: (N, classes + 4): counts, then the box in tokens, NaN where there is none.

        Counts by a Poisson likelihood (log rate), boxes by smooth L1 where there is one.
        """
        said = self.out(tokens.float())
        counts = functional.poisson_nll_loss(said[:, : self.classes], targets[:, : self.classes])
        boxed = ~targets[:, -1].isnan()
        if not boxed.any():
            return counts + 0 * said[:, self.classes :].sum()
        return counts + functional.smooth_l1_loss(said[boxed, self.classes :], targets[boxed, self.classes :])


def dense_targets(samples: Sequence[Sample], sides: Sequence[tuple[int, int]], classes: int) -> Tensor:
    """(Σ rows·columns, classes + 4) float32 for `DenseHead.loss`; sides: rows and columns of each chip's tokens.

    A box is said by its centre within the token (0…1) and its width and height in tokens.
    """
    parts = []
    for sample, (rows, columns) in zip(samples, sides, strict=True):
        grid = torch.zeros(rows, columns, classes + BOX)
        grid[..., classes:] = torch.nan
        height, width = sample.image.shape
        for x1, y1, x2, y2, label in sample.boxes:
            x, y = (x1 + x2) / 2 * columns / width, (y1 + y2) / 2 * rows / height
            column, row = min(int(x), columns - 1), min(int(y), rows - 1)
            grid[row, column, label] += 1
            box = (x - column, y - row, (x2 - x1) * columns / width, (y2 - y1) * rows / height)
            grid[row, column, classes:] = torch.tensor(box)
        parts.append(grid.flatten(0, 1))
    return torch.cat(parts)
