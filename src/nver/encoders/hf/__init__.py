"""Encoders out of transformers: the only room that imports it, and only when such an encoder is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nver.encoders.base import Precision
from nver.encoders.cards import HubCard
from nver.encoders.layers import LayerChoice, Pooling
from nver.errors import ConfigError

if TYPE_CHECKING:
    from nver.encoders.hf.encoder import HubEncoder

__all__ = ["load"]


def load(
    card: HubCard,
    *,
    weights: str | Path | None = None,
    device: str = "cpu",
    precision: Precision = "float32",
    layer: LayerChoice = "last",
    pooling: Pooling = "mean",
    batch_s: float = 16.0,
    random_weights: int | None = None,
) -> HubEncoder:
    """A checkpoint in transformers' format, ready to embed.

    Args:
        card: Which one.
        weights: The folder that holds ``config.json`` and the weights; None looks in ``NVER_HOME/weights``
            and then in the hub's own cache. Nothing is downloaded: ``nver encoders fetch`` does that.
        device: As torch names it: cpu, cuda, cuda:1.
        precision: What the network computes in; embeddings are float32 always.
        layer: ``last`` (what the network puts out, its final normalisation included), a number (0 is the
            input of the first block), ``all`` (layers 1 to n side by side), or a pair (first, last) whose
            mean is taken.
        pooling: ``mean``, ``mean+std``, ``max``, or ``frames`` for ``embed_frames`` alone.
        batch_s: Seconds of audio in one padded batch, at most; a longer clip goes alone.
        random_weights: A seed: the true architecture with random weights, for speed tests and dry runs.

    Raises:
        ConfigError: An option that cannot be meant.
        EncoderError: An architecture that nver does not know how to run.
        WeightsError: No weights are there, or they are damaged, or are of another architecture.
    """
    from nver.encoders.hf.checkpoint import open_checkpoint, randomly
    from nver.encoders.hf.encoder import HubEncoder

    if random_weights is not None and weights is not None:
        raise ConfigError(f"{card.name}: give weights or random_weights, not both")
    if random_weights is None:
        checkpoint = open_checkpoint(card, weights)
    else:
        checkpoint = randomly(card, seed=random_weights)
    return HubEncoder(
        checkpoint,
        device=device,
        precision=precision,
        layer=layer,
        pooling=pooling,
        batch_s=batch_s,
    )
