"""The matched pair: one network over spectrograms, whose blocks mix time by a selective scan or by attention.

Everything but the blocks is the same: two strided convolutions, a token for every 40 ms that sees all bands,
sine-cosine positions, pre-norm blocks, a last norm. Sequences may have any length; positions are those of
time since the beginning of the window.

Glossary:
    T  frames of 10 ms; a multiple of 4
    S  steps of 40 ms, T / 4; one token each
    W  width of a token
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self, cast

import torch
from torch import Tensor, nn

from nver.errors import WeightsError
from nver.models import ssam, ssast
from nver.models.patches import waves

N_BANDS = 80
FRAMES_A_STEP = 4
PATCH_BANDS = 16
"""What is hidden in pre-training are patches of a step and 16 bands, as in Audio-Mamba."""

N_PATCHES_A_STEP = N_BANDS // PATCH_BANDS

Mixer = Literal["mamba", "attention"]


@dataclass(frozen=True)
class BurstShape:
    """All that tells one network from another.

    Attributes:
        mixer: What its blocks are: ``ssam.Block`` or ``ssast.Block``.
        width: W.
        n_blocks: One after another.
        stem: Channels of the first convolution; the second has twice as many.
        inner: Channels that a selective scan runs over.
        state: Numbers that such a channel remembers.
        n_heads: Of attention.
        hidden: Units of the two-layer network behind attention.
    """

    mixer: Mixer
    width: int = 192
    n_blocks: int = 6
    stem: int = 16
    inner: int = 576
    state: int = 8
    n_heads: int = 6
    hidden: int = 576

    def block(self) -> nn.Module:
        """One block."""
        if self.mixer == "attention":
            return ssast.Block(width=self.width, n_heads=self.n_heads, hidden=self.hidden)
        return ssam.Block(
            ssam.Shape(width=self.width, n_blocks=self.n_blocks, inner=self.inner, state=self.state)
        )


class BurstNetwork(nn.Module):
    """A log-mel spectrogram to tokens of 40 ms.

    >>> shape = BurstShape("attention", width=48, n_blocks=2, n_heads=4, hidden=96)
    >>> BurstNetwork(shape).eval()(torch.zeros(1, 200, 80)).shape
    torch.Size([1, 50, 48])
    """

    def __init__(self, shape: BurstShape) -> None:
        super().__init__()
        self.shape = shape
        self.conv1 = nn.Conv2d(1, shape.stem, 3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(shape.stem, 2 * shape.stem, 3, stride=2, padding=1)
        self.to_token = nn.Linear(2 * shape.stem * N_BANDS // 4, shape.width)
        self.blocks = nn.ModuleList(shape.block() for _ in range(shape.n_blocks))
        self.norm = nn.LayerNorm(shape.width, eps=ssam.LAYER_NORM_EPS)

    def start(self, spectrograms: Tensor) -> Tensor:
        """(n, T, 80) -> (n, S, W): what the first block is given."""
        x = nn.functional.gelu(self.conv1(spectrograms[:, None]))  # (n, stem, T / 2, 40)
        x = nn.functional.gelu(self.conv2(x))  # (n, 2 stem, S, 20)
        tokens = self.to_token(x.permute(0, 2, 3, 1).flatten(2)).float()
        return cast("Tensor", tokens + positions(tokens.shape[1], self.shape.width).to(tokens.device))

    def layers(self, spectrograms: Tensor) -> list[Tensor]:
        """What enters the first block and what leaves each of them, (n, S, W) each, before the last norm."""
        states = [self.start(spectrograms)]
        for block in self.blocks:
            states.append(block(states[-1]))
        return states

    def forward(self, spectrograms: Tensor) -> Tensor:
        """(n, T, 80) normalised log-mel -> (n, S, W)."""
        return cast("Tensor", self.norm(self.layers(spectrograms)[-1]))

    @classmethod
    def random(cls, shape: BurstShape, *, seed: int) -> Self:
        """A network as it is before training; PyTorch's own random state is left as it was."""
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            return cls(shape)

    @classmethod
    def with_weights(cls, shape: Mapping[str, object], tensors: Mapping[str, Tensor]) -> Self:
        """The network that these tensors are the weights of, for use.

        Args:
            shape: The fields of a ``BurstShape``, as ``asdict`` gives them.
            tensors: Its parameters by name, in any floating type.

        Raises:
            WeightsError: They do not fit each other.
        """
        try:
            with torch.device("meta"):
                network = cls(BurstShape(**shape))  # type: ignore[arg-type]
            network.load_state_dict({name: tensor.float() for name, tensor in tensors.items()}, assign=True)
        except (TypeError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            raise WeightsError(
                f"these weights do not fit a burst network of {dict(shape)}: {reason}"
            ) from error
        return network.requires_grad_(False).eval()


class Reconstructor(nn.Module):
    """What masked modelling adds to a network, and throws away afterwards.

    Attributes:
        mask: (4, 16) what stands in the place of a hidden patch.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mask = nn.Parameter(torch.zeros(FRAMES_A_STEP, PATCH_BANDS))
        self.to_patches = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, FRAMES_A_STEP * N_BANDS)
        )

    def hide(self, spectrograms: Tensor, hidden: Tensor) -> Tensor:
        """(n, T, 80) with the patches that ``hidden``, (n, S, 5) bool, names replaced by the mask."""
        where = hidden.repeat_interleave(FRAMES_A_STEP, 1).repeat_interleave(PATCH_BANDS, 2)
        tiles = self.mask.repeat(hidden.shape[1], N_PATCHES_A_STEP)  # (T, 80)
        return torch.where(where, tiles, spectrograms)

    def forward(self, tokens: Tensor) -> Tensor:
        """(n, S, W) -> (n, S, 5, 64): every patch, as ``patches_of`` has it."""
        n, steps, _ = tokens.shape
        return cast("Tensor", self.to_patches(tokens)).view(n, steps, N_PATCHES_A_STEP, -1)


def patches_of(spectrograms: Tensor) -> Tensor:
    """(n, T, 80) -> (n, S, 5, 64): the numbers of each patch, frame by frame.

    >>> patches_of(torch.zeros(1, 200, 80)).shape
    torch.Size([1, 50, 5, 64])
    """
    n, frames, _ = spectrograms.shape
    grid = spectrograms.view(n, frames // FRAMES_A_STEP, FRAMES_A_STEP, N_PATCHES_A_STEP, PATCH_BANDS)
    return grid.transpose(2, 3).flatten(3)


def positions(n_steps: int, width: int) -> Tensor:
    """(n_steps, width): sines and cosines of the step, at rates from 1 to 1e-4."""
    return waves(torch.arange(n_steps), width).float()
