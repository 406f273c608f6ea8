"""The heads as pure data: every open point of the study is a field, with the study's reading as default.

`FCN` and `CNN` take one embedding; `Concat`, `RENO` and the other fusions two or more. ``nver.heads.build``
makes the module. Late fusion has none: it joins what heads have said (``nver.training.late_fusion``). Nor
has a classifier of scikit-learn: ``nver.training.estimators`` makes and fits it.

Source:
    Akhtar et al. (2025), "Are Mamba-based Audio Foundation Models the Best Fit for Non-Verbal Emotion
    Recognition?", section II; docs/reproduction.md lists what the paper leaves open.
"""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, PositiveInt, field_serializer, model_validator

from nver.heads.estimators import SklearnSpec
from nver.heads.spec import Spec

Share = Annotated[float, Field(ge=0.0, lt=1.0)]


class _TrainedSpec(Spec):
    dropout: Share = 0.3
    dense: tuple[PositiveInt, PositiveInt] = (512, 128)


class _ConvolutionSpec(_TrainedSpec):
    """The convolution block: per layer a 1-D convolution, ReLU and max-pooling by two."""

    filters: tuple[PositiveInt, PositiveInt] = (32, 64)
    kernel_size: PositiveInt = 3

    @model_validator(mode="after")
    def _kernel_with_a_middle(self) -> Self:
        if self.kernel_size % 2 == 0:
            raise ValueError(
                f"kernel_size is odd, so that padding is even on both sides; got {self.kernel_size}"
            )
        return self


class FCNSpec(_TrainedSpec):
    """Dense layers alone."""

    kind: Literal["fcn"] = "fcn"
    n_views: ClassVar[int] = 1


class LayerMixSpec(_TrainedSpec):
    """A learned mix of an encoder's layers, then dense layers.

    Attributes:
        n_layers: How many layers lie side by side in the embedding.
        normalise: Whether each layer is brought to one scale before they are mixed.
    """

    kind: Literal["layer-mix"] = "layer-mix"
    n_views: ClassVar[int] = 1
    n_layers: PositiveInt = 2
    normalise: bool = True


class CNNSpec(_ConvolutionSpec):
    """Convolutions over the embedding read as a one-channel sequence, then the FCN.

    ``tokens`` is the number of positions that the convolution output is pooled to before it is flattened;
    "all" keeps every position (the literal reading, 31 M weights for a 3840-d embedding).
    """

    kind: Literal["cnn"] = "cnn"
    n_views: ClassVar[int] = 1
    tokens: PositiveInt | Literal["all"] = 28


class _FusionSpec(_ConvolutionSpec):
    """A convolution branch for each of two or more embeddings, ``tokens`` positions from each."""

    n_views: ClassVar[int] = 2
    takes_more_views: ClassVar[bool] = True
    tokens: PositiveInt = 20


class _AttentionSpec(_FusionSpec):
    """Attention between tokens.

    ``residual_norm`` is x + attention(x), then one layer norm; off leaves attention alone.
    """

    n_heads: PositiveInt = 2
    residual_norm: bool = True

    @model_validator(mode="after")
    def _heads_share_the_filters(self) -> Self:
        if self.filters[1] % self.n_heads:
            raise ValueError(f"{self.n_heads} attention heads cannot share {self.filters[1]} filters evenly")
        return self


class ConcatSpec(_FusionSpec):
    """Convolution branches, concatenated, then the FCN: RENO without attention and divergence."""

    kind: Literal["concat"] = "concat"


class GatedSumSpec(_FusionSpec):
    """Convolution branches, summed with shares that all decide on, then the FCN: a gated multimodal unit."""

    kind: Literal["gated-sum"] = "gated-sum"


class CrossAttentionSpec(_AttentionSpec):
    """Convolution branches whose tokens attend to those of the others, concatenated, then the FCN."""

    kind: Literal["cross-attention"] = "cross-attention"


class RENOSpec(_AttentionSpec):
    """Convolution branches with self-attention, pulled together by a divergence, fused by attention.

    Attributes:
        n_heads: Heads of each self-attention block.
        intra_attention: Whether each branch has self-attention of its own.
        fusion_attention: Whether the tokens of all branches attend to each other.
        divergence: Which divergence pulls the branches together; ``none`` leaves its share of the loss empty.
        order: beta of the Renyi (up to infinity) or Chernoff (below 1) divergence; others have none.
        shift: delta, added to every probability of the Renyi divergence; 0 is the exact one, in log space.
            Others have none, so they ask for ``shift=0``.
        renormalised_shift: Whether probabilities are made to sum to one again after the shift, which takes
            the constant out of the divergence.
        symmetric: Whether it is the mean of both directions, rather than the earlier branch from the later.
        cross_entropy_weight: lambda of ``lambda * CE + (1 - lambda) * divergence``.
    """

    kind: Literal["reno"] = "reno"
    intra_attention: bool = True
    fusion_attention: bool = True
    divergence: Literal["renyi", "jensen-shannon", "bhattacharyya", "chernoff", "none"] = "renyi"
    order: Annotated[float, Field(gt=0.0)] = 2.0
    shift: Annotated[float, Field(ge=0.0, allow_inf_nan=False)] = 0.2
    renormalised_shift: bool = False
    symmetric: bool = False
    cross_entropy_weight: Annotated[float, Field(ge=0.0, le=1.0)] = 0.4

    @model_validator(mode="after")
    def _inside_the_domain_of_the_divergence(self) -> Self:
        if self.shift and self.divergence != "renyi":
            raise ValueError(f"divergence '{self.divergence}' has no shift; set shift = 0")
        if self.renormalised_shift and not self.shift:
            raise ValueError("renormalised_shift has no shift to renormalise; set shift, or leave it out")
        if self.shift and self.order == 1 and not self.renormalised_shift:
            raise ValueError(
                "the Renyi divergence of order 1 has no shift; set shift = 0, another order, or "
                "renormalised_shift = true"
            )
        if self.divergence == "chernoff" and self.order >= 1:
            raise ValueError(f"the order of the Chernoff divergence is below 1, got {self.order}")
        if self.symmetric and self.divergence in ("jensen-shannon", "bhattacharyya", "none"):
            raise ValueError(f"divergence '{self.divergence}' has no direction; leave out symmetric")
        return self

    @field_serializer("order", when_used="json")
    def _order_as_json(self, order: float) -> float | str:
        return "inf" if math.isinf(order) else order


HeadSpec = Annotated[
    FCNSpec | LayerMixSpec | CNNSpec | ConcatSpec | GatedSumSpec | CrossAttentionSpec | RENOSpec,
    Field(discriminator="kind"),
]
"""What ``nver.heads.build`` makes and training trains."""


class LateFusionSpec(Spec):
    """The weighted mean of what finished results say of each clip; nothing is trained.

    Attributes:
        parents: Names of the experiments, in order.
        weights: One a parent, positive, of sum one.
    """

    kind: Literal["late-fusion"] = "late-fusion"
    n_views: ClassVar[int] = 1
    takes_more_views: ClassVar[bool] = True
    parents: tuple[str, ...] = ()
    weights: tuple[Annotated[float, Field(gt=0.0, le=1.0)], ...] = ()

    @model_validator(mode="after")
    def _a_weight_a_parent(self) -> Self:
        if len(self.weights) != len(self.parents):
            raise ValueError(f"{len(self.parents)} parents came with {len(self.weights)} weights")
        if self.weights and not math.isclose(sum(self.weights), 1.0, abs_tol=1e-9):
            raise ValueError(f"weights sum to one, got {self.weights}")
        return self


TrainedSpec = Annotated[HeadSpec | SklearnSpec, Field(discriminator="kind")]
"""What a fold can be trained with."""

SystemSpec = Annotated[HeadSpec | SklearnSpec | LateFusionSpec, Field(discriminator="kind")]
"""What a result may come from: a trained head, or a fusion of results."""


def name_of(head: SystemSpec) -> str:
    """What folders, tables and figures call a head: its kind, or the name of its classifier.

    >>> name_of(FCNSpec()), name_of(SklearnSpec.model_validate({"estimator": "svm"}))
    ('fcn', 'svm')
    """
    return head.name if isinstance(head, SklearnSpec) else head.kind


PRESETS: dict[str, dict[str, dict[str, object]]] = {
    "paper": {},
    "exact": {"reno": {"shift": 0.0}},
}
"""preset -> kind of head -> what it changes from the defaults above.

``paper`` is the study; ``exact`` drops the shift of the divergence: heads without one stay as they are.
"""
