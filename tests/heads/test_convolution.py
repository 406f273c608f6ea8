from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from nver.errors import ConfigError
from nver.heads.convolution import ConvolutionBlock


def make(dim: int, *, tokens: int | str = 5, kernel_size: int = 3) -> ConvolutionBlock:
    torch.manual_seed(0)
    return ConvolutionBlock(dim, filters=(6, 8), kernel_size=kernel_size, tokens=tokens)  # type: ignore[arg-type]


def as_the_study_draws_it(block: ConvolutionBlock, x: Tensor) -> Tensor:
    """Conv1d, ReLU, MaxPool1d, twice; then adaptive average pooling; the plain definition."""
    h = x[:, None, :]
    for layer in (block.convolve_1, block.convolve_2):
        h = F.conv1d(h, layer.weight[:, :, 0], layer.bias, padding="same")
        h = F.max_pool1d(F.relu(h), 2)
    return F.adaptive_avg_pool1d(h, block.n_tokens).transpose(1, 2)


@pytest.mark.parametrize("dim", [4, 5, 19, 20, 80, 243, 640])
@pytest.mark.parametrize("tokens", [1, 5, 28, "all"])
def test_values_and_gradients_are_those_of_the_plain_definition(dim, tokens):
    block = make(dim, tokens=tokens)
    x = torch.randn(3, dim, requires_grad=True)
    variables = [x, *block.parameters()]
    weights = torch.randn(3, block.n_tokens, 8)
    ours, plain = block(x), as_the_study_draws_it(block, x)
    torch.testing.assert_close(ours, plain)
    torch.testing.assert_close(
        torch.autograd.grad((ours * weights).sum(), variables),
        torch.autograd.grad((plain * weights).sum(), variables),
    )


def test_tokens_come_out_in_channels_last_memory():
    for dim in (20, 640):  # five positions for five tokens, and many
        assert make(dim)(torch.randn(3, dim)).is_contiguous()


def test_one_filter_worked_by_hand():
    block = ConvolutionBlock(8, filters=(1, 1), kernel_size=3, tokens="all")
    with torch.no_grad():
        for layer in (block.convolve_1, block.convolve_2):
            layer.weight.copy_(torch.tensor([1.0, 0.0, -1.0]))
            layer.bias.zero_()
    x = torch.tensor([[0.0, 1.0, 3.0, 2.0, 2.0, 0.0, 0.0, 5.0]])
    # left minus right: -1 -3 -1 1 2 2 -5 0; best of pairs, no less than 0: 0 1 2 0
    # left minus right: -1 -2 1 2; best of pairs, no less than 0: 0 2
    assert block(x).flatten().tolist() == [0.0, 2.0]


def test_a_short_embedding_repeats_its_positions_to_fill_the_tokens():
    block = make(8, tokens=4)
    tokens = block(torch.randn(2, 8))
    assert tokens.shape == (2, 4, 8)
    torch.testing.assert_close(tokens[:, 0], tokens[:, 1])
    torch.testing.assert_close(tokens[:, 2], tokens[:, 3])


@pytest.mark.parametrize("kernel_size", [1, 3, 9])
def test_any_kernel_keeps_the_number_of_tokens(kernel_size):
    assert make(40, tokens="all", kernel_size=kernel_size)(torch.randn(2, 40)).shape == (2, 10, 8)


def test_an_embedding_of_three_dimensions_is_refused():
    with pytest.raises(ConfigError, match=r"an embedding of 3 dimension\(s\); .* needs 4 or more"):
        make(3)
