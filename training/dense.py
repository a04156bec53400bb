"""An auxiliary task for small models: from each visual token, which targets have their centre in it, on what ground.

Without it a model from nothing takes several times as many chips to see targets at all.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from fusar_core.tasks.localization import GRID_SIDE
from training.samples import Sample

BOX = 4
COVERS = ("water", "trees", "grass", "flooded_vegetation", "crops", "shrub", "built", "bare", "snow")
"""Land cover that descriptions speak of: the classes of Dynamic World, in its order."""


class DenseHead(nn.Module):
    """Linear map of a visual token (C) to how many targets of each class it holds, the box of one, and its cover."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.parts = (classes, BOX, len(COVERS))
        self.out = nn.Linear(channels, sum(self.parts))

    def loss(self, tokens: Tensor, targets: Tensor) -> Tensor:
        """tokens: (N, C). targets: (N, classes + 5) of `dense_targets`.

        Counts by a Poisson likelihood (log rate), boxes by smooth L1 where there is one, cover by cross-entropy where
        it is known.
        """
        counts, boxes, covers = self.out(tokens.float()).split(self.parts, dim=1)
        true_counts, true_boxes, true_covers = targets.split((self.parts[0], BOX, 1), dim=1)
        loss = functional.poisson_nll_loss(counts, true_counts)
        loss = loss + 0 * (boxes.sum() + covers.sum())  # every weight has a gradient, whatever the batch holds
        boxed, known = ~true_boxes[:, 0].isnan(), true_covers[:, 0] >= 0
        if boxed.any():
            loss = loss + functional.smooth_l1_loss(boxes[boxed], true_boxes[boxed])
        if known.any():
            loss = loss + 0.3 * functional.cross_entropy(covers[known], true_covers[known, 0].long())
        return loss


def dense_targets(samples: Sequence[Sample], sides: Sequence[tuple[int, int]], classes: int) -> Tensor:
    """(Σ rows·columns, classes + 5) float32 for `DenseHead.loss`; sides: rows and columns of each chip's tokens.

    A box is said by its centre within the token (0…1) and its width and height in tokens, NaN without one; then the
    number of the dominant cover of the grid cell that holds the token, -1 where unknown.
    """
    parts = []
    for sample, (rows, columns) in zip(samples, sides, strict=True):
        grid = torch.zeros(rows, columns, classes + BOX + 1)
        grid[..., classes:-1] = torch.nan
        grid[..., -1] = _covers(sample.cover, rows, columns)
        height, width = sample.image.shape
        for x1, y1, x2, y2, label in sample.boxes:
            x, y = (x1 + x2) / 2 * columns / width, (y1 + y2) / 2 * rows / height
            column, row = min(int(x), columns - 1), min(int(y), rows - 1)
            grid[row, column, label] += 1
            box = (x - column, y - row, (x2 - x1) * columns / width, (y2 - y1) * rows / height)
            grid[row, column, classes:-1] = torch.tensor(box)
        parts.append(grid.flatten(0, 1))
    return torch.cat(parts)


def _covers(cells: Sequence[str], rows: int, columns: int) -> Tensor:
    numbers = torch.tensor([COVERS.index(c) if c in COVERS else -1 for c in cells or ("",) * GRID_SIDE**2])
    down = torch.arange(rows) * GRID_SIDE // rows
    along = torch.arange(columns) * GRID_SIDE // columns
    return numbers.reshape(GRID_SIDE, GRID_SIDE)[down[:, None], along]
