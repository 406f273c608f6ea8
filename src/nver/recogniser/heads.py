"""A trained head on frozen encoders, as a function of waves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from nver.encoders import Encoder, load_encoder
from nver.errors import BundleError
from nver.heads.base import Head
from nver.heads.build import build
from nver.heads.scale import Scale
from nver.recogniser.card import EncoderPart, HeadSystem
from nver.recogniser.network import require_shapes
from nver.types import Matrix, Samples

_CLIPS_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class TrainedHead:
    """A head with the scales of its embeddings.

    Attributes:
        head: In evaluation mode.
        scales: One an encoder; empty when embeddings are taken as they are.
    """

    head: Head
    scales: tuple[Scale, ...]

    def logits(self, views: Sequence[Matrix]) -> Matrix:
        """(n_clips, n_classes) float32 of clips' embeddings, one (n_clips, dim) matrix an encoder."""
        if self.scales:
            views = [scale(view) for scale, view in zip(self.scales, views, strict=True)]
        inputs = [torch.from_numpy(np.require(view, requirements=["C", "W"])) for view in views]
        with torch.no_grad():
            batches = zip(*(torch.split(view, _CLIPS_AT_ONCE) for view in inputs), strict=True)
            logits: Matrix = torch.cat([self.head(batch).logits for batch in batches]).numpy()
        return logits

    def tensors(self) -> dict[str, Tensor]:
        """All weights and scales by name: what a bundle stores."""
        held = {f"head.{name}": weight.detach() for name, weight in self.head.state_dict().items()}
        for i, scale in enumerate(self.scales):
            held[f"scale.{i}.centre"] = torch.from_numpy(scale.centre)
            held[f"scale.{i}.spread"] = torch.from_numpy(scale.spread)
        return held

    @classmethod
    def of_tensors(cls, system: HeadSystem, tensors: Mapping[str, Tensor], *, n_classes: int) -> TrainedHead:
        """The inverse of ``tensors``.

        Raises:
            BundleError: A tensor is missing, left over or of another shape.
            ConfigError: The head takes another number of embeddings.
        """
        dims = [part.dim for part in system.encoders]
        with torch.device("meta"):  # no random weights: nothing is drawn, and nothing is filled twice
            head = build(system.head, dims, n_classes)
        shapes = {f"head.{name}": tuple(weight.shape) for name, weight in head.state_dict().items()}
        if system.standardized:
            sides = ("centre", "spread")
            shapes |= {f"scale.{i}.{side}": (dim,) for i, dim in enumerate(dims) for side in sides}
        require_shapes(tensors, shapes)
        weights = {name: tensors[f"head.{name}"].float() for name in head.state_dict()}
        head.load_state_dict(weights, assign=True)
        scales = tuple(
            Scale(tensors[f"scale.{i}.centre"].float().numpy(), tensors[f"scale.{i}.spread"].float().numpy())
            for i in range(len(dims) if system.standardized else 0)
        )
        return cls(head.eval(), scales)


@dataclass(frozen=True, eq=False)
class HeadOnEncoders:
    """The whole way from waves to logits."""

    encoders: tuple[Encoder, ...]
    trained: TrainedHead

    def __call__(self, waves: Sequence[Samples]) -> Matrix:
        """(n_waves, n_classes) float32."""
        return self.trained.logits([encoder.embed(waves) for encoder in self.encoders])


def load_system(system: HeadSystem, tensors: Mapping[str, Tensor], *, n_classes: int) -> HeadOnEncoders:
    """The head on its encoders.

    Raises:
        BundleError: Tensors do not fit, or an encoder here does not give the embeddings that were trained on.
        WeightsError: An encoder's weights are not on this machine.
    """
    trained = TrainedHead.of_tensors(system, tensors, n_classes=n_classes)
    return HeadOnEncoders(tuple(_load(part) for part in system.encoders), trained)


def _load(part: EncoderPart) -> Encoder:
    encoder = load_encoder(part.name, **part.options)
    if encoder.fingerprint != part.fingerprint:
        raise BundleError(
            f"the head was trained on '{part.name}' with fingerprint {part.fingerprint[:12]}, and here it "
            f"has {encoder.fingerprint[:12]}: other weights, settings or version; get those, or train again"
        )
    return encoder
