"""Concat: the study's baseline for fusion, RENO without attention and without divergence."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from nver.heads.base import HeadOutput, without_penalty
from nver.heads.fcn import dense_classifier
from nver.heads.fusion import FusionHead, convolutions
from nver.heads.specs import ConcatSpec


class Concat(FusionHead):
    """A convolution block for each of two or more embeddings, concatenated tokens, dense layers, logits."""

    def __init__(self, spec: ConcatSpec, dims: Sequence[int], n_classes: int) -> None:
        super().__init__(spec, dims, n_classes, partial(convolutions, spec))
        n_features = len(dims) * spec.tokens * spec.filters[1]
        self.classifier = dense_classifier(n_features, n_classes, widths=spec.dense, dropout=spec.dropout)

    def read(self, *views: Tensor) -> HeadOutput:
        """Logits of two or more views."""
        tokens = torch.cat(self.tokens(views), dim=1)  # (n, views * tokens, filters)
        return without_penalty(self.classifier(tokens.flatten(1)))
