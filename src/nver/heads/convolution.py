"""The convolution block: an embedding, read as a one-channel sequence, becomes a few tokens.

Glossary: n clips, d embedding dimensions, f filters of the second convolution, t tokens.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (torch's own habit)

from nver.errors import ConfigError
from nver.kernels import tokens as kernel

_POOLING = (1, 2)
_SHORTEST = 4  # two poolings by two must leave one position


class ConvolutionBlock(nn.Module):
    """Twice convolution, max-pooling by two and ReLU; then averages over ``tokens`` stretches.

    Stretches are those of adaptive average pooling. Where an embedding is shorter than ``4 * tokens``, there
    are fewer positions than tokens and neighbouring tokens repeat a position, so that every head exists for
    every embedding of four dimensions or more.

    On a CPU, loops of our own compute it (``nver.kernels.tokens``). Where they do not (other filters, another
    device or type, a gradient of the embedding), torch does: the sequence is an image of height one, since in
    channels-last memory its convolutions and poolings take less than half the time of the one-dimensional
    ones. ReLU follows the pooling, where it has half as many values to look at; as it is monotone, the result
    is the same.

    Args:
        dim: d.
        filters: Of the first and of the second convolution.
        kernel_size: Of both, odd; the sequence is padded with zeros to keep its length.
        tokens: t, or "all" for every position.

    Attributes:
        n_tokens: t.

    Raises:
        ConfigError: ``dim`` is under four.
    """

    def __init__(
        self, dim: int, *, filters: tuple[int, int], kernel_size: int, tokens: int | Literal["all"]
    ) -> None:
        super().__init__()
        if dim < _SHORTEST:
            raise ConfigError(
                f"two poolings by two leave nothing of an embedding of {dim} dimension(s); "
                f"the convolution block needs {_SHORTEST} or more"
            )
        first, second = filters
        self.convolve_1 = nn.Conv2d(1, first, (1, kernel_size), padding=(0, kernel_size // 2))
        self.convolve_2 = nn.Conv2d(first, second, (1, kernel_size), padding=(0, kernel_size // 2))
        self.n_tokens = dim // 2 // 2 if tokens == "all" else tokens

    def forward(self, x: Tensor) -> Tensor:
        """(n, d) -> (n, t, f)."""
        first, second = self.convolve_1, self.convolve_2
        if kernel.can_run(x, first.weight, second.weight):
            return kernel.tokens(x, first.weight, first.bias, second.weight, second.bias, self.n_tokens)
        # One channel is contiguous in either layout; only ``to`` sets the strides that what follows goes by.
        h = x[:, None, None, :].to(memory_format=torch.channels_last)  # (n, 1, 1, d)
        h = F.relu(F.max_pool2d(self.convolve_1(h), _POOLING))  # (n, filters[0], 1, d // 2)
        h = F.relu(F.max_pool2d(self.convolve_2(h), _POOLING))  # (n, f, 1, d // 4)
        if h.shape[-1] != self.n_tokens:
            h = F.adaptive_avg_pool2d(h, (1, self.n_tokens))  # (n, f, 1, t)
        tokens: Tensor = h[:, :, 0].transpose(1, 2)
        return tokens
