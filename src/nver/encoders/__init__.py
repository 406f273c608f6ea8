"""Frozen encoders by name: ``load_encoder("logmel-stats").embed(waves)``."""

from __future__ import annotations

from nver.encoders.base import Encoder, EncoderCard, Precision
from nver.names import Names

__all__ = ["ENCODERS", "Encoder", "EncoderCard", "Precision", "load_encoder"]

ENCODERS = Names(
    "encoder",
    {
        "logmel-stats": "nver.encoders.spectral:logmel_stats",
        "mfcc-stats": "nver.encoders.spectral:mfcc_stats",
    },
)
"""Every encoder, and the function that makes it from the options of ``load_encoder``."""


def load_encoder(name: str, **options: object) -> Encoder:
    """An encoder, ready to embed.

    Args:
        name: One of ``ENCODERS``.
        options: What this encoder can be told (weights, device, precision, layer, pooling...).

    Raises:
        ConfigError: No encoder has this name, or it does not take one of the options.
        WeightsError: Its weights are missing or damaged.

    >>> load_encoder("logmel-stats").dim
    640
    """
    make = ENCODERS.load(name)
    encoder: Encoder = make(**options)
    return encoder
