"""TLM and its baselines against plain float64 formulas of the paper and of the official release."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fusar_core.model.fusion import ConcatFusion, SumFusion, build_fusion
from fusar_core.model.prior import PriorLinear, gaussian_weights
from fusar_core.model.tlm import TokenwiseLinearModulation


def dense_field(module, features, positions, grid_hw):
    """Eq. 4–10 as they stand, numpy float64, one position after the other: (T, outputs)."""
    w1, b1 = (p.detach().double().numpy() for p in (module.hidden.weight, module.hidden.bias))
    w2, b2 = (p.detach().double().numpy() for p in (module.field.weight, module.field.bias))
    hidden = features.double().numpy() @ w1.T + b1
    hidden = hidden / (1 + np.exp(-hidden))
    vectors = hidden @ w2.T + b2  # (S, outputs), eq. 5
    y, x = positions.double().numpy().T
    m = module.merge_size
    rows, columns = grid_hw if module.grid == "patch" else (grid_hw[0] // m, grid_hw[1] // m)
    field = np.zeros((rows, columns, vectors.shape[1]))
    for h in range(rows):
        for w in range(columns):
            d2 = (h - y * (rows - 1)) ** 2 + (w - x * (columns - 1)) ** 2
            weight = np.exp(-d2 / (2 * module.sigma**2))
            weight = weight / (weight.sum() + module.eps)
            if module.grid == "patch":
                weight = weight / (weight.sum() + module.eps)
            field[h, w] = weight @ vectors
    if module.grid == "patch":
        field = field.reshape(rows // m, m, columns // m, m, -1).mean((1, 3))
    return field.reshape(-1, vectors.shape[1])


def case(grid_hw, anchors, channels=24, seed=0, **options):
    torch.manual_seed(seed)
    module = TokenwiseLinearModulation(channels, hidden_dim=40, **options).eval()
    tokens = torch.randn(grid_hw[0] * grid_hw[1] // 4, channels)
    features = torch.nn.functional.normalize(torch.randn(anchors, 64), dim=1)
    return module, tokens, features, torch.rand(anchors, 2)


@pytest.mark.parametrize("grid", ["patch", "merged"])
@pytest.mark.parametrize(
    ("grid_hw", "anchors"),
    [((36, 36), 1), ((36, 36), 324), ((32, 32), 50), ((8, 20), 7), ((6, 4), 2000), ((28, 12), 400), ((2, 2), 3)],
)
def test_fast_path_is_the_dense_formula(grid, grid_hw, anchors):
    module, tokens, features, positions = case(grid_hw, anchors, grid=grid)
    with torch.no_grad():
        fast = module(tokens, features, positions, grid_hw)
    gamma, beta = np.split(dense_field(module, features, positions, grid_hw), 2, axis=1)
    plain = tokens.double().numpy() * (1 + gamma) + beta
    change = plain - tokens.double().numpy()
    assert np.abs(fast.numpy() - plain).max() < 1e-5 * np.abs(plain).max()
    # also the change itself, which the tokens would otherwise drown
    assert np.linalg.norm(fast.double().numpy() - tokens.double().numpy() - change) < 1e-5 * np.linalg.norm(change)


@pytest.mark.parametrize("anchors", [5, 60])
def test_both_orders_of_interpolation_agree(anchors):
    """5 anchors on 16 tokens are interpolated after W2, 60 before it."""
    module, _, features, positions = case((8, 8), anchors)
    assert module._interpolates_early(16, anchors) is (anchors == 60)
    after = dense_field(module, features, positions, (8, 8))
    field = module._interpolate([features], [gaussian_weights(positions, (8, 8))])[0]
    np.testing.assert_allclose(field.detach().numpy(), after, rtol=0, atol=1e-5 * np.abs(after).max())


def test_mean_over_patches_is_the_bilinear_resize_of_even_square_grids():
    """The official release resizes the patch field to √T × √T bilinearly."""
    positions = torch.rand(30, 2)
    per_patch = gaussian_weights(positions, (36, 36), merge_size=1).reshape(36, 36, 30).permute(2, 0, 1)
    resized = torch.nn.functional.interpolate(per_patch[None], size=(18, 18), mode="bilinear", align_corners=False)[0]
    pooled = gaussian_weights(positions, (36, 36), merge_size=2).reshape(18, 18, 30).permute(2, 0, 1)
    torch.testing.assert_close(pooled, resized, rtol=1e-5, atol=1e-7)


def test_patch_and_merged_are_different_functions():
    """Sigma counts patches in the one and tokens, twice as wide, in the other: a checkpoint needs its own mode."""
    nodes = torch.cartesian_prod(torch.linspace(0, 1, 18), torch.linspace(0, 1, 18))
    patch, merged = (gaussian_weights(nodes, (36, 36), grid=g) for g in ("patch", "merged"))
    assert 0.4 < (patch - merged).norm() / patch.norm() < 0.8


def test_weights_sum_to_one_and_vanish_far_from_every_anchor():
    corner = torch.tensor([[0.0, 0.0]])
    weights = gaussian_weights(corner, (72, 72))
    assert weights[0].item() == pytest.approx(1.0, abs=1e-4)
    assert weights[-1].item() == 0.0
    many = gaussian_weights(torch.rand(400, 2), (36, 36))
    torch.testing.assert_close(many.sum(1), torch.ones(324), rtol=0, atol=1e-4)


def test_an_anchor_acts_where_it_lies():
    """y counts rows from the top, x columns from the left: not transposed, not flipped."""
    weights = gaussian_weights(torch.tensor([[0.9, 0.1], [0.1, 0.9]]), (8, 24)).reshape(4, 12, 2)
    assert weights[3, 0].argmax() == 0
    assert weights[0, 11].argmax() == 1


def test_several_images_at_once_equal_one_at_a_time():
    module, *_ = case((36, 36), 1)
    grids = [(36, 36), (8, 20), (4, 4), (6, 6)]
    torch.manual_seed(1)
    tokens = [torch.randn(h * w // 4, 24) for h, w in grids]
    features = [torch.randn(9, 64), torch.randn(300, 64), None, torch.zeros(0, 64)]
    positions = [torch.rand(9, 2), torch.rand(300, 2), None, torch.zeros(0, 2)]
    with torch.no_grad():
        together = module(tokens, features, positions, grids)
        alone = [module(*one) for one in zip(tokens, features, positions, grids, strict=True)]
    for a, b in zip(together, alone, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)
    assert torch.equal(together[2], tokens[2])  # no prior: exactly unchanged
    assert torch.equal(together[3], tokens[3])


@pytest.mark.parametrize("name", ["tlm", "sum", "concat", "none"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_identity_init_changes_nothing_at_all(name, dtype):
    module = build_fusion(name, channels=24, init="identity").to(dtype)
    tokens = torch.randn(16, 24).to(dtype)
    out = module(tokens, torch.randn(12, 64), torch.rand(12, 2), (8, 8))
    assert out.dtype == dtype
    assert torch.equal(out, tokens)


@pytest.mark.parametrize("name", ["tlm", "sum", "concat"])
def test_training_gives_every_parameter_a_gradient_with_and_without_a_prior(name):
    """Data parallelism waits for every gradient; a batch whose prior was dropped must not leave any out."""
    module = build_fusion(name, channels=8, hidden_dim=16).train()
    tokens = torch.randn(4, 8)
    with_prior = module(tokens, torch.randn(3, 64), torch.rand(3, 2), (4, 4))
    with_prior.square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in module.parameters())
    module.zero_grad()
    without = module(tokens, None, None, (4, 4))
    without.square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in module.parameters())
    if name != "concat":
        assert torch.equal(without, tokens)


def test_sum_and_concat_follow_their_formulas():
    torch.manual_seed(0)
    tokens, features, positions = torch.randn(24, 8), torch.randn(10, 64), torch.rand(10, 2)
    added = SumFusion(8, hidden_dim=16).eval()
    field = dense_field(added, features, positions, (8, 12))
    with torch.no_grad():
        out = added(tokens, features, positions, (8, 12))
    np.testing.assert_allclose(out.numpy(), tokens.numpy() + field, rtol=0, atol=1e-5)
    joined = ConcatFusion(8, hidden_dim=16).eval()
    field = dense_field(joined, features, positions, (8, 12))
    w, b = (p.detach().numpy() for p in (joined.join.weight, joined.join.bias))
    with torch.no_grad():
        out = joined(tokens, features, positions, (8, 12))
        bare = joined(tokens, None, None, (8, 12))
    np.testing.assert_allclose(out.numpy(), np.hstack([tokens.numpy(), field]) @ w.T + b, rtol=0, atol=1e-5)
    np.testing.assert_allclose(bare.numpy(), tokens.numpy() @ w[:, :8].T + b, rtol=0, atol=1e-5)


def test_bf16_modulation_rounds_once():
    """1 + γ in bf16 would lose a γ of 2⁻⁹ whole; the tokens must still feel it."""
    module = TokenwiseLinearModulation(4, hidden_dim=8, init="identity").bfloat16()
    with torch.no_grad():
        module.field.bias[:4] = 2.0**-7
        tokens = torch.full((4, 4), 1.0078125).bfloat16()
        out = module(tokens, torch.zeros(1, 64), torch.full((1, 2), 0.5), (4, 4))
    expected = (tokens.float() * (1 + 2.0**-7)).bfloat16()
    assert torch.equal(out, expected)


def test_default_size_at_7b():
    with torch.device("meta"):
        module = TokenwiseLinearModulation(3584)
    assert sum(p.numel() for p in module.parameters()) == 103_699_456
    assert module.hidden.weight.shape == (14336, 64)
    assert module.field.weight.shape == (7168, 14336)


def test_initialisation_is_that_of_linear_layers():
    ours, theirs = PriorLinear(400, 300), torch.nn.Linear(400, 300)
    for a, b in ((ours.weight, theirs.weight), (ours.bias, theirs.bias)):
        assert a.abs().max() <= 400**-0.5
        assert a.std().item() == pytest.approx(b.std().item(), rel=0.15)


def test_wrong_arguments_are_named():
    module, tokens, features, positions = case((8, 8), 3)
    with pytest.raises(ValueError, match=r"\(16, 24\) do not fit a patch grid of 8 × 12"):
        module(tokens, features, positions, (8, 12))
    with pytest.raises(ValueError, match="grid is 'paper'"):
        TokenwiseLinearModulation(8, grid="paper")
    with pytest.raises(ValueError, match="init is 'ones'"):
        TokenwiseLinearModulation(8, init="ones")
    with pytest.raises(ValueError, match="sigma is 0"):
        TokenwiseLinearModulation(8, sigma=0)
    with pytest.raises(ValueError, match="fusion is 'film'"):
        build_fusion("film", channels=8)
