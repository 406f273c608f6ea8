"""Cross-attention: the tokens of each embedding look at those of the others."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn

from nver.heads.attention import CrossAttention
from nver.heads.base import HeadOutput, without_penalty
from nver.heads.fcn import dense_classifier
from nver.heads.fusion import FusionHead, convolutions
from nver.heads.specs import CrossAttentionSpec


class CrossAttentionFusion(FusionHead):
    """Convolution branches, one cross-attention a branch, concatenated tokens, dense layers, logits.

    Queries are a branch's own tokens; keys and values are the tokens of all other branches, as they leave the
    convolutions.

    Source:
        Tsai et al. (2019), "Multimodal transformer for unaligned multimodal language sequences", section 3.1.
    """

    def __init__(self, spec: CrossAttentionSpec, dims: Sequence[int], n_classes: int) -> None:
        super().__init__(spec, dims, n_classes, partial(convolutions, spec))
        f = spec.filters[1]
        self.attentions = nn.ModuleList(
            CrossAttention(f, n_heads=spec.n_heads, residual_norm=spec.residual_norm) for _ in dims
        )
        n_features = len(dims) * spec.tokens * f
        self.classifier = dense_classifier(n_features, n_classes, widths=spec.dense, dropout=spec.dropout)

    def read(self, *views: Tensor) -> HeadOutput:
        """Logits of two or more views."""
        tokens = self.tokens(views)  # (n, tokens, filters) each
        seen = [
            attend(own, torch.cat([other for other in tokens if other is not own], dim=1))
            for attend, own in zip(self.attentions, tokens, strict=True)
        ]
        return without_penalty(self.classifier(torch.cat(seen, dim=1).flatten(1)))
