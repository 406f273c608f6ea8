"""The attention twin of Audio-Mamba's block (SSAST): the same place in the network, time mixed by attention.

Glossary: L tokens, W width, H heads.

Source:
    Gong et al. (2022), "SSAST: Self-Supervised Audio Spectrogram Transformer", AAAI, in the pre-norm form
    that Yadav and Tan (2024) compare Audio-Mamba with.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from nver.models.ssam import LAYER_NORM_EPS


class Block(nn.Module):
    """Multi-head self-attention, then a two-layer network, each on the norm of what runs along.

    Args:
        width: W, of a token.
        n_heads: H; divides the width.
        hidden: Units of the two-layer network.

    >>> Block(width=48, n_heads=4, hidden=144)(torch.zeros(1, 50, 48)).shape
    torch.Size([1, 50, 48])
    """

    def __init__(self, *, width: int, n_heads: int, hidden: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.norm = nn.LayerNorm(width, eps=LAYER_NORM_EPS)
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.norm_of_hidden = nn.LayerNorm(width, eps=LAYER_NORM_EPS)
        self.to_hidden = nn.Linear(width, hidden)
        self.of_hidden = nn.Linear(hidden, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """(batch, L, W) -> (batch, L, W).

        Attention is written out: over the 50 tokens of a window it takes a third of the time that PyTorch's
        fused kernel needs on a CPU in bfloat16, forward and backward.
        """
        batch, length, width = tokens.shape
        qkv = self.qkv(self.norm(tokens)).view(batch, length, 3, self.n_heads, width // self.n_heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # (batch, H, L, W / H) each
        scores = (q @ k.transpose(-1, -2)) * (width // self.n_heads) ** -0.5  # (batch, H, L, L)
        mixed = torch.softmax(scores.float(), dim=-1).to(v.dtype) @ v
        tokens = tokens + self.proj(mixed.transpose(1, 2).reshape(batch, length, width)).to(tokens.dtype)
        hidden = nn.functional.gelu(self.to_hidden(self.norm_of_hidden(tokens)))
        return cast("Tensor", tokens + self.of_hidden(hidden).to(tokens.dtype))
