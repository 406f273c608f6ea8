"""CNN: the convolution block on one embedding, then dense layers."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from nver.heads.base import Head, HeadOutput, without_penalty
from nver.heads.convolution import ConvolutionBlock
from nver.heads.fcn import dense_classifier
from nver.heads.specs import CNNSpec


class CNN(Head):
    """Two convolutions, flattened tokens, dense 512, dense 128, logits."""

    def __init__(self, spec: CNNSpec, dims: Sequence[int], n_classes: int) -> None:
        super().__init__(spec, dims, n_classes)
        self.branch = ConvolutionBlock(
            dims[0], filters=spec.filters, kernel_size=spec.kernel_size, tokens=spec.tokens
        )
        n_features = self.branch.n_tokens * spec.filters[1]
        self.classifier = dense_classifier(n_features, n_classes, widths=spec.dense, dropout=spec.dropout)

    def read(self, *views: Tensor) -> HeadOutput:
        """Logits of one view."""
        (x,) = views
        return without_penalty(self.classifier(self.branch(x).flatten(1)))
