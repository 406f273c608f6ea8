"""The short convolution in front of a selective scan, with gradients, by the kernel that the scan runs on."""

from __future__ import annotations

from typing import cast

from torch import Tensor
from torch.nn import functional

from nver.kernels import numba_scan


def causal_conv_silu(x: Tensor, weight: Tensor, bias: Tensor, *, backend: str) -> Tensor:
    """Depthwise convolution over this and earlier steps, then SiLU; differentiable.

    Args:
        x: (batch, L, E).
        weight: (E, K); the last column weighs the present step.
        bias: (E,).
        backend: A name in ``nver.kernels.KERNELS``. Only ``numba`` has a loop of its own for it; the others
            take PyTorch's.
    """
    if backend == "numba":
        return cast("Tensor", numba_scan.ConvSilu.apply(x, weight.T, bias))  # type: ignore[no-untyped-call]
    (inner, size), length = weight.shape, x.shape[1]
    convolved = functional.conv1d(
        x.transpose(1, 2), weight[:, None], bias, groups=inner, padding=size - 1
    )  # (batch, E, L + K - 1)
    return functional.silu(convolved[..., :length].transpose(1, 2))
