"""FCN: dense layers on one embedding, and the dense layers that every other head ends in."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from nver.heads.base import Head, HeadOutput, without_penalty
from nver.heads.dropout import Dropout
from nver.heads.specs import FCNSpec


def dense_classifier(
    n_features: int, n_classes: int, *, widths: tuple[int, int], dropout: float
) -> nn.Sequential:
    """(n, n_features) -> (n, n_classes): two dense layers, each with ReLU and dropout, then logits."""
    first, second = widths
    return nn.Sequential(
        nn.Linear(n_features, first),
        nn.ReLU(),
        Dropout(dropout),
        nn.Linear(first, second),
        nn.ReLU(),
        Dropout(dropout),
        nn.Linear(second, n_classes),
    )


class FCN(Head):
    """Dense 512, dense 128, logits."""

    def __init__(self, spec: FCNSpec, dims: Sequence[int], n_classes: int) -> None:
        super().__init__(spec, dims, n_classes)
        self.classifier = dense_classifier(dims[0], n_classes, widths=spec.dense, dropout=spec.dropout)

    def read(self, *views: Tensor) -> HeadOutput:
        """Logits of one view."""
        (x,) = views
        return without_penalty(self.classifier(x))
