"""RENO, the Renyi attention network: embeddings, pulled together by a divergence, fused by attention."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import combinations

import torch
from torch import Tensor, nn

from nver.heads import divergences
from nver.heads.attention import SelfAttention
from nver.heads.base import HeadOutput
from nver.heads.fcn import dense_classifier
from nver.heads.fusion import FusionHead, convolutions
from nver.heads.specs import RENOSpec


class RENO(FusionHead):
    """Branches (convolutions, attention), attention over the tokens of all, dense layers, logits.

    The penalty is ``1 - lambda`` times the divergence of an earlier branch's features from a later one's,
    each turned into a distribution by a softmax over all of them, averaged over the batch and over the pairs
    of branches. The study has two branches, and so one pair.

    Source:
        Akhtar et al. (2025), section II-B; docs/reproduction.md for what it leaves open.
    """

    def __init__(self, spec: RENOSpec, dims: Sequence[int], n_classes: int) -> None:
        super().__init__(spec, dims, n_classes, partial(_branch, spec))
        self.spec = spec
        self.cross_entropy_weight = spec.cross_entropy_weight
        self.fusion = _attention(spec) if spec.fusion_attention else nn.Identity()
        n_features = len(dims) * spec.tokens * spec.filters[1]
        self.classifier = dense_classifier(n_features, n_classes, widths=spec.dense, dropout=spec.dropout)

    def read(self, *views: Tensor) -> HeadOutput:
        """Logits of two or more views, and the weighted divergence between them."""
        tokens = self.tokens(views)  # (n, tokens, filters) each
        logits = self.classifier(self.fusion(torch.cat(tokens, dim=1)).flatten(1))
        pairs = combinations([x.flatten(1) for x in tokens], 2)
        divergence = torch.stack([self._divergence(x, y).mean() for x, y in pairs]).mean()
        return HeadOutput(logits, (1.0 - self.cross_entropy_weight) * divergence)

    def _divergence(self, x: Tensor, y: Tensor) -> Tensor:
        """(n, tokens * filters) twice -> (n,)."""
        there = divergence(self.spec, x, y)
        return (there + divergence(self.spec, y, x)) / 2 if self.spec.symmetric else there


def _branch(spec: RENOSpec, dim: int) -> nn.Sequential:
    tokens = convolutions(spec, dim)
    return nn.Sequential(tokens, _attention(spec)) if spec.intra_attention else nn.Sequential(tokens)


def _attention(spec: RENOSpec) -> SelfAttention:
    return SelfAttention(spec.filters[1], n_heads=spec.n_heads, residual_norm=spec.residual_norm)


def divergence(spec: RENOSpec, x: Tensor, y: Tensor) -> Tensor:
    """The divergence that a spec names, of x from y: (..., d) logits twice -> (...) nats."""
    match spec.divergence:
        case "renyi":
            return divergences.renyi(
                x, y, order=spec.order, shift=spec.shift, renormalised=spec.renormalised_shift
            )
        case "chernoff":
            return divergences.chernoff(x, y, order=spec.order)
        case "bhattacharyya":
            return divergences.bhattacharyya(x, y)
        case "jensen-shannon":
            return divergences.jensen_shannon(x, y)
        case "none":
            return x.new_zeros(x.shape[:-1])
