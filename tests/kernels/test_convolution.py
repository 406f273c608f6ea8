"""The convolution in front of the scan: every kernel computes the same, forward and backward."""

from __future__ import annotations

import pytest
import torch

from nver.kernels.convolution import causal_conv_silu

TOLERANCE = 5e-6


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 63, 64])
@pytest.mark.parametrize("inner", [1, 96, 130])
def test_values_and_gradients_are_those_of_pytorch_in_double(length: int, inner: int) -> None:
    generator = torch.Generator().manual_seed(length)

    def leaf(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator)

    given = (leaf(2, length, inner), leaf(inner, 4), leaf(inner))
    upstream = leaf(2, length, inner)
    single = [tensor.clone().requires_grad_() for tensor in given]
    double = [tensor.double().requires_grad_() for tensor in given]
    ours = causal_conv_silu(*single, backend="numba")
    theirs = causal_conv_silu(*double, backend="reference")
    ours.backward(upstream)
    theirs.backward(upstream.double())
    for one, other in [(ours, theirs), *((s.grad, d.grad) for s, d in zip(single, double, strict=True))]:
        assert (one.double() - other).norm() <= TOLERANCE * other.norm()


def test_no_step_hears_a_later_one() -> None:
    x = torch.randn(1, 20, 8, generator=torch.Generator().manual_seed(0))
    later = x.clone()
    later[:, 10:] += 1
    weight, bias = torch.ones(8, 4), torch.zeros(8)
    before, after = (causal_conv_silu(given, weight, bias, backend="numba") for given in (x, later))
    assert torch.equal(before[:, :10], after[:, :10])
    assert not torch.equal(before[:, 10], after[:, 10])
