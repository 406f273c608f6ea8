"""The heads as pure data: every open point of the study is a field, with the study's reading as default.

`FCN` and `CNN` take one embedding, `Concat` and `RENO` two. ``nver.heads.build`` makes the module.

Source:
    Akhtar et al. (2025), "Are Mamba-based Audio Foundation Models the Best Fit for Non-Verbal Emotion
    Recognition?", section II; docs/reproduction.md lists what the paper leaves open.
"""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, field_serializer, model_validator

Share = Annotated[float, Field(ge=0.0, lt=1.0)]


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    n_views: ClassVar[int]

    dropout: Share = 0.3
    dense: tuple[PositiveInt, PositiveInt] = (512, 128)


class _ConvolutionSpec(_Spec):
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


class FCNSpec(_Spec):
    """Dense layers alone."""

    kind: Literal["fcn"] = "fcn"
    n_views: ClassVar[int] = 1


class CNNSpec(_ConvolutionSpec):
    """Convolutions over the embedding read as a one-channel sequence, then the FCN.

    ``tokens`` is the number of positions that the convolution output is pooled to before it is flattened;
    "all" keeps every position (the literal reading, 31 M weights for a 3840-d embedding).
    """

    kind: Literal["cnn"] = "cnn"
    n_views: ClassVar[int] = 1
    tokens: PositiveInt | Literal["all"] = 28


class ConcatSpec(_ConvolutionSpec):
    """Two convolution branches, concatenated, then the FCN: RENO without attention and divergence."""

    kind: Literal["concat"] = "concat"
    n_views: ClassVar[int] = 2
    tokens: PositiveInt = 20


class RENOSpec(_ConvolutionSpec):
    """Two convolution branches with self-attention, pulled together by a divergence, fused by attention.

    Attributes:
        n_heads: Heads of each of the three self-attention blocks.
        residual_norm: x + attention(x), then one layer norm; off leaves attention alone.
        divergence: Which divergence pulls the branches together.
        order: beta of the Renyi (up to infinity) or Chernoff (below 1) divergence; others have none.
        shift: delta, added to every probability of the Renyi divergence; 0 is the exact one, in log space.
            Others have none, so they ask for ``shift=0``.
        cross_entropy_weight: lambda of ``lambda * CE + (1 - lambda) * divergence``.
    """

    kind: Literal["reno"] = "reno"
    n_views: ClassVar[int] = 2
    tokens: PositiveInt = 20
    n_heads: PositiveInt = 2
    residual_norm: bool = True
    divergence: Literal["renyi", "jensen-shannon", "bhattacharyya", "chernoff"] = "renyi"
    order: Annotated[float, Field(gt=0.0)] = 2.0
    shift: Annotated[float, Field(ge=0.0, allow_inf_nan=False)] = 0.2
    cross_entropy_weight: Annotated[float, Field(ge=0.0, le=1.0)] = 0.4

    @model_validator(mode="after")
    def _inside_the_domain_of_the_divergence(self) -> Self:
        if self.filters[1] % self.n_heads:
            raise ValueError(f"{self.n_heads} attention heads cannot share {self.filters[1]} filters evenly")
        if self.shift and self.divergence != "renyi":
            raise ValueError(f"divergence '{self.divergence}' has no shift; set shift = 0")
        if self.shift and self.order == 1:
            raise ValueError("the Renyi divergence of order 1 has no shift; set shift = 0 or another order")
        if self.divergence == "chernoff" and self.order >= 1:
            raise ValueError(f"the order of the Chernoff divergence is below 1, got {self.order}")
        return self

    @field_serializer("order", when_used="json")
    def _order_as_json(self, order: float) -> float | str:
        return "inf" if math.isinf(order) else order


HeadSpec = Annotated[FCNSpec | CNNSpec | ConcatSpec | RENOSpec, Field(discriminator="kind")]

PRESETS: dict[str, dict[str, dict[str, object]]] = {
    "paper": {},
    "exact": {"reno": {"shift": 0.0}},
}
"""preset -> kind of head -> what it changes from the defaults above.

``paper`` is the study; ``exact`` drops the shift of the divergence: heads without one stay as they are.
"""
