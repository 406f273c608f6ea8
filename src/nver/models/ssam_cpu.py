"""The blocks of Audio-Mamba on a CPU, without gradients: the same parameters, fewer passes over memory.

Windows are divided among cores, and a core takes its windows through a block one after the other: the block's
matrices stay in the cache, what one window needs fits in it too, and each product has the same shape and one
core whatever the number of windows, so a window's tokens are the same bits whoever its neighbours are. Where
there are more cores than windows, the loops use the others as well. Convolution, step size, scan, skip and
gate are two loops compiled by numba; the matrix products go to oneDNN, which PyTorch would only ask for
bfloat16 (in float32 it asks MKL, which on processors of other makers uses half of their vector width).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self, cast

import torch
from torch import Tensor
from torch.nn import functional

from nver.kernels import numba_scan
from nver.kernels.threads import one_core_threads
from nver.models.ssam import LAYER_NORM_EPS, SSAM, Block

_LOG2_E = 1.4426950408889634
_HAS_ONEDNN = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class _CpuBlock:
    """One block's parameters, laid out for the loops."""

    norm_weight: Tensor  # (W,)
    norm_bias: Tensor  # (W,)
    to_x: Tensor  # (E, W)
    to_z: Tensor  # (E, W)
    conv_weight: Tensor  # (K, E)
    conv_bias: Tensor  # (E,)
    to_rank_and_state: Tensor  # (R + 2 N, E)
    to_step: Tensor  # (E, R)
    step_bias: Tensor  # (E,)
    A2: Tensor  # (N, E), A in base 2
    D: Tensor  # (E,)
    out: Tensor  # (W, E)

    @classmethod
    def of(cls, block: Block, matrices: torch.dtype) -> Self:
        mixer = block.mixer
        to_x, to_z = mixer.in_proj.weight.chunk(2)
        return cls(
            norm_weight=block.norm.weight,
            norm_bias=block.norm.bias,
            to_x=to_x.to(matrices),
            to_z=to_z.to(matrices),
            conv_weight=mixer.conv1d.weight[:, 0].T.contiguous(),
            conv_bias=cast("Tensor", mixer.conv1d.bias),
            to_rank_and_state=mixer.x_proj.weight.to(matrices),
            to_step=mixer.dt_proj.weight.to(matrices),
            step_bias=mixer.dt_proj.bias,
            A2=(-torch.exp(mixer.A_log) * _LOG2_E).T.contiguous(),
            D=mixer.D,
            out=mixer.out_proj.weight.to(matrices),
        )

    def __call__(self, tokens: Tensor, *, n_threads: int) -> Tensor:
        """What the block adds to the tokens of one window, (1, L, W); the loops use ``n_threads``."""
        normed = functional.layer_norm(
            tokens, self.norm_weight.shape, self.norm_weight, self.norm_bias, LAYER_NORM_EPS
        )
        normed = normed.to(self.to_x.dtype)
        x = numba_scan.causal_conv_silu(
            _times(normed, self.to_x), self.conv_weight, self.conv_bias, n_threads=n_threads
        )  # (1, L, E)
        rank, (state, inner) = self.to_step.shape[1], self.A2.shape
        low, B, C = torch.split(_times(x, self.to_rank_and_state), [rank, state, state], dim=-1)
        y = numba_scan.scan_prepared(
            x,
            _times(low, self.to_step),
            self.step_bias,
            self.A2,
            B,
            C,
            self.D,
            _times(normed, self.to_z),
            torch.zeros(1, state, inner),
            n_threads=n_threads,
        )
        return _times(y, self.out)


class CpuSSAM:
    """Audio-Mamba for windows on a CPU.

    Args:
        network: Its parameters are shared where their type and layout allow it.
        matrices: The type of the matrix products; all else is in float32.
    """

    def __init__(self, network: SSAM, *, matrices: torch.dtype = torch.float32) -> None:
        self._network = network
        self._blocks = [_CpuBlock.of(cast("Block", block), matrices) for block in network.blocks]

    def __call__(self, windows: Tensor) -> Tensor:
        """(n, 200, 80) normalised log-mel -> (n, 250, W), as ``SSAM.forward``."""
        n_cores = torch.get_num_threads()
        n_workers = max(1, min(n_cores, len(windows)))
        threads = one_core_threads(n_workers)
        parts = [
            threads.submit(self._tokens, part, n_threads=n_cores // n_workers)
            for part in windows.tensor_split(n_workers)
        ]
        return torch.cat([part.result() for part in parts])

    def _tokens(self, windows: Tensor, *, n_threads: int) -> Tensor:
        with torch.inference_mode():
            residual = self._network.start(windows).contiguous()
            for block in self._blocks:
                for i in range(len(residual)):
                    residual[i : i + 1] += block(residual[i : i + 1], n_threads=n_threads)
            return cast("Tensor", self._network.encoder_norm(residual))[:, 1:]


def _times(x: Tensor, matrix: Tensor) -> Tensor:
    """Tokens times the matrix's transpose, in their common type; by oneDNN where PyTorch has it."""
    if _HAS_ONEDNN:
        return cast("Tensor", torch.ops.mkldnn._linear_pointwise(x, matrix, None, "none", [], ""))
    return functional.linear(x, matrix)
