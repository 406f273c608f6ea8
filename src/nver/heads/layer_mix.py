"""A learned mix of the layers of one encoder, then the FCN: which layers help is learned with the head."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from nver.errors import ConfigError
from nver.heads.base import Head, HeadOutput, without_penalty
from nver.heads.fcn import dense_classifier
from nver.heads.specs import LayerMixSpec


class LayerMix(Head):
    """The sum of an embedding's layers, each by its share; shares are a softmax, equal before training.

    The embedding holds the layers side by side, as an encoder with ``layer = "all"`` gives them. With
    ``normalise`` each layer is first brought to mean zero and variance one over its dimensions: a layer does
    not count more for being larger.

    Source:
        Yang et al. (2021), "SUPERB: Speech processing Universal PERformance Benchmark", section 3.
    """

    def __init__(self, spec: LayerMixSpec, dims: Sequence[int], n_classes: int) -> None:
        super().__init__(spec, dims, n_classes)
        if dims[0] % spec.n_layers or dims[0] < 2 * spec.n_layers:
            raise ConfigError(
                f"an embedding of {dims[0]} dimensions is not {spec.n_layers} layers of one length; "
                "set n_layers to the encoder's layers, and the encoder's option layer = \"all\""
            )
        self.n_layers, self.normalise = spec.n_layers, spec.normalise
        self.logits_of_shares = nn.Parameter(torch.zeros(spec.n_layers))
        self.classifier = dense_classifier(
            dims[0] // spec.n_layers, n_classes, widths=spec.dense, dropout=spec.dropout
        )

    def shares(self) -> Tensor:
        """(n_layers,) what each layer counts; they sum to one."""
        return torch.softmax(self.logits_of_shares, dim=0)

    def read(self, *views: Tensor) -> HeadOutput:
        """Logits of one view."""
        (x,) = views
        layers = x.view(len(x), self.n_layers, x.shape[1] // self.n_layers)  # (n, layers, dim)
        if self.normalise:
            layers = nn.functional.layer_norm(layers, layers.shape[2:])
        return without_penalty(self.classifier(torch.einsum("nld,l->nd", layers, self.shares())))
