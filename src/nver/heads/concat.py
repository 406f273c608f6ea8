"""Concat: the study's baseline for fusion, RENO without attention and without divergence."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nver.heads.base import Head, HeadOutput, without_penalty
from nver.heads.convolution import ConvolutionBlock
from nver.heads.fcn import dense_classifier
from nver.heads.specs import ConcatSpec


class Concat(Head):
    """A convolution block for each of two embeddings, concatenated tokens, dense layers, logits."""

    def __init__(self, spec: ConcatSpec, dims: Sequence[int], n_classes: int) -> None:
        super().__init__(spec.kind, spec.n_views, dims, n_classes)
        self.branch_x, self.branch_y = (
            ConvolutionBlock(dim, filters=spec.filters, kernel_size=spec.kernel_size, tokens=spec.tokens)
            for dim in dims
        )
        n_features = 2 * spec.tokens * spec.filters[1]
        self.classifier = dense_classifier(n_features, n_classes, widths=spec.dense, dropout=spec.dropout)

    def read(self, *views: Tensor) -> HeadOutput:
        """Logits of two views."""
        x, y = views
        tokens = torch.cat([self.branch_x(x), self.branch_y(y)], dim=1)  # (n, 2 tokens, filters)
        return without_penalty(self.classifier(tokens.flatten(1)))
