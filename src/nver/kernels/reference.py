"""The selective scan as its definition: one step of time after another, in plain PyTorch.

Every other kernel is tested against this one, in value and in gradient. It runs on any device and in any
floating type, and it is slow.

Glossary (the letters of the Mamba paper, used in all files of this room):
    batch   windows that are scanned independently
    L       length: steps of time
    E       inner width: channels, each scanned by itself
    N       state: numbers that a channel remembers
    x       (batch, L, E)  what comes in
    dt      (batch, L, E)  step size before bias and softplus
    A       (E, N)         decay rates, negative
    B, C    (batch, L, N)  how input enters the state, how the state is read
    D       (E,)           what of the input goes straight to the output
    z       (batch, L, E)  the gate
    h       (batch, E, N)  the state
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def why_not(device: torch.device, dtype: torch.dtype) -> str | None:
    """The reason why this kernel cannot run there: never one."""
    del device, dtype
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
    """What was read, (batch, L, E), and the last state, (batch, E, N).

    Source:
        Gu and Dao (2023), "Mamba: Linear-Time Sequence Modeling with Selective State Spaces", algorithm 2.
    """
    step = functional.softplus(dt if dt_bias is None else dt + dt_bias)  # (batch, L, E)
    entering = step * x  # (batch, L, E)
    h = x.new_zeros(x.shape[0], *A.shape) if initial_state is None else initial_state
    read = []
    for t in range(x.shape[1]):
        decay = torch.exp(step[:, t, :, None] * A)  # (batch, E, N)
        h = decay * h + entering[:, t, :, None] * B[:, t, None]  # (batch, E, N)
        read.append((h * C[:, t, None]).sum(-1))  # (batch, E)
    y = torch.stack(read, dim=1) + D * x  # (batch, L, E)
    return (y if z is None else y * functional.silu(z)), h
