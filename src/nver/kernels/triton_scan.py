"""The CUDA kernels over tensors: when they can run, and gradients.

Going forward for a gradient, the state is stored every ``CHUNK`` steps; going back, each chunk is scanned
again from there. Sums over channels and windows are finished by PyTorch: no atomic additions, so that
gradients repeat bit for bit. triton is imported when the kernel first runs, and nowhere else in nver.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Any, cast

import torch
from torch import Tensor

CHUNK = 16
"""Steps between two stored states."""

CHANNELS = 32
"""Channels of a tile: with a state of 24, padded to 32, a program of two warps holds 16 numbers a thread."""

_DTYPES = (torch.float32, torch.bfloat16, torch.float16)


def why_not(device: torch.device, dtype: torch.dtype) -> str | None:
    """The reason why this kernel cannot run there, or None; Triton's interpreter runs it anywhere."""
    if device.type != "cuda" and os.environ.get("TRITON_INTERPRET") != "1":
        return f"it is for CUDA and the tensors are on {device}"
    if find_spec("triton") is None:
        return "the package triton is not installed"
    if dtype not in _DTYPES:
        return f"it takes float32, bfloat16 and float16 and the tensors are {dtype}"
    return None


def selective_scan(
    x: Tensor,
    dt: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor,
    z: Tensor | None,
    dt_bias: Tensor | None,
    initial_state: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """What was read, (batch, L, E), and the last state, (batch, E, N); differentiable."""
    dt_bias = torch.zeros_like(D) if dt_bias is None else dt_bias
    if initial_state is None:
        initial_state = x.new_zeros(x.shape[0], *A.shape)
    return cast(
        "tuple[Tensor, Tensor]",
        _Scan.apply(x, dt, A, B, C, D, z, dt_bias, initial_state),  # type: ignore[no-untyped-call]
    )


class _Scan(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        dt: Tensor,
        A: Tensor,
        B: Tensor,
        C: Tensor,
        D: Tensor,
        z: Tensor | None,
        dt_bias: Tensor,
        initial_state: Tensor,
    ) -> tuple[Tensor, Tensor]:
        from nver.kernels import triton_loops

        batch, length, inner = x.shape
        gate = x if z is None else z
        inputs = [tensor.contiguous() for tensor in (x, dt, dt_bias, A, B, C, D, gate)]
        h0 = initial_state.contiguous()
        n_chunks = -(-length // CHUNK)
        needed = any(ctx.needs_input_grad)
        stored = x.new_empty(batch, n_chunks if needed else 0, *A.shape, dtype=torch.float32)
        y, h_last = torch.empty_like(inputs[0]), torch.empty_like(h0)
        triton_loops.scan_forward[batch, -(-inner // CHANNELS)](
            *inputs, h0, y, h_last, stored, length, inner, A.shape[1], n_chunks,
            GATED=z is not None, STORE=needed, **_tile(A),
        )  # fmt: skip
        ctx.save_for_backward(*inputs, stored)
        ctx.gated = z is not None
        return y, h_last

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gy: Tensor, g_last: Tensor) -> tuple[Tensor | None, ...]:
        from nver.kernels import triton_loops

        *inputs, stored = ctx.saved_tensors
        x, _, _, A, B, C, D, _ = inputs
        batch, length, inner = x.shape
        state = A.shape[1]
        n_tiles = -(-inner // CHANNELS)

        def whole(*shape: int) -> Tensor:
            return torch.empty(shape, dtype=torch.float32, device=x.device)

        gx, gdt, gz = (torch.empty_like(x) for _ in range(3))
        gbias, gD = whole(batch, inner), whole(batch, inner)
        gA, gh0 = whole(batch, inner, state), whole(batch, inner, state)
        gB, gC = whole(batch, n_tiles, length, state), whole(batch, n_tiles, length, state)
        before = whole(batch, CHUNK, inner, state)
        triton_loops.scan_backward[batch, n_tiles](
            *inputs, stored, gy.contiguous(), g_last.contiguous(), before,
            gx, gdt, gbias, gA, gB, gC, gD, gz, gh0, length, inner, state, stored.shape[1],
            GATED=ctx.gated, **_tile(A),
        )  # fmt: skip
        return (
            gx,
            gdt,
            gA.sum(0).to(A.dtype),
            gB.sum(1).to(B.dtype),
            gC.sum(1).to(C.dtype),
            gD.sum(0).to(D.dtype),
            gz if ctx.gated else None,
            gbias.sum(0).to(D.dtype),
            gh0.to(x.dtype),
        )


def _tile(A: Tensor) -> dict[str, int]:
    """How large a tile is, and how many warps share it."""
    state = 1 << (A.shape[1] - 1).bit_length()
    return {"CHUNK": CHUNK, "CHANNELS": CHANNELS, "STATE": state, "num_warps": 2}
