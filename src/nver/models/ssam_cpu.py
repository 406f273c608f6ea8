"""The blocks of Audio-Mamba on a CPU, without gradients: the same parameters, fewer passes over memory.

A window's tokens go through a block in two halves, first the earlier and then the later one, which takes over
the inputs of the convolution and the state of the scan. So two cores can share one window, the second one
block behind the first, and wait for nothing else. Where there are windows enough, each core has windows of
its own. Either way each product has the same shape and one core, so a window's tokens are the same bits
whoever its neighbours are and however many cores there are.

Convolution, step size, scan, skip and gate are two loops compiled by numba; the matrix products go to oneDNN,
which PyTorch would only ask for bfloat16 (in float32 it asks MKL, which on processors of other makers uses
half of their vector width).
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from queue import SimpleQueue
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
class _Past:
    """What a block has to know of the tokens before a stretch."""

    inputs: Tensor  # (1, K - 1, E), the last ones of the convolution
    state: Tensor  # (1, N, E), of the scan


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

    def nothing_before(self) -> _Past:
        """What comes before a window."""
        n_taps, inner = self.conv_weight.shape
        inputs = torch.zeros(1, n_taps - 1, inner, dtype=self.to_x.dtype)
        return _Past(inputs, torch.zeros(1, *self.A2.shape))

    def add_to(self, tokens: Tensor, past: _Past) -> _Past:
        """Adds to a stretch of tokens, (1, L, W) with L >= K - 1, what the block gives.

        Returns:
            What the block has to know for the next stretch; it holds the memory of ``past``.
        """
        normed = functional.layer_norm(
            tokens, self.norm_weight.shape, self.norm_weight, self.norm_bias, LAYER_NORM_EPS
        )
        normed = normed.to(self.to_x.dtype)
        inputs = _times(normed, self.to_x)  # (1, L, E)
        x = numba_scan.causal_conv_silu(
            inputs, self.conv_weight, self.conv_bias, before=past.inputs, n_threads=1
        )
        rank, state = self.to_step.shape[1], self.A2.shape[0]
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
            past.state,  # and the state after, from here on
            n_threads=1,
        )
        tokens += _times(y, self.out)
        return _Past(inputs[:, inputs.shape[1] - past.inputs.shape[1] :], past.state)


class CpuSSAM:
    """Audio-Mamba for windows on a CPU.

    Args:
        network: Its parameters are shared where their type and layout allow it.
        matrices: The type of the matrix products; all else is in float32.
    """

    def __init__(self, network: SSAM, *, matrices: torch.dtype = torch.float32) -> None:
        self._network = network
        self._blocks = [_CpuBlock.of(cast("Block", block), matrices) for block in network.blocks]
        _keep_freed_memory()

    def __call__(self, windows: Tensor) -> Tensor:
        """(n, 200, 80) normalised log-mel -> (n, 250, W), as ``SSAM.forward``."""
        n_cores = torch.get_num_threads()
        threads = one_core_threads(n_cores)
        if 0 < 2 * len(windows) <= n_cores:
            pasts: list[SimpleQueue[_Past | None]] = [SimpleQueue() for _ in windows]
            # In this order: a later half that has its thread must not keep an earlier one from it.
            earlier = [threads.submit(self._earlier_half, *pair) for pair in zip(windows, pasts, strict=True)]
            later = [threads.submit(self._later_half, *pair) for pair in zip(windows, pasts, strict=True)]
            return torch.cat([_joined(earlier), _joined(later)], dim=1)
        n_workers = max(1, min(n_cores, len(windows)))
        parts = [threads.submit(self._windows, part) for part in windows.tensor_split(n_workers)]
        return torch.cat([part.result() for part in parts])

    def _windows(self, windows: Tensor) -> Tensor:
        """Both halves of all windows, block by block: a block's matrices stay in the cache."""
        with torch.inference_mode():
            tokens = self._network.start(windows).contiguous()
            for block in self._blocks:
                for i in range(len(tokens)):
                    past = block.nothing_before()
                    for half in _halves(tokens[i : i + 1]):
                        past = block.add_to(half, past)
            return self._end(tokens)[:, 1:]

    def _earlier_half(self, window: Tensor, pasts: SimpleQueue[_Past | None]) -> Tensor:
        """Hands on what each block of the later half has to know; None if there is no more to come."""
        try:
            with torch.inference_mode():
                half = _halves(self._network.start(window[None]))[0].contiguous()
                for block in self._blocks:
                    pasts.put(block.add_to(half, block.nothing_before()))
                return self._end(half)[:, 1:]
        finally:
            pasts.put(None)

    def _later_half(self, window: Tensor, pasts: SimpleQueue[_Past | None]) -> Tensor:
        with torch.inference_mode():
            half = _halves(self._network.start(window[None]))[1].contiguous()
            for block in self._blocks:
                past = pasts.get()
                if past is None:
                    break  # the earlier half has failed, and says why
                block.add_to(half, past)
            return self._end(half)

    def _end(self, tokens: Tensor) -> Tensor:
        return cast("Tensor", self._network.encoder_norm(tokens))


def _halves(tokens: Tensor) -> tuple[Tensor, Tensor]:
    """Earlier and later tokens of windows, (n, L, W)."""
    middle = (tokens.shape[1] + 1) // 2
    return tokens[:, :middle], tokens[:, middle:]


def _joined(halves: list[Future[Tensor]]) -> Tensor:
    return torch.cat([half.result() for half in halves])


def _keep_freed_memory() -> None:
    """Have glibc keep blocks of up to 30 MiB that are freed.

    It gives them back to the system otherwise, and each product of each block then waits for fresh pages, a
    third of the time of a small network. glibc raises its bound to the size of a block that it has given back
    once. Elsewhere this does nothing; no page of the block is touched.
    """
    torch.empty(30 << 20, dtype=torch.uint8)


def _times(x: Tensor, matrix: Tensor) -> Tensor:
    """Tokens times the matrix's transpose, in their common type; by oneDNN where PyTorch has it."""
    if _HAS_ONEDNN:
        return cast("Tensor", torch.ops.mkldnn._linear_pointwise(x, matrix, None, "none", [], ""))
    return functional.linear(x, matrix)
