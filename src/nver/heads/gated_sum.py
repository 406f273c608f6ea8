"""Gated sum: what each embedding says, weighed feature by feature by a gate that sees them all.

Glossary: n clips, v views, t tokens of a view, f features of a token.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (torch's own habit)

from nver.heads.base import HeadOutput, without_penalty
from nver.heads.fcn import dense_classifier
from nver.heads.fusion import FusionHead, convolutions
from nver.heads.specs import GatedSumSpec


class GatedSum(FusionHead):
    """A gated multimodal unit on the tokens of the branches, dense layers, logits.

    With x and y the tokens at one position, ``z = sigmoid(gate([x, y]))`` and the unit gives
    ``z * tanh(transform_x(x)) + (1 - z) * tanh(transform_y(y))``; the same weights serve every position. With
    more than two views the gate is a softmax over views, so that their shares of a feature sum to one.

    Source:
        Arevalo, Solorio, Montes-y-Gomez, Gonzalez (2017), "Gated multimodal units for information fusion",
        figure 2b. (Their unit of more than two has independent gates that do not sum to one.)
    """

    def __init__(self, spec: GatedSumSpec, dims: Sequence[int], n_classes: int) -> None:
        super().__init__(spec, dims, n_classes, partial(convolutions, spec))
        n_views, f = len(dims), spec.filters[1]
        self.transforms = nn.ModuleList(nn.Linear(f, f) for _ in dims)
        self.gate = nn.Linear(n_views * f, (n_views - 1) * f)
        self.classifier = dense_classifier(
            spec.tokens * f, n_classes, widths=spec.dense, dropout=spec.dropout
        )

    def read(self, *views: Tensor) -> HeadOutput:
        """Logits of two or more views."""
        tokens = self.tokens(views)  # v of (n, t, f)
        said = torch.stack([torch.tanh(own(x)) for own, x in zip(self.transforms, tokens, strict=True)])
        shares = self.shares(tokens)  # (v, n, t, f), as what is said
        return without_penalty(self.classifier((shares * said).sum(0).flatten(1)))

    def shares(self, tokens: Sequence[Tensor]) -> Tensor:
        """What each view counts for: (n, t, f) of each of v views -> (v, n, t, f), of sum one over views."""
        gate = self.gate(torch.cat(list(tokens), dim=-1)).unflatten(-1, (len(tokens) - 1, -1))
        # The last view is what others are weighed against: softmax([g, 0]) = [sigmoid(g), 1 - sigmoid(g)].
        return F.pad(gate, (0, 0, 0, 1)).softmax(dim=-2).movedim(-2, 0)
