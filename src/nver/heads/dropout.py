"""Dropout with a generator of its own."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    """As ``nn.Dropout``, but what is dropped comes from ``generator`` (torch's global one while it is None).

    So heads that are trained side by side cannot disturb each other's draws.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self.generator: torch.Generator | None = None

    def forward(self, x: Tensor) -> Tensor:
        """``x`` with a share of its elements zero and the others scaled up; unchanged in eval mode."""
        if not self.training or self.share == 0:
            return x
        kept = torch.empty_like(x).bernoulli_(1 - self.share, generator=self.generator)
        return x * kept.div_(1 - self.share)
