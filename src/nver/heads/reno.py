"""RENO, the Renyi attention network: two embeddings, pulled together by a divergence, fused by attention."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from nver.heads import divergences
from nver.heads.attention import SelfAttention
from nver.heads.base import Head, HeadOutput
from nver.heads.convolution import ConvolutionBlock
from nver.heads.fcn import dense_classifier
from nver.heads.specs import RENOSpec


class RENO(Head):
    """Two branches (convolutions, attention), attention over the tokens of both, dense layers, logits.

    The penalty is ``1 - lambda`` times the divergence of the first branch's features from the second's, each
    turned into a distribution by a softmax over all of them, and averaged over the batch.

    Source:
        Akhtar et al. (2025), section II-B; docs/reproduction.md for what it leaves open.
    """

    def __init__(self, spec: RENOSpec, dims: Sequence[int], n_classes: int) -> None:
        super().__init__(spec.kind, spec.n_views, dims, n_classes)
        self.spec = spec
        self.cross_entropy_weight = spec.cross_entropy_weight
        self.branch_x, self.branch_y = (self._branch(dim) for dim in dims)
        self.fusion = self._attention()
        n_features = 2 * spec.tokens * spec.filters[1]
        self.classifier = dense_classifier(n_features, n_classes, widths=spec.dense, dropout=spec.dropout)

    def read(self, *views: Tensor) -> HeadOutput:
        """Logits of two views, and the weighted divergence of the first from the second."""
        x, y = self.branch_x(views[0]), self.branch_y(views[1])  # (n, tokens, filters) each
        logits = self.classifier(self.fusion(torch.cat([x, y], dim=1)).flatten(1))
        divergence = self._divergence(x.flatten(1), y.flatten(1)).mean()
        return HeadOutput(logits, (1.0 - self.cross_entropy_weight) * divergence)

    def _branch(self, dim: int) -> nn.Sequential:
        spec = self.spec
        tokens = ConvolutionBlock(dim, filters=spec.filters, kernel_size=spec.kernel_size, tokens=spec.tokens)
        return nn.Sequential(tokens, self._attention())

    def _attention(self) -> SelfAttention:
        spec = self.spec
        return SelfAttention(spec.filters[1], n_heads=spec.n_heads, residual_norm=spec.residual_norm)

    def _divergence(self, x: Tensor, y: Tensor) -> Tensor:
        spec = self.spec
        match spec.divergence:
            case "renyi":
                return divergences.renyi(x, y, order=spec.order, shift=spec.shift)
            case "chernoff":
                return divergences.chernoff(x, y, order=spec.order)
            case "bhattacharyya":
                return divergences.bhattacharyya(x, y)
            case "jensen-shannon":
                return divergences.jensen_shannon(x, y)
