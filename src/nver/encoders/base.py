"""What an encoder is: a card that says where it comes from, and ``embed``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, runtime_checkable

import numpy as np

from nver.config import FrozenModel
from nver.errors import EncoderError
from nver.types import RATE_HZ, Matrix, Samples


class EncoderCard(FrozenModel):
    """Where an encoder comes from, what it gives, and under which terms.

    Attributes:
        name: What users ask for.
        title: What tables print.
        family: Which class runs it: spectral, ssam, wav2vec2, ...
        dim: Length of one layer's time-averaged embedding.
        n_layers: Hidden states that can be asked for, the input of the first block not counted.
        parameters: Weights of the encoder itself, without pre-training heads.
        source: Hub repository or page of the weights; None when there are none.
        revision: The pinned commit of a hub repository.
        sha256: Digest of the weights file, where its publisher's bytes are known.
        seen: What it was trained on, where it is one of nver's corpora: corpus -> speakers (none: all).
    """

    name: str
    title: str
    family: str
    dim: int
    licence: str
    citation: str
    rate_hz: int = RATE_HZ
    n_layers: int = 1
    parameters: int = 0
    source: str | None = None
    revision: str | None = None
    sha256: str | None = None
    seen: Mapping[str, tuple[str, ...]] = {}
    notes: str = ""


RANDOM = "random-"
"""What the fingerprint of random weights begins with, so that it is never taken for that of real ones."""


def is_random(fingerprint: str) -> bool:
    """Whether an encoder's fingerprint (or the identity of its weights) is that of random weights.

    >>> is_random(RANDOM + "9f86d0")
    True
    """
    return fingerprint.startswith(RANDOM)


def require_wave(wave: Samples, number: int, *, encoder: str) -> None:
    """A wave that can be embedded.

    Raises:
        EncoderError: It is not (n_samples,) with one sample or more, or is not finite.
    """
    if wave.ndim != 1 or not wave.size:
        raise EncoderError(
            f"{encoder}: wave {number} has shape {wave.shape}; expected one sample or more, mono"
        )
    if not np.isfinite(wave).all():
        raise EncoderError(f"{encoder}: wave {number} holds NaN or infinity; expected finite samples")


Precision = Literal["float32", "bfloat16"]


@runtime_checkable
class Encoder(Protocol):
    """Waves in, one row each out; **a row depends on its own wave and on nothing else**."""

    @property
    def card(self) -> EncoderCard:
        """Where it comes from."""
        ...

    @property
    def dim(self) -> int:
        """Length of a row, layers and pooling included."""
        ...

    @property
    def fingerprint(self) -> str:
        """Digest of all that decides a row: weights, layer, pooling, precision, front end, version."""
        ...

    @property
    def provenance(self) -> dict[str, str]:
        """What a result should say of it, as plain data: precision, device, kernel, random weights' seed."""
        ...

    def embed(self, waves: Sequence[Samples]) -> Matrix:
        """(n_waves, dim) float32, finite. Waves are mono at ``card.rate_hz`` and hold one sample or more.

        Raises:
            EncoderError: A wave is empty, or not finite.
        """
        ...
