"""The auxiliary task: what is in each visual token."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from training.data.truth import written
from training.runs.nano import make_tokenizer
from training.stages.coordinates import CoordinateLoss
from training.stages.dense import (
    COVERS,
    MOST_IN_ORDER,
    DenseHead,
    DenseHeads,
    corner_targets,
    dense_targets,
    order_targets,
)
from training.stages.samples import Sample


def sample(boxes: tuple = (), cover: tuple[str, ...] = (), size: tuple[int, int] = (84, 84)) -> Sample:
    return Sample("a", np.zeros(size, np.uint8), None, (), boxes, cover)


def test_a_target_belongs_to_the_token_that_holds_its_centre() -> None:
    found = dense_targets([sample(((30.0, 2.0, 44.0, 12.0, 1), (50.0, 5.0, 52.0, 9.0, 0)))], [(3, 3)], 2)
    grid = found.reshape(3, 3, 7)
    assert grid[0, 1, :2].tolist() == [1, 1]  # centres (37, 7) and (51, 7): both in the middle of the first row
    assert grid[..., :2].sum() == 2
    x, y, width, height = grid[0, 1, 2:6].tolist()  # of the last one
    np.testing.assert_allclose([x, y, width, height], [51 / 28 - 1, 7 / 28, 2 / 28, 4 / 28], rtol=1e-6)
    assert grid[1, 1, 2:6].isnan().all()


def test_a_centre_on_the_far_edge_belongs_to_the_last_token() -> None:
    grid = dense_targets([sample(((83.0, 83.0, 85.0, 85.0, 0),))], [(3, 3)], 1).reshape(3, 3, 6)
    assert grid[2, 2, 0] == 1


def test_cover_is_that_of_the_grid_cell_around_the_token() -> None:
    cover = ("water", "water", "built", "trees", "nonsense", "built", "snow", "bare", "crops")
    covers = dense_targets([sample(cover=cover)], [(6, 6)], 1)[:, -1].reshape(6, 6)
    for row in range(6):
        for column in range(6):
            name = cover[row // 2 * 3 + column // 2]
            assert covers[row, column] == (COVERS.index(name) if name in COVERS else -1)
    assert (dense_targets([sample()], [(6, 6)], 1)[:, -1] == -1).all()


def test_classes_that_a_source_does_not_label_are_not_learnt() -> None:
    """Neither that there are none, nor that there are any: the loss does not depend on what is said of them."""
    chip = replace(sample(((30.0, 2.0, 44.0, 12.0, 1),)), unlabelled=(0,))
    targets = dense_targets([chip], [(3, 3)], 2)
    assert targets[:, 0].isnan().all()
    assert targets[:, 1].sum() == 1
    head, tokens = DenseHead(4, 2), torch.ones(9, 4)
    before = head.loss(tokens, targets)
    with torch.no_grad():
        head.out.bias[0] += 5
    assert torch.equal(head.loss(tokens, targets), before)
    with torch.no_grad():
        head.out.bias[1] += 5
    assert not torch.equal(head.loss(tokens, targets), before)
    nothing = dense_targets([replace(sample(), unlabelled=(0, 1))], [(3, 3)], 2)
    assert head.loss(tokens, nothing) == 0


def test_chips_of_several_shapes_follow_each_other() -> None:
    both = dense_targets([sample(((0.0, 0.0, 2.0, 2.0, 0),)), sample(size=(56, 84))], [(3, 3), (2, 3)], 1)
    assert both.shape == (9 + 6, 6)
    assert both[0, 0] == 1
    assert both[9:, 0].sum() == 0


def test_every_weight_gets_a_gradient_whatever_the_batch_holds() -> None:
    for boxes, cover in (((), ()), (((1.0, 1.0, 9.0, 9.0, 0),), ("water",) * 9)):
        head = DenseHead(8, 2)
        head.loss(torch.randn(9, 8), dense_targets([sample(boxes, cover)], [(3, 3)], 2)).backward()
        assert head.out.weight.grad is not None
        assert head.out.weight.grad.isfinite().all()


def test_the_truth_has_less_loss_than_anything_else() -> None:
    truth = dense_targets([sample(((30.0, 2.0, 44.0, 12.0, 1),), ("water",) * 9)], [(3, 3)], 2)
    right = torch.zeros(9, 2 + 4 + len(COVERS))
    right[:, :2] = (truth[:, :2] + 1e-4).log()
    right[:, 2:6] = truth[:, 2:6].nan_to_num()
    right[:, 6 + COVERS.index("water")] = 20

    def loss(said: torch.Tensor) -> float:
        head = DenseHead(said.shape[1], 2)
        with torch.no_grad():
            head.out.weight.copy_(torch.eye(said.shape[1]))
            head.out.bias.zero_()
        return head.loss(said, truth).item()

    best = loss(right)
    for column, by in ((0, 8), (1, -1), (2, 1), (5, 1), (6 + COVERS.index("trees"), 30)):
        wrong = right.clone()
        wrong[:, column] += by  # a count, a place, a height, a cover
        assert loss(wrong) > best + 0.01


def test_corners_are_said_in_pixels_of_the_chip_where_the_centre_is() -> None:
    found = corner_targets([sample(((30.0, 2.0, 44.0, 12.0, 1),)), sample()], [(3, 3), (3, 3)])
    assert found.shape == (18, 4)
    assert found[1].tolist() == [30, 2, 44, 12]
    assert found[[0, *range(2, 18)]].isnan().all()


def test_a_state_that_points_to_the_right_numbers_has_less_loss() -> None:
    numbers = CoordinateLoss(make_tokenizer(["a"], merges=1), 84, 2, 2.0)
    pixels = torch.tensor([[torch.nan] * 4, [30.0, 2.0, 44.0, 12.0]])
    words = torch.eye(43)
    heads = DenseHeads(43, 2, deeper=True, corners=True)
    assert heads.corners is not None

    def loss(said: list[int]) -> float:
        with torch.no_grad():
            heads.corners.weight.zero_()
            heads.corners.bias.copy_(torch.cat([8 * words[n // 2] for n in said]))
            return heads.corners_loss(torch.randn(2, 43), pixels, words, numbers).item()

    assert loss([30, 2, 44, 12]) < loss([32, 2, 44, 12]) < loss([36, 2, 44, 12])


def test_a_batch_without_targets_still_gives_every_weight_a_gradient() -> None:
    numbers = CoordinateLoss(make_tokenizer(["a"], merges=1), 84, 2, 2.0)
    heads = DenseHeads(8, 2, deeper=True, corners=True)
    assert heads.corners is not None
    heads.corners_loss(torch.randn(9, 8), torch.full((9, 4), torch.nan), torch.randn(43, 8), numbers).backward()
    assert heads.corners.weight.grad is not None


@given(st.lists(st.tuples(st.integers(0, 160), st.integers(0, 160), st.integers(0, 1)), max_size=24))
def test_the_number_of_a_token_is_the_place_in_the_answer_of_its_first_target(corners: list) -> None:
    boxes = [(float(x), float(y), x + 8.0, y + 8.0, label) for x, y, label in dict.fromkeys(corners)]
    numbers = order_targets([sample(tuple(boxes), size=(168, 168))], [(6, 6)], 2).reshape(6, 6, 2)
    for label in (0, 1):
        said = written([b[:4] for b in boxes if b[4] == label], (168, 168))
        first: dict[tuple[int, int], int] = {}
        for place, (x1, y1, x2, y2) in enumerate(said):
            first.setdefault((int((y1 + y2) / 2 // 28), int((x1 + x2) / 2 // 28)), min(place, MOST_IN_ORDER - 1))
        found = {(r, c): int(numbers[r, c, label]) for r in range(6) for c in range(6) if numbers[r, c, label] >= 0}
        assert found == first


def test_a_state_that_says_the_right_number_has_less_loss() -> None:
    heads = DenseHeads(4, 2, deeper=True)
    assert heads.order is not None
    numbers = torch.tensor([[-1, 3], [-1, -1]])

    def loss(said: int) -> float:
        with torch.no_grad():
            heads.order.weight.zero_()
            heads.order.bias.zero_()
            heads.order.bias[MOST_IN_ORDER + said] = 5
            return heads.order_loss(torch.randn(2, 4), numbers).item()

    assert loss(3) < loss(2)
    heads.order_loss(torch.randn(2, 4), torch.full((2, 2), -1)).backward()
    assert heads.order.weight.grad is not None
