"""The selective scan: one definition, and kernels that compute it fast.

    reference  the definition, a loop over time in PyTorch; any device, any floating type
    numba      CPU, float32: the state stays in the first-level cache, forward and backward
    triton     CUDA, float32 arithmetic: the state stays in registers, forward and backward

``backend="auto"`` takes the first of triton, numba, reference that can run; asking by name for one that
cannot is an error. README.md beside this file tells how they work and how far they may differ.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import torch
from torch import Tensor

from nver.errors import KernelError
from nver.names import Names

__all__ = ["KERNELS", "pick_backend", "selective_scan"]

KERNELS = Names(
    "scan kernel",
    {
        "triton": "nver.kernels.triton_scan:selective_scan",
        "numba": "nver.kernels.numba_scan:selective_scan",
        "reference": "nver.kernels.reference:selective_scan",
    },
)
"""Every kernel, the fastest first."""


def pick_backend(backend: str, *, device: torch.device, dtype: torch.dtype) -> str:
    """The name of the kernel that will run.

    Args:
        backend: A name in ``KERNELS``, or "auto".
        device: Where the tensors lie.
        dtype: The floating type of ``x``.

    Raises:
        ConfigError: No kernel has this name.
        KernelError: The kernel that was asked for cannot run there; the message says why.

    >>> pick_backend("auto", device=torch.device("cpu"), dtype=torch.float64)
    'reference'
    """
    if backend == "auto":
        return next(name for name in KERNELS if _module(name).why_not(device, dtype) is None)
    reason = _module(backend).why_not(device, dtype)
    if reason is not None:
        raise KernelError(f"the {backend} kernel cannot run: {reason}; ask for 'auto' to take one that can")
    return backend


def selective_scan(
    x: Tensor,
    dt: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor,
    z: Tensor | None = None,
    dt_bias: Tensor | None = None,
    backend: str = "auto",
    *,
    initial_state: Tensor | None = None,
    return_state: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    """A linear recurrence whose step, input and read-out depend on the input; differentiable.

        h[t] = exp(step[t] A) h[t-1] + step[t] x[t] B[t],   step = softplus(dt + dt_bias)
        y[t] = (C[t] h[t] + D x[t]) silu(z[t])

    Args:
        x: (batch, length, inner).
        dt: (batch, length, inner), before bias and softplus.
        A: (inner, state), negative.
        B: (batch, length, state).
        C: (batch, length, state).
        D: (inner,).
        z: (batch, length, inner); None leaves the gate out.
        dt_bias: (inner,).
        backend: A name in ``KERNELS``, or "auto".
        initial_state: (batch, inner, state); None starts from zero.
        return_state: Also return the state after the last step.

    Returns:
        y, (batch, length, inner), and if asked for the last state, (batch, inner, state).

    Raises:
        KernelError: Shapes, types or devices that do not fit each other, or a kernel that cannot run there.

    Source:
        Gu and Dao (2023), "Mamba: Linear-Time Sequence Modeling with Selective State Spaces", algorithm 2.

    One channel that forgets nothing (A = 0) and steps by softplus(0) = log 2 sums up its input:

    >>> ones = torch.ones(1, 3, 1)
    >>> y = selective_scan(ones, 0 * ones, torch.zeros(1, 1), ones, ones, torch.zeros(1), backend="reference")
    >>> y.flatten()
    tensor([0.6931, 1.3863, 2.0794])
    """
    _check(x, dt, A, B, C, D, z, dt_bias, initial_state)
    name = pick_backend(backend, device=x.device, dtype=x.dtype)
    y, state = KERNELS.load(name)(x, dt, A, B, C, D, z, dt_bias, initial_state)
    return (y, state) if return_state else y


def _module(name: str) -> ModuleType:
    return import_module(KERNELS[name].partition(":")[0])


def _check(
    x: Tensor,
    dt: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor,
    z: Tensor | None,
    dt_bias: Tensor | None,
    initial_state: Tensor | None,
) -> None:
    if x.ndim != 3 or A.ndim != 2 or 0 in x.shape:
        raise KernelError(
            f"x is {tuple(x.shape)} and A {tuple(A.shape)}; "
            "expected (batch, length, inner), none of them zero, and (inner, state)"
        )
    batch, length, inner = x.shape
    state = A.shape[1]
    expected = {
        "dt": (dt, (batch, length, inner)),
        "A": (A, (inner, state)),
        "B": (B, (batch, length, state)),
        "C": (C, (batch, length, state)),
        "D": (D, (inner,)),
        "z": (z, (batch, length, inner)),
        "dt_bias": (dt_bias, (inner,)),
        "initial_state": (initial_state, (batch, inner, state)),
    }
    for name, (tensor, shape) in expected.items():
        if tensor is None:
            continue
        if tensor.shape != shape:
            raise KernelError(f"{name} is {tuple(tensor.shape)}; beside x {tuple(x.shape)} expected {shape}")
        if tensor.device != x.device or tensor.dtype != x.dtype:
            raise KernelError(
                f"{name} is {tensor.dtype} on {tensor.device}; expected {x.dtype} on {x.device}, as x is"
            )
