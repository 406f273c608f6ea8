"""The convolution block of the heads over tensors: whether the fast loops can run, and gradients."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from nver.kernels.numba_scan import announcing

_NARROW, _WIDE = 32, 64
"""Of ``tokens_loops``, known here without importing numba."""


def can_run(x: Tensor, first: Tensor, second: Tensor) -> bool:
    """Whether ``tokens`` takes these: float32 on a CPU, multiples of 32 and 64 filters, ``x`` constant."""
    return (
        all(tensor.device.type == "cpu" and tensor.dtype == torch.float32 for tensor in (x, first, second))
        and len(first) % _NARROW == 0 == len(second) % _WIDE
        and not x.requires_grad
    )


def tokens(
    x: Tensor, first: Tensor, first_bias: Tensor | None, second: Tensor, second_bias: Tensor | None, n: int
) -> Tensor:
    """Convolution, max-pooling by two and ReLU, twice, then means over ``n`` stretches; in one thread.

    Each clip is computed by itself: its tokens have the same bits in any batch.

    Args:
        x: (n_clips, d), without a gradient.
        first: (C, 1, 1, K), as ``nn.Conv2d`` has them, K odd.
        first_bias: (C,); zero when None.
        second: (F, C, 1, K).
        second_bias: (F,); zero when None.
        n: Stretches, as adaptive average pooling has them.

    Returns:
        (n_clips, n, F), differentiable with respect to weights and biases.
    """
    first_bias = x.new_zeros(len(first)) if first_bias is None else first_bias
    second_bias = x.new_zeros(len(second)) if second_bias is None else second_bias
    return cast("Tensor", _Tokens.apply(x, first, first_bias, second, second_bias, n))  # type: ignore[no-untyped-call]


class _Tokens(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, first: Tensor, first_bias: Tensor, second: Tensor, second_bias: Tensor, n: int
    ) -> Tensor:
        from nver.kernels import tokens_loops as loops

        x = x.contiguous()
        kept = torch.empty(len(x), x.shape[1] // 2 // 2, len(second), dtype=torch.int8)
        out = x.new_empty(len(x), n, len(second))
        w1 = first[:, 0, 0].T.contiguous()
        w2 = second[:, :, 0].permute(2, 1, 0).contiguous()
        _run(loops.tokens_forward, x, w1, first_bias, w2, second_bias, kept, out)
        ctx.save_for_backward(x, w1, first_bias, second, kept)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        from nver.kernels import tokens_loops as loops

        x, w1, first_bias, second, kept = ctx.saved_tensors
        turned = second[:, :, 0].flip(2).permute(2, 0, 1).contiguous()
        n_filters, n_channels, _, size = second.shape
        g_first, g_first_bias = torch.zeros_like(w1), torch.zeros_like(first_bias)
        g_second, g_second_bias = x.new_zeros(size, n_channels, n_filters), x.new_zeros(n_filters)
        _run(
            loops.tokens_backward,
            *(x, w1, first_bias, turned, kept, gradient.contiguous()),
            *(g_first, g_first_bias, g_second, g_second_bias),
        )
        return (
            None,
            g_first.T[:, None, None],
            g_first_bias,
            g_second.permute(2, 1, 0)[:, :, None],
            g_second_bias,
            None,
        )


def _run(loop: Any, *tensors: Tensor) -> None:
    """The loop on the tensors' own memory; compiling it, once a machine, is announced."""
    arrays: list[np.ndarray[Any, Any]] = [tensor.detach().numpy() for tensor in tensors]
    if loop.signatures:
        loop(*arrays)
        return
    with announcing(loop, torch.float32):
        loop(*arrays)
