"""An auxiliary task for small models: from each visual token, which targets have their centre in it, on what ground.

Without it a model from nothing takes several times as many chips to see targets at all.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from fusar_core.domain.schema import CELLS_PER_SIDE
from training.stages.coordinates import CoordinateLoss
from training.stages.samples import Sample

BOX = 4
MOST_IN_ORDER = 16
"""Targets of a class that are told apart by their number in the answer; those after the last share its number."""
BOX_EXACT = 0.05
"""Tokens: 1.4 px of 28. A quadratic loss up to a whole token would hardly ask for more than the right token."""
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

        Counts by a Poisson likelihood (log rate) where they are known, boxes by L1 (smooth below BOX_EXACT) where there
        is one, and cover by cross-entropy where it is known.
        """
        counts, boxes, covers = self.out(tokens.float()).split(self.parts, dim=1)
        true_counts, true_boxes, true_covers = targets.split((self.parts[0], BOX, 1), dim=1)
        counted = ~true_counts.isnan()
        of_each = functional.poisson_nll_loss(counts, true_counts.nan_to_num(), reduction="none")
        loss = of_each[counted].sum() / counted.sum().clamp(min=1)
        loss = loss + 0 * (boxes.sum() + covers.sum())  # every weight has a gradient, whatever the batch holds
        boxed, known = ~true_boxes[:, 0].isnan(), true_covers[:, 0] >= 0
        if boxed.any():
            loss = loss + 2 * functional.smooth_l1_loss(boxes[boxed], true_boxes[boxed], beta=BOX_EXACT)
        if known.any():
            loss = loss + 0.3 * functional.cross_entropy(covers[known], true_covers[known, 0].long())
        return loss


class DenseHeads(nn.Module):
    """A head on the tokens that the language model gets (`fused`), and one on what a layer makes of them (`deeper`).

    After that layer each token also has to know how many targets of its target's class an answer names before it, and
    with `corners` where in the chip it is.
    """

    def __init__(self, channels: int, classes: int, deeper: bool = False, corners: bool = False) -> None:
        super().__init__()
        self.fused = DenseHead(channels, classes)
        self.deeper = DenseHead(channels, classes) if deeper else None
        self.order = nn.Linear(channels, classes * MOST_IN_ORDER) if deeper else None
        self.corners = nn.Linear(channels, BOX * channels) if corners else None

    def order_loss(self, states: Tensor, numbers: Tensor) -> Tensor:
        """Cross-entropy of what states (N, C) of visual tokens say against the numbers (N, classes) of `order_targets`.

        An answer names targets one after the other: which one is next is hard to tell from places alone.
        """
        assert self.order is not None
        there = numbers >= 0
        said = self.order(states.float()).unflatten(1, (-1, MOST_IN_ORDER))[there]
        if not there.any():
            return said.sum()
        return functional.cross_entropy(said, numbers[there])

    def corners_loss(self, states: Tensor, pixels: Tensor, words: Tensor, loss: CoordinateLoss) -> Tensor:
        """How far what states (N, C) of visual tokens say about corners is from pixels (N, 4), NaN without a target.

        words: (numbers, C), embeddings of the tokens of `loss`: a state says a number by pointing to its word, as the
        model does when it answers.
        """
        assert self.corners is not None
        there = ~pixels[:, 0].isnan()
        scores = self.corners(states[there].float()).unflatten(1, (BOX, -1)) @ words.float().T
        if not there.any():
            return scores.sum()
        said = functional.log_softmax(scores.flatten(0, 1), dim=1)
        return loss.divergence(said, loss.nearest(pixels[there].flatten())).mean()


def dense_targets(samples: Sequence[Sample], sides: Sequence[tuple[int, int]], classes: int) -> Tensor:
    """(Σ rows·columns, classes + 5) float32 for `DenseHead.loss`; sides: rows and columns of each chip's tokens.

    The number of targets is NaN of a class that the source does not label. A box is said by its centre within the
    token (0…1) and its width and height in tokens, NaN without one; then the number of the dominant cover of the grid
    cell that holds the token, -1 where unknown.
    """
    parts = []
    for sample, (rows, columns) in zip(samples, sides, strict=True):
        grid = torch.zeros(rows, columns, classes + BOX + 1)
        grid[..., [*sample.unlabelled, *range(classes, classes + BOX)]] = torch.nan
        grid[..., -1] = _covers(sample.cover, rows, columns)
        height, width = sample.image.shape
        for x1, y1, x2, y2, label in sample.boxes:
            row, column = _token((x1, y1, x2, y2), (height, width), rows, columns)
            x, y = (x1 + x2) / 2 * columns / width, (y1 + y2) / 2 * rows / height
            grid[row, column, label] += 1
            box = (x - column, y - row, (x2 - x1) * columns / width, (y2 - y1) * rows / height)
            grid[row, column, classes:-1] = torch.tensor(box)
        parts.append(grid.flatten(0, 1))
    return torch.cat(parts)


def corner_targets(samples: Sequence[Sample], sides: Sequence[tuple[int, int]]) -> Tensor:
    """(Σ rows·columns, 4) float32: x1, y1, x2, y2 of a target with its centre in the token, NaN without one."""
    parts = []
    for sample, (rows, columns) in zip(samples, sides, strict=True):
        grid = torch.full((rows, columns, BOX), torch.nan)
        for *box, _ in sample.boxes:
            grid[_token(box, sample.image.shape, rows, columns)] = torch.tensor(box)
        parts.append(grid.flatten(0, 1))
    return torch.cat(parts)


def order_targets(samples: Sequence[Sample], sides: Sequence[tuple[int, int]], classes: int) -> Tensor:
    """(Σ rows·columns, classes) int64: how many targets of a class come before the first one with its centre in the
    token, in the order of `training.data.truth.written`; -1 without one."""
    parts = []
    for sample, (rows, columns) in zip(samples, sides, strict=True):
        grid = torch.full((rows, columns, classes), -1)
        places = [(*_token(box, sample.image.shape, rows, columns), label) for *box, label in sample.boxes]
        for label in range(classes):
            for number, (row, column, _) in enumerate(sorted(p for p in places if p[2] == label)):
                if grid[row, column, label] < 0:
                    grid[row, column, label] = min(number, MOST_IN_ORDER - 1)
        parts.append(grid.flatten(0, 1))
    return torch.cat(parts)


def _token(box: Sequence[float], shape: tuple[int, ...], rows: int, columns: int) -> tuple[int, int]:
    """Row and column of the token that holds the centre of a box in a chip of that (height, width)."""
    x, y = (box[0] + box[2]) / 2 * columns / shape[1], (box[1] + box[3]) / 2 * rows / shape[0]
    return min(int(y), rows - 1), min(int(x), columns - 1)


def _covers(cells: Sequence[str], rows: int, columns: int) -> Tensor:
    numbers = torch.tensor([COVERS.index(c) if c in COVERS else -1 for c in cells or ("",) * CELLS_PER_SIDE**2])
    down = torch.arange(rows) * CELLS_PER_SIDE // rows
    along = torch.arange(columns) * CELLS_PER_SIDE // columns
    return numbers.reshape(CELLS_PER_SIDE, CELLS_PER_SIDE)[down[:, None], along]
