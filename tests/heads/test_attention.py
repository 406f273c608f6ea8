from __future__ import annotations

import pytest
import torch
from torch import nn

from nver.heads.attention import CrossAttention, SelfAttention


def of_torch(ours: SelfAttention | CrossAttention, n_features: int) -> nn.MultiheadAttention:
    theirs = nn.MultiheadAttention(n_features, ours.n_heads, batch_first=True)
    theirs.load_state_dict(
        {
            "in_proj_weight": ours.project_in.weight,
            "in_proj_bias": ours.project_in.bias,
            "out_proj.weight": ours.project_out.weight,
            "out_proj.bias": ours.project_out.bias,
        }
    )
    return theirs


@pytest.mark.parametrize("n_heads", [1, 2, 8])
@pytest.mark.parametrize("n_tokens", [1, 20, 40])
def test_values_and_gradients_are_those_of_multihead_attention(n_heads, n_tokens):
    torch.manual_seed(0)
    ours = SelfAttention(16, n_heads=n_heads, residual_norm=False)
    for parameter in ours.parameters():
        nn.init.normal_(parameter)
    theirs = of_torch(ours, 16)
    x = torch.randn(3, n_tokens, 16, requires_grad=True)
    weights = torch.randn(3, n_tokens, 16)
    mine, plain = ours(x), theirs(x, x, x, need_weights=False)[0]
    torch.testing.assert_close(mine, plain, rtol=1e-5, atol=1e-4)
    torch.testing.assert_close(
        torch.autograd.grad((mine * weights).sum(), [x, *ours.parameters()]),
        torch.autograd.grad((plain * weights).sum(), [x, *theirs.parameters()]),
        rtol=1e-4,
        atol=1e-3,
    )


@pytest.mark.parametrize(("n_tokens", "n_others"), [(1, 20), (20, 1), (20, 60)])
def test_cross_attention_is_multihead_attention_with_the_keys_and_values_of_others(n_tokens, n_others):
    torch.manual_seed(0)
    ours = CrossAttention(16, n_heads=2, residual_norm=False)
    for parameter in ours.parameters():
        nn.init.normal_(parameter)
    theirs = of_torch(ours, 16)
    x, others = (torch.randn(3, t, 16, requires_grad=True) for t in (n_tokens, n_others))
    weights = torch.randn(3, n_tokens, 16)
    mine, plain = ours(x, others), theirs(x, others, others, need_weights=False)[0]
    torch.testing.assert_close(mine, plain, rtol=1e-5, atol=1e-4)
    torch.testing.assert_close(
        torch.autograd.grad((mine * weights).sum(), [x, others, *ours.parameters()]),
        torch.autograd.grad((plain * weights).sum(), [x, others, *theirs.parameters()]),
        rtol=1e-4,
        atol=1e-3,
    )


@pytest.mark.parametrize("residual_norm", [False, True])
def test_cross_attention_to_oneself_is_self_attention(residual_norm):
    torch.manual_seed(0)
    cross, own = (
        kind(16, n_heads=2, residual_norm=residual_norm) for kind in (CrossAttention, SelfAttention)
    )
    own.load_state_dict(cross.state_dict())
    x = torch.randn(3, 7, 16)
    torch.testing.assert_close(cross(x, x), own(x))


def test_residual_and_norm_stand_around_the_same_attention():
    torch.manual_seed(0)
    bare = SelfAttention(16, n_heads=2, residual_norm=False)
    full = SelfAttention(16, n_heads=2, residual_norm=True)
    full.load_state_dict(bare.state_dict(), strict=False)
    x = torch.randn(3, 7, 16)
    torch.testing.assert_close(full(x), nn.functional.layer_norm(x + bare(x), (16,)))


def test_attention_starts_out_as_torch_starts_it():
    torch.manual_seed(0)
    ours, theirs = SelfAttention(64, n_heads=2, residual_norm=False), nn.MultiheadAttention(64, 2)
    pairs = [
        (ours.project_in.weight, theirs.in_proj_weight),
        (ours.project_in.bias, theirs.in_proj_bias),
        (ours.project_out.weight, theirs.out_proj.weight),
        (ours.project_out.bias, theirs.out_proj.bias),
    ]
    for mine, plain in pairs:
        assert mine.abs().max().item() == pytest.approx(plain.abs().max().item(), rel=0.02)


def test_tokens_in_another_order_give_the_same_in_that_order():
    torch.manual_seed(0)
    attend = SelfAttention(16, n_heads=2, residual_norm=True)
    x, order = torch.randn(2, 9, 16), torch.randperm(9)
    torch.testing.assert_close(attend(x)[:, order], attend(x[:, order]))
