"""What a head is: views of n clips in, logits and a penalty out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from nver.errors import ConfigError, TrainingError
from nver.heads.dropout import Dropout
from nver.heads.specs import HeadSpec


class HeadOutput(NamedTuple):
    """What a head says of n clips.

    Attributes:
        logits: (n, n_classes).
        penalty: Scalar, already weighted: the loss is ``cross_entropy_weight * CE + penalty``.
    """

    logits: Tensor
    penalty: Tensor


class Head(nn.Module):
    """The one training loop's view of every head.

    Attributes:
        cross_entropy_weight: What the loop multiplies the cross-entropy by.
        dims: Length of each view's embedding.
    """

    cross_entropy_weight: float = 1.0

    def __init__(self, spec: HeadSpec, dims: Sequence[int], n_classes: int) -> None:
        super().__init__()
        if not spec.takes(len(dims)):
            raise ConfigError(
                f"head '{spec.kind}' takes {spec.views_taken()} embedding(s) a clip, got {len(dims)}"
            )
        if min(dims) < 1:
            raise ConfigError(f"an embedding has at least one dimension, got dims {tuple(dims)}")
        if n_classes < 2:
            raise ConfigError(f"a head tells two or more classes apart, got {n_classes}")
        self.dims = tuple(dims)

    def forward(self, views: Sequence[Tensor]) -> HeadOutput:
        """Logits and penalty.

        Args:
            views: One (n, dim) float tensor for each of ``dims``, rows in the same order of clips.

        Raises:
            TrainingError: Views are too many, too few, of other dimensions, or of unequal numbers of clips.
        """
        shapes = [tuple(view.shape) for view in views]
        n_clips = shapes[0][0] if shapes and shapes[0] else 0
        if shapes != [(n_clips, dim) for dim in self.dims]:
            expected = " and ".join(f"(n, {dim})" for dim in self.dims)
            got = " and ".join(map(str, shapes)) or "no view"
            raise TrainingError(f"this head was built for views of shape {expected}, got {got}")
        return self.read(*views)

    def draw_from(self, generator: torch.Generator) -> None:
        """Let a generator decide what is dropped in training."""
        for module in self.modules():
            if isinstance(module, Dropout):
                module.generator = generator

    def read(self, *views: Tensor) -> HeadOutput:
        """``forward`` on views that are known to fit: what each head writes."""
        raise NotImplementedError


def without_penalty(logits: Tensor) -> HeadOutput:
    """The output of a head that is trained by cross-entropy alone."""
    return HeadOutput(logits, torch.zeros((), dtype=logits.dtype, device=logits.device))
