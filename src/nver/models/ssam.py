"""Audio-Mamba (SSAM): patches of a spectrogram, through blocks of a norm and a selective state-space mixer.

Parameters carry the names of the release's checkpoints. This is the network as it is trained and as it runs
on any device; ``ssam_cpu`` runs the same parameters faster on CPUs. The letters are those of the scan
(kernels/reference.py): L tokens, E inner channels, N state, and W for the width.

Source:
    Yadav and Tan (2024), "Audio Mamba: Selective State Spaces for Self-Supervised Audio Representations",
    Interspeech; the mixer is that of Gu and Dao (2023), "Mamba".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self, cast

import torch
from torch import Tensor, nn

from nver.errors import WeightsError
from nver.kernels import pick_backend, selective_scan
from nver.kernels.convolution import causal_conv_silu
from nver.models.patches import PATCH_BANDS, PATCH_FRAMES, position_table

LAYER_NORM_EPS = 1e-6


@dataclass(frozen=True)
class Shape:
    """All that tells one Audio-Mamba from another.

    Attributes:
        width: W, of a token.
        n_blocks: One after another.
        inner: E, channels that a mixer scans.
        state: N, numbers that a channel remembers.
        step_rank: Rank of the map from tokens to step sizes.
        kernel_size: Steps that the mixer's convolution sees.
    """

    width: int
    n_blocks: int = 12
    inner: int = 0
    state: int = 24
    step_rank: int = 0
    kernel_size: int = 4

    def __post_init__(self) -> None:
        """Inner width and step rank follow from the width where they are not given, as in the release."""
        object.__setattr__(self, "inner", self.inner or 3 * self.width)
        object.__setattr__(self, "step_rank", self.step_rank or math.ceil(self.width / 16))

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> Self:
        """The shape of the network that these tensors are the weights of.

        Raises:
            WeightsError: They are not those of an Audio-Mamba.
        """
        try:
            inner, state = tensors["blocks.0.mixer.A_log"].shape
            return cls(
                width=tensors["cls_token"].shape[-1],
                n_blocks=1 + max(int(name.split(".")[1]) for name in tensors if name.startswith("blocks.")),
                inner=inner,
                state=state,
                step_rank=tensors["blocks.0.mixer.dt_proj.weight"].shape[1],
                kernel_size=tensors["blocks.0.mixer.conv1d.weight"].shape[-1],
            )
        except (KeyError, ValueError) as error:
            raise WeightsError(f"these are not the weights of an Audio-Mamba: {error} is missing") from error


class Mixer(nn.Module):
    """Mamba in one direction: (batch, L, W) -> (batch, L, W)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.in_proj = nn.Linear(shape.width, 2 * shape.inner, bias=False)
        self.conv1d = nn.Conv1d(
            shape.inner, shape.inner, shape.kernel_size, groups=shape.inner, padding=shape.kernel_size - 1
        )
        self.x_proj = nn.Linear(shape.inner, shape.step_rank + 2 * shape.state, bias=False)
        self.dt_proj = nn.Linear(shape.step_rank, shape.inner)
        self.A_log = nn.Parameter(torch.arange(1.0, shape.state + 1).log().repeat(shape.inner, 1))
        self.D = nn.Parameter(torch.ones(shape.inner))
        self.out_proj = nn.Linear(shape.inner, shape.width, bias=False)
        self._draw_steps(shape)

    def _draw_steps(self, shape: Shape) -> None:
        """Step sizes start out log-uniform between 0.001 and 0.1."""
        bound = shape.step_rank**-0.5
        nn.init.uniform_(self.dt_proj.weight, -bound, bound)
        steps = torch.exp(torch.empty(shape.inner).uniform_(math.log(1e-3), math.log(1e-1)))
        with torch.no_grad():
            self.dt_proj.bias.copy_(steps + torch.log(-torch.expm1(-steps)))  # softplus, inverted
            self.out_proj.weight.div_(math.sqrt(shape.n_blocks))

    def forward(self, tokens: Tensor, kernel: str = "auto") -> Tensor:
        """(batch, L, W) -> (batch, L, W); the scan is in float32 whatever the type of the matrices."""
        kernel = pick_backend(kernel, device=tokens.device, dtype=tokens.dtype)
        x, z = (_times(tokens, half) for half in self.in_proj.weight.chunk(2))  # (batch, L, E), contiguous
        x = causal_conv_silu(x, self.conv1d.weight[:, 0], cast("Tensor", self.conv1d.bias), backend=kernel)
        rank, state = self.dt_proj.in_features, self.A_log.shape[1]
        dt, B, C = torch.split(_times(x, self.x_proj.weight), [rank, state, state], dim=-1)
        dt = _times(dt, self.dt_proj.weight)  # (batch, L, E), its bias goes into the scan
        A = -torch.exp(self.A_log)
        y = selective_scan(x, dt, A, B, C, self.D, z, self.dt_proj.bias, kernel)
        return _times(cast("Tensor", y), self.out_proj.weight)


class Block(nn.Module):
    """Adds its input to what runs along, and mixes the norm of that."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.mixer = Mixer(shape)
        self.norm = nn.LayerNorm(shape.width, eps=LAYER_NORM_EPS)

    def forward(self, tokens: Tensor, kernel: str = "auto") -> Tensor:
        """(batch, L, W) -> (batch, L, W)."""
        return cast("Tensor", tokens + self.mixer(self.norm(tokens), kernel))


class SSAM(nn.Module):
    """Windows of a log-mel spectrogram to tokens.

    Args:
        shape: Which network.
        with_head: Also the parts that only pre-training uses: the mask token and the reconstruction head.

    >>> SSAM(Shape(width=48, n_blocks=3)).eval()(torch.zeros(1, 200, 80)).shape
    torch.Size([1, 250, 48])
    """

    def __init__(self, shape: Shape, *, with_head: bool = False) -> None:
        super().__init__()
        self.shape = shape
        self.patch_embed = nn.Module()
        self.patch_embed.proj = nn.Conv2d(
            1, shape.width, (PATCH_FRAMES, PATCH_BANDS), (PATCH_FRAMES, PATCH_BANDS)
        )
        self.cls_token = nn.Parameter(0.02 * torch.randn(1, 1, shape.width))
        self.pos_embed = nn.Parameter(position_table(shape.width)[None], requires_grad=False)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.n_blocks))
        self.encoder_norm = nn.LayerNorm(shape.width, eps=LAYER_NORM_EPS)
        if with_head:
            self.mask_token = nn.Parameter(0.02 * torch.randn(1, 1, shape.width))
            patch = PATCH_FRAMES * PATCH_BANDS
            self.pred = nn.Sequential(
                nn.Linear(shape.width, shape.width), nn.GELU(), nn.Linear(shape.width, patch)
            )

    def embed_patches(self, windows: Tensor) -> Tensor:
        """(n, 200, 80) -> (n, 250, W), without positions."""
        patches = cast("nn.Conv2d", self.patch_embed.proj)(windows[:, None])  # (n, W, 50, 5)
        return cast("Tensor", patches).flatten(2).transpose(1, 2)

    def start(self, windows: Tensor) -> Tensor:
        """(n, 200, 80) -> (n, 251, W): the class token, then the patches, with positions."""
        patches = self.embed_patches(windows) + self.pos_embed[:, 1:]
        first = (self.cls_token + self.pos_embed[:, :1]).expand(len(windows), -1, -1)
        return torch.cat([first, patches], dim=1)

    def forward(self, windows: Tensor, kernel: str = "auto") -> Tensor:
        """The tokens of windows.

        Args:
            windows: (n, 200, 80) normalised log-mel.
            kernel: Which selective scan; see ``nver.kernels``.

        Returns:
            (n, 250, W), band fastest, the class token dropped.
        """
        residual = self.start(windows)
        for block in self.blocks:
            residual = block(residual, kernel)
        return cast("Tensor", self.encoder_norm(residual))[:, 1:]

    def matrices_in(self, dtype: torch.dtype) -> Self:
        """This network with the large matrices of its mixers in another type, in place."""
        for block in self.blocks:
            mixer = cast("Block", block).mixer
            for matrix in (mixer.in_proj, mixer.x_proj, mixer.out_proj):
                matrix.to(dtype)
        return self

    @classmethod
    def random(cls, shape: Shape, *, seed: int) -> Self:
        """A network as it is before training; PyTorch's own random state is left as it was."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return cls(shape).eval()

    @classmethod
    def with_weights(cls, tensors: Mapping[str, Tensor]) -> Self:
        """The network that these tensors are the weights of, without the parts for pre-training.

        Raises:
            WeightsError: Tensors are missing, are too many, or do not fit each other.
        """
        shape = Shape.of(tensors)
        with torch.device("meta"):
            network = cls(shape)
        kept = {
            name: t.float() for name, t in tensors.items() if not name.startswith(("pred.", "mask_token"))
        }
        try:
            network.load_state_dict(kept, assign=True)
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise WeightsError(f"these weights do not fit an Audio-Mamba of {shape}: {reason}") from error
        return network.requires_grad_(False).eval()


def _times(x: Tensor, matrix: Tensor) -> Tensor:
    """The product in the matrix's own type (or autocast's), returned in the type of ``x``."""
    return nn.functional.linear(x.to(matrix.dtype), matrix).to(x.dtype)
