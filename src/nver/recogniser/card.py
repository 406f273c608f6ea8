"""What a bundle says of itself, as pure data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from nver.config import FrozenModel
from nver.experiment import FolderName
from nver.heads.specs import HeadSpec
from nver.recogniser.views import View


class EncoderPart(FrozenModel):
    """A frozen encoder that a head was trained on; ``fingerprint`` says exactly which."""

    name: str
    options: dict[str, Any] = Field(default_factory=dict)
    dim: PositiveInt
    fingerprint: str


class HeadSystem(FrozenModel):
    """A trained head on frozen encoders, with the scales of embeddings if they were standardised."""

    kind: Literal["heads"] = "heads"
    head: HeadSpec
    encoders: Annotated[tuple[EncoderPart, ...], Field(min_length=1)]
    standardized: bool

    @property
    def title(self) -> str:
        """In a few words."""
        head = "Concat" if self.head.kind == "concat" else self.head.kind.upper()
        return f"{head} on {' and '.join(part.name for part in self.encoders)}"


class NetworkSystem(FrozenModel):
    """An end-to-end network of a family of ``nver.recogniser.network.FAMILIES``, with its configuration."""

    kind: Literal["network"] = "network"
    family: str
    config: dict[str, Any] = Field(default_factory=dict)

    @property
    def title(self) -> str:
        """In a few words."""
        return f"Network of the family {self.family}"


class Seen(FrozenModel):
    """Clips that decided the weights.

    Attributes:
        corpus: Name of its card.
        options: Which selection of it.
        n_train: Clips that weights were fitted to.
        n_held_back: Clips that picked the epoch and the temperature.
        speakers: Everybody who is heard in either, sorted; empty where nobody is known.
    """

    corpus: str
    options: dict[str, Any] = Field(default_factory=dict)
    n_train: PositiveInt
    n_held_back: NonNegativeInt
    speakers: tuple[str, ...] = ()


class BundleCard(FrozenModel):
    """Everything about a recogniser but its weights.

    Attributes:
        name: What reports and tables call it.
        labels: Classes in the order of the logits.
        system: What computes the logits.
        temperature: What logits are divided by; fitted to clips that no weight was fitted to.
        views: Coarser views of the output.
        seen: What it was trained on: whoever is heard there cannot be tested on.
        licence: Of the weights.
        not_sure_below: The confidence under which an answer counts as "not sure", unless the user sets
            another; None where nobody has chosen one.
        software: Versions that it was made with.
        notes: What a user should know, a sentence each.
    """

    name: FolderName
    labels: Annotated[tuple[str, ...], Field(min_length=2)]
    system: Annotated[HeadSystem | NetworkSystem, Field(discriminator="kind")]
    temperature: PositiveFloat
    views: Mapping[str, View] = Field(default_factory=dict)
    seen: Annotated[tuple[Seen, ...], Field(min_length=1)]
    licence: str
    not_sure_below: Annotated[float, Field(gt=0.0, lt=1.0)] | None = None
    software: Mapping[str, str] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _labels_differ_and_are_those_of_the_views(self) -> Self:
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("a label is listed twice")
        for name, view in self.views.items():
            if unknown := sorted(set(view.members) - set(self.labels)):
                raise ValueError(f"view '{name}' maps '{unknown[0]}', which is no label")
        return self


class TensorCard(FrozenModel):
    """Type (as torch names it) and shape of one tensor."""

    dtype: str
    shape: tuple[NonNegativeInt, ...]


class WeightsCard(FrozenModel):
    """What ``model.safetensors`` must be."""

    sha256: str
    n_bytes: PositiveInt
    tensors: Mapping[str, TensorCard]

    @property
    def n_parameters(self) -> int:
        """Numbers in all tensors."""
        total = 0
        for tensor in self.tensors.values():
            n = 1
            for length in tensor.shape:
                n *= length
            total += n
        return total


class BundleFile(FrozenModel):
    """The content of ``bundle.json``."""

    format: Literal[1]
    card: BundleCard
    weights: WeightsCard
