"""Soft targets for the numbers of boxes."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from training.errors import BadRecipe
from training.runs.nano import make_tokenizer
from training.stages.coordinates import CoordinateLoss

TOKENIZER = make_tokenizer(["A ship, a plane and a town. "] * 4, merges=10)
LOSS = CoordinateLoss(TOKENIZER, 84, 2, 2.0)


def token(number: int) -> int:
    return int(TOKENIZER(str(number), add_special_tokens=False)["input_ids"][0])


def said(number: int) -> torch.Tensor:
    """Scores of a model that is sure of a number."""
    scores = torch.zeros(1, len(TOKENIZER))
    scores[0, token(number)] = 8.0
    return scores


def loss(number: int, truth: int, of_boxes: bool = True) -> float:
    labels, scores = torch.tensor([token(truth)]), said(number)
    plain = functional.cross_entropy(scores, labels, reduction="none")
    return LOSS(scores, labels, plain, torch.tensor([of_boxes])).item()


@settings(deadline=None)
@given(st.integers(0, 42), st.integers(0, 42))
def test_a_near_miss_costs_less_than_a_far_one(truth: int, said: int) -> None:
    nearer = said + (truth > said) - (truth < said)
    assert loss(2 * nearer, 2 * truth) <= loss(2 * said, 2 * truth) + 1e-5


def test_a_neighbour_costs_less_than_by_plain_cross_entropy() -> None:
    assert loss(52, 50) < loss(52, 50, of_boxes=False) * 0.7


@pytest.mark.parametrize("truth", [0, 2, 40, 84])
def test_the_least_loss_is_none_at_the_gaussian_itself(truth: int) -> None:
    numbers = torch.arange(0, 85, 2)
    scores = torch.full((1, len(TOKENIZER)), -1e4)
    scores[0, [token(int(n)) for n in numbers]] = -((numbers - truth) ** 2) / 8.0
    labels = torch.tensor([token(truth)])
    assert LOSS(scores, labels, torch.zeros(1), torch.tensor([True])).item() == pytest.approx(0, abs=1e-5)


def test_only_numbers_of_boxes_change_and_gradients_flow_through_all() -> None:
    labels = torch.tensor([token(50), TOKENIZER.convert_tokens_to_ids("ship"), token(50)])
    scores = torch.randn(3, len(TOKENIZER), requires_grad=True)
    plain = functional.cross_entropy(scores, labels, reduction="none")
    found = LOSS(scores, labels, plain, torch.tensor([True, True, False]))
    assert found[0] != plain[0]
    assert found[1:].tolist() == plain[1:].tolist()
    found.sum().backward()
    assert scores.grad is not None
    assert bool((scores.grad.abs().sum(1) > 0).all())


def test_an_off_grid_number_is_plain() -> None:
    assert loss(50, 51) == loss(50, 51, of_boxes=False)


def test_numbers_of_several_tokens_are_refused() -> None:
    with pytest.raises(BadRecipe, match="110 in several tokens"):
        CoordinateLoss(make_tokenizer(["a"], merges=1, size=100), 120, 10, 2.0)
