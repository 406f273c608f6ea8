"""The CPU kernels over tensors: threads, the announcement of compiling, and gradients.

Threads are Python's own (the loops hold no lock), as many as ``torch.get_num_threads()``. numba's threads
are not used: its OpenMP layer brings a second OpenMP whose idle threads spin against PyTorch's, which made
a scan between two matrix products take four times as long, and its other layer must not be entered by two
threads at once.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from typing import Any, cast

import torch
from torch import Tensor

from nver.errors import KernelError

logger = logging.getLogger(__name__)

_LOG2_E = 1.4426950408889634
_ready: set[tuple[str, torch.dtype]] = set()


def why_not(device: torch.device, dtype: torch.dtype) -> str | None:
    """The reason why this kernel cannot run there, or None."""
    if device.type != "cpu":
        return f"it is for the CPU and the tensors are on {device}"
    if dtype != torch.float32:
        return f"it computes in float32 and the tensors are {dtype}"
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
    """What was read, (batch, L, E), and the last state, (batch, E, N); differentiable.

    Raises:
        KernelError: An entry of A is positive.
    """
    if (A > 0).any():
        raise KernelError("A has positive entries and the numba kernel expects none; ask for 'reference'")
    dt_bias = torch.zeros_like(D) if dt_bias is None else dt_bias
    if initial_state is None:
        initial_state = x.new_zeros(x.shape[0], *A.shape)
    return cast(
        "tuple[Tensor, Tensor]",
        _Scan.apply(x, dt, A, B, C, D, z, dt_bias, initial_state),  # type: ignore[no-untyped-call]
    )


def scan_prepared(
    x: Tensor,
    dt: Tensor,
    bias: Tensor,
    A2: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor,
    z: Tensor | None,
    state: Tensor,
    *,
    n_threads: int | None = None,
) -> Tensor:
    """The scan without gradients over tensors as the loops want them; y has the type of x.

    Args:
        x: (batch, L, E), float32 or bfloat16, as dt, B, C and z may be.
        dt: (batch, L, E).
        bias: (E,) float32.
        A2: (N, E) float32: A, transposed, times log2(e).
        B: (batch, L, N).
        C: (batch, L, N).
        D: (E,) float32.
        z: (batch, L, E), or None.
        state: (batch, N, E) float32 contiguous; the state before, overwritten with the state after.
        n_threads: As many as PyTorch uses, when None.
    """
    from nver.kernels import numba_loops

    y = x.new_empty(x.shape)
    n_blocks = -(-x.shape[2] // numba_loops.LANES)
    gate = x if z is None else z
    # One memory order for every array: numba compiles anew for each combination of orders.
    arrays = [_array(tensor.contiguous()) for tensor in (x, dt, bias, A2, B, C, D, gate)]
    n_jobs = x.shape[0] * n_blocks
    results = (_array(state), _array(y))
    _in_threads(
        numba_loops.scan_forward, x.dtype, n_jobs, *arrays, z is not None, *results, n_threads=n_threads
    )
    return y


def causal_conv_silu(
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    *,
    before: Tensor | None = None,
    n_threads: int | None = None,
) -> Tensor:
    """Depthwise causal convolution, then SiLU, without gradients.

    Args:
        x: (batch, L, E), float32 or bfloat16; the result has its type.
        weight: (K, E) float32; the last row weighs the present step.
        bias: (E,) float32.
        before: (batch, K - 1, E), as x: the steps before the first; zeros when None.
        n_threads: As many as PyTorch uses, when None.
    """
    from nver.kernels import numba_loops

    y = x.new_empty(x.shape)
    if before is None:
        before = x.new_zeros(x.shape[0], weight.shape[0] - 1, x.shape[2])
    n_pieces = min(x.shape[1], 2 * (n_threads or torch.get_num_threads()))
    arrays = [_array(tensor.contiguous()) for tensor in (x, before, weight, bias)]
    n_jobs = x.shape[0] * n_pieces
    _in_threads(
        numba_loops.causal_conv_silu, x.dtype, n_jobs, n_pieces, *arrays, _array(y), n_threads=n_threads
    )
    return y


class ConvSilu(torch.autograd.Function):
    """``causal_conv_silu`` with gradients, in float32; called by ``ConvSilu.apply(x, weight, bias)``."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """As ``causal_conv_silu``."""
        ctx.save_for_backward(x, weight, bias)
        return causal_conv_silu(x, weight, bias)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gy: Tensor) -> tuple[Tensor, ...]:
        """Gradients of x, weight and bias."""
        from nver.kernels import numba_loops

        x, weight, bias = ctx.saved_tensors
        gx = x.new_empty(x.shape)
        gweight, gbias = x.new_empty(len(x), *weight.shape), x.new_empty(len(x), *bias.shape)
        before = [_array(tensor.contiguous()) for tensor in (x, weight, bias, gy)]
        after = [_array(tensor) for tensor in (gx, gweight, gbias)]
        _in_threads(numba_loops.causal_conv_silu_backward, x.dtype, len(x), *before, *after)
        return gx, gweight.sum(0), gbias.sum(0)


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
        A2 = A.T * _LOG2_E
        h0 = initial_state.transpose(1, 2).contiguous()
        state = h0.clone()
        y = scan_prepared(x, dt, dt_bias, A2, B, C, D, z, state)
        ctx.save_for_backward(x, dt, dt_bias, A2, B, C, D, z, h0)
        return y, state.transpose(1, 2).contiguous()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gy: Tensor, gstate: Tensor) -> tuple[Tensor | None, ...]:
        from nver.kernels import numba_loops

        x, dt, bias, A2, B, C, D, z, h0 = ctx.saved_tensors
        batch, length, inner = x.shape
        n_blocks = -(-inner // numba_loops.LANES)
        gh = gstate.transpose(1, 2).clone(memory_format=torch.contiguous_format)
        gx, gdt, gz = (x.new_empty(x.shape) for _ in range(3))
        gbias, gD = x.new_empty(batch, inner), x.new_empty(batch, inner)
        gA = torch.empty_like(h0)
        gB, gC = (x.new_empty(batch, n_blocks, length, A2.shape[0]) for _ in range(2))
        before = [_array(t.contiguous()) for t in (x, dt, bias, A2, B, C, D, x if z is None else z)]
        after = [_array(t) for t in (h0, gy.contiguous(), gh, gx, gdt, gbias, gA, gB, gC, gD, gz)]
        _in_threads(numba_loops.scan_backward, x.dtype, batch * n_blocks, *before, z is not None, *after)
        return (
            gx,
            gdt,
            gA.sum(0).T,
            gB.sum(1),
            gC.sum(1),
            gD.sum(0),
            None if z is None else gz,
            gbias.sum(0),
            gh.transpose(1, 2),
        )


def _array(tensor: Tensor) -> Any:
    """The tensor's memory as numpy sees it; numpy has no bfloat16, so its bits go as uint16."""
    tensor = tensor.detach()
    return (tensor.view(torch.uint16) if tensor.dtype == torch.bfloat16 else tensor).numpy()


def _in_threads(
    loop: Any, dtype: torch.dtype, n_jobs: int, *arguments: Any, n_threads: int | None = None
) -> None:
    """``loop(first, last, *arguments)`` over ``n_jobs`` jobs; the calling thread does its share."""
    if (loop.py_func.__name__, dtype) not in _ready:
        with announcing(loop, dtype):
            loop(0, 0, *arguments)
        _ready.add((loop.py_func.__name__, dtype))
    n_threads = min(n_threads or torch.get_num_threads(), n_jobs)
    edges = [i * n_jobs // n_threads for i in range(n_threads + 1)]
    own, *rest = pairwise(edges)
    others = [_helpers(os.getpid(), n_threads).submit(loop, *share, *arguments) for share in rest]
    loop(*own, *arguments)
    for other in others:
        other.result()


@cache
def _helpers(process: int, n_threads: int) -> ThreadPoolExecutor:
    """Threads of this process, started when needed; a fork leaves them behind, hence the key.

    Not those of ``one_core_threads``: they wait for these, and a pool that waits for itself never ends.
    """
    del process
    return ThreadPoolExecutor(n_threads, thread_name_prefix="nver-scan")


@contextmanager
def announcing(loop: Any, dtype: torch.dtype) -> Iterator[None]:
    """Says so when the loop has to be compiled because no compiled one lies in numba's cache on disk."""
    from numba.core import event

    class Announce(event.Listener):
        def on_start(self, event: Any) -> None:
            if event.data["dispatcher"] is loop:
                name = loop.py_func.__name__
                logger.warning("compiling %s for %s; this happens once and takes seconds", name, dtype)

        def on_end(self, event: Any) -> None:
            pass

    with event.install_listener("numba:compile", Announce()):
        yield
