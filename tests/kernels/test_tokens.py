"""The convolution block's own loops against its plain definition."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from nver.heads.convolution import ConvolutionBlock
from nver.kernels import tokens

BOUND, BOUND_OF_GRADIENTS = 2e-6, 5e-5
"""Relative, in L2; docs/numerics.md."""


def make(dim: int, n_tokens: int, *, size: int = 3, filters: tuple[int, int] = (32, 64)) -> ConvolutionBlock:
    torch.manual_seed(0)
    return ConvolutionBlock(dim, filters=filters, kernel_size=size, tokens=n_tokens)


def definition(block: ConvolutionBlock, x: Tensor) -> Tensor:
    """Conv1d, ReLU, MaxPool1d, twice; then adaptive average pooling; in the type of ``x``."""
    h = x[:, None, :]
    for layer in (block.convolve_1, block.convolve_2):
        h = F.conv1d(h, layer.weight[:, :, 0].to(x), layer.bias.to(x), padding="same")
        h = F.max_pool1d(F.relu(h), 2)
    return F.adaptive_avg_pool1d(h, block.n_tokens).transpose(1, 2)


def error(ours: Tensor, right: Tensor) -> float:
    return float((ours.detach().double() - right.detach()).norm() / right.detach().norm())


@pytest.mark.parametrize(
    ("dim", "n_tokens", "size", "filters"),
    [
        (4, 1, 3, (32, 64)),
        (19, 5, 9, (64, 128)),  # the kernel is as long as the embedding
        (240, 28, 3, (32, 64)),  # stretches overlap
        (243, 20, 1, (32, 64)),
        (640, 160, 5, (32, 64)),  # a token a position
        (3840, 20, 3, (32, 64)),
    ],
)
def test_values_and_gradients_are_those_of_the_definition_in_float64(dim, n_tokens, size, filters):
    block = make(dim, n_tokens, size=size, filters=filters)
    x = torch.randn(3, dim)
    assert tokens.can_run(x, block.convolve_1.weight, block.convolve_2.weight)
    ours, right = block(x), definition(block, x.double())
    assert error(ours, right) < BOUND
    weights = torch.randn_like(ours)
    gradients, expected = (
        torch.autograd.grad((out * weights.to(out)).sum(), list(block.parameters())) for out in (ours, right)
    )
    for gradient, wanted in zip(gradients, expected, strict=True):
        assert error(gradient, wanted.double()) < BOUND_OF_GRADIENTS


def test_of_two_equal_neighbours_the_first_passes_and_zero_passes_nothing():
    block = make(8, 2)
    with torch.no_grad():
        for parameter in block.parameters():
            parameter.zero_()
        block.convolve_1.bias.fill_(1.0)  # every position is the same
        block.convolve_2.bias[0] = 1.0
    x = torch.randn(2, 8)
    block(x).sum().backward()
    ours = [parameter.grad for parameter in block.parameters()]
    right = torch.autograd.grad(definition(block, x).sum(), list(block.parameters()))
    for gradient, wanted in zip(ours, right, strict=True):
        torch.testing.assert_close(gradient, wanted)
    assert ours[3][0] > 0
    assert (ours[3][1:] == 0).all()


def test_a_clip_has_the_same_bits_in_any_batch():
    block, x = make(243, 20), torch.randn(9, 243)
    whole = block(x)
    assert torch.equal(torch.cat([block(x[i : i + 1]) for i in range(9)]), whole)
    assert torch.equal(block(x[1::2].T.contiguous().T), whole[1::2])


def test_nan_comes_out_where_it_came_in():
    block, x = make(80, 5), torch.randn(2, 80)
    x[1] = torch.nan
    out = block(x)
    assert out[0].isfinite().all()
    assert out[1].isnan().all()


@pytest.mark.parametrize(
    ("x", "filters"),
    [
        (torch.randn(2, 80, requires_grad=True), (32, 64)),
        (torch.randn(2, 80), (16, 64)),
        (torch.randn(2, 80), (32, 32)),
    ],
)
def test_what_the_loops_do_not_take_is_left_to_torch(x, filters):
    block = make(80, 5, filters=filters)
    assert not tokens.can_run(x, block.convolve_1.weight, block.convolve_2.weight)
    torch.testing.assert_close(block(x), definition(block, x))
    double = block.double()
    assert not tokens.can_run(x.double(), double.convolve_1.weight, double.convolve_2.weight)
